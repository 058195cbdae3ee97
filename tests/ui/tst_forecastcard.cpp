// The forecast beside the costs (S73), over a real journal, tracker and budgets.

#include "models/budgets/guarddesk.h"
#include "models/budgets/spendforecast.h"
#include "services/e2b/client.h"
#include "tests/models/livefixture.h"
#include "ui/charts/chartexport.h"
#include "ui/charts/forecastchart.h"
#include "ui/costs/forecastcard.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QImage>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
using models::SpendForecast;
namespace sample = lifecycle::sample;

namespace {

const Timestamp september = parseRfc3339("2026-09-01T00:00:00Z").value();
const Timestamp dayFifteen = september + std::chrono::days(14);

/// A day of 2 vCPU: $2.00000016.
cost::RateCard twoDollarsADay()
{
    return cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
        "usd_per_vcpu_second":"0.000011574075","usd_per_gib_second":"0"}]})")
        .value();
}

double secondsTo(Timestamp time) ///< as the events of tests are dated
{
    return std::chrono::duration<double>(time - sample::epoch).count();
}

double dollars(Money money)
{
    return money.toDollars();
}

} // namespace

class TestForecastCard final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void steadySpendingHitsOnDayTwentyFive();
    void aJumpWidensTheRangeAndComesEarlier();
    void twoDaysAreNotEnough();
    void dayAndMonth();
    void lowestBudgetOfThePeriodIsDrawn();
    void walksByKeys();
    void goesToFiles();
    void methodTakesTheChartsPlace();
    void countsItsLookers();

private:
    void spendSteadily();       ///< one sandbox since the first of the month, still running
    void spendMore();           ///< two more of them on the 13th and 14th
    void spendOnDays(int days); ///< runs of $2 each that ended, on the days before the fifteenth
    void setBudget(const char *limit, const char *id = "b1", cost::PeriodKind period = cost::PeriodKind::Month);
    [[nodiscard]] QString sentence() const { return m_card->findChild<QLabel *>(u"forecastSentence"_s)->text(); }
    [[nodiscard]] ui::ForecastChart &chart() const
    {
        return *m_card->findChild<ui::ForecastChart *>(u"forecastChart"_s);
    }

    test::LiveFixture m_live;
    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<models::ClientSandboxActions> m_actions;
    std::unique_ptr<models::GuardDesk> m_desk;
    std::unique_ptr<SpendForecast> m_forecast;
    std::unique_ptr<ui::ForecastCard> m_card;
};

void TestForecastCard::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestForecastCard::init()
{
    m_directory = std::make_unique<QTemporaryDir>();
    QVERIFY(m_live.open());
    m_live.now = dayFifteen;
    m_live.tracker().setRateCard(twoDollarsADay());
    m_client = std::make_unique<e2b::Client>(e2b::Connection{});
    m_actions = std::make_unique<models::ClientSandboxActions>(*m_client);
    const auto file = [this](const char *name) {
        return std::filesystem::path(m_directory->filePath(QString::fromLatin1(name)).toStdString());
    };
    m_desk = std::make_unique<models::GuardDesk>(
        m_live.tracker(), *m_actions,
        models::GuardFiles{file("budgets.json"), file("guard.json"), file("audit.jsonl"), m_live.journal().file()},
        [] { return dayFifteen; });
    m_forecast = std::make_unique<SpendForecast>(m_live.tracker(), *m_desk);
    m_card = std::make_unique<ui::ForecastCard>(*m_forecast, *m_desk);
    m_card->resize(420, 320);
}

void TestForecastCard::cleanup()
{
    m_card.reset();
    m_forecast.reset();
    m_desk.reset();
    m_actions.reset();
    m_client.reset();
    m_live.close();
    m_directory.reset();
}

void TestForecastCard::spendSteadily()
{
    const double start = secondsTo(september);
    lifecycle::Event size = sample::observedRunning(start + 1, start);
    size.sandboxId = "steady";
    size.id = "steady/observed";
    QVERIFY(m_live.record({sample::created(start, "e", "steady"), size}));
}

