// Requests of every shape, the answers to them, and the life of the server around them.

#include "tests/services/http/echohandler.h"
#include "tests/services/http/rawclient.h"
#include "tests/services/http/requests.h"

#include <QTest>

#include <future>

using namespace sandglass;
using namespace sandglass::http;
using namespace sandglass::test;
using namespace std::chrono_literals;

class TestHttp final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void parsesQueries_data();
    void parsesQueries();
    void percentCoding();
    void answers_data();
    void answers();
    void pipelinedRequestsAreAnsweredInOrder();
    void bodyInSmallPackets_data();
    void bodyInSmallPackets();
    void expectContinue();
    void expectContinueIsNotGivenToTooLargeBodies();
    void headersCannotBeInjected();
    void droppedExchangeIs500();
    void throwingHandlerIs500();
    void answersFromManyThreads();
    void takesTheNextPort();
    void stopLetsExchangesFinish();
    void stopEndsAfterTheGrace();
    void exchangeOutlivesTheServer();
};

void TestHttp::parsesQueries_data()
{
    QTest::addColumn<std::string>("query");
    QTest::addColumn<std::vector<std::string>>("expected");
    QTest::newRow("two") << std::string("a=1&b=x%20y") << std::vector<std::string>{"a", "1", "b", "x y"};
    QTest::newRow("plus") << std::string("q=a+b%2B") << std::vector<std::string>{"q", "a b+"};
    QTest::newRow("no value") << std::string("a&b=") << std::vector<std::string>{"a", "", "b", ""};
    QTest::newRow("equals in value") << std::string("a=b=c") << std::vector<std::string>{"a", "b=c"};
    QTest::newRow("empty items") << std::string("&&a=1&") << std::vector<std::string>{"a", "1"};
    QTest::newRow("broken percent") << std::string("a=%4&b=%zz%") << std::vector<std::string>{"a", "%4", "b", "%zz%"};
    QTest::newRow("empty") << std::string() << std::vector<std::string>{};
}

void TestHttp::parsesQueries()
{
    QFETCH(std::string, query);
    QFETCH(std::vector<std::string>, expected);
    std::vector<std::string> flat;
    for (const auto &[name, value] : parseQuery(query)) {
        flat.push_back(name);
        flat.push_back(value);
    }
    QCOMPARE(flat, expected);
}

void TestHttp::percentCoding()
{
    std::string every;
    for (int i = 0; i < 256; ++i)
        every += static_cast<char>(i);
    QCOMPARE(percentDecode(percentEncode(every)), every);
    QCOMPARE(percentEncode("a b/ä~"), std::string("a%20b%2F%C3%A4~"));
    QCOMPARE(percentDecode("%2525+"), std::string("%25+"));
}

