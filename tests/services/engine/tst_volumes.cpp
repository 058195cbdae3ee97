#include "tests/services/engine/engine_process.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonObject>
#include <QNetworkReply>
#include <QTest>

#include <unistd.h>

using namespace Qt::Literals::StringLiterals;

/// Volumes through the engine's API: in sandboxes, through their own contents API, across restarts.
class TestVolumes final : public QObject
{
    Q_OBJECT

private:
    using Created = EngineProcess::Created;
    struct Volume
    {
        QString id;
        QByteArray token;
    };
    std::unique_ptr<QTemporaryDir> m_state;
    std::unique_ptr<EngineProcess> m_engine;

    void restart(uid_t user = 0)
    {
        m_engine = std::make_unique<EngineProcess>(m_state->path());
        if (user != 0)
            m_engine->runAs(user);
        QVERIFY(m_engine->start({u"--volume-mb"_s, u"4"_s}));
    }
    [[nodiscard]] Volume make(const QByteArray &name)
    {
        const auto made = m_engine->api("POST", u"/volumes"_s, R"({"name":")" + name + R"("})");
        return {made.json(u"volumeID"_s).toString(), made.json(u"token"_s).toString().toLatin1()};
    }
    [[nodiscard]] Created create(const QByteArray &mounts)
    {
        return m_engine->create(R"({"templateID":"code-interpreter-v1","timeout":120,"volumeMounts":)" + mounts + "}");
    }
    [[nodiscard]] QByteArray run(const Created &sandbox, const QString &code)
    {
        const auto answer = m_engine->execute(sandbox.id, sandbox.token, code);
        return executionText(answer.body, "stdout", "text") + executionText(answer.body, "error", "value");
    }
    [[nodiscard]] EngineProcess::Answer content(const Volume &volume, const QByteArray &method, const QString &what,
                                                const QByteArray &body = {}, const QByteArray &token = {})
    {
        const QUrl url(m_engine->apiUrl().toString() + u"/volumecontent/%1/"_s.arg(volume.id) + what);
        return EngineProcess::wait(
            m_engine->send(url, method, body,
                           {{"Authorization", "Bearer " + (token.isEmpty() ? volume.token : token)},
                            {"Content-Type", "application/octet-stream"}}));
    }

private Q_SLOTS:
    void init()
    {
        m_state = std::make_unique<QTemporaryDir>(u"/var/tmp/volumes-XXXXXX"_s);
        restart();
    }
    void cleanup()
    {
        m_engine.reset();
        m_state.reset();
    }

    void areMadeToldAndDeleted()
    {
        const Volume volume = make("data_1-A");
        QVERIFY(volume.token.size() >= 32);
        const QString path = u"/volumes/"_s + volume.id;
        QCOMPARE(m_engine->api("GET", path).json(u"token"_s).toString().toLatin1(), volume.token);
        const auto list = m_engine->api("GET", u"/volumes"_s);
        QCOMPARE(list.json().toArray(),
                 (QJsonArray{QJsonObject{{u"volumeID"_s, volume.id}, {u"name"_s, u"data_1-A"_s}}}));
        const auto again = m_engine->api("POST", u"/volumes"_s, R"({"name":"data_1-A"})");
        QCOMPARE(again.status, 400);
        QCOMPARE(again.json(u"message"_s).toString(), u"Volume with name 'data_1-A' already exists"_s);
        for (const char *body : {R"({"name":"a b"})", R"({"name":""})", R"({"name":"../x"})", "{}", "nonsense"})
            QCOMPARE(m_engine->api("POST", u"/volumes"_s, body).status, 400);
        QCOMPARE(content(volume, "PUT", u"file?path=/x"_s, "x").status, 201);
        QCOMPARE(m_engine->api("DELETE", path).status, 204);
        QCOMPARE(m_engine->api("DELETE", path).status, 404);
        QCOMPARE(m_engine->api("GET", path).status, 404);
        QTRY_VERIFY(
            QDir(m_state->filePath(u"volumes"_s)).isEmpty(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot));
    }

