// The guard in the program: what the person sets reaches other programs, what the person does reaches the audit log.

#include "app/guarding.h"

#include "app/watching.h"
#include "models/settings/connectionsmodel.h"
#include "models/settings/settings.h"
#include "services/core/json.h"
#include "services/core/keystore.h"
#include "services/e2b/client.h"
#include "services/lifecycle/receiver.h"
#include "services/lifecycle/restapi.h"
#include "services/lifecycle/restapilive.h"
#include "tests/models/livefixture.h"
#include "tests/services/http/rawclient.h"
#include "tests/support/fakee2bserver.h"

#include <QFuture>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

#include <future>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;
using testsupport::FakeE2bServer;
using testsupport::FakeReply;
using testsupport::FakeRequest;
namespace sample = lifecycle::sample;

class TestGuarding final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void otherProgramsSeeTheRulesOfTheWindow();
    void whatAPersonDoesIsInTheAuditLog();

private:
    void serve(); ///< the endpoints
    [[nodiscard]] std::string get(const std::string &target, const std::string &headers = {});
    [[nodiscard]] models::GuardDesk &desk() { return m_guarding->desk(); }

    test::LiveFixture m_live;
    std::unique_ptr<QTemporaryDir> m_directory;
    ProfilePaths m_paths;
    std::unique_ptr<FakeE2bServer> m_server;
    std::unique_ptr<QSettings> m_store;
    std::unique_ptr<models::Settings> m_settings;
    std::unique_ptr<KeyStore> m_keys;
    std::unique_ptr<models::ConnectionsModel> m_connections;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<app::Watching> m_watching;
    std::unique_ptr<lifecycle::TrackerPicture> m_picture;
    std::shared_ptr<lifecycle::RestApi> m_rest;
    std::unique_ptr<lifecycle::Receiver> m_receiver;
    std::unique_ptr<app::Guarding> m_guarding;
};

void TestGuarding::init()
{
    QVERIFY(m_live.open());
    m_directory = std::make_unique<QTemporaryDir>();
    m_paths = ProfilePaths::forDirectory(m_directory->path().toStdString());
    for (const auto &folder : {m_paths.config, m_paths.state})
        QVERIFY(ensurePrivateDirectory(folder));
    m_server = std::make_unique<FakeE2bServer>();
    e2b::Connection connection;
    connection.id = "fake";
    connection.name = "Fake";
    connection.apiUrl = connection.sandboxUrl = m_server->url();
    connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
    m_store = std::make_unique<QSettings>(m_directory->filePath(u"s.ini"_s), QSettings::IniFormat);
    m_settings = std::make_unique<models::Settings>(*m_store);
    m_keys = std::make_unique<FileKeyStore>(m_paths.config / "keys.json");
    m_connections =
        std::make_unique<models::ConnectionsModel>(*m_settings, *m_keys, models::EnvironmentConnection{},
                                                   [](const e2b::Connection &) { return QFuture<Result<>>(); });
    m_client = std::make_unique<e2b::Client>(connection);
    m_watching = std::make_unique<app::Watching>(*m_client, m_live.journal(), m_live.tracker(), m_paths.state);
    m_guarding = std::make_unique<app::Guarding>(m_live.tracker(), m_live.journal(), *m_watching, *m_client,
                                                 *m_connections, m_paths);
}

void TestGuarding::cleanup()
{
    m_receiver.reset();
    m_guarding.reset();
    m_rest.reset();
    m_picture.reset();
    m_watching.reset();
    m_client.reset();
    m_connections.reset();
    m_keys.reset();
    m_settings.reset();
    m_store.reset();
    m_server.reset();
    m_directory.reset();
    m_live.close();
}

void TestGuarding::serve()
{
    m_picture = std::make_unique<lifecycle::TrackerPicture>(m_live.tracker());
    m_rest = std::make_shared<lifecycle::RestApi>(m_live.journal(), m_picture->picture());
    lifecycle::ReceiverOptions options;
    options.port = 0;
    options.secret = "sandglass-test-secret-0123456789abcdef";
    options.rest = m_rest;
    m_receiver = std::make_unique<lifecycle::Receiver>(m_live.journal(), options);
    QVERIFY(m_receiver->start());
}

