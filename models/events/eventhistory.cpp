#include "models/events/eventhistory.h"

#include <QElapsedTimer>

#include <iterator>
#include <utility>

namespace sandglass::models {

using lifecycle::EventScan;

namespace {

constexpr int batchMs = 50;
constexpr std::size_t batchEvents = 400; ///< rows are made of them on the UI thread

} // namespace

EventHistory::EventHistory(std::filesystem::path journal, QObject *parent)
    : QObject(parent), m_journal(std::move(journal))
{}

EventHistory::~EventHistory()
{
    drop();
    m_thread.reset();
}

void EventHistory::drop()
{
    if (m_isDropped)
        *m_isDropped = true;
}

void EventHistory::ask(EventScan scan, std::size_t most, std::function<void(const Batch &)> take)
{
    drop();
    m_isDropped = std::make_shared<std::atomic<bool>>(false);
    scan.journal = m_journal;
    const auto work = [this, isDropped = m_isDropped, scan = std::move(scan), most, take = std::move(take)] {
        if (*isDropped)
            return;
        const auto give = [&](Batch batch) {
            m_inbox.post([isDropped, take, batch = std::move(batch)] {
                if (!*isDropped)
                    take(batch);
            });
        };
        std::size_t found = 0;
        Batch next;
        QElapsedTimer sinceGiven;
        const auto done = scan.run([&](EventScan::Step step) {
            next.looked = step.looked;
            next.reached = step.reached;
            next.isAtEnd = step.isAtEnd;
            for (lifecycle::StoredEvent &event : step.found) {
                if (found == most)
                    break;
                ++found;
                next.reached = event.seq; // what follows in this step may have been left
                next.events.push_back(std::move(event));
                if (next.events.size() == batchEvents) {
                    Batch full;
                    full.events.swap(next.events);
                    full.looked = next.looked;
                    full.reached = next.reached;
                    give(std::move(full));
                    sinceGiven.start();
                }
            }
            if (found == most) {
                next.isAtEnd = false;
                return false;
            }
            next.reached = step.reached;
            const bool isDue =
                sinceGiven.isValid() ? sinceGiven.elapsed() >= batchMs : !next.events.empty() || step.looked > 50'000;
            if (isDue && !step.isAtEnd) {
                Batch part;
                part.events.swap(next.events);
                part.looked = next.looked;
                part.reached = next.reached;
                give(std::move(part));
                sinceGiven.start();
            }
            return !*isDropped;
        });
        next.isLast = true;
        if (!done)
            next.error = done.error();
        give(std::move(next));
    };
    if (!m_thread)
        m_thread = std::make_unique<WorkThread>();
    m_thread->post(work);
}

} // namespace sandglass::models
