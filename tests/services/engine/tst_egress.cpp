#include "tests/services/engine/engine_process.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTest>

using namespace Qt::Literals::StringLiterals;

/// What programs in a sandbox reach through its proxy: a real server on this machine, which only rules that name it let
/// them reach.
class TestEgress final : public QObject
{
    Q_OBJECT

private:
    using Created = EngineProcess::Created;
    EngineProcess m_engine;
    QTcpServer m_server; ///< says hello to everyone, and keeps what it is sent
    QList<QTcpSocket *> m_peers;
    QByteArray m_seen;

    [[nodiscard]] Created create(const QByteArray &more)
    {
        return m_engine.create(R"({"templateID":"code-interpreter-v1","timeout":120)" + more + "}");
    }
    [[nodiscard]] Created reaching() { return create(R"(,"network":{"allowOut":["127.0.0.1"]})"); }
    /// What comes back through the proxy for `head`, with PORT replaced, as Python shows it.
    [[nodiscard]] QByteArray ask(const Created &sandbox, QByteArray head, const QByteArray &then = {})
    {
        head.replace("PORT", QByteArray::number(m_server.serverPort()));
        const QByteArray code = "import socket\ns = socket.create_connection(('127.0.0.1', 3128), 20)\ns.sendall(b'"
            + head + "')\n"
            + (then.isEmpty() ? QByteArray("got = b''\n") : "got = s.recv(4096)\ns.sendall(b'" + then + "')\n")
            + "s.shutdown(socket.SHUT_WR)\nwhile True:\n  piece = s.recv(4096)\n  if not piece: break\n"
              "  got += piece\nprint(got.decode())\n";
        const auto answer = m_engine.execute(sandbox.id, sandbox.token, QString::fromUtf8(code));
        return executionText(answer.body, "stdout", "text") + executionText(answer.body, "error", "value");
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_server.listen(QHostAddress::LocalHost));
        connect(&m_server, &QTcpServer::newConnection, this, [this] {
            QTcpSocket *peer = m_server.nextPendingConnection();
            m_peers << peer;
            connect(peer, &QTcpSocket::readyRead, this, [this, peer] { m_seen += peer->readAll(); });
            connect(peer, &QTcpSocket::disconnected, this, [this, peer] {
                m_peers.removeOne(peer);
                peer->deleteLater();
            });
            peer->write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        });
        QVERIFY(m_engine.start());
        if (!m_engine.canRunSandboxes())
            QSKIP("no isolation on this machine");
    }
    void init() { m_seen.clear(); }
    void cleanup()
    {
        for (const QJsonValue &each : m_engine.api("GET", u"/v2/sandboxes"_s).json().toArray())
            (void)m_engine.api("DELETE", u"/sandboxes/"_s + each[u"sandboxID"_s].toString());
    }

    void plainRequest()
    {
        const QByteArray got =
            ask(reaching(),
                R"(POST http://127.0.0.1:PORT/a?b HTTP/1.1\r\nHost: h\r\nProxy-Authorization: secret\r\n)"
                R"(Connection: keep-alive\r\nContent-Length: 4\r\n\r\nbody)");
        QVERIFY2(got.contains("200 OK") && got.contains("hello"), got);
        QVERIFY2(m_seen.startsWith("POST /a?b HTTP/1.1\r\n"), m_seen);
        QVERIFY2(m_seen.endsWith("\r\n\r\nbody"), m_seen);
        QVERIFY2(m_seen.contains("Host: h\r\n") && m_seen.contains("Connection: close\r\n"), m_seen);
        QVERIFY2(!m_seen.contains("secret") && !m_seen.contains("keep-alive"), m_seen);
    }

    void tunnel()
    {
        const QByteArray got = ask(reaching(), R"(CONNECT 127.0.0.1:PORT HTTP/1.1\r\n\r\n)", "anything\\x00at all");
        QVERIFY2(got.contains("hello"), got);
        QTRY_COMPARE(m_seen, QByteArray("anything\0at all", 15));
    }

    void closed_data()
    {
        QTest::addColumn<QByteArray>("more");
        QTest::addColumn<QByteArray>("host");
        QTest::newRow("no network") << QByteArray() << QByteArray("127.0.0.1");
        QTest::newRow("internet is not this machine")
            << QByteArray(R"(,"allow_internet_access":true)") << QByteArray("127.0.0.1");
        QTest::newRow("by name") << QByteArray(R"(,"allow_internet_access":true)") << QByteArray("localhost");
        QTest::newRow("by another spelling")
            << QByteArray(R"(,"allow_internet_access":true)") << QByteArray("2130706433");
        QTest::newRow("as IPv6") << QByteArray(R"(,"allow_internet_access":true)") << QByteArray("[::ffff:127.0.0.1]");
        QTest::newRow("everything allowed")
            << QByteArray(R"(,"network":{"allowOut":["0.0.0.0/0"]})") << QByteArray("127.0.0.1");
        QTest::newRow("another address allowed")
            << QByteArray(R"(,"network":{"allowOut":["127.0.0.2"]})") << QByteArray("127.0.0.1");
    }
    void closed()
    {
        QFETCH(QByteArray, more);
        QFETCH(QByteArray, host);
        const Created sandbox = create(more);
        const QByteArray tunnelled = ask(sandbox, "CONNECT " + host + R"(:PORT HTTP/1.1\r\n\r\n)");
        QVERIFY2(tunnelled.contains(" 403 ") || tunnelled.contains(" 502 "), tunnelled); // the latter: no such name
        QVERIFY2(!tunnelled.contains("hello"), tunnelled);
        const QByteArray plain = ask(sandbox, "GET http://" + host + R"(:PORT/ HTTP/1.1\r\n\r\n)");
        QCOMPARE(plain.trimmed(), QByteArray()); // cut off, as by a firewall
        QVERIFY(m_seen.isEmpty());
        const QByteArray log = m_engine.api("GET", u"/v2/sandboxes/%1/logs"_s.arg(sandbox.id)).body;
        QVERIFY2(log.contains("refused"), log);
    }

    void nonsense_data()
    {
        QTest::addColumn<QByteArray>("head");
        QTest::newRow("a request as to a server") << QByteArray(R"(GET / HTTP/1.1\r\nHost: x\r\n\r\n)");
        QTest::newRow("another scheme") << QByteArray(R"(GET ftp://127.0.0.1:PORT/ HTTP/1.1\r\n\r\n)");
        QTest::newRow("no port") << QByteArray(R"(CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n)");
        QTest::newRow("port beyond") << QByteArray(R"(CONNECT 127.0.0.1:70000 HTTP/1.1\r\n\r\n)");
        QTest::newRow("port of letters") << QByteArray(R"(CONNECT 127.0.0.1:http HTTP/1.1\r\n\r\n)");
        QTest::newRow("no host") << QByteArray(R"(CONNECT :80 HTTP/1.1\r\n\r\n)");
        QTest::newRow("open bracket") << QByteArray(R"(CONNECT [::1 HTTP/1.1\r\n\r\n)");
        QTest::newRow("no HTTP") << QByteArray(R"(\x16\x03\x01\r\n\r\n)");
    }
    void nonsense()
    {
        QFETCH(QByteArray, head);
        const Created sandbox = reaching();
        const QByteArray got = ask(sandbox, head);
        QVERIFY2(got.contains("400 Bad Request"), got);
        QVERIFY(ask(sandbox, R"(GET http://127.0.0.1:PORT/ HTTP/1.1\r\n\r\n)").contains("hello")); // it goes on
    }

    void rulesChange()
    {
        const Created sandbox = create({});
        const QByteArray request = R"(GET http://127.0.0.1:PORT/ HTTP/1.1\r\n\r\n)";
        QVERIFY(!ask(sandbox, request).contains("hello"));
        const QString path = u"/sandboxes/%1/network"_s.arg(sandbox.id);
        QCOMPARE(m_engine.api("PUT", path, R"({"allowOut":["127.0.0.0/8"]})").status, 204);
        QVERIFY(ask(sandbox, request).contains("hello"));
        const QJsonObject event =
            m_engine.api("GET", u"/events/sandboxes/"_s + sandbox.id).json().toArray().first().toObject();
        QCOMPARE(event[u"type"_s].toString(), u"sandbox.lifecycle.updated"_s);
        QCOMPARE(event[u"eventData"_s][u"network_egress"_s][u"allowed_cidrs"_s].toArray(),
                 QJsonArray{u"127.0.0.0/8"_s});
        QCOMPARE(m_engine.api("PUT", path, R"({})").status, 204); // what is left out is cleared
        QVERIFY(!ask(sandbox, request).contains("hello"));
        QCOMPARE(m_engine.api("PUT", path, R"({"denyOut":["x"]})").status, 400);
        QCOMPARE(m_engine.api("PUT", path, "nonsense").status, 400);
        QCOMPARE(m_engine.api("PUT", u"/sandboxes/i0/network"_s, "{}").status, 404);
        QCOMPARE(m_engine.api("POST", u"/sandboxes/%1/pause"_s.arg(sandbox.id)).status, 204);
        QCOMPARE(m_engine.api("PUT", path, "{}").status, 409);
    }

    void variablesNameTheProxy()
    {
        const Created sandbox = create(R"(,"envVars":{"https_proxy":"mine"})");
        const auto answer = m_engine.execute(
            sandbox.id, sandbox.token, u"import os; print(os.environ['http_proxy'], os.environ['https_proxy'])"_s);
        QCOMPARE(executionText(answer.body, "stdout", "text"), QByteArray("http://127.0.0.1:3128 mine\n"));
    }

    void trafficToken()
    {
        const auto made =
            m_engine.api("POST", u"/sandboxes"_s,
                         R"({"templateID":"code-interpreter-v1","timeout":60,"network":{"allowPublicTraffic":false}})");
        QCOMPARE(made.status, 201);
        const QString id = made.json(u"sandboxID"_s).toString();
        const QByteArray token = made.json(u"envdAccessToken"_s).toString().toLatin1();
        const QByteArray traffic = made.json(u"trafficAccessToken"_s).toString().toLatin1();
        QVERIFY(traffic.size() >= 32);
        const auto health = [&](int port, const QByteArray &given) {
            return m_engine.sandbox(id, token, port, "GET", u"/health"_s, {},
                                    given.isNull() ? EngineProcess::Headers()
                                                   : EngineProcess::Headers{{"E2B-Traffic-Access-Token", given}});
        };
        QCOMPARE(health(49983, {}).status, 204);
        QCOMPARE(health(49999, {}).status, 403);
        QVERIFY(health(49999, {}).body.contains("is missing"));
        QVERIFY(health(8000, "wrong").body.contains("is invalid"));
        QCOMPARE(health(8000, traffic).status, 502); // let through; nobody listens
        QVERIFY(health(49999, traffic).status != 403);
        QCOMPARE(m_engine.create().token.isEmpty(), false);
        QVERIFY(
            m_engine.api("POST", u"/sandboxes"_s, R"({"templateID":"base"})").json(u"trafficAccessToken"_s).isNull());
    }
};

QTEST_GUILESS_MAIN(TestEgress)
#include "tst_egress.moc"
