#include "services/core/json.h"
#include "services/e2b/client.h"
#include "services/e2b/webhookclient.h"
#include "tests/support/fakewebhookapi.h"

#include <QElapsedTimer>
#include <QJsonDocument>
#include <QTest>

using namespace sandglass;
using namespace sandglass::e2b;
using namespace sandglass::testsupport;
using Fault = FakeReply::Fault;

namespace {

const std::string secret(32, 's');

template<typename T>
Result<T> wait(QFuture<Result<T>> future)
{
    if (!QTest::qWaitFor([&future] { return future.isFinished(); }, 20'000) || future.resultCount() == 0)
        return failure(Error::Kind::Local, "the call has no result");
    return future.result();
}

QJsonObject object(const char *json)
{
    return QJsonDocument::fromJson(json).object();
}

QJsonObject eventRow(int number, const char *sandbox = "iabc", const char *type = "sandbox.lifecycle.created")
{
    return {{QStringLiteral("id"), QStringLiteral("event-%1").arg(number)},
            {QStringLiteral("version"), QStringLiteral("v2")},
            {QStringLiteral("type"), QLatin1StringView(type)},
            {QStringLiteral("timestamp"), QStringLiteral("2026-08-20T10:00:%1Z").arg(number, 2, 10, QLatin1Char('0'))},
            {QStringLiteral("eventData"), QJsonValue()},
            {QStringLiteral("sandboxId"), QLatin1StringView(sandbox)}};
}

} // namespace

class TestWebhookClient final : public QObject
{
    Q_OBJECT

    struct Fixture
    {
        FakeE2bServer server;
        FakeWebhookApi api{server};
        Client client;
        Fixture() : client(to(server)) {}
        [[nodiscard]] WebhookClient &webhooks() { return client.webhooks(); }

        static Connection to(const FakeE2bServer &server)
        {
            Connection connection;
            connection.apiUrl = server.url();
            connection.apiKey = "e2b_0123456789abcdef";
            return connection;
        }
    };

    static WebhookSpec spec(std::string name = "mine")
    {
        WebhookSpec spec;
        spec.name = std::move(name);
        spec.url = "https://example.org/hook";
        spec.events = {"sandbox.lifecycle.created", "sandbox.lifecycle.killed"};
        spec.signatureSecret = secret;
        return spec;
    }

private Q_SLOTS:
    void wholeLife();
    void shortSecretsAreNotSent_data();
    void shortSecretsAreNotSent();
    void deliveriesByPage();
    void deliveryMembers();
    void statistics();
    void statisticsOfAnEngineThatSendsNumbers();
    void eventsByPageAndFilter();
    void oneBadEventIsCounted();
    void failures_data();
    void failures();
    void waitIsSharedByAllCalls();
    void longWaitIsAnsweredAtOnce();
    void createIsNeverRepeated();
    void cancelling();
};

void TestWebhookClient::wholeLife()
{
    Fixture f;
    QVERIFY(wait(f.webhooks().list())->empty());
    const auto made = wait(f.webhooks().create(spec()));
    QVERIFY2(made, made ? "" : made.error().message.c_str());
    QCOMPARE(f.api.webhooks[QStringLiteral("w1")][QStringLiteral("signatureSecret")].toString().toStdString(), secret);
    QCOMPARE(wait(f.webhooks().list())->size(), std::size_t{1});
    QCOMPARE(wait(f.webhooks().webhook(made->id))->url, "https://example.org/hook");

    QCOMPARE(wait(f.webhooks().setEnabled(made->id, false))->enabled, false);
    QCOMPARE(f.server.requests().last().body, R"({"enabled":false})");
    WebhookEdit edit;
    edit.name = "renamed";
    edit.events = {{"sandbox.lifecycle.paused"}};
    const auto edited = wait(f.webhooks().edit(made->id, edit));
    QCOMPARE(edited->name, "renamed");
    QCOMPARE(edited->events, (std::vector<std::string>{"sandbox.lifecycle.paused"}));
    QCOMPARE(edited->enabled, false);
    QVERIFY(wait(f.webhooks().rotateSecret(made->id, std::string(40, 'n'))));
    QCOMPARE(f.api.webhooks[QStringLiteral("w1")][QStringLiteral("signatureSecret")].toString().size(), 40);

    QVERIFY(wait(f.webhooks().remove(made->id)));
    QVERIFY(wait(f.webhooks().remove(made->id))); // gone is what was asked for
    const auto gone = wait(f.webhooks().webhook(made->id));
    QCOMPARE(gone.error().status, 404);
    QCOMPARE(gone.error().code, "not_found");
}

void TestWebhookClient::shortSecretsAreNotSent_data()
{
    QTest::addColumn<int>("length");
    QTest::addColumn<bool>("isFine");
    for (const int length : {0, 1, 31, 32, 33})
        QTest::addRow("%d", length) << length << (length >= 32);
}

void TestWebhookClient::shortSecretsAreNotSent()
{
    QFETCH(int, length);
    QFETCH(bool, isFine);
    Fixture f;
    f.api.webhooks[QStringLiteral("w9")] = object(R"({"id":"w9","name":"n","url":"http://x","events":[]})");
    auto wanted = spec();
    wanted.signatureSecret = std::string(static_cast<std::size_t>(length), 's');
    const auto made = wait(f.webhooks().create(wanted));
    const auto rotated = wait(f.webhooks().rotateSecret("w9", wanted.signatureSecret));
    QCOMPARE(made.has_value(), isFine);
    QCOMPARE(rotated.has_value(), isFine);
    QCOMPARE(f.server.requests().size(), isFine ? 2 : 0);
    if (!isFine)
        QCOMPARE(made.error().code, "secret_too_short");
}

void TestWebhookClient::deliveriesByPage()
{
    Fixture f;
    f.api.webhooks[QStringLiteral("w1")] = object(R"({"id":"w1"})");
    for (int i = 59; i >= 0; --i) {
        const auto status = i % 3 == 0 ? QStringLiteral("failed") : QStringLiteral("success");
        f.api.deliveries[QStringLiteral("w1")].append(
            QJsonObject{{QStringLiteral("eventId"), QStringLiteral("e%1").arg(i)},
                        {QStringLiteral("eventType"), QStringLiteral("sandbox.lifecycle.created")},
                        {QStringLiteral("sandboxId"), QStringLiteral("s")},
                        {QStringLiteral("attempts"), QJsonArray{QJsonObject{{QStringLiteral("status"), status}}}}});
    }
    std::vector<std::string> seen;
    DeliveryQuery query;
    for (int pages = 0; pages < 10; ++pages) {
        const auto page = wait(f.webhooks().deliveries("w1", query));
        QVERIFY2(page, page ? "" : page.error().message.c_str());
        for (const DeliveryGroup &group : page->groups)
            seen.push_back(group.eventId);
        if (page->nextCursor.empty())
            break;
        query.cursor = page->nextCursor;
    }
    QCOMPARE(seen.size(), std::size_t{60});
    QCOMPARE(seen.front(), "e59");
    QCOMPARE(seen.back(), "e0");
    QCOMPARE(f.server.requests().size(), 3);

    query = {};
    query.outcome = DeliveryQuery::Outcome::Failed;
    query.limit = 500;
    query.eventTypes = {"sandbox.lifecycle.created", "sandbox.lifecycle.killed"};
    query.start = parseRfc3339("2026-08-20T10:00:00Z");
    QCOMPARE(wait(f.webhooks().deliveries("w1", query))->groups.size(), std::size_t{20});
    const QByteArray target = f.server.requests().last().target;
    QVERIFY(target.contains("limit=100"));
    QVERIFY(target.contains("eventType=sandbox.lifecycle.created%2Csandbox.lifecycle.killed"));
    QVERIFY(target.contains("start=2026-08-20T10%3A00%3A00.000Z"));
}

void TestWebhookClient::deliveryMembers()
{
    Fixture f;
    f.api.webhooks[QStringLiteral("w1")] = object(R"({"id":"w1"})");
    f.api.deliveries[QStringLiteral("w1")] = {object(R"({"eventId":"e","eventType":"t","sandboxId":"s","attempts":[
        {"id":"d1","webhookId":"w1","eventId":"e","sandboxId":"s","eventType":"t","status":"failed","durationMs":12,
         "requestBody":"{}","requestHeaders":"{\"a\":\"b\"}","requestUrl":"https://x/","responseBody":null,
         "responseHeaders":null,"responseHttpStatusCode":null,"errorClass":"dns_error","errorMessage":"no such host",
         "timestamp":"2026-08-20T10:00:00Z"},
        {"id":"d2","status":"success","durationMs":3,"responseHttpStatusCode":204,"requestHeaders":{"a":"b"}}]})")};
    const auto page = wait(f.webhooks().deliveries("w1", {}));
    QVERIFY2(page, page ? "" : page.error().message.c_str());
    const auto &attempts = page->groups.at(0).attempts;
    QCOMPARE(attempts.size(), std::size_t{2});
    QCOMPARE(attempts[0].isSuccess, false);
    QCOMPARE(attempts[0].errorClass, "dns_error");
    QCOMPARE(attempts[0].responseStatus, 0);
    QVERIFY(attempts[0].timestamp == parseRfc3339("2026-08-20T10:00:00Z"));
    QCOMPARE(attempts[0].requestHeaders, R"({"a":"b"})");
    QCOMPARE(attempts[1].requestHeaders, R"({"a":"b"})");
    QCOMPARE(attempts[1].isSuccess, true);
    QCOMPARE(attempts[1].responseStatus, 204);
}

void TestWebhookClient::statistics()
{
    Fixture f;
    f.api.webhooks[QStringLiteral("w1")] = object(R"({"id":"w1"})");
    f.api.statistics[QStringLiteral("w1")] =
        object(R"({"buckets":[{"timestamp":"2026-08-20T10:00:00Z","total":5,"failed":1,
                   "durationMs":{"minimum":1.5,"average":2,"maximum":9}}],
                   "total":5,"failed":1,"durationMs":{"minimum":1.5,"average":2,"maximum":9}})");
    const auto result = wait(f.webhooks().statistics("w1"));
    QVERIFY2(result, result ? "" : result.error().message.c_str());
    QCOMPARE(result->total, std::int64_t{5});
    QCOMPARE(result->buckets.at(0).failed, std::int64_t{1});
    QCOMPARE(result->buckets.at(0).duration.minimum, 1.5);
    QCOMPARE(result->duration.maximum, 9.0);
    QVERIFY(!f.server.requests().last().target.contains('?'));
}

