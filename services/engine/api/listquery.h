#pragma once

#include "services/engine/api/livesandbox.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::engine {

/// The query of GET /v2/sandboxes (and, with fewer names, of GET /sandboxes).
struct ListQuery
{
    std::map<std::string, std::string> metadata; ///< all pairs have to match
    bool running = true, paused = true;
    bool ascending = false;
    std::optional<Timestamp> startedAfter;
    std::string templateReference;
    std::size_t limit = 100;
    struct Position
    {
        Timestamp startedAt;
        std::string id;
    };
    std::optional<Position> after; ///< from nextToken
};
[[nodiscard]] Result<ListQuery> parseListQuery(std::string_view query);

/// The metadata parameter after the query itself was decoded: two layers are left (e2b-protocol 2.4).
[[nodiscard]] std::map<std::string, std::string> parseMetadataFilter(std::string_view parameter);

struct ListPage
{
    std::vector<std::shared_ptr<LiveSandbox>> sandboxes;
    std::string nextToken; ///< empty on the last page
    int totalRunning = 0;
};
/// `templateId`: what the reference of the query stands for.
[[nodiscard]] ListPage selectSandboxes(std::vector<std::shared_ptr<LiveSandbox>> all, const ListQuery &query,
                                       const std::string &templateId);

} // namespace sandglass::engine
