#include "services/engine/api/router.h"

#include <algorithm>
#include <optional>

namespace sandglass::engine {

namespace {

/// Number of literal segments that agree, and the parameters; nothing when the pattern does not fit.
std::optional<std::pair<int, PathParameters>> match(const std::vector<std::string> &pattern,
                                                    const std::vector<std::string> &path)
{
    if (pattern.size() != path.size())
        return std::nullopt;
    std::pair<int, PathParameters> found{0, {}};
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == "{}")
            found.second.push_back(path[i]);
        else if (pattern[i] == path[i])
            ++found.first;
        else
            return std::nullopt;
    }
    return found;
}

} // namespace

std::vector<std::string> splitPath(std::string_view path)
{
    std::vector<std::string> segments;
    while (!path.empty()) {
        const auto slash = path.find('/');
        const auto segment = path.substr(0, slash);
        if (!segment.empty())
            segments.emplace_back(segment);
        if (slash == std::string_view::npos)
            break;
        path.remove_prefix(slash + 1);
    }
    return segments;
}

void Router::add(std::string_view method, std::string_view pattern, RouteHandler handler)
{
    m_routes.push_back({std::string(method), splitPath(pattern), std::move(handler)});
}

void Router::dispatch(const http::Request &request, const std::shared_ptr<http::Exchange> &exchange) const
{
    const auto path = splitPath(request.path);
    const Route *best = nullptr;
    int bestLiterals = -1;
    PathParameters parameters;
    std::string allowed;
    for (const Route &route : m_routes) {
        auto found = match(route.segments, path);
        if (!found)
            continue;
        if (route.method != request.method) {
            allowed += (allowed.empty() ? "" : ", ") + route.method;
            continue;
        }
        if (found->first > bestLiterals) {
            best = &route;
            bestLiterals = found->first;
            parameters = std::move(found->second);
        }
    }
    if (best != nullptr) {
        best->handler(request, parameters, exchange);
        return;
    }
    auto response = allowed.empty() ? http::Response::error(404, "no such route: " + request.path)
                                    : http::Response::error(405, "method not allowed");
    if (!allowed.empty())
        response.headers.emplace_back("Allow", allowed);
    exchange->respond(std::move(response));
}

std::string queryValue(const http::Headers &query, std::string_view name, std::string fallback)
{
    const auto it = std::find_if(query.begin(), query.end(), [&](const auto &pair) { return pair.first == name; });
    return it != query.end() ? it->second : std::move(fallback);
}

bool hasQuery(const http::Headers &query, std::string_view name)
{
    return std::any_of(query.begin(), query.end(), [&](const auto &pair) { return pair.first == name; });
}

} // namespace sandglass::engine
