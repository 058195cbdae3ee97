#include "app/publishing.h"

#include "models/runs/runsession.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/tracker.h"
#include "ui/webhooks/webhookspage.h"

#include <chrono>
#include <utility>

namespace sandglass::app {

namespace {

using namespace std::chrono_literals;
using lifecycle::RunOutcome;
using refine::Verdict;

constexpr auto patience = 2s; // a first run may end before its sandbox's size is known
constexpr std::size_t mostUnpriced = 1'000;

RunOutcome outcomeOf(Verdict verdict)
{
    switch (verdict) {
    case Verdict::Passed:
        return RunOutcome::Passed;
    case Verdict::CheckFailed:
        return RunOutcome::CheckFailed;
    case Verdict::Raised:
        return RunOutcome::Raised;
    case Verdict::TimedOut:
        return RunOutcome::TimedOut;
    case Verdict::Stopped:
        return RunOutcome::Stopped;
    case Verdict::Broken:
        break;
    }
    return RunOutcome::Broken;
}

/// All but its template.
lifecycle::CodeExecution executionOf(const refine::Attempt &attempt)
{
    lifecycle::CodeExecution execution;
    execution.sandboxId = attempt.sandboxId;
    execution.durationMs = std::chrono::duration_cast<std::chrono::milliseconds>(attempt.duration).count();
    execution.outcome = outcomeOf(attempt.verdict);
    execution.cost = attempt.cost;
    if (attempt.model) {
        execution.model = attempt.model->model;
        execution.modelCost = attempt.model->cost;
    }
    if (attempt.verdict == Verdict::Raised && attempt.error)
        execution.errorName = attempt.error->name;
    else if (attempt.verdict == Verdict::TimedOut)
        execution.errorName = "TimeoutError";
    else if (attempt.verdict == Verdict::Stopped)
        execution.errorName = "Stopped";
    else if (attempt.verdict == Verdict::Broken)
        execution.errorName = "Broken";
    return execution;
}

} // namespace

Publishing::Publishing(lifecycle::Tracker &tracker, lifecycle::Journal &journal, models::RunSession &runs,
                       KeyStore &keys, const ProfilePaths &paths)
    : m_tracker(tracker), m_journal(journal), m_runs(runs), m_callbacks(tracker, keys, paths.config / "callbacks.json")
{
    m_patience.setSingleShot(true);
    m_patience.setInterval(patience);
    connect(&m_patience, &QTimer::timeout, this, &Publishing::recordUnpriced);
    connect(&m_runs, &models::RunSession::attemptFinished, this, &Publishing::recordRun);
    connect(&m_runs, &models::RunSession::attemptPriced, this, &Publishing::recordPriced);
}

Publishing::~Publishing()
{
    recordUnpriced();
}

void Publishing::showIn(ui::WebhooksPage &page)
{
    page.setCallbacks(m_callbacks);
}

void Publishing::recordRun(int number)
{
    const refine::Attempt &attempt = m_runs.newest();
    if (attempt.sandboxId.empty())
        return; // no sandbox, no execution
    const lifecycle::Sandbox *sandbox = m_tracker.fold().find(attempt.sandboxId);
    Run run{executionOf(attempt), m_tracker.now()};
    run.execution.templateId =
        sandbox != nullptr && !sandbox->templateId.empty() ? sandbox->templateId : toUtf8(m_runs.templateName());
    if (run.execution.cost)
        return write(run);
    if (m_unpriced.size() >= mostUnpriced)
        recordUnpriced();
    m_unpriced.emplace(number, std::move(run));
    if (!m_patience.isActive())
        m_patience.start();
}

void Publishing::recordPriced(int number)
{
    const auto waiting = m_unpriced.find(number);
    const models::AttemptRow *attempt = m_runs.attempts()->byNumber(number);
    if (waiting == m_unpriced.end() || attempt == nullptr)
        return;
    waiting->second.execution.cost = attempt->cost;
    write(waiting->second);
    m_unpriced.erase(waiting);
}

void Publishing::recordUnpriced()
{
    m_patience.stop();
    for (const auto &[number, run] : std::exchange(m_unpriced, {}))
        write(run);
}

void Publishing::write(const Run &run)
{
    m_journal.append(lifecycle::codeExecutedEvent(run.execution, run.at), {});
}

} // namespace sandglass::app
