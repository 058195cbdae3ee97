// The page of budgets over a real journal, tracker and guard, with real clicks; actions go to a loopback API.

#include "models/budgets/auditmodel.h"
#include "models/budgets/budgetlistmodel.h"
#include "models/budgets/guarddesk.h"
#include "models/budgets/plannedmodel.h"
#include "models/budgets/spendforecast.h"
#include "services/core/qtstring.h"
#include "services/e2b/client.h"
#include "tests/models/livefixture.h"
#include "tests/support/fakee2bserver.h"
#include "ui/budgets/auditcard.h"
#include "ui/budgets/budgetdelegate.h"
#include "ui/budgets/budgetdialog.h"
#include "ui/budgets/budgetspage.h"
#include "ui/budgets/budgettext.h"
#include "ui/budgets/guardnotice.h"
#include "ui/theme/theme.h"
#include "ui/widgets/stattile.h"

#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableView>

#include <atomic>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;
using lifecycle::EventType;
using models::BudgetListModel;
using models::GuardDesk;
using testsupport::FakeReply;
namespace sample = lifecycle::sample;

class TestBudgetsPage final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void presetsFillThePage();
    void addsABudgetByItsDialog();
    void dialogSaysWhatIsWrong_data();
    void dialogSaysWhatIsWrong();
    void editsAndDeletesWithUndo();
    void rowsFollowTheMoney();
    void keepsAPlannedOneRunning();
    void noticeCountsDownAndUndoes();
    void noticeTellsAlerts();
    void pausedOnesCanBeResumed();
    void auditGoesToCsv();
    void runawayRulesApply();
    void forecastNeedsThreeDays();
    void forecastTellsDayMonthAndHit();
    void textsGoBothWays();
    void fitsASmallWindow();

private:
    template<typename Widget>
    [[nodiscard]] Widget *child(const char *name) const
    {
        Widget *found = m_window->findChild<Widget *>(QString::fromLatin1(name));
        Q_ASSERT(found != nullptr);
        return found;
    }
    void click(const char *name) { QTest::mouseClick(child<QPushButton>(name), Qt::LeftButton); }
    void type(const char *name, const QString &text)
    {
        auto *edit = child<QLineEdit>(name);
        edit->setFocus();
        edit->selectAll();
        QTest::keyClick(edit, Qt::Key_Backspace);
        QTest::keyClicks(edit, text);
    }
    void runOne();               ///< "a" since 0 s: $0.01815 in ten minutes
    void planKill();             ///< "a" is to be killed 30 s later
    void moveTo(double seconds); ///< the clock; then one evaluation

    test::LiveFixture m_live;
    std::atomic<std::int64_t> m_nowNs = 0;
    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<testsupport::FakeE2bServer> m_server;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<models::ClientSandboxActions> m_actions;
    std::unique_ptr<GuardDesk> m_desk;
    std::unique_ptr<BudgetListModel> m_budgets;
    std::unique_ptr<models::PlannedModel> m_planned;
    std::unique_ptr<models::AuditModel> m_audit;
    std::unique_ptr<models::SpendForecast> m_forecast;
    std::unique_ptr<QWidget> m_window;
    ui::BudgetsPage *m_page = nullptr;
    ui::GuardNotice *m_notice = nullptr;
    QTableView *m_table = nullptr;
};

