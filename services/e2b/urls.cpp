#include "services/e2b/urls.h"

#include <algorithm>
#include <array>

namespace sandglass::e2b {
namespace {

constexpr std::array<std::string_view, 4> sharedHostDomains{"e2b.app", "e2b.dev", "e2b.pro", "e2b-staging.dev"};

std::string withoutSlash(std::string url)
{
    while (!url.empty() && url.back() == '/')
        url.pop_back();
    return url;
}

const std::string &domainOf(const Connection &connection, const SandboxInfo &sandbox)
{
    return sandbox.domain.empty() ? connection.domain : sandbox.domain;
}

net::HeaderList routing(const SandboxInfo &sandbox, int port)
{
    return {{"E2b-Sandbox-Id", sandbox.sandboxId}, {"E2b-Sandbox-Port", std::to_string(port)}};
}

std::string ownHost(const Connection &connection, const SandboxInfo &sandbox, int port)
{
    return "https://" + std::to_string(port) + "-" + sandbox.sandboxId + "." + domainOf(connection, sandbox);
}

} // namespace

std::string apiBase(const Connection &connection)
{
    return connection.apiUrl.empty() ? "https://api." + connection.domain : withoutSlash(connection.apiUrl);
}

Endpoint envdEndpoint(const Connection &connection, const SandboxInfo &sandbox)
{
    const net::HeaderList headers = routing(sandbox, envdPort);
    if (!connection.sandboxUrl.empty())
        return {withoutSlash(connection.sandboxUrl), headers};
    const std::string &domain = domainOf(connection, sandbox);
    if (std::ranges::find(sharedHostDomains, domain) != sharedHostDomains.end())
        return {"https://sandbox." + domain, headers};
    return {ownHost(connection, sandbox, envdPort), headers};
}

Endpoint portEndpoint(const Connection &connection, const SandboxInfo &sandbox, int port)
{
    Endpoint result{connection.sandboxUrl.empty() ? ownHost(connection, sandbox, port)
                                                  : withoutSlash(connection.sandboxUrl),
                    routing(sandbox, port)};
    if (!sandbox.trafficAccessToken.empty())
        result.headers.emplace_back("E2B-Traffic-Access-Token", sandbox.trafficAccessToken);
    return result;
}

std::string percentEncoded(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool isPlain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
            || c == '_' || c == '.' || c == '~';
        if (isPlain)
            result += c;
        else
            (result += '%') += {digits[byte >> 4U], digits[byte & 0xFU]};
    }
    return result;
}

} // namespace sandglass::e2b
