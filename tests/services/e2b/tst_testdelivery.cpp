#include "services/e2b/testdelivery.h"

#include "services/lifecycle/event.h"
#include "services/lifecycle/signature.h"
#include "tests/support/fakee2bserver.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::e2b;
using namespace sandglass::testsupport;
using Fault = FakeReply::Fault;
using Finding = TestDeliveryReport::Finding;

namespace {

const std::string secret(32, 's');

Result<TestDeliveryReport> wait(QFuture<Result<TestDeliveryReport>> future)
{
    if (!QTest::qWaitFor([&future] { return future.isFinished(); }, 20'000) || future.resultCount() == 0)
        return failure(Error::Kind::Local, "no report");
    return future.result();
}

} // namespace

class TestTestDelivery final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void reach_data();
    void reach();
    void isSignedAndHarmless();
    void findings_data();
    void findings();
    void whatCannotBeReached_data();
    void whatCannotBeReached();
    void slowIsSaid();
    void shortSecret();
};

void TestTestDelivery::reach_data()
{
    QTest::addColumn<int>("reach");
    const auto row = [](const char *url, Reach reach) { QTest::newRow(url) << static_cast<int>(reach); };
    row("https://hooks.example.org/x", Reach::Public);
    row("http://93.184.216.34:8080/", Reach::Public);
    row("http://127.0.0.1:8000/", Reach::Loopback);
    row("http://127.9.9.9/", Reach::Loopback);
    row("http://[::1]:8000/", Reach::Loopback);
    row("http://LOCALHOST:8000/", Reach::Loopback);
    row("http://0.0.0.0:8000/", Reach::Loopback);
    row("http://192.168.1.5/", Reach::Private);
    row("http://10.0.0.1/", Reach::Private);
    row("http://169.254.1.1/", Reach::Private);
    row("http://100.100.1.1/", Reach::Private);
    row("http://printer.local/", Reach::Private);
    row("http://desktop:8000/", Reach::Private);
    row("ftp://example.org/", Reach::Invalid);
    row("example.org", Reach::Invalid);
    row("", Reach::Invalid);
}

void TestTestDelivery::reach()
{
    QFETCH(int, reach);
    QCOMPARE(static_cast<int>(reachOf(QTest::currentDataTag())), reach);
}

void TestTestDelivery::isSignedAndHarmless()
{
    FakeE2bServer server;
    server.script("POST /hook", {FakeReply::json(200, R"({"status":"ok"})")});
    TestDelivery delivery;
    const auto report = wait(delivery.send(server.url() + "/hook", secret, "w1"));
    QVERIFY(report);
    QVERIFY(report->finding == Finding::Accepted);
    QCOMPARE(report->status, 200);
    const FakeRequest &seen = server.requests().first();
    QVERIFY(
        lifecycle::verifyDelivery(secret, seen.body.toStdString(), seen.headers.value("e2b-signature").toStdString()));
    QCOMPARE(seen.headers.value("e2b-webhook-id"), "w1");
    const auto event = lifecycle::decodeEvent(seen.body.toStdString(), lifecycle::EventSource::Webhook, systemNow());
    QVERIFY(event);
    QVERIFY(event->type == lifecycle::EventType::Unknown);
}

void TestTestDelivery::findings_data()
{
    QTest::addColumn<FakeReply>("reply");
    QTest::addColumn<int>("finding");
    const auto row = [](const char *name, const FakeReply &reply, Finding finding) {
        QTest::newRow(name) << reply << static_cast<int>(finding);
    };
    row("204", FakeReply{204, {}, {}, {}, Fault::None, 0}, Finding::Accepted);
    row("301", FakeReply{301, {}, {}, {}, Fault::None, 0}, Finding::Redirected);
    row("401", FakeReply::error(401, "Invalid signature"), Finding::Unauthorized);
    row("404", FakeReply::error(404, "no"), Finding::NotFound);
    row("413", FakeReply::error(413, "large"), Finding::Failed);
    row("500", FakeReply::error(500, "oops"), Finding::Failed);
    row("reset", FakeReply::failing(Fault::Reset), Finding::Closed);
    row("half body", FakeReply::failing(Fault::HalfBody, "0123456789"), Finding::Closed);
    row("never", FakeReply::failing(Fault::Silent), Finding::TimedOut);
    row("endless", FakeReply::failing(Fault::Endless, QByteArray(60'000, 'x')), Finding::Closed);
}

void TestTestDelivery::findings()
{
    QFETCH(FakeReply, reply);
    QFETCH(int, finding);
    FakeE2bServer server;
    server.script("POST /hook", {reply});
    TestDelivery delivery;
    delivery.setTimeout(std::chrono::milliseconds(1'500));
    const auto report = wait(delivery.send(server.url() + "/hook", secret));
    QVERIFY(report);
    QCOMPARE(static_cast<int>(report->finding), finding);
    QVERIFY(report->answer.size() <= 200);
    QCOMPARE(server.requests().size(), 1); // a test is sent once
}

void TestTestDelivery::whatCannotBeReached_data()
{
    QTest::addColumn<QByteArray>("url");
    QTest::addColumn<int>("finding");
    QTest::newRow("refused") << QByteArray("http://127.0.0.1:1/") << static_cast<int>(Finding::Refused);
    QTest::newRow("no such host") << QByteArray("http://no-such-host.invalid/")
                                  << static_cast<int>(Finding::HostNotFound);
    QTest::newRow("no URL") << QByteArray("nonsense") << static_cast<int>(Finding::BadUrl);
    QTest::newRow("no web URL") << QByteArray("ftp://127.0.0.1/") << static_cast<int>(Finding::BadUrl);
}

void TestTestDelivery::whatCannotBeReached()
{
    QFETCH(QByteArray, url);
    QFETCH(int, finding);
    TestDelivery delivery;
    const auto report = wait(delivery.send(url.toStdString(), secret));
    QVERIFY(report);
    QCOMPARE(static_cast<int>(report->finding), finding);
    QCOMPARE(report->status, 0);
}

void TestTestDelivery::slowIsSaid()
{
    FakeE2bServer server;
    auto reply = FakeReply::json(200, "{}");
    reply.delayMs = 60;
    server.script("POST /hook", {reply});
    TestDelivery delivery;
    delivery.setSlow(std::chrono::milliseconds(50));
    QVERIFY(wait(delivery.send(server.url() + "/hook", secret))->finding == Finding::Slow);
}

void TestTestDelivery::shortSecret()
{
    TestDelivery delivery;
    QCOMPARE(wait(delivery.send("http://127.0.0.1:1/", "short")).error().code, "secret_too_short");
}

QTEST_GUILESS_MAIN(TestTestDelivery)
#include "tst_testdelivery.moc"
