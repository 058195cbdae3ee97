// What budgets say where something is started: in New sandbox and above the code of Refine, with both ways on.

#include "models/runs/codedocument.h"
#include "models/runs/runsession.h"
#include "models/settings/settings.h"
#include "models/templates/newsandboxsession.h"
#include "models/templates/templatelistmodel.h"
#include "tests/models/miniapi.h"
#include "tests/ui/budgetsfixture.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/refinepage.h"
#include "ui/templates/newsandboxdialog.h"

#include <QLabel>
#include <QPromise>
#include <QSettings>
#include <QSignalSpy>

using namespace sandglass;
using namespace sandglass::test;
using namespace Qt::Literals::StringLiterals;
using cost::Budget;
using models::RunSession;
using List = std::vector<e2b::TemplateInfo>;

namespace {

template<typename T>
QFuture<T> ready(T value)
{
    QPromise<T> promise;
    promise.start();
    promise.addResult(std::move(value));
    promise.finish();
    return promise.future();
}

Budget stopping(const char *dollars)
{
    Budget budget;
    budget.id = "b1";
    budget.name = "Daily";
    budget.moneyLimit = Money::parse(dollars).value();
    budget.timeZone = "UTC";
    budget.action = Budget::Action::Pause;
    budget.isDryRun = false;
    budget.grace = std::chrono::hours(1);
    return budget;
}

} // namespace

class TestStartNotice final : public BudgetsFixture
{
    Q_OBJECT
private Q_SLOTS:
    void newSandboxIsRefusedAndStartedAnyway();
    void newSandboxWarnsWhileTheFormIsFilledIn();
    void runIsRefusedAndStartedAnyway();

private:
    void makeCheck();

    std::unique_ptr<models::TemplateListModel> m_templates;
    std::unique_ptr<models::StartCheck> m_check;
};

void TestStartNotice::makeCheck()
{
    m_templates = std::make_unique<models::TemplateListModel>([] {
        e2b::TemplateInfo info;
        info.templateId = "tpl";
        info.names = {"base"};
        info.cpuCount = 2;
        info.memoryMb = 512;
        return ready(Result<List>(List{info}));
    });
    m_templates->refresh();
    QTRY_COMPARE(m_templates->rowCount(), 1);
    m_check =
        std::make_unique<models::StartCheck>(*m_desk, *m_templates, [this] { return m_live.tracker().rateCard(); });
}

void TestStartNotice::newSandboxIsRefusedAndStartedAnyway()
{
    makeCheck();
    runOne(); // $0.01815
    QVERIFY(m_desk->setBudget(stopping("0.01")));
    QTRY_VERIFY(m_desk->isCurrent());
    int made = 0;
    models::NewSandboxSession session(
        [&made](const e2b::SandboxSpec &) {
            ++made;
            return ready(Result<e2b::SandboxInfo>(e2b::SandboxInfo{}));
        },
        [](const std::string &) { return ready(Result<>()); });
    session.gate().setCheck(m_check.get());
    ui::NewSandboxDialog dialog(*m_templates, session, m_live.tracker().rateCard());
    QSignalSpy wanted(&dialog, &ui::NewSandboxDialog::budgetsRequested);
    dialog.show();
    auto *create = dialog.findChild<QPushButton *>(u"createButton"_s);
    auto *anyway = dialog.findChild<QPushButton *>(u"startAnyway"_s);
    auto *text = dialog.findChild<QLabel *>(u"startNoticeText"_s);
    QTRY_VERIFY(text->isVisible()); // before it is asked for
    QVERIFY(!anyway->isVisible());
    QTest::mouseClick(create, Qt::LeftButton);
    QTRY_VERIFY(anyway->isVisible());
    QCOMPARE(text->text(),
             u"Nothing was started. The budget “Daily” is used up ($0.0182 of $0.0100 today) and stops new starts."_s);
    QCOMPARE(made, 0);
    QVERIFY(create->isEnabled() && dialog.isVisible());

    QTest::mouseClick(dialog.findChild<QPushButton *>(u"openBudgets"_s), Qt::LeftButton);
    QVERIFY(!dialog.isVisible());
    QCOMPARE(wanted.size(), 1);
    dialog.show();
    QTest::mouseClick(create, Qt::LeftButton);
    QVERIFY(!anyway->isEnabled()); // asked again
    QTRY_VERIFY(anyway->isEnabled());
    QTest::mouseClick(anyway, Qt::LeftButton);
    QTRY_COMPARE(made, 1);
    QTRY_VERIFY(!dialog.isVisible());
    QTRY_VERIFY(m_audit->rowCount() > 0 && m_audit->at(0).verb == "start anyway");
}

