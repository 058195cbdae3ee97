// Where spending leads and what would have changed it, by real clicks in the real program on the fifteenth of a month
// of 30 days (acceptance S73).

#include "models/costs/timewindow.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/receiver.h"
#include "tests/app/fakeclock.h"
#include "tests/app/programfixture.h"
#include "tests/app/provider.h"
#include "ui/charts/forecastchart.h"

#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QTableView>
#include <QTest>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using namespace sandglass;

namespace {

const Timestamp september = parseRfc3339("2026-09-01T00:00:00Z").value_or(Timestamp{});

/// $2.00 of 8 vCPU and 8 GiB, ended by its timeout, on that day of September.
test::TestRun twoDollars(int day, const char *suffix = "")
{
    return {.sandbox = "day" + std::to_string(day) + suffix,
            .start = september + std::chrono::days(day - 1) + 2h,
            .length = 13'513'514ms,
            .vcpu = 8,
            .memoryMb = 8'192,
            .reason = "timeout"};
}

} // namespace

class TestLookAhead final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void twoDaysAreNotEnough();
    void budgetIsSet();
    void steadySpendingReachesTheBudgetOnDayTwentyFive();
    void aJumpWidensTheRangeAndComesEarlier();
    void whatIfPricesTheSameRunsAnew();

private:
    [[nodiscard]] bool deliver(const std::vector<test::TestRun> &runs);
    [[nodiscard]] bool openPage(const char *key);
    [[nodiscard]] QString text(const char *label) { return m_fixture->find<QLabel>(label)->text(); }
    [[nodiscard]] const ui::ForecastChart::Data &forecast()
    {
        return m_fixture->find<ui::ForecastChart>("forecastChart")->data();
    }
    [[nodiscard]] bool enter(const char *box, const QString &number);

    std::unique_ptr<test::ProgramFixture> m_fixture;
    test::Provider m_provider;
};

bool TestLookAhead::deliver(const std::vector<test::TestRun> &runs)
{
    const auto before = m_fixture->program().journal().count();
    const auto all = before + 2 * static_cast<std::int64_t>(runs.size());
    return m_provider.deliver(m_fixture->program().receiver()->url(), runs)
        && QTest::qWaitFor([&] { return m_fixture->program().journal().count() >= all; }, 10'000)
        && QTest::qWaitFor(
               [&] {
                   return std::ranges::all_of(runs, [&](const test::TestRun &run) {
                       const auto *sandbox = m_fixture->program().tracker().fold().find(run.sandbox);
                       return sandbox != nullptr && sandbox->state == lifecycle::SandboxState::Killed;
                   });
               },
               10'000);
}

bool TestLookAhead::openPage(const char *key)
{
    return m_fixture->input.click(m_fixture->find<QWidget>(("nav-" + std::string(key)).c_str()))
        && QTest::qWaitFor([&] { return m_fixture->window().currentPage() == QLatin1StringView(key); });
}

bool TestLookAhead::enter(const char *box, const QString &number)
{
    const auto *field = m_fixture->find<QAbstractSpinBox>(box);
    return m_fixture->input.scrollTo(field) && m_fixture->input.replaceText(field, number)
        && m_fixture->input.key(u"Tab"_s);
}

void TestLookAhead::initTestCase()
{
    test::startClockAt(september + std::chrono::days(14) + 6h + 30min); // that day's run is over
    test::Provider::giveSecretToPrograms();
    m_fixture = std::make_unique<test::ProgramFixture>();
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
}

void TestLookAhead::twoDaysAreNotEnough()
{
    QVERIFY(deliver({twoDollars(13), twoDollars(14)}));
    QVERIFY(openPage("costs"));
    QTRY_COMPARE(text("forecastSentence"),
                 u"Not enough data: a forecast needs three complete days. $4.00 spent so far."_s);
    QVERIFY(!forecast().hitAt);
    QVERIFY(forecast().curve.ahead.empty());
}

void TestLookAhead::budgetIsSet()
{
    QVERIFY(openPage("budgets"));
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("addBudget")));
    QTRY_VERIFY(m_fixture->find<QDialog>("budgetDialog") != nullptr);
    QTRY_VERIFY(m_fixture->find<QDialog>("budgetDialog")->isActiveWindow());
    QVERIFY(m_fixture->input.replaceText(m_fixture->find<QLineEdit>("budgetName"), u"Fifty"_s));
    QVERIFY(m_fixture->input.replaceText(m_fixture->find<QLineEdit>("budgetLimit"), u"50"_s));
    auto *period = m_fixture->find<QComboBox>("budgetPeriod");
    QVERIFY(m_fixture->input.click(period));
    QVERIFY(m_fixture->input.key(u"End"_s)); // per month
    QVERIFY(m_fixture->input.key(u"Return"_s));
    QTRY_COMPARE(period->currentIndex(), 2);
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("saveBudget")));
    QTRY_COMPARE(m_fixture->find<QTableView>("budgetTable")->model()->rowCount(), 1);
}

