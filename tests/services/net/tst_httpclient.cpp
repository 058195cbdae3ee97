#include "services/core/whendone.h"
#include "services/net/httpclient.h"
#include "tests/support/fakee2bserver.h"

#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace sandglass::net;
using namespace sandglass::testsupport;
using namespace std::chrono_literals;
using Fault = FakeReply::Fault;

class TestHttpClient final : public QObject
{
    Q_OBJECT

    static HttpRequest get(const FakeE2bServer &server)
    {
        HttpRequest request;
        request.url = server.url() + "/x";
        return request;
    }
    static Result<HttpResponse> wait(QFuture<Result<HttpResponse>> future)
    {
        if (!QTest::qWaitFor([&future] { return future.isFinished(); }, 20'000) || future.resultCount() == 0)
            return failure(Error::Kind::Local, "the call has no result");
        return future.result();
    }

private Q_SLOTS:
    void answers_data();
    void answers();
    void sendsMethodHeadersAndBody();
    void retriesOnlyIdempotent_data();
    void retriesOnlyIdempotent();
    void honoursRetryAfter();
    void doesNotRepeatAPostWhoseConnectionCloses();
    void cancelAborts();
    void refusesBadInput_data();
    void refusesBadInput();
    void deletingTheClientEndsItsCalls();
    void streams();
    void streamFaults_data();
    void streamFaults();
    void manyStreamsDoNotBlockCalls();
    void streamsAHundredMegabytes();
};

void TestHttpClient::answers_data()
{
    QTest::addColumn<FakeReply>("reply");
    QTest::addColumn<int>("kind"); // -1: a response
    QTest::addColumn<int>("status");

    const auto kind = [](Error::Kind k) { return static_cast<int>(k); };
    QTest::newRow("right") << FakeReply::json(200, "{}") << -1 << 200;
    for (const int code : {400, 403, 405, 409, 410, 418, 429, 502, 507})
        QTest::addRow("%d", code) << FakeReply::error(code, "no") << -1 << code;
    QTest::newRow("404") << FakeReply::error(404, "gone") << -1 << 404;
    QTest::newRow("401") << FakeReply::error(401, "key") << -1 << 401;
    QTest::newRow("500") << FakeReply::error(500, "oops") << -1 << 500;
    QTest::newRow("redirect") << FakeReply{302, {}, {{"Location", "/elsewhere"}}, {}, Fault::None, 0} << -1 << 302;
    QTest::newRow("reset") << FakeReply::failing(Fault::Reset) << kind(Error::Kind::Transport) << 0;
    QTest::newRow("half a body") << FakeReply::failing(Fault::HalfBody, "0123456789") << kind(Error::Kind::Transport)
                                 << 0;
    QTest::newRow("silent") << FakeReply::failing(Fault::Silent) << kind(Error::Kind::Timeout) << 0;
    QTest::newRow("endless") << FakeReply::failing(Fault::Endless, QByteArray(1000, 'x')) << kind(Error::Kind::Decode)
                             << 200;
}

void TestHttpClient::answers()
{
    QFETCH(FakeReply, reply);
    QFETCH(int, kind);
    QFETCH(int, status);
    FakeE2bServer server;
    server.script("GET /x", {reply});
    HttpClient client;
    HttpRequest request = get(server);
    request.timeout = kind == static_cast<int>(Error::Kind::Timeout) ? 200ms : 20'000ms;
    request.bodyLimit = 100'000;
    const auto outcome = wait(client.send(request));
    if (kind < 0) {
        QVERIFY2(outcome, outcome ? "" : outcome.error().message.c_str());
        QCOMPARE(outcome->status, status);
        QCOMPARE(QByteArray::fromStdString(outcome->body), reply.body);
        QCOMPARE(server.requests().size(), 1);
    } else {
        QVERIFY(!outcome);
        QCOMPARE(static_cast<int>(outcome.error().kind), kind);
        QCOMPARE(outcome.error().status, status);
    }
    QTRY_COMPARE(server.openConnections(), kind < 0 ? server.openConnections() : 0);
}

void TestHttpClient::sendsMethodHeadersAndBody()
{
    FakeE2bServer server;
    server.script("PATCH /x", {FakeReply::json(200, "{}")});
    HttpClient client;
    HttpRequest request = get(server);
    request.method = "PATCH";
    request.headers = {{"X-API-KEY", "e2b_00"}};
    request.body = std::string(200'000, 'b');
    QVERIFY(wait(client.send(request)));
    const FakeRequest &seen = server.requests().first();
    QCOMPARE(seen.headers.value("x-api-key"), "e2b_00");
    QCOMPARE(seen.headers.value("content-length"), "200000");
    QCOMPARE(seen.headers.value("accept-encoding"), "identity");
    QCOMPARE(seen.body.size(), 200'000);
}

void TestHttpClient::retriesOnlyIdempotent_data()
{
    QTest::addColumn<bool>("isIdempotent");
    QTest::addColumn<FakeReply>("first");
    QTest::addColumn<int>("expectedRequests");
    QTest::newRow("503, idempotent") << true << FakeReply::error(503, "busy") << 2;
    QTest::newRow("503, not idempotent") << false << FakeReply::error(503, "busy") << 1;
    QTest::newRow("429, idempotent") << true << FakeReply::error(429, "slow down") << 2;
    QTest::newRow("500 is final") << true << FakeReply::error(500, "bug") << 1;
    QTest::newRow("half a body, idempotent") << true << FakeReply::failing(Fault::HalfBody, "0123456789") << 2;
}

void TestHttpClient::retriesOnlyIdempotent()
{
    QFETCH(bool, isIdempotent);
    QFETCH(FakeReply, first);
    QFETCH(int, expectedRequests);
    FakeE2bServer server;
    server.script("GET /x", {first, FakeReply::json(200, "{}")});
    HttpClient client;
    HttpRequest request = get(server);
    request.isIdempotent = isIdempotent;
    const auto outcome = wait(client.send(request));
    QCOMPARE(server.requests().size(), expectedRequests);
    if (expectedRequests == 2)
        QVERIFY(outcome && outcome->status == 200);
}

void TestHttpClient::honoursRetryAfter()
{
    FakeE2bServer server;
    FakeReply tooLong = FakeReply::error(429, "slow down");
    tooLong.headers.push_back({"Retry-After", "3600"});
    FakeReply now = FakeReply::error(429, "slow down");
    now.headers.push_back({"Retry-After", "0"});
    server.script("GET /x", {now, tooLong, FakeReply::json(200, "{}")});
    HttpClient client;
    HttpRequest request = get(server);
    request.isIdempotent = true;
    const auto outcome = wait(client.send(request));
    QVERIFY(outcome);
    QCOMPARE(outcome->status, 429); // an hour is for the caller to decide
    QCOMPARE(outcome->header("retry-after"), "3600");
    QCOMPARE(server.requests().size(), 2);
}

void TestHttpClient::doesNotRepeatAPostWhoseConnectionCloses()
{
    FakeE2bServer server;
    server.script("POST /x", {FakeReply::failing(Fault::Reset)});
    HttpClient client;
    HttpRequest request = get(server);
    request.method = "POST";
    request.body = R"({"create":"one"})";
    const auto outcome = wait(client.send(request));
    QVERIFY(!outcome);
    QCOMPARE(outcome.error().kind, Error::Kind::Transport);
    QCOMPARE(server.requests().size(), 1);
}

void TestHttpClient::cancelAborts()
{
    FakeE2bServer server;
    server.script("GET /x", {FakeReply::failing(Fault::Silent)});
    HttpClient client;
    auto future = client.send(get(server));
    QTRY_COMPARE(server.requests().size(), 1);
    future.cancel();
    QTRY_COMPARE(server.openConnections(), 0);
    QTRY_VERIFY(future.isFinished());
    QCOMPARE(future.resultCount(), 0);
}

void TestHttpClient::refusesBadInput_data()
{
    QTest::addColumn<QByteArray>("url");
    QTest::addColumn<QByteArray>("headerValue");
    QTest::newRow("no scheme") << QByteArray("127.0.0.1:1/x") << QByteArray("v");
    QTest::newRow("file") << QByteArray("file:///etc/passwd") << QByteArray("v");
    QTest::newRow("empty") << QByteArray() << QByteArray("v");
    QTest::newRow("header injection") << QByteArray("http://127.0.0.1:1/") << QByteArray("v\r\nX-Other: 1");
}

void TestHttpClient::refusesBadInput()
{
    QFETCH(QByteArray, url);
    QFETCH(QByteArray, headerValue);
    HttpClient client;
    HttpRequest request;
    request.url = url.toStdString();
    request.headers = {{"X-A", headerValue.toStdString()}};
    const auto outcome = wait(client.send(request));
    QVERIFY(!outcome);
    QCOMPARE(outcome.error().kind, Error::Kind::Local);
}

void TestHttpClient::deletingTheClientEndsItsCalls()
{
    FakeE2bServer server;
    server.script("GET /x", {FakeReply::failing(Fault::Silent)});
    auto client = std::make_unique<HttpClient>();
    auto future = client->send(get(server));
    QTRY_COMPARE(server.requests().size(), 1);
    client.reset();
    QVERIFY(future.isFinished());
    QTRY_COMPARE(server.openConnections(), 0);
}

void TestHttpClient::streams()
{
    FakeE2bServer server;
    server.script("GET /x", {FakeReply::stream({"one ", "two ", "three"})});
    HttpClient client;
    HttpStream *stream = client.stream(get(server), this);
    QByteArray all;
    connect(stream, &HttpStream::data, this, [&all](const QByteArray &piece) { all += piece; });
    QSignalSpy opened(stream, &HttpStream::opened);
    QSignalSpy finished(stream, &HttpStream::finished);
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(opened.size(), 1);
    QCOMPARE(all, "one two three");
    QVERIFY(finished[0][0].value<Result<>>());
    delete stream;
}

void TestHttpClient::streamFaults_data()
{
    QTest::addColumn<FakeReply>("reply");
    QTest::addColumn<int>("kind");
    const auto kind = [](Error::Kind k) { return static_cast<int>(k); };
    QTest::newRow("error body") << FakeReply::error(502, "The sandbox was not found") << kind(Error::Kind::Http);
    QTest::newRow("reset") << FakeReply::failing(Fault::Reset) << kind(Error::Kind::Transport);
    QTest::newRow("never answers") << FakeReply::failing(Fault::Silent) << kind(Error::Kind::Timeout);
    QTest::newRow("falls silent") << FakeReply::stream({"a"}, Fault::Hold) << kind(Error::Kind::Timeout);
}

void TestHttpClient::streamFaults()
{
    QFETCH(FakeReply, reply);
    QFETCH(int, kind);
    FakeE2bServer server;
    server.script("GET /x", {reply});
    HttpClient client;
    HttpRequest request = get(server);
    request.timeout = 300ms;
    request.silence = 300ms;
    HttpStream *stream = client.stream(request, this);
    QSignalSpy finished(stream, &HttpStream::finished);
    QTRY_COMPARE(finished.size(), 1);
    const auto outcome = finished[0][0].value<Result<>>();
    QVERIFY(!outcome);
    QCOMPARE(static_cast<int>(outcome.error().kind), kind);
    if (outcome.error().kind == Error::Kind::Http)
        QVERIFY(outcome.error().message.find("not found") != std::string::npos);
    delete stream;
}

void TestHttpClient::manyStreamsDoNotBlockCalls()
{
    FakeE2bServer server;
    server.script("GET /hold", {FakeReply::stream({"a"}, Fault::Hold)});
    server.script("GET /x", {FakeReply::json(200, "{}")});
    HttpClient client;
    QObject owner;
    int open = 0;
    for (int i = 0; i < 20; ++i) {
        HttpRequest request = get(server);
        request.url = server.url() + "/hold";
        connect(client.stream(request, &owner), &HttpStream::opened, &owner, [&open] { ++open; });
    }
    QTRY_COMPARE(open, 20);
    QVERIFY(wait(client.send(get(server))));
}

void TestHttpClient::streamsAHundredMegabytes()
{
    FakeE2bServer server;
    server.script("GET /x", {FakeReply::failing(Fault::Endless, QByteArray(60'000, 'x'))});
    HttpClient client;
    HttpStream *stream = client.stream(get(server), this);
    qint64 received = 0;
    connect(stream, &HttpStream::data, this, [&received](const QByteArray &piece) { received += piece.size(); });
    QTRY_VERIFY_WITH_TIMEOUT(received > 100'000'000, 40'000);
    delete stream;
    QTRY_COMPARE(server.openConnections(), 0);
}

QTEST_GUILESS_MAIN(TestHttpClient)
#include "tst_httpclient.moc"
