#include "models/costs/costranking.h"

#include "services/core/qtstring.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace sandglass::models {

namespace {

using Group = CostSums::Group;

std::vector<Group> groupsOf(CostSums &sums)
{
    if (sums.cold) {
        for (const Group &group : sums.cold->groups)
            (group.name ? sums.groups[*group.name] : sums.without).add(group);
    }
    std::vector<Group> groups;
    groups.reserve(sums.groups.size() + 1);
    for (auto &[name, group] : sums.groups) {
        groups.push_back(std::move(group));
        groups.back().name = name;
    }
    if (sums.without.sandboxes > 0)
        groups.push_back(sums.without);
    return groups;
}

/// Leaves the dearest in `groups`, in their order, and returns the sum of the others.
CostRow cutTo(std::vector<Group> &groups, std::size_t most)
{
    CostRow more;
    more.kind = CostRow::Kind::More;
    const auto kept = groups.begin() + static_cast<std::ptrdiff_t>(std::min(groups.size(), most));
    std::ranges::partial_sort(groups, kept, lifecycle::isDearer);
    for (auto left = kept; left != groups.end(); ++left, ++more.count)
        more.group.add(*left);
    groups.erase(kept, groups.end());
    return more;
}

} // namespace

RankedCosts rankCosts(CostSums sums, std::size_t most)
{
    std::vector<Group> groups = groupsOf(sums);
    CostRow more = cutTo(groups, most);
    if (sums.cold) {
        more.group.add(sums.cold->rest);
        more.count += sums.cold->restCount;
    }
    if (sums.order == CostSums::Order::LastNameFirst)
        std::ranges::sort(groups, std::ranges::greater{}, &Group::name);

    RankedCosts ranked;
    ranked.rows.reserve(groups.size() + 2);
    const auto add = [&ranked](CostRow row) {
        ranked.total += row.group.amount.value_or(Money{});
        ranked.confirmed += row.group.confirmed;
        ranked.rows.push_back(std::move(row));
    };
    for (Group &group : groups) {
        CostRow row;
        row.kind = group.name ? CostRow::Kind::Named : CostRow::Kind::Without;
        row.name = group.name ? toQString(*group.name) : QString();
        row.group = std::move(group);
        add(std::move(row));
    }
    if (more.count > 0)
        add(std::move(more));
    if (sums.whole && *sums.whole != ranked.total) {
        CostRow earlier;
        earlier.kind = CostRow::Kind::Earlier;
        earlier.group.amount = *sums.whole - ranked.total;
        add(std::move(earlier));
    }
    return ranked;
}

} // namespace sandglass::models