void TestBudgetsPage::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestBudgetsPage::init()
{
    m_directory = std::make_unique<QTemporaryDir>();
    QVERIFY(m_live.open());
    m_live.now = sample::at(600);
    m_nowNs = toUnixNs(m_live.now);
    m_server = std::make_unique<testsupport::FakeE2bServer>();
    m_server->scriptAll("/sandboxes/", [](const testsupport::FakeRequest &request) {
        return request.target.endsWith("/connect")
            ? FakeReply::json(201, R"({"sandboxID":"a","templateID":"tpl","clientID":"c","envdVersion":"0.4.0"})")
            : FakeReply::json(204, {});
    });
    e2b::Connection connection;
    connection.apiUrl = m_server->url();
    connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
    m_client = std::make_unique<e2b::Client>(connection);
    m_actions = std::make_unique<models::ClientSandboxActions>(*m_client);
    const auto file = [this](const char *name) {
        return std::filesystem::path(m_directory->filePath(QString::fromLatin1(name)).toStdString());
    };
    m_desk = std::make_unique<GuardDesk>(
        m_live.tracker(), *m_actions,
        models::GuardFiles{file("budgets.json"), file("guard.json"), file("audit.jsonl"), m_live.journal().file()},
        [this] { return fromUnixNs(m_nowNs); });
    m_budgets = std::make_unique<BudgetListModel>(*m_desk);
    m_planned = std::make_unique<models::PlannedModel>(*m_desk);
    m_audit = std::make_unique<models::AuditModel>(*m_desk);
    m_forecast = std::make_unique<models::SpendForecast>(m_live.tracker(), *m_desk);
    m_window = std::make_unique<QWidget>();
    m_window->resize(1200, 900);
    m_page = new ui::BudgetsPage(
        {*m_desk, *m_budgets, *m_planned, *m_audit, *m_forecast}, [] { return QStringList{u"ml"_s}; },
        [] { return QStringList{u"Cloud"_s}; }, m_window.get());
    m_page->setGeometry(0, 60, 1200, 840);
    m_page->headerTools()->setParent(m_window.get());
    m_page->headerTools()->setGeometry(600, 0, 600, 56);
    m_notice = new ui::GuardNotice(*m_desk, *m_planned, m_window.get());
    m_window->show();
    m_window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    m_table = child<QTableView>("budgetTable");
    QTRY_VERIFY(m_desk->isCurrent());
}

void TestBudgetsPage::cleanup()
{
    m_window.reset();
    m_forecast.reset();
    m_audit.reset();
    m_planned.reset();
    m_budgets.reset();
    m_desk.reset();
    m_actions.reset();
    m_client.reset();
    m_server.reset();
    m_live.close();
    m_directory.reset();
}

void TestBudgetsPage::moveTo(double seconds)
{
    QTRY_VERIFY(m_desk->isCurrent());
    m_live.now = sample::at(seconds);
    m_nowNs = toUnixNs(m_live.now);
    m_desk->confirmFacts();
    m_desk->evaluateNow();
    QTRY_VERIFY(m_desk->isCurrent() && m_desk->report()->at == m_live.now);
}

void TestBudgetsPage::runOne()
{
    lifecycle::Event size = sample::observedRunning(1, 0);
    size.sandboxId = "a";
    size.id = "a/observed";
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), size}));
    m_desk->confirmFacts();
}

void TestBudgetsPage::planKill()
{
    runOne();
    cost::Budget budget;
    budget.id = "b1";
    budget.name = "Daily";
    budget.moneyLimit = Money::parse("0.01").value();
    budget.timeZone = "UTC";
    budget.action = cost::Budget::Action::Kill;
    budget.isDryRun = false;
    budget.grace = 30s;
    QVERIFY(m_desk->setBudget(budget));
    QTRY_COMPARE(m_planned->rowCount(), 1);
}

void TestBudgetsPage::presetsFillThePage()
{
    QVERIFY(!m_table->isVisible());
    QCOMPARE(m_page->subtitle(), u"0 budgets"_s);
    click("presetRunaway");
    QCOMPARE(m_desk->runawayPolicy().response, models::RunawayPolicy::Response::Pause);
    QCOMPARE(m_desk->runawayPolicy().rules.threshold, 10min);
    QVERIFY(m_desk->runawayPolicy().isDryRun);
    QCOMPARE(child<QComboBox>("runawayResponse")->currentIndex(), 2);
    click("presetMoney");
    QVERIFY(m_table->isVisible());
    QCOMPARE(m_desk->budgets().size(), 1U);
    QCOMPARE(m_desk->budgets().front().moneyLimit, Money::parse("10").value());
    QTRY_COMPARE(ui::BudgetDelegate::usedText(m_budgets->index(0, 0)), u"$0.00 of $10.00"_s);
    m_desk->removeBudget(m_desk->budgets().front().id);
    click("presetCount");
    QCOMPARE(m_desk->budgets().front().countLimit, 100);
    QTRY_COMPARE(ui::BudgetDelegate::usedText(m_budgets->index(0, 0)), u"0 of 100"_s);
}

