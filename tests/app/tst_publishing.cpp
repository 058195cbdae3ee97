// Events passed on to others, from the journal over real HTTP to a receiver; and the panel that shows it.

#include "app/publishing.h"

#include "models/runs/runsession.h"
#include "models/webhooks/deliveriesmodel.h"
#include "models/webhooks/quarantinemodel.h"
#include "models/webhooks/tunnelsession.h"
#include "models/webhooks/webhooklistmodel.h"
#include "services/core/json.h"
#include "services/core/keystore.h"
#include "services/e2b/client.h"
#include "services/lifecycle/codeexecution.h"
#include "services/lifecycle/recordfile.h"
#include "services/lifecycle/signature.h"
#include "services/refine/modelgenerator.h"
#include "tests/models/livefixture.h"
#include "tests/models/miniapi.h"
#include "tests/models/webhookfixture.h"
#include "tests/support/fakee2bserver.h"
#include "tests/support/fakemodelserver.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/callbackdialog.h"
#include "ui/webhooks/callbackspanel.h"
#include "ui/webhooks/webhookspage.h"

#include <QApplication>
#include <QCheckBox>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using models::Callback;
using models::CallbackListModel;
using testsupport::FakeE2bServer;
using testsupport::FakeReply;
using testsupport::FakeRequest;
namespace sample = lifecycle::sample;

namespace {

const std::string secret(32, 's');
constexpr const char *hook = "POST /hook";

lifecycle::Event createdOf(const std::string &sandbox, const std::string &templateId, double at)
{
    lifecycle::Event event = sample::created(at, "x-" + sandbox, sandbox);
    event.templateId = templateId;
    return event;
}

} // namespace

class TestPublishing final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void passesOnWhatFits();
    void ownRunsAreEvents();
    void modelOfARunIsInItsEvent();
    void costOfARunMayComeLate();
    void survivesARestart();
    void pausedOnesAreToldNothing();
    void givesUpAndResumes();
    void missingSecretIsSaid();
    void refusesNonsense_data();
    void refusesNonsense();
    void panelAddsEditsTestsAndRemoves();

private:
    void begin();
    void end();
    [[nodiscard]] CallbackListModel &callbacks() { return m_publishing->callbacks(); }
    [[nodiscard]] Callback to(const char *path, std::vector<std::string> types = {}, std::string name = {}) const
    {
        return {{}, m_receiver->url() + path, {std::move(types), std::move(name)}, false};
    }
    [[nodiscard]] QList<FakeRequest> posts() const
    {
        QList<FakeRequest> all;
        for (const FakeRequest &request : m_receiver->requests()) {
            if (request.method == "POST")
                all << request;
        }
        return all;
    }
    [[nodiscard]] static Json bodyOf(const FakeRequest &request) { return Json::parse(request.body.toStdString()); }

    test::LiveFixture m_live;
    std::unique_ptr<QTemporaryDir> m_directory;
    ProfilePaths m_paths;
    std::unique_ptr<FakeE2bServer> m_receiver;
    std::unique_ptr<test::MiniApi> m_api;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<models::RunSession> m_runs;
    std::unique_ptr<FileKeyStore> m_keys;
    std::unique_ptr<app::Publishing> m_publishing;
};

void TestPublishing::initTestCase()
{
    Q_INIT_RESOURCE(resources);
    new ui::Theme(*qApp);
}

void TestPublishing::init()
{
    QVERIFY(m_live.open());
    m_directory = std::make_unique<QTemporaryDir>();
    m_paths.config = m_directory->path().toStdString();
    m_receiver = std::make_unique<FakeE2bServer>();
    m_receiver->script(hook, {FakeReply::json(200, "{}")});
    m_api = std::make_unique<test::MiniApi>();
    e2b::Connection connection;
    connection.id = "local";
    connection.apiUrl = connection.sandboxUrl = m_api->url();
    connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
    m_client = std::make_unique<e2b::Client>(connection);
    m_runs = std::make_unique<models::RunSession>(*m_client);
    begin();
}

