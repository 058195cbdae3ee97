// Executions of code as events: what they tell, also the older ones, and how they are found in a journal's file.

#include "services/lifecycle/coderuns.h"

#include "tests/services/lifecycle/events.h"
#include "tests/services/lifecycle/journalhelp.h"

#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;
using namespace Qt::Literals::StringLiterals;

namespace {

Event withData(const std::string &id, double seconds, const std::string &data)
{
    Event event = bare(EventType::Unknown, seconds, {}, "box");
    event.typeName = codeExecutedType;
    event.id = id;
    event.raw = R"({"version":"v2","id":")" + id + R"(","type":"sandbox.code_executed","timestamp":")"
        + formatRfc3339(event.timestamp) + R"(","sandbox_id":"box","sandbox_template_id":"tpl")"
        + (data.empty() ? std::string() : R"(,"event_data":)" + data) + "}";
    return event;
}

} // namespace

class TestCodeRuns final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void tellsWhatItWasTold_data();
    void tellsWhatItWasTold();
    void whatIsMissingIsUnknown_data();
    void whatIsMissingIsUnknown();
    void costIsThatOfAPicoDollar();
    void foundAmongOthers();
    void trimmedJournalSaysSince();
    void unreadableIsAnError();
};

void TestCodeRuns::tellsWhatItWasTold_data()
{
    QTest::addColumn<int>("outcome");
    QTest::addColumn<bool>("success");
    QTest::newRow("passed") << int(RunOutcome::Passed) << true;
    QTest::newRow("check failed") << int(RunOutcome::CheckFailed) << true; // the code came to its end
    QTest::newRow("raised") << int(RunOutcome::Raised) << false;
    QTest::newRow("timed out") << int(RunOutcome::TimedOut) << false;
    QTest::newRow("stopped") << int(RunOutcome::Stopped) << false;
    QTest::newRow("broken") << int(RunOutcome::Broken) << false;
}

void TestCodeRuns::tellsWhatItWasTold()
{
    QFETCH(int, outcome);
    QFETCH(bool, success);
    const CodeExecution told{"box", "tpl", 120, RunOutcome(outcome), "NameError", *Money::parse("0.000003630000")};
    const Event event = codeExecutedEvent(told, at(3));
    QCOMPARE(event.raw.find(success ? R"("success":true)" : R"("success":false)") != std::string::npos, true);
    const auto read = decodeEvent(event.raw, EventSource::Import, at(4)); // as from a journal
    QVERIFY(read);
    const CodeExecution heard = codeExecutionOf(*read);
    QCOMPARE(heard.sandboxId, told.sandboxId);
    QCOMPARE(heard.templateId, told.templateId);
    QCOMPARE(heard.durationMs, told.durationMs);
    QVERIFY(heard.outcome == told.outcome);
    QCOMPARE(heard.errorName, told.errorName);
    QVERIFY(heard.cost == told.cost);
}

void TestCodeRuns::whatIsMissingIsUnknown_data()
{
    QTest::addColumn<QByteArray>("data");
    QTest::addColumn<int>("outcome");
    QTest::addColumn<qint64>("duration"); // -1: unknown
    QTest::addColumn<QByteArray>("cost"); // empty: unknown
    const auto row = [](const char *name, const char *data, RunOutcome outcome, qint64 duration, const char *cost) {
        QTest::newRow(name) << QByteArray(data) << int(outcome) << duration << QByteArray(cost);
    };
    row("no data", "", RunOutcome::Unknown, -1, "");
    row("empty", "{}", RunOutcome::Unknown, -1, "");
    row("no object", "[1]", RunOutcome::Unknown, -1, "");
    row("older, ran", R"({"duration_ms":5,"success":true})", RunOutcome::Passed, 5, "");
    row("older, raised", R"({"duration_ms":5,"success":false,"error":"NameError"})", RunOutcome::Raised, 5, "");
    row("older, no name", R"({"duration_ms":0,"success":false})", RunOutcome::Raised, 0, "");
    row("older, timed out", R"({"success":false,"error":"TimeoutError"})", RunOutcome::TimedOut, -1, "");
    row("older, stopped", R"({"success":false,"error":"Stopped"})", RunOutcome::Stopped, -1, "");
    row("older, broken", R"({"success":false,"error":"Broken"})", RunOutcome::Broken, -1, "");
    row("its own TimeoutError", R"({"success":false,"outcome":"raised","error":"TimeoutError"})", RunOutcome::Raised,
        -1, "");
    row("newer word", R"({"success":true,"outcome":"skipped"})", RunOutcome::Unknown, -1, "");
    row("of a wrong kind", R"({"duration_ms":"5","success":1,"outcome":7,"cost_usd":0.5,"error":[]})",
        RunOutcome::Unknown, -1, "");
    row("negative", R"({"duration_ms":-1,"success":true,"cost_usd":"-0.5"})", RunOutcome::Passed, -1, "");
    row("nonsense", R"({"duration_ms":1e300,"cost_usd":"1000001"})", RunOutcome::Unknown, -1, "");
    row("zero is known", R"({"duration_ms":0,"cost_usd":"0"})", RunOutcome::Unknown, 0, "0");
    row("part of a millisecond", R"({"duration_ms":1.6,"cost_usd":"0.25"})", RunOutcome::Unknown, 2, "0.25");
}

