#include "services/engine/api/sandboxlog.h"

#include "services/engine/api/errors.h"
#include "services/engine/api/router.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sandglass::engine {

namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warn", "error"};
constexpr std::size_t kMostLimit = 1000, kLongestSearch = 256, kLongestLine = 4096;
constexpr std::size_t kEntryBytes = sizeof(LogEntry);
constexpr std::chrono::microseconds kSpacing{2}; ///< 500 entries to the millisecond, half of a page

std::size_t bytesOf(const LogEntry &entry)
{
    return kEntryBytes + entry.message.size();
}

Result<std::optional<std::int64_t>> wholeNumber(const http::Headers &query, const char *name)
{
    const std::string text = queryValue(query, name);
    if (text.empty())
        return std::optional<std::int64_t>();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0)
        return refuse(400, std::string(name) + " has to be a whole number, 0 or more");
    return std::optional(value);
}

/// Where to cut before `limit` so that no UTF-8 character is torn.
std::size_t wholeCharacters(std::string_view text, std::size_t limit)
{
    std::size_t cut = limit;
    while (cut > limit - 4 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U)
        --cut;
    return cut;
}

Json fieldsOf(const LogEntry &entry)
{
    Json fields{{"logger", entry.logger}, {"event_type", entry.eventType}};
    if (entry.pid != 0)
        fields["pid"] = std::to_string(entry.pid);
    return fields;
}

std::string_view levelName(LogLevel level)
{
    return kLevels[static_cast<std::size_t>(level)];
}

} // namespace

Result<LogQuery> parseOldLogQuery(std::string_view text)
{
    const auto query = http::parseQuery(text);
    const auto start = wholeNumber(query, "start"), limit = wholeNumber(query, "limit");
    if (!start || !limit)
        return failure(start ? limit.error() : start.error());
    LogQuery parsed;
    parsed.forward = true;
    parsed.cursorMs = *start;
    parsed.limit = std::min<std::size_t>(static_cast<std::size_t>(limit->value_or(kMostLimit)), kMostLimit);
    return parsed;
}

Result<LogQuery> parseLogQuery(std::string_view text)
{
    const auto query = http::parseQuery(text);
    const auto cursor = wholeNumber(query, "cursor"), limit = wholeNumber(query, "limit");
    if (!cursor || !limit)
        return failure(cursor ? limit.error() : cursor.error());
    LogQuery parsed;
    parsed.cursorMs = *cursor;
    if (static_cast<std::size_t>(limit->value_or(0)) > kMostLimit)
        return refuse(400, "limit has to be 1000 or less");
    parsed.limit = static_cast<std::size_t>(limit->value_or(kMostLimit));
    const std::string direction = queryValue(query, "direction"), level = queryValue(query, "level");
    if (!direction.empty() && direction != "forward" && direction != "backward")
        return refuse(400, "direction has to be forward or backward");
    parsed.forward = direction == "forward";
    if (!level.empty()) {
        const auto found = std::find(kLevels.begin(), kLevels.end(), level);
        if (found == kLevels.end())
            return refuse(400, "level has to be debug, info, warn or error");
        parsed.least = static_cast<LogLevel>(found - kLevels.begin());
    }
    parsed.search = queryValue(query, "search");
    if (parsed.search.size() > kLongestSearch)
        return refuse(400, "search has to be 256 characters or less");
    return parsed;
}

Json logEntryJson(const LogEntry &entry)
{
    return {{"timestamp", formatRfc3339(entry.timestamp, 9)},
            {"level", levelName(entry.level)},
            {"message", entry.message},
            {"fields", fieldsOf(entry)}};
}

Json logLineJson(const LogEntry &entry)
{
    Json line = fieldsOf(entry);
    line["level"] = levelName(entry.level);
    line["message"] = entry.message;
    return {{"timestamp", formatRfc3339(entry.timestamp, 9)}, {"line", dumpJson(line)}};
}

