#include "models/analytics/lifebook.h"

#include "services/lifecycle/fold.h"
#include "services/lifecycle/usageindex.h"

#include <functional>

namespace sandglass::models {

namespace {

Life::End endOf(const lifecycle::Sandbox &sandbox)
{
    using State = lifecycle::SandboxState;
    if (sandbox.state == State::Lost)
        return Life::End::Failure;
    if (sandbox.state != State::Killed)
        return Life::End::Lives;
    if (sandbox.killReason == "timeout")
        return Life::End::Timeout;
    if (sandbox.killReason == "request" || sandbox.killReason == "admin")
        return Life::End::Asked;
    return sandbox.killReason.empty() || sandbox.killReason == "unknown" ? Life::End::Unknown : Life::End::Failure;
}

} // namespace

cost::Usage LifeRun::usageAt(Timestamp now) const
{
    cost::Usage at = usage;
    if (isOpen)
        at.end = now;
    return at;
}

std::uint64_t LifeBook::hashOf(const std::string &sandboxId)
{
    return std::hash<std::string>()(sandboxId);
}

std::span<const LifeRun> LifeBook::runsOf(const Life &life) const
{
    return std::span(m_runs).subspan(life.firstRun, life.runCount);
}

void LifeBook::add(const lifecycle::Sandbox &sandbox)
{
    const auto [index, isNew] = m_templateIndices.try_emplace(sandbox.templateId + '\n' + sandbox.templateAlias,
                                                              static_cast<std::uint32_t>(m_templates.size()));
    if (isNew)
        m_templates.push_back({sandbox.templateId, sandbox.templateName()});
    const auto [team, isNewTeam] =
        m_teamIndices.try_emplace(sandbox.teamId, static_cast<std::uint32_t>(m_teams.size()));
    if (isNewTeam)
        m_teams.push_back(sandbox.teamId);
    Life life;
    life.teamIndex = team->second;
    life.idHash = hashOf(sandbox.id);
    life.templateIndex = index->second;
    life.firstRun = static_cast<std::uint32_t>(m_runs.size());
    life.runCount = static_cast<std::uint32_t>(sandbox.runs.size());
    life.end = endOf(sandbox);
    life.isKilled = sandbox.state == lifecycle::SandboxState::Killed;
    life.isEarly = sandbox.earlyBy().has_value();
    life.isRunning = sandbox.state == lifecycle::SandboxState::Running;
    life.isPaused = sandbox.state == lifecycle::SandboxState::Paused;
    life.createdAt = sandbox.createdAt;
    life.endedAt = sandbox.endedAt;
    m_lives.push_back(life);
    for (const lifecycle::RunInterval &run : sandbox.runs)
        m_runs.push_back({lifecycle::usageOf(run, run.start), !run.end && !run.confirmedMs});
}

} // namespace sandglass::models
