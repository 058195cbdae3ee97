// A webhook of its own for a session of runs, at the real engine: there while the session lasts, its events carry the
// session's name once each, and it is gone after the end, whatever the end was.

#include "app/receiving.h"
#include "models/runs/runsession.h"
#include "models/settings/settings.h"
#include "services/core/keystore.h"
#include "services/core/qtstring.h"
#include "services/e2b/webhookclient.h"
#include "services/lifecycle/journal.h"
#include "tests/app/program.h"
#include "tests/services/engine/engine_process.h"

#include <QCoreApplication>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <cstdio>
#include <map>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using models::RunSession;

namespace {

constexpr int patience = 40'000; // ms; a sandbox on a busy machine

/// What the program has of it: journal, receiver, session.
struct Desk
{
    Desk(const QString &profile, const e2b::Connection &engine)
        : paths(ProfilePaths::forDirectory(profile.toStdString()))
        , store(profile + u"/settings.ini"_s, QSettings::IniFormat)
        , settings(store)
        , keys(paths.config / "keys.json")
        , journal(open(paths))
        , local(engine)
        , active(engine)
        , receiving({*journal, nullptr, settings, keys, paths, 0, local, active})
        , session(active)
    {
        receiving.serve(session);
    }

    [[nodiscard]] static std::unique_ptr<lifecycle::Journal> open(const ProfilePaths &paths)
    {
        for (const auto &directory : {paths.config, paths.data, paths.state})
            (void)ensurePrivateDirectory(directory);
        auto journal = lifecycle::Journal::open(paths.data / "journal.db");
        return journal ? std::move(*journal) : nullptr;
    }
    [[nodiscard]] bool start()
    {
        receiving.start();
        if (!QTest::qWaitFor([this] { return receiving.isKnown(); }, patience))
            return false;
        receiving.engineAdopted();
        return QTest::qWaitFor([this] { return receiving.isRegistered(); }, patience);
    }
    [[nodiscard]] bool run(const QString &code)
    {
        QSignalSpy finished(&session, &RunSession::attemptFinished);
        session.run(code);
        return QTest::qWaitFor([&] { return !finished.isEmpty(); }, patience);
    }
    [[nodiscard]] std::string name() const { return session.metadata().begin()->second; }

    ProfilePaths paths;
    QSettings store;
    models::Settings settings;
    FileKeyStore keys;
    std::unique_ptr<lifecycle::Journal> journal;
    e2b::Client local, active;
    app::Receiving receiving;
    RunSession session;
};

e2b::Connection connectionTo(const std::string &api, const std::string &sandboxes, const std::string &key)
{
    e2b::Connection connection;
    connection.id = "local";
    connection.name = "Local engine";
    connection.kind = e2b::Connection::Kind::Local;
    connection.apiUrl = api;
    connection.sandboxUrl = sandboxes;
    connection.apiKey = key;
    return connection;
}

} // namespace