void TestBudgetsPage::addsABudgetByItsDialog()
{
    click("addBudget");
    auto *dialog = child<ui::BudgetDialog>("budgetDialog");
    QVERIFY(dialog->isVisible());
    type("budgetName", u"Models"_s);
    type("budgetLimit", u"2.50"_s);
    QTest::keyClick(child<QComboBox>("budgetPeriod"), Qt::Key_End); // per month
    child<QComboBox>("budgetZone")->setFocus();
    child<QComboBox>("budgetZone")->lineEdit()->selectAll();
    QTest::keyClicks(child<QComboBox>("budgetZone")->lineEdit(), u"Europe/Berlin"_s);
    QVERIFY(!child<QComboBox>("budgetScopeValue")->isVisible());
    QTest::keyClick(child<QComboBox>("budgetScope"), Qt::Key_Down); // template
    QVERIFY(child<QComboBox>("budgetScopeValue")->isVisible());
    QCOMPARE(child<QComboBox>("budgetScopeValue")->itemText(0), u"ml"_s);
    QTest::keyClicks(child<QComboBox>("budgetScopeValue")->lineEdit(), u"ml"_s);
    type("budgetThresholds", u"90, 25%"_s);
    QVERIFY(!child<QSpinBox>("budgetGrace")->isEnabled());
    QTest::keyClick(child<QComboBox>("budgetAction"), Qt::Key_Down); // pause
    QVERIFY(child<QSpinBox>("budgetGrace")->isEnabled());
    child<QSpinBox>("budgetGrace")->setValue(5);
    QTest::mouseClick(child<QCheckBox>("budgetDryRun"), Qt::LeftButton, {}, QPoint(8, 8));
    type("budgetExceptions", u"user=42"_s);
    click("saveBudget");
    QTRY_VERIFY(m_window->findChild<ui::BudgetDialog *>() == nullptr);
    QCOMPARE(m_desk->budgets().size(), 1U);
    const cost::Budget &budget = m_desk->budgets().front();
    QCOMPARE(budget.name, "Models");
    QCOMPARE(budget.moneyLimit, Money::parse("2.5").value());
    QCOMPARE(budget.period, cost::PeriodKind::Month);
    QCOMPARE(budget.timeZone, "Europe/Berlin");
    QCOMPARE(budget.scope, (cost::Scope{cost::Scope::Kind::Template, {}, "ml"}));
    QCOMPARE(budget.thresholds, (std::vector<int>{25, 90}));
    QCOMPARE(budget.action, cost::Budget::Action::Pause);
    QVERIFY(!budget.isDryRun);
    QCOMPARE(budget.grace, 5s);
    QCOMPARE(budget.allowed, (std::vector<cost::Scope>{{cost::Scope::Kind::Metadata, "user", "42"}}));
    QCOMPARE(m_page->subtitle(), u"1 budget"_s);
    QVERIFY(m_table->selectionModel()->isRowSelected(0, {}));
}

void TestBudgetsPage::dialogSaysWhatIsWrong_data()
{
    QTest::addColumn<QString>("field");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("problem");
    QTest::newRow("no name") << u"budgetName"_s << u" "_s << u"name"_s;
    QTest::newRow("no number") << u"budgetLimit"_s << u"ten"_s << u"\"ten\""_s;
    QTest::newRow("nothing") << u"budgetLimit"_s << u"0"_s << u"more than zero"_s;
    QTest::newRow("thresholds") << u"budgetThresholds"_s << u"half"_s << u"percents"_s;
    QTest::newRow("no threshold") << u"budgetThresholds"_s << u" "_s << u"thresholds"_s;
    QTest::newRow("exceptions") << u"budgetExceptions"_s << u"template:"_s << u"template:"_s;
    QTest::newRow("zone") << u"budgetZone"_s << u"Mars/Olympus"_s << u"time zone"_s;
}

void TestBudgetsPage::dialogSaysWhatIsWrong()
{
    QFETCH(QString, field);
    QFETCH(QString, text);
    QFETCH(QString, problem);
    click("addBudget");
    type("budgetName", u"x"_s);
    child<QComboBox>("budgetAction")->setCurrentIndex(2);
    if (field == u"budgetZone"_s)
        child<QComboBox>("budgetZone")->setEditText(text);
    else
        type(field.toLatin1().constData(), text);
    click("saveBudget");
    auto *label = child<QLabel>("budgetProblem");
    QVERIFY(label->isVisible());
    QVERIFY2(label->text().contains(problem, Qt::CaseInsensitive), qPrintable(label->text()));
    QVERIFY(m_desk->budgets().empty());
    click("cancelBudget");
}

