#include "services/e2b/answer.h"

#include "services/core/secret.h"

#include <algorithm>
#include <cctype>

namespace sandglass::e2b {
namespace {

constexpr std::size_t messageLimit = 600;

std::string codeOf(int status)
{
    switch (status) {
    case 400:
        return "invalid_argument";
    case 401:
        return "unauthenticated";
    case 403:
        return "permission_denied";
    case 404:
        return "not_found";
    case 405:
        return "method_not_allowed";
    case 409:
        return "conflict";
    case 429:
        return "resource_exhausted";
    case 501:
        return "unimplemented";
    case 502:
    case 503:
        return "unavailable";
    case 504:
        return "deadline_exceeded";
    case 507:
        return "disk_full";
    default:
        return status >= 500 ? "internal" : "unknown";
    }
}

/// Text for people out of a body that is no JSON of ours: one line, short, never a page of HTML.
std::string plainText(std::string_view body)
{
    std::string line;
    for (const char c : body.substr(0, messageLimit)) {
        const bool isSpace = std::isspace(static_cast<unsigned char>(c)) != 0;
        if (!isSpace)
            line += c;
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    while (!line.empty() && line.back() == ' ')
        line.pop_back();
    return line.starts_with('<') ? std::string{} : redacted(line);
}

} // namespace

Error errorOf(int status, std::string_view body)
{
    Error error{Error::Kind::Http, status, {}, codeOf(status)};
    const Json value = Json::parse(body, nullptr, false);
    const std::string message = stringOr(value, "message");
    if (!message.empty()) {
        error.kind = Error::Kind::Service;
        error.message = redacted(message.substr(0, messageLimit));
        for (const char *key : {"code", "error_code"}) {
            if (const std::string code = stringOr(value, key); !code.empty())
                error.code = code;
        }
        return error;
    }
    const std::string text = plainText(body);
    error.message = "HTTP " + std::to_string(status) + (text.empty() ? std::string{} : ": " + text);
    return error;
}

Error sandboxErrorOf(int status, std::string_view body)
{
    Error error = errorOf(status, body);
    const std::string text = plainText(body);
    if (error.kind == Error::Kind::Http && !text.empty() && !text.starts_with('{')) {
        error.kind = Error::Kind::Service;
        error.message = text;
    }
    if (status == 502) {
        const bool isPort = error.message.find("port") != std::string::npos;
        error.code = isPort ? "port_closed" : "sandbox_not_found";
    }
    return error;
}

Result<> successOf(const Result<net::HttpResponse> &response)
{
    if (!response)
        return failure(response.error());
    if (!response->isSuccess())
        return failure(errorOf(response->status, response->body));
    return {};
}

Result<Json> jsonOf(const Result<net::HttpResponse> &response)
{
    if (const auto success = successOf(response); !success)
        return failure(success.error());
    auto value = parseJson(response->body);
    if (!value)
        return failure(Error::Kind::Decode, response->body.empty() ? "the answer is empty" : "the answer is not JSON",
                       response->status);
    return value;
}

} // namespace sandglass::e2b
