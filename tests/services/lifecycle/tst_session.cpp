// The session of POST /webhooks/e2b/{session}: from the socket into the file, over restarts, into files and out of
// them, and out of the endpoint. Real sockets, real files.

#include "services/core/json.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/journalfile.h"
#include "services/lifecycle/receiver.h"
#include "services/lifecycle/restapi.h"
#include "services/lifecycle/restapilive.h"
#include "services/lifecycle/signature.h"
#include "services/lifecycle/transfer.h"
#include "services/lifecycle/transferevents.h"
#include "tests/services/http/rawclient.h"
#include "tests/services/lifecycle/events.h"
#include "tests/services/lifecycle/journalhelp.h"

#include <QTemporaryDir>
#include <QTest>

#include <future>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;
using sandglass::test::RawClient;

namespace {

namespace fs = std::filesystem;

const std::string secret = "sandglass-test-secret-0123456789abcdef";

std::string eventBody(const std::string &id)
{
    return R"({"version":"v2","id":")" + id
        + R"(","type":"sandbox.lifecycle.created","timestamp":"2026-08-20T10:15:30.5Z","sandbox_id":"sbx-)" + id
        + R"(","session":"forged"})"; // not of the body
}

std::string request(const std::string &head, const std::string &headers, const std::string &body)
{
    return head + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "Content-Length: " + std::to_string(body.size())
        + "\r\n\r\n" + body;
}

std::string delivery(const std::string &path, const std::string &body, const std::string &key = secret)
{
    return request("POST " + path, "e2b-signature: " + signDelivery(key, body) + "\r\n", body);
}

Event of(const std::string &id, const std::string &session)
{
    Event event = created(1, "exec-" + id, "sbx-" + id);
    event.id = id;
    event.session = session;
    event.raw = encodeEvent(event);
    return event;
}

/// The endpoint of events needs none.
class NoPicture final : public LivePicture
{
public:
    bool askSnapshot(SnapshotAnswer) override { return false; }
    bool askSandbox(std::string, SandboxAnswer) override { return false; }
};