    void contentsOverHttp()
    {
        const Volume volume = make("v");
        const auto put = content(volume, "PUT", u"file?path=/a.txt&mode=384"_s, "hello");
        QCOMPARE(put.status, 201);
        const QJsonObject entry = put.json().toObject();
        QCOMPARE(entry[u"name"_s].toString(), u"a.txt"_s);
        QCOMPARE(entry[u"path"_s].toString(), u"/a.txt"_s);
        QCOMPARE(entry[u"type"_s].toString(), u"file"_s);
        QCOMPARE(entry[u"mode"_s].toInt(), 0600);
        QCOMPARE(entry[u"uid"_s].toInt(), 1000);
        QCOMPARE(entry[u"size"_s].toInt(), 5);
        QCOMPARE(content(volume, "GET", u"file?path=a.txt"_s).body, QByteArray("hello"));
        QCOMPARE(content(volume, "PUT", u"file?path=/a.txt"_s, {}).status, 201); // empty
        QCOMPARE(content(volume, "GET", u"file?path=/a.txt"_s).body, QByteArray());
        QCOMPARE(content(volume, "PUT", u"file?path=/a.txt&force=false"_s, "x").status, 409);
        QCOMPARE(content(volume, "POST", u"dir?path=/d/e&force=true&mode=493"_s).status, 201);
        QCOMPARE(content(volume, "POST", u"dir?path=/n/e"_s).status, 404);
        const QJsonArray list = content(volume, "GET", u"dir?path=/&depth=2"_s).json().toArray();
        QCOMPARE(list.size(), 3);
        QCOMPARE(list[2][u"path"_s].toString(), u"/d/e"_s);
        QCOMPARE(content(volume, "PATCH", u"path?path=/a.txt"_s, R"({"mode":420,"uid":1000})").json(u"mode"_s).toInt(),
                 0644);
        QCOMPARE(content(volume, "PATCH", u"path?path=/a.txt"_s, R"({"uid":0})").status, 400);
        QCOMPARE(content(volume, "PATCH", u"path?path=/a.txt"_s, R"({"mode":-1})").status, 400);
        QCOMPARE(content(volume, "DELETE", u"path?path=/d"_s).status, 204);
        const auto gone = content(volume, "GET", u"path?path=/d"_s);
        QCOMPARE(gone.status, 404);
        QCOMPARE(gone.json(u"code"_s).toString(), u"not_found"_s); // a text here, unlike everywhere else
        QCOMPARE(content(volume, "GET", u"file?path=../../api-key"_s).status, 400);
        QCOMPARE(content(volume, "GET", u"path"_s).status, 400);
        QCOMPARE(content(volume, "PUT", u"file?path=/b&mode=x"_s, "x").status, 400);
    }

    void theTokenIsDemanded()
    {
        const Volume volume = make("v"), other = make("w");
        QCOMPARE(content(volume, "GET", u"dir?path=/"_s, {}, other.token).status, 401);
        QCOMPARE(content(volume, "GET", u"dir?path=/"_s, {}, m_engine->key()).status, 401);
        const QUrl url(m_engine->apiUrl().toString() + u"/volumecontent/%1/dir?path=/"_s.arg(volume.id));
        QCOMPARE(EngineProcess::wait(m_engine->send(url, "GET", {}, {})).status, 401);
        QCOMPARE(content({u"none"_s, volume.token}, "GET", u"dir?path=/"_s).status, 404);
        QCOMPARE(m_engine->apiAs(volume.token, "GET", u"/volumes"_s).status, 401); // and opens nothing else
    }

    void outliveTheEngine()
    {
        const Volume volume = make("v");
        QCOMPARE(content(volume, "PUT", u"file?path=/kept"_s, "text").status, 201);
        m_engine->kill();
        restart();
        QCOMPARE(content(volume, "GET", u"file?path=/kept"_s).body, QByteArray("text"));
        QCOMPARE(m_engine->api("GET", u"/volumes"_s).json().toArray().size(), 1);
    }

