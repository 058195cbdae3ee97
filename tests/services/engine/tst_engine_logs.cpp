// The log of a real sandbox through the engine's API: what its processes, its code and its lifecycle wrote.

#include "tests/services/engine/engine_process.h"

#include <QDateTime>
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>
#include <QtEndian>

using namespace Qt::Literals::StringLiterals;

class TestEngineLogs final : public QObject
{
    Q_OBJECT

private:
    EngineProcess m_engine;
    EngineProcess::Created m_made;

    [[nodiscard]] QJsonArray logs(const QString &query = {}, const QString &id = {})
    {
        const QString path = u"/v2/sandboxes/"_s + (id.isEmpty() ? m_made.id : id) + u"/logs"_s + query;
        return m_engine.api("GET", path).json(u"logs"_s).toArray();
    }
    /// Oldest first, one line each: "level logger/event message".
    [[nodiscard]] QStringList lines(const QString &query = u"?direction=forward"_s, const QString &id = {})
    {
        QStringList list;
        for (const auto &each : logs(query, id))
            list << each[u"level"].toString() + u' ' + each[u"fields"][u"logger"].toString() + u'/'
                    + each[u"fields"][u"event_type"].toString() + u' ' + each[u"message"].toString();
        return list;
    }
    /// A command in the sandbox, to its end.
    void run(const QString &command)
    {
        const QByteArray json =
            QJsonDocument(QJsonObject{{u"process"_s,
                                       QJsonObject{{u"cmd"_s, u"/bin/bash"_s},
                                                   {u"args"_s, QJsonArray{u"-c"_s, command}},
                                                   {u"envs"_s, QJsonObject{{u"KEY"_s, u"secret"_s}}}}}})
                .toJson(QJsonDocument::Compact);
        QByteArray envelope(5, '\0');
        qToBigEndian<quint32>(static_cast<quint32>(json.size()), envelope.data() + 1);
        const auto answer = m_engine.sandbox(m_made.id, m_made.token, 49983, "POST", u"/process.Process/Start"_s,
                                             envelope + json, {{"Content-Type", "application/connect+json"}});
        QCOMPARE(answer.status, 200);
        QVERIFY2(answer.body.contains("\"end\""), answer.body);
    }
    [[nodiscard]] int status(const QString &query)
    {
        return m_engine.api("GET", u"/v2/sandboxes/"_s + m_made.id + u"/logs"_s + query).status;
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_engine.start());
        if (!m_engine.canRunSandboxes())
            QSKIP("no isolation on this machine");
    }
    void init()
    {
        m_made = m_engine.create();
        QVERIFY(!m_made.id.isEmpty());
    }
    void cleanup() { (void)m_engine.api("DELETE", u"/sandboxes/"_s + m_made.id); }

    void processesAreTold()
    {
        run(u"echo one; echo two >&2; printf 'no end'; exit 3"_s);
        const QStringList all = lines();
        QCOMPARE(all.first(), u"info system/sandbox.lifecycle.created Sandbox created from code-interpreter-v1"_s);
        QVERIFY2(all.contains(u"info process/process_start Process started: /bin/bash -c echo one; echo two >&2; "
                              "printf 'no end'; exit 3"_s),
                 qPrintable(all.join(u'\n')));
        QVERIFY(all.contains(u"info process/stdout one"_s));
        QVERIFY(all.contains(u"info process/stderr two"_s));
        QVERIFY(all.indexOf(u"info process/stdout no end"_s) > all.indexOf(u"info process/stdout one"_s));
        QCOMPARE(all.last(), u"warn process/process_end Process ended: exit status 3"_s);
        QVERIFY(!all.join(u'\n').contains(u"secret"_s)); // its environment is nobody's business
        const auto newest = logs().first();              // backward is the default
        QCOMPARE(newest[u"message"].toString(), u"Process ended: exit status 3"_s);
        QVERIFY(newest[u"fields"][u"pid"].toString().toInt() > 1);
    }

    void codeIsTold()
    {
        (void)m_engine.execute(m_made.id, m_made.token,
                               u"import sys\nprint('to out')\nprint('to err', file=sys.stderr)\nnonsense"_s);
        const QStringList all = lines();
        QVERIFY2(all.contains(u"info interpreter/stdout to out"_s), qPrintable(all.join(u'\n')));
        QVERIFY(all.contains(u"info interpreter/stderr to err"_s));
        QVERIFY(all.contains(u"error interpreter/error NameError: name 'nonsense' is not defined"_s));
    }

    void filtersAreTheSpecifications()
    {
        run(u"echo Alpha; echo beta; false"_s);
        QCOMPARE(lines(u"?direction=forward&search=Alp"_s).filter(u"stdout"_s),
                 QStringList{u"info process/stdout Alpha"_s});
        QVERIFY(lines(u"?search=alpha"_s).isEmpty()); // case counts
        QCOMPARE(lines(u"?level=warn"_s), QStringList{u"warn process/process_end Process ended: exit status 1"_s});
        QCOMPARE(logs(u"?limit=2"_s).size(), 2);
        QVERIFY(logs(u"?limit=0"_s).isEmpty());
        QCOMPARE(logs(u"?limit=1&direction=forward"_s).first()[u"fields"][u"event_type"].toString(),
                 u"sandbox.lifecycle.created"_s);
        for (const char *wrong : {"?limit=1001", "?limit=x", "?cursor=-1", "?direction=up", "?level=loud"})
            QCOMPARE(status(QString::fromLatin1(wrong)), 400);
        QCOMPARE(status(u"?search="_s + QString(257, u'x')), 400);
        QCOMPARE(m_engine.api("GET", u"/v2/sandboxes/i0000/logs"_s).status, 404);
    }

    /// Pages from cursor to cursor hold every entry, though many share a millisecond.
    void cursorMissesNothing()
    {
        run(u"seq 3000"_s);
        QStringList seen;
        qint64 cursor = 0;
        for (int page = 0; page < 100; ++page) {
            const QJsonArray rows = logs(u"?direction=forward&limit=1000&cursor=%1"_s.arg(cursor));
            for (const auto &row : rows) {
                const QString line = row[u"timestamp"].toString() + row[u"message"].toString();
                if (row[u"fields"][u"event_type"].toString() == u"stdout" && !seen.contains(line))
                    seen << line;
            }
            const QString time = rows.last()[u"timestamp"].toString().left(23) + u'Z'; // Qt would round to the next one
            const qint64 last = QDateTime::fromString(time, Qt::ISODateWithMs).toMSecsSinceEpoch();
            if (last == cursor && rows.size() < 1000)
                break;
            cursor = last;
        }
        QCOMPARE(seen.size(), 3000);
        for (int i = 0; i < 3000; ++i)
            QVERIFY2(seen[i].endsWith(u"Z"_s + QString::number(i + 1)), qPrintable(seen[i]));
    }

    void oldestGoFirstAndItIsSaid()
    {
        run(u"seq 20000"_s);
        const QStringList oldest = lines(u"?direction=forward&limit=2"_s);
        QVERIFY2(oldest.first().startsWith(u"warn system/log_cut "_s), qPrintable(oldest.first()));
        QVERIFY2(oldest.first().contains(u" older entries are gone: this log keeps the newest 5000"_s),
                 qPrintable(oldest.first()));
        QCOMPARE(
            lines(u"?limit=2"_s),
            QStringList({u"info process/process_end Process ended: exit status 0"_s, u"info process/stdout 20000"_s}));
    }

    void aFloodIsBounded()
    {
        run(u"yes 0123456789abcdef | head -c 30000000; sleep 1.2; echo after"_s);
        QVERIFY(lines().size() <= 1000 && !lines(u"?search=after"_s).isEmpty());
    }

    void survivesAPauseAndTheEnd()
    {
        run(u"echo before the pause"_s);
        QCOMPARE(m_engine.api("POST", u"/sandboxes/"_s + m_made.id + u"/pause"_s).status, 204);
        QVERIFY(lines().contains(u"info process/stdout before the pause"_s));
        QCOMPARE(m_engine.api("POST", u"/sandboxes/"_s + m_made.id + u"/connect"_s, R"({"timeout":60})").status, 201);
        run(u"echo after it"_s);
        QCOMPARE(m_engine.api("DELETE", u"/sandboxes/"_s + m_made.id).status, 204);
        const QStringList all = lines();
        const QStringList order = {
            u"info process/stdout before the pause"_s, u"info system/sandbox.lifecycle.paused Sandbox paused"_s,
            u"info system/sandbox.lifecycle.resumed Sandbox resumed"_s, u"info process/stdout after it"_s,
            u"info system/sandbox.lifecycle.killed Sandbox killed: request"_s};
        qsizetype at = -1;
        for (const QString &line : order) {
            QVERIFY2(all.indexOf(line) > at, qPrintable(line + u"\n\n"_s + all.join(u'\n')));
            at = all.indexOf(line);
        }
    }

    /// The older route, which E2B's command line reads: each line is itself a JSON text.
    void oldRoute()
    {
        run(u"echo 'say \"hi\"'"_s);
        const auto answer = m_engine.api("GET", u"/sandboxes/"_s + m_made.id + u"/logs?limit=1000"_s);
        const QJsonArray old = answer.json(u"logs"_s).toArray();
        QCOMPARE(answer.json(u"logEntries"_s).toArray(), logs(u"?direction=forward"_s));
        QCOMPARE(old.size(), logs().size());
        QJsonObject line;
        for (const auto &each : old) {
            const auto parsed = QJsonDocument::fromJson(each[u"line"].toString().toUtf8()).object();
            if (parsed[u"event_type"] == u"stdout"_s)
                line = parsed;
        }
        QCOMPARE(line[u"message"].toString(), u"say \"hi\""_s);
        QCOMPARE(line[u"level"].toString(), u"info"_s);
        QCOMPARE(line[u"logger"].toString(), u"process"_s);
        const qint64 future = QDateTime::currentMSecsSinceEpoch() + 60'000;
        const auto later = m_engine.api("GET", u"/sandboxes/"_s + m_made.id + u"/logs?start=%1"_s.arg(future));
        QVERIFY(later.json(u"logs"_s).toArray().isEmpty());
    }

    void cleanupTestCase() { QCOMPARE(m_engine.terminate(), 0); }
};

QTEST_GUILESS_MAIN(TestEngineLogs)
#include "tst_engine_logs.moc"
