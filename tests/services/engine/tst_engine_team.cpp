#include "tests/services/engine/engine_process.h"

#include <QDateTime>
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QRegularExpression>
#include <QTest>

using namespace Qt::Literals::StringLiterals;

/// What belongs to the team as a whole: its keys, its figures, its limits.
class TestEngineTeam final : public QObject
{
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_state = std::make_unique<QTemporaryDir>();
    std::unique_ptr<EngineProcess> m_engine;

    void start()
    {
        m_engine = std::make_unique<EngineProcess>(m_state->path());
        QVERIFY(m_engine->start({u"--max-sandboxes"_s, u"2"_s, u"--max-timeout"_s, u"7200"_s}));
    }
    [[nodiscard]] QJsonObject newKey(const QByteArray &name)
    {
        return m_engine->api("POST", u"/api-keys"_s, R"({"name":")" + name + R"("})").json().toObject();
    }
    [[nodiscard]] int statusAs(const QByteArray &key) { return m_engine->apiAs(key, "GET", u"/v2/sandboxes"_s).status; }

private Q_SLOTS:
    void initTestCase() { start(); }

    void aKeyIsShownOnce()
    {
        const QJsonObject made = newKey("ci");
        const QByteArray key = made[u"key"_s].toString().toLatin1();
        QVERIFY2(QRegularExpression(u"^e2b_[0-9a-f]{40}$"_s).match(QString::fromLatin1(key)).hasMatch(), key);
        const QJsonObject mask = made[u"mask"_s].toObject();
        QCOMPARE(mask,
                 (QJsonObject{{u"prefix"_s, u"e2b_"_s},
                              {u"valueLength"_s, 40},
                              {u"maskedValuePrefix"_s, QString::fromLatin1(key.mid(4, 2))},
                              {u"maskedValueSuffix"_s, QString::fromLatin1(key.right(4))}}));
        const auto listed = m_engine->api("GET", u"/api-keys"_s);
        QCOMPARE(listed.json().toArray().size(), 1);
        QJsonObject entry = listed.json().toArray().first().toObject();
        QCOMPARE(entry[u"name"_s].toString(), u"ci"_s);
        QVERIFY(entry[u"lastUsed"_s].isNull() && entry[u"createdBy"_s].isNull());
        QVERIFY(QDateTime::fromString(entry[u"createdAt"_s].toString(), Qt::ISODate).isValid());
        QVERIFY(!listed.body.contains(key));
        QCOMPARE(statusAs(key), 200);
        entry = m_engine->api("GET", u"/api-keys"_s).json().toArray().first().toObject();
        QVERIFY(!entry[u"lastUsed"_s].isNull());
        for (const QString &name : {u"engine.db"_s, u"engine.db-wal"_s}) { // its hash alone is kept
            QFile file(m_state->filePath(name));
            QVERIFY(file.open(QIODevice::ReadOnly));
            QVERIFY(!file.readAll().contains(key.mid(4)));
        }
    }

    void keysLiveOn()
    {
        const QJsonObject made = newKey("kept");
        const QByteArray key = made[u"key"_s].toString().toLatin1();
        const QString path = u"/api-keys/"_s + made[u"id"_s].toString();
        QCOMPARE(m_engine->api("PATCH", path, R"({"name":"renamed"})").status, 200);
        QCOMPARE(m_engine->terminate(), 0);
        start();
        QCOMPARE(statusAs(key), 200);
        QCOMPARE(m_engine->api("GET", u"/api-keys"_s).json().toArray().last()[u"name"_s].toString(), u"renamed"_s);
        QCOMPARE(m_engine->api("DELETE", path).status, 204);
        QCOMPARE(statusAs(key), 401);
        QCOMPARE(statusAs(m_engine->key()), 200); // the engine's own stays
        QCOMPARE(m_engine->api("DELETE", path).status, 404);
        QCOMPARE(m_engine->api("PATCH", path, R"({"name":"x"})").status, 404);
    }

    void badKeyRequests_data()
    {
        QTest::addColumn<QByteArray>("body");
        QTest::newRow("nothing") << QByteArray();
        QTest::newRow("no name") << QByteArray("{}");
        QTest::newRow("empty name") << QByteArray(R"({"name":""})");
        QTest::newRow("number") << QByteArray(R"({"name":1})");
        QTest::newRow("long") << QByteArray(R"({"name":")" + QByteArray(300, 'x') + R"("})");
    }
    void badKeyRequests()
    {
        QFETCH(QByteArray, body);
        QCOMPARE(m_engine->api("POST", u"/api-keys"_s, body).status, 400);
    }