// A journal as schema 3 wrote it, with its checksums: made by the program that was before the session.
constexpr const char *schema3 = R"(
    PRAGMA journal_mode = WAL;
    CREATE TABLE events(
        seq INTEGER PRIMARY KEY, id_hash INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
        source INTEGER NOT NULL, time_ns INTEGER NOT NULL, received_ns INTEGER NOT NULL, sandbox_id TEXT NOT NULL,
        raw BLOB NOT NULL, sum INTEGER NOT NULL);
    CREATE TABLE state(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE sandboxes(number INTEGER PRIMARY KEY, id_hash INTEGER NOT NULL, id TEXT NOT NULL,
        tier INTEGER NOT NULL, record BLOB NOT NULL, counted BLOB, chunk INTEGER);
    CREATE INDEX sandboxes_id ON sandboxes(id_hash);
    CREATE INDEX sandboxes_tier ON sandboxes(tier, number) WHERE tier < 2;
    CREATE INDEX sandboxes_late ON sandboxes(number) WHERE tier = 3;
    CREATE TABLE rollups(level INTEGER NOT NULL, cell INTEGER NOT NULL, kind INTEGER NOT NULL, name TEXT NOT NULL,
        vcpu_ms INTEGER NOT NULL, mib_ms INTEGER NOT NULL, vcpu_in INTEGER NOT NULL, mib_in INTEGER NOT NULL,
        vcpu_out INTEGER NOT NULL, mib_out INTEGER NOT NULL, starts INTEGER NOT NULL, ends INTEGER NOT NULL,
        PRIMARY KEY(level, kind, cell, name)) WITHOUT ROWID;
    CREATE TABLE archive(number INTEGER PRIMARY KEY, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,
        data BLOB NOT NULL);
    CREATE TABLE event_ids(id_hash INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(id_hash, seq)) WITHOUT ROWID;
    INSERT INTO events VALUES(1, -1497658129913224458, 'old-1', 'sandbox.lifecycle.created', 0, 1787220930500000000,
        1787220931000000000, 'sbx-old', CAST('{"version":"v2","id":"old-1","type":"sandbox.lifecycle.created",)"
                                R"("timestamp":"2026-08-20T10:15:30.500000000Z","sandbox_id":"sbx-old",)"
                                R"("sandbox_template_id":"base"}' AS BLOB), 915308211218666732);
    INSERT INTO events VALUES(2, 8519994886351048561, 'old-2', 'sandbox.lifecycle.updated', 1, 1787220990500000000,
        1787220991000000000, 'sbx-old', CAST('{"version":"v2","id":"old-2","type":"sandbox.lifecycle.updated",)"
                                R"("timestamp":"2026-08-20T10:16:30.500000000Z","sandbox_id":"sbx-old",)"
                                R"("event_data":{"sandbox_metadata":{"owner":"anna"}}}' AS BLOB), 7068104204046663069);
    INSERT INTO event_ids SELECT id_hash, seq FROM events;
    INSERT INTO state VALUES('ids', 2), ('folded', 0), ('schema', 3);
    PRAGMA application_id = 1397181523; PRAGMA user_version = 3;)";

} // namespace

class TestSession final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

    void storedAndFoundAfterARestart();
    void namedByMetadata();
    void names_data();
    void names();
    void badNamesAreKept();
    void firstDeliveryCounts();
    void judgedAgainWithItsSession();
    void endpointFilters();
    void schema3IsBroughtUp();
    void schema3IsSalvaged();
    void flippedSessionIsDamage_data();
    void flippedSessionIsDamage();
    void salvageKeepsSessions();
    void filesKeepSessions_data();
    void filesKeepSessions();
    void linesWithoutSessionStayAsTheyWere();
    void badSessionsOfFilesAreRefused();

private:
    [[nodiscard]] fs::path path(const char *name = "journal.db") const
    {
        return fs::path(m_dir->path().toStdString()) / name;
    }
    [[nodiscard]] bool start(std::vector<SigningSecret> others = {});
    void stop()
    {
        m_receiver.reset();
        m_journal.reset();
    }
    [[nodiscard]] RawClient::Reply send(const std::string &bytes)
    {
        RawClient client(m_receiver->port());
        return client.send(bytes) ? client.reply() : RawClient::Reply();
    }
    [[nodiscard]] std::vector<std::string> sessions() const ///< of all events, in order
    {
        std::vector<std::string> found;
        for (const StoredEvent &stored : readAll(*m_journal))
            found.push_back(stored.event.session);
        return found;
    }
    /// Ids of GET /events with that query; "status N" when it is not 200.
    [[nodiscard]] std::string idsOf(const std::string &query);

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
    std::unique_ptr<Receiver> m_receiver;
};

void TestSession::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(m_dir->isValid());
}

void TestSession::cleanup()
{
    stop();
    m_dir.reset();
}

bool TestSession::start(std::vector<SigningSecret> others)
{
    stop();
    auto journal = Journal::open(path());
    if (!journal)
        return false;
    m_journal = std::move(*journal);
    ReceiverOptions options;
    options.port = 0;
    options.secret = secret;
    options.moreSecrets = std::move(others);
    options.quarantineFile = path("quarantine.jsonl");
    options.clock = [] { return *parseRfc3339("2026-08-20T10:15:31Z"); };
    options.rest = std::make_shared<RestApi>(*m_journal, std::make_shared<NoPicture>());
    m_receiver = std::make_unique<Receiver>(*m_journal, options);
    return m_receiver->start().has_value();
}

std::string TestSession::idsOf(const std::string &query)
{
    const auto reply = send(request("GET /events" + query, "", ""));
    const auto json = parseJson(reply.body);
    if (reply.status != 200 || !json)
        return "status " + std::to_string(reply.status);
    std::string ids;
    for (const Json &event : memberOr(*json, "events"))
        ids += (ids.empty() ? "" : " ") + stringOr(event, "id") + ":" + stringOr(event, "session");
    return ids;
}

void TestSession::storedAndFoundAfterARestart()
{
    QVERIFY(start());
    QCOMPARE(send(delivery("/webhooks/e2b/run-7", eventBody("a"))).status, 200);
    QCOMPARE(send(delivery("/webhooks/e2b", eventBody("b"))).status, 200);
    QCOMPARE(send(delivery("/webhooks/e2b/run-70?x=1", eventBody("c"))).status, 200);
    QCOMPARE(send(delivery("/workflow/flow-1", eventBody("d"))).status, 200);
    QCOMPARE(send(delivery("/generation/1", eventBody("e"))).status, 200);
    QCOMPARE(send(delivery("/workflow/late", eventBody("a"))).status, 200); // known already
    QVERIFY(start()); // all threads and connections anew, over the same file
    QCOMPARE(sessions(), (std::vector<std::string>{"run-7", "", "run-70", "flow-1", "1"}));
    const auto newest = m_journal->newest(10);
    QVERIFY(newest.has_value());
    QCOMPARE(newest->front().event.session, std::string("1"));
    QCOMPARE(newest->back().event.raw, eventBody("a")); // the body stays as it was received
    QCOMPARE(idsOf("?session=run-7"), std::string("a:run-7"));
    QVERIFY(!m_journal->salvaged());
}

void TestSession::namedByMetadata()
{
    QVERIFY(start());
    const auto body = [](const std::string &id, const std::string &metadata) {
        std::string text = eventBody(id);
        return text.insert(text.size() - 1, R"(,"event_data":{"sandbox_metadata":)" + metadata + "}");
    };
    QCOMPARE(send(delivery("/webhooks/e2b", body("before", R"({"sandglass.session":"run-7"})"))).status, 200);
    m_receiver->nameSession("sandglass.session", "run-7");
    QCOMPARE(send(delivery("/webhooks/e2b", body("its", R"({"sandglass.session":"run-7"})"))).status, 200);
    QCOMPARE(send(delivery("/webhooks/e2b/run-7", body("its", R"({"sandglass.session":"run-7"})"))).status, 200);
    QCOMPARE(send(delivery("/webhooks/e2b", body("another", R"({"sandglass.session":"run-8"})"))).status, 200);
    QCOMPARE(send(delivery("/webhooks/e2b", body("key", R"({"session":"run-7"})"))).status, 200);
    QCOMPARE(send(delivery("/webhooks/e2b/path", body("path", R"({"sandglass.session":"run-7"})"))).status, 200);
    QCOMPARE(sessions(), (std::vector<std::string>{"", "run-7", "", "", "path"}));
    QCOMPARE(m_receiver->statistics().duplicates, std::uint64_t(1));
}

void TestSession::names_data()
{
    QTest::addColumn<std::string>("name");
    QTest::addColumn<std::string>("session"); // empty: refused
    QTest::addColumn<int>("status");
    const std::string longest(128, 'n');
    QTest::newRow("plain") << std::string("Run_7.b-c~d") << std::string("Run_7.b-c~d") << 200;
    QTest::newRow("colon, at") << std::string("team:a@b") << std::string("team:a@b") << 200;
    QTest::newRow("encoded letters") << std::string("%72un%2D7%3Ax") << std::string("run-7:x") << 200;
    QTest::newRow("decoded once") << std::string("a%2541") << std::string() << 400;
    QTest::newRow("longest") << longest << longest << 200;
    QTest::newRow("too long") << longest + "n" << std::string() << 400;
    QTest::newRow("long by encoding only") << "%6e" + longest.substr(1) << longest << 200;
    QTest::newRow("space") << std::string("a%20b") << std::string() << 400;
    QTest::newRow("quote") << std::string("a%22b") << std::string() << 400;
    QTest::newRow("line end") << std::string("a%0Ab") << std::string() << 400;
    QTest::newRow("not ASCII") << std::string("%C3%BC") << std::string() << 400;
    QTest::newRow("plus stays one") << std::string("a+b") << std::string() << 400;
    QTest::newRow("dot") << std::string(".") << std::string() << 400;
    QTest::newRow("dots") << std::string("%2E%2E") << std::string() << 400;
    QTest::newRow("slash") << std::string("a%2Fb") << std::string() << 404;
    QTest::newRow("nothing") << std::string() << std::string() << 404;
}

void TestSession::names()
{
    QFETCH(std::string, name);
    QFETCH(std::string, session);
    QFETCH(int, status);
    QVERIFY(start());
    const auto reply = send(delivery("/webhooks/e2b/" + name, eventBody("a")));
    QCOMPARE(reply.status, status);
    QCOMPARE(sessions(), session.empty() ? std::vector<std::string>() : std::vector{session});
    if (status == 200)
        return;
    const std::string start = R"({"code":)" + std::to_string(status) + R"(,"message":")";
    QVERIFY2(reply.body.starts_with(start + (status == 400 ? "A session's name is 1 to 128" : "Not found")),
             reply.body.c_str());
    QTRY_COMPARE(m_receiver->statistics().wrongPath, std::uint64_t(1));
}

