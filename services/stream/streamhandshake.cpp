#include "services/stream/streamhandshake.h"

#include "services/http/message.h"
#include "services/lifecycle/receiveraccess.h"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace sandglass::stream {

namespace {

constexpr std::string_view lineEnd = "\r\n";

std::string_view trimmed(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(" \t");
    return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view takeLine(std::string_view &text)
{
    const std::size_t end = std::min(text.find(lineEnd), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + lineEnd.size(), text.size()));
    return line;
}

/// Empty for what is no request.
std::optional<http::RequestHead> parseHead(std::string_view text)
{
    const std::string_view first = takeLine(text);
    const std::size_t afterMethod = first.find(' ');
    const std::size_t beforeVersion = first.rfind(' ');
    if (afterMethod == first.npos || beforeVersion <= afterMethod + 1
        || !first.substr(beforeVersion + 1).starts_with("HTTP/1."))
        return {};
    http::RequestHead head;
    head.method = first.substr(0, afterMethod);
    head.target = first.substr(afterMethod + 1, beforeVersion - afterMethod - 1);
    const std::size_t mark = std::min(head.target.find('?'), head.target.size());
    head.path = http::percentDecode(std::string_view(head.target).substr(0, mark));
    head.query = head.target.substr(std::min(mark + 1, head.target.size()));
    while (!text.empty()) {
        const std::string_view line = takeLine(text);
        if (line.empty())
            return head;
        const std::size_t colon = line.find(':');
        if (colon == line.npos || colon == 0)
            return {};
        head.headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    }
    return {};
}

/// False when there are too many.
bool takeTypes(std::string_view list, std::vector<std::string> &types)
{
    constexpr std::size_t most = 32;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        if (const std::string_view name = trimmed(list.substr(0, end)); !name.empty())
            types.push_back(lifecycle::eventTypeFromAlias(name));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return types.size() <= most;
}

std::optional<StreamRequest> requestOf(std::string_view query)
{
    StreamRequest request;
    for (const auto &[name, value] : http::parseQuery(query)) {
        if (name == "full")
            request.isFull = value == "1" || value == "true";
        if (name == "template")
            request.filter.templateName = value;
        if (name == "types" && !takeTypes(value, request.filter.types))
            return {};
        if ((name != "after" && name != "after_id") || value.empty())
            continue;
        const char *end = value.data() + value.size();
        if (const auto [stop, error] = std::from_chars(value.data(), end, request.afterSeq);
            name == "after" && error == std::errc() && stop == end) {
            request.from = StreamRequest::From::Seq;
            if (request.afterSeq < 0)
                return {};
        } else {
            request.from = StreamRequest::From::EventId;
            request.afterId = value;
        }
    }
    return request;
}

http::Response refusal(int status, std::string_view message, http::Headers headers = {})
{
    http::Response response = http::Response::error(status, message);
    response.headers.insert(response.headers.end(), headers.begin(), headers.end());
    return response;
}

} // namespace

std::optional<std::size_t> endOfHead(std::string_view bytes)
{
    const std::size_t end = bytes.find("\r\n\r\n");
    return end == bytes.npos ? std::nullopt : std::optional(end + 4);
}

Handshake judgeHandshake(std::string_view text, std::string_view token)
{
    const auto head = parseHead(text);
    if (!head)
        return {{}, refusal(400, "not an HTTP request")};
    if (head->path != "/stream" && head->path != "/ws/sandbox-events")
        return {{}, refusal(404, "the live stream is at /stream")};
    if (head->method != "GET")
        return {{}, refusal(405, "the live stream is a WebSocket: GET only", {{"Allow", "GET"}})};
    if (head->countHeader("origin") > 0)
        return {{}, refusal(403, "pages in a browser may not read the live stream")};
    if (!lifecycle::mayRead(*head, token))
        return {{}, refusal(401, "a token is needed: Authorization: Bearer ...", {{"WWW-Authenticate", "Bearer"}})};
    if (!http::equalsIgnoringCase(head->header("upgrade"), "websocket"))
        return {{}, refusal(426, "the live stream is a WebSocket", {{"Upgrade", "websocket"}})};
    auto request = requestOf(head->query);
    if (!request)
        return {{}, refusal(400, "after takes an event id or a number from 0, types at most 32 names")};
    return {std::move(*request), {}};
}

std::string refusalText(const http::Response &response)
{
    http::HeadOptions options;
    const std::string date = http::httpDate(std::time(nullptr));
    options.serverName = "sandglass";
    options.date = date;
    options.keepAlive = false;
    options.bodySize = response.body.size();
    std::string text;
    http::appendHead(text, response.status, response.headers, options);
    return text + response.body;
}

} // namespace sandglass::stream
