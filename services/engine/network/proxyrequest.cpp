#include "services/engine/network/proxyrequest.h"

#include <algorithm>
#include <charconv>

namespace sandglass::engine {

namespace {

bool isForTheProxy(std::string_view header)
{
    const std::string_view name = header.substr(0, header.find(':'));
    const auto is = [name](std::string_view other) {
        return std::ranges::equal(name, other, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
    };
    return is("connection") || is("keep-alive") || is("proxy-connection") || is("proxy-authorization") || is("upgrade");
}

} // namespace

bool splitAuthority(std::string_view text, std::uint16_t fallback, HostAndPort &target)
{
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == text.npos)
            return false;
        target.host = text.substr(1, end - 1);
        port = text.substr(end + 1);
    } else {
        const auto colon = text.rfind(':');
        target.host = text.substr(0, colon);
        port = colon == text.npos ? std::string_view() : text.substr(colon);
    }
    target.port = fallback;
    if (!port.empty()) {
        if (port.front() != ':')
            return false;
        port.remove_prefix(1);
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), target.port);
        if (error != std::errc() || end != port.data() + port.size())
            return false;
    }
    return target.port != 0 && !target.host.empty() && target.host.size() <= 253;
}

std::optional<ProxyRequest> readProxyRequest(std::string_view head)
{
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const auto first = line.find(' '), last = line.rfind(' ');
    if (first == line.npos || last <= first)
        return std::nullopt;
    const std::string_view method = line.substr(0, first), version = line.substr(last + 1);
    std::string_view where = line.substr(first + 1, last - first - 1);
    ProxyRequest target;
    target.isTunnel = method == "CONNECT";
    if (target.isTunnel)
        return splitAuthority(where, 0, target) ? std::optional(target) : std::nullopt;
    constexpr std::string_view scheme = "http://";
    if (!where.starts_with(scheme))
        return std::nullopt;
    where.remove_prefix(scheme.size());
    const auto path = std::min(where.find_first_of("/?"), where.size());
    std::string_view authority = where.substr(0, path);
    authority = authority.substr(authority.find('@') + 1); // npos + 1 = 0: without credentials
    if (!splitAuthority(authority, 80, target))
        return std::nullopt;
    const std::string_view rest = where.substr(path);
    target.head.append(method).append(rest.starts_with('/') ? " " : " /").append(rest).append(" ").append(version);
    target.head += "\r\nConnection: close\r\n";
    head.remove_prefix(line.size() + 2);
    while (!head.empty() && !head.starts_with("\r\n")) {
        const std::string_view header = head.substr(0, head.find("\r\n"));
        if (!isForTheProxy(header))
            target.head.append(header).append("\r\n");
        head.remove_prefix(std::min(header.size() + 2, head.size()));
    }
    target.head += "\r\n";
    return target;
}

} // namespace sandglass::engine
