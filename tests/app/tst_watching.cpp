// What a cloud connection's API tells beyond the webhooks reaches the journal: events that no webhook has brought, the
// list of sandboxes, and the gap that the provider's memory leaves.

#include "app/pricing.h"
#include "app/watching.h"
#include "models/runs/runsession.h"
#include "models/settings/connectionsmodel.h"
#include "models/settings/settings.h"
#include "services/core/keystore.h"
#include "services/e2b/client.h"
#include "services/lifecycle/recordfile.h"
#include "tests/models/livefixture.h"
#include "tests/support/fakee2bserver.h"

#include <QElapsedTimer>
#include <QFile>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;
using namespace sandglass::testsupport;

namespace {

constexpr const char *teamEvents = "GET /events/sandboxes";
constexpr const char *list = "GET /v2/sandboxes";

QByteArray eventJson(const char *id, const char *type, const char *sandbox, const QByteArray &timestamp)
{
    return QByteArray(R"({"id":")") + id + R"(","version":"v2","type":"sandbox.lifecycle.)" + type
        + R"(","timestamp":")" + timestamp + R"(","eventData":null,"sandboxId":")" + sandbox
        + R"(","sandboxExecutionId":"x1","sandboxTemplateId":"base","sandboxBuildId":"b","sandboxTeamId":"t"})";
}

QByteArray minutesAgo(int minutes)
{
    return QByteArray::fromStdString(formatRfc3339(systemNow() - std::chrono::minutes(minutes), 3));
}

} // namespace

class TestWatching final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void fetchesWhatNoWebhookBrought();
    void forgottenHistoryIsAGap();
    void refusedEventsDoNotStopTheList();
    void floodsAskForTheListSeldom();
    void pricesOfTheConnectionItsListNames();

private:
    [[nodiscard]] std::filesystem::path state() const { return m_state->path().toStdString(); }
    [[nodiscard]] lifecycle::SandboxState stateOf(const std::string &id)
    {
        const lifecycle::Sandbox *sandbox = m_live.tracker().fold().find(id);
        return sandbox ? sandbox->state : lifecycle::SandboxState::Unknown;
    }

    [[nodiscard]] QByteArray marksOnDisk() const
    {
        QFile file(m_state->filePath(QStringLiteral("backfill.json")));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    test::LiveFixture m_live;
    std::unique_ptr<QTemporaryDir> m_state;
    std::unique_ptr<FakeE2bServer> m_server;
    std::unique_ptr<e2b::Client> m_client;
};

void TestWatching::init()
{
    QVERIFY(m_live.open());
    m_state = std::make_unique<QTemporaryDir>();
    m_server = std::make_unique<FakeE2bServer>();
    m_server->script(list, {FakeReply::json(200, "[]")});
    e2b::Connection cloud;
    cloud.id = "cloud";
    cloud.kind = e2b::Connection::Kind::Cloud;
    cloud.apiUrl = cloud.sandboxUrl = m_server->url();
    cloud.apiKey = "e2b_5ec4e75ec4e7";
    m_client = std::make_unique<e2b::Client>(cloud);
}

void TestWatching::cleanup()
{
    m_client.reset();
    m_server.reset();
    m_state.reset();
    m_live.close();
}

void TestWatching::fetchesWhatNoWebhookBrought()
{
    m_server->script(teamEvents,
                     {FakeReply::json(200,
                                      "[" + eventJson("e2", "killed", "i1", minutesAgo(5)) + ","
                                          + eventJson("e1", "created", "i1", minutesAgo(9)) + "]")});
    m_server->script(list,
                     {FakeReply::json(200,
                                      R"([{"sandboxID":"i2","templateID":"base","state":"running","cpuCount":2,
        "memoryMB":512,"startedAt":")" + minutesAgo(3)
                                          + R"("}])")});
    app::Watching watching(*m_client, m_live.journal(), m_live.tracker(), state());
    watching.follow();
    QVERIFY(!watching.runningListed()); // nobody knows yet
    QTRY_VERIFY(stateOf("i1") == lifecycle::SandboxState::Killed);
    QTRY_VERIFY(stateOf("i2") == lifecycle::SandboxState::Running);
    QCOMPARE(watching.runningListed(), std::optional(1));
    QVERIFY(watching.gaps().all().empty());
    QTRY_VERIFY(marksOnDisk().contains("cloud/"));
    QVERIFY(!marksOnDisk().contains("5ec4e7"));
}

void TestWatching::forgottenHistoryIsAGap()
{
    m_server->script(teamEvents, {FakeReply::json(200, "[" + eventJson("e1", "created", "i1", minutesAgo(9)) + "]")});
    {
        app::Watching first(*m_client, m_live.journal(), m_live.tracker(), state());
        first.follow();
        QTRY_VERIFY(stateOf("i1") == lifecycle::SandboxState::Running);
        QTRY_VERIFY(!marksOnDisk().isEmpty());
    }
    // The program was away for a month; of that the provider still knows the last days.
    const auto marks = lifecycle::readRecord(state() / "backfill.json");
    QVERIFY(marks && marks->size() == 1);
    const std::string source = marks->begin().key();
    const std::string monthAgo = formatRfc3339(systemNow() - std::chrono::hours(30 * 24), 9);
    QVERIFY(lifecycle::writeRecord(state() / "backfill.json",
                                   {{source, {{"newest_event", monthAgo}, {"checked_at", monthAgo}}}}));
    m_server->script(teamEvents, {FakeReply::json(200, "[" + eventJson("e9", "created", "i9", minutesAgo(1)) + "]")});
    app::Watching second(*m_client, m_live.journal(), m_live.tracker(), state());
    QSignalSpy changed(&second, &app::Watching::gapsChanged);
    second.follow();
    QTRY_COMPARE(changed.size(), 1);
    QCOMPARE(second.gaps().all().size(), std::size_t{1});
    QVERIFY(formatRfc3339(second.gaps().all().front().from, 9) == monthAgo);

    app::Watching third(*m_client, m_live.journal(), m_live.tracker(), state()); // known at the next start
    QCOMPARE(third.gaps().all().size(), std::size_t{1});
}

