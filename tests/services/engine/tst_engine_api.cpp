#include "tests/services/engine/engine_process.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QNetworkReply>
#include <QTest>

namespace {

/// Processes of this machine that descend from `ancestor`, itself included.
QList<qint64> family(qint64 ancestor)
{
    QHash<qint64, qint64> parents;
    for (const QString &name : QDir(QStringLiteral("/proc")).entryList(QDir::Dirs)) {
        QFile stat(QStringLiteral("/proc/%1/stat").arg(name));
        if (!name[0].isDigit() || !stat.open(QIODevice::ReadOnly))
            continue;
        const QByteArray text = stat.readAll();
        const auto fields = text.mid(text.lastIndexOf(')') + 2).split(' ');
        if (fields[0] != "Z")
            parents.insert(name.toLongLong(), fields[1].toLongLong());
    }
    QList<qint64> members;
    for (auto it = parents.cbegin(); it != parents.cend(); ++it) {
        for (qint64 pid = it.key(); pid > 1; pid = parents.value(pid, 0)) {
            if (pid == ancestor) {
                members << it.key();
                break;
            }
        }
    }
    return members;
}

bool isAlive(qint64 pid)
{
    QFile stat(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!stat.open(QIODevice::ReadOnly))
        return false;
    const QByteArray text = stat.readAll();
    return text.mid(text.lastIndexOf(')') + 2, 1) != "Z";
}

qint64 residentKb(qint64 pid)
{
    QFile status(QStringLiteral("/proc/%1/status").arg(pid));
    if (!status.open(QIODevice::ReadOnly))
        return 0;
    for (const QByteArray &line : status.readAll().split('\n')) {
        if (line.startsWith("VmRSS:"))
            return line.mid(6).trimmed().split(' ').first().toLongLong();
    }
    return 0;
}

} // namespace

class TestEngineApi final : public QObject
{
    Q_OBJECT

private:
    EngineProcess m_engine;
    EngineProcess::Created m_shared; ///< one interpreter for the tests that leave it usable

