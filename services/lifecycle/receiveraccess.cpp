#include "services/lifecycle/receiveraccess.h"

#include "services/core/secret.h"
#include "services/http/server.h"

#include <algorithm>
#include <array>

namespace sandglass::lifecycle {

namespace {

/// A name only this machine has: a page of another host, or a tunnel, brings its own.
bool isLocalName(std::string_view host)
{
    if (const std::size_t port = host.rfind(':'); port != host.npos && host.find(']', port) == host.npos)
        host = host.substr(0, port);
    return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

bool isForwarded(const http::RequestHead &head)
{
    constexpr std::array names = {"forwarded", "x-forwarded-for",  "x-forwarded-host",
                                  "x-real-ip", "cf-connecting-ip", "via"};
    return std::ranges::any_of(names, [&](const char *name) { return head.countHeader(name) > 0; });
}

bool hasToken(const http::RequestHead &head, std::string_view token)
{
    constexpr std::string_view scheme = "bearer ";
    std::string_view given = head.header("authorization");
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    if (head.countHeader("authorization") != 1 || given.size() < scheme.size()
        || !std::ranges::equal(given.substr(0, scheme.size()), scheme, {}, lower))
        return false;
    given.remove_prefix(scheme.size());
    return equalConstantTime(given, token);
}

} // namespace

bool mayRead(const http::RequestHead &head, std::string_view bearerToken)
{
    return bearerToken.empty() ? isLocalName(head.header("host")) && !isForwarded(head) : hasToken(head, bearerToken);
}

Result<> mayListen(const std::string &address, bool isTlsOrAllowed, std::string_view token)
{
    if (http::isLoopback(address))
        return {};
    const std::string where = "listening on " + address + " needs ";
    if (!isTlsOrAllowed)
        return failure(Error::Kind::Local, where + "a certificate and its key, or the explicit leave to go without TLS",
                       0, "needs_tls");
    if (token.size() < shortestToken)
        return failure(Error::Kind::Local, where + "a bearer token of 16 or more characters", 0, "needs_token");
    return {};
}

} // namespace sandglass::lifecycle
