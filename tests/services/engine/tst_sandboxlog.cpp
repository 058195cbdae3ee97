#include "services/engine/api/sandboxlog.h"

#include <QTest>

using namespace std::chrono_literals;
using namespace sandglass;
using namespace sandglass::engine;

/// What the log of a sandbox leaves out, and how it says so; with a clock that the test sets.
class TestSandboxLog final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void tooMuchAtOnceIsLeftOutAndSaid();
    void oldestGoFirstAndItIsSaid();

private:
    Timestamp m_now = fromUnixMs(1'790'000'000'000);
    [[nodiscard]] Clock clock()
    {
        return [this] { return m_now; };
    }
};

void TestSandboxLog::tooMuchAtOnceIsLeftOutAndSaid()
{
    LogBounds bounds;
    bounds.outputPerSecond = 1'000;
    SandboxLog log(bounds, clock());
    QVERIFY(log.admit(600));
    m_now += 500ms;
    QVERIFY(log.admit(600)); // begun below the limit
    QVERIFY(!log.admit(30));
    m_now += 499ms;
    QVERIFY(!log.admit(12));
    QCOMPARE(log.size(), 0U);
    m_now += 1ms; // the next second
    QVERIFY(log.admit(600));
    const auto entries = log.select({});
    QCOMPARE(entries.size(), 1U);
    QCOMPARE(entries.front().message, std::string("42 bytes of output are not in this log: they came too fast"));
    m_now += 1s;
    QVERIFY(log.admit(1));
    QCOMPARE(log.size(), 1U); // said once
}

void TestSandboxLog::oldestGoFirstAndItIsSaid()
{
    LogBounds bounds;
    bounds.entries = 3;
    SandboxLog log(bounds, clock());
    for (int i = 0; i < 5; ++i) {
        LogEntry entry;
        entry.message = std::to_string(i);
        log.add(entry);
    }
    LogQuery query;
    query.forward = true;
    const auto entries = log.select(query);
    QCOMPARE(entries.size(), 4U);
    QVERIFY(entries[0].message.starts_with("2 older entries are gone"));
    QCOMPARE(entries[1].message, std::string("2"));
    QCOMPARE(entries[3].message, std::string("4"));
}

QTEST_GUILESS_MAIN(TestSandboxLog)
#include "tst_sandboxlog.moc"