class TestOwnWebhook final : public QObject
{
    Q_OBJECT
public:
    /// A program that is killed while its session lasts.
    static int hold(const QStringList &arguments)
    {
        Desk desk(arguments.at(0),
                  connectionTo(toUtf8(arguments.at(1)), toUtf8(arguments.at(2)), toUtf8(arguments.at(3))));
        desk.settings.set(models::Settings::Key::RefineWebhook, true);
        const bool works = desk.start() && desk.run(u"print(1)"_s);
        std::puts(works ? "holds" : "fails");
        std::fflush(stdout);
        return works ? QCoreApplication::exec() : 1;
    }

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void eventsCarryTheSession();
    void secondSandboxOfTheSession();
    void offAtFirst();
    void goneAtOnceWhenTheProgramEnds();
    void withoutATunnelItIsToldAndTheRunGoesOn();
    void followsTheReceiver();
    void killedProgramsWebhookIsRemoved();

private:
    [[nodiscard]] std::vector<e2b::WebhookInfo> webhooks(const std::string &beginning = "Refine ")
    {
        auto future = m_client->webhooks().list();
        if (!QTest::qWaitFor([&] { return future.isFinished(); }, patience) || !future.result())
            return std::vector<e2b::WebhookInfo>(9); // not none: nobody shall take it for that
        auto found = future.result().value();
        std::erase_if(found, [&](const e2b::WebhookInfo &webhook) { return !webhook.name.starts_with(beginning); });
        return found;
    }
    /// type → how many of this sandbox are in the journal with that session
    [[nodiscard]] std::map<lifecycle::EventType, int> events(const std::string &sandboxId,
                                                             const std::string &session) const
    {
        std::map<lifecycle::EventType, int> counts;
        const auto newest = m_desk->journal->newest(1'000);
        for (const lifecycle::StoredEvent &stored : newest ? *newest : std::vector<lifecycle::StoredEvent>()) {
            if (stored.event.sandboxId == sandboxId && stored.event.session == session)
                ++counts[stored.event.type];
        }
        return counts;
    }

    EngineProcess m_engine;
    e2b::Connection m_connection;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<QTemporaryDir> m_profile;
    std::unique_ptr<Desk> m_desk;
};

void TestOwnWebhook::initTestCase()
{
    QVERIFY(m_engine.start());
    if (!m_engine.canRunSandboxes()) {
        if (qEnvironmentVariableIsSet("CI"))
            QFAIL("this machine runs no sandboxes");
        QSKIP("this machine runs no sandboxes");
    }
    m_connection = connectionTo(m_engine.apiUrl().toString().toStdString(),
                                m_engine.sandboxUrl().toString().toStdString(), m_engine.key().toStdString());
    m_client = std::make_unique<e2b::Client>(m_connection);
}

void TestOwnWebhook::init()
{
    m_profile = std::make_unique<QTemporaryDir>();
    m_desk = std::make_unique<Desk>(m_profile->path(), m_connection);
    QVERIFY(m_desk->journal != nullptr && m_desk->start());
}

void TestOwnWebhook::cleanup()
{
    if (!m_desk)
        return;
    m_desk->session.endSession();
    m_desk->receiving.end();
    QTRY_VERIFY_WITH_TIMEOUT(m_desk->receiving.isSettled(), patience);
    m_desk.reset();
    QVERIFY(webhooks("").empty());
}

void TestOwnWebhook::eventsCarryTheSession()
{
    m_desk->settings.set(models::Settings::Key::RefineWebhook, true);
    QVERIFY(webhooks().empty());
    QVERIFY(m_desk->run(u"print(21 + 21)"_s));
    QCOMPARE(m_desk->session.attempts()->at(0).verdict, models::AttemptRow::Verdict::Ran);
    QCOMPARE(m_desk->session.webhookNote(), u"webhook of its own"_s);
    const auto during = webhooks();
    QCOMPARE(during.size(), std::size_t(1));
    QVERIFY(during[0].name.starts_with("Refine " + m_desk->name() + " "));
    QCOMPARE(during[0].url, m_desk->receiving.localUrl() + "/" + m_desk->name());
    QCOMPARE(webhooks("Sandglass desktop").size(), std::size_t(1));

    const std::string sandbox = toUtf8(m_desk->session.sandboxId());
    m_desk->session.endSession();
    const auto counts = [&] { return events(sandbox, m_desk->name()); };
    QTRY_COMPARE_WITH_TIMEOUT(counts()[lifecycle::EventType::Killed], 1, patience);
    // Each by two webhooks, whichever was first: one event, with the session.
    QCOMPARE(counts()[lifecycle::EventType::Created], 1);
    QTRY_VERIFY_WITH_TIMEOUT(m_desk->receiving.receiver()->statistics().duplicates >= 2, patience);
    QVERIFY(events(sandbox, {}).empty());
    QTRY_VERIFY_WITH_TIMEOUT(webhooks().empty(), patience);
    QCOMPARE(m_desk->session.webhookNote(), QString());
    QCOMPARE(webhooks("Sandglass desktop").size(), std::size_t(1)); // that one stays
}

void TestOwnWebhook::secondSandboxOfTheSession()
{
    m_desk->settings.set(models::Settings::Key::RefineWebhook, true);
    QVERIFY(m_desk->run(u"print(1)"_s));
    const auto first = webhooks();
    m_desk->session.endSession();
    QVERIFY(m_desk->run(u"print(2)"_s)); // before the first one's goodbye is over: it stays
    const auto second = webhooks();
    QCOMPARE(second.size(), std::size_t(1));
    QCOMPARE(second[0].id, first.at(0).id);
    m_desk->settings.set(models::Settings::Key::RefineWebhook, false);
    m_desk->session.endSession();
    QVERIFY(m_desk->run(u"print(3)"_s));
    QTRY_VERIFY_WITH_TIMEOUT(webhooks().empty(), patience);
    QCOMPARE(m_desk->session.webhookNote(), QString());
}

void TestOwnWebhook::offAtFirst()
{
    QVERIFY(m_desk->run(u"print(1)"_s));
    QVERIFY(webhooks().empty());
    QCOMPARE(m_desk->session.webhookNote(), QString());
}

void TestOwnWebhook::goneAtOnceWhenTheProgramEnds()
{
    m_desk->settings.set(models::Settings::Key::RefineWebhook, true);
    QVERIFY(m_desk->run(u"1/0"_s));
    QCOMPARE(webhooks().size(), std::size_t(1));
    QSignalSpy settled(&m_desk->receiving, &app::Receiving::settled);
    m_desk->receiving.end(); // as Settling does it
    QVERIFY(!m_desk->receiving.isSettled());
    QTRY_VERIFY_WITH_TIMEOUT(m_desk->receiving.isSettled(), patience);
    QVERIFY(!settled.isEmpty());
    QVERIFY(webhooks("").empty());
}

void TestOwnWebhook::withoutATunnelItIsToldAndTheRunGoesOn()
{
    m_desk->settings.set(models::Settings::Key::RefineWebhook, true);
    e2b::Connection cloud = m_connection;
    cloud.id = "cloud";
    cloud.name = "E2B cloud";
    cloud.kind = e2b::Connection::Kind::SelfHosted;
    m_desk->active.setConnection(cloud);
    QVERIFY(m_desk->run(u"print(1)"_s));
    QCOMPARE(m_desk->session.attempts()->at(0).verdict, models::AttemptRow::Verdict::Ran);
    QVERIFY2(m_desk->session.webhookNote().startsWith(u"no webhook of its own: E2B cloud reaches"_s),
             qPrintable(m_desk->session.webhookNote()));
    QVERIFY(webhooks().empty());
}

void TestOwnWebhook::followsTheReceiver()
{
    m_desk->settings.set(models::Settings::Key::RefineWebhook, true);
    QVERIFY(m_desk->run(u"print(1)"_s));
    const auto before = webhooks();
    // Another engine's address is adopted, or the same once more: the sweep takes what is left, and not what is in use.
    m_desk->receiving.engineAdopted();
    QTRY_VERIFY_WITH_TIMEOUT(m_desk->receiving.isRegistered(), patience);
    const auto after = webhooks();
    QCOMPARE(after.size(), std::size_t(1));
    QCOMPARE(after[0].id, before.at(0).id);
}

void TestOwnWebhook::killedProgramsWebhookIsRemoved()
{
    const QTemporaryDir profile;
    {
        QProcess held;
        held.start(QCoreApplication::applicationFilePath(),
                   {u"--hold"_s, profile.path(), m_engine.apiUrl().toString(), m_engine.sandboxUrl().toString(),
                    QString::fromUtf8(m_engine.key())});
        QVERIFY(held.waitForReadyRead(patience));
        QCOMPARE(held.readLine(), "holds\n");
        QCOMPARE(webhooks().size(), std::size_t(1));
        held.kill(); // -9
        QVERIFY(held.waitForFinished());
    }
    QCOMPARE(webhooks().size(), std::size_t(1));
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"E2B_API_KEY"_s, QString::fromUtf8(m_engine.key()));
    test::Program program(
        u"sandglass"_s,
        {u"--profile"_s, profile.path(), u"--receiver-port"_s, u"0"_s, u"--engine-api"_s, m_engine.apiUrl().toString()},
        profile.filePath(u"ready.json"_s), environment);
    QVERIFY(program.ready().is_object());
    QTRY_VERIFY_WITH_TIMEOUT(webhooks().empty(), patience);
    program.kill(); // and with it its own one
    for (const e2b::WebhookInfo &webhook : webhooks("Sandglass desktop")) {
        auto gone = m_client->webhooks().remove(webhook.id);
        QTRY_VERIFY_WITH_TIMEOUT(gone.isFinished(), patience);
    }
}

int main(int argc, char **argv)
{
    QCoreApplication program(argc, argv);
    const QStringList arguments = QCoreApplication::arguments();
    if (arguments.size() == 6 && arguments.at(1) == u"--hold"_s)
        return TestOwnWebhook::hold(arguments.mid(2));
    TestOwnWebhook test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_ownwebhook.moc"
