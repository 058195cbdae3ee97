// What clients do that mean harm, or mean nothing: it costs them their connection and the server little.

#include "tests/services/http/echohandler.h"
#include "tests/services/http/rawclient.h"
#include "tests/services/http/requests.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::http;
using namespace sandglass::test;
using namespace std::chrono_literals;

class TestHttpAbuse final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void hugeUnwantedBodyCostsNoMemory_data();
    void hugeUnwantedBodyCostsNoMemory();
    void endlessHeaderIsCut_data();
    void endlessHeaderIsCut();
    void slowClientsAreClosed_data();
    void slowClientsAreClosed();
    void tellsHandlerWhatItRefused();
    void connectionLimit();
    void manyHalfOpenConnectionsDoNotStopService();
    void peerThatTakesNothingIsClosed();
};

void TestHttpAbuse::hugeUnwantedBodyCostsNoMemory_data()
{
    QTest::addColumn<bool>("isChunked");
    QTest::newRow("length") << false;
    QTest::newRow("chunked") << true;
}

void TestHttpAbuse::hugeUnwantedBodyCostsNoMemory()
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

void TestHttpAbuse::endlessHeaderIsCut_data()
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

void TestHttpAbuse::endlessHeaderIsCut()
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

void TestHttpAbuse::slowClientsAreClosed_data()
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

void TestHttpAbuse::slowClientsAreClosed()
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

void TestHttpAbuse::tellsHandlerWhatItRefused()
{
    ServerFixture fixture;
    RawClient client(fixture.server->port());
    QVERIFY(client.send(post("Content-Length: 2000", "")));
    QCOMPARE(client.reply().status, 413);
    QCOMPARE(fixture.handler->refusedStatus.load(), 413);
}

void TestHttpAbuse::connectionLimit()
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

void TestHttpAbuse::manyHalfOpenConnectionsDoNotStopService()
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

void TestHttpAbuse::peerThatTakesNothingIsClosed()
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

QTEST_GUILESS_MAIN(TestHttpAbuse)
#include "tst_httpabuse.moc"
