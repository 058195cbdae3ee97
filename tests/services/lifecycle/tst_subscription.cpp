#include "services/lifecycle/subscription.h"

#include "services/e2b/callbackposter.h"
#include "services/lifecycle/codeexecution.h"
#include "services/lifecycle/signature.h"
#include "tests/services/lifecycle/events.h"
#include "tests/support/fakee2bserver.h"

#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;
using namespace sandglass::testsupport;
using namespace std::chrono_literals;
using Fault = FakeReply::Fault;

namespace {

const std::string secret(32, 's');

FakeReply ok()
{
    return FakeReply::json(200, "{}");
}

} // namespace

class TestSubscription : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void aliases_data();
    void aliases();
    void filters_data();
    void filters();
    void originalPrimitive();
    void subscribingWhileTelling();
    void httpCallback();
    void retriesInOrder();
    void refusedIsLostAtOnce();
    void givesUpVisibly();
    void queueIsBounded();
    void badTargets();
    void unsubscribedSendsNoMore();

private:
    static CallbackTarget target(const FakeE2bServer &server) { return targetAt(server.url() + "/hook"); }
    static CallbackTarget targetAt(std::string url)
    {
        CallbackTarget result;
        result.url = std::move(url);
        result.firstWait = 1ms;
        return result;
    }
};

void TestSubscription::aliases_data()
{
    QTest::addColumn<QByteArray>("alias");
    QTest::addColumn<QByteArray>("type");
    QTest::newRow("seed") << QByteArray("sandbox.created") << QByteArray("sandbox.lifecycle.created");
    QTest::newRow("seed run") << QByteArray("sandbox.code_executed") << QByteArray("sandbox.code_executed");
    QTest::newRow("short") << QByteArray("killed") << QByteArray("sandbox.lifecycle.killed");
    QTest::newRow("label") << QByteArray("kill") << QByteArray("sandbox.lifecycle.killed");
    QTest::newRow("full") << QByteArray("sandbox.lifecycle.paused") << QByteArray("sandbox.lifecycle.paused");
    QTest::newRow("unknown") << QByteArray("sandbox.lifecycle.mystery") << QByteArray("sandbox.lifecycle.mystery");
}

void TestSubscription::aliases()
{
    QFETCH(QByteArray, alias);
    QFETCH(QByteArray, type);
    QCOMPARE(QByteArray::fromStdString(eventTypeFromAlias(alias.toStdString())), type);
}

void TestSubscription::filters_data()
{
    QTest::addColumn<QByteArray>("wanted"); // template
    QTest::addColumn<bool>("matches");      // id "tpl", known as "tta-ml-minimal"
    QTest::newRow("all") << QByteArray() << true;
    QTest::newRow("name") << QByteArray("tta-ml-minimal") << true;
    QTest::newRow("id") << QByteArray("tpl") << true;
    QTest::newRow("part of the name") << QByteArray("tta-ml") << false;
    QTest::newRow("pattern") << QByteArray("tta-*") << true;
    QTest::newRow("pattern inside") << QByteArray("*ml*al") << true;
    QTest::newRow("other pattern") << QByteArray("*ml*x") << false;
    QTest::newRow("only stars") << QByteArray("***") << true;
    QTest::newRow("hostile") << QByteArray("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b") << false;
}

void TestSubscription::filters()
{
    QFETCH(QByteArray, wanted);
    QFETCH(bool, matches);
    EventFilter filter{{"sandbox.created"}, wanted.toStdString()};
    QCOMPARE(filter.matches(created(1), "tta-ml-minimal"), matches);
    QVERIFY(!filter.matches(resumed(1, "e"), "tta-ml-minimal"));
    QVERIFY(!EventFilter({{}, "tta-ml-minimal"}).matches(created(1), ""));
}

