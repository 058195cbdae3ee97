#include "tests/services/engine/engine_process.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QNetworkReply>
#include <QTest>

using namespace Qt::Literals::StringLiterals;

/// Snapshots and forks through the engine's API, across restarts of the engine.
class TestSnapshots final : public QObject
{
    Q_OBJECT

private:
    using Created = EngineProcess::Created;
    std::unique_ptr<QTemporaryDir> m_state;
    std::unique_ptr<EngineProcess> m_engine;

    void restart()
    {
        m_engine = std::make_unique<EngineProcess>(m_state->path());
        QVERIFY(m_engine->start());
    }
    [[nodiscard]] Created create(const QString &from = u"base"_s)
    {
        return m_engine->create(R"({"timeout":120,"templateID":")" + from.toUtf8() + R"("})");
    }
    void write(const Created &sandbox, const QByteArray &text)
    {
        const auto answer = m_engine->sandbox(sandbox.id, sandbox.token, 49983, "POST", u"/files?path=note"_s, text,
                                              {{"Content-Type", "application/octet-stream"}});
        QCOMPARE(answer.status, 200);
    }
    [[nodiscard]] QByteArray read(const Created &sandbox)
    {
        const auto answer = m_engine->sandbox(sandbox.id, sandbox.token, 49983, "GET", u"/files?path=note"_s);
        return answer.status == 200 ? answer.body : QByteArray::number(answer.status);
    }
    [[nodiscard]] EngineProcess::Answer take(const Created &sandbox, const QByteArray &body = "{}")
    {
        return m_engine->api("POST", u"/sandboxes/%1/snapshots"_s.arg(sandbox.id), body);
    }
    [[nodiscard]] QStringList listed(const QString &query = {})
    {
        QStringList ids;
        for (const QJsonValue &each : m_engine->api("GET", u"/snapshots"_s + query).json().toArray())
            ids << each[u"snapshotID"_s].toString();
        return ids;
    }
    [[nodiscard]] int remove(const QString &id) { return m_engine->api("DELETE", u"/templates/"_s + id).status; }
    [[nodiscard]] QStringList layers() const
    {
        return QDir(m_state->filePath(u"layers"_s)).entryList({u"saved-*"_s}, QDir::Dirs);
    }

private Q_SLOTS:
    void init()
    {
        m_state = std::make_unique<QTemporaryDir>(u"/var/tmp/snapshots-XXXXXX"_s);
        restart();
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
    }
    void cleanup()
    {
        m_engine.reset();
        m_state.reset();
    }

    void surviveTheEngine()
    {
        const Created source = create();
        write(source, "before");
        const auto taken = take(source, R"({"name":"Team/Kept:v2"})");
        QCOMPARE(taken.status, 201);
        QCOMPARE(taken.json(u"snapshotID"_s).toString(), u"kept:v2"_s);
        write(source, "after");
        QCOMPARE(m_engine->terminate(), 0);
        restart();
        QCOMPARE(listed(), QStringList{u"kept:v2"_s});
        for (const QString &name : {u"kept:v2"_s, u"team/KEPT:v2"_s}) {
            const Created copy = create(name);
            QCOMPARE(read(copy), QByteArray("before"));
        }
        QCOMPARE(m_engine->api("POST", u"/sandboxes"_s, R"({"templateID":"kept","timeout":60})").status, 404); // no tag
    }

    void sameNameAndTagReplaces()
    {
        const Created source = create();
        write(source, "one");
        QCOMPARE(take(source, R"({"name":"n"})").status, 201);
        const Created first = create(u"n"_s);
        write(source, "two");
        QCOMPARE(take(source, R"({"name":"n"})").status, 201);
        QCOMPARE(take(source, R"({"name":"n:other"})").status, 201);
        QCOMPARE(listed(), (QStringList{u"n:other"_s, u"n:default"_s}));
        QCOMPARE(listed(u"?name=n:default"_s), QStringList{u"n:default"_s});
        const Created second = create(u"n"_s);
        QCOMPARE(read(second), QByteArray("two"));
        QCOMPARE(read(first), QByteArray("one"));
        QCOMPARE(m_engine->api("GET", u"/sandboxes/"_s + first.id).json(u"templateID"_s),
                 m_engine->api("GET", u"/sandboxes/"_s + second.id).json(u"templateID"_s));
        QCOMPARE(layers().size(), 3); // the first one's sandbox lives
        QCOMPARE(m_engine->api("DELETE", u"/sandboxes/"_s + first.id).status, 204);
        QTRY_COMPARE(layers().size(), 2);
    }

    void layersGoWhenNobodyStandsOnThem()
    {
        const Created source = create();
        write(source, "x");
        const QString outer = take(source).json(u"snapshotID"_s).toString();
        const Created middle = create(outer);
        const QString inner = take(middle).json(u"snapshotID"_s).toString();
        QCOMPARE(layers().size(), 2);
        QCOMPARE(remove(outer), 204);
        QCOMPARE(remove(outer), 404);
        const Created top = create(inner); // stands on both layers
        QCOMPARE(read(top), QByteArray("x"));
        QCOMPARE(layers().size(), 2);
        QCOMPARE(remove(inner), 204);
        for (const Created &each : {middle, top})
            QCOMPARE(m_engine->api("DELETE", u"/sandboxes/"_s + each.id).status, 204);
        QTRY_COMPARE(layers().size(), 0);
    }