SandboxLog::SandboxLog(LogBounds bounds, Clock clock) : m_bounds(bounds), m_clock(std::move(clock)) {}

void SandboxLog::add(LogEntry entry)
{
    entry.timestamp = m_last = std::max(m_clock(), m_last + kSpacing);
    m_bytes += bytesOf(entry);
    m_entries.push_back(std::move(entry));
    while (m_entries.size() > m_bounds.entries || m_bytes > m_bounds.bytes) {
        m_bytes -= bytesOf(m_entries.front());
        m_entries.pop_front();
        ++m_dropped;
    }
}

bool SandboxLog::admit(std::size_t outputBytes)
{
    const Timestamp now = m_clock();
    if (now - m_second >= std::chrono::seconds(1) || now < m_second) {
        m_second = now;
        m_taken = 0;
        tellLeftOut();
    }
    if (m_taken >= m_bounds.outputPerSecond) {
        m_leftOut += static_cast<std::int64_t>(outputBytes);
        return false;
    }
    m_taken += outputBytes;
    return true;
}

void SandboxLog::tellLeftOut()
{
    if (const std::int64_t bytes = std::exchange(m_leftOut, 0); bytes > 0)
        add({{},
             LogLevel::Warn,
             "system",
             "output_left_out",
             0,
             std::to_string(bytes) + " bytes of output are not in this log: they came too fast"});
}

std::optional<LogEntry> SandboxLog::missingOnes() const
{
    if (m_dropped == 0 || m_entries.empty())
        return std::nullopt;
    return LogEntry{m_entries.front().timestamp - kSpacing,
                    LogLevel::Warn,
                    "system",
                    "log_cut",
                    0,
                    std::to_string(m_dropped) + " older entries are gone: this log keeps the newest "
                        + std::to_string(m_bounds.entries)};
}

std::vector<LogEntry> SandboxLog::select(const LogQuery &query) const
{
    std::vector<LogEntry> found;
    const auto take = [&](const LogEntry &entry) {
        const std::int64_t ms = toUnixMs(entry.timestamp);
        const bool inTime = !query.cursorMs || (query.forward ? ms >= *query.cursorMs : ms <= *query.cursorMs);
        if (found.size() < query.limit && inTime && entry.level >= query.least
            && entry.message.find(query.search) != std::string::npos)
            found.push_back(entry);
    };
    const auto gone = missingOnes();
    if (query.forward) {
        if (gone)
            take(*gone);
        std::for_each(m_entries.begin(), m_entries.end(), take);
    } else {
        std::for_each(m_entries.rbegin(), m_entries.rend(), take);
        if (gone)
            take(*gone);
    }
    return found;
}

LogLines::LogLines(std::shared_ptr<SandboxLog> log, LogEntry stamp) : m_log(std::move(log)), m_stamp(std::move(stamp))
{}

void LogLines::add(std::string_view bytes)
{
    if (!m_log || !m_log->admit(bytes.size()))
        return;
    for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
        put(m_open.empty() ? bytes.substr(0, end) : std::string_view(m_open.append(bytes.substr(0, end))));
        m_open.clear();
        bytes.remove_prefix(end + 1);
    }
    m_open += bytes;
    if (m_open.size() >= kLongestLine) {
        put(m_open);
        m_open.clear();
    }
}

void LogLines::flush()
{
    if (m_log && !m_open.empty())
        put(m_open);
    m_open.clear();
}

void LogLines::put(std::string_view line)
{
    if (!line.empty() && line.back() == '\r')
        line.remove_suffix(1);
    do {
        const std::size_t length = line.size() <= kLongestLine ? line.size() : wholeCharacters(line, kLongestLine);
        LogEntry entry = m_stamp;
        entry.message = line.substr(0, length);
        m_log->add(std::move(entry));
        line.remove_prefix(length);
    } while (!line.empty());
}

} // namespace sandglass::engine