void TestWebhookClient::statisticsOfAnEngineThatSendsNumbers()
{
    Fixture f;
    f.api.webhooks[QStringLiteral("w1")] = object(R"({"id":"w1"})");
    f.api.statistics[QStringLiteral("w1")] =
        object(R"({"buckets":[{"timestamp":"2026-08-20T10:00:00Z","total":5,"failed":1,"durationMs":7}],"total":5,
                   "failed":1})");
    QCOMPARE(wait(f.webhooks().statistics("w1"))->buckets.at(0).duration.average, 7.0);
}

void TestWebhookClient::eventsByPageAndFilter()
{
    Fixture f;
    for (int i = 24; i >= 0; --i)
        f.api.events.append(eventRow(i, i % 2 ? "iodd" : "ieven"));
    f.api.events.append(eventRow(25, "iodd", "sandbox.lifecycle.killed"));
    EventQuery query;
    query.limit = 10;
    QCOMPARE(wait(f.webhooks().events(query))->events.size(), std::size_t{10});
    query.offset = 20;
    QCOMPARE(wait(f.webhooks().events(query))->events.size(), std::size_t{6});
    query = {};
    query.sandboxId = "iodd";
    QCOMPARE(wait(f.webhooks().events(query))->events.size(), std::size_t{13});
    query.types = {"sandbox.lifecycle.killed", "sandbox.lifecycle.paused"};
    const auto killed = wait(f.webhooks().events(query));
    QCOMPARE(killed->events.size(), std::size_t{1});
    QVERIFY(killed->events.at(0).type == lifecycle::EventType::Killed);
    QVERIFY(killed->events.at(0).source == lifecycle::EventSource::Poll);
}

