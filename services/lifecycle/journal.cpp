#include "services/lifecycle/journal.h"

#include "services/lifecycle/appendqueue.h"
#include "services/lifecycle/journalwriter.h"
#include "services/lifecycle/salvage.h"
#include "services/telemetry/figures.h"

#include <QLoggingCategory>

#include <pthread.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>
#include <utility>

namespace sandglass::lifecycle {

namespace {

Q_LOGGING_CATEGORY(logJournal, "sandglass.journal")

constexpr std::size_t batchByteLimit = 8U << 20; // one commit must not hold back the others for long
constexpr std::size_t bulkLimit = 10'000, bulkByteLimit = 32U << 20;
constexpr std::size_t chunkRows = 1'000; // of a replay
constexpr std::size_t chunkByteLimit = 4U << 20;

constexpr auto tryAgainEvery = std::chrono::seconds(1);
constexpr auto learnEvery = std::chrono::milliseconds(20); // when no delivery comes meanwhile
constexpr std::size_t learnRows = 20'000;                  // some 2 ms

} // namespace

struct Journal::Private
{
    Private(std::filesystem::path path, Options limits)
        : file(std::move(path)), options(limits), queue(limits.queueLimit, limits.queueByteLimit)
    {}

    [[nodiscard]] std::unique_ptr<JournalWriter> makeWriter(Database database)
    {
        return std::make_unique<JournalWriter>(std::move(database), options,
                                               [this](std::int64_t removed) { count -= removed; });
    }
    [[nodiscard]] JournalUpkeep &upkeep() { return writer.load()->upkeep; }
    [[nodiscard]] bool becomesWritable();

    void run();
    void takeBatch(std::vector<Append> &batch);
    void process(std::vector<Append> &batch);
    int store(std::vector<Append> &batch);
    void tryToStore();
    [[nodiscard]] bool isFailing();
    void noteFailure(std::optional<Error> error);
    void noteDamage(std::int64_t rows);

    const std::filesystem::path file;
    const Options options;

    // The writer thread's own, but for writer->upkeep, which others ask.
    std::vector<std::unique_ptr<JournalWriter>> writers; ///< the last is in use; one before it was for viewing
    std::atomic<JournalWriter *> writer = nullptr;
    bool isViewing = false; ///< the file or its folder cannot be written
    std::chrono::steady_clock::time_point nextTry{};
    telemetry::Histogram &storedTime = telemetry::figures().journalCommit.with({"stored"});
    telemetry::Histogram &failedTime = telemetry::figures().journalCommit.with({"failed"});

    std::mutex mutex;
    std::condition_variable wake;
    AppendQueue queue;
    bool stopping = false;
    int bulkCount = 0;
    std::function<void(std::vector<StoredEvent>)> listener;
    std::function<void()> batchEnd;
    std::optional<Error> failureOfLast;

