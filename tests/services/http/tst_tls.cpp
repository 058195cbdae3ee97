#include "tests/services/http/echohandler.h"
#include "tests/services/http/rawclient.h"
#include "tests/services/http/tlsclient.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <openssl/ssl.h>

#include <thread>

using namespace sandglass;
using namespace sandglass::test;
using namespace std::chrono_literals;

namespace {

std::string get(std::string_view path, std::string_view headers = "")
{
    return std::string("GET ").append(path).append(" HTTP/1.1\r\nHost: x\r\n").append(headers).append("\r\n");
}

} // namespace

class TestTls final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();

    void serves_data();
    void serves();
    void keepsAlive();
    void oldVersionsAreRefused();
    void largeAnswer();
    void largeBodyInSmallPieces();
    void streams();
    void tunnels();
    void endIsTold();
    void plainTextIsClosed();
    void garbageIsClosed();
    void silentHandshakeIsClosed();
    void manyClients();
    void unusableFiles_data();
    void unusableFiles();

private:
    [[nodiscard]] http::ServerOptions options() const
    {
        http::ServerOptions options;
        options.certificateFile = m_files.certificate;
        options.keyFile = m_files.key;
        return options;
    }

    QTemporaryDir m_dir;
    TlsFiles m_files;
};

void TestTls::initTestCase()
{
    m_files = makeCertificate(m_dir.path().toStdString());
}

void TestTls::serves_data()
{
    QTest::addColumn<int>("version");
    QTest::addColumn<std::string>("name");
    QTest::newRow("1.3") << 0 << std::string("TLSv1.3");
    QTest::newRow("1.2") << TLS1_2_VERSION << std::string("TLSv1.2");
}

void TestTls::serves()
{
    QFETCH(int, version);
    QFETCH(std::string, name);
    ServerFixture fixture(options());
    QVERIFY(fixture.listening);
    TlsClient client(fixture.server->port(), version);
    QVERIFY(client.isConnected());
    QCOMPARE(client.version(), name);
    QVERIFY(client.send(get("/a?b=c")));
    const std::string reply = client.reply();
    QVERIFY(reply.starts_with("HTTP/1.1 200 "));
    QVERIFY(reply.ends_with("GET /a ?b=c "));
}

void TestTls::keepsAlive()
{
    ServerFixture fixture(options());
    TlsClient client(fixture.server->port());
    for (int i = 0; i < 20; ++i) {
        QVERIFY(client.send(get("/" + std::to_string(i)) + get("/again"))); // also two at once
        QVERIFY(client.reply().ends_with("GET /" + std::to_string(i) + " ? "));
        QVERIFY(client.reply().ends_with("GET /again ? "));
    }
    QCOMPARE(fixture.server->statistics().connections, std::uint64_t(1));
}

void TestTls::oldVersionsAreRefused()
{
    ServerFixture fixture(options());
    QVERIFY(!TlsClient(fixture.server->port(), TLS1_1_VERSION).isConnected());
    QVERIFY(TlsClient(fixture.server->port()).isConnected());
}

void TestTls::largeAnswer()
{
    ServerFixture fixture(options());
    TlsClient client(fixture.server->port());
    QVERIFY(client.send(get("/large")));
    const std::string reply = client.reply(); // 32 MiB: the socket is full again and again
    QVERIFY(reply.size() > (32U << 20));
    QVERIFY(reply.ends_with(std::string(1000, 'x')));
    QVERIFY(client.send(get("/after")));
    QVERIFY(client.reply().ends_with("GET /after ? "));
}

