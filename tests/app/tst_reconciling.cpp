// What the provider lists against what this program knows, from the API to the dialog: sandboxes without a record are
// offered and killed by hand alone, those that vanished are lost, and no create call goes unrecorded.

#include "app/reconciling.h"

#include "app/watching.h"
#include "models/budgets/guarddesk.h"
#include "models/sandboxes/sandboxlistmodel.h"
#include "models/settings/connectionsmodel.h"
#include "models/settings/settings.h"
#include "services/core/json.h"
#include "services/core/keystore.h"
#include "services/e2b/client.h"
#include "services/lifecycle/recordfile.h"
#include "tests/models/livefixture.h"
#include "tests/support/fakee2bserver.h"
#include "ui/sandboxes/orphansdialog.h"
#include "ui/sandboxes/orphanstrip.h"
#include "ui/sandboxes/sandboxespage.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QComboBox>
#include <QDir>
#include <QFile>
#include <QFuture>
#include <QLabel>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using models::OrphanListModel;
using testsupport::FakeE2bServer;
using testsupport::FakeReply;
using testsupport::FakeRequest;
namespace sample = lifecycle::sample;

namespace {

constexpr const char *listCall = "GET /v2/sandboxes";
constexpr const char *createCall = "POST /sandboxes";

std::string idOf(int number)
{
    return "i" + std::to_string(number);
}

} // namespace

class TestReconciling final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void strangersAreListedAndNotTouched();
    void aPersonCleansUpAfterADryRun();
    void refusedKeyStopsTheCleanUp();
    void anotherConnectionStopsTheCleanUp();
    void eventTakesOneOffTheList();
    void createIsRecordedAndMarked();
    void lostAnswerIsResolvedByTheList();
    void intentOfACrashIsResolved();
    void refusedCreateIsOver();
    void unrecordedCreateIsNotSent();

private:
    void begin(); ///< the window and what it stands on
    void listRange(int from, int to);
    void listRow(int number, Json metadata = Json::object());
    void serveList();
    [[nodiscard]] OrphanListModel &orphans() { return m_reconciling->orphans(); }
    [[nodiscard]] lifecycle::SandboxState stateOf(int number)
    {
        const lifecycle::Sandbox *sandbox = m_live.tracker().fold().find(idOf(number));
        return sandbox != nullptr ? sandbox->state : lifecycle::SandboxState::Unknown;
    }
    [[nodiscard]] int kills() const
    {
        return static_cast<int>(
            std::ranges::count_if(m_server->requests(), [](const FakeRequest &r) { return r.method == "DELETE"; }));
    }
    [[nodiscard]] ui::OrphansDialog *openDialog()
    {
        m_page->findChild<QPushButton *>(u"reviewOrphans"_s)->click();
        return m_page->window()->findChild<ui::OrphansDialog *>();
    }
    [[nodiscard]] Json intentsOnDisk() const
    {
        const auto record = lifecycle::readRecord(state() / "create-intents.json");
        return record && record->is_array() ? *record : Json::array();
    }
    [[nodiscard]] std::filesystem::path state() const { return m_paths.state; }
    [[nodiscard]] QByteArray auditLog() const
    {
        QFile file(m_directory->filePath(u"state/audit.jsonl"_s));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    test::LiveFixture m_live;
    Json m_rows = Json::array();
    std::unique_ptr<QTemporaryDir> m_directory;
    ProfilePaths m_paths;
    std::unique_ptr<FakeE2bServer> m_server;
    std::unique_ptr<QSettings> m_store;
    std::unique_ptr<models::Settings> m_settings;
    std::unique_ptr<KeyStore> m_keys;
    std::unique_ptr<models::ConnectionsModel> m_connections;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<models::ClientSandboxActions> m_actions;
    std::unique_ptr<models::GuardDesk> m_desk;
    std::unique_ptr<app::Watching> m_watching;
    std::unique_ptr<app::Reconciling> m_reconciling;
    std::unique_ptr<models::SandboxListModel> m_sandboxes;
    std::unique_ptr<ui::SandboxesPage> m_page;
};

void TestReconciling::initTestCase()
{
    Q_INIT_RESOURCE(resources);
    new ui::Theme(*qApp);
}

void TestReconciling::init()
{
    QVERIFY(m_live.open());
    m_rows = Json::array();
    m_directory = std::make_unique<QTemporaryDir>();
    m_paths = ProfilePaths::forDirectory(m_directory->path().toStdString());
    m_paths.state = m_directory->filePath(u"state"_s).toStdString();
    for (const auto &folder : {m_paths.config, m_paths.state})
        QVERIFY(ensurePrivateDirectory(folder));
    m_server = std::make_unique<FakeE2bServer>();
    m_server->scriptAll("/sandboxes/", [](const FakeRequest &) { return FakeReply::json(204, {}); });
    serveList();
}