void TestStartNotice::newSandboxWarnsWhileTheFormIsFilledIn()
{
    makeCheck();
    runOne();
    Budget budget = stopping("0.1"); // an hour costs $0.1089
    budget.thresholds = {100};
    QVERIFY(m_desk->setBudget(budget));
    QTRY_VERIFY(m_desk->isCurrent());
    models::NewSandboxSession session(
        [](const e2b::SandboxSpec &) { return ready(Result<e2b::SandboxInfo>(e2b::SandboxInfo{})); },
        [](const std::string &) { return ready(Result<>()); });
    session.gate().setCheck(m_check.get());
    ui::NewSandboxDialog dialog(*m_templates, session, m_live.tracker().rateCard());
    dialog.setTimeoutSeconds(300);
    dialog.show();
    auto *text = dialog.findChild<QLabel *>(u"startNoticeText"_s);
    QVERIFY(!text->isVisible());
    dialog.setTimeoutSeconds(3'600);
    QVERIFY(text->isVisible());
    QVERIFY2(text->text().startsWith(u"This may use up the budget “Daily” (now $0.0"_s), qPrintable(text->text()));
    m_desk->removeBudget("b1"); // while the dialog stands
    QTRY_VERIFY(!text->isVisible());
    QVERIFY(m_desk->setBudget(budget));
    QTRY_VERIFY(text->isVisible());
    QTest::mouseClick(dialog.findChild<QPushButton *>(u"createButton"_s), Qt::LeftButton);
    QTRY_VERIFY(!dialog.isVisible()); // told, not refused
    QCOMPARE(session.state(), models::NewSandboxSession::State::Created);
}

void TestStartNotice::runIsRefusedAndStartedAnyway()
{
    makeCheck();
    runOne();
    QVERIFY(m_desk->setBudget(stopping("0.01")));
    QSettings store(m_directory->filePath(u"s.ini"_s), QSettings::IniFormat);
    models::Settings settings(store);
    MiniApi api;
    api.executions = {"{\"type\":\"stdout\",\"text\":\"1\\n\"}\n{\"type\":\"end_of_execution\"}\n"};
    e2b::Connection connection;
    connection.apiUrl = connection.sandboxUrl = api.url();
    connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
    e2b::Client client(connection);
    RunSession session(client);
    session.gate().setCheck(m_check.get());
    models::CodeDocument document(m_directory->filePath(u"autosave"_s));
    ui::RefinePage page(session, document, settings, *m_templates);
    QSignalSpy wanted(&page, &ui::RefinePage::budgetsRequested);
    page.resize(900, 600);
    page.show();
    page.editor()->setText(u"print(1)"_s);
    auto *text = page.findChild<QLabel *>(u"startNoticeText"_s);
    auto *anyway = page.findChild<QPushButton *>(u"startAnyway"_s);
    page.run();
    QCOMPARE(session.state(), RunSession::State::Asking);
    QTRY_VERIFY(anyway->isVisible());
    QVERIFY2(text->text().contains(u"“Daily” is used up ($0.0182 of $0.0100 today)"_s), qPrintable(text->text()));
    QCOMPARE(session.state(), RunSession::State::Idle);
    QCOMPARE(session.attempts()->rowCount(), 0);
    QVERIFY(!api.requests.contains(u"POST /sandboxes"_s));
    QTest::mouseClick(page.findChild<QPushButton *>(u"openBudgets"_s), Qt::LeftButton);
    QCOMPARE(wanted.size(), 1);
    QTest::mouseClick(anyway, Qt::LeftButton);
    QTRY_VERIFY(session.attempts()->rowCount() == 1 && session.state() == RunSession::State::Idle);
    QCOMPARE(session.attempts()->at(0).verdict, models::AttemptRow::Verdict::Ran);
    QVERIFY(!text->isVisible());
    QTRY_VERIFY(m_audit->rowCount() > 0 && m_audit->at(0).verb == "start anyway");

    m_desk->removeBudget("b1");
    api.executions = {"{\"type\":\"end_of_execution\"}\n"};
    page.run();
    QTRY_VERIFY(session.attempts()->rowCount() == 2 && session.state() == RunSession::State::Idle);
    QVERIFY(!text->isVisible());
}

QTEST_MAIN(TestStartNotice)
#include "tst_startnotice.moc"