void TestPublishing::begin()
{
    m_keys = std::make_unique<FileKeyStore>(m_paths.config / "keys.json");
    m_publishing = std::make_unique<app::Publishing>(m_live.tracker(), m_live.journal(), *m_runs, *m_keys, m_paths);
}

void TestPublishing::end()
{
    m_publishing.reset();
    m_keys.reset();
}

void TestPublishing::cleanup()
{
    end();
    m_runs.reset();
    m_client.reset();
    m_api.reset();
    m_receiver.reset();
    m_directory.reset();
    m_live.close();
}

void TestPublishing::passesOnWhatFits()
{
    QVERIFY(callbacks().add(to("/hook", {"sandbox.created"}, "tta-ml-*"), secret));
    QVERIFY(m_live.record({createdOf("a", "tta-ml-minimal", 1), createdOf("b", "base", 2),
                           sample::ended(lifecycle::EventType::Killed, 3, "x-a", 1, "a")}));
    QTRY_COMPARE(posts().size(), 1);
    const FakeRequest post = posts().front();
    QCOMPARE(stringOr(bodyOf(post), "type"), std::string("sandbox.lifecycle.created"));
    QCOMPARE(stringOr(bodyOf(post), "sandbox_id"), std::string("a"));
    QVERIFY(
        lifecycle::verifyDelivery(secret, post.body.toStdString(), post.headers.value("e2b-signature").toStdString()));
    QTRY_COMPARE(callbacks().index(0, CallbackListModel::DeliveredColumn).data().toInt(), 1);
    QCOMPARE(callbacks().stateOf(0), CallbackListModel::State::Active);
    QTest::qWait(50);
    QCOMPARE(posts().size(), 1);
}

void TestPublishing::ownRunsAreEvents()
{
    QVERIFY(callbacks().add(to("/hook", {"sandbox.code_executed"}), secret));
    m_api->executions = {"{\"type\":\"error\",\"name\":\"ValueError\",\"value\":\"x\",\"traceback\":\"t\"}\n"
                         "{\"type\":\"end_of_execution\"}\n"};
    const std::int64_t before = m_live.journal().count();
    m_runs->setRateCard(m_live.tracker().rateCard());
    m_runs->run(u"raise ValueError('x')"_s);
    QTRY_COMPARE(posts().size(), 1);
    const Json body = bodyOf(posts().front());
    QCOMPARE(stringOr(body, "type"), std::string("sandbox.code_executed"));
    QCOMPARE(stringOr(body, "sandbox_id"), std::string("i77b0e21abcdefghij"));
    QCOMPARE(boolOr(body.at("event_data"), "success", true), false);
    QCOMPARE(stringOr(body.at("event_data"), "error"), std::string("ValueError"));
    QCOMPARE(stringOr(body.at("event_data"), "outcome"), std::string("raised"));
    QVERIFY(m_runs->newest().cost);
    QCOMPARE(stringOr(body.at("event_data"), "cost_usd"), m_runs->newest().cost->toFixed(12));
    QCOMPARE(m_live.journal().count(), before + 1); // it is history as well
    m_api->createStatus = 500;
    m_runs->endSession();
    m_runs->run(u"1"_s);
    QTRY_COMPARE(m_runs->state(), models::RunSession::State::Idle);
    QTest::qWait(100);
    QCOMPARE(m_live.journal().count(), before + 1); // nothing was executed
}

