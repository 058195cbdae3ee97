// sandglass --import and --export: the real program, without any display.

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

using namespace Qt::Literals::StringLiterals;

class TestTransferCommand final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void importsOnce();
    void exportsTheSameEvents();
    void exportsCostsExactly();
    void saysWhatIsWrong();

private:
    struct Run
    {
        int status = -1;
        QByteArray out, err;
    };
    [[nodiscard]] Run run(const QStringList &arguments) const;
    [[nodiscard]] QByteArray read(const QString &name) const;

    QTemporaryDir m_folder;
};

TestTransferCommand::Run TestTransferCommand::run(const QStringList &arguments) const
{
    QProcess program;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    for (const char *display : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"})
        environment.remove(QString::fromLatin1(display));
    program.setProcessEnvironment(environment);
    program.start(qEnvironmentVariable("SANDGLASS_BIN_DIR") + u"/sandglass"_s,
                  QStringList{u"--profile"_s, m_folder.filePath(u"profile"_s)} + arguments);
    if (!program.waitForFinished(30'000))
        return {};
    return {program.exitStatus() == QProcess::NormalExit ? program.exitCode() : -1, program.readAllStandardOutput(),
            program.readAllStandardError()};
}

QByteArray TestTransferCommand::read(const QString &name) const
{
    QFile file(m_folder.filePath(name));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void TestTransferCommand::initTestCase()
{
    QFile file(m_folder.filePath(u"events.jsonl"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(
        R"({"id":"e1","version":"v2","type":"sandbox.lifecycle.created","timestamp":"2026-08-20T10:00:00Z","sandbox_id":"isbx1","sandbox_execution_id":"x1","sandbox_template_id":"base","event_data":{}}
this line is no event
{"id":"e2","version":"v2","type":"sandbox.lifecycle.killed","timestamp":"2026-08-20T10:10:00Z","sandbox_id":"isbx1","sandbox_execution_id":"x1","sandbox_template_id":"base","event_data":{"kill_reason":"timeout","execution":{"started_at":"2026-08-20T10:00:00Z","vcpu_count":2,"memory_mb":512,"execution_time":600000}}}
)");
}

void TestTransferCommand::importsOnce()
{
    const QStringList import{u"--import"_s, m_folder.filePath(u"events.jsonl"_s)};
    const Run first = run(import);
    QVERIFY2(first.status == 0, first.err.constData());
    QCOMPARE(first.out, QByteArray("2 stored, 0 known already, 1 refused\n"));
    QVERIFY2(first.err.contains("2"), first.err.constData()); // the line that is no event
    QCOMPARE(run(import).out, QByteArray("0 stored, 2 known already, 1 refused\n"));
}

void TestTransferCommand::exportsTheSameEvents()
{
    const Run whole = run({u"--export"_s, u"events"_s, u"--out"_s, m_folder.filePath(u"out.jsonl"_s)});
    QVERIFY2(whole.status == 0, whole.err.constData());
    QCOMPARE(read(u"out.jsonl"_s).count('\n'), 2);
    QVERIFY(read(u"out.jsonl"_s).contains("\"execution_time\":600000"));
    const Run part = run({u"--export"_s, u"events"_s, u"--from"_s, u"2026-08-20T10:05:00Z"_s, u"--to"_s,
                          u"2026-08-21"_s, u"--out"_s, m_folder.filePath(u"part.csv"_s)});
    QVERIFY2(part.status == 0, part.err.constData());
    const QByteArray rows = read(u"part.csv"_s);
    QVERIFY(!rows.contains("e1") && rows.contains("e2"));
}

void TestTransferCommand::exportsCostsExactly()
{
    const Run costs = run({u"--export"_s, u"costs"_s, u"--out"_s, m_folder.filePath(u"costs.csv"_s)});
    QVERIFY2(costs.status == 0, costs.err.constData());
    const QByteArray rows = read(u"costs.csv"_s);
    QVERIFY2(rows.contains("0.018150000000"), rows.constData()); // ten minutes of 2 vCPU and 512 MiB at list price
    const Run sandboxes = run({u"--export"_s, u"sandboxes"_s, u"--out"_s, m_folder.filePath(u"sandboxes.csv"_s)});
    QVERIFY2(sandboxes.status == 0, sandboxes.err.constData());
    QVERIFY(read(u"sandboxes.csv"_s).contains("isbx1"));
}

void TestTransferCommand::saysWhatIsWrong()
{
    QCOMPARE(run({u"--export"_s, u"moons"_s, u"--out"_s, u"x"_s}).status, 2);
    QCOMPARE(run({u"--export"_s, u"events"_s}).status, 2);
    QCOMPARE(run({u"--export"_s, u"events"_s, u"--out"_s, u"x"_s, u"--from"_s, u"yesterday"_s}).status, 2);
    const Run missing = run({u"--import"_s, m_folder.filePath(u"nothing.jsonl"_s)});
    QCOMPARE(missing.status, 1);
    QVERIFY2(missing.err.contains("nothing.jsonl"), missing.err.constData());
    const Run unwritable = run({u"--export"_s, u"events"_s, u"--out"_s, u"/nonexistent/out.csv"_s});
    QCOMPARE(unwritable.status, 1);
    QVERIFY(!unwritable.err.isEmpty());
}

QTEST_GUILESS_MAIN(TestTransferCommand)
#include "tst_transfercommand.moc"