void TestForecastCard::spendMore()
{
    const double start = secondsTo(dayFifteen - std::chrono::days(2));
    for (const char *id : {"more", "still more"})
        QVERIFY(m_live.record(
            {sample::created(start, id, id), sample::ended(EventType::Killed, secondsTo(dayFifteen), id, start, id)}));
}

void TestForecastCard::spendOnDays(int days)
{
    for (int day = 1; day <= days; ++day) {
        const std::string id = "d" + std::to_string(day);
        const double start = secondsTo(dayFifteen - std::chrono::days(day));
        QVERIFY(m_live.record(
            {sample::created(start, id, id), sample::ended(EventType::Killed, start + 86'400, id, start, id)}));
    }
}

void TestForecastCard::setBudget(const char *limit, const char *id, cost::PeriodKind period)
{
    cost::Budget budget;
    budget.id = id;
    budget.name = std::string("Limit ") + limit;
    budget.moneyLimit = Money::parse(limit).value();
    budget.period = period;
    QVERIFY(m_desk->setBudget(budget));
}

void TestForecastCard::steadySpendingHitsOnDayTwentyFive()
{
    spendSteadily();
    setBudget("50");
    m_card->show();
    QVERIFY(m_forecast->month() && m_forecast->month()->forecast);
    QVERIFY(std::abs(dollars(m_forecast->month()->forecast->expected) - 60) < 1e-5);
    QVERIFY(std::abs(dollars(m_forecast->month()->spent) - 28) < 1e-5);
    QCOMPARE(sentence(), u"$60.00 by the end of 30 Sep, $28.00 spent. Limit 50, $50.00: used up 25 Sep."_s);
    const ui::ForecastChart::Data &shown = chart().data();
    QVERIFY(shown.hitAt && *shown.hitAt > september + std::chrono::days(24));
    QVERIFY(*shown.hitAt < september + std::chrono::days(25) + 1min); // day 25 and its last moment
    QCOMPARE(shown.budget, Money::parse("50"));
    // The curve begins at nothing, passes through what is spent and ends where the forecast does.
    QVERIFY(shown.curve.spent.front().spent.isZero());
    QCOMPARE(shown.curve.spent.back().spent, m_forecast->month()->spent);
    QCOMPARE(shown.curve.ahead.front().expected, m_forecast->month()->spent);
    QCOMPARE(shown.curve.ahead.back().at, september + std::chrono::days(30));
    QCOMPARE(shown.curve.ahead.back().expected, m_forecast->month()->forecast->expected);
    const auto isRising = [](const auto &steps, auto value) { return std::ranges::is_sorted(steps, {}, value); };
    QVERIFY(isRising(shown.curve.spent, &SpendForecast::SpentStep::spent));
    QVERIFY(isRising(shown.curve.ahead, &SpendForecast::ForecastStep::low));
    // Half way through the month: 7 of the 14 days.
    QVERIFY(std::abs(dollars(shown.curve.spent[30].spent) - 14) < 1e-5);
}

void TestForecastCard::aJumpWidensTheRangeAndComesEarlier()
{
    spendSteadily();
    spendMore();
    setBudget("50");
    m_card->show();
    const cost::Forecast &forecast = *m_forecast->month()->forecast;
    QVERIFY(dollars(forecast.high) - dollars(forecast.low) > 10);
    QVERIFY(forecast.expected > *Money::parse("60"));
    const auto &hit = chart().data().hitAt;
    QVERIFY(hit && *hit < september + std::chrono::days(20)); // 36 spent, more than $3 a day
    QVERIFY2(sentence().contains(u"used up 19 Sep (18 Sep to 23 Sep)"_s), qPrintable(sentence()));
    for (const auto &step : chart().data().curve.ahead)
        QVERIFY(step.low <= step.expected && step.expected <= step.high);
}

void TestForecastCard::twoDaysAreNotEnough()
{
    spendOnDays(2);
    setBudget("50");
    m_card->show();
    QCOMPARE(sentence(), u"Not enough data: a forecast needs three complete days. $4.00 spent so far."_s);
    QVERIFY(chart().data().curve.ahead.empty());
    QVERIFY(!chart().data().hitAt);
    QVERIFY(chart().accessibleDescription().startsWith(u"$4.00 spent"_s));
}

void TestForecastCard::dayAndMonth()
{
    spendOnDays(5);
    m_card->show();
    QVERIFY(m_card->isMonth());
    const auto buttons = m_card->findChild<QWidget *>(u"forecastPeriod"_s)->findChildren<QPushButton *>();
    QTest::mouseClick(buttons.front(), Qt::LeftButton);
    QVERIFY(!m_card->isMonth());
    QCOMPARE(chart().data().period, (cost::Period{dayFifteen, dayFifteen + 24h}));
    QCOMPARE(sentence(), u"$0.00 by midnight, $0.00 spent."_s); // nothing runs today
}

void TestForecastCard::lowestBudgetOfThePeriodIsDrawn()
{
    spendOnDays(5);
    setBudget("90", "b1");
    setBudget("80", "b2");
    setBudget("1", "b3", cost::PeriodKind::Day);
    m_card->show();
    QCOMPARE(chart().data().budget, Money::parse("80"));
    QVERIFY(sentence().endsWith(u"Limit 80, $80.00: not reached by then."_s));
    m_card->setMonth(false);
    QCOMPARE(chart().data().budget, Money::parse("1"));
    m_desk->removeBudget("b3");
    QTRY_VERIFY(!chart().data().budget);
}

void TestForecastCard::walksByKeys()
{
    spendSteadily();
    m_card->show();
    chart().setFocus();
    QTest::keyClick(&chart(), Qt::Key_End);
    QVERIFY2(chart().accessibleDescription().contains(u"$60.00 expected"_s),
             qPrintable(chart().accessibleDescription()));
    QTest::keyClick(&chart(), Qt::Key_Home);
    QVERIFY(chart().accessibleDescription().endsWith(u"$0.00 spent"_s));
    QTest::keyClick(&chart(), Qt::Key_Escape);
    QTest::keyClick(&chart(), Qt::Key_Left);
    QVERIFY(chart().accessibleDescription().contains(u"expected"_s));
}

void TestForecastCard::goesToFiles()
{
    spendSteadily();
    m_card->show();
    QCOMPARE(QImage::fromData(ui::chartPicture(chart(), ui::PictureFormat::Png)()).size(), chart().size() * 2);
    const QList<QByteArray> lines = ui::ForecastChart::csv(chart().data()).split('\n');
    QCOMPARE(lines.size(), 1 + 61 + 61 + 1); // header, spent, ahead, end of the last line
    QCOMPARE(lines.at(0), QByteArray("at,spent_usd,expected_usd,low_usd,high_usd\r"));
    QCOMPARE(lines.at(1), QByteArray("2026-09-01T00:00:00.000Z,0.000000000000,,,\r"));
    QVERIFY2(lines.at(122).startsWith("2026-10-01T00:00:00.000Z,,60.00000"), lines.at(122).constData());
}

void TestForecastCard::methodTakesTheChartsPlace()
{
    m_card->show();
    auto *text = m_card->findChild<QLabel *>(u"forecastMethodText"_s);
    QVERIFY(!text->isVisible());
    QTest::mouseClick(m_card->findChild<QPushButton *>(u"forecastMethod"_s), Qt::LeftButton);
    QVERIFY(text->isVisible() && text->text().contains(u"28 at most"_s));
    QVERIFY(!chart().isVisible());
    QTest::mouseClick(m_card->findChild<QPushButton *>(u"forecastMethod"_s), Qt::LeftButton);
    QVERIFY(chart().isVisible());
}

void TestForecastCard::countsItsLookers()
{
    m_forecast->setActive(true); // another page
    m_card->show();
    m_card->hide();
    QSignalSpy told(m_forecast.get(), &SpendForecast::changed);
    setBudget("50"); // told to those who look
    QCOMPARE(told.size(), 1);
    m_forecast->setActive(false);
    setBudget("60");
    QCOMPARE(told.size(), 1);
}

QTEST_MAIN(TestForecastCard)
#include "tst_forecastcard.moc"
