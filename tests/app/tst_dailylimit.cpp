// A day's limits by real clicks in the real program, with the provider's webhooks at a time of the test's own: a
// hundred sandboxes and one, sixty of them killed between, a dollar with four levels, and the next day (acceptance
// S70).

#include "models/budgets/auditmodel.h"
#include "models/budgets/budgetlistmodel.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/receiver.h"
#include "tests/app/fakeclock.h"
#include "tests/app/programfixture.h"
#include "tests/app/provider.h"

#include <QDialog>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QTest>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using namespace sandglass;
using models::AuditModel;

namespace {

const Timestamp day = parseRfc3339("2026-09-15T00:00:00Z").value_or(Timestamp{});

/// Of 8 vCPU and 8 GiB, $0.000148 a second, over since; `cents` rounded up to the next millisecond.
test::TestRun costing(int cents, const char *name, Timestamp start)
{
    return {.sandbox = name,
            .start = start,
            .length = std::chrono::milliseconds((std::int64_t{cents} * 10'000'000 + 147) / 148),
            .vcpu = 8,
            .memoryMb = 8'192};
}

} // namespace

class TestDailyLimit final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void fourLevelsOfADollarOnceEach();
    void the101stOfTheDayIsTold();
    void theNextDayBeginsAnew();

private:
    [[nodiscard]] bool deliver(const std::vector<test::TestRun> &runs);
    [[nodiscard]] bool start(const std::string &sandbox, Timestamp at);
    /// How often the audit log says that the budget has passed the level.
    [[nodiscard]] int told(const QString &budget, int percent);
    [[nodiscard]] int startedToday();

    std::unique_ptr<test::ProgramFixture> m_fixture;
    test::Provider m_provider;
};

bool TestDailyLimit::deliver(const std::vector<test::TestRun> &runs)
{
    const auto all = m_fixture->program().journal().count() + 2 * static_cast<std::int64_t>(runs.size());
    return m_provider.deliver(m_fixture->program().receiver()->url(), runs)
        && QTest::qWaitFor([&] { return m_fixture->program().journal().count() >= all; }, 10'000);
}

bool TestDailyLimit::start(const std::string &sandbox, Timestamp at)
{
    return m_provider.deliverStart(m_fixture->program().receiver()->url(), {.sandbox = sandbox, .start = at});
}

int TestDailyLimit::told(const QString &budget, int percent)
{
    const QAbstractItemModel &audit = *m_fixture->find<QTableView>("auditTable")->model();
    int count = 0;
    for (int row = 0; row < audit.rowCount(); ++row) {
        const auto text = [&](int column) { return audit.index(row, column).data().toString(); };
        count += text(AuditModel::VerbColumn) == u"alert"_s && text(AuditModel::WhyColumn).contains(budget)
            && text(AuditModel::AnswerColumn) == u"%1 % passed"_s.arg(percent);
    }
    return count;
}

int TestDailyLimit::startedToday()
{
    const QAbstractItemModel &budgets = *m_fixture->find<QTableView>("budgetTable")->model();
    return budgets.index(0, 0).data(models::BudgetListModel::UsedRole).toInt();
}

void TestDailyLimit::initTestCase()
{
    test::startClockAt(day + 12h);
    test::Provider::giveSecretToPrograms();
    m_fixture = std::make_unique<test::ProgramFixture>();
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("nav-budgets")));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"budgets"_s);
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("presetCount")));
    auto *table = m_fixture->find<QTableView>("budgetTable");
    QTRY_COMPARE(table->model()->rowCount(), 1);
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("addBudget")));
    QTRY_VERIFY(m_fixture->find<QDialog>("budgetDialog") != nullptr);
    QTRY_VERIFY(m_fixture->find<QDialog>("budgetDialog")->isActiveWindow());
    QVERIFY(m_fixture->input.replaceText(m_fixture->find<QLineEdit>("budgetName"), u"One dollar"_s));
    QVERIFY(m_fixture->input.replaceText(m_fixture->find<QLineEdit>("budgetLimit"), u"1"_s));
    QCOMPARE(m_fixture->find<QLineEdit>("budgetThresholds")->text(), u"50, 80, 90, 100"_s);
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("saveBudget")));
    QTRY_COMPARE(table->model()->rowCount(), 2);
}

void TestDailyLimit::fourLevelsOfADollarOnceEach()
{
    const std::vector<std::pair<int, int>> steps = {{50, 50}, {30, 80}, {10, 90}, {10, 100}}; // cents, level
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto [cents, level] = steps[i];
        QVERIFY(deliver({costing(cents, ("money" + std::to_string(i)).c_str(), day + 2h + i * 1h)}));
        QTRY_COMPARE_WITH_TIMEOUT(told(u"One dollar"_s, level), 1, 10'000);
        if (i + 1 < steps.size())
            QCOMPARE(told(u"One dollar"_s, steps[i + 1].second), 0); // not earlier
    }
    QVERIFY(m_fixture->find<QWidget>("guardAlert")->isVisible());
    for (const auto &[cents, level] : steps)
        QCOMPARE(told(u"One dollar"_s, level), 1);
}

void TestDailyLimit::the101stOfTheDayIsTold()
{
    // Four that cost money have come and gone: 56 more that do, and 40 that stay.
    std::vector<test::TestRun> killed;
    for (int i = 0; i < 56; ++i)
        killed.push_back({.sandbox = "killed" + std::to_string(i), .start = day + 9h + i * 10s, .length = 2s});
    QVERIFY(deliver(killed));
    for (int i = 0; i < 40; ++i)
        QVERIFY(start("kept" + std::to_string(i), day + 10h + i * 10s));
    QTRY_COMPARE_WITH_TIMEOUT(startedToday(), 100, 15'000);
    QTest::qWait(1'500); // another evaluation
    QCOMPARE(told(u"sandboxes"_s, 90), 1);
    QCOMPARE(told(u"sandboxes"_s, 100), 0); // all of them, none too many
    QVERIFY(start("onetoomany", day + 11h));
    QTRY_COMPARE_WITH_TIMEOUT(startedToday(), 101, 10'000);
    QTRY_COMPARE(told(u"sandboxes"_s, 100), 1);
    QVERIFY(start("another", day + 11h + 1min));
    QTRY_COMPARE_WITH_TIMEOUT(startedToday(), 102, 10'000);
    QCOMPARE(told(u"sandboxes"_s, 100), 1); // once is enough
}

void TestDailyLimit::theNextDayBeginsAnew()
{
    test::startClockAt(day + 26h);
    QVERIFY(deliver({costing(50, "tomorrow", day + 24h + 30min)}));
    QTRY_COMPARE_WITH_TIMEOUT(startedToday(), 1, 15'000);
    QTRY_COMPARE_WITH_TIMEOUT(told(u"One dollar"_s, 50), 2, 10'000);
    QCOMPARE(told(u"One dollar"_s, 80), 1);
    QCOMPARE(told(u"sandboxes"_s, 50), 1);
}

QTEST_MAIN(TestDailyLimit)
#include "tst_dailylimit.moc"
