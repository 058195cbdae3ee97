#include "tests/services/http/echohandler.h"
#include "tests/services/http/rawclient.h"

#include <QFile>
#include <QTest>

#include <future>

using namespace sandglass;
using namespace sandglass::http;
using namespace sandglass::test;
using namespace std::chrono_literals;

namespace {

const std::string get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

std::string post(std::string_view headers, std::string_view body)
{
    return std::string("POST /a HTTP/1.1\r\nHost: x\r\n").append(headers).append("\r\n\r\n").append(body);
}

qint64 residentKb()
{
    QFile file(QStringLiteral("/proc/self/status"));
    if (!file.open(QIODevice::ReadOnly))
        return -1;
    const QByteArray text = file.readAll();
    const qsizetype at = text.indexOf("VmRSS:");
    return text.mid(at + 6).trimmed().split(' ').first().toLongLong();
}

} // namespace

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
    void hugeUnwantedBodyCostsNoMemory_data();
    void hugeUnwantedBodyCostsNoMemory();
    void endlessHeaderIsCut_data();
    void endlessHeaderIsCut();
    void slowClientsAreClosed_data();
    void slowClientsAreClosed();
    void tellsHandlerWhatItRefused();
    void connectionLimit();
    void manyHalfOpenConnectionsDoNotStopService();
    void streamsChunkByChunk();
    void streamToHttp10EndsWithTheConnection();
    void streamHoldsBackItsWriter();
    void streamCutShortIsNoticed();
    void peerThatLeavesIsNoticed_data();
    void peerThatLeavesIsNoticed();
    void halfClosedPeerStillGetsItsAnswer();
    void droppedExchangeIs500();
    void throwingHandlerIs500();
    void answersFromManyThreads();
    void headersCannotBeInjected();
    void uploadsInBoundedMemory();
    void uploadThatBreaksOffIsAborted();
    void peerThatTakesNothingIsClosed();
    void stopLetsExchangesFinish();
    void stopEndsAfterTheGrace();
    void takesTheNextPort();
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

void TestHttp::hugeUnwantedBodyCostsNoMemory_data()
{
    QTest::addColumn<bool>("isChunked");
    QTest::newRow("length") << false;
    QTest::newRow("chunked") << true;
}