    void leftoversOfAKilledEngineAreRemoved()
    {
        const Created source = create();
        const QString kept = take(source).json(u"snapshotID"_s).toString();
        QVERIFY(QDir(m_state->filePath(u"layers"_s)).mkpath(u"saved-0123456789abcdef/half/of/one"_s));
        m_engine->kill();
        restart();
        QTRY_COMPARE(layers().size(), 1);
        QCOMPARE(listed(), QStringList{kept});
    }

    void forkTellsOfEach()
    {
        const Created source =
            m_engine->create(R"({"templateID":"base","timeout":120,"metadata":{"a":"b"},"envVars":{"V":"value"}})");
        write(source, "forked");
        const auto answer =
            m_engine->api("POST", u"/sandboxes/%1/fork"_s.arg(source.id), R"({"timeout":60,"count":25})");
        QCOMPARE(answer.status, 201);
        const QJsonArray forks = answer.json().toArray();
        QCOMPARE(forks.size(), 25);
        int made = 0;
        for (const QJsonValue &fork : forks) {
            if (fork[u"error"_s].isObject()) {
                QCOMPARE(fork[u"error"_s][u"code"_s].toInt(), 429);
                continue;
            }
            const Created each{fork[u"sandbox"_s][u"sandboxID"_s].toString(),
                               fork[u"sandbox"_s][u"envdAccessToken"_s].toString().toLatin1()};
            QCOMPARE(read(each), QByteArray("forked"));
            ++made;
        }
        QCOMPARE(made, 19); // twenty at once, the source among them
        QCOMPARE(listed(), QStringList());
        QCOMPARE(layers().size(), 1);
    }

    void refusals_data()
    {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<int>("status");
        QTest::newRow("unknown sandbox") << u"/sandboxes/i0/snapshots"_s << QByteArray("{}") << 404;
        QTest::newRow("fork of an unknown one") << u"/sandboxes/i0/fork"_s << QByteArray("{}") << 404;
        QTest::newRow("no JSON") << u"/sandboxes/ID/snapshots"_s << QByteArray("x") << 400;
        QTest::newRow("name of a number") << u"/sandboxes/ID/snapshots"_s << QByteArray(R"({"name":1})") << 400;
        QTest::newRow("name with a space") << u"/sandboxes/ID/snapshots"_s << QByteArray(R"({"name":"a b"})") << 400;
        QTest::newRow("name that climbs") << u"/sandboxes/ID/snapshots"_s << QByteArray(R"({"name":"../x"})") << 400;
        QTest::newRow("empty tag") << u"/sandboxes/ID/snapshots"_s << QByteArray(R"({"name":"a:"})") << 400;
        QTest::newRow("name of a template") << u"/sandboxes/ID/snapshots"_s << QByteArray(R"({"name":"base"})") << 400;
        QTest::newRow("fork of none") << u"/sandboxes/ID/fork"_s << QByteArray(R"({"count":0})") << 400;
        QTest::newRow("fork of too many") << u"/sandboxes/ID/fork"_s << QByteArray(R"({"count":101})") << 400;
    }
    void refusals()
    {
        QFETCH(QString, path);
        QFETCH(QByteArray, body);
        QFETCH(int, status);
        const Created source = create();
        const auto answer = m_engine->api("POST", path.replace(u"ID"_s, source.id), body);
        QCOMPARE(answer.status, status);
        QCOMPARE(answer.json(u"code"_s).toInt(), status);
        QCOMPARE(layers().size(), 0);
    }

    void badQueries()
    {
        for (const QString &query :
             {u"?limit=0"_s, u"?limit=101"_s, u"?limit=x"_s, u"?nextToken=x"_s, u"?name=a%20b"_s})
            QCOMPARE(m_engine->api("GET", u"/snapshots"_s + query).status, 400);
        QCOMPARE(remove(u"base"_s), 400);
        QCOMPARE(remove(u"unknown"_s), 404);
    }

    void twoAtOnceOfOneSandbox()
    {
        const Created source = create();
        const QUrl url(m_engine->apiUrl().toString() + u"/sandboxes/%1/snapshots"_s.arg(source.id));
        QList<QNetworkReply *> replies;
        for (int i = 0; i < 8; ++i)
            replies << m_engine->send(url, "POST", "{}", {{"X-API-KEY", m_engine->key()}});
        int taken = 0;
        for (QNetworkReply *reply : replies) {
            const int status = EngineProcess::wait(reply).status;
            QVERIFY2(status == 201 || status == 409, QByteArray::number(status));
            taken += status == 201 ? 1 : 0;
        }
        QVERIFY(taken >= 1);
        QCOMPARE(listed().size(), taken);
        QTRY_COMPARE(layers().size(), taken);
        write(source, "runs on");
        QCOMPARE(read(source), QByteArray("runs on"));
    }

    void sourceRunsOnAndIsTold()
    {
        const Created source = create();
        QCOMPARE(take(source).status, 201);
        QCOMPARE(m_engine->api("GET", u"/sandboxes/"_s + source.id).json(u"state"_s).toString(), u"running"_s);
        const QJsonArray events = m_engine->api("GET", u"/events/sandboxes/"_s + source.id).json().toArray();
        QCOMPARE(events.first()[u"type"_s].toString(), u"sandbox.lifecycle.checkpointed"_s);
    }
};

QTEST_GUILESS_MAIN(TestSnapshots)
#include "tst_snapshots.moc"
