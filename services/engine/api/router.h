#pragma once

#include "services/http/server.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// What stood in the place of each `{}` of a route's pattern, in order.
using PathParameters = std::vector<std::string>;
using RouteHandler =
    std::function<void(const http::Request &, const PathParameters &, std::shared_ptr<http::Exchange>)>;

/// Method and path pattern ("/sandboxes/{}/timeout") to handler. A literal segment wins over `{}`.
class Router final
{
public:
    void add(std::string_view method, std::string_view pattern, RouteHandler handler);
    /// Calls the handler, or answers 404 for an unknown path and 405 (with Allow) for another method.
    void dispatch(const http::Request &request, const std::shared_ptr<http::Exchange> &exchange) const;

private:
    struct Route
    {
        std::string method;
        std::vector<std::string> segments;
        RouteHandler handler;
    };
    std::vector<Route> m_routes;
};

/// "/a//b/" -> {"a", "b"}
[[nodiscard]] std::vector<std::string> splitPath(std::string_view path);

/// First value of that name in a parsed query, or `fallback`.
[[nodiscard]] std::string queryValue(const http::Headers &query, std::string_view name, std::string fallback = {});
[[nodiscard]] bool hasQuery(const http::Headers &query, std::string_view name);

} // namespace sandglass::engine