    std::atomic<std::int64_t> count{0};
    std::atomic<std::int64_t> lastSeq{0};
    std::atomic<std::int64_t> damagedRows{0};
    std::optional<SalvageReport> salvaged;
    std::thread thread;
};

void Journal::Private::run()
{
    pthread_setname_np(pthread_self(), "journal");
    std::vector<Append> batch;
    for (;;) {
        takeBatch(batch);
        const bool isIdle = batch.empty();
        if (!isIdle)
            process(batch);
        batch.clear(); // and the queue grows into its memory next
        if (isIdle && batch.capacity() > options.batchLimit)
            batch.shrink_to_fit();
        {
            const std::lock_guard lock(mutex);
            if (stopping && queue.size() == 0)
                break;
            if (stopping)
                continue;
        }
        if (isViewing && !becomesWritable())
            continue; // nothing to keep up
        if (isIdle && isFailing())
            tryToStore();
        if (EventIds &ids = writer.load()->ids; isIdle && ids.hasToLearn() && !upkeep().dueIn(lastSeq))
            ids.learn(learnRows);
        else if (isIdle || upkeep().isUrgent(lastSeq))
            upkeep().step(lastSeq, isIdle);
    }
    upkeep().finish(lastSeq);
    (void)writer.load()->ids.mergeAll(); // else the next start reads them from the events
}

/// Waits for work, then takes what queued up during the last commit: the grouping adapts without a timer. None when
/// the journal stops, or when there has been time for upkeep.
void Journal::Private::takeBatch(std::vector<Append> &batch)
{
    std::unique_lock lock(mutex);
    const bool isBulk = bulkCount > 0;
    const auto hasWork = [this, isBulk] { return stopping || queue.size() > 0 || (isBulk && bulkCount == 0); };
    auto delay = isBulk ? std::nullopt : upkeep().dueIn(lastSeq);
    if (!isBulk && !delay && writer.load()->ids.hasToLearn())
        delay = learnEvery;
    if (isViewing || failureOfLast)
        delay = tryAgainEvery;
    if (delay)
        wake.wait_for(lock, *delay, hasWork);
    else
        wake.wait(lock, hasWork);
    const std::size_t mostEvents = isBulk ? std::max(bulkLimit, options.batchLimit) : options.batchLimit;
    const std::size_t mostBytes = isBulk ? bulkByteLimit : batchByteLimit;
    queue.take(batch, mostEvents, mostBytes);
}

void Journal::Private::process(std::vector<Append> &batch)
{
    const telemetry::Stopwatch watch;
    const int status = store(batch);
    (status == SQLITE_OK ? storedTime : failedTime).observe(watch.elapsed());
    if (status != SQLITE_OK) {
        const Outcome outcome = (status & 0xff) == SQLITE_BUSY ? Outcome::Busy : Outcome::Failed;
        for (Append &item : batch) {
            item.outcome = outcome;
            item.seq = 0;
        }
    }

    std::vector<StoredEvent> fresh;
    fresh.reserve(batch.size());
    for (Append &item : batch) {
        if (item.seq == 0)
            continue;
        fresh.push_back({item.seq, std::move(item.event)});
        lastSeq.store(item.seq, std::memory_order_relaxed);
    }
    count.fetch_add(static_cast<std::int64_t>(fresh.size()), std::memory_order_relaxed);

    // Before the answers: who sets a listener after one must not hear of what it answered.
    std::function<void()> afterBatch;
    std::function<void(std::vector<StoredEvent>)> tell;
    {
        const std::lock_guard lock(mutex);
        afterBatch = batchEnd;
        tell = listener;
    }
    for (Append &item : batch) {
        if (item.done)
            item.done(item.outcome);
    }
    if (afterBatch)
        afterBatch();
    if (tell && !fresh.empty())
        tell(std::move(fresh));
}

/// One transaction for the batch. SQLITE_OK means durable; anything else that nothing of it is stored.
int Journal::Private::store(std::vector<Append> &batch)
{
    if (isViewing && !becomesWritable())
        return SQLITE_READONLY;
    JournalWriter &to = *writer.load();
    if (to.db.isDetached()) {
        noteFailure(Error{Error::Kind::Local, 0, "the journal's file was deleted or replaced: " + file.string(), {}});
        return SQLITE_READONLY_DBMOVED;
    }
    const int status = to.store(batch);
    if (status == SQLITE_OK) {
        noteFailure({});
        return status;
    }
    noteFailure(to.db.lastError("the journal cannot store events"));
    if (to.rollBack() != SQLITE_OK)
        noteFailure(to.db.lastError("the journal cannot roll back"));
    return status;
}

/// While storing fails: whether that is over. At most once a second. Who is told of a failure may send no event before
/// it is over, so that no event would show it.
void Journal::Private::tryToStore()
{
    const auto now = std::chrono::steady_clock::now();
    JournalWriter &to = *writer.load();
    if (now < nextTry || to.db.isDetached())
        return;
    nextTry = now + tryAgainEvery;
    if (to.tryWriting() == SQLITE_OK)
        noteFailure({});
    else if (to.rollBack() != SQLITE_OK)
        noteFailure(to.db.lastError("the journal cannot roll back"));
}

bool Journal::Private::isFailing()
{
    const std::lock_guard lock(mutex);
    return failureOfLast.has_value();
}

void Journal::Private::noteFailure(std::optional<Error> error)
{
    const std::lock_guard lock(mutex);
    if (error && !failureOfLast)
        qCWarning(logJournal, "events are refused: %s", error->message.c_str());
    else if (!error && failureOfLast)
        qCWarning(logJournal, "events are stored again");
    failureOfLast = std::move(error);
}

void Journal::Private::noteDamage(std::int64_t rows)
{
    damagedRows.fetch_add(rows, std::memory_order_relaxed);
    std::ofstream mark(journalMarkOf(file)); // without it the next open finds out when it meets the same row
}

Journal::Journal(std::unique_ptr<Private> p) : d(std::move(p))
{
    d->thread = std::thread([state = d.get()] { state->run(); });
}

Journal::~Journal()
{
    {
        const std::lock_guard lock(d->mutex);
        d->stopping = true;
    }
    d->wake.notify_one();
    d->thread.join();
}

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path &file)
{
    return open(file, Options{});
}