    void severalSandboxesShareOne()
    {
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
        const Volume volume = make("shared");
        QCOMPARE(content(volume, "PUT", u"file?path=/from-api"_s, "one").status, 201);
        const QByteArray mounts = R"([{"name":"shared","path":"/data/in"}])";
        const Created first = create(mounts), second = create(R"([{"name":"shared","path":"/home/user/other"}])");
        QCOMPARE(run(first, u"print(open('/data/in/from-api').read())\nopen('/data/in/from-first','w').write('two')"_s),
                 QByteArray("one\n"));
        QCOMPARE(
            run(second,
                u"import os\nprint(open('/home/user/other/from-first').read(), os.stat('/home/user/other').st_uid)"_s),
            QByteArray("two 1000\n"));
        QCOMPARE(content(volume, "GET", u"file?path=/from-first"_s).body, QByteArray("two"));
        QCOMPARE(
            run(second, u"import os\nos.remove('/home/user/other/from-api')\nprint(os.listdir('/home/user/other'))"_s),
            QByteArray("['from-first']\n"));
        const QJsonArray told = m_engine->api("GET", u"/sandboxes/"_s + first.id).json(u"volumeMounts"_s).toArray();
        QCOMPARE(told, (QJsonArray{QJsonObject{{u"name"_s, u"shared"_s}, {u"path"_s, u"/data/in"_s}}}));
        // Neither a program of another account nor a device can come in by it.
        QVERIFY(run(first, u"print([l.split()[5] for l in open('/proc/self/mountinfo') if '/data/in' in l])"_s)
                    .contains("nosuid,nodev"));
        QCOMPARE(m_engine->api("DELETE", u"/volumes/"_s + volume.id).status, 409);
        QCOMPARE(m_engine->api("DELETE", u"/sandboxes/"_s + first.id).status, 204);
        QCOMPARE(m_engine->api("DELETE", u"/sandboxes/"_s + second.id).status, 204);
        const Created third = create(mounts);
        QCOMPARE(run(third, u"print(open('/data/in/from-first').read())"_s), QByteArray("two\n"));
        QCOMPARE(m_engine->api("DELETE", u"/sandboxes/"_s + third.id).status, 204);
        QCOMPARE(m_engine->api("DELETE", u"/volumes/"_s + volume.id).status, 204);
    }

    void ofAnOrdinaryUser()
    {
        if (::getuid() != 0)
            QSKIP("only root can become somebody");
        QCOMPARE(m_engine->terminate(), 0);
        m_engine.reset();
        m_state = std::make_unique<QTemporaryDir>(u"/var/tmp/volumes-XXXXXX"_s);
        restart(65534);
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
        const Volume volume = make("mine");
        const Created sandbox = create(R"([{"name":"mine","path":"/data"}])");
        QCOMPARE(run(sandbox, u"open('/data/x','w').write('hi'); print('ok')"_s), QByteArray("ok\n"));
        QCOMPARE(content(volume, "GET", u"file?path=/x"_s).body, QByteArray("hi"));
    }

    void badMounts_data()
    {
        QTest::addColumn<QByteArray>("mounts");
        QTest::addColumn<QByteArray>("says");
        const auto row = [](const char *name, const char *mounts, const char *says) {
            QTest::newRow(name) << QByteArray(mounts) << QByteArray(says);
        };
        row("unknown", R"([{"name":"none","path":"/a"}])",
            R"(invalid mounts:\n\t- volume mount #0: volume 'none' not found)");
        row("relative", R"([{"name":"v","path":"a"}])", "path must be absolute");
        row("not clean", R"([{"name":"v","path":"/a/../b"}])", "path must not contain any '.' or '..' components");
        row("the same twice", R"([{"name":"v","path":"/a"},{"name":"v","path":"/a"}])",
            "#1: path '/a' is already used");
        row("one in the other", R"([{"name":"v","path":"/a"},{"name":"v","path":"/a/b"}])",
            "lies within another volume");
        row("over the system", R"([{"name":"v","path":"/usr"}])", "belongs to the system");
        row("no list", R"({"v":"/a"})", "has to be a list");
        row("no texts", R"([{"name":1,"path":"/a"}])", "a mount has to be");
    }
    void badMounts()
    {
        QFETCH(QByteArray, mounts);
        QFETCH(QByteArray, says);
        QVERIFY(!make("v").id.isEmpty());
        const auto answer =
            m_engine->api("POST", u"/sandboxes"_s, R"({"templateID":"base","volumeMounts":)" + mounts + "}");
        QCOMPARE(answer.status, 400);
        QVERIFY2(answer.body.contains(says), answer.body);
    }

    void aLinkOnTheWayIsNotFollowed()
    {
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
        QVERIFY(!make("v").id.isEmpty());
        const Created source = create("[]");
        QCOMPARE(run(source, u"import os\nos.symlink('/proc', '/home/user/link'); print('ok')"_s), QByteArray("ok\n"));
        QCOMPARE(m_engine->api("POST", u"/sandboxes/%1/snapshots"_s.arg(source.id), R"({"name":"linked"})").status,
                 201);
        const auto answer =
            m_engine->api("POST", u"/sandboxes"_s,
                          R"({"templateID":"linked","volumeMounts":[{"name":"v","path":"/home/user/link"}]})");
        QCOMPARE(answer.status, 500);
        QVERIFY2(answer.body.contains("volume"), answer.body);
    }

