// The budgets page: its rows, what is about to happen and has happened, the notice, runaways and the forecast.

#include "tests/ui/budgetsfixture.h"
#include "ui/budgets/budgetdelegate.h"
#include "ui/budgets/budgettext.h"
#include "ui/widgets/filedialogs.h"
#include "ui/widgets/stattile.h"

#include <QComboBox>
#include <QFile>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QSignalSpy>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;
using lifecycle::EventType;
using models::BudgetListModel;
namespace sample = lifecycle::sample;

class TestBudgetsPage final : public test::BudgetsFixture
{
    Q_OBJECT
private Q_SLOTS:
    void presetsFillThePage();
    void rowsFollowTheMoney();
    void keepsAPlannedOneRunning();
    void noticeCountsDownAndUndoes();
    void noticeTellsAlerts();
    void pausedOnesCanBeResumed();
    void auditGoesToCsv();
    void runawayRulesApply();
    void forecastNeedsThreeDays();
    void forecastTellsDayMonthAndHit();
    void fitsASmallWindow();
};

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
    QSignalSpy told(m_page, &ui::Page::toast);
    child<QPushButton>("exportAudit")->click();
    auto *dialog = m_page->window()->findChild<QFileDialog *>(u"saveDialog"_s);
    QVERIFY(dialog != nullptr);
    dialog->findChild<QLineEdit *>(u"fileNameEdit"_s)->setText(path);
    QVERIFY(QMetaObject::invokeMethod(dialog, "accept"));
    QTRY_COMPARE(told.size(), 1);
    QCOMPARE(told[0][0].toString(), u"Exported to "_s + path);
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QList<QByteArray> lines = file.readAll().trimmed().split('\n');
    QCOMPARE(lines.size(), m_audit->rowCount() + 1);
    QCOMPARE(lines.front().trimmed(), QByteArray("at,who,verb,sandbox,why,answer"));
    QVERIFY(lines.join().contains("2026-08-20T10:10:00.000Z,guard,kill,a,budget 'Daily' is used up,planned for "));
    QString problem;
    ui::exportTo(m_page, m_directory->filePath(u"no/such/folder.csv"_s), "x",
                 [&problem](const QString &text) { problem = text; });
    QTRY_VERIFY(problem.contains(u" cannot be written: "_s));
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
