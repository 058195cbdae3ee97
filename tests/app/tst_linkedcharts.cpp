// Charts under the mouse and the keyboard, in the real program: a stretch selected in one is the stretch of all, its
// title says so, a double click takes it back, and what is saved holds just that (acceptance S72).

#include "services/core/qtstring.h"
#include "tests/app/programfixture.h"
#include "ui/charts/timechart.h"

#include <QPushButton>
#include <QTest>

#include <numeric>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;

class TestLinkedCharts final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void burnRateIsCostPerHour();
    void dragSelectsForAll();
    void keysReadOut();
    void doubleClickTakesItBack();

private:
    [[nodiscard]] ui::TimeChart *chart(const char *name) { return m_fixture->find<ui::TimeChart>(name); }

    std::unique_ptr<test::ProgramFixture> m_fixture = std::make_unique<test::ProgramFixture>();
    std::chrono::nanoseconds m_whole{};
};

void TestLinkedCharts::initTestCase()
{
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
    (void)m_fixture->program().localClient().createSandbox({});
    QTRY_VERIFY_WITH_TIMEOUT(m_fixture->program().figures().runningCount() == 1, 30'000);
    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("nav-overview")));
    QTRY_VERIFY_WITH_TIMEOUT(chart("costChart")->isVisible() && chart("costChart")->data().bucketCount() > 0, 10'000);
    m_whole = chart("costChart")->data().to - chart("costChart")->data().from;
}

void TestLinkedCharts::burnRateIsCostPerHour()
{
    ui::TimeChart *cost = chart("costChart");
    const auto sum = [cost] {
        double all = 0;
        for (const auto &series : cost->data().series)
            all = std::accumulate(series.values.begin(), series.values.end(), all);
        return all;
    };
    const double hours = std::chrono::duration<double, std::ratio<3600>>(m_whole).count() / cost->data().bucketCount();
    QTRY_VERIFY_WITH_TIMEOUT(sum() > 0.0001, 30'000); // some seconds of a sandbox, which goes on running
    const double amount = sum();
    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("costMeasure1")));
    QTRY_VERIFY2(sum() > 0.99 * amount / hours, qPrintable(QString::number(sum())));
    QVERIFY2(sum() < 3 * amount / hours, qPrintable(QString::number(sum())));
    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("costMeasure0")));
    QTRY_VERIFY(sum() < 3 * amount);
}

void TestLinkedCharts::dragSelectsForAll()
{
    ui::TimeChart *cost = chart("costChart");
    const int middle = cost->height() / 2;
    QVERIFY(m_fixture->input.drag(cost, QPoint(cost->width() / 2, middle), QPoint(cost->width() - 4, middle)));
    auto *selection = m_fixture->find<QPushButton>("overviewWindowSelection");
    QTRY_VERIFY(selection->isVisible());
    QTRY_VERIFY(cost->data().to - cost->data().from < m_whole * 6 / 10);
    const Timestamp from = cost->data().from;
    const Timestamp to = cost->data().to;
    QTRY_COMPARE(chart("activeChart")->data().from, from);
    QCOMPARE(chart("activeChart")->data().to, to);

    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("nav-costs")));
    QTRY_VERIFY(chart("costsChart")->isVisible());
    QTRY_COMPARE(chart("costsChart")->data().from, from);
    QCOMPARE(chart("costsChart")->data().to, to);
    QVERIFY(!selection->text().isEmpty());
}

void TestLinkedCharts::keysReadOut()
{
    ui::TimeChart *costs = chart("costsChart");
    QVERIFY(m_fixture->input.clickAt(costs, QPoint(costs->width() / 2, costs->height() / 2)));
    QTRY_VERIFY(costs->hasFocus());
    const QString before = costs->accessibleDescription();
    QVERIFY(m_fixture->input.key(u"Left"_s));
    QTRY_VERIFY2(costs->accessibleDescription() != before, qPrintable(costs->accessibleDescription()));
    QVERIFY(!costs->accessibleDescription().isEmpty());
}

void TestLinkedCharts::doubleClickTakesItBack()
{
    ui::TimeChart *costs = chart("costsChart");
    QVERIFY(m_fixture->input.doubleClickAt(costs, QPoint(costs->width() / 2, costs->height() / 2)));
    const auto shown = [costs] { return costs->data().to - costs->data().from; };
    QTRY_VERIFY2(shown() == m_whole, qPrintable(u"%1 of %2 ns"_s.arg(shown().count()).arg(m_whole.count())));
    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("nav-overview")));
    QTRY_COMPARE(chart("costChart")->data().to - chart("costChart")->data().from, m_whole);
    QVERIFY(!m_fixture->find<QPushButton>("overviewWindowSelection")->isVisible());
}

QTEST_MAIN(TestLinkedCharts)
#include "tst_linkedcharts.moc"