void TestSession::badNamesAreKept()
{
    QVERIFY(start());
    QCOMPARE(send(request("POST /webhooks/e2b/a%20b", "", "{}")).status, 400); // unsigned: a scanner, not kept
    QCOMPARE(send(delivery("/webhooks/e2b/a%20b", eventBody("a"))).status, 400);
    const auto kept = m_receiver->quarantine().entries();
    QCOMPARE(kept.size(), std::size_t(1));
    QCOMPARE(kept[0].path, std::string("/webhooks/e2b/a b"));
    QVERIFY(kept[0].kind == RefusalKind::Path);
    QCOMPARE(kept[0].status, 400);
}

void TestSession::firstDeliveryCounts()
{
    QVERIFY(start());
    QCOMPARE(send(delivery("/webhooks/e2b", eventBody("a"))).status, 200);
    QCOMPARE(send(delivery("/webhooks/e2b/late", eventBody("a"))).status, 200);
    QCOMPARE(send(delivery("/webhooks/e2b/first", eventBody("b"))).status, 200);
    QCOMPARE(send(delivery("/webhooks/e2b/second", eventBody("b"))).status, 200);
    QCOMPARE(send(delivery("/webhooks/e2b", eventBody("b"))).status, 200);
    QCOMPARE(sessions(), (std::vector<std::string>{"", "first"}));
    QCOMPARE(m_receiver->statistics().duplicates, std::uint64_t(3));
}