void TestWebhookClient::oneBadEventIsCounted()
{
    Fixture f;
    f.api.events = {eventRow(1), QJsonObject{{QStringLiteral("id"), QStringLiteral("x")}}};
    const auto page = wait(f.webhooks().events({}));
    QVERIFY(page);
    QCOMPARE(page->events.size(), std::size_t{1});
    QCOMPARE(page->unreadable, 1);
    QVERIFY(page->complaint.starts_with("$[1]"));
    QVERIFY(wait(f.client.events(0, 10)).error().kind == Error::Kind::Decode);
}

void TestWebhookClient::failures_data()
{
    QTest::addColumn<FakeReply>("reply");
    QTest::addColumn<int>("kind");
    QTest::addColumn<QByteArray>("code");
    const auto row = [](const char *name, const FakeReply &reply, Error::Kind kind, const char *code) {
        QTest::newRow(name) << reply << static_cast<int>(kind) << QByteArray(code);
    };
    using K = Error::Kind;
    row("401", FakeReply::error(401, "bad key"), K::Service, "unauthenticated");
    row("403", FakeReply::error(403, "not yours"), K::Service, "permission_denied");
    row("404 webhook", FakeReply::error(404, "webhook not found"), K::Service, "not_found");
    row("404 route", FakeReply{404, "404 page not found", {}, {}, Fault::None, 0}, K::Http, "not_supported");
    row("405", FakeReply::error(405, "method"), K::Service, "not_supported");
    row("409", FakeReply::error(409, "conflict"), K::Service, "conflict");
    row("500", FakeReply::error(500, "oops"), K::Service, "internal");
    row("garbage", FakeReply{200, "<html>", {}, {}, Fault::None, 0}, K::Decode, "");
    row("wrong shape", FakeReply::json(200, R"({"data":{}})"), K::Decode, "");
    row("half body", FakeReply::failing(Fault::HalfBody, R"({"data":[],"nextCursor":null})"), K::Transport, "closed");
    row("reset", FakeReply::failing(Fault::Reset), K::Transport, "closed");
}

