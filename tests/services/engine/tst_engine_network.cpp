#include "tests/services/engine/engine_process.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTest>

using namespace Qt::Literals::StringLiterals;

/// A SOCKS5 proxy with or without a password: it notes what it is asked for, and lets everyone speak to itself.
class SocksServer final : public QObject
{
public:
    QByteArray user, password; ///< empty: it asks for none
    QList<QByteArray> targets; ///< "kind:bytes:port"
    QByteArray seen;           ///< what came through the tunnels
    char reply = 0;

    SocksServer()
    {
        m_listens = m_server.listen(QHostAddress::LocalHost);
        connect(&m_server, &QTcpServer::newConnection, this, [this] {
            QTcpSocket *peer = m_server.nextPendingConnection();
            connect(peer, &QTcpSocket::disconnected, peer, &QObject::deleteLater);
            auto state = std::make_shared<int>(0);
            auto buffer = std::make_shared<QByteArray>();
            connect(peer, &QTcpSocket::readyRead, this, [this, peer, state, buffer] {
                *buffer += peer->readAll();
                step(peer, *state, *buffer);
            });
        });
    }
    [[nodiscard]] bool listens() const { return m_listens; }
    [[nodiscard]] QByteArray address() const { return "127.0.0.1:" + QByteArray::number(m_server.serverPort()); }
    void close() { m_server.close(); }

private:
    void step(QTcpSocket *peer, int &state, QByteArray &buffer)
    {
        const char wanted = user.isEmpty() ? '\0' : '\2';
        if (state == 0 && buffer.size() >= 3) {
            const bool offered = buffer.startsWith("\5") && buffer[2] == wanted;
            buffer.clear();
            peer->write(QByteArray("\5").append(offered ? wanted : '\xff'));
            state = user.isEmpty() ? 2 : 1;
        } else if (state == 1 && buffer.size() >= 3) {
            const QByteArray expected = QByteArray("\1").append(static_cast<char>(user.size())) + user
                + QByteArray(1, static_cast<char>(password.size())) + password;
            peer->write(QByteArray("\1").append(buffer == expected ? '\0' : '\1'));
            buffer.clear();
            state = 2;
        } else if (state == 2 && buffer.size() >= 7) {
            const char kind = buffer[3];
            const qsizetype size = kind == 1 ? 4 : kind == 4 ? 16 : 1 + buffer[4];
            const QByteArray place = kind == 3 ? buffer.mid(5, size - 1) : buffer.mid(4, size).toHex();
            const int port = static_cast<uchar>(buffer[4 + size]) * 256 + static_cast<uchar>(buffer[5 + size]);
            targets << QByteArray::number(kind) + ":" + place + ":" + QByteArray::number(port);
            buffer.clear();
            peer->write(QByteArray("\5").append(reply).append(QByteArray::fromHex("0003047465737400ff"))); // a name
            state = 3;
        } else if (state == 3) {
            seen += buffer;
            buffer.clear();
            peer->write("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nfrom beyond");
        }
    }

    QTcpServer m_server;
    bool m_listens = false;
};

/// What the network object of the API makes of a sandbox's way out and in: a proxy of one's own, headers, and Host.
class TestEngineNetwork final : public QObject
{
    Q_OBJECT

private:
    using Created = EngineProcess::Created;
    EngineProcess m_engine;