void TestSession::judgedAgainWithItsSession()
{
    const std::string later = "another-secret-that-comes-later-0123456789";
    QVERIFY(start());
    QCOMPARE(send(delivery("/webhooks/e2b/run-7", eventBody("a"), later)).status, 401);
    QVERIFY(start({SigningSecret{"later", later, true}})); // the quarantine comes from its file
    const auto kept = m_receiver->quarantine().entries();
    QCOMPARE(kept.size(), std::size_t(1));
    std::promise<Result<bool>> promise;
    m_receiver->retry(kept[0].id, [&promise](Result<bool> result) { promise.set_value(std::move(result)); });
    const auto stored = promise.get_future().get();
    QVERIFY2(stored.has_value(), stored ? "" : stored.error().message.c_str());
    QVERIFY(*stored);
    QCOMPARE(sessions(), std::vector<std::string>{"run-7"});
}

void TestSession::endpointFilters()
{
    QVERIFY(start());
    appendAll(*m_journal, {of("a", "run-1"), of("b", ""), of("c", "run-10"), of("d", "run-1"), of("e", "RUN-1")});
    QCOMPARE(idsOf(""), std::string("a:run-1 b: c:run-10 d:run-1 e:RUN-1"));
    QCOMPARE(idsOf("?session=run-1"), std::string("a:run-1 d:run-1"));
    QCOMPARE(idsOf("?session=run%2D1&order=desc&limit=1"), std::string("d:run-1"));
    QCOMPARE(idsOf("?session=run-1&sandbox_id=sbx-d"), std::string("d:run-1"));
    QCOMPARE(idsOf("?session=nobody"), std::string());
}