void TestLookAhead::steadySpendingReachesTheBudgetOnDayTwentyFive()
{
    std::vector<test::TestRun> runs;
    for (int day = 1; day <= 12; ++day)
        runs.push_back(twoDollars(day));
    runs.push_back(twoDollars(15));
    QVERIFY(deliver(runs));
    QVERIFY(openPage("costs"));
    QTRY_COMPARE_WITH_TIMEOUT(text("forecastSentence"),
                              u"$60.00 by the end of 30 Sep, $30.00 spent. Fifty, $50.00: used up 25 Sep."_s, 10'000);
    QVERIFY(forecast().hitAt && *forecast().hitAt > september + std::chrono::days(24));
    QVERIFY(*forecast().hitAt < september + std::chrono::days(25) + 1min); // the day's last moment at the latest
    QCOMPARE(forecast().curve.ahead.back().at, september + std::chrono::days(30));
}

void TestLookAhead::aJumpWidensTheRangeAndComesEarlier()
{
    const auto widthAtTheEnd = [this] {
        const auto &last = forecast().curve.ahead.back();
        return last.high.toDollars() - last.low.toDollars();
    };
    const double steady = widthAtTheEnd();
    QVERIFY(openPage("budgets"));
    QVERIFY(deliver({twoDollars(13, "b"), twoDollars(13, "c"), twoDollars(14, "b"), twoDollars(14, "c")}));
    QVERIFY(openPage("costs"));
    QTRY_VERIFY2(text("forecastSentence").contains(u"$38.00 spent"_s), qPrintable(text("forecastSentence")));
    QVERIFY(widthAtTheEnd() > steady + 10);
    QVERIFY(forecast().hitAt && *forecast().hitAt < september + std::chrono::days(20));
    QVERIFY2(text("forecastSentence").contains(u"used up 19 Sep (18 Sep to 24 Sep)"_s),
             qPrintable(text("forecastSentence")));
}

void TestLookAhead::whatIfPricesTheSameRunsAnew()
{
    QVERIFY(openPage("analytics"));
    auto *week = m_fixture->find<QPushButton>("analyticsWindow4");
    QVERIFY(m_fixture->input.click(week));
    // Days 9 to 15, and four of the jump.
    QTRY_COMPARE_WITH_TIMEOUT(text("whatIfWas"), u"$22.00"_s, 10'000);
    QCOMPARE(text("whatIfDifference"), u"$0.00"_s);
    QVERIFY(enter("whatIfVcpu", u"2"_s));
    QVERIFY(enter("whatIfMemory", u"512"_s));
    QTRY_COMPARE_WITH_TIMEOUT(text("whatIfWould"), u"$4.50"_s, 10'000); // 11 x 13,513.514 s at $0.00003025
    QVERIFY(enter("whatIfTimeoutWas", u"10"_s));
    QVERIFY(enter("whatIfTimeoutNow", u"5"_s));
    QTRY_COMPARE_WITH_TIMEOUT(text("whatIfWould"), u"$4.40"_s, 10'000); // each 300 s less
    QCOMPARE(text("whatIfDifference"), u"−$17.60 (−80 %)"_s);
    QVERIFY2(text("whatIfNotes").contains(u"11 ended by their timeout: those would have ended earlier."_s),
             qPrintable(text("whatIfNotes")));
}

QTEST_MAIN(TestLookAhead)
#include "tst_lookahead.moc"