    void needSandboxes()
    {
        if (!m_engine.canRunSandboxes())
            QSKIP("no isolation on this machine");
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_engine.start());
        if (m_engine.canRunSandboxes()) {
            m_shared = m_engine.create(R"({"templateID":"code-interpreter-v1","timeout":600})");
            QVERIFY(!m_shared.id.isEmpty());
        }
    }

    void keyIsDemanded_data()
    {
        QTest::addColumn<QByteArray>("key");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("missing") << QByteArray() << QByteArray("missing");
        QTest::newRow("wrong shape") << QByteArray("secret") << QByteArray("format");
        QTest::newRow("wrong") << QByteArray("e2b_0000000000000000000000000000000000000000")
                               << QByteArray("not this engine's");
        QTest::newRow("too short") << m_engine.key().chopped(1) << QByteArray("not this engine's");
    }
    void keyIsDemanded()
    {
        QFETCH(QByteArray, key);
        QFETCH(QByteArray, says);
        const auto answer = m_engine.apiAs(key, "GET", QStringLiteral("/v2/sandboxes"));
        QCOMPARE(answer.status, 401);
        QCOMPARE(answer.json(QStringLiteral("code")).toInt(), 401);
        QVERIFY2(answer.body.contains(says), answer.body);
        QCOMPARE(m_engine.apiAs({}, "GET", QStringLiteral("/health")).status, 200);
    }

    void badCreations_data()
    {
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<int>("status");
        QTest::newRow("no JSON") << QByteArray("{nonsense") << 400;
        QTest::newRow("array") << QByteArray("[]") << 400;
        QTest::newRow("no template") << QByteArray("{}") << 400;
        QTest::newRow("unknown template") << QByteArray(R"({"templateID":"none"})") << 404;
        QTest::newRow("timeout 0") << QByteArray(R"({"templateID":"base","timeout":0})") << 400;
        QTest::newRow("timeout negative") << QByteArray(R"({"templateID":"base","timeout":-5})") << 400;
        QTest::newRow("timeout text") << QByteArray(R"({"templateID":"base","timeout":"9"})") << 400;
        QTest::newRow("timeout beyond the plan") << QByteArray(R"({"templateID":"base","timeout":3601})") << 400;
        QTest::newRow("metadata number") << QByteArray(R"({"templateID":"base","metadata":{"a":1}})") << 400;
        QTest::newRow("variable name") << QByteArray(R"({"templateID":"base","envVars":{"A=B":"1"}})") << 400;
        QTest::newRow("huge") << QByteArray((1 << 20) + 1, 'x')
                              << 413; // no more: a client still writing may miss the answer
    }
    void badCreations()
    {
        QFETCH(QByteArray, body);
        QFETCH(int, status);
        const auto answer = m_engine.api("POST", QStringLiteral("/sandboxes"), body);
        QCOMPARE(answer.status, status);
        QCOMPARE(answer.json(QStringLiteral("code")).toInt(), status);
    }

    void unknownThings()
    {
        const auto missing = m_engine.api("GET", QStringLiteral("/sandboxes/i0000"));
        QCOMPARE(missing.status, 404);
        QCOMPARE(missing.json(QStringLiteral("message")).toString(),
                 QStringLiteral("Sandbox \"i0000\" doesn't exist or you don't have access to it"));
        QCOMPARE(m_engine.api("GET", QStringLiteral("/nothing")).status, 404);
        QCOMPARE(m_engine.api("PUT", QStringLiteral("/sandboxes")).status, 405);
        QCOMPARE(m_engine.api("POST", QStringLiteral("/templates"), "{}").status, 501);
        QCOMPARE(m_engine.api("POST", QStringLiteral("/sandboxes/i0000/connect")).status, 400);
        const auto gone = m_engine.sandbox(QStringLiteral("i0000"), {}, 49983, "GET", QStringLiteral("/health"));
        QCOMPARE(gone.status, 502);
        QCOMPARE(gone.json(QStringLiteral("message")).toString(), QStringLiteral("The sandbox was not found"));
        QCOMPARE(m_engine.sandbox(QStringLiteral("UPPER"), {}, 1, "GET", QStringLiteral("/")).body,
                 QByteArray("Invalid sandbox ID"));
    }

    void templatesAreListed()
    {
        const auto list = m_engine.api("GET", QStringLiteral("/templates")).json().toArray();
        QCOMPARE(list.size(), 2);
        const auto alias = m_engine.api("GET", QStringLiteral("/templates/aliases/code-interpreter-v1"));
        QCOMPARE(alias.status, 200);
        QCOMPARE(alias.json(QStringLiteral("templateID")).toString().size(), 20);
        QCOMPARE(m_engine.api("GET", QStringLiteral("/templates/aliases/none")).status, 404);
    }

    void tokenIsDemanded()
    {
        needSandboxes();
        const QByteArray run = R"({"code":"1"})";
        QCOMPARE(m_engine.sandbox(m_shared.id, {}, 49999, "POST", QStringLiteral("/execute"), run).status, 401);
        QCOMPARE(m_engine
                     .sandbox(m_shared.id, "wrong", 49983, "POST", QStringLiteral("/filesystem.Filesystem/Stat"),
                              R"({"path":"/"})")
                     .status,
                 401);
        QCOMPARE(m_engine.sandbox(m_shared.id, {}, 49983, "GET", QStringLiteral("/files?path=/etc/passwd")).status,
                 401);
        QCOMPARE(m_engine.sandbox(m_shared.id, {}, 49983, "GET", QStringLiteral("/health")).status, 204);
    }

    void pagesOfTheList()
    {
        needSandboxes();
        QStringList ids;
        for (int i = 0; i < 3; ++i)
            ids << m_engine.create(R"({"templateID":"base","timeout":60,"metadata":{"page":"1"}})").id;
        QStringList seen;
        QString next;
        do {
            const auto page = m_engine.api("GET", QStringLiteral("/v2/sandboxes?metadata=page%3D1&limit=2") + next);
            QCOMPARE(page.status, 200);
            for (const auto &each : page.json().toArray())
                seen << each.toObject()[QStringLiteral("sandboxID")].toString();
            next = QStringLiteral("&nextToken=") + QString::fromLatin1(page.headers["x-next-token"]);
        } while (next.size() > 11 && seen.size() < 10);
        std::reverse(seen.begin(), seen.end()); // newest first
        QCOMPARE(seen, ids);
        QCOMPARE(m_engine.api("GET", QStringLiteral("/v2/sandboxes?order=asc") + QStringLiteral("&nextToken=!")).status,
                 400);
        for (const QString &id : ids)
            QCOMPARE(m_engine.api("DELETE", QStringLiteral("/sandboxes/") + id).status, 204);
    }

    void limitOfTheFreePlan()
    {
        needSandboxes();
        EngineProcess engine;
        QVERIFY(engine.start({QStringLiteral("--max-sandboxes"), QStringLiteral("1")}));
        QVERIFY(!engine.create(R"({"templateID":"base","timeout":60})").id.isEmpty());
        const auto refused = engine.api("POST", QStringLiteral("/sandboxes"), R"({"templateID":"base"})");
        QCOMPARE(refused.status, 429);
        QVERIFY2(refused.body.contains("(1)"), refused.body);
    }

    void hundredMegabytesOfOutputStayBounded()
    {
        needSandboxes();
        const QByteArray body =
            R"_({"code":"import sys\nfor i in range(1000): sys.stdout.write('x' * 99999 + '\\n')"})_";
        const std::unique_ptr<QNetworkReply> reply(
            m_engine.send(QUrl(m_engine.sandboxUrl().toString() + QStringLiteral("/execute")), "POST", body,
                          {{"E2b-Sandbox-Id", m_shared.id.toLatin1()},
                           {"E2b-Sandbox-Port", "49999"},
                           {"X-Access-Token", m_shared.token}}));
        reply->setReadBufferSize(1 << 20);
        qint64 received = 0, peak = 0;
        QByteArray tail;
        QElapsedTimer clock;
        clock.start();
        while (!(reply->isFinished() && reply->bytesAvailable() == 0) && clock.elapsed() < 90'000) {
            const QByteArray piece = reply->read(256 << 10);
            received += piece.size();
            tail = QByteArray(tail + piece).right(200);
            peak = std::max(peak, residentKb(m_engine.pid()));
            if (piece.isEmpty())
                QTest::qWait(1);
        }
        QVERIFY2(tail.contains("end_of_execution"), tail);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // they keep freed memory
        QVERIFY2(peak < 150 * 1024, QByteArray::number(peak));
#endif
        QVERIFY(received > 1'000'000);
        QCOMPARE(executionText(m_engine.execute(m_shared.id, m_shared.token, QStringLiteral("21 + 21")).body, "result",
                               "text"),
                 QByteArray("42"));
    }

    void endlessLoopEndsWithItsListener()
    {
        needSandboxes();
        QNetworkReply *reply = m_engine.send(QUrl(m_engine.sandboxUrl().toString() + QStringLiteral("/execute")),
                                             "POST", R"({"code":"print(1, flush=True)\nwhile True: pass"})",
                                             {{"E2b-Sandbox-Id", m_shared.id.toLatin1()},
                                              {"E2b-Sandbox-Port", "49999"},
                                              {"X-Access-Token", m_shared.token}});
        QTRY_VERIFY_WITH_TIMEOUT(reply->bytesAvailable() > 0, 20'000);
        reply->abort();
        reply->deleteLater();
        QCOMPARE(executionText(m_engine.execute(m_shared.id, m_shared.token, QStringLiteral("21 + 21")).body, "result",
                               "text"),
                 QByteArray("42"));
    }

    void leavingTheInterpreterIsTold()
    {
        needSandboxes();
        const auto left = m_engine.execute(m_shared.id, m_shared.token, QStringLiteral("import os; os._exit(7)"));
        QCOMPARE(left.status, 200);
        QVERIFY(!executionText(left.body, "error", "name").isEmpty());
        QVERIFY(left.body.trimmed().endsWith("}") && left.body.contains("end_of_execution"));
        QCOMPARE(executionText(m_engine.execute(m_shared.id, m_shared.token, QStringLiteral("21 + 21")).body, "result",
                               "text"),
                 QByteArray("42"));
    }

    void forkBombStaysInItsSandbox()
    {
        needSandboxes();
        const auto bomb = m_engine.create();
        const auto ended =
            m_engine.execute(bomb.id, bomb.token,
                             QStringLiteral("import os, time\nend = time.time() + 2\nwhile time.time() < end:\n    "
                                            "try:\n        os.fork()\n    except OSError:\n        time.sleep(0.05)"));
        QVERIFY(ended.status == 200 || ended.status == 502);
        QCOMPARE(executionText(m_engine.execute(m_shared.id, m_shared.token, QStringLiteral("21 + 21")).body, "result",
                               "text"),
                 QByteArray("42"));
        const int status = m_engine.api("DELETE", QStringLiteral("/sandboxes/") + bomb.id).status;
        QVERIFY(status == 204 || status == 404);
    }

    void portsAreReached()
    {
        needSandboxes();
        const auto code = QStringLiteral(
            "import threading, http.server\nclass H(http.server.BaseHTTPRequestHandler):\n    def do_GET(self):\n      "
            "  body = b'hi ' + self.path.encode()\n"
            "        self.send_response(201); self.send_header('Content-Length', str(len(body))); self.end_headers(); "
            "self.wfile.write(body)\n"
            "    def log_message(self, *a): pass\nthreading.Thread(target=http.server.HTTPServer(('127.0.0.1', 8000), "
            "H).serve_forever, daemon=True).start()");
        const auto started = m_engine.execute(m_shared.id, m_shared.token, code);
        QVERIFY2(executionText(started.body, "error", "name").isEmpty(), started.body);
        const auto answer = m_engine.sandbox(m_shared.id, {}, 8000, "GET", QStringLiteral("/a?b=c"));
        QCOMPARE(answer.status, 201);
        QCOMPARE(answer.body, QByteArray("hi /a?b=c"));
        const auto closed = m_engine.sandbox(m_shared.id, {}, 8001, "GET", QStringLiteral("/"));
        QCOMPARE(closed.status, 502);
        QCOMPARE(closed.json(QStringLiteral("port")).toInt(), 8001);
    }

    void nothingOutlivesTheEngine()
    {
        needSandboxes();
        EngineProcess engine;
        QVERIFY(engine.start());
        const auto made = engine.create();
        QNetworkReply *reply = engine.send(
            QUrl(engine.sandboxUrl().toString() + QStringLiteral("/execute")), "POST",
            R"({"code":"import subprocess; subprocess.Popen(['sleep', '300'])\nprint(1, flush=True)\nwhile True: pass"})",
            {{"E2b-Sandbox-Id", made.id.toLatin1()}, {"E2b-Sandbox-Port", "49999"}, {"X-Access-Token", made.token}});
        QTRY_VERIFY_WITH_TIMEOUT(reply->bytesAvailable() > 0, 20'000);
        const QList<qint64> members = family(engine.pid());
        QVERIFY(members.size() >= 4); // engine, broker, daemon, kernel
        engine.kill();
        reply->deleteLater();
        for (const qint64 pid : members)
            QTRY_VERIFY_WITH_TIMEOUT(!isAlive(pid), 10'000);
    }

    void cleanupTestCase()
    {
        QCOMPARE(m_engine.terminate(), 0);
    }
};

QTEST_GUILESS_MAIN(TestEngineApi)
#include "tst_engine_api.moc"