    void bearerIsAKeyToo()
    {
        const QUrl url(m_engine->apiUrl().toString() + u"/teams"_s);
        const auto as = [&](const QByteArray &value) {
            return EngineProcess::wait(m_engine->send(url, "GET", {}, {{"Authorization", value}}));
        };
        QCOMPARE(as("Bearer " + m_engine->key()).status, 200);
        QCOMPARE(as("Bearer e2b_0000").status, 401);
        QCOMPARE(as("Basic " + m_engine->key()).status, 401);
    }

    void theTeam()
    {
        const QJsonObject made = newKey("reader");
        const QByteArray key = made[u"key"_s].toString().toLatin1();
        const QJsonArray teams = m_engine->apiAs(key, "GET", u"/teams"_s).json().toArray();
        QCOMPARE(teams.size(), 1);
        QCOMPARE(teams[0][u"isDefault"_s].toBool(), true);
        QCOMPARE(teams[0][u"apiKey"_s].toString().toLatin1(), key); // not the engine's own
        QCOMPARE(m_engine->api("GET", u"/teams/other/metrics"_s).status, 403);
        QCOMPARE(m_engine->api("GET", u"/teams/other/metrics/max?metric=concurrent_sandboxes"_s).status, 403);
    }

    void figuresOfTheTeam()
    {
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
        const QString id = m_engine->api("GET", u"/teams"_s).json().toArray().first()[u"teamID"_s].toString();
        const QString path = u"/teams/%1/metrics"_s.arg(id);
        const auto one = m_engine->create(R"({"templateID":"base","timeout":120})");
        QVERIFY(!one.id.isEmpty());
        const auto newest = [&] { return m_engine->api("GET", path).json().toArray().last().toObject(); };
        QTRY_COMPARE_WITH_TIMEOUT(newest()[u"concurrentSandboxes"_s].toInt(), 1, 20'000);
        QVERIFY(std::abs(newest()[u"timestampUnix"_s].toInteger() - QDateTime::currentSecsSinceEpoch()) < 20);
        const auto greatest = [&](const QString &metric) {
            return m_engine->api("GET", path + u"/max?metric="_s + metric).json(u"value"_s).toDouble();
        };
        QCOMPARE(greatest(u"concurrent_sandboxes"_s), 1.0);
        QVERIFY(greatest(u"sandbox_start_rate"_s) > 0.05); // one within the 5 s of a sample
        QVERIFY(greatest(u"sandbox_start_rate"_s) < 2);
        QCOMPARE(m_engine->api("GET", path + u"/max"_s).status, 400);
        QCOMPARE(m_engine->api("GET", path + u"/max?metric=money"_s).status, 400);
        QCOMPARE(m_engine->api("GET", path + u"?start=9&end=3"_s).status, 400);
        QCOMPARE(m_engine->api("GET", path + u"?end=9"_s).json().toArray().size(), 0);
        QCOMPARE(m_engine->api("DELETE", u"/sandboxes/"_s + one.id).status, 204);
    }

    void limitsOfTheTeam()
    {
        if (!m_engine->canRunSandboxes())
            QSKIP("no isolation on this machine");
        const QByteArray body = R"({"templateID":"base","timeout":7200})"; // longer than the usual hour
        const auto first = m_engine->create(body), second = m_engine->create(body);
        QVERIFY(!first.id.isEmpty() && !second.id.isEmpty());
        const auto third = m_engine->api("POST", u"/sandboxes"_s, body);
        QCOMPARE(third.status, 429);
        QCOMPARE(third.json(u"code"_s).toInt(), 429);
        const QString says = third.json(u"message"_s).toString();
        QVERIFY2(says.startsWith(
                     u"you have reached the maximum number of concurrent E2B sandboxes (2). If you need more, "_s),
                 qPrintable(says));
        QCOMPARE(m_engine->api("POST", u"/sandboxes/%1/pause"_s.arg(first.id)).status, 204);
        const auto fourth = m_engine->create(body);
        QVERIFY(!fourth.id.isEmpty());
        const auto resumed = m_engine->api("POST", u"/sandboxes/%1/connect"_s.arg(first.id), R"({"timeout":60})");
        QCOMPARE(resumed.status, 429);
        const auto late = m_engine->api("POST", u"/sandboxes"_s, R"({"templateID":"base","timeout":7201})");
        QCOMPARE(late.status, 400);
        QCOMPARE(late.json(u"message"_s).toString(), u"Timeout cannot be greater than 2 hours"_s);
        QCOMPARE(m_engine->api("POST", u"/sandboxes"_s, R"({"templateID":"base","timeout":0})")
                     .json(u"message"_s)
                     .toString(),
                 u"Timeout must be greater than 0"_s);
    }
};

QTEST_GUILESS_MAIN(TestEngineTeam)
#include "tst_engine_team.moc"