void TestTls::largeBodyInSmallPieces()
{
    ServerFixture fixture(options());
    TlsClient client(fixture.server->port());
    constexpr std::size_t size = 300'000;
    QVERIFY(client.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n"));
    for (std::size_t sent = 0; sent < size; sent += 1'000)
        QVERIFY(client.send(std::string(1'000, 'b')));
    QVERIFY(client.reply().ends_with(std::to_string(size)));
    QCOMPARE(fixture.handler->sink->sum.load(), std::uint64_t(size * 'b'));
}

void TestTls::streams()
{
    ServerFixture fixture(options());
    TlsClient client(fixture.server->port());
    QVERIFY(client.send(get("/hold")));
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
    const auto exchange = fixture.handler->takeHeld();
    exchange->startStream(200, {});
    exchange->write("hello");
    QVERIFY(client.reply().find("Transfer-Encoding: chunked") != std::string::npos);
    QCOMPARE(client.read(10), std::string("5\r\nhello\r\n"));
    exchange->finish();
    QCOMPARE(client.read(5), std::string("0\r\n\r\n"));
}

void TestTls::tunnels()
{
    ServerFixture fixture(options());
    TlsClient client(fixture.server->port());
    QVERIFY(client.send(get("/tunnel") + "abc"));
    QCOMPARE(client.read(3), std::string("ABC"));
    QTRY_COMPARE(fixture.handler->heldCount(), std::size_t(1));
    fixture.handler->takeHeld()->finish();
    QCOMPARE(client.readAll(), std::string());
    QVERIFY(client.hasEndedProperly());
}

void TestTls::endIsTold()
{
    ServerFixture fixture(options());
    TlsClient client(fixture.server->port());
    QVERIFY(client.send(get("/a", "Connection: close\r\n")));
    QVERIFY(client.readAll().ends_with("GET /a ? "));
    QVERIFY(client.hasEndedProperly()); // else a cut could not be told from the end

    TlsClient refused(fixture.server->port());
    QVERIFY(refused.send("GET / HTTP/1.1\r\n\r\n")); // no Host
    QVERIFY(refused.readAll().starts_with("HTTP/1.1 400 "));
    QVERIFY(refused.hasEndedProperly());
}

void TestTls::plainTextIsClosed()
{
    ServerFixture fixture(options());
    RawClient client(fixture.server->port());
    QVERIFY(client.send(get("/a")));
    const auto rest = client.readAll();
    QVERIFY(rest.closed);
    QVERIFY(rest.bytes.find("HTTP/1.1 200") == std::string::npos);
    QCOMPARE(fixture.server->statistics().requests, std::uint64_t(0));
}

void TestTls::garbageIsClosed()
{
    ServerFixture fixture(options());
    for (const std::string &bytes : {std::string("\x16\x03\x01\xff\xff") + std::string(70'000, 'x'),
                                     std::string(5, '\0'), std::string("\x16\x03\x01\x00\x02\x01\x00", 7)}) {
        RawClient client(fixture.server->port());
        client.send(bytes);
        client.finishSending();
        QVERIFY(client.isClosedByPeer());
    }
    TlsClient client(fixture.server->port());
    QVERIFY(client.send(get("/a")));
    QVERIFY(client.reply().ends_with("GET /a ? "));
}

void TestTls::silentHandshakeIsClosed()
{
    http::ServerOptions quick = options();
    quick.headerDeadline = 200ms;
    ServerFixture fixture(quick);
    RawClient silent(fixture.server->port());
    RawClient half(fixture.server->port());
    QVERIFY(half.send(std::string("\x16\x03\x01\x01\x00\x01", 6))); // the beginning of a greeting
    QVERIFY(silent.isClosedByPeer());
    QVERIFY(half.isClosedByPeer());
}

void TestTls::manyClients()
{
    ServerFixture fixture(options());
    std::vector<std::thread> threads;
    std::atomic<int> answered = 0;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            TlsClient client(fixture.server->port());
            for (int i = 0; i < 50; ++i) {
                const std::string path = "/" + std::to_string(t) + "-" + std::to_string(i);
                answered += client.send(get(path)) && client.reply().ends_with("GET " + path + " ? ");
            }
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    QCOMPARE(answered.load(), 400);
}

void TestTls::unusableFiles_data()
{
    QTest::addColumn<std::string>("certificate");
    QTest::addColumn<std::string>("key");
    QTest::addColumn<std::string>("code");
    const std::string dir = m_dir.path().toStdString();
    const TlsFiles other = makeCertificate(dir, "other");
    const TlsFiles locked = makeCertificate(dir, "locked", "open sesame");
    QFile text(m_dir.filePath(QStringLiteral("text.pem")));
    QVERIFY(text.open(QIODevice::WriteOnly));
    text.write("no certificate\n");
    const std::string good = m_files.certificate.string();
    QTest::newRow("no certificate") << dir + "/nothing.pem" << m_files.key.string() << std::string("bad_certificate");
    QTest::newRow("no key") << good << dir + "/nothing.key" << std::string("bad_key");
    QTest::newRow("key not told") << good << std::string() << std::string("bad_key");
    QTest::newRow("certificate not told") << std::string() << m_files.key.string() << std::string("bad_certificate");
    QTest::newRow("no PEM") << dir + "/text.pem" << m_files.key.string() << std::string("bad_certificate");
    QTest::newRow("key of another") << good << other.key.string() << std::string("bad_key");
    QTest::newRow("locked key") << locked.certificate.string() << locked.key.string() << std::string("bad_key");
}

void TestTls::unusableFiles()
{
    QFETCH(std::string, certificate);
    QFETCH(std::string, key);
    QFETCH(std::string, code);
    http::ServerOptions bad;
    bad.certificateFile = certificate;
    bad.keyFile = key;
    ServerFixture fixture(bad);
    QVERIFY(!fixture.listening);
    QCOMPARE(fixture.listening.error().code, code);
    QCOMPARE(fixture.listening.error().kind, Error::Kind::Local);
}

QTEST_GUILESS_MAIN(TestTls)
#include "tst_tls.moc"
