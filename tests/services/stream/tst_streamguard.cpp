// Who may listen to the live stream, and what becomes of those who are too slow, too many or mean harm.

#include "tests/services/http/rawclient.h"
#include "tests/services/http/tlsclient.h"
#include "tests/services/stream/streamfixture.h"
#include "tests/services/stream/streamlistener.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::stream;
using namespace sandglass::test;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace {

std::string upgrade(std::string_view target, std::string_view headers)
{
    return "GET " + std::string(target)
        + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        + std::string(headers) + "\r\n";
}

std::string manyTypes()
{
    std::string list;
    for (int i = 0; i < 33; ++i)
        list += "t,";
    return list;
}

std::string bearer()
{
    return "Authorization: Bearer " + streamToken + "\r\n";
}

} // namespace

class TestStreamGuard final : public StreamFixture
{
    Q_OBJECT
private Q_SLOTS:
    void needsATokenAndTls();
    void refuses_data();
    void refuses();
    void slowClientIsDroppedAndOthersGoOn();
    void clientThatSendsIsDismissed();
    void halfRequestsAreClosed();
    void boundsClientsAndConnections();
    void encrypted();
};

void TestStreamGuard::needsATokenAndTls()
{
    StreamServerOptions options;
    options.token = "short";
    QCOMPARE(StreamServer(*m_journal, {}, options).start().error().code, std::string("needs_token"));
    options.token = streamToken;
    options.address = "0.0.0.0";
    QCOMPARE(StreamServer(*m_journal, {}, options).start().error().code, std::string("needs_tls"));
    options.address = "127.0.0.1";
    options.port = m_server->port();
    const auto taken = StreamServer(*m_journal, {}, options).start();
    QVERIFY(!taken);
    QVERIFY(taken.error().message.find(std::to_string(m_server->port())) != std::string::npos);
}

