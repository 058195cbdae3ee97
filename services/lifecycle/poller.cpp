#include "services/lifecycle/poller.h"

#include "services/lifecycle/journal.h"
#include "services/lifecycle/tracker.h"

#include <QCryptographicHash>

#include <algorithm>
#include <cstdlib>
#include <unordered_set>
#include <utility>

namespace sandglass::lifecycle {

namespace {

constexpr std::int64_t sameStartMs = 2'000; ///< as the fold sees it
constexpr std::int64_t sameEndMs = 1'000;   ///< lists and events round differently
constexpr int pollsUntilLost = 2;

/// An id that follows from the content: each part with its length, so that no two lists of parts look alike.
class ContentId
{
public:
    explicit ContentId(const char *prefix) : m_prefix(prefix) {}

    ContentId &add(const std::string &part)
    {
        const QByteArray length = QByteArray::number(static_cast<qulonglong>(part.size())) + ':';
        m_hash.addData(length);
        m_hash.addData(QByteArray::fromRawData(part.data(), static_cast<qsizetype>(part.size())));
        return *this;
    }
    ContentId &add(std::int64_t number) { return add(std::to_string(number)); }
    ContentId &add(const std::optional<Timestamp> &time) { return time ? add(toUnixNs(*time)) : add(std::string()); }