/// events = created and code_executed, template_filter = tta-ml-minimal.
void TestSubscription::originalPrimitive()
{
    Subscriptions subscriptions(
        [](const Event &event) { return event.sandboxId == "ml" ? std::string("tta-ml-minimal") : std::string(); }, {});
    std::vector<std::string> seen;
    subscriptions.subscribe({{"sandbox.created", "sandbox.code_executed"}, "tta-ml-minimal"},
                            [&seen](const Event &event) { seen.push_back(event.sandboxId + " " + event.typeName); });
    const Event ran = codeExecutedEvent({"ml", "tpl", 120, RunOutcome::Raised, "NameError", {}}, at(3));
    subscriptions.publish({created(1, "e", "ml"), created(1, "e", "web"), resumed(2, "f", "ml"), ran,
                           codeExecutedEvent({"web", "tpl", 120, RunOutcome::Passed, {}, {}}, at(3))});
    QCOMPARE(seen, (std::vector<std::string>{"ml sandbox.lifecycle.created", "ml sandbox.code_executed"}));

    const auto read = decodeEvent(ran.raw, EventSource::Import, at(4)); // the journal takes it
    QVERIFY(read);
    QVERIFY(read->type == EventType::Unknown);
    QCOMPARE(read->typeName, codeExecutedType);
    QCOMPARE(read->id, ran.id);
    QVERIFY(ran.raw.find("NameError") != std::string::npos);
}

void TestSubscription::subscribingWhileTelling()
{
    Subscriptions subscriptions({}, e2b::callbackPoster());
    int first = 0, late = 0;
    int id = 0;
    id = subscriptions.subscribe({}, [&](const Event &) {
        ++first;
        subscriptions.unsubscribe(id);
        subscriptions.subscribe({}, [&late](const Event &) { ++late; });
    });
    subscriptions.publish({created(1), created(2)});
    QCOMPARE(first, 1);
    QCOMPARE(late, 1);
    QCOMPARE(subscriptions.count(), std::size_t{1});
}

void TestSubscription::httpCallback()
{
    FakeE2bServer server;
    server.script("POST /hook", {ok()});
    Subscriptions subscriptions({}, e2b::callbackPoster());
    CallbackTarget to = target(server);
    to.secret = secret;
    const auto id = subscriptions.subscribe({{"sandbox.killed"}, {}}, to);
    QVERIFY(id);
    const Event killed = ended(EventType::Killed, 9, "e", 0);
    subscriptions.publish({created(1), killed});
    QTRY_COMPARE(subscriptions.callback(*id)->status().delivered, std::int64_t{1});
    const FakeRequest &request = server.requests().first();
    QVERIFY(verifyDelivery(secret, request.body.toStdString(), request.headers.value("e2b-signature").toStdString()));
    const auto read = decodeEvent(request.body.toStdString(), EventSource::Webhook, at(10));
    QVERIFY(read);
    QCOMPARE(read->id, killed.id);
    QVERIFY(read->execution == killed.execution);
}

void TestSubscription::retriesInOrder()
{
    FakeE2bServer server;
    server.script(
        "POST /hook",
        {FakeReply::error(503, "busy"), FakeReply::failing(Fault::Reset), FakeReply::error(429, "slow"), ok()});
    Subscriptions subscriptions({}, e2b::callbackPoster());
    const auto id = subscriptions.subscribe({}, target(server));
    std::vector<std::string> delivered;
    connect(subscriptions.callback(*id), &HttpCallback::delivered, this,
            [&delivered](const std::string &event) { delivered.push_back(event); });
    subscriptions.publish({created(1), created(2), created(3)});
    QTRY_COMPARE(delivered.size(), std::size_t{3});
    QCOMPARE(delivered, (std::vector<std::string>{created(1).id, created(2).id, created(3).id}));
    QCOMPARE(server.requests().size(), 6);
    QSet<QByteArray> attempts;
    for (const FakeRequest &request : server.requests())
        attempts.insert(request.headers.value("e2b-delivery-id"));
    QCOMPARE(attempts.size(), 6);
    QCOMPARE(subscriptions.callback(*id)->status().lost, std::int64_t{0});
}

