// What a real sandbox uses, as the engine tells it in E2B's shapes: work, memory and files show in the figures.

#include "tests/services/engine/engine_process.h"

#include <QDateTime>
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include <algorithm>

using namespace Qt::Literals::StringLiterals;

class TestEngineMetrics final : public QObject
{
    Q_OBJECT

private:
    EngineProcess m_engine;
    EngineProcess::Created m_made;

    [[nodiscard]] QJsonArray samples(const QString &query = {})
    {
        return m_engine.api("GET", u"/sandboxes/"_s + m_made.id + u"/metrics"_s + query).json().toArray();
    }
    [[nodiscard]] QJsonObject latest() { return samples().last().toObject(); }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_engine.start());
        if (!m_engine.canRunSandboxes())
            QSKIP("no isolation on this machine");
        m_made = m_engine.create();
        QVERIFY(!m_made.id.isEmpty());
    }

    void figuresAreInTheirShape()
    {
        QTRY_VERIFY_WITH_TIMEOUT(samples().size() >= 2, 30'000); // the first still holds the interpreter's start
        const QJsonObject sample = latest();
        const QJsonObject info = m_engine.api("GET", u"/sandboxes/"_s + m_made.id).json().toObject();
        QCOMPARE(sample.keys(),
                 QStringList({u"cpuCount"_s, u"cpuUsedPct"_s, u"diskTotal"_s, u"diskUsed"_s, u"memCache"_s,
                              u"memTotal"_s, u"memUsed"_s, u"timestamp"_s, u"timestampUnix"_s}));
        QCOMPARE(sample[u"cpuCount"].toInt(), info[u"cpuCount"].toInt());
        QCOMPARE(sample[u"memTotal"].toInteger(), info[u"memoryMB"].toInteger() << 20);
        QVERIFY(sample[u"memUsed"].toInteger() > 1 << 20);
        QVERIFY(sample[u"memUsed"].toInteger() <= sample[u"memTotal"].toInteger());
        QVERIFY(sample[u"cpuUsedPct"].toDouble() >= 0 && sample[u"cpuUsedPct"].toDouble() <= 100);
        QVERIFY(sample[u"diskUsed"].toInteger() >= 0);
        QVERIFY(sample[u"diskTotal"].toInteger() > sample[u"diskUsed"].toInteger());
        const qint64 second = sample[u"timestampUnix"].toInteger();
        QCOMPARE(QDateTime::fromString(sample[u"timestamp"].toString(), Qt::ISODate).toSecsSinceEpoch(), second);
        QVERIFY(std::abs(QDateTime::currentSecsSinceEpoch() - second) < 30);
    }

    void useShows()
    {
        const QJsonObject before = latest();
        const auto answer = m_engine.execute(m_made.id, m_made.token, uR"(
import os, time
held = b'x' * (100 << 20)
with open('/home/user/big', 'wb') as file:
    file.write(os.urandom(20 << 20))
child = os.fork()
end = time.monotonic() + 7
while time.monotonic() < end:
    pass
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
print(sum(os.times()[:4]) / 7 * 100)
)"_s);
        const double had = executionText(answer.body, "stdout", "text").trimmed().toDouble();
        double most = 0;
        const QJsonArray all = samples();
        for (const auto &each : all) {
            if (each[u"timestampUnix"].toInteger() > before[u"timestampUnix"].toInteger())
                most = std::max(most, each[u"cpuUsedPct"].toDouble());
        }
        // Of what two processes that never rest were given, which other work on the machine decides, some stretch of 5
        // s holds more than half. Told is the share of all processors.
        const double share = had / before[u"cpuCount"].toDouble();
        QVERIFY2(share > 0.5 && most > share / 2 && most < 2.5 * share + 10,
                 qPrintable(u"%1 %, told: %2 -> %3"_s.arg(share).arg(before[u"cpuUsedPct"].toDouble()).arg(most)));
        const QJsonObject after = latest();
        QVERIFY(after[u"memUsed"].toInteger() > before[u"memUsed"].toInteger() + (90LL << 20));
        QVERIFY(after[u"diskUsed"].toInteger() >= before[u"diskUsed"].toInteger() + (20LL << 20));
    }

    void rangeIsKept()
    {
        const QJsonArray all = samples();
        QVERIFY(all.size() >= 3);
        const qint64 last = all.last()[u"timestampUnix"].toInteger();
        const QJsonArray late = samples(u"?start=%1"_s.arg(last));
        QVERIFY(!late.isEmpty() && late.size() < all.size());
        QVERIFY(late.first()[u"timestampUnix"].toInteger() >= last - 1); // clients round to whole seconds
        QVERIFY(samples(u"?end=%1"_s.arg(all.first()[u"timestampUnix"].toInteger() - 2)).isEmpty());
        const auto status = [this](const QString &query) {
            return m_engine.api("GET", u"/sandboxes/"_s + m_made.id + u"/metrics"_s + query).status;
        };
        QCOMPARE(status(u"?start=9&end=3"_s), 400);
        QCOMPARE(status(u"?start=yesterday"_s), 400);
        QCOMPARE(m_engine.api("GET", u"/sandboxes/i0000/metrics"_s).status, 404);
    }

    void manyAtOnce()
    {
        const auto other = m_engine.create(R"({"templateID":"base","timeout":60})");
        const QString path = u"/sandboxes/metrics?sandbox_ids="_s;
        const QString both = m_made.id + u","_s + other.id + u",i0000"_s;
        const auto answer = [&] { return m_engine.api("GET", path + both).json(u"sandboxes"_s).toObject(); };
        QTRY_COMPARE_WITH_TIMEOUT(answer().size(), 2, 15'000); // without a sample it is left out, as the unknown one
        const QJsonObject found = answer();
        QCOMPARE(found[m_made.id].toObject().size(), 9);
        QVERIFY(found[m_made.id][u"memUsed"].toInteger() > found[other.id][u"memUsed"].toInteger());
        QCOMPARE(m_engine.api("GET", path).status, 400);
        QCOMPARE(m_engine.api("GET", path + u"a,"_s.repeated(100) + u"a"_s).status, 400);
        QCOMPARE(m_engine.api("DELETE", u"/sandboxes/"_s + other.id).status, 204);
    }

    void pausedKeepsItsFigures()
    {
        QCOMPARE(m_engine.api("POST", u"/sandboxes/"_s + m_made.id + u"/pause"_s).status, 204);
        const auto count = samples().size();
        QTest::qWait(6000); // longer than one interval: a paused sandbox uses nothing and is not sampled
        QCOMPARE(samples().size(), count);
        QVERIFY(count > 0);
    }

    void cleanupTestCase() { QCOMPARE(m_engine.terminate(), 0); }
};

QTEST_GUILESS_MAIN(TestEngineMetrics)
#include "tst_engine_metrics.moc"
