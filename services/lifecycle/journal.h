#pragma once

#include "services/core/result.h"
#include "services/lifecycle/event.h"
#include "services/lifecycle/salvage.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace sandglass::lifecycle {

struct StoredEvent
{
    std::int64_t seq = 0; ///< order of arrival, from 1, never reused
    Event event;
};

/// The truth: an append-only SQLite table of lifecycle events (WAL, synchronous FULL). One writer thread
/// commits whatever has queued up since the last commit, so that many waiting appends share one fsync.
class Journal final
{
public:
    enum class Outcome {
        Stored,
        Duplicate, ///< an event of that id is durable already
        Failed,    ///< nothing of this commit is in the journal; lastFailure() says why
        Busy,      ///< queue full, or another process holds the database: try again later
    };
    using Done = std::function<void(Outcome)>;

    struct Options
    {
        std::size_t queueLimit = 20'000;              ///< appends waiting; above it: Busy
        std::size_t queueByteLimit = 64U << 20;       ///< their bodies together; above it: Busy
        std::size_t batchLimit = 1'000;               ///< appends in one commit
        std::chrono::milliseconds busyTimeout{5'000}; ///< wait for another process's lock; then Busy
        std::size_t hotLimit = 20'000;                ///< ended sandboxes that a start loads; older ones are cold
        std::chrono::hours keepFor{0};        ///< events leave when they are older, what they cost stays; 0 = never
        std::uintmax_t checkLimit = 8U << 20; ///< files up to this size are read wholly at open: some 30 ms
    };

    /// Creates the file (0600), its folder and its schema when missing; brings an older schema to the present one.
    /// A damaged file is salvaged: what verifies goes on in a fresh file, see salvaged(). Where nothing can be written
    /// it shows what is there, see lastFailure(). Error: not a database, another program's, newer schema.
    [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::filesystem::path &file, Options options);
    [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::filesystem::path &file);
    ~Journal(); ///< commits what is queued, then closes
    Journal(const Journal &) = delete;
    Journal &operator=(const Journal &) = delete;

    /// Thread-safe. `done` runs on the writer thread after the fsync that made the event durable; it must not
    /// block. When the queue is full it runs at once, in the caller's thread, with Busy. An event without an
    /// id is refused (Failed); one without `raw` is kept in its wire form.
    void append(Event event, Done done);

    /// For an import: larger commits, so that each page of the index is written once for many events. Answers to others
    /// take longer meanwhile. Calls nest. Thread-safe.
    void setBulk(bool isBulk);

    /// Called on the writer thread after each commit with the events that are new. Set before the first
    /// append.
    void setListener(std::function<void(std::vector<StoredEvent>)> listener);
    /// Called on the writer thread after the done callbacks of one commit: the place to wake waiting peers
    /// once.
    void setBatchEnd(std::function<void()> batchEnd);

    /// Events in order of seq, from `afterSeq` on, in chunks; own read connection, any thread.
    [[nodiscard]] Result<> replay(std::int64_t afterSeq,
                                  const std::function<void(std::span<const StoredEvent>)> &consume) const;
    /// The same until `consume` answers false.
    [[nodiscard]] Result<> replayWhile(std::int64_t afterSeq,
                                       const std::function<bool(std::span<const StoredEvent>)> &consume) const;
    /// Newest first, at most `limit`, before `beforeSeq` (0 = from the end): paging for tables. Any thread.
    [[nodiscard]] Result<std::vector<StoredEvent>> newest(std::size_t limit, std::int64_t beforeSeq = 0) const;
    /// Waits until the derived tables (snapshot.h) are as near to the events as they get, which for most starts they
    /// are at once; from then on no sandbox moves between hot and cold, so that a reader's picture stays true. False
    /// when `isStopped` said so first. Any thread but the writer's.
    [[nodiscard]] bool holdTables(const std::function<bool()> &isStopped) const;
    /// Number of the last event in the derived tables.
    [[nodiscard]] std::int64_t foldedSeq() const;
    [[nodiscard]] const std::filesystem::path &file() const;
    [[nodiscard]] std::int64_t count() const; ///< thread-safe, kept in memory
    [[nodiscard]] std::int64_t lastSeq() const;
    /// What had to be salvaged when this journal was opened.
    [[nodiscard]] const std::optional<SalvageReport> &salvaged() const;
    /// Rows met so far whose checksum does not fit: left out of every answer. The next open salvages. Thread-safe.
    [[nodiscard]] std::int64_t damagedRows() const;
    /// Why the last commit failed, until one goes through; "view_only" until the folder can be written. Thread-safe.
    [[nodiscard]] std::optional<Error> lastFailure() const;

private:
    struct Private;
    explicit Journal(std::unique_ptr<Private> p);
    std::unique_ptr<Private> d;
};

} // namespace sandglass::lifecycle