void TestWatching::refusedEventsDoNotStopTheList()
{
    m_server->script(teamEvents, {FakeReply::error(404, "no such route")}); // a self-hosted installation
    app::Watching watching(*m_client, m_live.journal(), m_live.tracker(), state());
    watching.follow();
    QTRY_VERIFY(m_server->count(teamEvents) == 1 && m_server->count(list) == 1);
    m_server->script(list, {FakeReply::json(200, R"([{"sandboxID":"i2","templateID":"base","state":"running"}])")});
    watching.follow();
    QTRY_VERIFY(stateOf("i2") == lifecycle::SandboxState::Running);
}

/// Each batch of events makes the list worth asking for; twice a second is often enough.
void TestWatching::floodsAskForTheListSeldom()
{
    e2b::Connection local = m_client->connection();
    local.kind = e2b::Connection::Kind::Local;
    m_client = std::make_unique<e2b::Client>(local);
    app::Watching watching(*m_client, m_live.journal(), m_live.tracker(), state());
    watching.follow();
    QTRY_COMPARE(m_server->count(list), 1);
    QElapsedTimer clock;
    clock.start();
    for (int i = 1; i <= 20; ++i)
        QVERIFY(m_live.record({lifecycle::sample::created(i, "e1", "sbx" + std::to_string(i))}));
    const int asked = m_server->count(list);
    // At once, then after each half second; and what the poller asks by itself every two seconds.
    const auto most = 3 + clock.elapsed() / 500 + clock.elapsed() / 2'000;
    QVERIFY2(asked <= most, qPrintable(QString::number(asked)));
    QTRY_VERIFY(m_server->count(list) > asked); // the last news, too
}

/// One sandbox is in the cloud's list, whose team another key's sandbox does not share.
void TestWatching::pricesOfTheConnectionItsListNames()
{
    const QByteArray start = minutesAgo(60);
    m_server->script(teamEvents, {FakeReply::json(200, "[" + eventJson("e1", "created", "i1", start) + "]")});
    m_server->script(list,
                     {FakeReply::json(200,
                                      R"([{"sandboxID":"i1","templateID":"base","state":"running","cpuCount":2,
        "memoryMB":1024,"startedAt":")" + start
                                          + R"("}])")});
    QSettings store(m_state->filePath(u"s.ini"_s), QSettings::IniFormat);
    models::Settings settings(store);
    FileKeyStore keys((state() / "k.json").string());
    models::ConnectionsModel connections(settings, keys, {}, {});
    connections.setActive(u"cloud"_s);
    const auto cardAt = [](std::int64_t pico) { return cost::RateCard::fromRates({{{}, pico, 0, {}}}).value(); };
    app::Pricing pricing(settings, connections, cardAt(1'000));
    models::RunSession runs(*m_client);
    app::Watching watching(*m_client, m_live.journal(), m_live.tracker(), state());
    pricing.attach(m_live.tracker(), runs, watching);
    pricing.table().setConnection(u"cloud"_s);
    QVERIFY(
        pricing.table().setData(pricing.table().index(0, models::RateCardModel::VcpuColumn), u"0.5"_s, Qt::EditRole));
    QCOMPARE(pricing.inUse().rates()[0].picoPerVcpuSecond, std::int64_t{500'000'000'000});
    m_live.now = systemNow();
    lifecycle::Event stranger = lifecycle::sample::bare(lifecycle::EventType::Created, 0, "x9", "i9");
    stranger.teamId = "other"; // by webhook, of a team that is in no list
    stranger.timestamp = m_live.now - std::chrono::hours(1);
    lifecycle::Event ended = stranger;
    ended.id = "e9";
    ended.type = lifecycle::EventType::Killed;
    ended.typeName = lifecycle::sample::typeName(ended.type);
    ended.timestamp = m_live.now;
    ended.execution = lifecycle::Execution{};
    ended.execution->startedAt = stranger.timestamp;
    ended.execution->executionTimeMs = 3'600'000;
    ended.execution->vcpuCount = 2;
    ended.execution->memoryMb = 1'024;
    QVERIFY(m_live.record({stranger, ended}));
    watching.follow();
    const auto costOf = [this](const char *id) {
        const lifecycle::Sandbox *sandbox = m_live.tracker().fold().find(id);
        const auto cost = sandbox ? m_live.tracker().costOf(*sandbox) : std::nullopt;
        return cost ? cost->amount.toDollars() : -1;
    };
    QTRY_VERIFY2(costOf("i1") > 3'500, "an hour of two processors at half a dollar a second");
    QVERIFY(costOf("i9") >= 0 && costOf("i9") < 0.001);
    QTRY_VERIFY(QFile::exists(m_state->filePath(u"teams.json"_s)));
    QSignalSpy told(&watching, &app::Watching::teamsKnown);
    watching.tellTeams(); // what the next start has
    QCOMPARE(told.value(0).value(0).toString(), u"cloud"_s);
    QCOMPARE(told.value(0).value(1).value<std::set<std::string>>(), std::set<std::string>{"t"});
    connections.setActive(u"local"_s);
    QCOMPARE(pricing.inUse().rates()[0].picoPerVcpuSecond, std::int64_t{1'000});
    QVERIFY(costOf("i1") > 3'500); // what has been spent does not change with the connection in use
}

QTEST_GUILESS_MAIN(TestWatching)
#include "tst_watching.moc"
