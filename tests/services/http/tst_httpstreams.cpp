// Bodies that take their time, in both directions, and peers that leave in the middle.

#include "tests/services/http/echohandler.h"
#include "tests/services/http/rawclient.h"
#include "tests/services/http/requests.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::http;
using namespace sandglass::test;
using namespace std::chrono_literals;

class TestHttpStreams final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void streamsChunkByChunk();
    void streamTakesItsFirstAndLastChunkAlong();
    void streamToHttp10EndsWithTheConnection();
    void streamHoldsBackItsWriter();
    void streamCutShortIsNoticed();
    void peerThatLeavesIsNoticed_data();
    void peerThatLeavesIsNoticed();
    void halfClosedPeerStillGetsItsAnswer();
    void uploadsInBoundedMemory();
    void uploadThatBreaksOffIsAborted();
    void tunnelPassesBytesAndItsEnds();
    void tunnelHoldsItsPeerBack();
    void tunnelMayBeRefused();
};

void TestHttpStreams::tunnelPassesBytesAndItsEnds()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("POST /tunnel HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"));
    QCOMPARE(client.readSome(), std::string("ABC")); // nothing is added to it
    QVERIFY(client.send("GET /a HTTP/1.1\r\n"));
    QCOMPARE(client.readSome(), std::string("GET /A HTTP/1.1\r\n"));
    client.finishSending();
    const auto rest = client.readAll();
    QVERIFY(rest.closed);
    QCOMPARE(rest.bytes, std::string("!"));
    QTRY_COMPARE(fixture.handler->closed.load(), 1);
    RawClient lost(fixture.server->port());
    QVERIFY(lost.send("GET /tunnel HTTP/1.1\r\nHost: x\r\n\r\nx"));
    QCOMPARE(lost.readSome(), std::string("X"));
    lost.reset();
    QTRY_COMPARE(fixture.handler->closed.load(), 2);
}

void TestHttpStreams::tunnelHoldsItsPeerBack()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("GET /tunnel HTTP/1.1\r\nHost: x\r\n\r\nhold"));
    QCOMPARE(client.readSome(), std::string("HOLD"));
    QVERIFY(client.send("later"));
    QVERIFY(client.readSome(200).empty());
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
    const auto exchange = fixture.handler->takeHeld();
    exchange->resumeTunnel();
    QCOMPARE(client.readSome(), std::string("LATER"));
}

void TestHttpStreams::tunnelMayBeRefused()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("POST /tunnels HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"));
    QVERIFY(client.send(std::string(200'000, 'x'))); // nobody takes it, and the answer arrives all the same
    const auto reply = client.reply();
    QCOMPARE(reply.status, 200);
    QVERIFY(reply.head.find("Connection: close") != std::string::npos);
    QVERIFY(client.isClosedByPeer());
}

void TestHttpStreams::streamsChunkByChunk()
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

/// A peer that is woken once finds the beginning with its first chunk, and the last chunk with the end.
void TestHttpStreams::streamTakesItsFirstAndLastChunkAlong()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
    auto exchange = fixture.handler->takeHeld();
    exchange->startStream(200, {}, "one\n");
    QVERIFY(client.readSome().ends_with("\r\n\r\n4\r\none\n\r\n"));
    exchange->write("two\n");
    QCOMPARE(client.readSome(), std::string("4\r\ntwo\n\r\n"));
    exchange->finish("three\n");
    exchange->finish("four\n"); // it has ended
    QCOMPARE(client.readSome(), std::string("6\r\nthree\n\r\n0\r\n\r\n"));

    QVERIFY(client.send("HEAD /hold HTTP/1.1\r\nHost: x\r\n\r\n" + get)); // has no body to put them into
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
    exchange = fixture.handler->takeHeld();
    exchange->startStream(200, {}, "one\n");
    exchange->finish("two\n");
    QCOMPARE(client.reply(false).status, 200);
    QVERIFY(client.reply().head.starts_with("HTTP/1.1 200 OK\r\n"));
}

void TestHttpStreams::streamToHttp10EndsWithTheConnection()
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

void TestHttpStreams::streamHoldsBackItsWriter()
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

void TestHttpStreams::streamCutShortIsNoticed()
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

void TestHttpStreams::peerThatLeavesIsNoticed_data()
{
    QTest::addColumn<bool>("isStreaming");
    QTest::addColumn<bool>("isReset");
    QTest::newRow("waiting, closed") << false << false;
    QTest::newRow("waiting, reset") << false << true;
    QTest::newRow("streaming, closed") << true << false;
    QTest::newRow("streaming, reset") << true << true;
}

void TestHttpStreams::peerThatLeavesIsNoticed()
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

void TestHttpStreams::halfClosedPeerStillGetsItsAnswer()
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

void TestHttpStreams::uploadsInBoundedMemory()
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

void TestHttpStreams::uploadThatBreaksOffIsAborted()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc"));
    QTRY_COMPARE(fixture.handler->sink->bytes.load(), std::uint64_t(3));
    client.close();
    QTRY_VERIFY(fixture.handler->sink->isAborted);
    QVERIFY(!fixture.handler->sink->isFinished);
}

QTEST_GUILESS_MAIN(TestHttpStreams)
#include "tst_httpstreams.moc"
