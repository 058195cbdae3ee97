#pragma once

#include "services/core/json.h"
#include "services/http/server.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// Where an item stands in a list with the newest first.
struct PagePosition
{
    Timestamp createdAt;
    std::string id;

    [[nodiscard]] bool comesBefore(const PagePosition &other) const
    {
        return createdAt != other.createdAt ? createdAt > other.createdAt : id < other.id;
    }
};

/// The limit and nextToken of a list (e2b-protocol 2.1).
struct PageQuery
{
    std::size_t limit = 100;
    std::optional<PagePosition> after;
};
/// Error 400.
[[nodiscard]] Result<PageQuery> readPageQuery(std::string_view query);
[[nodiscard]] std::string pageToken(const PagePosition &last);

/// Sorts `items` and leaves the asked page of them; the token of the next one, empty on the last page.
template<typename Item>
[[nodiscard]] std::string cutPage(std::vector<Item> &items, const PageQuery &page, PagePosition Item::*position)
{
    std::erase_if(items, [&](const Item &each) { return page.after && !page.after->comesBefore(each.*position); });
    std::sort(items.begin(), items.end(),
              [&](const Item &a, const Item &b) { return (a.*position).comesBefore(b.*position); });
    if (items.size() <= page.limit)
        return {};
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(page.limit), items.end());
    return pageToken(items.back().*position);
}

/// 200 with the header X-Next-Token unless `nextToken` is empty.
[[nodiscard]] http::Response pageResponse(const Json &body, const std::string &nextToken);

} // namespace sandglass::engine
