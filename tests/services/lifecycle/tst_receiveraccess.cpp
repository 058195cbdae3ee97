#include "services/lifecycle/signature.h"
#include "tests/services/http/tlsclient.h"
#include "tests/services/lifecycle/signedreceiver.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::test;

class TestReceiverAccess final : public SignedReceiver
{
    Q_OBJECT
private Q_SLOTS:
    void getsNeedTheToken_data();
    void getsNeedTheToken();
    void getsWithoutTokenAreLocal_data();
    void getsWithoutTokenAreLocal();
    void otherAddressesNeedMore_data();
    void otherAddressesNeedMore();
    void servesTls();
};

void TestReceiverAccess::getsNeedTheToken_data()
{
    QTest::addColumn<std::string>("headers");
    QTest::addColumn<int>("status");
    const auto row = [](const char *name, const std::string &headers, int status) {
        QTest::newRow(name) << headers << status;
    };
    row("right", "Authorization: Bearer " + token + "\r\n", 200);
    row("scheme in other case", "authorization: bEARER " + token + "\r\n", 200);
    row("none", "", 401);
    row("wrong", "Authorization: Bearer " + token + "x\r\n", 401);
    row("shorter", "Authorization: Bearer " + token.substr(1) + "\r\n", 401);
    row("empty", "Authorization: Bearer \r\n", 401);
    row("other scheme", "Authorization: Basic " + token + "\r\n", 401);
    row("two", "Authorization: Bearer " + token + "\r\nAuthorization: Bearer " + token + "\r\n", 401);
    row("in the query only", "X-Token: " + token + "\r\n", 401);
}

void TestReceiverAccess::getsNeedTheToken()
{
    QFETCH(std::string, headers);
    QFETCH(int, status);
    ReceiverOptions options;
    options.bearerToken = token;
    start(options);
    const auto reply = send(request("GET /health?token=" + token, headers, ""));
    QCOMPARE(reply.status, status);
    QCOMPARE(reply.head.find("WWW-Authenticate: Bearer\r\n") != std::string::npos, status == 401);
    QCOMPARE(m_receiver->statistics().unauthorized, std::uint64_t(status == 401));
    QCOMPARE(send(delivery(eventBody("a"))).status, 200); // deliveries have their signature
}

void TestReceiverAccess::getsWithoutTokenAreLocal_data()
{
    QTest::addColumn<std::string>("bytes");
    QTest::addColumn<int>("status");
    const auto row = [](const char *name, const std::string &host, const std::string &more, int status) {
        QTest::newRow(name) << "GET /health HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n" << status;
    };
    row("address", "127.0.0.1", "", 200);
    row("with port", "127.0.0.1:8000", "", 200);
    row("name", "localhost:8000", "", 200);
    row("IPv6", "[::1]:8000", "", 200);
    row("a tunnel's name", "calm-river.example.net", "", 403);
    row("a page that rebinds its name", "127.0.0.1.example.net:8000", "", 403);
    row("a tunnel that hides its name", "localhost:8000", "X-Forwarded-For: 203.0.113.7\r\n", 403);
    row("a proxy", "localhost", "Via: 1.1 gateway\r\n", 403);
}

void TestReceiverAccess::getsWithoutTokenAreLocal()
{
    QFETCH(std::string, bytes);
    QFETCH(int, status);
    start();
    QCOMPARE(send(bytes).status, status);
    const std::string body = eventBody("a");
    QCOMPARE(send(post(signDelivery(secret, body), body, "X-Forwarded-For: 203.0.113.7\r\n")).status, 200);
}

void TestReceiverAccess::otherAddressesNeedMore_data()
{
    QTest::addColumn<std::string>("address");
    QTest::addColumn<bool>("allowPlainText");
    QTest::addColumn<std::string>("bearer");
    QTest::addColumn<std::string>("code");
    QTest::newRow("all, nothing") << std::string("0.0.0.0") << false << std::string() << std::string("needs_tls");
    QTest::newRow("all of IPv6") << std::string("::") << false << token << std::string("needs_tls");
    QTest::newRow("no token") << std::string("0.0.0.0") << true << std::string() << std::string("needs_token");
    QTest::newRow("short token") << std::string("0.0.0.0") << true << std::string("short")
                                 << std::string("needs_token");
    QTest::newRow("a name") << std::string("localhost") << false << token << std::string("needs_tls");
    QTest::newRow("another loopback") << std::string("127.0.0.2") << false << std::string() << std::string();
    QTest::newRow("by leave") << std::string("0.0.0.0") << true << token << std::string();
}

void TestReceiverAccess::otherAddressesNeedMore()
{
    QFETCH(std::string, address);
    QFETCH(bool, allowPlainText);
    QFETCH(std::string, bearer);
    QFETCH(std::string, code);
    ReceiverOptions options;
    options.port = 0;
    options.secret = secret;
    options.address = address;
    options.allowPlainText = allowPlainText;
    options.bearerToken = bearer;
    Receiver receiver(*m_journal, options);
    const auto started = receiver.start();
    QCOMPARE(started.has_value(), code.empty());
    if (!started) {
        QCOMPARE(started.error().code, code);
        QCOMPARE(receiver.port(), std::uint16_t(0));
    }
}

void TestReceiverAccess::servesTls()
{
    const test::TlsFiles files = test::makeCertificate(m_dir->path().toStdString());
    ReceiverOptions options;
    options.certificateFile = files.certificate;
    options.keyFile = files.key;
    options.address = "0.0.0.0";
    options.bearerToken = token;
    start(options);
    QVERIFY(m_receiver->url().starts_with("https://0.0.0.0:"));
    test::TlsClient client(m_receiver->port());
    QVERIFY(client.isConnected());
    for (const char *id : {"a", "b"}) {
        QVERIFY(client.send(delivery(eventBody(id))));
        QVERIFY(client.reply().starts_with("HTTP/1.1 200 "));
    }
    QVERIFY(client.send(request("GET /health", "Authorization: Bearer " + token + "\r\n", "")));
    QVERIFY(client.reply().ends_with(R"({"events_processed":2,"status":"healthy"})"));
    QCOMPARE(m_journal->count(), std::int64_t(2));

    options.keyFile = path("nothing.key");
    Receiver broken(*m_journal, options);
    QCOMPARE(broken.start().error().code, std::string("bad_key"));
}

QTEST_GUILESS_MAIN(TestReceiverAccess)
#include "tst_receiveraccess.moc"