void TestHttp::answers_data()
{
    QTest::addColumn<std::string>("request");
    QTest::addColumn<int>("status");
    QTest::addColumn<std::string>("body"); // empty: not looked at
    QTest::addColumn<bool>("closes");
    const auto row = [](const char *name, const std::string &request, int status, const char *body, bool closes) {
        QTest::newRow(name) << request << status << std::string(body) << closes;
    };
    row("GET", "GET /a%20b?c=%64 HTTP/1.1\r\nHost: x\r\n\r\n", 200, "GET /a b ?c=%64 ", false);
    row("POST", post("Content-Length: 5", "hello"), 200, "POST /a ? hello", false);
    row("lower-case method", "get / HTTP/1.1\r\nHost: x\r\n\r\n", 200, "GET / ? ", false);
    row("absolute target", "GET http://h:1/p?q HTTP/1.1\r\nHost: h\r\n\r\n", 200, "GET /p ?q ", false);
    row("empty lines first", "\r\n\r\n" + get, 200, "GET /a ? ", false);
    row("no content", "GET /none HTTP/1.1\r\nHost: x\r\n\r\n", 204, "", false);
    row("connection: close", "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, "GET /a ? ", true);
    row("HTTP/1.0", "GET /a HTTP/1.0\r\n\r\n", 200, "GET /a ? ", true);
    row("HTTP/1.0 keep-alive", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "GET /a ? ", false);
    row("chunked", post("Transfer-Encoding: chunked", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), 200, "POST /a ? abcde",
        false);
    row("chunk extension and trailer", post("Transfer-Encoding: Chunked", "3;a=\"b\"\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"),
        200, "POST /a ? abc", false);
    row("same length twice", post("Content-Length: 2\r\nContent-Length: 2", "ab"), 200, "POST /a ? ab", false);
    row("length and chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400, "", true);
    row("chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"), 400, "", true);
    row("two lengths", post("Content-Length: 5\r\nContent-Length: 6", "hello!"), 400, "", true);
    row("negative length", post("Content-Length: -1", ""), 400, "", true);
    row("length beyond 64 bits", post("Content-Length: 18446744073709551616", ""), 400, "", true);
    row("length of 64 bits", post("Content-Length: 18446744073709551615", ""), 413, "", true);
    row("length is no number", post("Content-Length: 5x", "hello"), 400, "", true);
    row("bad chunk size", post("Transfer-Encoding: chunked", "zz\r\nabc\r\n0\r\n\r\n"), 400, "", true);
    row("chunk size beyond 64 bits", post("Transfer-Encoding: chunked", "fffffffffffffffff\r\n"), 400, "", true);
    row("chunk longer than its size", post("Transfer-Encoding: chunked", "1\r\nabc\r\n0\r\n\r\n"), 400, "", true);
    row("other coding", post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 400, "", true);
    row("too long", post("Content-Length: 1001", ""), 413, "", true);
    row("just not too long", post("Content-Length: 1000", std::string(1000, 'x')), 200, "", false);
    row("chunk too long", post("Transfer-Encoding: chunked", "3e9\r\n"), 413, "", true);
    row("chunks too long together",
        post("Transfer-Encoding: chunked", "3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\ny\r\n0\r\n\r\n"), 413, "",
        true);
    row("rejected", "GET /forbidden HTTP/1.1\r\nHost: x\r\n\r\n", 403, R"({"code":403,"message":"no"})", true);
    row("no host", "GET /a HTTP/1.1\r\n\r\n", 400, "", true);
    row("two hosts", "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "", true);
    row("no leading slash", "GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400, "", true);
    row("NUL in the path", "GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "", true);
    row("space before colon", "GET /a HTTP/1.1\r\nHost : x\r\n\r\n", 400, "", true);
    row("unknown version", "GET /a HTTP/3.0\r\nHost: x\r\n\r\n", 505, "", true);
    row("unknown expectation", "POST /a HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417, "",
        true);
    row("not HTTP", "\x16\x03\x01\x02 hello\r\n\r\n", 400, "", true);
}

void TestHttp::answers()
{
    QFETCH(std::string, request);
    QFETCH(int, status);
    QFETCH(std::string, body);
    QFETCH(bool, closes);
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send(request));
    const auto reply = client.reply();
    QCOMPARE(reply.status, status);
    if (!body.empty())
        QCOMPARE(reply.body, body);
    if (closes) {
        client.finishSending();
        QVERIFY(client.isClosedByPeer());
    } else {
        QVERIFY(client.send("HEAD /next HTTP/1.1\r\nHost: x\r\n\r\n"));
        const auto next = client.reply(false);
        QCOMPARE(next.status, 200);
        QVERIFY(next.head.find("Content-Length: 13") != std::string::npos); // "HEAD /next ? "
    }
    QCOMPARE(RawClient(fixture.server->port()).isConnected(), true);
}

void TestHttp::pipelinedRequestsAreAnsweredInOrder()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    std::string all;
    for (int i = 0; i < 200; ++i)
        all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    QVERIFY(client.send(all));
    client.finishSending();
    for (int i = 0; i < 200; ++i)
        QCOMPARE(client.reply().body, "POST /" + std::to_string(i) + " ? abc");
    QVERIFY(client.isClosedByPeer());
}

void TestHttp::bodyInSmallPackets_data()
{
    QTest::addColumn<std::string>("request");
    QTest::newRow("length") << post("Content-Length: 30", "abcdefghijklmnopqrstuvwxyz0123");
    QTest::newRow("chunked") << post("Transfer-Encoding: chunked",
                                     "a\r\nabcdefghij\r\n10;x=y\r\nklmnopqrstuvwxyz\r\n4\r\n0123\r\n0\r\nT: 1\r\n\r\n");
}

void TestHttp::bodyInSmallPackets()
{
    QFETCH(std::string, request);
    ServerFixture fixture;
    for (const std::size_t size : {1U, 7U}) {
        RawClient client(fixture.server->port());
        for (std::size_t at = 0; at < request.size(); at += size)
            QVERIFY(client.send(std::string_view(request).substr(at, size)));
        QCOMPARE(client.reply().body, std::string("POST /a ? abcdefghijklmnopqrstuvwxyz0123"));
    }
}

void TestHttp::expectContinue()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send(post("Expect: 100-continue\r\nContent-Length: 5", "")));
    QCOMPARE(client.reply().status, 100);
    QVERIFY(client.send("hello"));
    QCOMPARE(client.reply().body, std::string("POST /a ? hello"));
}

void TestHttp::expectContinueIsNotGivenToTooLargeBodies()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send(post("Expect: 100-continue\r\nContent-Length: 5000", "")));
    QCOMPARE(client.reply().status, 413);
    QVERIFY(client.isClosedByPeer());
}

