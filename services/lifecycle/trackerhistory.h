#pragma once

#include "services/lifecycle/rollupreader.h"
#include "services/lifecycle/snapshot.h"
#include "services/lifecycle/usageindex.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

/// The cold sandboxes behind a tracker: what they cost, and one of them when an event comes late. Such a one is in
/// memory and in the rollups; its part in the rollups is taken off every figure. Made in any thread, then used by one.
class History final
{
public:
    /// Of what cold sandboxes used, what lies before `until` counts.
    [[nodiscard]] static Result<std::unique_ptr<History>> open(const std::filesystem::path &file,
                                                               Timestamp until = Timestamp::max());

    /// False when there was no cold sandbox at open: then none comes either, as long as the tables are held, and none
    /// need be looked for.
    [[nodiscard]] bool holdsAny() const { return m_holdsAny; }
    /// The record of a cold sandbox, which from now on counts as hot; empty when it is not cold.
    [[nodiscard]] std::optional<std::string> take(const std::string &sandboxId, const cost::RateCard &card);
    /// Takes off what the rollups hold of a sandbox, which is `counted`, for whoever has it in a fold.
    void leaveOut(const Sandbox &counted, const cost::RateCard &card);
    /// A sandbox stands in a fold, but what it used is the rollups' to tell.
    void noteShown(const std::string &sandboxId) { m_shown.push_back(sandboxId); }
    void setRateCard(const cost::RateCard &card);

    /// Whether anything cold lies in [from, to).
    [[nodiscard]] bool reaches(Timestamp from, Timestamp to) const
    {
        return m_reader.reaches(from, std::min(to, m_until));
    }
    [[nodiscard]] Timestamp until() const { return m_until; }
    /// Ids that are in the fold although the rollups hold them; some of them perhaps not (any more).
    [[nodiscard]] const std::vector<std::string> &shown() const { return m_shown; }

    [[nodiscard]] Money costBetween(Timestamp from, Timestamp to, const cost::RateCard &card, Timestamp now);
    [[nodiscard]] std::vector<UsageIndex::Series> costSeries(Timestamp from, Timestamp to, int bucketCount,
                                                             const cost::RateCard &card, Timestamp now);
    /// Adds the steps, or answers false when there are too many.
    [[nodiscard]] bool addSteps(UsageIndex::Steps &steps, Timestamp from, Timestamp to, Timestamp now);
    /// The number at the start of each minute, hour or day, whichever gives some thousand.
    [[nodiscard]] std::vector<int> sampledActive(Timestamp from, Timestamp to, int bucketCount, Timestamp now);

private:
    History(Database database, RollupReader reader, Timestamp until, bool holdsAny);

    Database m_database;
    ColdFinder m_finder;
    RollupReader m_reader;
    Timestamp m_until;
    bool m_holdsAny;
    UsageIndex m_taken; ///< what the rollups hold of those that were taken
    std::vector<std::string> m_shown;
};

/// Adds `other` to the series of the same name, or takes it off.
void mergeSeries(std::vector<UsageIndex::Series> &series, const std::vector<UsageIndex::Series> &other, bool isMinus);

} // namespace sandglass::lifecycle
