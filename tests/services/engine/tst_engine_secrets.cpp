#include "tests/services/engine/engine_process.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonObject>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTest>

using namespace Qt::Literals::StringLiterals;

/// Secrets: told to nobody, and put into requests that leave a sandbox.
class TestEngineSecrets final : public QObject
{
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_state;
    std::unique_ptr<EngineProcess> m_engine;

    void restart()
    {
        m_engine = std::make_unique<EngineProcess>(m_state->path());
        QVERIFY(m_engine->start());
    }
    [[nodiscard]] EngineProcess::Answer create(const QByteArray &body)
    {
        return m_engine->api("POST", u"/secrets"_s, body);
    }

private Q_SLOTS:
    void init()
    {
        m_state = std::make_unique<QTemporaryDir>();
        restart();
    }
    void cleanup()
    {
        m_engine.reset();
        m_state.reset();
    }

    void liveOnAndTellNoValue()
    {
        const auto made = create(R"({"name":"OpenAI-Key","value":"v4lue-one","metadata":{"team":"a"}})");
        QCOMPARE(made.status, 201);
        const QJsonObject secret = made.json().toObject();
        QCOMPARE(secret[u"name"_s].toString(), u"openai-key"_s);
        QVERIFY(secret[u"secretID"_s].toString().startsWith(u"sec_"_s));
        QCOMPARE(secret[u"currentVersion"_s].toInt(), 1);
        QCOMPARE(secret[u"metadata"_s].toObject(), (QJsonObject{{u"team"_s, u"a"_s}}));
        const QString id = secret[u"secretID"_s].toString();
        const auto updated = m_engine->api("POST", u"/secrets/OPENAI-key"_s, R"({"value":"v4lue-two"})");
        QCOMPARE(updated.status, 200);
        QCOMPARE(updated.json(u"currentVersion"_s).toInt(), 2);
        QCOMPARE(updated.json(u"metadata"_s).toObject().size(), 1); // as it was
        QCOMPARE(m_engine->terminate(), 0);
        restart();
        const auto byId = m_engine->api("GET", u"/secrets/"_s + id),
                   byName = m_engine->api("GET", u"/secrets/openai-key"_s);
        QCOMPARE(byId.json(), byName.json());
        QCOMPARE(byId.json(u"currentVersion"_s).toInt(), 2);
        const auto listed = m_engine->api("GET", u"/secrets"_s);
        QCOMPARE(listed.json().toArray().size(), 1);
        for (const QByteArray &text : {made.body, updated.body, byId.body, listed.body, m_engine->output()})
            QVERIFY2(!text.contains("v4lue"), text);
        const QFileInfo file(m_state->filePath(u"secrets.json"_s));
        QVERIFY(file.exists());
        QCOMPARE(file.permissions() & ~(QFile::ReadUser | QFile::WriteUser), QFile::ReadOwner | QFile::WriteOwner);
        QCOMPARE(m_engine->api("DELETE", u"/secrets/"_s + id).status, 204);
        QCOMPARE(m_engine->api("DELETE", u"/secrets/"_s + id).status, 404);
        QCOMPARE(m_engine->api("GET", u"/secrets/openai-key"_s).status, 404);
        QCOMPARE(m_engine->api("POST", u"/secrets/openai-key"_s, R"({"value":"x"})").status, 404);
        QFile written(file.filePath());
        QVERIFY(written.open(QIODevice::ReadOnly));
        QVERIFY(!written.readAll().contains("v4lue"));
    }

    void badOnes_data()
    {
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<int>("status");
        const auto row = [](const char *name, const QByteArray &body, int status) {
            QTest::newRow(name) << body << status;
        };
        row("taken", R"({"name":"TAKEN","value":"hidden"})", 409);
        row("no name", R"({"value":"hidden"})", 400);
        row("odd name", R"({"name":"a b","value":"hidden"})", 400);
        row("an id's name", R"({"name":"sec_a","value":"hidden"})", 400);
        row("long name", R"({"name":")" + QByteArray(129, 'x') + R"(","value":"hidden"})", 400);
        row("no value", R"({"name":"a"})", 400);
        row("empty value", R"({"name":"a","value":""})", 400);
        row("long value", R"({"name":"a","value":")" + QByteArray(8193, 'x') + R"("})", 400);
        row("metadata number", R"({"name":"a","value":"hidden","metadata":{"k":1}})", 400);
        row("long metadata", R"({"name":"a","value":"hidden","metadata":{"k":")" + QByteArray(1025, 'x') + R"("}})",
            400);
        row("no JSON", R"({"value":"hidden")", 400);
    }
    void badOnes()
    {
        QFETCH(QByteArray, body);
        QFETCH(int, status);
        QCOMPARE(create(R"({"name":"taken","value":"first"})").status, 201);
        const auto answer = create(body);
        QCOMPARE(answer.status, status);
        QVERIFY2(!answer.body.contains("hidden"), answer.body);
    }

