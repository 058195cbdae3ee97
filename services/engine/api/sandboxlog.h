#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/core/time.h"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

enum class LogLevel { Debug, Info, Warn, Error };

struct LogEntry
{
    Timestamp timestamp;
    LogLevel level = LogLevel::Info;
    const char *logger = "";    ///< "system", "process", "interpreter"
    const char *eventType = ""; ///< "stdout", "process_start", … or the type of a lifecycle event
    int pid = 0;                ///< 0 = none
    std::string message;
};

/// The query of GET /v2/sandboxes/{id}/logs.
struct LogQuery
{
    std::optional<std::int64_t> cursorMs; ///< forward: from then on; backward: up to then. Both include it.
    std::size_t limit = 1000;
    bool forward = false;
    LogLevel least = LogLevel::Debug;
    std::string search; ///< in the message, case counts
};
[[nodiscard]] Result<LogQuery> parseLogQuery(std::string_view query);
/// The older GET /sandboxes/{id}/logs: start and limit, oldest first.
[[nodiscard]] Result<LogQuery> parseOldLogQuery(std::string_view query);

/// "SandboxLogEntry" and "SandboxLog" of the specification; the line of the latter is itself a JSON text.
[[nodiscard]] Json logEntryJson(const LogEntry &entry);
[[nodiscard]] Json logLineJson(const LogEntry &entry);

struct LogBounds
{
    std::size_t entries = 5'000;
    std::size_t bytes = 1U << 20;
    std::size_t outputPerSecond = 1U << 20; ///< bytes of output that are looked at
};

/// What the processes of one sandbox and its lifecycle wrote. Bounded: the oldest entries go first, and an entry in
/// their place says how many went. At most 500 entries carry the same millisecond, so that a reader who goes on page by
/// page from the last cursor misses none. io thread only.
class SandboxLog final
{
public:
    explicit SandboxLog(LogBounds bounds = {}, Clock clock = systemNow);

    void add(LogEntry entry); ///< its timestamp is set here
    /// Whether so much output may be taken now. What may not is counted, and told by an entry.
    [[nodiscard]] bool admit(std::size_t outputBytes);

    [[nodiscard]] std::vector<LogEntry> select(const LogQuery &query) const;
    [[nodiscard]] std::size_t size() const { return m_entries.size(); }
    [[nodiscard]] std::size_t bytes() const { return m_bytes; }

private:
    [[nodiscard]] std::optional<LogEntry> missingOnes() const;
    void tellLeftOut();

    LogBounds m_bounds;
    Clock m_clock;
    std::deque<LogEntry> m_entries; ///< ascending in time
    std::size_t m_bytes = 0;
    std::int64_t m_dropped = 0;
    std::int64_t m_leftOut = 0; ///< bytes of output that came too fast, not told yet
    std::size_t m_taken = 0;    ///< of output in the second that began at m_second
    Timestamp m_second;
    Timestamp m_last;
};

/// Parts one stream of output into the lines of a log.
class LogLines final
{
public:
    /// `stamp`: what every line has in common. `log` may be null: nothing is kept.
    LogLines(std::shared_ptr<SandboxLog> log, LogEntry stamp);

    void add(std::string_view bytes);
    void flush(); ///< the stream has ended: what stands without a line end

private:
    void put(std::string_view line);

    std::shared_ptr<SandboxLog> m_log;
    LogEntry m_stamp;
    std::string m_open; ///< shorter than a line may be
};

} // namespace sandglass::engine