void TestSubscription::refusedIsLostAtOnce()
{
    FakeE2bServer server;
    server.script("POST /hook", {FakeReply::error(401, "no"), ok()});
    Subscriptions subscriptions({}, e2b::callbackPoster());
    QSignalSpy troubled(&subscriptions, &Subscriptions::troubled);
    const auto id = subscriptions.subscribe({}, target(server));
    subscriptions.publish({created(1), created(2)});
    QTRY_COMPARE(subscriptions.callback(*id)->status().delivered, std::int64_t{1});
    QCOMPARE(subscriptions.callback(*id)->status().lost, std::int64_t{1});
    QCOMPARE(subscriptions.callback(*id)->status().lastError.status, 401);
    QCOMPARE(troubled.size(), 1);
    QCOMPARE(server.requests().size(), 2);
}

void TestSubscription::givesUpVisibly()
{
    FakeE2bServer server;
    server.script("POST /hook", {FakeReply::error(500, "oops")});
    Subscriptions subscriptions({}, e2b::callbackPoster());
    QSignalSpy troubled(&subscriptions, &Subscriptions::troubled);
    CallbackTarget to = target(server);
    to.tries = 2;
    const auto id = subscriptions.subscribe({}, to);
    for (int i = 0; i < 10; ++i)
        subscriptions.publish(created(i));
    QTRY_VERIFY(subscriptions.callback(*id)->status().hasGivenUp);
    QCOMPARE(subscriptions.callback(*id)->status().lost, std::int64_t{3});
    QCOMPARE(subscriptions.callback(*id)->status().dropped, std::int64_t{7});
    QCOMPARE(server.requests().size(), 6);
    QCOMPARE(troubled.last().at(1).value<CallbackStatus>().hasGivenUp, true);
    subscriptions.publish(created(20));
    QCOMPARE(subscriptions.callback(*id)->status().dropped, std::int64_t{8});

    server.script("POST /hook", {ok()});
    subscriptions.resume(*id);
    subscriptions.publish(created(21));
    QTRY_COMPARE(subscriptions.callback(*id)->status().delivered, std::int64_t{1});
}

void TestSubscription::queueIsBounded()
{
    FakeE2bServer server;
    server.script("POST /hook", {FakeReply::failing(Fault::Silent)});
    Subscriptions subscriptions({}, e2b::callbackPoster());
    CallbackTarget to = target(server);
    to.queueLimit = 5;
    const auto id = subscriptions.subscribe({}, to);
    for (int i = 0; i < 1000; ++i)
        subscriptions.publish(created(i));
    QTRY_COMPARE(server.requests().size(), 1);
    QCOMPARE(subscriptions.callback(*id)->status().waiting, std::size_t{5});
    QCOMPARE(subscriptions.callback(*id)->status().dropped, std::int64_t{995});
}

void TestSubscription::badTargets()
{
    Subscriptions subscriptions({}, e2b::callbackPoster());
    for (const char *url : {"", "ftp://x/", "nonsense", "http://", "file:///etc/passwd", "javascript:alert(1)"})
        QCOMPARE(subscriptions.subscribe({}, targetAt(url)).error().code, "bad_url");
    CallbackTarget weak = targetAt("http://127.0.0.1:9/");
    weak.secret = "short";
    QCOMPARE(subscriptions.subscribe({}, weak).error().code, "secret_too_short");
    QCOMPARE(subscriptions.count(), std::size_t{0});
}

void TestSubscription::unsubscribedSendsNoMore()
{
    FakeE2bServer server;
    server.script("POST /hook", {ok()});
    Subscriptions subscriptions({}, e2b::callbackPoster());
    const auto id = subscriptions.subscribe({}, target(server));
    subscriptions.publish(created(1));
    QTRY_COMPARE(subscriptions.callback(*id)->status().delivered, std::int64_t{1});
    subscriptions.unsubscribe(*id);
    subscriptions.unsubscribe(99);
    const auto other = subscriptions.subscribe({}, target(server));
    subscriptions.publish(created(2));
    QVERIFY(!subscriptions.callback(*id));
    QTRY_COMPARE(subscriptions.callback(*other)->status().delivered, std::int64_t{1});
    QCOMPARE(server.requests().size(), 2);
}

QTEST_GUILESS_MAIN(TestSubscription)
#include "tst_subscription.moc"
