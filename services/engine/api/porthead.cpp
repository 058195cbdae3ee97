#include "services/engine/api/porthead.h"

#include "services/http/message.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace sandglass::engine {

namespace {

using http::equalsIgnoringCase;

std::string_view trimmed(std::string_view text)
{
    const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(begin);
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// What the Connection headers name: those are for one connection only, too.
std::vector<std::string_view> namedByConnection(const http::RequestHead &request)
{
    std::vector<std::string_view> names;
    for (const auto &[name, value] : request.headers) {
        if (!equalsIgnoringCase(name, "connection"))
            continue;
        for (std::string_view rest = value; !rest.empty();) {
            const auto comma = std::min(rest.find(','), rest.size());
            names.push_back(trimmed(rest.substr(0, comma)));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return names;
}

bool contains(const std::vector<std::string_view> &names, std::string_view wanted)
{
    return std::any_of(names.begin(), names.end(), [&](auto each) { return equalsIgnoringCase(each, wanted); });
}

/// Of the client's connection, or ours for the routing. The framing of the body stays: its bytes pass as they are.
bool isPrivate(std::string_view name)
{
    constexpr std::array kNames{"connection",     "keep-alive",       "proxy-connection",        "upgrade",
                                "e2b-sandbox-id", "e2b-sandbox-port", "e2b-traffic-access-token"};
    return std::any_of(kNames.begin(), kNames.end(), [&](const char *each) { return equalsIgnoringCase(each, name); });
}

} // namespace

bool isUpgrade(const http::RequestHead &request)
{
    return !request.isHttp10 && !request.header("upgrade").empty() && contains(namedByConnection(request), "upgrade");
}

std::string requestHeadText(const http::RequestHead &request, const std::string &host)
{
    std::string text = request.method + " " + request.target + (request.isHttp10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
    const auto add = [&text](std::string_view name, std::string_view value) {
        text.append(name).append(": ").append(value).append("\r\n");
    };
    const auto named = namedByConnection(request);
    for (const auto &[name, value] : request.headers) {
        const bool isHost = equalsIgnoringCase(name, "host");
        const bool framesTheBody =
            equalsIgnoringCase(name, "transfer-encoding") || equalsIgnoringCase(name, "content-length");
        if (!isPrivate(name) && (framesTheBody || !contains(named, name)) && (host.empty() || !isHost))
            add(name, value);
    }
    if (!host.empty())
        add("Host", host);
    if (isUpgrade(request)) {
        add("Connection", "Upgrade");
        add("Upgrade", request.header("upgrade"));
    } else {
        add("Connection", "close");
    }
    return text + "\r\n";
}

std::optional<AnswerHead> answerHead(std::string_view text)
{
    AnswerHead head;
    const auto space = text.find(' ');
    if (!text.starts_with("HTTP/1.") || space != 8 || text.size() < 14
        || std::from_chars(text.data() + 9, text.data() + 12, head.status).ec != std::errc() || head.status < 100)
        return std::nullopt;
    if (head.status < 200) {
        head.text = text;
        return head;
    }
    while (text.size() > 2) {
        const std::string_view line = text.substr(0, text.find("\r\n"));
        text.remove_prefix(std::min(line.size() + 2, text.size()));
        const std::string_view name = line.substr(0, line.find(':'));
        if (!line.empty() && !isPrivate(name))
            head.text.append(line).append("\r\n");
    }
    head.text += "Connection: close\r\n\r\n";
    return head;
}

} // namespace sandglass::engine
