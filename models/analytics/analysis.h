#pragma once

#include "models/analytics/lifebook.h"
#include "models/analytics/runfigures.h"
#include "services/core/money.h"
#include "services/cost/ratecard.h"
#include "services/cost/whatif.h"
#include "services/lifecycle/historygaps.h"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::models {

/// What is asked of the lives of sandboxes. All times are moments; spans are [from, to).
struct AnalysisQuestion
{
    Timestamp from{}, to{};           ///< of figures and tables
    Timestamp chartFrom{}, chartTo{}; ///< of the series
    int buckets = 60;                 ///< of running and paused
    int startBuckets = 60;            ///< of starts and of runs of code, in the same span
    Timestamp dayStart{};             ///< for what happened today
    Timestamp now{};
    std::string templateFilter; ///< id or name, '*' stands for anything; empty: all
    cost::RateCard card;
    std::vector<lifecycle::HistoryGap> gaps; ///< of which nothing is known
    cost::WhatIf whatIf;
};

/// One template within the span. Lives that ended and stretches that began are counted where that happened, money and
/// time where they were spent.
struct TemplateUsage
{
    std::string name;
    std::int64_t starts = 0; ///< stretches that began: created and resumed
    std::chrono::milliseconds running{};
    std::optional<Money> cost; ///< empty: no size is known
    bool isPartial = false;    ///< some size is not known and left out of the cost
    std::int64_t ended = 0;
    std::int64_t failures = 0, timeouts = 0, early = 0;
    std::optional<std::chrono::milliseconds> medianLifetime; ///< of those that ended
    RunFigures runs;                                         ///< of code, that ended within the span
};

/// Executions of code within the span.
struct RunAnalysis
{
    bool isRead = false; ///< all there are; else they are still being read
    RunFigures all;
    /// How many ended, by bucket of starts and by how; NaN: not known. Others: stopped, or nobody has told how.
    std::vector<double> passed, failed, timedOut, others;
    std::optional<Timestamp> knownFrom; ///< within span or series; before it nothing is known
    std::string failure;                ///< why some could not be read; or empty
};

/// Lifetimes on a scale by factors of about three. The last step has no end.
inline constexpr std::array<std::chrono::seconds, 14> lifetimeSteps{
    std::chrono::seconds(0),  std::chrono::seconds(1),   std::chrono::seconds(3), std::chrono::seconds(10),
    std::chrono::seconds(30), std::chrono::minutes(1),   std::chrono::minutes(3), std::chrono::minutes(10),
    std::chrono::minutes(30), std::chrono::hours(1),     std::chrono::hours(3),   std::chrono::hours(12),
    std::chrono::hours(24),   std::chrono::hours(3 * 24)};

struct Analysis
{
    Timestamp from{}, to{};
    Timestamp chartFrom{}, chartTo{};
    std::string templateFilter;

    std::int64_t createdToday = 0, killedToday = 0;
    std::int64_t runningNow = 0, pausedNow = 0;
    std::int64_t mostRunning = 0; ///< at once, within the span
    std::int64_t created = 0, ended = 0, failures = 0, timeouts = 0, early = 0;
    std::optional<std::chrono::milliseconds> averageLifetime, medianLifetime; ///< created to ended, pauses included
    std::array<std::int64_t, lifetimeSteps.size()> lifetimes{};

    std::vector<TemplateUsage> templates; ///< dearest first, those of the filter that did anything in the span
    Money total;

    std::vector<double> running, paused; ///< most at once per bucket; NaN: not known
    std::vector<double> startsPerMinute; ///< mean of each bucket; NaN: not known

    cost::WhatIfResult whatIf; ///< of the stretches that touch the span, each as a whole
    std::int64_t whatIfRuns = 0;
    std::int64_t whatIfTimeouts = 0; ///< those of them that ended by their timeout

    RunAnalysis runs;

    std::int64_t leftOut = 0; ///< lives that were too many to read
};
using AnalysisPtr = std::shared_ptr<const Analysis>;

/// The answer. Of a life that is in both books the one in `present` counts; of `past` those count that were over by
/// question.now, as of `runs`. Some 100 ns for each stretch; null when `isStopped` was set meanwhile.
[[nodiscard]] std::shared_ptr<Analysis> analyse(const LifeBook &present, const LifeBook &past, const RunBook &runs,
                                                const AnalysisQuestion &question, const std::atomic<bool> &isStopped);

} // namespace sandglass::models
