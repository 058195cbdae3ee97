#include "models/analytics/runfigures.h"

#include <algorithm>

using std::chrono::milliseconds;

namespace sandglass::models {

milliseconds medianOf(std::vector<milliseconds> &values)
{
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    if (values.size() % 2 == 1)
        return *middle;
    return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

std::optional<Money> RunFigures::costPerPassed() const
{
    return cost && passed > 0 ? std::optional(cost->scaled(1, passed)) : std::nullopt;
}

void RunSums::add(const CodeRun &run)
{
    ++m_figures.count;
    switch (run.outcome) {
    case lifecycle::RunOutcome::Passed:
        ++m_figures.passed;
        break;
    case lifecycle::RunOutcome::CheckFailed:
    case lifecycle::RunOutcome::Raised:
    case lifecycle::RunOutcome::Broken:
        ++m_figures.failed;
        break;
    case lifecycle::RunOutcome::TimedOut:
        ++m_figures.timedOut;
        break;
    case lifecycle::RunOutcome::Stopped:
        ++m_figures.stopped;
        break;
    case lifecycle::RunOutcome::Unknown:
        ++m_figures.unknown;
        break;
    }
    if (run.durationMs >= 0)
        m_durations.emplace_back(run.durationMs);
    if (run.costPico >= 0)
        m_figures.cost = m_figures.cost.value_or(Money{}) + Money::fromPicoDollars(run.costPico);
    else
        ++m_figures.unpriced;
}

RunFigures RunSums::figures()
{
    if (m_durations.empty())
        return m_figures;
    m_figures.medianDuration = medianOf(m_durations);
    const std::size_t rank = (m_durations.size() * 95 + 99) / 100; // the nearest one above
    const auto at = m_durations.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::ranges::nth_element(m_durations, at);
    m_figures.p95Duration = *at;
    return m_figures;
}

} // namespace sandglass::models