/// While nothing can be written: whether that is over. At most once a second.
bool Journal::Private::becomesWritable()
{
    const auto now = std::chrono::steady_clock::now();
    if (now < nextTry)
        return false;
    nextTry = now + tryAgainEvery;
    if (obstacleToWriting(file))
        return false;
    auto database = openJournalChecked(file, options);
    const auto total = database ? database->queryInteger("SELECT count(*) FROM events") : Result<std::int64_t>(0);
    const auto top = database ? database->queryInteger("SELECT coalesce(max(seq), 0) FROM events") : total;
    if (!database || !total || !top) {
        noteFailure(!database ? database.error() : !total ? total.error() : top.error());
        return false;
    }
    auto fresh = makeWriter(std::move(*database));
    if (const auto fine = fresh->check(); !fine) {
        noteFailure(fine.error());
        return false;
    }
    // Connections that read a log a crash has left share its index with this one, and theirs cannot be written.
    if (fresh->begin.run() != SQLITE_OK || fresh->rollback.run() != SQLITE_OK) {
        noteFailure(Error{Error::Kind::Local, 0,
                          "the folder " + file.parent_path().string()
                              + " can be written again: start the program again to go on",
                          "view_only"});
        return false;
    }
    fresh->upkeep.holdAs(upkeep());
    count = *total;
    lastSeq = *top;
    writer = fresh.get();
    writers.push_back(std::move(fresh)); // the former one stays: another thread may be asking it
    isViewing = false;
    noteFailure({});
    return true;
}

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path &file, Options options)
{
    if (auto finished = finishSalvage(file); !finished)
        return failure(std::move(finished.error()));
    std::optional<SalvageReport> salvaged;
    auto database = openJournalChecked(file, options);
    const bool hasBadHeader = !database
        && (database.error().code == "foreign_database" || database.error().code == "newer_schema")
        && isJournalInside(file);
    if (hasBadHeader || (!database && isDamage(database.error()))) {
        auto report = salvageJournal(file, database.error().message);
        if (!report)
            return failure(std::move(report.error()));
        salvaged = std::move(*report);
        database = openJournalChecked(file, options);
    }
    const auto obstacle = database ? std::nullopt : obstacleToWriting(file);
    std::error_code ignored;
    if (obstacle && std::filesystem::exists(file, ignored))
        database = viewJournalFile(file);
    if (!database)
        return failure(std::move(database.error()));
    if (!obstacle)
        std::filesystem::remove(journalMarkOf(file), ignored);
    const auto count = database->queryInteger("SELECT count(*) FROM events");
    if (!count)
        return failure(count.error());
    const auto lastSeq = database->queryInteger("SELECT coalesce(max(seq), 0) FROM events");
    if (!lastSeq)
        return failure(lastSeq.error());

    auto state = std::make_unique<Private>(file, options);
    state->writers.push_back(state->makeWriter(std::move(*database)));
    state->writer = state->writers.back().get();
    if (const auto fine = state->writer.load()->check(); !fine)
        return failure(fine.error());
    state->isViewing = obstacle.has_value();
    if (obstacle)
        state->upkeep().forgo();
    state->failureOfLast = obstacle;
    state->salvaged = std::move(salvaged);
    state->count = *count;
    state->lastSeq = *lastSeq;
    return std::unique_ptr<Journal>(new Journal(std::move(state)));
}

