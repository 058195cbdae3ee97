#include "tests/services/engine/broker_fixture.h"

#include <QRegularExpression>

#include <csignal>

using namespace sandglass;
using namespace sandglass::engine;
using namespace sandglass::engine::test;

/// Each abuse in a sandbox of its own, with a quiet neighbour that must not notice.
class TestLimits final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void cleanupTestCase() { m_neighbour.reset(); }
    void boundsOneProcess();
    void killsTheBiggestOfMany();
    void boundsAForkBomb();
    void boundsTheDisk_data();
    void boundsTheDisk();
    void boundsDescriptors();
    void survivesKillingEverything();

private:
    Fixture m_fixture;
    std::shared_ptr<Sandbox> m_sandbox, m_neighbour;
};

void TestLimits::initTestCase()
{
    START_OR_SKIP(m_fixture);
    m_neighbour = m_fixture.launch();
    QVERIFY(m_neighbour);
}

void TestLimits::init()
{
    SandboxLimits limits;
    limits.memoryMb = 128;
    limits.diskMb = 64;
    limits.maxProcesses = 40;
    limits.maxOpenFiles = 64;
    m_sandbox = m_fixture.launch(limits);
    QVERIFY(m_sandbox);
}

void TestLimits::cleanup()
{
    if (m_sandbox)
        m_fixture.kill(m_sandbox);
    if (m_neighbour)
        QCOMPARE(m_fixture.run(*m_neighbour, "echo fine").out, std::string("fine\n"));
}

void TestLimits::boundsOneProcess()
{
    const CommandResult result = m_fixture.python(*m_sandbox, "data = []\nwhile True: data.append(b'x' * 50_000_000)");
    // Which of the two bounds is met first depends on how fast the pages are touched.
    const bool refused = result.err.find("MemoryError") != std::string::npos;
    QVERIFY2(refused || result.status.reason == "memory limit", result.err.c_str());
    QCOMPARE(m_fixture.run(*m_sandbox, "echo usable").out, std::string("usable\n"));
}

void TestLimits::killsTheBiggestOfMany()
{
    const CommandResult result =
        m_fixture.python(*m_sandbox,
                         "import os, time\n" // the children leave the pipes to their parent
                         "for i in range(4):\n"
                         "    if os.fork() == 0:\n"
                         "        os.close(1); os.close(2); data = bytearray(20_000_000); time.sleep(1000)\n"
                         "mine = [bytearray(10_000_000) for i in range(5)]\n"
                         "time.sleep(1000)");
    QCOMPARE(result.status.reason, std::string("memory limit"));
    QVERIFY(!result.status.exited);
    QCOMPARE(result.status.code, SIGKILL);
}

void TestLimits::boundsAForkBomb()
{
    auto bomb = m_fixture.spawn(*m_sandbox, shell("echo up; bomb() { bomb | bomb & }; bomb; sleep 1000"));
    QVERIFY(bomb);
    m_fixture.readUntil(bomb->stdoutFd.get(), "up");
    const auto processes = [this] {
        const auto usage = m_fixture.wait<ResourceUsage>([&](auto then) { m_sandbox->usage(std::move(then)); });
        return usage ? usage->processes : -1;
    };
    QVERIFY(m_fixture.waitFor([&] { return processes() >= 30; }));
    QVERIFY(processes() <= 42);
    QCOMPARE(m_fixture.run(*m_neighbour, "echo fine").out, std::string("fine\n"));
    m_fixture.kill(m_sandbox);
    QVERIFY(m_fixture.waitFor([] { return hostProcesses("bomb()").empty(); }));
}

void TestLimits::boundsTheDisk_data()
{
    QTest::addColumn<QString>("script");
    QTest::addColumn<QString>("error");
    QTest::newRow("home") << "cat /dev/zero > fill"
                          << "File too large|No space left";
    QTest::newRow("many files") << "for i in 1 2 3; do head -c 40000000 /dev/zero > /tmp/fill$i; done"
                                << "No space left";
    QTest::newRow("shared memory") << "head -c 100000000 /dev/zero > /dev/shm/fill"
                                   << "File too large|No space left";
    QTest::newRow("sparse file") << "truncate -s 1T sparse"
                                 << "File too large|File size limit";
    QTest::newRow("inodes") << "mkdir d; cd d; for i in $(seq 20000); do : > $i || break; done"
                            << "No space left";
}

void TestLimits::boundsTheDisk()
{
    QFETCH(QString, script);
    QFETCH(QString, error);
    const CommandResult result = m_fixture.run(*m_sandbox, "trap '' XFSZ; " + script.toStdString());
    QVERIFY2(QString::fromStdString(result.err).contains(QRegularExpression(error)), result.err.c_str());
    QCOMPARE(m_fixture.run(*m_sandbox, "echo usable").out, std::string("usable\n"));
}

void TestLimits::boundsDescriptors()
{
    const CommandResult result = m_fixture.python(*m_sandbox,
                                                  "files = []\n"
                                                  "try:\n"
                                                  "    while True: files.append(open('/dev/null'))\n"
                                                  "except OSError as error: print(error.errno, len(files) < 64)");
    QCOMPARE(result.out, std::string("24 True\n"));
}

void TestLimits::survivesKillingEverything()
{
    QVERIFY(m_fixture.spawn(*m_sandbox, shell("exec sleep 1000")));
    const CommandResult result = m_fixture.run(*m_sandbox, "kill -9 1; kill -9 -1; echo still here");
    QCOMPARE(result.out, std::string("still here\n"));
    // The killed are reaped a moment later: pid 1 and the shell are left.
    QTRY_COMPARE(m_fixture.run(*m_sandbox, "set -- /proc/[0-9]*; echo $#").out, std::string("2\n"));
}

QTEST_GUILESS_MAIN(TestLimits)
#include "tst_limits.moc"
