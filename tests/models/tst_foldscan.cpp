#include "models/sandboxes/foldscan.h"
#include "tests/models/livefixture.h"

#include <set>

using namespace sandglass;
using namespace sandglass::lifecycle;
using models::FoldScan;

class TestFoldScan final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QVERIFY(m_live.open()); }
    void cleanup() { m_live.close(); }
    void fewAreSeenAtOnce();
    void manyAreSeenInSlicesAndOnce();
    void cancelledTellsNothing();

private:
    [[nodiscard]] bool add(int count)
    {
        std::vector<Event> events;
        for (int i = 0; i < count; ++i, ++m_made)
            events.push_back(sample::created(m_made, "e", "s" + std::to_string(m_made)));
        return m_live.record(events);
    }
    [[nodiscard]] FoldScan::Steps steps(int visitMicroseconds = 0)
    {
        return {[this] { m_seen.clear(); },
                [this, visitMicroseconds](const Sandbox &sandbox) {
                    m_isTwice = !m_seen.insert(sandbox.id).second || m_isTwice;
                    QTest::qSleep(visitMicroseconds / 1000);
                },
                [this] { ++m_ends; }};
    }

    test::LiveFixture m_live;
    int m_made = 0;
    std::set<std::string> m_seen;
    bool m_isTwice = false;
    int m_ends = 0;
};

void TestFoldScan::fewAreSeenAtOnce()
{
    QVERIFY(add(20));
    FoldScan scan(m_live.tracker(), steps());
    scan.start();
    QCOMPARE(m_ends, 1);
    QCOMPARE(m_seen.size(), std::size_t{20});
}

void TestFoldScan::manyAreSeenInSlicesAndOnce()
{
    QVERIFY(add(400));
    m_ends = 0;
    FoldScan scan(m_live.tracker(), steps(1'000));
    scan.start();
    QCOMPARE(m_ends, 0);
    QVERIFY(m_seen.size() < 400);
    QVERIFY(add(700)); // the table of the fold grows: everything in it moves
    scan.start();      // asked for again meanwhile: one more scan, not two at once
    QTRY_COMPARE_WITH_TIMEOUT(m_ends, 2, 30'000);
    QCOMPARE(m_seen.size(), std::size_t{1'100});
    QVERIFY(!m_isTwice);
}

void TestFoldScan::cancelledTellsNothing()
{
    QVERIFY(add(400));
    m_ends = 0;
    FoldScan scan(m_live.tracker(), steps(1'000));
    scan.start();
    scan.cancel();
    QTest::qWait(50);
    QCOMPARE(m_ends, 0);
}

QTEST_GUILESS_MAIN(TestFoldScan)
#include "tst_foldscan.moc"