void TestWebhookClient::failures()
{
    QFETCH(FakeReply, reply);
    QFETCH(int, kind);
    QFETCH(QByteArray, code);
    Fixture f;
    f.api.webhooks[QStringLiteral("w1")] = object(R"({"id":"w1"})");
    f.api.failNext("GET /events/webhooks/w1/deliveries", reply, -1);
    const auto result = wait(f.webhooks().deliveries("w1", {}));
    QVERIFY(!result);
    QCOMPARE(static_cast<int>(result.error().kind), kind);
    QCOMPARE(QByteArray::fromStdString(result.error().code), code);
}

void TestWebhookClient::waitIsSharedByAllCalls()
{
    Fixture f;
    auto busy = FakeReply::error(429, "slow down");
    busy.headers.append(qMakePair(QByteArray("Retry-After"), QByteArray("2")));
    QElapsedTimer clock;
    f.api.failNext("POST /events/webhooks", busy);
    clock.start();
    QCOMPARE(wait(f.webhooks().create(spec())).error().status, 429); // not repeated, but heard
    QVERIFY(wait(f.webhooks().events({})));                          // waits although nobody refused it
    QVERIFY(clock.elapsed() >= 2'000);
    QCOMPARE(f.server.requests().size(), 2);
}

void TestWebhookClient::longWaitIsAnsweredAtOnce()
{
    Fixture f;
    auto busy = FakeReply::error(429, "slow down");
    busy.headers.append(qMakePair(QByteArray("Retry-After"), QByteArray("600")));
    f.api.failNext("GET /events/webhooks", busy);
    const auto first = wait(f.webhooks().list());
    QCOMPARE(first.error().status, 429);
    QCOMPARE(first.error().message, "slow down");
    // Every call of this connection now knows; none is sent.
    const auto second = wait(f.client.listSandboxes());
    QCOMPARE(second.error().status, 429);
    QVERIFY(wait(f.webhooks().events({})).error().message.find(" s") != std::string::npos);
    QCOMPARE(f.server.requests().size(), 1);
    Connection other = f.client.connection();
    other.apiKey = "e2b_fedcba9876543210";
    f.client.setConnection(other); // another team was not asked to wait
    QVERIFY(wait(f.webhooks().list()));
}

void TestWebhookClient::createIsNeverRepeated()
{
    for (const auto &reply : {FakeReply::error(503, "busy"), FakeReply::failing(Fault::Reset)}) {
        Fixture f;
        f.api.failNext("POST /events/webhooks", reply, -1);
        QVERIFY(!wait(f.webhooks().create(spec())));
        QCOMPARE(f.server.requests().size(), 1);
    }
}

void TestWebhookClient::cancelling()
{
    Fixture f;
    f.api.failNext("GET /events/webhooks", FakeReply::failing(Fault::Silent));
    auto future = f.webhooks().list();
    QTRY_COMPARE(f.server.requests().size(), 1);
    QCOMPARE(f.server.openConnections(), 1);
    future.cancel();
    QTRY_COMPARE(f.server.openConnections(), 0);
    QCOMPARE(future.resultCount(), 0);
}

QTEST_GUILESS_MAIN(TestWebhookClient)
#include "tst_webhookclient.moc"
