#include "services/engine/api/webhookstore.h"

#include <algorithm>

namespace sandglass::engine {

namespace {

constexpr std::string_view kColumns = "id, name, url, events, enabled, secret, created_ns";

Webhook webhookFrom(const Statement &row, int first)
{
    Webhook webhook;
    webhook.id = row.text(first);
    webhook.name = row.text(first + 1);
    webhook.url = row.text(first + 2);
    for (const Json &type : parseJson(row.text(first + 3)).value_or(Json::array())) {
        if (type.is_string())
            webhook.events.push_back(type.get<std::string>());
    }
    webhook.enabled = row.integer(first + 4) != 0;
    webhook.secret = row.text(first + 5);
    webhook.createdAt = fromUnixNs(row.integer(first + 6));
    return webhook;
}

/// Columns minimum, average (cut to whole milliseconds) and maximum from `first` on.
Json durationJson(const Statement &row, int first)
{
    return {{"minimum", row.integer(first)}, {"average", row.integer(first + 1)}, {"maximum", row.integer(first + 2)}};
}

std::string select(std::string_view rest)
{
    return "SELECT " + std::string(kColumns) + " FROM webhooks " + std::string(rest);
}

} // namespace

WebhookStore::WebhookStore(std::shared_ptr<Database> database, std::string teamId)
    : m_database(std::move(database)), m_teamId(std::move(teamId))
{}

std::vector<Webhook> WebhookStore::all()
{
    std::vector<Webhook> found;
    auto rows = m_database->prepare(select("ORDER BY created_ns, id"));
    while (rows.step())
        found.push_back(webhookFrom(rows, 0));
    return found;
}

std::optional<Webhook> WebhookStore::find(const std::string &id)
{
    auto rows = m_database->prepare(select("WHERE id = ?"));
    rows.bind(id);
    return rows.step() ? std::optional(webhookFrom(rows, 0)) : std::nullopt;
}

Result<> WebhookStore::save(const Webhook &webhook)
{
    const bool saved = m_database->prepare("INSERT OR REPLACE INTO webhooks VALUES(?, ?, ?, ?, ?, ?, ?)")
                           .bind(webhook.id)
                           .bind(webhook.name)
                           .bind(webhook.url)
                           .bind(dumpJson(Json(webhook.events)))
                           .bind(std::int64_t{webhook.enabled})
                           .bind(webhook.secret)
                           .bind(toUnixNs(webhook.createdAt))
                           .run();
    if (!saved)
        return failure(Error::Kind::Local, "cannot save the webhook: " + m_database->lastError(), 500);
    return {};
}

bool WebhookStore::remove(const std::string &id)
{
    Transaction transaction(*m_database);
    if (!m_database->prepare("DELETE FROM webhooks WHERE id = ?").bind(id).run() || m_database->changes() == 0)
        return false;
    return m_database->prepare("DELETE FROM outbox WHERE webhook_id = ?").bind(id).run()
        && m_database->prepare("DELETE FROM deliveries WHERE webhook_id = ?").bind(id).run() && transaction.commit();
}

std::vector<OwedDelivery> WebhookStore::due(Timestamp now, int limit, const std::vector<std::int64_t> &inFlight)
{
    auto rows = m_database->prepare(
        "SELECT o.seq, o.attempts, e.id, e.type, e.timestamp_ns, e.sandbox_id, e.execution_id, e.template_id,"
        " e.build_id, e.data, w.id, w.name, w.url, w.events, w.enabled, w.secret, w.created_ns"
        " FROM outbox o JOIN events e ON e.seq = o.event_seq JOIN webhooks w ON w.id = o.webhook_id"
        " WHERE o.next_ms <= ?1 AND o.seq NOT IN (SELECT value FROM json_each(?2)) ORDER BY o.seq LIMIT ?3");
    rows.bind(toUnixMs(now)).bind(dumpJson(Json(inFlight))).bind(std::int64_t{limit});
    std::vector<OwedDelivery> found;
    while (rows.step()) {
        found.push_back({rows.integer(0),
                         static_cast<int>(rows.integer(1)),
                         {rows.text(2), rows.text(3), fromUnixNs(rows.integer(4)), rows.text(5), rows.text(6),
                          rows.text(7), rows.text(8), m_teamId, parseJson(rows.text(9)).value_or(Json::object())},
                         webhookFrom(rows, 10)});
    }
    return found;
}

std::optional<Timestamp> WebhookStore::nextDue(const std::vector<std::int64_t> &inFlight)
{
    auto rows =
        m_database->prepare("SELECT min(next_ms) FROM outbox WHERE seq NOT IN (SELECT value FROM json_each(?))");
    rows.bind(dumpJson(Json(inFlight)));
    if (!rows.step() || rows.isNull(0))
        return std::nullopt;
    return fromUnixMs(rows.integer(0));
}

bool WebhookStore::record(const OwedDelivery &owed, const DeliveryAttempt &attempt, std::optional<Timestamp> retryAt)
{
    Transaction transaction(*m_database);
    const bool filed = m_database
                           ->prepare("INSERT INTO deliveries(webhook_id, event_id, timestamp_ms, success, event_type,"
                                     " duration_ms, record) VALUES(?, ?, ?, ?, ?, ?, ?)")
                           .bind(owed.webhook.id)
                           .bind(owed.event.id)
                           .bind(toUnixMs(attempt.timestamp))
                           .bind(std::int64_t{attempt.success})
                           .bind(owed.event.type)
                           .bind(attempt.durationMs)
                           .bind(dumpJson(attempt.record))
                           .run();
    const bool moved = retryAt ? m_database->prepare("UPDATE outbox SET attempts = ?, next_ms = ? WHERE seq = ?")
                                     .bind(std::int64_t{owed.attempts + 1})
                                     .bind(toUnixMs(*retryAt))
                                     .bind(owed.seq)
                                     .run()
                               : m_database->prepare("DELETE FROM outbox WHERE seq = ?").bind(owed.seq).run();
    return filed && moved && transaction.commit();
}

Json WebhookStore::deliveries(const std::string &webhookId, const DeliveryQuery &query)
{
    // A page is a run of events; the cursor is the number of events before it.
    std::string sql = "SELECT event_id, min(seq) AS first, json_group_array(json(record)) FROM"
                      " (SELECT * FROM deliveries WHERE webhook_id = ?1 AND timestamp_ms >= ?2 AND timestamp_ms < ?3"
                      "  AND (?4 = '[]' OR iif(success, 'success', 'failed') IN (SELECT value FROM json_each(?4)))"
                      "  AND (?5 = '[]' OR event_type IN (SELECT value FROM json_each(?5))) ORDER BY seq)"
                      " GROUP BY event_id ORDER BY first ";
    sql += query.ascending ? "ASC" : "DESC";
    sql += " LIMIT ?6 OFFSET ?7";
    auto rows = m_database->prepare(sql);
    rows.bind(webhookId).bind(query.startMs).bind(query.endMs);
    rows.bind(dumpJson(Json(query.statuses))).bind(dumpJson(Json(query.eventTypes)));
    rows.bind(std::int64_t{query.limit} + 1).bind(std::int64_t{query.offset});
    Json data = Json::array();
    while (rows.step()) {
        const Json attempts = parseJson(rows.text(2)).value_or(Json::array());
        const Json head = attempts.empty() ? Json::object() : attempts.front();
        data.push_back({{"eventId", rows.text(0)},
                        {"eventType", stringOr(head, "eventType")},
                        {"sandboxId", stringOr(head, "sandboxId")},
                        {"attempts", attempts}});
    }
    Json cursor = nullptr;
    if (data.size() > static_cast<std::size_t>(query.limit)) {
        data.erase(data.size() - 1);
        cursor = std::to_string(query.offset + query.limit);
    }
    return {{"data", data}, {"nextCursor", cursor}};
}

Json WebhookStore::statistics(const std::string &webhookId, std::int64_t startMs, std::int64_t endMs)
{
    constexpr std::int64_t kBucketMs = 3'600'000;
    Json buckets = Json::array();
    auto rows = m_database->prepare(
        "SELECT timestamp_ms / ?4, count(*), sum(success = 0), min(duration_ms), avg(duration_ms),"
        " max(duration_ms) FROM deliveries"
        " WHERE webhook_id = ?1 AND timestamp_ms >= ?2 AND timestamp_ms < ?3 GROUP BY 1 ORDER BY 1");
    rows.bind(webhookId).bind(startMs).bind(endMs).bind(kBucketMs);
    while (rows.step()) {
        buckets.push_back({{"timestamp", formatRfc3339(fromUnixMs(rows.integer(0) * kBucketMs))},
                           {"total", rows.integer(1)},
                           {"failed", rows.integer(2)},
                           {"durationMs", durationJson(rows, 3)}});
    }
    auto sum = m_database->prepare("SELECT count(*), coalesce(sum(success = 0), 0), coalesce(min(duration_ms), 0),"
                                   " coalesce(avg(duration_ms), 0), coalesce(max(duration_ms), 0) FROM deliveries"
                                   " WHERE webhook_id = ?1 AND timestamp_ms >= ?2 AND timestamp_ms < ?3");
    sum.bind(webhookId).bind(startMs).bind(endMs);
    (void)sum.step(); // an aggregate always has its row; without one everything reads as 0
    return {{"buckets", buckets},
            {"total", sum.integer(0)},
            {"failed", sum.integer(1)},
            {"durationMs", durationJson(sum, 2)}};
}

Json WebhookStore::toJson(const Webhook &webhook) const
{
    return {{"id", webhook.id},        {"name", webhook.name}, {"createdAt", formatRfc3339(webhook.createdAt)},
            {"teamId", m_teamId},      {"url", webhook.url},   {"enabled", webhook.enabled},
            {"events", webhook.events}};
}

} // namespace sandglass::engine