void TestBudgetsPage::editsAndDeletesWithUndo()
{
    click("presetMoney");
    cost::Budget second = m_desk->budgets().front();
    second.id = "second";
    second.name = "Second";
    QVERIFY(m_desk->setBudget(second));
    m_table->selectRow(0);
    click("editBudget");
    QCOMPARE(child<QLineEdit>("budgetLimit")->text(), u"10.00"_s);
    type("budgetName", u"Twelve"_s);
    type("budgetLimit", u"12"_s);
    QTest::keyClick(child<QLineEdit>("budgetLimit"), Qt::Key_Return);
    QTRY_COMPARE(m_desk->budgets().front().name, "Twelve");
    QCOMPARE(m_desk->budgets().size(), 2U);
    QTRY_COMPARE(ui::BudgetDelegate::usedText(m_budgets->index(0, 0)), u"$0.00 of $12.00"_s);

    m_table->selectRow(0);
    click("deleteBudget");
    QCOMPARE(m_budgets->rowCount(), 1);
    auto *undo = m_page->findChild<QWidget *>(u"toast"_s)->findChild<QPushButton *>(u"toastAction"_s);
    QVERIFY(undo->isVisible());
    QTest::mouseClick(undo, Qt::LeftButton);
    QCOMPARE(m_budgets->rowCount(), 2);
    QCOMPARE(m_budgets->at(0).name, "Twelve"); // where it was
    QVERIFY(!undo->isVisible());
    m_window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    m_table->selectRow(1);
    m_table->setFocus();
    QTest::keyClick(m_table, Qt::Key_Delete);
    QCOMPARE(m_budgets->rowCount(), 1);
}

void TestBudgetsPage::rowsFollowTheMoney()
{
    QSignalSpy badges(m_page, &ui::Page::badgeChanged);
    runOne();
    cost::Budget budget;
    budget.id = "b1";
    budget.name = "Daily";
    budget.moneyLimit = Money::parse("0.02").value();
    budget.timeZone = "UTC";
    QVERIFY(m_desk->setBudget(budget));
    QTRY_COMPARE(ui::BudgetDelegate::usedText(m_budgets->index(0, 0)), u"$0.0182 of $0.0200"_s);
    const auto state = [this] { return m_budgets->index(0, BudgetListModel::StateColumn).data().toString(); };
    QCOMPARE(state(), u"near"_s);
    moveTo(700);
    QCOMPARE(state(), u"used up"_s);
    QCOMPARE(m_page->subtitle(), u"1 budget, 1 used up"_s);
    QCOMPARE(badges.last().value(0).toString(), u"1"_s);
}

void TestBudgetsPage::keepsAPlannedOneRunning()
{
    planKill();
    auto *table = child<QTableView>("plannedTable");
    QVERIFY(table->isVisible());
    QCOMPARE(child<QPushButton>("keepRunning")->text(), u"Keep all running"_s);
    table->selectRow(0);
    QCOMPARE(child<QPushButton>("keepRunning")->text(), u"Keep 1 running"_s);
    click("keepRunning");
    QTRY_VERIFY(!table->isVisible());
    moveTo(800);
    QVERIFY(m_server->requests().isEmpty());
    QVERIFY(child<QTableView>("auditTable")->isVisible());
    QCOMPARE(m_audit->at(0).verb, "undo");
}

void TestBudgetsPage::noticeCountsDownAndUndoes()
{
    planKill();
    auto *countdown = child<QWidget>("guardCountdown");
    QTRY_VERIFY(countdown->isVisible());
    m_notice->setPage(m_page); // where the table says the same
    m_page->hide();
    m_page->show();
    QTRY_VERIFY(!countdown->isVisible());
    m_page->hide();
    QTRY_VERIFY(countdown->isVisible());
    QCOMPARE(countdown->accessibleName(), u"Killing a in 0 m 30 s: budget 'Daily' is used up"_s);
    m_nowNs = toUnixNs(sample::at(610));
    QTRY_COMPARE(countdown->accessibleName(), u"Killing a in 0 m 20 s: budget 'Daily' is used up"_s);
    QTest::mouseClick(countdown->findChild<QPushButton *>(u"toastAction"_s), Qt::LeftButton);
    QTRY_COMPARE(m_planned->rowCount(), 0);
    QVERIFY(!countdown->isVisible());
    moveTo(800);
    QVERIFY(m_server->requests().isEmpty());
}