    [[nodiscard]] Created create(const QByteArray &network)
    {
        return m_engine.create(
            R"({"templateID":"code-interpreter-v1","timeout":120,"allow_internet_access":true,"network":)" + network
            + "}");
    }
    [[nodiscard]] QByteArray run(const Created &sandbox, const QByteArray &code)
    {
        const auto answer = m_engine.execute(sandbox.id, sandbox.token, QString::fromUtf8(code));
        return executionText(answer.body, "stdout", "text") + executionText(answer.body, "error", "value");
    }
    /// What `head` is answered by the sandbox's proxy.
    [[nodiscard]] QByteArray ask(const Created &sandbox, const QByteArray &head, const QByteArray &then = {})
    {
        return run(sandbox,
                   "import socket\ns = socket.create_connection(('127.0.0.1', 3128), 20)\ns.sendall(b'" + head + "')\n"
                       + (then.isEmpty() ? QByteArray() : "print(s.recv(4096).decode())\ns.sendall(b'" + then + "')\n")
                       + "got = s.recv(4096)\nprint(got.decode())\ns.close()\n");
    }
    [[nodiscard]] QJsonObject network(const Created &sandbox)
    {
        return m_engine.api("GET", u"/sandboxes/"_s + sandbox.id).json(u"network"_s).toObject();
    }
    [[nodiscard]] QByteArray log(const Created &sandbox)
    {
        return m_engine.api("GET", u"/v2/sandboxes/%1/logs"_s.arg(sandbox.id)).body;
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_engine.start());
        if (!m_engine.canRunSandboxes())
            QSKIP("no isolation on this machine");
    }
    void cleanup()
    {
        for (const QJsonValue &each : m_engine.api("GET", u"/v2/sandboxes"_s).json().toArray())
            (void)m_engine.api("DELETE", u"/sandboxes/"_s + each[u"sandboxID"_s].toString());
    }

    void throughAProxyOfOnesOwn()
    {
        SocksServer proxy;
        QVERIFY(proxy.listens());
        proxy.user = "me";
        proxy.password = "p4ss-word";
        const Created sandbox =
            create(R"({"allowOut":["allowed.example","9.9.9.9"],"denyOut":["0.0.0.0/0"],"egressProxy":{"address":")"
                   + proxy.address() + R"(","username":"me","password":"p4ss-word"}})");
        const QByteArray tunnelled = ask(sandbox, R"(CONNECT allowed.example:443 HTTP/1.1\r\n\r\n)", "anything at all");
        QVERIFY2(tunnelled.contains("200 Connection established") && tunnelled.contains("from beyond"), tunnelled);
        QCOMPARE(proxy.seen, QByteArray("anything at all"));
        const QByteArray plain = ask(sandbox, R"(GET http://9.9.9.9/path HTTP/1.1\r\nHost: 9.9.9.9\r\n\r\n)");
        QVERIFY2(plain.contains("from beyond"), plain);
        // The name goes as a name where the rules know it, an address as an address.
        QCOMPARE(proxy.targets, (QList<QByteArray>{"3:allowed.example:443", "1:09090909:80"}));
        // What the rules close does not reach it.
        QVERIFY(ask(sandbox, R"(CONNECT 9.9.9.8:443 HTTP/1.1\r\n\r\n)").contains("403"));
        QVERIFY(ask(sandbox, R"(CONNECT 127.0.0.1:80 HTTP/1.1\r\n\r\n)").contains("403"));
        QCOMPARE(proxy.targets.size(), 2);
    }

    void thePasswordIsToldToNobody()
    {
        const Created sandbox =
            create(R"({"egressProxy":{"address":"127.0.0.1:1","username":"me","password":"p4ss-word"}})");
        QCOMPARE(network(sandbox)[u"egressProxy"_s].toObject(),
                 (QJsonObject{{u"address"_s, u"127.0.0.1:1"_s}, {u"username"_s, u"me"_s}}));
        const QByteArray refused = ask(sandbox, R"(CONNECT 9.9.9.9:443 HTTP/1.1\r\n\r\n)");
        QVERIFY2(refused.contains("502") && refused.contains("egress proxy 127.0.0.1:1"),
                 refused); // and nothing past it
        const QString path = u"/sandboxes/%1/network"_s.arg(sandbox.id);
        QCOMPARE(
            m_engine
                .api("PUT", path, R"({"egressProxy":{"address":"127.0.0.1:2","username":"me","password":"p4ss-word"}})")
                .status,
            204);
        QCOMPARE(network(sandbox)[u"egressProxy"_s].toObject().size(), 2);
        const QByteArray events = m_engine.api("GET", u"/events/sandboxes/"_s + sandbox.id).body;
        for (const QByteArray &text : {refused, log(sandbox), events, m_engine.output()})
            QVERIFY2(!text.contains("p4ss-word"), text);
        QCOMPARE(m_engine.api("PUT", path, "{}").status, 204); // left out, it is gone
        QVERIFY(!network(sandbox).contains(u"egressProxy"_s));
    }

    void aProxyThatRefuses_data()
    {
        QTest::addColumn<QByteArray>("user");
        QTest::addColumn<int>("reply");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("wrong password") << QByteArray("someone") << 0
                                        << QByteArray("it refused the user name and password");
        QTest::newRow("wants none") << QByteArray() << 0 << QByteArray("it takes no user name and password");
        QTest::newRow("does not reach it") << QByteArray("me") << 5 << QByteArray("the connection was refused");
    }
    void aProxyThatRefuses()
    {
        QFETCH(QByteArray, user);
        QFETCH(int, reply);
        QFETCH(QByteArray, says);
        SocksServer proxy;
        proxy.user = user;
        proxy.password = "x";
        proxy.reply = static_cast<char>(reply);
        const Created sandbox =
            create(R"({"egressProxy":{"address":")" + proxy.address() + R"(","username":"me","password":"x"}})");
        const QByteArray got = ask(sandbox, R"(CONNECT 9.9.9.9:443 HTTP/1.1\r\n\r\n)");
        QVERIFY2(got.contains("502 Bad Gateway") && got.contains(says), got);
    }

    void headersAreSet()
    {
        QTcpServer server;
        QByteArray seen;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        connect(&server, &QTcpServer::newConnection, this, [&server, &seen] {
            QTcpSocket *peer = server.nextPendingConnection();
            connect(peer, &QTcpSocket::disconnected, peer, &QObject::deleteLater);
            connect(peer, &QTcpSocket::readyRead, peer, [peer, &seen] {
                seen += peer->readAll();
                peer->write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
            });
        });
        const QByteArray port = QByteArray::number(server.serverPort());
        const Created sandbox = create(R"({"allowOut":["127.0.0.0/8"],"rules":{"LocalHost":)"
                                       R"([{"transform":{"headers":{"Authorization":"Bearer k","X-Own":"1"}}}]}})");
        const QByteArray head =
            R"(GET http://localhost:)" + port + R"(/ HTTP/1.1\r\nHost: h\r\nauthorization: mine\r\n\r\n)";
        QVERIFY(ask(sandbox, head).contains("hello"));
        QVERIFY2(seen.contains("Authorization: Bearer k\r\n") && seen.contains("X-Own: 1\r\n"), seen);
        QVERIFY2(!seen.contains("mine"), seen);
        seen.clear(); // another host's requests stay as they are
        QVERIFY(ask(sandbox, R"(GET http://127.0.0.1:)" + port + R"(/ HTTP/1.1\r\nauthorization: mine\r\n\r\n)")
                    .contains("hello"));
        QVERIFY2(seen.contains("authorization: mine") && !seen.contains("Bearer"), seen);
        // In TLS they cannot be set: it does not go without them.
        const QByteArray tunnel = ask(sandbox, "CONNECT localhost:" + port + R"( HTTP/1.1\r\n\r\n)");
        QVERIFY2(tunnel.contains("403") && tunnel.contains("http:// requests only"), tunnel);
        QVERIFY2(log(sandbox).contains("network.rules sets headers"), log(sandbox));
        QCOMPARE(network(sandbox)[u"rules"_s][u"LocalHost"_s].toArray().size(), 1);
        QCOMPARE(
            m_engine.api("PUT", u"/sandboxes/%1/network"_s.arg(sandbox.id), R"({"allowOut":["127.0.0.0/8"]})").status,
            204);
        seen.clear();
        QVERIFY(ask(sandbox, head).contains("hello"));
        QVERIFY2(seen.contains("authorization: mine"), seen);
    }

    void hostIsMasked()
    {
        const Created sandbox = create(R"({"maskRequestHost":"app-${PORT}.example.org:${PORT}"})");
        const QByteArray started =
            run(sandbox,
                "import threading, http.server\n"
                "class H(http.server.BaseHTTPRequestHandler):\n"
                "  def do_GET(self):\n"
                "    text = '|'.join(self.headers.get_all('Host')).encode()\n"
                "    self.send_response(200)\n    self.send_header('Content-Length', str(len(text)))\n"
                "    self.end_headers()\n    self.wfile.write(text)\n"
                "server = http.server.ThreadingHTTPServer(('127.0.0.1', 8123), H)\n"
                "threading.Thread(target=server.serve_forever, daemon=True).start()\nprint('up')\n");
        QCOMPARE(started.trimmed(), QByteArray("up"));
        QCOMPARE(m_engine.sandbox(sandbox.id, {}, 8123, "GET", u"/"_s).body, QByteArray("app-8123.example.org:8123"));
        QCOMPARE(network(sandbox)[u"maskRequestHost"_s].toString(), u"app-${PORT}.example.org:${PORT}"_s);
        QCOMPARE(m_engine.sandbox(sandbox.id, sandbox.token, 49983, "GET", u"/health"_s).status,
                 204); // envd's is envd's
    }

    void badOnes_data()
    {
        QTest::addColumn<QByteArray>("member");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("mask") << QByteArray(R"("network":{"maskRequestHost":"a b"})")
                              << QByteArray("mask request host is not valid: a b");
        QTest::newRow("mask's line end") << QByteArray(R"("network":{"maskRequestHost":"a\r\nX: y"})")
                                         << QByteArray("mask request host is not valid");
        QTest::newRow("mask is not ASCII") << QByteArray(R"("network":{"maskRequestHost":"ü.org"})")
                                           << QByteArray("Please use ASCII characters only.");
        QTest::newRow("domains") << QByteArray(R"("network":{"allowOut":["a.org"]})")
                                 << QByteArray("'ALL_TRAFFIC' in deny out");
        QTest::newRow("identity") << QByteArray(R"("iam":{"tokens":{"aws":{"audience":"a","tokenType":"JWT-SVID"}}})")
                                  << QByteArray("workload identity");
    }
    void badOnes()
    {
        QFETCH(QByteArray, member);
        QFETCH(QByteArray, says);
        const auto answer = m_engine.api("POST", u"/sandboxes"_s, R"({"templateID":"base",)" + member + "}");
        QCOMPARE(answer.status, 400);
        QVERIFY2(answer.body.contains(says), answer.body);
    }

    void internetAccess()
    {
        // Absent is told as such, and is the engine's own default: off.
        const Created silent = m_engine.create(R"({"templateID":"base","timeout":60})");
        const auto told = [this](const Created &sandbox) {
            return m_engine.api("GET", u"/sandboxes/"_s + sandbox.id).json(u"allowInternetAccess"_s);
        };
        QVERIFY(told(silent).isNull());
        const QString path = u"/sandboxes/%1/network"_s.arg(silent.id);
        QCOMPARE(m_engine.api("PUT", path, R"({"allow_internet_access":true})").status, 204);
        QCOMPARE(told(silent), QJsonValue(true));
        QCOMPARE(m_engine.api("PUT", path, R"({"denyOut":["10.0.0.0/8"]})").status, 204);
        QCOMPARE(told(silent), QJsonValue(true));
        QCOMPARE(m_engine.api("PUT", path, R"({"allow_internet_access":false})").status, 204);
        QCOMPARE(told(silent), QJsonValue(false));
    }
};

QTEST_GUILESS_MAIN(TestEngineNetwork)
#include "tst_engine_network.moc"