std::string TestGuarding::get(const std::string &target, const std::string &headers)
{
    auto reply = std::async(std::launch::async, [&, port = m_receiver->port()] {
        test::RawClient client(port);
        client.send("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + "\r\n");
        return client.reply().body;
    });
    [&] { QTRY_VERIFY_WITH_TIMEOUT(reply.wait_for(0s) == std::future_status::ready, 12'000); }();
    return reply.get();
}

void TestGuarding::otherProgramsSeeTheRulesOfTheWindow()
{
    // At 600 s of the clock.
    lifecycle::Event small = sample::created(300, "e2", "small");
    small.templateId = "tiny";
    QVERIFY(m_live.record({sample::created(0, "e1", "usual"), small}));
    models::RunawayPolicy policy;
    policy.rules = {5min, {{"tiny", 1h}}};
    QVERIFY(desk().setRunawayPolicy(policy)); // as if it were of an earlier start
    serve();
    m_guarding->follow(*m_rest);
    const auto runaways = [this] { return parseJson(get("/sandboxes/runaway")).value_or(Json()); };
    QCOMPARE(dumpJson(runaways()["timeout_minutes"]), std::string("5"));
    QCOMPARE(dumpJson(runaways()["count"]), std::string("1"));
    QCOMPARE(stringOr(runaways()["runaway_sandboxes"][0], "sandbox_id"), std::string("usual"));

    policy.rules = {20min, {{"tiny", 2min}}};
    QVERIFY(desk().setRunawayPolicy(policy));
    QCOMPARE(dumpJson(runaways()["timeout_minutes"]), std::string("20"));
    QCOMPARE(stringOr(runaways()["runaway_sandboxes"][0], "sandbox_id"), std::string("small"));
    const auto gauge = [this] { return get("/metrics", "Accept: text/plain\r\n"); };
    QVERIFY(gauge().find("\nsandglass_sandboxes_runaway 1\n") != std::string::npos);

    policy.response = models::RunawayPolicy::Response::Off;
    QVERIFY(desk().setRunawayPolicy(policy));
    QCOMPARE(dumpJson(runaways()["count"]), std::string("0"));
    QVERIFY(gauge().find("\nsandglass_sandboxes_runaway 0\n") != std::string::npos);
}

void TestGuarding::whatAPersonDoesIsInTheAuditLog()
{
    m_server->script("POST /sandboxes/a/pause", {FakeReply::json(204, {})});
    m_server->script("POST /sandboxes/a/timeout", {FakeReply::json(204, {})});
    m_server->script("DELETE /sandboxes/a", {FakeReply::json(204, {})});
    m_server->script("POST /sandboxes/a/connect", {FakeReply::error(409, "still pausing")});
    models::ClientSandboxActions actions(*m_client, [this] { return m_live.now; });
    m_guarding->record(actions);
    models::AuditModel audit(desk());
    const auto newest = [&audit](models::AuditModel::Column column) {
        return audit.rowCount() == 0 ? QString() : audit.index(0, column).data().toString();
    };
    const auto wasDone = [&](const QString &verb, const QString &why) {
        return newest(models::AuditModel::VerbColumn) == verb && newest(models::AuditModel::WhoColumn) == u"person"_s
            && newest(models::AuditModel::TargetColumn) == u"a"_s && newest(models::AuditModel::WhyColumn) == why
            && audit.index(0, 0).data(models::AuditModel::TimeMsRole).toLongLong() == toUnixMs(m_live.now);
    };
    actions.pause({u"a"_s});
    QTRY_VERIFY(wasDone(u"pause"_s, u"by hand"_s));
    QCOMPARE(newest(models::AuditModel::AnswerColumn), u"ok"_s);
    actions.resume({u"a"_s}, 900);
    QTRY_VERIFY(wasDone(u"resume"_s, u"by hand, for 15 min"_s));
    QVERIFY2(newest(models::AuditModel::AnswerColumn).contains(u"still pausing"_s),
             qPrintable(newest(models::AuditModel::AnswerColumn)));
    actions.extend({u"a"_s}, 90);
    QTRY_VERIFY(wasDone(u"extend"_s, u"by hand, for 90 s"_s));
    actions.kill({u"a"_s});
    QTRY_VERIFY(wasDone(u"kill"_s, u"by hand"_s));
    QCOMPARE(audit.rowCount(), 4);

    m_guarding.reset(); // what is on the disk outlives the program
    const cost::AuditLog log(m_paths.state / "audit.jsonl");
    const std::vector<cost::AuditEntry> entries = log.newest(10);
    QCOMPARE(entries.size(), std::size_t(4));
    QCOMPARE(entries.front().verb, std::string("kill"));
    QCOMPARE(entries.back().answer, std::string("ok"));
}

QTEST_MAIN(TestGuarding)
#include "tst_guarding.moc"