void TestBudgetsPage::noticeTellsAlerts()
{
    QSignalSpy shown(m_notice, &ui::GuardNotice::showRequested);
    runOne();
    cost::Budget budget;
    budget.id = "b1";
    budget.name = "Daily";
    budget.moneyLimit = Money::parse("0.02").value();
    budget.timeZone = "UTC";
    QVERIFY(m_desk->setBudget(budget));
    auto *alert = child<QWidget>("guardAlert");
    QTRY_VERIFY(alert->isVisible());
    QCOMPARE(alert->accessibleName(), u"Daily: $0.0182 of $0.0200, past 90 %"_s); // not 50 and 80 as well
    QTest::mouseClick(alert->findChild<QPushButton *>(u"toastAction"_s), Qt::LeftButton);
    QCOMPARE(shown.size(), 1);
    moveTo(640); // runs longer than ten minutes
    QTRY_VERIFY(alert->isVisible());
    QCOMPARE(alert->accessibleName(), u"a runs longer than meant"_s);
}

void TestBudgetsPage::pausedOnesCanBeResumed()
{
    runOne();
    models::RunawayPolicy policy;
    policy.response = models::RunawayPolicy::Response::Pause;
    policy.isDryRun = false;
    policy.grace = 0s;
    QVERIFY(m_desk->setRunawayPolicy(policy));
    moveTo(650);
    QTRY_COMPARE(m_server->count("POST /sandboxes/a/pause"), 1);
    QTRY_VERIFY(m_audit->rowCount() > 0 && m_audit->at(0).answer == "ok");
    QVERIFY(!child<QPushButton>("undoPause")->isEnabled());
    child<QTableView>("auditTable")->selectRow(0);
    QVERIFY(child<QPushButton>("undoPause")->isEnabled());
    click("undoPause");
    QTRY_COMPARE(m_server->count("POST /sandboxes/a/connect"), 1);
    QTRY_COMPARE(m_audit->at(0).verb, "resume");
    child<QTableView>("auditTable")->selectRow(1);
    QVERIFY(!child<QPushButton>("undoPause")->isEnabled()); // taken back already
}

void TestBudgetsPage::auditGoesToCsv()
{
    QVERIFY(!child<QPushButton>("exportAudit")->isEnabled());
    planKill();
    QTRY_VERIFY(child<QPushButton>("exportAudit")->isEnabled());
    const QString path = m_directory->filePath(u"audit.csv"_s);
    QVERIFY(m_page->findChild<ui::AuditCard *>()->write(path));
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QList<QByteArray> lines = file.readAll().trimmed().split('\n');
    QCOMPARE(lines.size(), m_audit->rowCount() + 1);
    QCOMPARE(lines.front().trimmed(), QByteArray("at,who,verb,sandbox,why,answer"));
    QVERIFY(lines.join().contains("2026-08-20T10:10:00.000Z,guard,kill,a,budget 'Daily' is used up,planned for "));
    QVERIFY(!m_page->findChild<ui::AuditCard *>()->write(m_directory->filePath(u"no/such/folder.csv"_s)));
}

void TestBudgetsPage::runawayRulesApply()
{
    QCOMPARE(child<QLineEdit>("runawayThreshold")->text(), u"10"_s);
    QVERIFY(!child<QPushButton>("applyRunaways")->isEnabled());
    type("runawayThreshold", u"0.5"_s);
    QVERIFY(child<QPushButton>("applyRunaways")->isEnabled());
    type("runawayPerTemplate", u"ml=120, web"_s);
    click("applyRunaways");
    QVERIFY(child<QLabel>("runawayProblem")->text().contains(u"\"web\""_s));
    type("runawayPerTemplate", u"ml=120, web=2"_s);
    QTest::keyClick(child<QComboBox>("runawayResponse"), Qt::Key_End); // kill
    click("applyRunaways");
    QCOMPARE(child<QLabel>("runawayProblem")->text(), QString());
    QCOMPARE(m_desk->runawayPolicy().rules.threshold, 30s);
    QCOMPARE(m_desk->runawayPolicy().rules.perTemplate, (ui::Thresholds{{"ml", 2h}, {"web", 2min}}));
    QCOMPARE(m_desk->runawayPolicy().response, models::RunawayPolicy::Response::Kill);
    runOne();
    QTRY_COMPARE(child<QLabel>("runawayState")->text(), u"1 now, the longest for 10 m 00 s"_s);
}

void TestBudgetsPage::forecastNeedsThreeDays()
{
    runOne();
    m_forecast->refresh();
    QVERIFY(m_forecast->today());
    QVERIFY(!m_forecast->today()->forecast);
    QCOMPARE(m_forecast->today()->spent, Money::parse("0.01815").value());
    QCOMPARE(child<ui::StatTile>("forecastDay")->value(), u"—"_s);
    QVERIFY(child<ui::StatTile>("forecastDay")->accessibleDescription().contains(u"not enough data"_s));
}