void TestSession::schema3IsBroughtUp()
{
    const std::string bodyOf1 = R"({"version":"v2","id":"old-1","type":"sandbox.lifecycle.created",)"
                                R"("timestamp":"2026-08-20T10:15:30.500000000Z","sandbox_id":"sbx-old",)"
                                R"("sandbox_template_id":"base"})";
    writeContent(path(), "");
    {
        auto old = Database::open(path(), Database::Mode::ReadWrite);
        QVERIFY(old.has_value());
        QVERIFY(old->execute(schema3).has_value());
    }
    QVERIFY(start());
    QVERIFY(!m_journal->salvaged()); // every row was read, and fits the checksum it was written with
    QCOMPARE(sessions(), (std::vector<std::string>{"", ""}));
    QCOMPARE(readAll(*m_journal)[0].event.raw, bodyOf1);
    QCOMPARE(send(delivery("/webhooks/e2b/run-7", bodyOf1)).status, 200); // known by its id
    QCOMPARE(send(delivery("/webhooks/e2b/run-7", eventBody("new"))).status, 200);
    QVERIFY(start());
    QVERIFY(!m_journal->salvaged());
    QCOMPARE(sessions(), (std::vector<std::string>{"", "", "run-7"}));
    stop();
    auto database = Database::open(path(), Database::Mode::ReadOnly);
    QVERIFY(database.has_value());
    QCOMPARE(database->queryInteger("PRAGMA user_version").value(), std::int64_t(journalSchemaVersion));
    QCOMPARE(database->queryInteger("SELECT value FROM state WHERE key = 'schema'").value(),
             std::int64_t(journalSchemaVersion));
    QCOMPARE(database->queryInteger("SELECT sum FROM events WHERE seq = 1").value(), 915308211218666732);
}

void TestSession::schema3IsSalvaged()
{
    writeContent(path(), "");
    {
        auto old = Database::open(path(), Database::Mode::ReadWrite);
        QVERIFY(old && old->execute(schema3));
        QVERIFY(old->execute("UPDATE events SET raw = raw || ' ' WHERE seq = 2").has_value()); // its checksum stays
    }
    QVERIFY(start());
    QVERIFY(m_journal->salvaged());
    QCOMPARE(m_journal->salvaged()->rowsKept, std::int64_t(1));
    QCOMPARE(m_journal->salvaged()->rowsLost, std::int64_t(1));
    QCOMPARE(sessions(), std::vector<std::string>{""});
}

void TestSession::flippedSessionIsDamage_data()
{
    QTest::addColumn<QString>("change");
    QTest::newRow("another letter") << QStringLiteral("UPDATE events SET session = 'run-8' WHERE seq = 2");
    QTest::newRow("taken away") << QStringLiteral("UPDATE events SET session = '' WHERE seq = 2");
    QTest::newRow("put to one that had none") << QStringLiteral("UPDATE events SET session = 'run-7' WHERE seq = 3");
}

void TestSession::flippedSessionIsDamage()
{
    QFETCH(QString, change);
    QVERIFY(start());
    appendAll(*m_journal, {of("a", "run-7"), of("b", "run-7"), of("c", "")});
    stop();
    {
        auto database = Database::open(path(), Database::Mode::ReadWrite);
        QVERIFY(database && database->execute(change.toUtf8().constData()));
    }
    QVERIFY(start());
    QVERIFY(m_journal->salvaged());
    QCOMPARE(m_journal->salvaged()->rowsKept, std::int64_t(2));
    QCOMPARE(m_journal->salvaged()->rowsLost, std::int64_t(1));
    QCOMPARE(idsOf("").substr(0, 7), std::string("a:run-7"));
}

