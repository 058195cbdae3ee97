#include "app/publishing.h"

#include "models/runs/runsession.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/tracker.h"
#include "ui/webhooks/webhookspage.h"

#include <chrono>

namespace sandglass::app {

Publishing::Publishing(lifecycle::Tracker &tracker, lifecycle::Journal &journal, models::RunSession &runs,
                       KeyStore &keys, const ProfilePaths &paths)
    : m_tracker(tracker), m_journal(journal), m_runs(runs), m_callbacks(tracker, keys, paths.config / "callbacks.json")
{
    connect(&m_runs, &models::RunSession::attemptFinished, this, &Publishing::recordRun);
}

void Publishing::showIn(ui::WebhooksPage &page)
{
    page.setCallbacks(m_callbacks);
}

void Publishing::recordRun()
{
    using refine::Verdict;
    const refine::Attempt &attempt = m_runs.newest();
    if (attempt.sandboxId.empty())
        return; // no sandbox, no execution
    const lifecycle::Sandbox *sandbox = m_tracker.fold().find(attempt.sandboxId);
    lifecycle::CodeExecution execution;
    execution.sandboxId = attempt.sandboxId;
    execution.templateId =
        sandbox != nullptr && !sandbox->templateId.empty() ? sandbox->templateId : toUtf8(m_runs.templateName());
    execution.durationMs = std::chrono::duration_cast<std::chrono::milliseconds>(attempt.duration).count();
    execution.isSuccess = attempt.verdict == Verdict::Passed || attempt.verdict == Verdict::CheckFailed;
    if (attempt.verdict == Verdict::Raised && attempt.error)
        execution.errorName = attempt.error->name;
    else if (attempt.verdict == Verdict::TimedOut)
        execution.errorName = "TimeoutError";
    else if (attempt.verdict == Verdict::Stopped)
        execution.errorName = "Stopped";
    else if (attempt.verdict == Verdict::Broken)
        execution.errorName = "Broken";
    m_journal.append(lifecycle::codeExecutedEvent(execution, m_tracker.now()), {});
}

} // namespace sandglass::app
