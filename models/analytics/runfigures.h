#pragma once

#include "models/analytics/runbook.h"
#include "services/core/money.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace sandglass::models {

/// What executions of code come to.
struct RunFigures
{
    std::int64_t count = 0;
    std::int64_t passed = 0;
    std::int64_t failed = 0; ///< raised, not the output that was expected, or no answer
    std::int64_t timedOut = 0;
    std::int64_t stopped = 0; ///< by the person
    std::int64_t unknown = 0; ///< nobody has told how they ended
    /// Of those that tell how long they took; p95 is the shortest that 95 of 100 did not take longer than.
    std::optional<std::chrono::milliseconds> medianDuration, p95Duration;
    std::optional<Money> cost; ///< empty: that of none is known
    std::int64_t unpriced = 0; ///< of unknown cost, left out of the sum

    /// What all of them cost for each that passed; empty when none did, or no cost is known.
    [[nodiscard]] std::optional<Money> costPerPassed() const;
};

class RunSums final
{
public:
    void add(const CodeRun &run);
    [[nodiscard]] RunFigures figures(); ///< once, after the last one

private:
    RunFigures m_figures;
    std::vector<std::chrono::milliseconds> m_durations;
};

/// Of 1 value or more, in any order; they are in another one afterwards.
[[nodiscard]] std::chrono::milliseconds medianOf(std::vector<std::chrono::milliseconds> &values);

} // namespace sandglass::models