void TestHttp::hugeUnwantedBodyCostsNoMemory()
{
    QFETCH(bool, isChunked);
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send(post(isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 400000000", "")));
    const std::string megabyte(1U << 20, 'x');
    const std::string piece = isChunked ? "100000\r\n" + megabyte + "\r\n" : megabyte;
    const qint64 before = residentKb();
    int sent = 0;
    while (sent < 400 && client.send(piece))
        ++sent;
    QVERIFY2(sent < 20, "the server went on reading a body it had refused");
    QVERIFY(residentKb() - before < 20'000);
    QCOMPARE(RawClient(fixture.server->port()).isConnected(), true);
}

void TestHttp::endlessHeaderIsCut_data()
{
    QTest::addColumn<std::string>("start");
    QTest::addColumn<std::string>("more");
    QTest::addColumn<int>("status");
    QTest::newRow("fields") << std::string("GET / HTTP/1.1\r\nHost: x\r\n") << "X-A: " + std::string(994, 'a') + "\r\n"
                            << 431;
    QTest::newRow("one field") << std::string("GET / HTTP/1.1\r\nHost: ") << std::string(1000, 'a') << 431;
    QTest::newRow("request line") << std::string("GET /") << std::string(1000, 'a') << 431;
    QTest::newRow("chunk extension") << post("Transfer-Encoding: chunked", "1;") << std::string(1000, 'a') << 400;
    QTest::newRow("trailers") << post("Transfer-Encoding: chunked", "0\r\n") << "X-A: " + std::string(994, 'a') + "\r\n"
                              << 400;
}

void TestHttp::endlessHeaderIsCut()
{
    QFETCH(std::string, start);
    QFETCH(std::string, more);
    QFETCH(int, status);
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send(start));
    int sent = 0;
    while (sent < 10'000 && client.send(more))
        ++sent;
    QVERIFY2(sent < 10'000, "10 MB were read");
    QCOMPARE(client.reply().status, status);
}

void TestHttp::slowClientsAreClosed_data()
{
    QTest::addColumn<std::string>("start");
    QTest::addColumn<bool>("trickles");
    QTest::addColumn<int>("status");
    QTest::newRow("never sends") << std::string() << false << 0;
    QTest::newRow("idle after a request") << get << false << 200;
    QTest::newRow("half a header") << std::string("GET / HT") << false << 408;
    QTest::newRow("slow header") << std::string("GET / HTTP/1.1\r\nX: ") << true << 408;
    QTest::newRow("slow body") << post("Content-Length: 900", "") << true << 408;
    QTest::newRow("slow chunks") << post("Transfer-Encoding: chunked", "384\r\n") << true << 408;
}

void TestHttp::slowClientsAreClosed()
{
    QFETCH(std::string, start);
    QFETCH(bool, trickles);
    QFETCH(int, status);
    ServerOptions options;
    options.headerDeadline = 400ms;
    ServerFixture fixture(options);
    fixture.handler->bodyDeadline = 400ms;
    RawClient client(fixture.server->port());
    QVERIFY(client.send(start));
    std::string received;
    // A byte every 20 ms must not move the deadline on.
    bool isCut = false;
    for (int i = 0; trickles && i < 500 && !isCut; ++i) {
        isCut = !client.send("x");
        received = isCut ? received : client.readSome(20);
        isCut |= !received.empty();
    }
    QCOMPARE(isCut, trickles);
    const auto rest = client.readAll();
    received += rest.bytes;
    QVERIFY(rest.closed);
    QCOMPARE(received.empty() ? 0 : std::stoi(received.substr(9)), status);
    QCOMPARE(fixture.server->statistics().timeouts, std::uint64_t(status == 408 ? 1 : 0));
}

void TestHttp::tellsHandlerWhatItRefused()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send(post("Content-Length: 2000", "")));
    QCOMPARE(client.reply().status, 413);
    QCOMPARE(fixture.handler->refusedStatus.load(), 413);
}

void TestHttp::connectionLimit()
{
    ServerOptions options;
    options.maxConnections = 3;
    ServerFixture fixture(options);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(std::make_unique<RawClient>(fixture.server->port()));
        QVERIFY(clients.back()->send(get));
        QCOMPARE(clients.back()->reply().status, 200);
    }
    RawClient oneTooMany(fixture.server->port());
    oneTooMany.send(get);
    const auto reply = oneTooMany.reply();
    QCOMPARE(reply.status, 503);
    QVERIFY(reply.head.find("Retry-After") != std::string::npos);
    oneTooMany.finishSending();
    QVERIFY(oneTooMany.isClosedByPeer());
    QCOMPARE(fixture.server->statistics().refusedConnections, std::uint64_t(1));

    clients.front()->close();
    QTRY_VERIFY([&] {
        RawClient again(fixture.server->port());
        return again.send(get) && again.reply().status == 200;
    }());
}

void TestHttp::manyHalfOpenConnectionsDoNotStopService()
{
    ServerFixture fixture;
    std::vector<std::unique_ptr<RawClient>> lurkers;
    for (int i = 0; i < 400; ++i) {
        lurkers.push_back(std::make_unique<RawClient>(fixture.server->port()));
        QVERIFY(lurkers.back()->send("POST / HTTP/1.1\r\nHost:"));
    }
    RawClient client(fixture.server->port());
    QVERIFY(client.send(get));
    QCOMPARE(client.reply().status, 200);
}

void TestHttp::streamsChunkByChunk()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n" + get));
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
    const auto exchange = fixture.handler->takeHeld();
    exchange->startStream(200, {{"Content-Type", "application/x-ndjson"}});
    exchange->write("one\n");
    std::string seen = client.readSome(); // arrives while the stream is open
    while (seen.find("one\n") == std::string::npos) {
        const std::string more = client.readSome();
        QVERIFY(!more.empty());
        seen += more;
    }
    QVERIFY(seen.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
    QVERIFY(seen.ends_with("\r\n\r\n4\r\none\n\r\n"));
    exchange->write("two, longer\n");
    exchange->write({}); // must not end the stream
    exchange->write("three\n");
    exchange->finish();
    seen.clear();
    while (seen.find("GET /a ? ") == std::string::npos) { // the pipelined request follows on the same connection
        const std::string more = client.readSome();
        QVERIFY(!more.empty());
        seen += more;
    }
    QVERIFY(seen.starts_with("c\r\ntwo, longer\n\r\n6\r\nthree\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    QCOMPARE(fixture.handler->closed.load(), 0);
}

void TestHttp::streamToHttp10EndsWithTheConnection()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("GET /hold HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
    const auto exchange = fixture.handler->takeHeld();
    exchange->startStream(200, {});
    exchange->write("plain ");
    exchange->write("text");
    exchange->finish();
    const auto rest = client.readAll();
    QVERIFY(rest.closed);
    QVERIFY(rest.bytes.ends_with("\r\n\r\nplain text"));
    QVERIFY(rest.bytes.find("chunked") == std::string::npos);
}

void TestHttp::streamHoldsBackItsWriter()
{
    constexpr std::size_t limit = 1U << 20;
    constexpr std::size_t total = 40U << 20;
    ServerFixture fixture;
    RawClient client(fixture.server->port(), 64 << 10);
    QVERIFY(client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
    const auto exchange = fixture.handler->takeHeld();

    std::atomic<std::size_t> written = 0;
    std::atomic<std::size_t> highest = 0;
    std::atomic<bool> isPaused = false;
    exchange->startStream(200, {});
    const auto pump = [&, raw = exchange.get()] {
        isPaused = false;
        while (written < total) {
            if (raw->pendingBytes() > limit) {
                isPaused = true;
                return;
            }
            raw->write(std::string(64U << 10, 'x'));
            written += 64U << 10;
            highest = std::max(highest.load(), raw->pendingBytes());
        }
        raw->finish();
    };
    exchange->onDrained(pump); // runs at once, on the server's thread
    QTRY_VERIFY(isPaused);
    QVERIFY(written < total);
    const auto reply = client.reply(true, 20'000);
    QVERIFY(reply.isComplete);
    QCOMPARE(reply.body.size(), total);
    QVERIFY2(highest < 2 * limit, qPrintable(QString::number(highest)));
}

void TestHttp::streamCutShortIsNoticed()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
    {
        const auto exchange = fixture.handler->takeHeld();
        exchange->startStream(200, {});
        exchange->write("half");
    }
    const auto reply = client.reply();
    QCOMPARE(reply.body, std::string("half"));
    QVERIFY(!reply.isComplete);
    QVERIFY(client.isClosedByPeer());
}

void TestHttp::peerThatLeavesIsNoticed_data()
{
    QTest::addColumn<bool>("isStreaming");
    QTest::addColumn<bool>("isReset");
    QTest::newRow("waiting, closed") << false << false;
    QTest::newRow("waiting, reset") << false << true;
    QTest::newRow("streaming, closed") << true << false;
    QTest::newRow("streaming, reset") << true << true;
}

void TestHttp::peerThatLeavesIsNoticed()
{
    QFETCH(bool, isStreaming);
    QFETCH(bool, isReset);
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
    const auto exchange = fixture.handler->takeHeld();
    if (isStreaming) {
        exchange->startStream(200, {});
        exchange->write("x");
        QVERIFY(!client.readSome().empty());
    }
    QCOMPARE(fixture.handler->closed.load(), 0);
    if (isReset)
        client.reset();
    else
        client.close();
    QTRY_COMPARE(fixture.handler->closed.load(), 1);
    std::atomic<bool> isLateToldToo = false; // asking after the fact
    exchange->onClosed([&] { isLateToldToo = true; });
    QTRY_VERIFY(isLateToldToo);
    exchange->write("nobody reads this");
    exchange->finish();
    QCOMPARE(fixture.handler->closed.load(), 1);
}

void TestHttp::halfClosedPeerStillGetsItsAnswer()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    client.finishSending();
    QTRY_COMPARE(fixture.handler->closed.load(), 1);
    fixture.handler->takeHeld()->respond(Response::text(200, "late"));
    QCOMPARE(client.reply().body, std::string("late"));
    QVERIFY(client.isClosedByPeer());
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

void TestHttp::uploadsInBoundedMemory()
{
    constexpr int megabytes = 300;
    ServerFixture fixture;
    fixture.handler->bodyDeadline = 100s;
    RawClient client(fixture.server->port());
    const std::string megabyte(1U << 20, '\1');
    QVERIFY(client.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: "
                        + std::to_string(megabyte.size() * megabytes) + "\r\n\r\n"));
    const qint64 before = residentKb();
    qint64 highest = before;
    for (int i = 0; i < megabytes; ++i) {
        QVERIFY(client.send(megabyte));
        if (i % 50 == 0)
            highest = std::max(highest, residentKb());
    }
    QCOMPARE(client.reply().body, std::to_string(megabyte.size() * megabytes));
    QCOMPARE(fixture.handler->sink->sum.load(), std::uint64_t(megabyte.size() * megabytes));
    QVERIFY(fixture.handler->sink->isFinished);
    QVERIFY2(highest - before < 20'000, qPrintable(QString::number(highest - before)));
}

void TestHttp::uploadThatBreaksOffIsAborted()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc"));
    QTRY_COMPARE(fixture.handler->sink->bytes.load(), std::uint64_t(3));
    client.close();
    QTRY_VERIFY(fixture.handler->sink->isAborted);
    QVERIFY(!fixture.handler->sink->isFinished);
}

void TestHttp::peerThatTakesNothingIsClosed()
{
    ServerOptions options;
    options.writeDeadline = 300ms;
    ServerFixture fixture(options);
    RawClient client(fixture.server->port(), 16 << 10);
    QVERIFY(client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
    QTRY_COMPARE(fixture.server->statistics().timeouts, std::uint64_t(1));
    const auto reply = client.reply();
    QCOMPARE(reply.status, 200);
    QVERIFY(!reply.isComplete);
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