    [[nodiscard]] std::string text() const { return m_prefix + m_hash.result().toHex().left(32).toStdString(); }

private:
    std::string m_prefix;
    QCryptographicHash m_hash{QCryptographicHash::Sha256};
};

std::string observedId(const ObservedSandbox &observed, const Sandbox *known, Timestamp askedAt)
{
    ContentId id("observed:");
    id.add(observed.sandboxId).add(observed.templateId).add(observed.templateAlias).add(observed.state);
    id.add(observed.startedAt).add(observed.endAt).add(observed.cpuCount).add(observed.memoryMb);
    for (const auto &[key, value] : observed.metadata)
        id.add(key).add(value);
    if (known && known->state == SandboxState::Lost)
        id.add(known->endedAt); // back again: the same content is news
    if (!observed.startedAt)
        id.add(toUnixNs(askedAt)); // nothing else tells one pause from the next
    return id.text();
}

bool differs(const std::optional<Timestamp> &a, const std::optional<Timestamp> &b, std::int64_t toleranceMs)
{
    if (!a || !b)
        return a.has_value() != b.has_value();
    return std::abs(toUnixMs(*a) - toUnixMs(*b)) > toleranceMs;
}

bool isNews(const ObservedSandbox &observed, const Sandbox &known)
{
    const bool isRunning = observed.state == "running";
    if (known.state != (isRunning ? SandboxState::Running : SandboxState::Paused))
        return true;
    if (!observed.templateAlias.empty() && observed.templateAlias != known.templateAlias)
        return true;
    if (!observed.metadata.empty() && known.metadata.empty())
        return true;
    const bool hasSize = observed.cpuCount > 0 && observed.memoryMb > 0;
    const bool needsSize = known.runs.empty() || known.runs.back().vcpuCount == 0 || known.runs.back().memoryMb == 0;
    if (hasSize && needsSize && !known.runs.empty())
        return true;
    if (!isRunning)
        return false; // the end that the list shows for a paused one is no planned end
    if (observed.endAt && differs(observed.endAt, known.endAt, sameEndMs))
        return true;
    // Runs since later than we know: a pause and a resume have been missed.
    return observed.startedAt && !known.runs.empty()
        && toUnixMs(*observed.startedAt) - toUnixMs(known.runs.back().start) > sameStartMs;
}

} // namespace

Poller::Poller(Journal &journal, const Tracker &tracker, Lister lister, PollerOptions options, QObject *parent)
    : QObject(parent)
    , m_journal(journal)
    , m_tracker(tracker)
    , m_lister(std::move(lister))
    , m_options(std::move(options))
{
    connect(&m_timer, &QTimer::timeout, this, &Poller::pollNow);
    connect(&tracker, &Tracker::eventsRecorded, this, [this](const std::vector<StoredEvent> &events) {
        if (std::ranges::any_of(events, [](const StoredEvent &e) { return e.event.source == EventSource::Webhook; }))
            m_lastWebhook = m_options.clock();
    });
    connect(&tracker, &Tracker::replayed, this, [this] {
        if (m_timer.isActive())
            pollNow();
    });
}

Poller::~Poller() = default;

void Poller::start()
{
    m_failures = 0;
    m_isRefused = false;
    m_timer.start(m_options.interval);
    pollNow();
}

void Poller::stop()
{
    m_timer.stop();
    m_running.reset();
}

void Poller::pollNow()
{
    if (m_running || !m_tracker.isReplayed())
        return;
    m_askedAt = m_options.clock();
    m_running = std::make_unique<QFutureWatcher<Result<List>>>();
    connect(m_running.get(), &QFutureWatcherBase::finished, this, &Poller::finish);
    m_running->setFuture(m_lister());
}

void Poller::finish()
{
    // Inside the watcher's own signal: it goes once that is over.
    QFutureWatcher<Result<List>> *watcher = m_running.release();
    watcher->deleteLater();
    if (watcher->future().resultCount() == 0) {
        fail(Error{Error::Kind::Cancelled, 0, "the list was cancelled", {}});
        return;
    }
    const Result<List> list = watcher->future().result();
    if (!list) {
        fail(list.error());
        return;
    }
    m_failures = 0;
    m_isRefused = false;
    take(*list);
    if (m_timer.isActive())
        m_timer.start(currentInterval());
    Q_EMIT listed(*list);
    Q_EMIT polled(static_cast<int>(list->size()));
}

void Poller::fail(const Error &error)
{
    ++m_failures;
    m_isRefused = error.status == 401 || error.status == 403;
    if (m_timer.isActive())
        m_timer.start(currentInterval());
    Q_EMIT failed(error);
}

std::chrono::milliseconds Poller::currentInterval() const
{
    if (m_isRefused)
        return std::max(m_options.interval, m_options.longestInterval);
    if (m_failures > 1) { // one failure is an accident
        const auto wait = m_options.interval * (1 << std::min(m_failures - 1, 10));
        return std::max(m_options.interval, std::min(wait, m_options.longestInterval));
    }
    const bool webhooksArrive = m_lastWebhook && m_options.clock() - *m_lastWebhook < m_options.webhookMemory;
    return webhooksArrive ? std::max(m_options.interval, m_options.relaxedInterval) : m_options.interval;
}

void Poller::take(const List &list)
{
    for (const ObservedSandbox &observed : list) {
        if (observed.sandboxId.empty())
            continue;
        if (auto event = newsOf(observed))
            append(std::move(*event));
    }
    findLost(list);
}

std::optional<Event> Poller::newsOf(const ObservedSandbox &observed) const
{
    if (observed.state != "running" && observed.state != "paused")
        return {};
    const Sandbox *known = m_tracker.fold().find(observed.sandboxId);
    if (known && (known->state == SandboxState::Killed || !isNews(observed, *known)))
        return {}; // killed: the list is older than the event
    const bool isRunning = observed.state == "running";

    Event event;
    event.id = observedId(observed, known, m_askedAt);
    event.type = EventType::Observed;
    event.typeName = "sandglass.observed";
    event.timestamp = m_askedAt;
    event.sandboxId = observed.sandboxId;
    event.templateId = observed.templateId;
    event.templateAlias = observed.templateAlias;
    event.metadata = observed.metadata;
    event.observedState = observed.state;
    event.execution = Execution{isRunning ? observed.startedAt : std::nullopt, observed.cpuCount, observed.memoryMb, 0};
    if (isRunning)
        event.newEnd = observed.endAt;
    return event;
}

void Poller::findLost(const List &list)
{
    std::unordered_set<std::string> present;
    for (const ObservedSandbox &observed : list) {
        present.insert(observed.sandboxId);
        m_seen[observed.sandboxId] = {};
    }
    if (m_options.isOurs) {
        for (const Sandbox *sandbox : m_tracker.fold().live()) {
            if (!present.contains(sandbox->id) && m_options.isOurs(*sandbox))
                m_seen.try_emplace(sandbox->id);
        }
    }
    for (auto entry = m_seen.begin(); entry != m_seen.end();) {
        const bool isOver = !present.contains(entry->first) && isOverWhenMissing(entry->first, entry->second);
        entry = isOver ? m_seen.erase(entry) : std::next(entry);
    }
}

/// One more list without it. True when there is nothing left to find out about it.
bool Poller::isOverWhenMissing(const std::string &id, Missing &missing)
{
    const Sandbox *known = m_tracker.fold().find(id);
    if (known && !known->isLive())
        return true; // killed, or lost already
    if (missing.polls++ == 0)
        missing.since = m_askedAt;
    if (missing.polls < pollsUntilLost)
        return false;
    if (!known)
        return true; // gone before the journal heard of it
    Event event;
    event.id = ContentId("lost:").add(id).add(toUnixNs(known->lastEventAt)).text();
    event.type = EventType::Lost;
    event.typeName = "sandglass.lost";
    // Between the last list that had it and this one; after all that is known, should our clock be behind.
    event.timestamp = std::max(missing.since, known->lastEventAt + std::chrono::milliseconds(1));
    event.sandboxId = id;
    append(std::move(event));
    return false; // until the fold knows
}

void Poller::append(Event event)
{
    event.source = EventSource::Poll;
    event.receivedAt = m_options.clock();
    // What could not be stored is still unknown to the fold, and so news again at the next poll.
    m_journal.append(std::move(event), {});
}

} // namespace sandglass::lifecycle
