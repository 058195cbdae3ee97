#include "models/costs/timewindow.h"

#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace std::chrono_literals;
using models::TimeWindow;

class TestTimeWindow final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void followsTheClock();
    void todayBeginsAtMidnight();
    void standsStillOnceSelected();
    void bucketsStandOnTheirWidth();
    void putsOddSelectionsRight_data();
    void putsOddSelectionsRight();
    void tellsOnlyChanges();

private:
    Timestamp m_now = fromUnixMs(1'790'000'000'000);
    Clock m_clock = [this] { return m_now; };
};

void TestTimeWindow::followsTheClock()
{
    TimeWindow window(m_clock);
    window.follow(8h);
    QVERIFY(window.to() == m_now);
    QVERIFY(window.from() == m_now - 8h);
    m_now += 1min;
    QVERIFY(window.to() == m_now);
    QVERIFY(window.length() == 8h);
}

void TestTimeWindow::todayBeginsAtMidnight()
{
    m_now = parseRfc3339("2026-08-20T10:15:30Z").value(); // the tests' zone is UTC
    const Timestamp midnight = parseRfc3339("2026-08-20T00:00:00Z").value();
    TimeWindow window(m_clock);
    window.follow(TimeWindow::today);
    QVERIFY(window.from() == midnight);
    QVERIFY(window.to() == m_now);
    QVERIFY(window.length() == m_now - midnight);
    QVERIFY(window.followed() == TimeWindow::today);
    const auto [from, to] = window.aligned(60);
    QVERIFY(from == midnight);
    QVERIFY(to > m_now && to - m_now <= 1min);
    m_now = to - 1ms;
    QVERIFY(window.aligned(60) == std::pair(from, to)); // does not tremble
    window.select(midnight, midnight + 1h);
    QVERIFY(window.length() == 1h);
    window.reset();
    QVERIFY(window.from() == midnight);
    m_now = midnight + 24h + 10ms; // another day
    QVERIFY(window.to() - window.from() == TimeWindow::shortest);
    m_now = midnight + 25h;
    QVERIFY(window.from() == midnight + 24h);
    QVERIFY(window.aligned(60).second > m_now);
}

void TestTimeWindow::standsStillOnceSelected()
{
    TimeWindow window(m_clock);
    const Timestamp from = m_now - 2h;
    window.select(from, from + 30min);
    m_now += 1h;
    QVERIFY(window.isFixed());
    QVERIFY(window.from() == from);
    QVERIFY(window.to() == from + 30min);
    QVERIFY(window.length() == 30min);
    window.reset();
    QVERIFY(!window.isFixed());
    QVERIFY(window.to() == m_now);
    QVERIFY(window.length() == 1h);
}

void TestTimeWindow::bucketsStandOnTheirWidth()
{
    TimeWindow window(m_clock);
    window.follow(1h);
    const auto [from, to] = window.aligned(60);
    QVERIFY(to - from == 1h);
    QVERIFY(toUnixMs(from) % 60'000 == 0);
    QVERIFY(to > m_now && to - m_now <= 1min);
    m_now = to - 1ns;
    QVERIFY(window.aligned(60).first == from); // does not tremble
    m_now = to;
    QVERIFY(window.aligned(60).first == from + 1min);
    window.select(m_now - 100ms - 2h, m_now); // stands where it was put, and is covered
    QVERIFY(window.aligned(60).first == m_now - 100ms - 2h);
    QVERIFY(window.aligned(60).second >= m_now);
    QVERIFY(window.aligned(60).second - m_now < 60ms);
}

void TestTimeWindow::putsOddSelectionsRight_data()
{
    QTest::addColumn<qint64>("from");
    QTest::addColumn<qint64>("to");
    QTest::addColumn<qint64>("rightFrom");
    QTest::addColumn<qint64>("rightTo");
    const qint64 year = std::chrono::milliseconds(TimeWindow::longest).count();
    QTest::newRow("swapped") << qint64{9'000} << qint64{2'000} << qint64{2'000} << qint64{9'000};
    QTest::newRow("a point") << qint64{5'000} << qint64{5'000} << qint64{4'500} << qint64{5'500};
    QTest::newRow("too long") << qint64{0} << year + 5'000 << qint64{5'000} << year + 5'000;
}

void TestTimeWindow::putsOddSelectionsRight()
{
    QFETCH(qint64, from);
    QFETCH(qint64, to);
    TimeWindow window(m_clock);
    window.select(fromUnixMs(from), fromUnixMs(to));
    QTEST(static_cast<qint64>(toUnixMs(window.from())), "rightFrom");
    QTEST(static_cast<qint64>(toUnixMs(window.to())), "rightTo");
}

void TestTimeWindow::tellsOnlyChanges()
{
    TimeWindow window(m_clock);
    const QSignalSpy changed(&window, &TimeWindow::changed);
    window.follow(1h);
    window.reset();
    QCOMPARE(changed.count(), 0);
    window.follow(24h);
    window.select(m_now - 1h, m_now);
    window.select(m_now - 1h, m_now);
    window.reset();
    window.reset();
    QCOMPARE(changed.count(), 3);
}

QTEST_GUILESS_MAIN(TestTimeWindow)
#include "tst_timewindow.moc"
