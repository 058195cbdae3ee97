// Waking from sleep: noticed by logind's word over a real bus or by the clocks; then the provider is asked at once, and
// the guard does nothing before it has answered (tst_guarddesk).

#include "app/waking.h"

#include "app/watching.h"
#include "services/e2b/client.h"
#include "tests/app/privatebus.h"
#include "tests/models/livefixture.h"
#include "tests/support/fakee2bserver.h"

#include <QDBusMessage>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;
using app::Waking;
using testsupport::FakeReply;

class TestWaking final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void logindTellsIt();
    void clocksShowIt_data();
    void clocksShowIt();
    void asksTheProviderAtOnce();

private:
    test::PrivateBus m_bus;
};

void TestWaking::initTestCase()
{
    const QByteArray problem = m_bus.start();
    QVERIFY2(problem.isEmpty(), problem.constData());
}

void TestWaking::logindTellsIt()
{
    QDBusConnection logind = m_bus.connectAs(u"logind"_s);
    QVERIFY(logind.registerService(u"org.freedesktop.login1"_s));
    QDBusConnection stranger = m_bus.connectAs(u"stranger"_s);
    Waking waking;
    QSignalSpy asleep(&waking, &Waking::fallingAsleep);
    QSignalSpy woke(&waking, &Waking::woke);
    waking.start(m_bus.connectAs(u"program"_s));
    const auto say = [](QDBusConnection &bus, bool isBefore) {
        QDBusMessage signal = QDBusMessage::createSignal(u"/org/freedesktop/login1"_s,
                                                         u"org.freedesktop.login1.Manager"_s, u"PrepareForSleep"_s);
        signal << isBefore;
        return bus.send(signal);
    };
    QVERIFY(say(stranger, false)); // anybody could say so
    QVERIFY(say(logind, true));
    QTRY_COMPARE(asleep.size(), 1);
    QCOMPARE(woke.size(), 0);
    QVERIFY(say(logind, false));
    QTRY_COMPARE(woke.size(), 1);
    QCOMPARE(asleep.size(), 1);
}

void TestWaking::clocksShowIt_data()
{
    QTest::addColumn<int>("bootSeconds");
    QTest::addColumn<int>("wallSeconds");
    QTest::addColumn<int>("wakes");
    QTest::newRow("an hour of sleep") << 3'600 << 3'600 << 1;
    QTest::newRow("a machine stopped from outside") << 0 << 3'600 << 1;
    QTest::newRow("a clock set by some seconds") << 0 << 10 << 0;
    QTest::newRow("a clock set back") << 0 << -3'600 << 0;
}

void TestWaking::clocksShowIt()
{
    QFETCH(int, bootSeconds);
    QFETCH(int, wallSeconds);
    QFETCH(int, wakes);
    Waking::Clocks clocks{0ns, 0ns, 0ns};
    int looks = 0;
    Waking waking(
        [&] {
            ++looks;
            for (auto *clock : {&clocks.awake, &clocks.boot, &clocks.wall})
                *clock += 5s;
            return clocks;
        },
        1ms);
    QSignalSpy woke(&waking, &Waking::woke);
    waking.start(QDBusConnection(u"there is no such connection"_s));
    const int before = looks;
    QTRY_VERIFY(looks > before + 3);
    QCOMPARE(woke.size(), 0);
    clocks.boot += std::chrono::seconds(bootSeconds);
    clocks.wall += std::chrono::seconds(wallSeconds);
    const int then = looks;
    QTRY_VERIFY(looks > then + 3);
    QCOMPARE(woke.size(), wakes); // once, not at each look
}

void TestWaking::asksTheProviderAtOnce()
{
    constexpr const char *list = "GET /v2/sandboxes";
    constexpr const char *events = "GET /events/sandboxes";
    test::LiveFixture live;
    QVERIFY(live.open());
    const QTemporaryDir state;
    testsupport::FakeE2bServer server;
    server.script(list, {FakeReply::json(200, "[]")});
    server.script(events, {FakeReply::json(200, "[]")});
    e2b::Connection cloud; // asked every 15 s
    cloud.id = "cloud";
    cloud.kind = e2b::Connection::Kind::Cloud;
    cloud.apiUrl = cloud.sandboxUrl = server.url();
    cloud.apiKey = "e2b_5ec4e75ec4e7";
    e2b::Client client(cloud);
    app::Watching watching(client, live.journal(), live.tracker(), state.path().toStdString());
    QSignalSpy listed(&watching, &app::Watching::listed);
    watching.follow();
    QTRY_COMPARE(listed.size(), 1);
    QTRY_COMPARE(server.count(events), 1);
    watching.catchUp();
    QTRY_COMPARE_WITH_TIMEOUT(listed.size(), 2, 5'000);
    QTRY_COMPARE_WITH_TIMEOUT(server.count(events), 2, 5'000);

    // An answer that was under way is from before the sleep: it is not waited for, and not taken.
    server.script(list, {FakeReply::failing(FakeReply::Fault::Silent), FakeReply::json(200, "[]")});
    watching.catchUp();
    QTRY_COMPARE(server.count(list), 3);
    QCOMPARE(listed.size(), 2);
    watching.catchUp();
    QTRY_COMPARE_WITH_TIMEOUT(listed.size(), 3, 5'000);
    QCOMPARE(server.count(list), 4);
}

QTEST_GUILESS_MAIN(TestWaking)
#include "tst_waking.moc"