void TestSession::salvageKeepsSessions()
{
    QVERIFY(start());
    std::vector<Event> events;
    for (int i = 0; i < 300; ++i)
        events.push_back(of("evt-" + std::to_string(i), i % 3 == 0 ? "" : "run-" + std::to_string(i)));
    appendAll(*m_journal, events);
    stop();
    std::string content = contentOf(path());
    content[content.find("\"evt-7\"") + 2] = 'X';
    writeContent(path(), content);
    QVERIFY(start());
    QVERIFY(m_journal->salvaged());
    const auto rows = readAll(*m_journal);
    QCOMPARE(rows.size(), std::size_t(299));
    for (const StoredEvent &stored : rows)
        QCOMPARE(stored.event, events[static_cast<std::size_t>(stored.seq) - 1]);
}

void TestSession::filesKeepSessions_data()
{
    QTest::addColumn<QString>("name");
    QTest::newRow("JSON Lines") << QStringLiteral("events.jsonl");
    QTest::newRow("CSV") << QStringLiteral("events.csv");
}

void TestSession::filesKeepSessions()
{
    QFETCH(QString, name);
    const fs::path file = path(name.toUtf8().constData());
    Event spread = of("c", "run-8");
    spread.raw = "{\n" + spread.raw.substr(1); // not one line: goes as text
    const std::vector<Event> events{of("a", "run-7"), of("b", ""), spread};
    QVERIFY(start());
    appendAll(*m_journal, events);
    const auto exported = exportEvents(*m_journal, file, transferFormatOf(file));
    QVERIFY(exported.has_value());
    QCOMPARE(*exported, std::int64_t(3));
    stop();

    auto other = Journal::open(path("other.db"));
    QVERIFY(other.has_value());
    const auto imported = importEvents(**other, file, transferFormatOf(file));
    QVERIFY(imported.has_value());
    QCOMPARE(imported->stored, std::int64_t(3));
    const auto rows = readAll(**other);
    QCOMPARE(rows.size(), events.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        QCOMPARE(rows[i].event, events[i]);
}

void TestSession::linesWithoutSessionStayAsTheyWere()
{
    std::string with, without;
    appendLineOf(of("a", "run-7"), with);
    appendLineOf(of("a", ""), without);
    QVERIFY2(with.starts_with(R"({"source":"webhook","received_at":"2026-08-20T10:00:01.000000000Z","session":"run-7",)"
                              R"("event":{)"),
             with.c_str());
    QVERIFY2(without.starts_with(R"({"source":"webhook","received_at":"2026-08-20T10:00:01.000000000Z","event":{)"),
             without.c_str());
    // The members in another order: read by the long way.
    const auto turned = eventOfLine(R"({"session":"run-9","event":)" + of("a", "").raw
                                    + R"(,"source":"poll","received_at":"2026-08-20T10:00:01.000000000Z"})");
    QVERIFY(turned.has_value());
    QCOMPARE(turned->session, std::string("run-9"));
    const auto body = eventOfLine(eventBody("a")); // what a body says of itself is not the session
    QVERIFY(body.has_value());
    QCOMPARE(body->session, std::string());
}

void TestSession::badSessionsOfFilesAreRefused()
{
    const std::string body = of("a", "").raw;
    const std::string head = R"({"source":"webhook","received_at":"2026-08-20T10:00:01.000000000Z","session":")";
    for (const std::string &name : {std::string("a b"), std::string("a\\\"b"), std::string(129, 'n')}) {
        const auto event = eventOfLine(head + name + "\",\"event\":" + body + "}");
        QVERIFY(!event.has_value());
        QCOMPARE(event.error().message, std::string("session is not a session's name"));
    }
    const CsvColumns columns({"session", "raw"});
    QVERIFY(!columns.eventOf({"a b", body}));
    QCOMPARE(columns.eventOf({"a-b", body})->session, std::string("a-b"));
}

QTEST_GUILESS_MAIN(TestSession)
#include "tst_session.moc"