void TestCodeRuns::whatIsMissingIsUnknown()
{
    QFETCH(QByteArray, data);
    QFETCH(int, outcome);
    QFETCH(qint64, duration);
    QFETCH(QByteArray, cost);
    const CodeExecution heard = codeExecutionOf(withData("a", 1, data.toStdString()));
    QCOMPARE(int(heard.outcome), outcome);
    QCOMPARE(heard.durationMs ? *heard.durationMs : -1, duration);
    QCOMPARE(heard.cost.has_value(), !cost.isEmpty());
    if (heard.cost)
        QCOMPARE(*heard.cost, *Money::parse(cost.toStdString()));
    QVERIFY(codeExecutionOf(Event{}).outcome == RunOutcome::Unknown); // no body at all
}

void TestCodeRuns::costIsThatOfAPicoDollar()
{
    const Money exact = Money::ofUsage(1, 1, 1, 1'000, 1'000); // below one
    const Event event = codeExecutedEvent({"box", "tpl", 1, RunOutcome::Passed, {}, exact}, at(0));
    QCOMPARE(*codeExecutionOf(event).cost, Money::fromPicoDollars(exact.toPicoDollars()));
}

void TestCodeRuns::foundAmongOthers()
{
    QTemporaryDir directory;
    const auto file = directory.filePath(u"journal.db"_s).toStdString();
    auto journal = Journal::open(file);
    QVERIFY(journal);
    const std::string one = R"({"duration_ms":1})", other = R"({"duration_ms":2})";
    const auto outcomes = appendAll(**journal,
                                    {created(1), withData("a", 2, one), ended(EventType::Killed, 3, "e1", 1),
                                     withData("b", 0, other), withData("a", 2, one)});
    QVERIFY(outcomes.back() == Journal::Outcome::Duplicate);
    auto database = Database::open(file, Database::Mode::ReadOnly);
    QVERIFY(database);
    const auto extent = journalExtent(*database);
    QVERIFY(extent);
    QCOMPARE(extent->firstSeq, 1);
    QCOMPARE(extent->lastSeq, 4);
    QVERIFY(!extent->knownFrom);
    std::vector<std::string> found;
    const auto note = [&found](const CodeExecution &execution, const Event &event) {
        found.push_back(event.id + ' ' + std::to_string(execution.durationMs.value_or(-1)));
    };
    QVERIFY(forEachCodeRun(*database, 0, 4, note));
    QCOMPARE(found, (std::vector<std::string>{"a 1", "b 2"}));
    found.clear();
    QVERIFY(forEachCodeRun(*database, 2, 4, note));
    QCOMPARE(found, std::vector<std::string>{"b 2"});
    found.clear();
    QVERIFY(forEachCodeRun(*database, 0, 3, note));
    QCOMPARE(found, std::vector<std::string>{"a 1"});

    database = Database::open(file, Database::Mode::ReadWrite); // a body that is not what was stored
    QVERIFY(database
            && database->execute("UPDATE events SET raw = replace(raw, '\"duration_ms\":2', '\"duration_ms\":9')"));
    found.clear();
    QVERIFY(forEachCodeRun(*database, 0, 4, note));
    QCOMPARE(found, std::vector<std::string>{"a 1"});
}

void TestCodeRuns::trimmedJournalSaysSince()
{
    QTemporaryDir directory;
    const auto file = directory.filePath(u"journal.db"_s).toStdString();
    auto journal = Journal::open(file);
    QVERIFY(journal);
    {
        auto database = Database::open(file, Database::Mode::ReadOnly);
        const auto nothing = journalExtent(*database);
        QVERIFY(nothing && nothing->lastSeq == 0 && !nothing->knownFrom);
    }
    appendAll(**journal, {created(1), withData("a", 2, {}), withData("b", 3, {})});
    journal->reset();
    auto database = Database::open(file, Database::Mode::ReadWrite);
    QVERIFY(database && database->execute("DELETE FROM events WHERE seq < 3"));
    const auto extent = journalExtent(*database);
    QVERIFY(extent);
    QCOMPARE(extent->firstSeq, 3);
    QVERIFY(extent->knownFrom == at(3));
}

void TestCodeRuns::unreadableIsAnError()
{
    QTemporaryDir directory;
    const QString path = directory.filePath(u"empty.db"_s);
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    auto database = Database::open(path.toStdString(), Database::Mode::ReadOnly);
    QVERIFY(database); // without tables
    QVERIFY(!journalExtent(*database));
    QVERIFY(!forEachCodeRun(*database, 0, 10, [](const CodeExecution &, const Event &) {}));
}

QTEST_GUILESS_MAIN(TestCodeRuns)
#include "tst_coderuns.moc"
