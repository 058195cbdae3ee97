#include "services/lifecycle/restapishapes.h"

#include "services/core/json.h"
#include "services/lifecycle/journal.h"

#include <charconv>
#include <limits>
#include <optional>

namespace sandglass::lifecycle {

namespace {

constexpr std::size_t defaultLimit = 100;
constexpr std::size_t highestLimit = 1'000;
constexpr std::size_t scanLimit = 20'000; // events looked at for one answer: a filter may fit none

struct Query
{
    std::optional<std::int64_t> cursor;
    std::size_t limit = defaultLimit;
    bool isNewestFirst = false;
    std::string type;
    std::string sandboxId;
    std::string session;

    [[nodiscard]] bool fits(const Event &event) const
    {
        return (sandboxId.empty() || event.sandboxId == sandboxId) && (session.empty() || event.session == session)
            && (type.empty() || event.typeName == type || toString(event.type) == type);
    }
};

std::optional<std::int64_t> numberOf(std::string_view text)
{
    std::int64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc() || end != text.data() + text.size() || number < 0)
        return std::nullopt;
    return number;
}

/// The query, or what is wrong with it.
Result<Query> readQuery(std::string_view text)
{
    Query query;
    for (const auto &[name, value] : http::parseQuery(text)) {
        if (name == "cursor" && !value.empty()) {
            query.cursor = numberOf(value);
            if (!query.cursor)
                return failure(Error::Kind::Local, "cursor is not one of ours");
        } else if (name == "limit") {
            const auto limit = numberOf(value).value_or(0);
            if (limit < 1 || limit > static_cast<std::int64_t>(highestLimit))
                return failure(Error::Kind::Local, "limit is a number from 1 to 1000");
            query.limit = static_cast<std::size_t>(limit);
        } else if (name == "order") {
            if (value != "asc" && value != "desc")
                return failure(Error::Kind::Local, "order is asc or desc");
            query.isNewestFirst = value == "desc";
        } else if (name == "type") {
            query.type = value;
        } else if (name == "sandbox_id") {
            query.sandboxId = value;
        } else if (name == "session") {
            query.session = value;
        }
    }
    return query;
}

Json eventJson(const StoredEvent &stored)
{
    constexpr std::array sources = {"webhook", "poll", "import"};
    auto parsed = parseJson(encodeEvent(stored.event));
    Json json = parsed ? std::move(*parsed) : Json::object();
    json["seq"] = stored.seq;
    json["received_at"] = isoTime(stored.event.receivedAt);
    json["source"] = sources[static_cast<std::size_t>(stored.event.source)];
    if (!stored.event.session.empty())
        json["session"] = stored.event.session;
    return json;
}

/// One page as it grows.
struct Page
{
    Json events = Json::array();
    std::int64_t last = 0; ///< seq of the last event looked at
    std::size_t scanned = 0;
    bool hasMore = false;

    /// False when the page is complete: `stored` and what follows are for the next.
    bool take(const StoredEvent &stored, const Query &query)
    {
        if (events.size() == query.limit || scanned == scanLimit) {
            hasMore = true;
            return false;
        }
        ++scanned;
        last = stored.seq;
        if (query.fits(stored.event))
            events.push_back(eventJson(stored));
        return true;
    }
};

Result<> readOldestFirst(const Journal &journal, const Query &query, Page &page)
{
    page.last = query.cursor.value_or(0);
    return journal.replayWhile(page.last, [&](std::span<const StoredEvent> chunk) {
        return std::ranges::all_of(chunk, [&](const StoredEvent &stored) { return page.take(stored, query); });
    });
}

Result<> readNewestFirst(const Journal &journal, const Query &query, Page &page)
{
    page.last = query.cursor.value_or(0);
    for (bool isGoingOn = true; isGoingOn;) {
        const auto chunk = journal.newest(query.limit + 1, page.last);
        if (!chunk)
            return failure(chunk.error());
        isGoingOn = !chunk->empty()
            && std::ranges::all_of(*chunk, [&](const StoredEvent &stored) { return page.take(stored, query); });
    }
    return {};
}

Result<std::int64_t> oldestSeq(const Journal &journal)
{
    std::int64_t oldest = 0;
    const auto done = journal.replayWhile(0, [&](std::span<const StoredEvent> chunk) {
        if (!chunk.empty())
            oldest = chunk.front().seq;
        return false;
    });
    if (!done)
        return failure(done.error());
    return oldest;
}

/// A cursor says where a reader stands. When events behind it are gone, going on in silence would look like "nothing
/// happened": the reader is told, and where it can start again.
std::optional<http::Response> refusalOfCursor(const Journal &journal, const Query &query, std::int64_t oldest)
{
    if (!query.cursor || *query.cursor == 0)
        return std::nullopt;
    const auto gone = [&](const char *reason, const char *message) {
        return http::Response::json(
            410, dumpJson({{"code", 410}, {"message", message}, {"reason", reason}, {"oldest_seq", oldest}}));
    };
    if (*query.cursor > journal.lastSeq() + (query.isNewestFirst ? 1 : 0))
        return gone("cursor_unknown", "The cursor is ahead of this journal: it belongs to another one");
    const bool isBehind = query.isNewestFirst ? *query.cursor < oldest : *query.cursor < oldest - 1;
    if (isBehind || (oldest == 0 && *query.cursor < journal.lastSeq()))
        return gone("cursor_expired", "The cursor has expired: events after it have been removed");
    return std::nullopt;
}

} // namespace

http::Response eventsAnswer(const Journal &journal, std::string_view text)
{
    const auto query = readQuery(text);
    if (!query)
        return http::Response::error(400, query.error().message);
    const auto oldest = oldestSeq(journal);
    if (!oldest)
        return http::Response::error(503, oldest.error().message);
    if (auto refusal = refusalOfCursor(journal, *query, *oldest))
        return std::move(*refusal);
    Page page;
    const auto read =
        query->isNewestFirst ? readNewestFirst(journal, *query, page) : readOldestFirst(journal, *query, page);
    if (!read)
        return http::Response::error(503, read.error().message);
    const std::size_t count = page.events.size();
    // Oldest first there is always a place to go on from: new events come. Newest first the beginning is the end.
    const bool hasCursor = page.hasMore || (!query->isNewestFirst && page.last > 0);
    return http::Response::json(200,
                                dumpJson({{"events", std::move(page.events)},
                                          {"count", count},
                                          {"has_more", page.hasMore},
                                          {"next_cursor", hasCursor ? Json(std::to_string(page.last)) : Json()}}));
}

} // namespace sandglass::lifecycle