/// What the model's answer cost stands beside what the sandbox did, so that nobody counts it twice.
void TestPublishing::modelOfARunIsInItsEvent()
{
    QVERIFY(callbacks().add(to("/hook", {"sandbox.code_executed"}), secret));
    m_api->executions = {"{\"type\":\"end_of_execution\"}\n"};
    m_runs->setRateCard(m_live.tracker().rateCard());
    testsupport::FakeModelServer provider;
    provider.says({testsupport::FakeModelServer::code("pass", 1'000, 10)});
    const refine::ModelConnection model{
        "m", "Tiny", {}, provider.openAiUrl(), "tiny-coder", provider.key.toStdString()};
    refine::ModelPrice price;
    price.picoPerInput = 150'000;
    m_runs->refine(
        std::make_unique<refine::ModelGenerator>(model, *refine::ModelPrices::fromList({price}), refine::RefineTask{}),
        {1, {}}, u"Tiny"_s);
    QTRY_COMPARE(posts().size(), 1);
    const Json data = bodyOf(posts().front()).at("event_data");
    QCOMPARE(stringOr(data, "model"), std::string("tiny-coder"));
    QCOMPARE(stringOr(data, "model_cost_usd"), std::string("0.000150000000"));
    QCOMPARE(stringOr(data, "cost_usd"), m_runs->newest().cost->toFixed(12));
    lifecycle::Event event;
    event.raw = posts().front().body.toStdString();
    QCOMPARE(lifecycle::codeExecutionOf(event).modelCost->toFixed(6), "0.000150");
    QCOMPARE(lifecycle::codeExecutionOf(event).model, "tiny-coder");
}

/// A first run can be over before the size of its sandbox is known; that of a sandbox nobody tells of never is.
void TestPublishing::costOfARunMayComeLate()
{
    QVERIFY(callbacks().add(to("/hook", {"sandbox.code_executed"}), secret));
    m_runs->setRateCard(m_live.tracker().rateCard());
    m_api->executions = {"{\"type\":\"end_of_execution\"}\n"};
    m_api->sandboxCreated =
        R"({"sandboxID":"i77b0e21abcdefghij","templateID":"t","clientID":"c","envdVersion":"0.4.0"})";
    m_api->sandboxDetails = R"({"sandboxID":"i77b0e21abcdefghij","templateID":"t","clientID":"c","envdVersion":"0.4.0",
        "state":"running","startedAt":"2026-08-20T10:00:00Z","endAt":"2026-08-20T11:00:00Z",
        "cpuCount":2,"memoryMB":512})";
    m_api->detailsDelayMs = 300;
    m_runs->run(u"1"_s);
    QTRY_VERIFY(m_runs->newest().verdict == refine::Verdict::Passed);
    QTRY_VERIFY(m_runs->state() == models::RunSession::State::Idle);
    QVERIFY(!m_runs->newest().cost);
    QTRY_COMPARE(posts().size(), 1);
    QVERIFY(m_runs->newest().cost);
    Json data = bodyOf(posts().front()).at("event_data");
    QCOMPARE(stringOr(data, "cost_usd"), m_runs->newest().cost->toFixed(12));
    QCOMPARE(stringOr(data, "outcome"), std::string("passed"));

    m_runs->endSession();
    m_api->sandboxDetails = "{}";
    m_runs->run(u"1"_s);
    QTRY_COMPARE(posts().size(), 2); // it is told without
    data = bodyOf(posts().back()).at("event_data");
    QVERIFY(!data.contains("cost_usd"));

    // One that waits when the program ends is written then.
    const std::int64_t before = m_live.journal().count();
    m_runs->run(u"1"_s);
    QTRY_COMPARE(m_runs->attempts()->rowCount(), 3);
    QTRY_VERIFY(m_runs->state() == models::RunSession::State::Idle);
    end();
    QTRY_COMPARE(m_live.journal().count(), before + 1);
    begin();
}

void TestPublishing::survivesARestart()
{
    const auto added = callbacks().add(to("/hook", {"sandbox.killed"}, "base"), secret);
    QVERIFY(added);
    QFile file(m_directory->filePath(u"callbacks.json"_s));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QVERIFY(!file.readAll().contains(QByteArray::fromStdString(secret)));
    end();
    begin();
    QCOMPARE(callbacks().rowCount(), 1);
    QCOMPARE(callbacks().at(0).id, *added);
    QVERIFY(callbacks().at(0).filter.types == std::vector<std::string>{"sandbox.killed"});
    QCOMPARE(callbacks().at(0).filter.templateName, std::string("base"));
    QVERIFY(m_live.record({createdOf("a", "base", 1), createdOf("b", "other", 1)}));
    lifecycle::Event killed = sample::ended(lifecycle::EventType::Killed, 3, "x-a", 1, "a");
    killed.templateId = "base";
    QVERIFY(m_live.record({killed}));
    QTRY_COMPARE(posts().size(), 1);
    QCOMPARE(stringOr(bodyOf(posts().front()), "type"), std::string("sandbox.lifecycle.killed"));
}

void TestPublishing::pausedOnesAreToldNothing()
{
    const auto id = callbacks().add(to("/hook"), secret);
    QVERIFY(id);
    callbacks().setPaused(*id, true);
    QVERIFY(m_live.record({createdOf("a", "base", 1)}));
    end();
    begin(); // paused it stays
    QCOMPARE(callbacks().stateOf(0), CallbackListModel::State::Paused);
    QVERIFY(m_live.record({createdOf("b", "base", 2)}));
    callbacks().resume(*id);
    QVERIFY(m_live.record({createdOf("c", "base", 3)}));
    QTRY_COMPARE(posts().size(), 1);
    QCOMPARE(stringOr(bodyOf(posts().front()), "sandbox_id"), std::string("c"));
}

void TestPublishing::givesUpAndResumes()
{
    m_receiver->script(hook, {FakeReply::error(410, "gone")}); // refused for good: no second try
    const auto id = callbacks().add(to("/hook"), secret);
    QVERIFY(id);
    QVERIFY(m_live.record(
        {createdOf("a", "base", 1), createdOf("b", "base", 2), createdOf("c", "base", 3), createdOf("d", "base", 4)}));
    QTRY_COMPARE(callbacks().stateOf(0), CallbackListModel::State::GaveUp);
    QCOMPARE(posts().size(), 3);
    QCOMPARE(callbacks().index(0, CallbackListModel::LostColumn).data().toInt(), 4);
    QCOMPARE(callbacks().index(0, 0).data(CallbackListModel::LastErrorRole).toString(), u"HTTP 410"_s);
    m_receiver->script(hook, {FakeReply::json(204, {})});
    callbacks().resume(*id);
    QCOMPARE(callbacks().stateOf(0), CallbackListModel::State::Active);
    QVERIFY(m_live.record({createdOf("e", "base", 5)}));
    QTRY_COMPARE(posts().size(), 4);
}

void TestPublishing::missingSecretIsSaid()
{
    QVERIFY(callbacks().add(to("/hook"), secret));
    end();
    QVERIFY(QFile::remove(m_directory->filePath(u"keys.json"_s)));
    begin();
    QTRY_COMPARE(callbacks().stateOf(0), CallbackListModel::State::NoSecret);
    QVERIFY(m_live.record({createdOf("a", "base", 1)}));
    QTest::qWait(50);
    QCOMPARE(posts().size(), 0); // never unsigned instead
    QVERIFY(callbacks().edit(callbacks().at(0), secret));
    QVERIFY(m_live.record({createdOf("b", "base", 2)}));
    QTRY_COMPARE(posts().size(), 1);
}

void TestPublishing::refusesNonsense_data()
{
    QTest::addColumn<QString>("url");
    QTest::addColumn<QString>("key");
    QTest::newRow("no url") << u"hello"_s << QString(32, u's');
    QTest::newRow("other scheme") << u"ftp://127.0.0.1/x"_s << QString(32, u's');
    QTest::newRow("short secret") << u"http://127.0.0.1/x"_s << QString(31, u's');
    QTest::newRow("no secret") << u"http://127.0.0.1/x"_s << QString();
}

void TestPublishing::refusesNonsense()
{
    QFETCH(QString, url);
    QFETCH(QString, key);
    QVERIFY(!callbacks().add({{}, url.toStdString(), {}, false}, key.toStdString()));
    QCOMPARE(callbacks().rowCount(), 0);
}

void TestPublishing::panelAddsEditsTestsAndRemoves()
{
    test::WebhookFixture fixture;
    models::WebhookListModel webhooks(fixture.client);
    models::DeliveriesModel deliveries(fixture.client);
    models::QuarantineModel quarantine;
    e2b::RegistrationFile registrations(m_paths.config / "registrations.json");
    models::TunnelSession tunnel(registrations);
    ui::WebhooksPage page(webhooks, deliveries, quarantine, tunnel);
    m_publishing->showIn(page);
    page.showPart(ui::WebhooksPage::Callbacks);
    page.resize(824, 540);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    auto *panel = page.findChild<ui::CallbacksPanel *>();
    QVERIFY(panel->isVisible() && panel->findChild<QWidget *>(u"callbacksEmpty"_s)->isVisible());
    const auto button = [panel](const QString &name) { return panel->findChild<QPushButton *>(name); };
    QVERIFY(!button(u"removeCallback"_s)->isEnabled());

    button(u"newCallback"_s)->click();
    auto *dialog = page.findChild<ui::CallbackDialog *>();
    auto *save = dialog->findChild<QPushButton *>(u"saveCallback"_s);
    QVERIFY(!save->isEnabled());
    dialog->findChild<QLineEdit *>(u"callbackUrl"_s)->setText(QString::fromStdString(m_receiver->url()) + u"/hook"_s);
    QVERIFY(save->isEnabled()); // a secret is there
    dialog->findChild<QLineEdit *>(u"callbackSecret"_s)->setText(QString(31, u's'));
    QVERIFY(!save->isEnabled());
    dialog->findChild<QLineEdit *>(u"callbackSecret"_s)->setText(QString(32, u's'));
    for (const char *type : {"sandbox.updated", "sandbox.paused", "sandbox.resumed", "sandbox.checkpointed"})
        dialog->findChild<QCheckBox *>(u"callback-"_s + QString::fromLatin1(type))->setChecked(false);
    save->click();
    QCOMPARE(callbacks().rowCount(), 1);
    auto *table = panel->findChild<QTableView *>(u"callbackTable"_s);
    QCOMPARE(table->model()->index(0, CallbackListModel::EventsColumn).data().toString(),
             u"created, killed, code_executed"_s);

    table->selectRow(0);
    QSignalSpy toasts(&page, &ui::Page::toast);
    button(u"testCallback"_s)->click();
    QTRY_COMPARE(toasts.size(), 1);
    QVERIFY2(toasts.front().front().toString().startsWith(u"✓ Accepted with 200"_s),
             qPrintable(toasts.front().front().toString()));
    QCOMPARE(stringOr(bodyOf(posts().front()), "type"), std::string("sandglass.test"));

    button(u"editCallback"_s)->click();
    QTRY_VERIFY(page.findChildren<ui::CallbackDialog *>().size() == 1);
    dialog = page.findChild<ui::CallbackDialog *>();
    dialog->findChild<QLineEdit *>(u"callbackTemplate"_s)->setText(u"base"_s);
    dialog->findChild<QPushButton *>(u"saveCallback"_s)->click(); // the secret stays
    QCOMPARE(callbacks().at(0).filter.templateName, std::string("base"));

    m_receiver->script(hook, {FakeReply::error(410, "gone")});
    QVERIFY(m_live.record({createdOf("a", "base", 1), createdOf("b", "base", 2), createdOf("c", "base", 3)}));
    QTRY_VERIFY(panel->findChild<QLabel *>(u"callbackDetail"_s)->text().contains(u"gave up after 3"_s));
    QCOMPARE(button(u"toggleCallback"_s)->text(), u"Resume"_s);
    button(u"toggleCallback"_s)->click();
    QTRY_COMPARE(button(u"toggleCallback"_s)->text(), u"Pause"_s);

    button(u"removeCallback"_s)->click();
    panel->findChild<QPushButton *>(u"toastAction"_s)->click(); // undone
    QCOMPARE(callbacks().rowCount(), 1);
    button(u"removeCallback"_s)->click();
    page.settle(); // the window closes
    QCOMPARE(callbacks().rowCount(), 0);
    QVERIFY(lifecycle::readRecord(m_paths.config / "callbacks.json")->empty());
    QVERIFY(!QFile::exists(m_directory->filePath(u"keys.json"_s))); // its secret was the only one
}

QTEST_MAIN(TestPublishing)
#include "tst_publishing.moc"
