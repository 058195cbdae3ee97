#include "services/lifecycle/historygaps.h"

#include "services/lifecycle/recordfile.h"

#include <algorithm>
#include <utility>

namespace sandglass::lifecycle {

HistoryGaps::HistoryGaps(std::filesystem::path file) : m_file(std::move(file))
{
    const auto stored = readRecord(m_file);
    if (!stored || !stored->is_array())
        return;
    for (const Json &entry : *stored) {
        const auto from = timeOr(entry, "from");
        const auto to = timeOr(entry, "to");
        if (from && to && *from < *to)
            m_all.push_back({*from, *to});
    }
    std::ranges::sort(m_all, {}, &HistoryGap::from);
}

Result<> HistoryGaps::add(HistoryGap gap)
{
    if (gap.from >= gap.to)
        return {};
    std::erase_if(m_all, [&gap](const HistoryGap &known) {
        const bool touches = known.from <= gap.to && gap.from <= known.to;
        if (touches)
            gap = {std::min(gap.from, known.from), std::max(gap.to, known.to)};
        return touches;
    });
    m_all.insert(std::ranges::upper_bound(m_all, gap.from, {}, &HistoryGap::from), gap);
    if (m_all.size() > mostGaps)
        m_all.erase(m_all.begin());
    Json all = Json::array();
    for (const HistoryGap &known : m_all)
        all.push_back({{"from", formatRfc3339(known.from, 9)}, {"to", formatRfc3339(known.to, 9)}});
    return writeRecord(m_file, all);
}

bool isCovered(const std::vector<HistoryGap> &gaps, Timestamp from, Timestamp to)
{
    return std::ranges::any_of(gaps, [=](const HistoryGap &gap) { return gap.from <= from && to <= gap.to; });
}

} // namespace sandglass::lifecycle