void TestBudgetsPage::forecastTellsDayMonthAndHit()
{
    // Two dollars on each of the last fourteen days: 2 vCPU and 512 MiB for 66,116 s.
    std::vector<lifecycle::Event> events;
    constexpr double length = 66'115.702; // $2.0000
    for (int day = 1; day <= 14; ++day) {
        const std::string id = "d" + std::to_string(day);
        const double start = -86'400.0 * day - 36'000; // midnight
        events.push_back(sample::created(start, "e" + id, id));
        events.push_back(sample::ended(EventType::Killed, start + length, "e" + id, start, id));
    }
    QVERIFY(m_live.record(events));
    cost::Budget budget;
    budget.id = "b1";
    budget.name = "Monthly";
    budget.moneyLimit = Money::parse("39.99").value();
    budget.period = cost::PeriodKind::Month;
    budget.timeZone = "UTC";
    QVERIFY(m_desk->setBudget(budget));
    m_forecast->refresh();
    // 20 August 10:10: $28 spent, 11.576 days at $2 to come, but nothing runs for the rest of today.
    QVERIFY(m_forecast->month() && m_forecast->month()->forecast);
    const cost::Forecast &month = *m_forecast->month()->forecast;
    QVERIFY2(std::abs(month.expected.toDollars() - 50) < 0.01, month.expected.toFixed(4).c_str());
    QVERIFY(month.high.toDollars() - month.low.toDollars() < 0.01); // every day was the same
    const auto &hit = m_forecast->budgets().at("b1").forecast->hitAt;
    QVERIFY(hit);
    QVERIFY2(std::chrono::abs(*hit - parseRfc3339("2026-08-26T23:52:48Z").value()) < 1min,
             qPrintable(ui::momentText(*hit)));
    QCOMPARE(child<ui::StatTile>("forecastReached")->value(), ui::dayText(*hit)); // 5.995 days of $2 from midnight on
    QCOMPARE(child<ui::StatTile>("forecastMonth")->value(), u"$50.00"_s);
    QVERIFY(child<ui::StatTile>("forecastMonth")->toolTip().contains(u"28 at most"_s)); // the method
}

void TestBudgetsPage::textsGoBothWays()
{
    const auto scopes = ui::exceptionsFromText(u" template:ml , connection:E2B cloud,user=42,keep ,"_s);
    QVERIFY(scopes);
    QCOMPARE(scopes->size(), 4U);
    QCOMPARE(ui::exceptionsText(*scopes), u"template:ml, connection:E2B cloud, user=42, keep"_s);
    QVERIFY(!ui::exceptionsFromText(u"=42"_s));
    QVERIFY(ui::exceptionsFromText({})->empty());
    QCOMPARE(ui::percentsFromText(u"100, 50 %,50"_s).value(), (std::vector<int>{50, 100}));
    QVERIFY(!ui::percentsFromText(u"5x"_s));
    QCOMPARE(ui::minutesText(90s), u"1.5"_s);
    QCOMPARE(ui::minutesFromText(u"1.5"_s).value(), 90'000ms);
    for (const QString &text : {u"-1"_s, u"0"_s, u"nan"_s, u"inf"_s, u"1e300"_s, QString()})
        QVERIFY2(!ui::minutesFromText(text), qPrintable(text));
    QCOMPARE(ui::thresholdsText({{"ml", 2h}, {"web", 30s}}), u"ml=120, web=0.5"_s);
    QVERIFY(!ui::thresholdsFromText(u"=5"_s));
}

void TestBudgetsPage::fitsASmallWindow()
{
    planKill();
    // What is left of 1024 × 600 beside side bar, header and status.
    m_window->resize(816, 520);
    m_page->setGeometry(0, 0, 816, 500);
    QTest::qWait(0);
    for (const char *name : {"forecastDay", "runawayThreshold", "runawayPerTemplate", "applyRunaways", "exportAudit"}) {
        auto *widget = child<QWidget>(name);
        const QRect place(widget->mapTo(m_page, QPoint()), widget->size());
        QVERIFY2(place.left() >= 0 && place.right() < 816, name);
        QVERIFY2(widget->width() >= widget->minimumSizeHint().width(), name);
    }
}

QTEST_MAIN(TestBudgetsPage)
#include "tst_budgetspage.moc"