void TestReconciling::begin()
{
    e2b::Connection connection; // asked every two seconds, as the local engine
    connection.id = "local";
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
    m_actions = std::make_unique<models::ClientSandboxActions>(*m_client);
    m_desk = std::make_unique<models::GuardDesk>(
        m_live.tracker(), *m_actions,
        models::GuardFiles{m_paths.config / "budgets.json", state() / "guard.json", state() / "audit.jsonl", {}});
    m_watching = std::make_unique<app::Watching>(*m_client, m_live.journal(), m_live.tracker(), state());
    m_reconciling =
        std::make_unique<app::Reconciling>(m_live.tracker(), *m_client, *m_watching, *m_connections, *m_desk, m_paths);
    m_sandboxes = std::make_unique<models::SandboxListModel>(m_live.tracker());
    m_page = std::make_unique<ui::SandboxesPage>(*m_sandboxes, *m_actions);
    m_reconciling->showIn(*m_page);
    m_page->resize(1024, 600);
    m_page->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
    m_watching->follow();
}

void TestReconciling::cleanup()
{
    m_page.reset();
    m_sandboxes.reset();
    m_reconciling.reset();
    m_watching.reset();
    m_desk.reset();
    m_actions.reset();
    m_client.reset();
    m_connections.reset();
    m_keys.reset();
    m_settings.reset();
    m_store.reset();
    m_server.reset();
    m_directory.reset();
    m_live.close();
}

void TestReconciling::listRow(int number, Json metadata)
{
    m_rows.push_back({{"sandboxID", idOf(number)},
                      {"templateID", "base"},
                      {"state", "running"},
                      {"cpuCount", 2},
                      {"memoryMB", 512},
                      {"startedAt", formatRfc3339(sample::at(number), 3)},
                      {"metadata", std::move(metadata)}});
}

void TestReconciling::listRange(int from, int to)
{
    for (int i = from; i < to; ++i)
        listRow(i, i % 2 != 0 ? Json{{lifecycle::ownerKey, "elsewhere"}} : Json{{"job", "nightly"}});
}

void TestReconciling::serveList()
{
    m_server->script(listCall, [this](const FakeRequest &) {
        return FakeReply::json(200, QByteArray::fromStdString(dumpJson(m_rows)));
    });
}

