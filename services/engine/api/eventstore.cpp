#include "services/engine/api/eventstore.h"

#include "services/core/ids.h"

namespace sandglass::engine {

namespace {

constexpr const char *kSchema = R"sql(
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, timestamp_ns INTEGER NOT NULL,
  sandbox_id TEXT NOT NULL, execution_id TEXT NOT NULL, template_id TEXT NOT NULL, build_id TEXT NOT NULL,
  data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_by_sandbox ON events(sandbox_id, seq);
CREATE INDEX IF NOT EXISTS events_by_time ON events(timestamp_ns);
CREATE TABLE IF NOT EXISTS sandboxes(id TEXT PRIMARY KEY, trace TEXT NOT NULL, last_seen_ns INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS webhooks(
  id TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL, enabled INTEGER NOT NULL,
  secret TEXT NOT NULL, created_ns INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox(
  seq INTEGER PRIMARY KEY, event_seq INTEGER NOT NULL, webhook_id TEXT NOT NULL, attempts INTEGER NOT NULL,
  next_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_by_time ON outbox(next_ms);
CREATE TABLE IF NOT EXISTS deliveries(
  seq INTEGER PRIMARY KEY, webhook_id TEXT NOT NULL, event_id TEXT NOT NULL, timestamp_ms INTEGER NOT NULL,
  success INTEGER NOT NULL, event_type TEXT NOT NULL, duration_ms INTEGER NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_by_webhook ON deliveries(webhook_id, event_id);
)sql";

std::string traceText(const SandboxTrace &trace)
{
    return dumpJson({{"execution_id", trace.executionId},
                     {"template_id", trace.templateId},
                     {"build_id", trace.buildId},
                     {"paused", trace.paused},
                     {"started_ns", toUnixNs(trace.execution.startedAt)},
                     {"vcpu_count", trace.execution.vcpuCount},
                     {"memory_mb", trace.execution.memoryMb},
                     {"metadata", trace.metadata}});
}

SandboxTrace traceFrom(const std::string &id, const Json &json, std::int64_t lastSeenNs)
{
    SandboxTrace trace;
    trace.sandboxId = id;
    trace.executionId = stringOr(json, "execution_id");
    trace.templateId = stringOr(json, "template_id");
    trace.buildId = stringOr(json, "build_id");
    trace.paused = boolOr(json, "paused");
    trace.execution.startedAt = fromUnixNs(intOr(json, "started_ns"));
    trace.execution.vcpuCount = static_cast<int>(intOr(json, "vcpu_count"));
    trace.execution.memoryMb = static_cast<int>(intOr(json, "memory_mb"));
    trace.lastSeen = fromUnixNs(lastSeenNs);
    for (const auto &[key, value] : memberOr(json, "metadata").items()) {
        if (value.is_string())
            trace.metadata.emplace(key, value.get<std::string>());
    }
    return trace;
}

} // namespace

Result<std::unique_ptr<EventStore>> EventStore::open(std::shared_ptr<Database> database)
{
    std::unique_ptr<EventStore> store(new EventStore(std::move(database)));
    Database &db = *store->m_database;
    if (!db.execute(kSchema))
        return failure(Error::Kind::Local, "cannot prepare the engine's database: " + db.lastError());
    if (!db.prepare("INSERT OR IGNORE INTO meta VALUES('team_id', ?)").bind(newUuid()).run())
        return failure(Error::Kind::Local, "cannot write the engine's database: " + db.lastError());
    auto team = db.prepare("SELECT value FROM meta WHERE key = 'team_id'");
    if (team.step())
        store->m_teamId = team.text(0);
    return store;
}

bool EventStore::insertEvent(const LifecycleRecord &r)
{
    return m_database
        ->prepare("INSERT INTO events(id, type, timestamp_ns, sandbox_id, execution_id, template_id, build_id, data)"
                  " VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(r.id)
        .bind(r.type)
        .bind(toUnixNs(r.timestamp))
        .bind(r.sandboxId)
        .bind(r.executionId)
        .bind(r.templateId)
        .bind(r.buildId)
        .bind(dumpJson(r.eventData))
        .run();
}

bool EventStore::oweDeliveries(const LifecycleRecord &record)
{
    return m_database
        ->prepare("INSERT INTO outbox(event_seq, webhook_id, attempts, next_ms)"
                  " SELECT last_insert_rowid(), id, 0, 0 FROM webhooks"
                  " WHERE enabled = 1 AND EXISTS(SELECT 1 FROM json_each(webhooks.events) WHERE value = ?)")
        .bind(record.type)
        .run();
}

bool EventStore::saveTrace(const std::string &sandboxId, const std::optional<SandboxTrace> &trace)
{
    if (!trace)
        return m_database->prepare("DELETE FROM sandboxes WHERE id = ?").bind(sandboxId).run();
    return m_database->prepare("INSERT OR REPLACE INTO sandboxes VALUES(?, ?, ?)")
        .bind(sandboxId)
        .bind(traceText(*trace))
        .bind(toUnixNs(trace->lastSeen))
        .run();
}

Result<> EventStore::append(const LifecycleRecord &record, const std::optional<SandboxTrace> &trace)
{
    Transaction transaction(*m_database);
    if (insertEvent(record) && oweDeliveries(record) && saveTrace(record.sandboxId, trace) && transaction.commit())
        return {};
    return failure(Error::Kind::Local, "cannot record the event: " + m_database->lastError(), 500);
}

void EventStore::touchSandboxes(Timestamp now)
{
    (void)m_database->prepare("UPDATE sandboxes SET last_seen_ns = ?").bind(toUnixNs(now)).run();
}

std::vector<SandboxTrace> EventStore::traces()
{
    std::vector<SandboxTrace> found;
    auto rows = m_database->prepare("SELECT id, trace, last_seen_ns FROM sandboxes");
    while (rows.step())
        found.push_back(traceFrom(rows.text(0), parseJson(rows.text(1)).value_or(Json::object()), rows.integer(2)));
    return found;
}

std::vector<LifecycleRecord> EventStore::events(const Query &query)
{
    std::string sql = "SELECT id, type, timestamp_ns, sandbox_id, execution_id, template_id, build_id, data FROM events"
                      " WHERE (?1 = '' OR sandbox_id = ?1)"
                      " AND (?2 = '[]' OR type IN (SELECT value FROM json_each(?2)))";
    sql += query.ascending ? " ORDER BY timestamp_ns, seq" : " ORDER BY timestamp_ns DESC, seq DESC";
    sql += " LIMIT ?3 OFFSET ?4";
    auto rows = m_database->prepare(sql);
    rows.bind(query.sandboxId).bind(dumpJson(Json(query.types)));
    rows.bind(std::int64_t{query.limit}).bind(std::int64_t{query.offset});
    std::vector<LifecycleRecord> found;
    while (rows.step()) {
        found.push_back({rows.text(0), rows.text(1), fromUnixNs(rows.integer(2)), rows.text(3), rows.text(4),
                         rows.text(5), rows.text(6), m_teamId, parseJson(rows.text(7)).value_or(Json::object())});
    }
    return found;
}

void EventStore::prune(Timestamp before)
{
    (void)m_database->prepare("DELETE FROM events WHERE timestamp_ns < ? AND seq NOT IN (SELECT event_seq FROM outbox)")
        .bind(toUnixNs(before))
        .run();
    (void)m_database->prepare("DELETE FROM deliveries WHERE timestamp_ms < ?").bind(toUnixMs(before)).run();
}

} // namespace sandglass::engine