void Journal::append(Event event, Done done)
{
    if (event.raw.empty())
        event.raw = encodeEvent(event);
    Append item{std::move(event), std::move(done)};
    bool wasEmpty = false, fits = false;
    {
        const std::lock_guard lock(d->mutex);
        wasEmpty = d->queue.size() == 0;
        fits = d->queue.push(item);
    }
    if (!fits) {
        if (item.done)
            item.done(Outcome::Busy);
        return;
    }
    if (wasEmpty)
        d->wake.notify_one();
}

void Journal::setBulk(bool isBulk)
{
    {
        const std::lock_guard lock(d->mutex);
        d->bulkCount += isBulk ? 1 : -1;
    }
    d->wake.notify_one(); // upkeep has waited for the end of it
}

void Journal::setListener(std::function<void(std::vector<StoredEvent>)> listener)
{
    const std::lock_guard lock(d->mutex);
    d->listener = std::move(listener);
}

void Journal::setBatchEnd(std::function<void()> batchEnd)
{
    const std::lock_guard lock(d->mutex);
    d->batchEnd = std::move(batchEnd);
}

Result<> Journal::replay(std::int64_t afterSeq, const std::function<void(std::span<const StoredEvent>)> &consume) const
{
    return replayWhile(afterSeq, [&consume](std::span<const StoredEvent> events) {
        consume(events);
        return true;
    });
}

Result<> Journal::replayWhile(std::int64_t afterSeq,
                              const std::function<bool(std::span<const StoredEvent>)> &consume) const
{
    auto database = Database::open(d->file, Database::Mode::ReadOnly);
    if (!database)
        return failure(std::move(database.error()));
    Statement select(*database, selectEventsAfterSql);
    std::vector<StoredEvent> chunk;
    for (;;) {
        // A statement per chunk: a long read transaction would keep the write-ahead log from being reused.
        const ReadResult read = readEvents(select.bind(1, afterSeq), chunkRows, chunkByteLimit, chunk);
        if (read.damaged > 0 || (read.status & 0xff) == SQLITE_CORRUPT)
            d->noteDamage(read.damaged);
        if (read.status != SQLITE_OK)
            return failure(database->lastError("the journal cannot be read"));
        if (read.lastSeq == 0)
            return {};
        afterSeq = read.lastSeq;
        if (!chunk.empty() && !consume(chunk))
            return {};
    }
}

Result<std::vector<StoredEvent>> Journal::newest(std::size_t limit, std::int64_t beforeSeq) const
{
    auto database = Database::open(d->file, Database::Mode::ReadOnly);
    if (!database)
        return failure(std::move(database.error()));
    Statement select(*database, selectEventsBeforeSql);
    std::vector<StoredEvent> events;
    select.bind(1, beforeSeq > 0 ? beforeSeq : INT64_MAX);
    if (readEvents(select, limit, SIZE_MAX, events).status != SQLITE_OK)
        return failure(database->lastError("the journal cannot be read"));
    return events;
}

bool Journal::holdTables(const std::function<bool()> &isStopped) const
{
    return d->upkeep().hold(isStopped);
}

std::int64_t Journal::foldedSeq() const
{
    return d->upkeep().foldedSeq();
}

const std::filesystem::path &Journal::file() const
{
    return d->file;
}

std::int64_t Journal::count() const
{
    return d->count.load(std::memory_order_relaxed);
}

std::int64_t Journal::lastSeq() const
{
    return d->lastSeq.load(std::memory_order_relaxed);
}

const std::optional<SalvageReport> &Journal::salvaged() const
{
    return d->salvaged;
}

std::int64_t Journal::damagedRows() const
{
    return d->damagedRows.load(std::memory_order_relaxed);
}

std::optional<Error> Journal::lastFailure() const
{
    const std::lock_guard lock(d->mutex);
    return d->failureOfLast;
}

} // namespace sandglass::lifecycle
