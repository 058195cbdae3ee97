#include "models/templates/startqueue.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"

#include <algorithm>
#include <utility>

namespace sandglass::models {

using namespace std::chrono_literals;

StartQueue::StartQueue(Creator creator, Killer killer, QObject *parent)
    : QObject(parent), m_creator(std::move(creator)), m_killer(std::move(killer))
{
    m_next.setInterval(15s);
    connect(&m_next, &QTimer::timeout, this, &StartQueue::tryNow);
}

void StartQueue::setInterval(std::chrono::milliseconds interval)
{
    m_next.setInterval(interval);
}

bool StartQueue::add(const e2b::SandboxSpec &spec, const std::string &reason)
{
    if (isFull())
        return false;
    m_entries.push_back({++m_made, spec, reason});
    m_next.start();
    Q_EMIT changed();
    return true;
}

void StartQueue::remove(int id)
{
    std::erase_if(m_entries, [id](const Entry &entry) { return entry.id == id; });
    if (m_entries.empty())
        m_next.stop();
    Q_EMIT changed();
}

void StartQueue::cancel(int id)
{
    remove(id);
}

void StartQueue::clear()
{
    for (const Entry &entry : std::exchange(m_entries, {}))
        Q_EMIT givenUp(toQString(entry.spec.templateId), tr("another connection was chosen"));
    m_next.stop();
    Q_EMIT changed();
}

void StartQueue::tryNow()
{
    m_askAgain = m_asking != 0;
    if (m_asking != 0 || m_entries.empty())
        return;
    const int id = m_asking = m_entries.front().id;
    whenDone(m_creator(m_entries.front().spec), this,
             [this, id](Result<e2b::SandboxInfo> answer) { take(id, std::move(answer)); });
}

void StartQueue::take(int id, Result<e2b::SandboxInfo> answer)
{
    m_asking = 0;
    const auto entry =
        std::find_if(m_entries.begin(), m_entries.end(), [id](const Entry &each) { return each.id == id; });
    const bool isWanted = entry != m_entries.end();
    if (answer && !isWanted) { // cancelled meanwhile: it must not run, and cost, unseen
        whenDone(m_killer(answer->sandboxId), this, [](const Result<> &) {});
        tryNow();
    } else if (answer) {
        remove(id);
        Q_EMIT started(*answer);
        tryNow(); // there may be more places
    } else if (isWanted && !isLimit(answer.error())) {
        // Never sent again: a sandbox may have been made although no answer came.
        const QString templateId = toQString(entry->spec.templateId);
        remove(id);
        Q_EMIT givenUp(templateId, toQString(answer.error().message));
        tryNow();
    } else {
        if (isWanted && entry->reason != answer.error().message) {
            entry->reason = answer.error().message;
            Q_EMIT changed();
        }
        if (std::exchange(m_askAgain, false))
            tryNow();
    }
}

} // namespace sandglass::models