void TestReconciling::strangersAreListedAndNotTouched()
{
    std::vector<lifecycle::Event> own;
    for (int i = 0; i < 39; ++i) {
        lifecycle::Event event = sample::created(i, "e" + idOf(i), idOf(i));
        event.teamId = "team";
        own.push_back(event);
    }
    QVERIFY(m_live.record(own));
    listRange(3, 95); // 0, 1 and 2 are gone; of 39 to 94 nobody has told
    begin();
    auto *strip = m_page->findChild<ui::OrphanStrip *>();
    QVERIFY(!strip->isVisible());
    QTRY_VERIFY(strip->isVisible());
    QCOMPARE(strip->accessibleName(), u"56 sandboxes here that this program did not start"_s);
    // In no list of this run, and yet lost: the team is known by the others. Not killed, for nobody has said so.
    const auto isLost = [this](int i) { return stateOf(i) == lifecycle::SandboxState::Lost; };
    QTRY_VERIFY_WITH_TIMEOUT(isLost(0) && isLost(1) && isLost(2), 10'000);
    QVERIFY(stateOf(3) == lifecycle::SandboxState::Running);
    QCOMPARE(orphans().counts().all, 56);
    QCOMPARE(kills(), 0);
}

void TestReconciling::aPersonCleansUpAfterADryRun()
{
    listRange(1, 7); // 1, 3, 5 of another installation
    m_server->script("DELETE /sandboxes/i5", {FakeReply::error(400, "not now")});
    begin();
    QTRY_COMPARE(orphans().counts().all, 6);
    listRow(7, {{lifecycle::ownerKey, lifecycle::readRecord(state() / "installation.json")->at("id")}});
    QTRY_COMPARE(orphans().counts().mine, 1);
    QVERIFY(m_page->findChild<ui::OrphanStrip *>()->accessibleName().contains(u"1 from its earlier runs"));

    ui::OrphansDialog *dialog = openDialog();
    QVERIFY(dialog != nullptr);
    const auto button = [dialog](const QString &name) { return dialog->findChild<QPushButton *>(name); };
    auto *table = dialog->findChild<QTableView *>(u"orphanTable"_s);
    QCOMPARE(table->model()->rowCount(), 7);
    QVERIFY(!button(u"orphansDryRun"_s)->isEnabled() && !button(u"killOrphans"_s)->isVisible());
    dialog->findChild<QComboBox *>(u"orphanOwner"_s)->setCurrentText(u"Another installation"_s);
    QCOMPARE(table->model()->rowCount(), 3);
    button(u"chooseAllOrphans"_s)->click();
    dialog->findChild<QComboBox *>(u"orphanOwner"_s)->setCurrentText(u"Any owner"_s);
    // One more by the keyboard, from any cell of its row.
    for (int row = 0; row < table->model()->rowCount(); ++row) {
        if (table->model()->index(row, OrphanListModel::IdColumn).data().toString() == u"i2")
            table->setCurrentIndex(table->model()->index(row, OrphanListModel::TemplateColumn));
    }
    QTest::keyClick(table, Qt::Key_Space);
    QCOMPARE(orphans().chosenCount(), 4);
    button(u"orphansDryRun"_s)->click();
    QVERIFY(orphans().stage() == OrphanListModel::Stage::DryRun);
    QStringList fates;
    for (int row = 0; row < table->model()->rowCount(); ++row)
        fates << table->model()->index(row, OrphanListModel::IdColumn).data().toString() + u' '
                + table->model()->index(row, OrphanListModel::FateColumn).data().toString();
    QCOMPARE(
        fates,
        QStringList({u"i1 would be killed"_s, u"i2 would be killed"_s, u"i3 would be killed"_s, u"i5 would be killed"_s,
                     u"i4 spared: owner unknown"_s, u"i6 spared: owner unknown"_s, u"i7 spared: not chosen"_s}));
    QCOMPARE(kills(), 0);
    QCOMPARE(button(u"killOrphans"_s)->text(), u"Kill 4 sandboxes"_s);
    button(u"killOrphans"_s)->click();
    QTRY_VERIFY(orphans().stage() == OrphanListModel::Stage::Done);
    for (const char *id : {"i1", "i2", "i3", "i5"})
        QCOMPARE(m_server->count(QByteArray("DELETE /sandboxes/") + id), 1);
    QCOMPARE(kills(), 4);
    QCOMPARE(orphans().result().killed.size(), std::size_t{3});
    QVERIFY(dialog->findChild<QLabel *>(u"orphansSummary"_s)->text().startsWith(u"3 killed, 1 failed"_s));
    QTRY_COMPARE(auditLog().count('\n'), 8); // four planned, four answers
    QCOMPARE(auditLog().count("\"planned\""), 4);
    QCOMPARE(auditLog().count("\"ok\""), 3);
    QVERIFY(auditLog().contains("not now"));

    Json left = Json::array();
    for (const Json &row : m_rows) {
        if (const auto id = row.at("sandboxID"); id == "i4" || id == "i5" || id == "i6" || id == "i7")
            left.push_back(row);
    }
    m_rows = left;
    button(u"closeOrphans"_s)->click();
    QTRY_COMPARE_WITH_TIMEOUT(orphans().counts().all, 4, 10'000);
    QCOMPARE(orphans().chosenCount(), 0);
}

void TestReconciling::refusedKeyStopsTheCleanUp()
{
    listRange(1, 40);
    m_server->scriptAll("/sandboxes/", [](const FakeRequest &) { return FakeReply::error(403, "no"); });
    begin();
    QTRY_COMPARE(orphans().counts().all, 39);
    orphans().chooseShown(true);
    orphans().dryRun();
    orphans().kill();
    QTRY_VERIFY(orphans().stage() == OrphanListModel::Stage::Done);
    QVERIFY(kills() <= 4);
    QCOMPARE(orphans().result().killed.size(), std::size_t{0});
    QVERIFY(orphans().result().skipped.size() >= 35);
}

void TestReconciling::anotherConnectionStopsTheCleanUp()
{
    listRange(1, 40);
    m_server->scriptAll("/sandboxes/", [](const FakeRequest &) {
        FakeReply reply = FakeReply::json(204, {});
        reply.delayMs = 50;
        return reply;
    });
    begin();
    QTRY_COMPARE(orphans().counts().all, 39);
    orphans().chooseShown(true);
    orphans().dryRun();
    orphans().kill();
    m_connections->setActive(u"cloud"_s);
    QTRY_VERIFY(orphans().stage() == OrphanListModel::Stage::Done);
    QVERIFY(kills() <= 4);
    QVERIFY(orphans().result().skipped.size() >= 35);
    m_rows = Json::array();
    orphans().back();
    QTRY_COMPARE(orphans().counts().all, 0);
}

void TestReconciling::eventTakesOneOffTheList()
{
    listRange(1, 3);
    begin();
    QTRY_COMPARE(orphans().counts().all, 2);
    orphans().chooseShown(true);
    orphans().dryRun();
    QCOMPARE(orphans().targetCount(), 2);
    m_live.journal().append(sample::created(1, "e1", idOf(1)), {});
    QTRY_COMPARE(orphans().counts().all, 1);
    QCOMPARE(orphans().targetCount(), 1); // the dry run never shows what is no longer a stranger
}

void TestReconciling::createIsRecordedAndMarked()
{
    begin();
    Json onDisk, body;
    m_server->script(createCall, [&](const FakeRequest &request) {
        onDisk = intentsOnDisk();
        body = Json::parse(request.body.toStdString());
        return FakeReply::json(201, R"({"sandboxID":"i900","templateID":"base"})");
    });
    e2b::SandboxSpec spec;
    spec.templateId = "base";
    spec.metadata = {{"job", "mine"}};
    const auto created = m_client->createSandbox(spec);
    QTRY_VERIFY(created.isFinished());
    QVERIFY(created.result().has_value());
    QCOMPARE(onDisk.size(), std::size_t{1}); // before it was sent
    QCOMPARE(stringOr(onDisk.at(0), "template"), std::string("base"));
    const Json &metadata = body.at("metadata");
    QCOMPARE(stringOr(metadata, "job"), std::string("mine"));
    QCOMPARE(stringOr(metadata, lifecycle::intentKey), stringOr(onDisk.at(0), "id"));
    QCOMPARE(stringOr(metadata, lifecycle::ownerKey),
             stringOr(*lifecycle::readRecord(state() / "installation.json"), "id"));
    QTRY_VERIFY(intentsOnDisk().empty());
    listRow(900, metadata); // the list is faster than the webhook: no stranger
    m_rows.at(0)["startedAt"] = formatRfc3339(sample::at(0), 3);
    m_watching->follow();
    QTRY_VERIFY(stateOf(900) == lifecycle::SandboxState::Running);
    QCOMPARE(orphans().counts().all, 0);
}

void TestReconciling::lostAnswerIsResolvedByTheList()
{
    begin();
    m_server->script(createCall, [&](const FakeRequest &request) {
        listRow(1, Json::parse(request.body.toStdString()).at("metadata"));
        return FakeReply::failing(FakeReply::Fault::Reset);
    });
    e2b::SandboxSpec spec;
    spec.templateId = "base";
    const auto created = m_client->createSandbox(spec);
    QTRY_VERIFY_WITH_TIMEOUT(created.isFinished(), 20'000);
    QVERIFY(!created.result().has_value());
    QCOMPARE(m_server->count(createCall), 1); // never blindly repeated
    QTRY_COMPARE_WITH_TIMEOUT(orphans().counts().lostAnswers, 1, 10'000);
    QCOMPARE(orphans().index(0, OrphanListModel::OwnerColumn).data().toString(), u"this program, answer lost"_s);
    QTRY_VERIFY(intentsOnDisk().empty());
    QCOMPARE(kills(), 0);
}

void TestReconciling::intentOfACrashIsResolved()
{
    const auto intent = [](const char *id, const char *connection, std::chrono::minutes age) {
        return Json{
            {"id", id}, {"connection", connection}, {"template", "base"}, {"at", formatRfc3339(systemNow() - age, 9)}};
    };
    QVERIFY(lifecycle::writeRecord(state() / "installation.json", {{"id", "me"}}));
    QVERIFY(lifecycle::writeRecord(state() / "create-intents.json",
                                   Json::array({intent("made", "local", std::chrono::minutes(3)),
                                                intent("nothing", "local", std::chrono::minutes(3)),
                                                intent("fresh", "local", std::chrono::minutes(0)),
                                                intent("elsewhere", "cloud", std::chrono::minutes(3)),
                                                intent("ancient", "cloud", std::chrono::hours(31 * 24))})));
    listRow(1, {{lifecycle::ownerKey, "me"}, {lifecycle::intentKey, "made"}});
    begin();
    QTRY_COMPARE(orphans().counts().lostAnswers, 1);
    const auto open = [this] {
        QStringList ids;
        for (const Json record = intentsOnDisk(); const Json &row : record)
            ids << QString::fromStdString(stringOr(row, "id"));
        return ids;
    };
    QTRY_COMPARE(open(), QStringList({u"fresh"_s, u"elsewhere"_s}));
}

void TestReconciling::refusedCreateIsOver()
{
    begin();
    m_server->script(createCall, {FakeReply::error(400, "no such template")});
    const auto created = m_client->createSandbox({});
    QTRY_VERIFY(created.isFinished());
    QVERIFY(!created.result().has_value());
    QTRY_VERIFY(intentsOnDisk().empty());
}

void TestReconciling::unrecordedCreateIsNotSent()
{
    begin();
    QVERIFY(QDir(m_directory->filePath(u"state"_s)).removeRecursively());
    const auto created = m_client->createSandbox({});
    QTRY_VERIFY(created.isFinished());
    QVERIFY(!created.result().has_value());
    QCOMPARE(m_server->count(createCall), 0);
}

QTEST_MAIN(TestReconciling)
#include "tst_reconciling.moc"