void TestHttp::headersCannotBeInjected()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("GET /inject HTTP/1.1\r\nHost: x\r\n\r\n"));
    const auto reply = client.reply();
    QVERIFY(reply.head.find("\r\nX-Evil") == std::string::npos);
    QVERIFY(reply.head.find("Content-Length: 99") == std::string::npos);
    QCOMPARE(reply.body, std::string("ok"));
}

void TestHttp::droppedExchangeIs500()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("GET /drop HTTP/1.1\r\nHost: x\r\n\r\n" + get));
    QCOMPARE(client.reply().status, 500);
    QCOMPARE(client.reply().status, 200);
}

void TestHttp::throwingHandlerIs500()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n" + get));
    const auto reply = client.reply();
    QCOMPARE(reply.status, 500);
    QVERIFY(reply.body.find("handler failed") == std::string::npos);
    QCOMPARE(client.reply().status, 200);
}

void TestHttp::answersFromManyThreads()
{
    constexpr int count = 64;
    ServerFixture fixture;
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < count; ++i) {
        clients.push_back(std::make_unique<RawClient>(fixture.server->port()));
        QVERIFY(clients.back()->send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(count));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < count / 4; ++i) {
                const auto exchange = fixture.handler->takeHeld();
                exchange->startStream(200, {});
                for (int n = 0; n < 100; ++n)
                    exchange->write(std::to_string(n % 10));
                exchange->finish();
                exchange->respond(Response::text(200, "too late: ignored"));
            }
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    for (const auto &client : clients) {
        const auto reply = client->reply();
        QVERIFY(reply.isComplete);
        QCOMPARE(reply.chunks.size(), std::size_t(100));
        QVERIFY(reply.body.starts_with("01234567890123"));
    }
}

void TestHttp::takesTheNextPort()
{
    ServerFixture first;
    QVERIFY(first.listening);
    ServerOptions options;
    options.port = first.server->port();
    ServerFixture taken(options);
    QVERIFY(!taken.listening);
    QCOMPARE(taken.listening.error().kind, Error::Kind::Local);
    QCOMPARE(taken.listening.error().code, std::string("EADDRINUSE"));
    options.portTries = 50;
    ServerFixture second(options);
    QVERIFY(second.listening);
    QVERIFY(second.server->port() > first.server->port());
    RawClient client(second.server->port());
    QVERIFY(client.send(get));
    QCOMPARE(client.reply().status, 200);
    options.address = "203.0.113.7"; // TEST-NET-3: not ours
    QVERIFY(!ServerFixture(options).listening);
}

void TestHttp::stopLetsExchangesFinish()
{
    ServerFixture fixture;
    RawClient idle(fixture.server->port());
    QVERIFY(idle.send(get));
    QCOMPARE(idle.reply().status, 200);
    RawClient busy(fixture.server->port());
    QVERIFY(busy.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));

    std::promise<void> done;
    fixture.server->stop(20s, [&] { done.set_value(); });
    QVERIFY(idle.isClosedByPeer());
    QVERIFY(!RawClient(fixture.server->port()).isConnected());
    fixture.handler->takeHeld()->respond(Response::text(200, "last"));
    const auto reply = busy.reply();
    QCOMPARE(reply.body, std::string("last"));
    QVERIFY(reply.head.find("Connection: close") != std::string::npos);
    QCOMPARE(done.get_future().wait_for(10s), std::future_status::ready);
    QCOMPARE(fixture.handler->closed.load(), 0);
}

void TestHttp::stopEndsAfterTheGrace()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
    std::promise<void> done;
    fixture.server->stop(50ms, [&] { done.set_value(); });
    QCOMPARE(done.get_future().wait_for(10s), std::future_status::ready);
    QVERIFY(client.isClosedByPeer());
    QCOMPARE(fixture.handler->closed.load(), 1);
}

void TestHttp::exchangeOutlivesTheServer()
{
    std::shared_ptr<Exchange> pending;
    std::shared_ptr<Exchange> streaming;
    {
        ServerFixture fixture;
        RawClient client(fixture.server->port());
        QVERIFY(client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
        QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
        pending = fixture.handler->takeHeld();
        RawClient other(fixture.server->port());
        QVERIFY(other.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
        QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
        streaming = fixture.handler->takeHeld();
        streaming->startStream(200, {});
    }
    pending->respond(Response::text(200, "nobody"));
    streaming->write("nobody");
    QCOMPARE(streaming->pendingBytes(), std::size_t(0));
    streaming.reset();
}

QTEST_GUILESS_MAIN(TestHttp)
#include "tst_http.moc"
