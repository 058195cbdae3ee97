#include "services/http/message.h"

#include "services/core/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace sandglass::http {

namespace {

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::string_view reasonPhrase(int status)
{
    struct Phrase
    {
        int status;
        std::string_view text;
    };
    constexpr std::array phrases = {
        Phrase{200, "OK"},
        Phrase{201, "Created"},
        Phrase{202, "Accepted"},
        Phrase{204, "No Content"},
        Phrase{206, "Partial Content"},
        Phrase{301, "Moved Permanently"},
        Phrase{302, "Found"},
        Phrase{304, "Not Modified"},
        Phrase{400, "Bad Request"},
        Phrase{401, "Unauthorized"},
        Phrase{403, "Forbidden"},
        Phrase{404, "Not Found"},
        Phrase{405, "Method Not Allowed"},
        Phrase{408, "Request Timeout"},
        Phrase{409, "Conflict"},
        Phrase{410, "Gone"},
        Phrase{411, "Length Required"},
        Phrase{413, "Payload Too Large"},
        Phrase{415, "Unsupported Media Type"},
        Phrase{416, "Range Not Satisfiable"},
        Phrase{417, "Expectation Failed"},
        Phrase{422, "Unprocessable Entity"},
        Phrase{425, "Too Early"},
        Phrase{426, "Upgrade Required"},
        Phrase{429, "Too Many Requests"},
        Phrase{431, "Request Header Fields Too Large"},
        Phrase{500, "Internal Server Error"},
        Phrase{501, "Not Implemented"},
        Phrase{502, "Bad Gateway"},
        Phrase{503, "Service Unavailable"},
        Phrase{504, "Gateway Timeout"},
        Phrase{505, "HTTP Version Not Supported"},
        Phrase{507, "Insufficient Storage"},
    };
    const auto *it = std::ranges::find(phrases, status, &Phrase::status);
    return it != phrases.end() ? it->text : "Status";
}

bool isServersOwn(std::string_view name)
{
    return equalsIgnoringCase(name, "content-length") || equalsIgnoringCase(name, "transfer-encoding")
        || equalsIgnoringCase(name, "connection") || equalsIgnoringCase(name, "date");
}

void appendClean(std::string &out, std::string_view text)
{
    const std::size_t start = out.size();
    out += text;
    if (text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos)
        return;
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
        [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
}

} // namespace

bool equalsIgnoringCase(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view RequestHead::header(std::string_view name) const
{
    const auto it = std::ranges::find_if(headers, [&](const auto &h) { return equalsIgnoringCase(h.first, name); });
    return it != headers.end() ? std::string_view(it->second) : std::string_view();
}

int RequestHead::countHeader(std::string_view name) const
{
    return static_cast<int>(
        std::ranges::count_if(headers, [&](const auto &h) { return equalsIgnoringCase(h.first, name); }));
}

Response Response::json(int status, std::string body)
{
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

Response Response::text(int status, std::string body)
{
    return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

Response Response::error(int status, std::string_view message)
{
    const auto isPlain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (!std::ranges::all_of(message, isPlain))
        return json(status, dumpJson(Json{{"code", status}, {"message", message}}));
    // Nearly always; a flood of what has to be refused should not cost a JSON document each time.
    std::string body;
    body.reserve(message.size() + 40);
    body.append(R"({"code":)").append(fmt::format_int(status).c_str());
    body.append(R"(,"message":")").append(message).append("\"}");
    return json(status, std::move(body));
}

void appendHead(std::string &out, int status, const Headers &headers, const HeadOptions &options)
{
    // Appended piece by piece: formatting into a string by iterator costs more than all else an answer needs.
    out.reserve(out.size() + 256);
    out.append("HTTP/1.1 ").append(fmt::format_int(status).c_str()).append(" ").append(reasonPhrase(status));
    out.append("\r\nServer: ").append(options.serverName).append("\r\nDate: ").append(options.date).append("\r\n");
    for (const auto &[name, value] : headers) {
        if (isServersOwn(name))
            continue;
        appendClean(out, name);
        out += ": ";
        appendClean(out, value);
        out += "\r\n";
    }
    if (options.isChunked) {
        if (!options.isHttp10)
            out += "Transfer-Encoding: chunked\r\n";
    } else if (!isBodyless(status)) {
        out.append("Content-Length: ").append(fmt::format_int(options.bodySize).c_str()).append("\r\n");
    }
    if (!options.keepAlive)
        out += "Connection: close\r\n";
    else if (options.isHttp10)
        out += "Connection: keep-alive\r\n";
    out += "\r\n";
}

std::string httpDate(std::int64_t unixSeconds)
{
    constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t time = unixSeconds;
    std::tm utc{};
    ::gmtime_r(&time, &utc);
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(utc.tm_wday)],
                       utc.tm_mday, months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                       utc.tm_min, utc.tm_sec);
}

} // namespace sandglass::http
