#include "services/lifecycle/reconcilecleanup.h"

#include <QFutureWatcher>

#include <algorithm>
#include <utility>

namespace sandglass::lifecycle {

CleanUp::CleanUp(CleanUpPlan plan, Kill kill, int atOnce, QObject *parent)
    : QObject(parent), m_plan(std::move(plan)), m_kill(std::move(kill)), m_atOnce(std::max(1, atOnce))
{}

void CleanUp::start()
{
    fill();
}

void CleanUp::cancel()
{
    m_isStopped = true;
    fill();
}

void CleanUp::fill()
{
    while (!m_isStopped && m_underWay < m_atOnce && m_next < m_plan.targets.size()) {
        const std::string id = m_plan.targets[m_next++].row.sandboxId;
        ++m_underWay;
        auto *watcher = new QFutureWatcher<Result<>>(this);
        connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, id] {
            watcher->deleteLater();
            settle(id,
                   watcher->future().resultCount() > 0
                       ? watcher->future().result()
                       : Result<>(failure(Error::Kind::Cancelled, "the call was cancelled")));
        });
        watcher->setFuture(m_kill(id));
    }
    if (m_underWay > 0 || m_isFinished || (!m_isStopped && m_next < m_plan.targets.size()))
        return;
    m_isFinished = true;
    for (; m_next < m_plan.targets.size(); ++m_next)
        m_result.skipped.push_back(m_plan.targets[m_next].row.sandboxId);
    Q_EMIT finished(m_result);
}

void CleanUp::settle(const std::string &id, const Result<> &answer)
{
    --m_underWay;
    if (answer) {
        m_result.killed.push_back(id);
        Q_EMIT killed(id);
    } else {
        m_result.failed.push_back({id, answer.error()});
        m_isStopped = m_isStopped || answer.error().status == 401 || answer.error().status == 403;
        Q_EMIT failed(id, answer.error());
    }
    fill();
}

} // namespace sandglass::lifecycle
