#include "models/events/eventhistory.h"

#include <QElapsedTimer>

#include <utility>

namespace sandglass::models {

using lifecycle::EventScan;

namespace {

constexpr int batchMs = 50;
constexpr std::size_t batchEvents = 400;  ///< rows are made of them on the UI thread
constexpr std::int64_t patience = 50'000; ///< events seen before a first batch without any is worth telling

/// Cuts what a scan finds into batches.
class Batches final
{
public:
    using Give = std::function<void(EventHistory::Batch)>;

    Batches(std::size_t most, Give give) : m_most(most), m_give(std::move(give)) {}

    /// False when enough has been found.
    [[nodiscard]] bool take(EventScan::Step step)
    {
        m_next.looked = step.looked;
        for (lifecycle::StoredEvent &event : step.found) {
            m_next.reached = event.seq; // what follows in this step may be left
            m_next.events.push_back(std::move(event));
            if (++m_found == m_most)
                return false;
            if (m_next.events.size() == batchEvents)
                give();
        }
        m_next.reached = step.reached;
        m_next.isAtEnd = step.isAtEnd;
        if (isDue() && !step.isAtEnd)
            give();
        return true;
    }

    void end(const Result<> &done)
    {
        m_next.isLast = true;
        if (!done)
            m_next.error = done.error();
        m_give(std::move(m_next));
    }

private:
    [[nodiscard]] bool isDue() const
    {
        if (m_sinceGiven.isValid())
            return m_sinceGiven.elapsed() >= batchMs;
        return !m_next.events.empty() || m_next.looked > patience;
    }

    void give()
    {
        EventHistory::Batch batch = std::exchange(m_next, {});
        m_next.looked = batch.looked;
        m_next.reached = batch.reached;
        m_give(std::move(batch));
        m_sinceGiven.start();
    }

    const std::size_t m_most;
    const Give m_give;
    EventHistory::Batch m_next;
    std::size_t m_found = 0;
    QElapsedTimer m_sinceGiven;
};

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
        Batches batches(most, [&](Batch batch) {
            m_inbox.post([isDropped, take, batch = std::move(batch)] {
                if (!*isDropped)
                    take(batch);
            });
        });
        batches.end(scan.run([&](EventScan::Step step) { return batches.take(std::move(step)) && !*isDropped; }));
    };
    if (!m_thread)
        m_thread = std::make_unique<WorkThread>();
    m_thread->post(work);
}

} // namespace sandglass::models
