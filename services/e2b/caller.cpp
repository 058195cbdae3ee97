#include "services/e2b/caller.h"

#include "services/core/secret.h"
#include "services/telemetry/span.h"

namespace sandglass::e2b {
namespace {

constexpr const char *userAgent = "sandglass/" SANDGLASS_VERSION;

} // namespace

net::HttpRequest apiRequest(const Connection &connection, std::string method, const std::string &path, std::string body)
{
    net::HttpRequest request;
    request.isIdempotent = method == "GET" || method == "DELETE" || method == "PUT";
    request.method = std::move(method);
    request.url = apiBase(connection) + path;
    request.headers = {{"User-Agent", userAgent}, {"Accept", "application/json"}};
    if (!connection.apiKey.empty())
        request.headers.emplace_back("X-API-KEY", connection.apiKey);
    if (!body.empty())
        request.headers.emplace_back("Content-Type", "application/json");
    telemetry::inject(request.headers);
    request.body = std::move(body);
    return request;
}

net::HttpRequest sandboxRequest(const Endpoint &endpoint, const SandboxInfo &sandbox, std::string method,
                                const std::string &path, std::string body)
{
    net::HttpRequest request;
    request.isIdempotent = method == "GET";
    request.tries = 2; // a sandbox that is gone answers 502 for ever
    request.method = std::move(method);
    request.url = endpoint.baseUrl + path;
    request.headers = endpoint.headers;
    request.headers.emplace_back("User-Agent", userAgent);
    if (!sandbox.envdAccessToken.empty())
        request.headers.emplace_back("X-Access-Token", sandbox.envdAccessToken);
    telemetry::inject(request.headers);
    request.body = std::move(body);
    return request;
}

Result<> checkApiKey(const Connection &connection)
{
    if (connection.apiKey.empty())
        return failure(Error::Kind::Local, "there is no API key for " + connection.name, 0, "api_key_missing");
    if (!isApiKeyShape(connection.apiKey))
        return failure(Error::Kind::Local, "the API key does not have the form e2b_ and hexadecimal digits", 0,
                       "api_key_shape");
    return {};
}

} // namespace sandglass::e2b
