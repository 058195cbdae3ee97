#include "tests/services/engine/engine_process.h"

#include <QJsonArray>
#include <QTest>

/// Requests that say something else than they seem to: the engine refuses them and nothing is done.
class TestEngineHostile final : public QObject
{
    Q_OBJECT

private:
    using Answer = EngineProcess::Answer;

    EngineProcess m_engine;
    EngineProcess::Created m_sandbox;

    Answer rpc(const QByteArray &method, const QByteArray &body)
    {
        const bool isStream = method.endsWith("/Start");
        const auto type = isStream ? QByteArrayLiteral("application/connect+json") : "application/json";
        const auto length = static_cast<char>(body.size()); // each is below 128 bytes
        return m_engine.sandbox(m_sandbox.id, m_sandbox.token, 49983, "POST", QLatin1Char('/') + QLatin1String(method),
                                isStream ? QByteArray(4, '\0') + length + body : body, {{"Content-Type", type}});
    }
    Answer files(const QByteArray &method, const QByteArray &path)
    {
        return m_engine.sandbox(
            m_sandbox.id, m_sandbox.token, 49983, method, QStringLiteral("/files?path=") + QLatin1String(path),
            method == "POST" ? "text" : QByteArray(), {{"Content-Type", "application/octet-stream"}});
    }
    Answer contexts(const QByteArray &body)
    {
        return m_engine.sandbox(m_sandbox.id, m_sandbox.token, 49999, "POST", QStringLiteral("/contexts"), body);
    }
    QByteArray run(const QString &code)
    {
        return executionText(m_engine.execute(m_sandbox.id, m_sandbox.token, code).body, "stdout", "text");
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_engine.start());
        if (!m_engine.canRunSandboxes())
            QSKIP("no isolation on this machine");
        m_sandbox = m_engine.create();
        QVERIFY(!m_sandbox.id.isEmpty());
        QCOMPARE(files("POST", "kept").status, 200);
    }

    void cleanupTestCase()
    {
        if (m_engine.canRunSandboxes())
            QCOMPARE(m_engine.terminate(), 0);
    }

    void pathsOfAWrongTypeChangeNothing_data()
    {
        QTest::addColumn<QByteArray>("method");
        QTest::addColumn<QByteArray>("body");
        for (const char *method : {"Remove", "MakeDir"}) {
            for (const char *body : {R"({"path":5})", R"({"Path":"/tmp/x"})", R"({"path":""})", R"({"path":null})",
                                     R"({"path":["/tmp/x"]})"})
                QTest::addRow("%s %s", method, body) << QByteArray(method) << QByteArray(body);
        }
        for (const char *body : {R"({"source":"kept"})", R"({"source":"kept","destination":5})",
                                 R"({"destination":"/tmp/x"})", R"({"source":"","destination":"/tmp/x"})"})
            QTest::addRow("Move %s", body) << QByteArray("Move") << QByteArray(body);
        QTest::newRow("Stat") << QByteArray("Stat") << QByteArray(R"({"path":5})");
        QTest::newRow("ListDir") << QByteArray("ListDir") << QByteArray(R"({"path":{}})");
        QTest::newRow("ListDir depth") << QByteArray("ListDir") << QByteArray(R"({"path":"/","depth":"x"})");
        QTest::newRow("CreateWatcher") << QByteArray("CreateWatcher") << QByteArray(R"({"path":5})");
        QTest::newRow("CreateWatcher flag")
            << QByteArray("CreateWatcher") << QByteArray(R"({"path":"","recursive":1})");
    }
    void pathsOfAWrongTypeChangeNothing()
    {
        QFETCH(QByteArray, method);
        QFETCH(QByteArray, body);
        const auto answer = rpc("filesystem.Filesystem/" + method, body);
        QCOMPARE(answer.status, 400);
        QCOMPARE(answer.json(QStringLiteral("code")).toString(), QStringLiteral("invalid_argument"));
        QCOMPARE(files("GET", "kept").body, QByteArray("text"));
    }

    void anEmptyPathIsTheHomeForReaders()
    {
        const auto listed = rpc("filesystem.Filesystem/ListDir", R"({"path":"","depth":"1"})");
        QCOMPARE(listed.status, 200);
        QVERIFY2(listed.body.contains("/home/user/kept"), listed.body);
        QCOMPARE(rpc("filesystem.Filesystem/Stat", "{}").status, 200);
    }

    void nulIsRefused_data()
    {
        QTest::addColumn<QByteArray>("method");
        QTest::addColumn<QByteArray>("body");
        const QByteArray files("filesystem.Filesystem/");
        for (const char *method : {"Stat", "ListDir", "Remove", "MakeDir", "CreateWatcher"})
            QTest::newRow(method) << files + method << QByteArray(R"({"path":"kept\u0000.txt"})");
        QTest::newRow("Move") << files + "Move" << QByteArray(R"({"source":"kept\u0000x","destination":"gone"})");
        QTest::newRow("argument") << QByteArray("process.Process/Start")
                                  << QByteArray(R"({"process":{"cmd":"rm","args":["kept\u0000.txt"]}})");
        QTest::newRow("command") << QByteArray("process.Process/Start")
                                 << QByteArray(R"({"process":{"cmd":"echo\u0000x"}})");
        QTest::newRow("directory") << QByteArray("process.Process/Start")
                                   << QByteArray(R"({"process":{"cmd":"echo","cwd":"/tmp\u0000x"}})");
        QTest::newRow("variable") << QByteArray("process.Process/Start")
                                  << QByteArray(R"({"process":{"cmd":"echo","envs":{"A":"1\u00002"}}})");
    }
    void nulIsRefused()
    {
        QFETCH(QByteArray, method);
        QFETCH(QByteArray, body);
        const auto answer = rpc(method, body);
        QCOMPARE(answer.status, method.endsWith("/Start") ? 200 : 400); // a stream tells at its end
        QVERIFY2(answer.body.contains(R"("code":"invalid_argument")"), answer.body);
        QVERIFY2(answer.body.contains("NUL"), answer.body);
        QCOMPARE(files("GET", "kept").body, QByteArray("text"));
    }

    void filesWithNulAreRefused()
    {
        for (const char *method : {"GET", "POST"}) {
            const auto answer = files(method, "kept%00.txt");
            QCOMPARE(answer.status, 400);
            QVERIFY2(answer.body.contains("NUL"), answer.body);
        }
        const auto created =
            m_engine.api("POST", QStringLiteral("/sandboxes"), R"({"templateID":"base","envVars":{"A":"1\u00002"}})");
        QCOMPARE(created.status, 400);
        QVERIFY2(created.body.contains("envVars.A"), created.body);
    }

    void switchesOfAWrongTypeAreRefused_data()
    {
        QTest::addColumn<QByteArray>("members");
        QTest::addColumn<QByteArray>("says");
        for (const char *name : {"allow_internet_access", "autoPause", "autoPauseMemory", "secure"}) {
            for (const char *value : {"\"false\"", "0", "{}"})
                QTest::addRow("%s %s", name, value)
                    << QByteArray("\"") + name + "\":" + value << QByteArray(name) + " has to be true or false";
        }
        QTest::newRow("public") << QByteArray(R"("network":{"allowPublicTraffic":"false"})")
                                << QByteArray("allowPublicTraffic has to be true or false");
        QTest::newRow("resume") << QByteArray(R"("autoPause":true,"autoResume":{"enabled":"x"})")
                                << QByteArray("enabled has to be true or false");
        for (const char *name : {"autoResume", "network", "mcp", "iam"})
            QTest::newRow(name) << QByteArray("\"") + name + "\":\"x\"" << QByteArray(name) + " has to be an object";
    }
    void switchesOfAWrongTypeAreRefused()
    {
        QFETCH(QByteArray, members);
        QFETCH(QByteArray, says);
        const auto answer =
            m_engine.api("POST", QStringLiteral("/sandboxes"), R"({"templateID":"base","timeout":60,)" + members + '}');
        QCOMPARE(answer.status, 400);
        QCOMPARE(answer.json(QStringLiteral("message")).toString(), QString::fromLatin1(says));
    }

    void theNetworkKeepsItsSwitch()
    {
        const auto made = m_engine.create(
            R"({"templateID":"base","timeout":60,"allow_internet_access":false,"secure":null,"network":null})");
        QVERIFY(!made.id.isEmpty());
        const QString path = QStringLiteral("/sandboxes/") + made.id;
        const auto answer =
            m_engine.api("PUT", path + QStringLiteral("/network"), R"({"allow_internet_access":"true"})");
        QCOMPARE(answer.status, 400);
        QVERIFY2(answer.body.contains("allow_internet_access has to be true or false"), answer.body);
        QCOMPARE(m_engine.api("GET", path).json(QStringLiteral("allowInternetAccess")), QJsonValue(false));
        QCOMPARE(m_engine.api("DELETE", path).status, 204);
    }

    void whatIsNoFileIsCalledSo_data()
    {
        QTest::addColumn<QByteArray>("path");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("device") << QByteArray("/dev/null") << QByteArray("is not a regular file");
        QTest::newRow("pipe") << QByteArray("/home/user/pipe") << QByteArray("is not a regular file");
        QTest::newRow("socket") << QByteArray("/home/user/socket") << QByteArray("is not a regular file");
        QTest::newRow("directory") << QByteArray("/tmp") << QByteArray("is a directory");
    }
    void whatIsNoFileIsCalledSo()
    {
        QFETCH(QByteArray, path);
        QFETCH(QByteArray, says);
        QCOMPARE(run(QStringLiteral("import os, socket\nif not os.path.exists('/home/user/pipe'):\n"
                                    "    os.mkfifo('/home/user/pipe')\n"
                                    "    socket.socket(socket.AF_UNIX).bind('/home/user/socket')\nprint('made')")),
                 QByteArray("made\n"));
        for (const char *method : {"GET", "POST"}) {
            const auto answer = files(method, path);
            QCOMPARE(answer.status, 400);
            QVERIFY2(answer.body.contains(QByteArray("path '" + path + "' " + says)), answer.body);
        }
    }

    void contextsOfAWrongShapeAreRefused_data()
    {
        QTest::addColumn<QByteArray>("body");
        for (const char *body : {"{nonsense", "[]", R"({"language":5})", R"({"cwd":5})", R"({"cwd":"/tmp\u0000x"})"})
            QTest::newRow(body) << QByteArray(body);
    }
    void contextsOfAWrongShapeAreRefused()
    {
        QFETCH(QByteArray, body);
        const auto count = [this] {
            const auto list =
                m_engine.sandbox(m_sandbox.id, m_sandbox.token, 49999, "GET", QStringLiteral("/contexts"));
            return QJsonDocument::fromJson(list.body).array().size();
        };
        const auto before = count();
        QCOMPARE(contexts(body).status, 400);
        QCOMPARE(count(), before);
    }

    void executionsOfAWrongShapeAreRefused()
    {
        for (const char *member : {R"("language":5)", R"("context_id":5)", R"("env_vars":"x")", R"("env_vars":{"A":1})",
                                   R"("env_vars":{"A":"1\u00002"})"}) {
            const auto answer =
                m_engine.sandbox(m_sandbox.id, m_sandbox.token, 49999, "POST", QStringLiteral("/execute"),
                                 QByteArray(R"({"code":"1",)") + member + '}');
            QVERIFY2(answer.status == 400, member);
        }
    }

    void processesOfAWrongShapeDoNotRun_data()
    {
        QTest::addColumn<QByteArray>("body");
        for (const char *body :
             {R"({"process":{"cmd":"echo","args":"x"}})", R"({"process":{"cmd":"echo","args":{"a":"x"}}})",
              R"({"process":{"cmd":"echo","envs":"x"}})", R"({"process":{"cmd":"echo","cwd":5}})",
              R"({"process":{"cmd":5}})", R"({"process":{"cmd":"echo"},"stdin":"yes"})",
              R"({"process":{"cmd":"echo"},"tag":5})", R"({"process":{"cmd":"echo"},"pty":true})",
              R"({"process":{"cmd":"echo"},"pty":{"size":{"cols":"x"}}})"})
            QTest::newRow(body) << QByteArray(body);
    }
    void processesOfAWrongShapeDoNotRun()
    {
        QFETCH(QByteArray, body);
        const auto answer = rpc("process.Process/Start", body);
        QVERIFY2(answer.body.contains(R"("code":"invalid_argument")"), answer.body);
        QVERIFY2(!answer.body.contains("start"), answer.body);
    }

    void selectorsOfAWrongTypeAreRefused()
    {
        const auto answer = rpc("process.Process/SendSignal", R"({"process":{"pid":"x"},"signal":"SIGNAL_SIGKILL"})");
        QCOMPARE(answer.status, 400);
        QCOMPARE(answer.json(QStringLiteral("code")).toString(), QStringLiteral("invalid_argument"));
        const auto asText = rpc("process.Process/SendSignal", R"({"process":{"pid":"999999"},"signal":9})");
        QCOMPARE(asText.json(QStringLiteral("code")).toString(), QStringLiteral("not_found"));
    }

    void pathsAreToldAsWritten()
    {
        const auto written = files("POST", "rel/../x/./y");
        QCOMPARE(written.status, 200);
        QVERIFY2(written.body.contains(R"("/home/user/x/y")"), written.body);
        QCOMPARE(run(QStringLiteral("print(open('/home/user/x/y').read())")), QByteArray("text\n"));
    }

    void aDirectoryThatIsAFileIsCalledSo()
    {
        const auto started = rpc("process.Process/Start", R"({"process":{"cmd":"echo","cwd":"kept"}})");
        QVERIFY2(started.body.contains("cwd '/home/user/kept' is not a directory"), started.body);
        const auto missing = rpc("process.Process/Start", R"({"process":{"cmd":"echo","cwd":"none"}})");
        QVERIFY2(missing.body.contains("cwd '/home/user/none' does not exist"), missing.body);
        QCOMPARE(contexts(R"({"cwd":"kept"})").body, QByteArray("cwd '/home/user/kept' is not a directory"));
    }

    void buildsOfABuiltInTemplateAreUnknown()
    {
        const QString build = QStringLiteral("/builds/6f6bcf0d-3c3d-4b5c-9d76-2b0f0f8f3a11/");
        for (const char *what : {"status", "logs"})
            QCOMPARE(m_engine.api("GET", QStringLiteral("/templates/base") + build + QLatin1String(what)).status, 400);
        QCOMPARE(m_engine.api("GET", QStringLiteral("/templates/none") + build + QLatin1String("status")).status, 404);
    }
};

QTEST_GUILESS_MAIN(TestEngineHostile)
#include "tst_engine_hostile.moc"
