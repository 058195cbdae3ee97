#include "services/engine/builds/buildlogs.h"

#include "services/engine/api/errors.h"
#include "services/engine/api/router.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sandglass::engine {

namespace {

constexpr std::int64_t kMostEntries = 20'000, kMostBytes = 16LL << 20;
constexpr std::size_t kMostMessage = 8U << 10;
constexpr std::array kLevels{"debug", "info", "warn", "error"};

constexpr const char *kTable = R"(
    CREATE TABLE IF NOT EXISTS template_build_logs(
        build_id TEXT NOT NULL,
        number   INTEGER NOT NULL,
        time_ns  INTEGER NOT NULL,
        level    INTEGER NOT NULL,
        message  TEXT NOT NULL,
        step     TEXT NOT NULL,
        PRIMARY KEY(build_id, number)) WITHOUT ROWID)";

template<typename Number>
Result<> readNumber(const http::Headers &query, const char *name, Number most, Number &into)
{
    if (!hasQuery(query, name))
        return {};
    const std::string text = queryValue(query, name);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    if (error != std::errc() || end != text.data() + text.size() || into < 0 || into > most)
        return refuse(400, std::string(name) + " has to be a whole number from 0 to " + std::to_string(most));
    return {};
}

std::vector<BuildLogEntry> entriesFrom(Statement rows)
{
    std::vector<BuildLogEntry> entries;
    while (rows.step())
        entries.push_back(
            {fromUnixNs(rows.integer(0)), static_cast<LogLevel>(rows.integer(1)), rows.text(2), rows.text(3)});
    return entries;
}

} // namespace

Json buildLogJson(const BuildLogEntry &entry)
{
    Json json{{"timestamp", formatRfc3339(entry.timestamp, 9)},
              {"message", entry.message},
              {"level", kLevels[std::clamp<std::size_t>(static_cast<std::size_t>(entry.level), 0, 3)]}};
    if (!entry.step.empty())
        json["step"] = entry.step;
    return json;
}

Result<BuildLogQuery> parseBuildLogQuery(std::string_view text)
{
    const http::Headers query = http::parseQuery(text);
    BuildLogQuery wanted;
    std::int64_t limit = 100, cursor = 0;
    if (auto read = readNumber(query, "logsOffset", std::int64_t{INT32_MAX}, wanted.offset); !read)
        return failure(read.error());
    if (auto read = readNumber(query, "limit", std::int64_t{100}, limit); !read)
        return failure(read.error());
    if (auto read = readNumber(query, "cursor", std::int64_t{INT64_MAX / 1'000'000}, cursor); !read)
        return failure(read.error());
    wanted.limit = static_cast<std::size_t>(limit);
    if (hasQuery(query, "cursor"))
        wanted.cursorMs = cursor;
    if (const std::string level = queryValue(query, "level"); !level.empty()) {
        const auto known = std::ranges::find(kLevels, level);
        if (known == kLevels.end())
            return refuse(400, "Invalid level: " + level);
        wanted.least = static_cast<LogLevel>(known - kLevels.begin());
    }
    const std::string direction = queryValue(query, "direction", "forward");
    if (direction != "forward" && direction != "backward")
        return refuse(400, "Invalid direction: " + direction);
    wanted.forward = direction == "forward";
    return wanted;
}

Result<std::unique_ptr<BuildLogs>> BuildLogs::open(std::shared_ptr<Database> database)
{
    if (!database->execute(kTable))
        return failure(Error::Kind::Local, "cannot make the table of build logs: " + database->lastError());
    return std::unique_ptr<BuildLogs>(new BuildLogs(std::move(database)));
}

bool BuildLogs::insert(const std::string &buildId, Kept &kept, const BuildLogEntry &entry)
{
    kept.bytes += static_cast<std::int64_t>(entry.message.size());
    return m_database->prepare("INSERT OR REPLACE INTO template_build_logs VALUES(?, ?, ?, ?, ?, ?)")
        .bind(buildId)
        .bind(kept.entries++)
        .bind(toUnixNs(entry.timestamp))
        .bind(std::int64_t{static_cast<int>(entry.level)})
        .bind(entry.message)
        .bind(entry.step)
        .run();
}

bool BuildLogs::isFull(const std::string &buildId) const
{
    const auto kept = m_kept.find(buildId);
    return kept != m_kept.end() && kept->second.bytes >= 2 * kMostBytes;
}

void BuildLogs::add(const std::string &buildId, std::vector<BuildLogEntry> entries)
{
    Kept &kept = m_kept[buildId];
    Transaction transaction(*m_database);
    for (BuildLogEntry &entry : entries) {
        const bool isFull = kept.entries >= kMostEntries || kept.bytes >= kMostBytes;
        if (isFull && entry.level == LogLevel::Error && kept.entries < 2 * kMostEntries) {
            (void)insert(buildId, kept, entry); // why a build failed is told whatever it wrote before
        } else if (isFull) {
            if (kept.bytes < 2 * kMostBytes) {
                (void)insert(buildId, kept,
                             {entry.timestamp, LogLevel::Warn, "The rest of the output is left out.", entry.step});
                kept.bytes = 2 * kMostBytes;
            }
        } else {
            if (entry.message.size() > kMostMessage) {
                entry.message.resize(kMostMessage);
                entry.message += " …";
            }
            (void)insert(buildId, kept, entry);
        }
    }
    (void)transaction.commit();
}

std::vector<BuildLogEntry> BuildLogs::select(const std::string &buildId, const BuildLogQuery &query) const
{
    const std::string order = query.forward ? "ASC" : "DESC";
    const char *const range = query.forward ? "time_ns >= ?3" : "time_ns < ?3";
    auto rows = m_database->prepare("SELECT time_ns, level, message, step FROM template_build_logs WHERE build_id = ?1 "
                                    "AND level >= ?2 AND "
                                    + std::string(range) + " ORDER BY number " + order + " LIMIT ?4 OFFSET ?5");
    std::int64_t bound = query.forward ? INT64_MIN : INT64_MAX;
    if (query.cursorMs)
        bound = (*query.cursorMs + (query.forward ? 0 : 1)) * 1'000'000;
    rows.bind(buildId)
        .bind(std::int64_t{static_cast<int>(query.least)})
        .bind(bound)
        .bind(static_cast<std::int64_t>(query.limit))
        .bind(query.offset);
    return entriesFrom(std::move(rows));
}

std::vector<BuildLogEntry> BuildLogs::ofStep(const std::string &buildId, const std::string &step,
                                             std::size_t limit) const
{
    auto rows = m_database->prepare("SELECT time_ns, level, message, step FROM template_build_logs WHERE build_id = ? "
                                    "AND step = ? ORDER BY number DESC LIMIT ?");
    rows.bind(buildId).bind(step).bind(static_cast<std::int64_t>(limit));
    auto entries = entriesFrom(std::move(rows));
    std::ranges::reverse(entries);
    return entries;
}

} // namespace sandglass::engine