    void pages()
    {
        for (int i = 0; i < 5; ++i)
            QCOMPARE(create(R"({"name":"s)" + QByteArray::number(i) + R"(","value":"x"})").status, 201);
        QStringList names;
        QString token;
        int count = 0;
        do {
            const auto page =
                m_engine->api("GET", u"/secrets?limit=2"_s + (token.isEmpty() ? QString() : u"&nextToken="_s + token));
            for (const QJsonValue &each : page.json().toArray())
                names << each[u"name"_s].toString();
            token = QString::fromLatin1(page.headers.value("x-next-token"));
        } while (!token.isEmpty() && ++count < 9);
        QCOMPARE(names, (QStringList{u"s0"_s, u"s1"_s, u"s2"_s, u"s3"_s, u"s4"_s}));
        QCOMPARE(m_engine->api("GET", u"/secrets?nextToken=x"_s).status, 400);
        QCOMPARE(m_engine->api("GET", u"/secrets?limit=101"_s).status, 400);
    }

    void aBrokenFileIsNotReplaced()
    {
        QCOMPARE(m_engine->terminate(), 0);
        QFile file(m_state->filePath(u"secrets.json"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("v4lue but no JSON");
        file.close();
        QProcess process;
        process.start(EngineProcess::program(),
                      {u"--state-dir"_s, m_state->path(), u"--api-port"_s, u"0"_s, u"--sandbox-port"_s, u"0"_s});
        QVERIFY(process.waitForFinished(20'000));
        QCOMPARE(process.exitCode(), 1);
        const QByteArray says = process.readAllStandardError();
        QVERIFY2(says.contains("secrets.json") && !says.contains("v4lue"), says);
    }

    void goOutInHeaders()
    {
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
        QTcpServer server;
        QByteArray seen;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        connect(&server, &QTcpServer::newConnection, this, [&server, &seen] {
            QTcpSocket *peer = server.nextPendingConnection();
            connect(peer, &QTcpSocket::disconnected, peer, &QObject::deleteLater);
            connect(peer, &QTcpSocket::readyRead, peer, [peer, &seen] {
                seen += peer->readAll();
                peer->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
                peer->disconnectFromHost();
            });
        });
        QCOMPARE(create(R"({"name":"key","value":"v4lue-one"})").status, 201);
        const auto sandbox =
            m_engine->create(R"({"templateID":"code-interpreter-v1","timeout":120,)"
                             R"("network":{"allowOut":["127.0.0.0/8"],"rules":{"localhost":)"
                             R"([{"transform":{"headers":{"Authorization":"Bearer ${e2b.secrets.key}"}}}]}}})");
        const auto ask = [&] {
            const auto answer =
                m_engine->execute(sandbox.id, sandbox.token,
                                  u"import socket\n"
                                  "s = socket.create_connection(('127.0.0.1', 3128), 20)\n"
                                  "s.sendall(b'GET http://localhost:%1/ HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n')\n"
                                  "got = s.recv(4096)\nprint(got[-2:])"_s.arg(server.serverPort()));
            return executionText(answer.body, "stdout", "text");
        };
        QCOMPARE(ask(), QByteArray("b'hi'\n"));
        QVERIFY2(seen.contains("Authorization: Bearer v4lue-one\r\n"), seen);
        seen.clear();
        QCOMPARE(m_engine->api("POST", u"/secrets/key"_s, R"({"value":"v4lue-two"})").status, 200); // from now on
        QCOMPARE(ask(), QByteArray("b'hi'\n"));
        QVERIFY2(seen.contains("Authorization: Bearer v4lue-two\r\n"), seen);
        seen.clear();
        QCOMPARE(m_engine->api("DELETE", u"/secrets/key"_s).status, 204);
        QCOMPARE(ask(), QByteArray("b''\n")); // it does not go without
        QVERIFY(seen.isEmpty());
        const QByteArray log = m_engine->api("GET", u"/v2/sandboxes/%1/logs"_s.arg(sandbox.id)).body;
        QVERIFY2(log.contains("there is no secret named key") && !log.contains("v4lue"), log);
        const QByteArray told = m_engine->api("GET", u"/sandboxes/"_s + sandbox.id).body;
        QVERIFY2(told.contains("${e2b.secrets.key}") && !told.contains("v4lue"), told);
    }
};

QTEST_GUILESS_MAIN(TestEngineSecrets)
#include "tst_engine_secrets.moc"
