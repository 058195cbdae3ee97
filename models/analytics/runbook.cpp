#include "models/analytics/runbook.h"

#include "models/analytics/lifebook.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace sandglass::models {

namespace {

bool isBefore(const CodeRun &a, const CodeRun &b)
{
    return std::pair(a.at, a.idHash) < std::pair(b.at, b.idHash);
}

bool isSame(const CodeRun &a, const CodeRun &b)
{
    return a.at == b.at && a.idHash == b.idHash;
}

} // namespace

std::uint32_t RunBook::indexOf(const std::string &templateId)
{
    const auto known = m_templateIndices.find(templateId);
    if (known != m_templateIndices.end())
        return known->second;
    if (m_templates.size() >= mostTemplates && !templateId.empty())
        return indexOf({});
    const auto index = static_cast<std::uint32_t>(m_templates.size());
    m_templateIndices.emplace(templateId, index);
    m_templates.push_back(templateId);
    return index;
}

void RunBook::add(const lifecycle::CodeExecution &execution, const lifecycle::Event &event)
{
    CodeRun run;
    run.at = event.timestamp;
    run.idHash = std::hash<std::string>()(event.id);
    run.sandboxHash = LifeBook::hashOf(execution.sandboxId);
    run.durationMs = execution.durationMs.value_or(-1);
    run.costPico = execution.cost ? execution.cost->toPicoDollars() : -1;
    run.templateIndex = indexOf(execution.templateId);
    run.outcome = execution.outcome;
    m_runs.push_back(run);
}

void RunBook::settle()
{
    const auto fresh = m_runs.begin() + static_cast<std::ptrdiff_t>(m_settled);
    std::sort(fresh, m_runs.end(), isBefore);
    std::inplace_merge(m_runs.begin(), fresh, m_runs.end(), isBefore);
    m_runs.erase(std::unique(m_runs.begin(), m_runs.end(), isSame), m_runs.end());
    m_settled = m_runs.size();
    if (m_runs.size() > mostRuns)
        dropBefore(m_runs[m_runs.size() - mostRuns].at);
    else if (m_knownFrom)
        dropBefore(*m_knownFrom);
}

void RunBook::dropBefore(Timestamp time)
{
    m_knownFrom = std::max(time, m_knownFrom.value_or(time));
    const auto kept = std::ranges::lower_bound(m_runs, *m_knownFrom, {}, &CodeRun::at);
    m_runs.erase(m_runs.begin(), kept);
    m_settled = m_runs.size();
}

std::span<const CodeRun> RunBook::between(Timestamp from, Timestamp to) const
{
    const auto first = std::ranges::lower_bound(m_runs, from, {}, &CodeRun::at);
    const auto last = std::ranges::lower_bound(first, m_runs.end(), std::max(from, to), {}, &CodeRun::at);
    return {first, last};
}

} // namespace sandglass::models
