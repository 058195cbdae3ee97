#include "services/engine/api/sandboxroute.h"

#include "services/core/json.h"

#include <algorithm>
#include <charconv>

namespace sandglass::engine {

namespace {

RouteFailure plain(std::string message, bool isBare = false)
{
    return {http::Response::text(400, std::move(message)), isBare};
}

bool isAddress(std::string_view host)
{
    const bool digits =
        std::all_of(host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
    return digits || host.starts_with('[') || host == "localhost";
}

std::variant<SandboxRoute, RouteFailure> checked(std::string_view id, std::string_view port)
{
    id = id.substr(0, id.find('-'));
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    if (id.empty() || !std::all_of(id.begin(), id.end(), allowed))
        return plain("Invalid sandbox ID");
    SandboxRoute route{std::string(id), 0};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), route.port);
    if (error != std::errc() || end != port.data() + port.size() || route.port == 0)
        return plain("Invalid sandbox port");
    return route;
}

} // namespace

std::variant<SandboxRoute, RouteFailure> routeRequest(const http::RequestHead &head)
{
    std::string_view host = head.header("host");
    if (!host.starts_with('['))
        host = host.substr(0, host.find(':'));
    const std::string_view id = head.header("e2b-sandbox-id"), port = head.header("e2b-sandbox-port");
    const bool direct = isAddress(host) || host.starts_with("sandbox.");
    if (direct && (!id.empty() || !port.empty())) {
        if (id.empty() || port.empty())
            return plain("missing header");
        return checked(id, port);
    }
    if (direct)
        return plain("Invalid host", true);
    if (host.find('.') == std::string_view::npos)
        return plain("Invalid host");
    const std::string_view label = host.substr(0, host.find('.'));
    const auto dash = label.find('-');
    if (dash == std::string_view::npos)
        return plain("Invalid host");
    return checked(label.substr(dash + 1), label.substr(0, dash));
}

http::Response proxyError(int status, const std::string &sandboxId, const std::string &message,
                          std::optional<std::uint16_t> port)
{
    Json json{{"sandboxId", sandboxId}, {"message", message}, {"code", status}};
    if (port)
        json["port"] = *port;
    return http::Response::json(status, dumpJson(json));
}

} // namespace sandglass::engine