void TestStreamGuard::refuses_data()
{
    QTest::addColumn<QString>("request");
    QTest::addColumn<int>("status");
    const auto text = [](const std::string &s) { return QString::fromStdString(s); };
    QTest::newRow("no token") << text(upgrade("/stream", "")) << 401;
    QTest::newRow("wrong token") << text(upgrade("/stream", "Authorization: Bearer nonsense\r\n")) << 401;
    QTest::newRow("two tokens") << text(upgrade("/stream", bearer() + bearer())) << 401;
    QTest::newRow("token in the query") << text(upgrade("/stream?token=" + streamToken, "")) << 401;
    QTest::newRow("page of a browser") << text(upgrade("/stream", bearer() + "Origin: https://evil.example\r\n"))
                                       << 403;
    QTest::newRow("local page") << text(upgrade("/stream", bearer() + "Origin: http://localhost\r\n")) << 403;
    QTest::newRow("other path") << text(upgrade("/", bearer())) << 404;
    QTest::newRow("bad position") << text(upgrade("/stream?after=-1", bearer())) << 400;
    QTest::newRow("too many types") << text(upgrade("/stream?types=" + manyTypes(), bearer())) << 400;
    QTest::newRow("no request") << u"hello\r\n\r\n"_s << 400;
    QTest::newRow("post") << text("POST /stream HTTP/1.1\r\n" + bearer() + "Content-Length: 0\r\n\r\n") << 405;
    QTest::newRow("no upgrade") << text("GET /stream HTTP/1.1\r\n" + bearer() + "\r\n") << 426;
    QTest::newRow("huge headers") << text("GET /stream HTTP/1.1\r\nX: " + std::string(20'000, 'x')) << 431;
}

void TestStreamGuard::refuses()
{
    QFETCH(QString, request);
    QFETCH(int, status);
    RawClient client(m_server->port());
    QVERIFY(client.send(request.toStdString()));
    QCOMPARE(client.reply().status, status);
    QVERIFY(client.isClosedByPeer());
    QCOMPARE(m_server->statistics().accepted, 0U);
    QCOMPARE(m_server->statistics().refused, 1U);
}

void TestStreamGuard::slowClientIsDroppedAndOthersGoOn()
{
    StreamServerOptions options;
    options.stallLimit = 2s; // a busy machine must not make the other one look slow
    m_server = startServer(options);
    QVERIFY(m_server);
    RawClient stuck(m_server->port(), 4096);
    QVERIFY(stuck.send(upgrade("/stream?full=1", bearer())));
    QCOMPARE(stuck.reply(false).status, 101);
    StreamListener reader(m_server->url(), streamToken, u"full=1"_s);
    QTRY_VERIFY(reader.isLive);
    QTRY_COMPARE(m_server->statistics().clients, 2);

    constexpr int count = 120;
    std::vector<Event> events = numberedEvents(1, count);
    for (Event &event : events)
        event.metadata["padding"] = std::string(50'000, 'x');
    append(events);
    QTRY_COMPARE_WITH_TIMEOUT(reader.count(), std::size_t(count), 20'000);
    QCOMPARE(reader.seqs(), range(1, count));
    QTRY_COMPARE_WITH_TIMEOUT(m_server->statistics().clients, 1, 20'000);
    QCOMPARE(m_server->statistics().dropped, 1U);
    QVERIFY(stuck.isClosedByPeer());
    append(numberedEvents(count + 1, 1));
    QTRY_COMPARE(reader.count(), std::size_t(count + 1));
}

void TestStreamGuard::clientThatSendsIsDismissed()
{
    StreamListener chatty(m_server->url(), streamToken);
    QTRY_VERIFY(chatty.isLive);
    chatty.socket.sendTextMessage(u"tell me more"_s);
    QTRY_VERIFY(chatty.isClosed);
    QCOMPARE(stringOr(chatty.notice, "code"), std::string("no_messages"));
    QTRY_COMPARE(m_server->statistics().clients, 0);
    StreamListener flooding(m_server->url(), streamToken);
    QTRY_VERIFY(flooding.isLive);
    flooding.socket.sendBinaryMessage(QByteArray(100'000, 'x'));
    QTRY_VERIFY(flooding.isClosed);
    QTRY_COMPARE(m_server->statistics().clients, 0);
}

void TestStreamGuard::halfRequestsAreClosed()
{
    StreamServerOptions options;
    options.handshakeLimit = 300ms;
    m_server = startServer(options);
    RawClient silent(m_server->port());
    RawClient half(m_server->port());
    QVERIFY(half.send("GET /stream HTTP/1.1\r\nHost: loc"));
    RawClient broken(m_server->port()); // admitted, but no WebSocket: the key is missing
    QVERIFY(broken.send("GET /stream HTTP/1.1\r\nUpgrade: websocket\r\n" + bearer() + "\r\n"));
    QVERIFY(silent.isClosedByPeer(3'000));
    QVERIFY(half.isClosedByPeer(3'000));
    QVERIFY(broken.isClosedByPeer(3'000));
    QCOMPARE(m_server->statistics().clients, 0);
}

void TestStreamGuard::boundsClientsAndConnections()
{
    StreamServerOptions options;
    options.maxClients = 2;
    options.maxConnections = 4;
    m_server = startServer(options);
    StreamListener first(m_server->url(), streamToken);
    StreamListener second(m_server->url(), streamToken);
    QTRY_VERIFY(first.isLive && second.isLive);
    RawClient third(m_server->port());
    QVERIFY(third.send(upgrade("/stream", bearer())));
    QCOMPARE(third.reply().status, 503);
    third.close();
    QTest::qWait(50);
    RawClient idle(m_server->port());
    RawClient alsoIdle(m_server->port());
    RawClient oneTooMany(m_server->port());
    QVERIFY(oneTooMany.isClosedByPeer(3'000));
    QVERIFY(first.socket.isValid());
    append(numberedEvents(1, 1));
    QTRY_COMPARE(second.count(), 1U);
}

void TestStreamGuard::encrypted()
{
    const auto files = test::makeCertificate(m_dir->path().toStdString());
    StreamServerOptions options;
    options.certificateFile = files.certificate;
    options.keyFile = files.key;
    options.stallLimit = 2s; // a busy machine must not make the other one look slow
    m_server = startServer(options);
    QVERIFY(m_server);
    QVERIFY(m_server->url().starts_with("wss://"));
    StreamListener listener(m_server->url(), streamToken, u"after=0"_s);
    QTRY_VERIFY(listener.isLive);
    append(numberedEvents(1, 3'000));
    QTRY_COMPARE_WITH_TIMEOUT(listener.count(), 3'000U, 10'000);
    QCOMPARE(listener.seqs(), range(1, 3'000));

    RawClient plain(m_server->port()); // no TLS: closed
    QVERIFY(plain.send(upgrade("/stream", bearer())));
    QVERIFY(plain.isClosedByPeer());

    test::TlsClient stuck(m_server->port()); // what TLS has encrypted already counts as waiting
    QVERIFY(stuck.isConnected());
    QVERIFY(stuck.send(upgrade("/stream?full=1", bearer())));
    QTRY_COMPARE(m_server->statistics().clients, 2);
    std::vector<Event> events = numberedEvents(4'000, 200);
    for (Event &event : events)
        event.metadata["padding"] = std::string(100'000, 'x');
    append(events);
    QTRY_COMPARE_WITH_TIMEOUT(m_server->statistics().dropped, 1U, 15'000);
    QTRY_COMPARE_WITH_TIMEOUT(listener.count(), 3'200U, 10'000);

    options.keyFile = test::makeCertificate(m_dir->path().toStdString(), "other").key;
    options.token = streamToken;
    QVERIFY(!StreamServer(*m_journal, {}, options).start());
}

QTEST_GUILESS_MAIN(TestStreamGuard)
#include "tst_streamguard.moc"