    void aFullOneStopsItsWriters()
    {
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
        const Volume volume = make("small"); // 4 MB
        const auto refused = content(volume, "PUT", u"file?path=/big"_s, QByteArray(5 << 20, 'x'));
        QVERIFY2(refused.status != 201, refused.body); // 413, or cut off while it still sends
        QCOMPARE(content(volume, "GET", u"path?path=/big"_s).status, 404);
        QCOMPARE(content(volume, "PUT", u"file?path=/first"_s, QByteArray(3 << 20, 'x')).status, 201);
        QCOMPARE(content(volume, "PUT", u"file?path=/second"_s, QByteArray(2 << 20, 'x')).status, 507);
        const QByteArray mounts = R"([{"name":"small","path":"/data"}])";
        const Created writer = create(mounts);
        const Created beside = create("[]");
        QCOMPARE(run(writer, u"open('/data/more','wb').write(b'x' * (3 << 20)); print('ok')"_s), QByteArray("ok\n"));
        const auto state = [&](const Created &of) {
            return m_engine->api("GET", u"/sandboxes/"_s + of.id).json(u"state"_s).toString();
        };
        QTRY_COMPARE_WITH_TIMEOUT(state(writer), u"paused"_s, 20'000);
        QCOMPARE(state(beside), u"running"_s);
        const QByteArray log = m_engine->api("GET", u"/v2/sandboxes/%1/logs"_s.arg(writer.id)).body;
        QVERIFY2(log.contains("volume 'small' is full"), log);
        const QString connect = u"/sandboxes/%1/connect"_s.arg(writer.id);
        const auto again = m_engine->api("POST", connect, R"({"timeout":60})");
        QCOMPARE(again.status, 507);
        QVERIFY2(again.body.contains("remove something"), again.body);
        QCOMPARE(
            m_engine->api("POST", u"/sandboxes"_s, R"({"templateID":"base","volumeMounts":)" + mounts + "}").status,
            507);
        QCOMPARE(content(volume, "DELETE", u"path?path=/more"_s).status, 204);
        int resumed = 0;
        QVERIFY(QTest::qWaitFor([&] {
            resumed = m_engine->api("POST", connect, R"({"timeout":60})").status;
            return resumed != 507;
        }));
        QCOMPARE(resumed, 201);
        QCOMPARE(run(writer, u"import os; print(os.listdir('/data'))"_s), QByteArray("['first']\n"));
    }

    void aPausedOneAndItsForkKeepIt()
    {
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
        const Volume volume = make("v");
        const Created source = create(R"([{"name":"v","path":"/data"}])");
        QCOMPARE(run(source, u"open('/data/x','w').write('1'); print('ok')"_s), QByteArray("ok\n"));
        const QJsonArray forks =
            m_engine->api("POST", u"/sandboxes/%1/fork"_s.arg(source.id), R"({"timeout":60})").json().toArray();
        const QJsonObject fork = forks.first()[u"sandbox"_s].toObject();
        const Created copy{fork[u"sandboxID"_s].toString(), fork[u"envdAccessToken"_s].toString().toLatin1()};
        QCOMPARE(run(copy, u"print(open('/data/x').read())"_s), QByteArray("1\n")); // the same one, not a copy of it
        QCOMPARE(run(source, u"open('/data/x','w').write('2'); print('ok')"_s), QByteArray("ok\n"));
        QCOMPARE(run(copy, u"print(open('/data/x').read())"_s), QByteArray("2\n"));
        QCOMPARE(m_engine->api("POST", u"/sandboxes/%1/pause"_s.arg(source.id)).status, 204);
        QCOMPARE(m_engine->api("DELETE", u"/volumes/"_s + volume.id).status, 409);
        QCOMPARE(m_engine->api("POST", u"/sandboxes/%1/connect"_s.arg(source.id), R"({"timeout":60})").status, 201);
        QCOMPARE(run(source, u"print(open('/data/x').read())"_s), QByteArray("2\n"));
    }
};

QTEST_GUILESS_MAIN(TestVolumes)
#include "tst_volumes.moc"
