#include "tests/services/engine/engine_process.h"

#include <QDir>
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include <csignal>

using namespace Qt::StringLiterals;

/// One sandbox is launched ahead. Nobody notices but by its speed.
class TestEngineSpare final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        if (!m_engine.start({u"--max-sandboxes"_s, u"2"_s}) || !m_engine.canRunSandboxes()) {
            if (qEnvironmentVariableIsSet("CI"))
                QFAIL("no local sandbox can run here");
            QSKIP("no local sandbox can run here");
        }
        QVERIFY(QTest::qWaitFor([this] { return kernelsAreForked(); }, 60'000));
    }
    void cleanup() // what a failed test leaves
    {
        for (const QString &id : listed())
            (void)m_engine.api("DELETE", u"/sandboxes/"_s + id);
    }

    void isGivenToTheNextOne()
    {
        const auto first = m_engine.create();
        QVERIFY(!first.id.isEmpty());
        QTRY_COMPARE(directories().size(), 2);
        QStringList spare = directories();
        spare.removeOne(first.id);
        QCOMPARE(listed(), QStringList{first.id});
        QCOMPARE(m_engine.api("GET", u"/sandboxes/"_s + spare[0]).status, 404);
        QVERIFY(m_engine.execute(spare[0], {}, u"1"_s).status >= 400);

        const auto second = m_engine.create(R"({"templateID":"code-interpreter-v1","timeout":120,
                                               "envVars":{"OWN":"of the second"}})");
        QCOMPARE(second.id, spare[0]);
        QCOMPARE(m_engine.create().id, QString()); // the limit counts what runs for somebody
        const auto print = [this](const EngineProcess::Created &made, const QString &code) {
            return executionText(m_engine.execute(made.id, made.token, code).body, "stdout", "text");
        };
        QCOMPARE(print(second, u"import os; print(os.environ.get('OWN'), os.getppid())"_s),
                 QByteArray("of the second 0\n"));
        QCOMPARE(print(first, u"import os; print(os.environ.get('OWN'))"_s), QByteArray("None\n"));
        for (const auto &made : {first, second})
            QCOMPARE(m_engine.api("DELETE", u"/sandboxes/"_s + made.id).status, 204);
    }

    void anotherKindIsNotGiven()
    {
        QTRY_COMPARE(directories().size(), 1);
        const QString spare = directories()[0];
        const auto other = m_engine.create(R"({"templateID":"base","timeout":120})");
        QVERIFY(!other.id.isEmpty());
        QVERIFY(other.id != spare);
        // Now one of that kind is kept, and the other has ended.
        QTRY_VERIFY(directories().size() == 2 && !directories().contains(spare));
        QCOMPARE(m_engine.api("DELETE", u"/sandboxes/"_s + other.id).status, 204);
    }

    void aDeadOneIsForgotten()
    {
        const auto made = m_engine.create();
        QTRY_COMPARE(directories().size(), 2);
        QStringList spare = directories();
        spare.removeOne(made.id);
        // Everything in it, as when memory runs out.
        const auto pids = processesOf(spare[0]);
        QVERIFY(!pids.isEmpty());
        for (const int pid : pids)
            ::kill(pid, SIGKILL);
        QTRY_VERIFY(!directories().contains(spare[0]));
        const auto next = m_engine.create();
        QVERIFY(!next.id.isEmpty());
        QVERIFY(next.id != spare[0]);
        QCOMPARE(executionText(m_engine.execute(next.id, next.token, u"print(21 + 21)"_s).body, "stdout", "text"),
                 QByteArray("42\n"));
    }

    void endsWithTheEngine()
    {
        QTRY_VERIFY(!directories().isEmpty());
        QCOMPARE(m_engine.terminate(), 0);
        QCOMPARE(directories(), QStringList());
    }

private:
    bool kernelsAreForked()
    {
        const auto made = m_engine.create();
        const auto answer = m_engine.execute(made.id, made.token, u"import os; print(os.getppid())"_s);
        (void)m_engine.api("DELETE", u"/sandboxes/"_s + made.id);
        return executionText(answer.body, "stdout", "text") == "0\n";
    }
    /// Ids of the sandboxes that there are, whoever has them.
    [[nodiscard]] QStringList directories() const
    {
        return QDir(m_engine.stateDirectory() + u"/sandboxes"_s).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    }
    QStringList listed()
    {
        QStringList ids;
        for (const auto &each : m_engine.api("GET", u"/v2/sandboxes"_s).json().toArray())
            ids.append(each.toObject()[u"sandboxID"_s].toString());
        return ids;
    }
    /// The processes that have this sandbox's files as their root.
    static QList<int> processesOf(const QString &id)
    {
        QList<int> found;
        for (const QString &entry : QDir(u"/proc"_s).entryList(QDir::Dirs)) {
            QFile mounts(u"/proc/"_s + entry + u"/mounts"_s);
            if (entry.toInt() > 0 && mounts.open(QIODevice::ReadOnly)
                && mounts.readAll().contains(QByteArray("sandboxes/" + id.toLatin1() + "/upper")))
                found.append(entry.toInt());
        }
        return found;
    }

    EngineProcess m_engine;
};

QTEST_GUILESS_MAIN(TestEngineSpare)
#include "tst_engine_spare.moc"
