#include "tests/services/engine/engine_process.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonObject>
#include <QTcpServer>
#include <QTest>

/// The command line of sandglass-engine, as design and README promise it.
class TestEngineCli final : public QObject
{
    Q_OBJECT

private:
    struct Outcome
    {
        int code = -1;
        QByteArray out, err;
    };
    static Outcome run(const QStringList &arguments, const QString &program = EngineProcess::program())
    {
        QProcess process;
        process.start(program, arguments);
        if (!process.waitForFinished(20'000)) {
            process.kill();
            process.waitForFinished();
            return {};
        }
        return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
    }
    QTemporaryDir m_state;

private Q_SLOTS:
    void wrongUsage_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("unknown option") << QStringList{QStringLiteral("--nonsense")}
                                        << QByteArray("unknown option: --nonsense");
        QTest::newRow("word") << QStringList{QStringLiteral("serve")} << QByteArray("unknown option: serve");
        QTest::newRow("port is no number")
            << QStringList{QStringLiteral("--api-port"), QStringLiteral("http")} << QByteArray("--api-port");
        QTest::newRow("port too high") << QStringList{QStringLiteral("--sandbox-port=70000")}
                                       << QByteArray("--sandbox-port");
        QTest::newRow("value missing") << QStringList{QStringLiteral("--state-dir")}
                                       << QByteArray("--state-dir needs a value");
    }
    void wrongUsage()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QByteArray, says);
        const Outcome outcome = run(arguments);
        QCOMPARE(outcome.code, 2);
        QVERIFY2(outcome.err.contains(says), outcome.err);
    }

    void helpAndVersion()
    {
        QCOMPARE(run({QStringLiteral("--help")}).code, 0);
        QVERIFY(run({QStringLiteral("--help")}).out.contains("--ready-file"));
        const Outcome version = run({QStringLiteral("--version")});
        QCOMPARE(version.code, 0);
        QVERIFY(version.out.startsWith("sandglass-engine "));
    }

    void printEnvKeepsTheKey()
    {
        const QStringList arguments{QStringLiteral("--print-env"), QStringLiteral("--state-dir"),
                                    m_state.filePath(QStringLiteral("env")), QStringLiteral("--api-port"),
                                    QStringLiteral("1234")};
        const Outcome first = run(arguments), second = run(arguments);
        QCOMPARE(first.code, 0);
        QCOMPARE(first.out, second.out);
        QVERIFY(first.out.contains(
            "E2B_API_URL=http://127.0.0.1:1234\nE2B_SANDBOX_URL=http://127.0.0.1:8711\nE2B_API_KEY=e2b_"));
        // As README says: every line reaches the programs that the shell starts.
        const Outcome shell = run({QStringLiteral("-c"),
                                   QStringLiteral("export $(%1 %2); env | grep -c ^E2B_")
                                       .arg(EngineProcess::program(), arguments.join(u' '))},
                                  QStringLiteral("/bin/sh"));
        QCOMPARE(shell.out.trimmed(), QByteArray::number(first.out.count('\n')));
        const QFileInfo key(m_state.filePath(QStringLiteral("env/api-key")));
        QCOMPARE(key.permissions() & (QFile::ReadGroup | QFile::ReadOther | QFile::WriteOther), QFile::Permissions());
    }

    void brokenKeyFileIsNotReplaced()
    {
        const QString directory = m_state.filePath(QStringLiteral("broken"));
        QVERIFY(QDir().mkpath(directory));
        QFile key(directory + QStringLiteral("/api-key"));
        QVERIFY(key.open(QIODevice::WriteOnly));
        key.write("not a key\n");
        key.close();
        const Outcome outcome = run({QStringLiteral("--print-env"), QStringLiteral("--state-dir"), directory});
        QCOMPARE(outcome.code, 1);
        QVERIFY2(outcome.err.contains("does not hold an API key"), outcome.err);
    }

    void doctorNamesTheTier()
    {
        const Outcome outcome = run(
            {QStringLiteral("--doctor"), QStringLiteral("--state-dir"), m_state.filePath(QStringLiteral("doctor"))});
        QVERIFY(outcome.code == 0 || outcome.code == 1);
        QVERIFY2(outcome.out.startsWith("Tier "), outcome.out);
        QCOMPARE(outcome.out.contains("Sandboxes can run"), outcome.code == 0);
    }

    void portTaken_data()
    {
        QTest::addColumn<QString>("option");
        QTest::newRow("api") << QStringLiteral("--api-port");
        QTest::newRow("sandboxes") << QStringLiteral("--sandbox-port");
    }
    void portTaken()
    {
        QFETCH(QString, option);
        QTcpServer taken;
        QVERIFY(taken.listen(QHostAddress::LocalHost));
        const QString other =
            option == QStringLiteral("--api-port") ? QStringLiteral("--sandbox-port") : QStringLiteral("--api-port");
        const Outcome outcome = run({QStringLiteral("--state-dir"), m_state.filePath(option), option,
                                     QString::number(taken.serverPort()), other, QStringLiteral("0")});
        QCOMPARE(outcome.code, 1);
        QVERIFY2(outcome.err.contains(option.toLatin1()), outcome.err);
    }

    void readyFileTellsTheTruth()
    {
        EngineProcess engine;
        QVERIFY(engine.start());
        QFile file(engine.stateDirectory() + QStringLiteral("/ready.json"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QJsonObject ready = QJsonDocument::fromJson(file.readAll()).object();
        QCOMPARE(ready[QStringLiteral("pid")].toInteger(), engine.pid());
        QVERIFY(ready[QStringLiteral("tier")].toInt() >= 1);
        QCOMPARE(engine.api("GET", QStringLiteral("/sandboxes")).status, 200);
        QCOMPARE(engine.terminate(), 0);
        QVERIFY(!QFile::exists(file.fileName())); // nobody may believe it any more
    }

    void secondEngineOnTheSameStateIsRefused()
    {
        EngineProcess engine;
        QVERIFY(engine.start());
        const Outcome outcome =
            run({QStringLiteral("--state-dir"), engine.stateDirectory(), QStringLiteral("--api-port"),
                 QStringLiteral("0"), QStringLiteral("--sandbox-port"), QStringLiteral("0")});
        QCOMPARE(outcome.code, 1);
        QVERIFY2(outcome.err.contains("another engine"), outcome.err);
    }

    void keepsALog()
    {
        const QString folder = m_state.filePath(QStringLiteral("log"));
        EngineProcess engine;
        QVERIFY(engine.start({QStringLiteral("--log-dir"), folder}));
        const bool canRun = engine.canRunSandboxes();
        const auto created = canRun ? engine.create() : EngineProcess::Created();
        if (canRun)
            QCOMPARE(engine.api("DELETE", QStringLiteral("/sandboxes/") + created.id).status, 204);
        QCOMPARE(engine.terminate(), 0);
        QFile file(folder + QStringLiteral("/engine.jsonl"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.permissions() & (QFile::ReadGroup | QFile::ReadOther), QFile::Permissions());
        QByteArray said;
        int ofTheSandbox = 0;
        while (!file.atEnd()) {
            const QByteArray line = file.readLine();
            const QJsonObject entry = QJsonDocument::fromJson(line).object();
            QVERIFY2(entry.contains(QStringLiteral("time")) && entry.contains(QStringLiteral("message")), line);
            const QJsonObject fields = entry[QStringLiteral("fields")].toObject();
            ofTheSandbox += canRun && fields[QStringLiteral("sandbox")].toString() == created.id ? 1 : 0;
            said += line;
        }
        QCOMPARE(ofTheSandbox, canRun ? 2 : 0);
        QVERIFY2(said.contains("Serving; Tier ") && said.contains("Ending as asked"), said);
        QVERIFY(!said.contains(engine.key()));
        QVERIFY(created.token.isEmpty() || !said.contains(created.token));
    }

    void aLogThatCannotBeKeptStopsNothing()
    {
        const QString taken = m_state.filePath(QStringLiteral("taken"));
        QFile file(taken);
        QVERIFY(file.open(QIODevice::WriteOnly));
        EngineProcess engine;
        QVERIFY(engine.start({QStringLiteral("--log-dir"), taken}));
        QCOMPARE(engine.api("GET", QStringLiteral("/sandboxes")).status, 200);
        QVERIFY(engine.output().contains(taken.toUtf8()));
    }

    void missingDaemonIsNamed()
    {
        const QString copy = m_state.filePath(QStringLiteral("lonely-engine"));
        QVERIFY(QFile::copy(EngineProcess::program(), copy));
        const Outcome outcome =
            run({QStringLiteral("--doctor"), QStringLiteral("--state-dir"), m_state.filePath(QStringLiteral("lonely"))},
                copy);
        QCOMPARE(outcome.code, 1);
        const QByteArray said = outcome.out + outcome.err;
        QVERIFY2(said.contains("sandglass-sandboxd"), said);
    }
};

QTEST_GUILESS_MAIN(TestEngineCli)
#include "tst_engine_cli.moc"
