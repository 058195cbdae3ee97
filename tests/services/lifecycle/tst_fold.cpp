#include "services/lifecycle/fold.h"

#include "services/lifecycle/usageindex.h"
#include "tests/services/lifecycle/events.h"

#include <QTest>

#include <algorithm>
#include <initializer_list>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;

namespace {

using Events = std::vector<Event>;

/// Folds the events in every order (up to five of them), and in the given and reversed order when there are
/// more. All orders have to agree; the answer is the common one.
std::optional<Sandbox> foldedInAnyOrder(Events events)
{
    const auto fold = [](const Events &ordered) {
        Fold result;
        for (const Event &e : ordered) {
            result.apply(e);
            result.apply(e); // a retry
        }
        const Sandbox *sandbox = result.find("sbx");
        return sandbox ? std::optional(*sandbox) : std::nullopt;
    };
    const auto first = fold(events);
    const auto byId = [](const Event &a, const Event &b) { return a.id < b.id; };
    if (events.size() > 5) {
        std::ranges::reverse(events);
        return fold(events) == first ? first : std::nullopt;
    }
    std::ranges::sort(events, byId);
    do {
        if (fold(events) != first)
            return {};
    } while (std::ranges::next_permutation(events, byId).found);
    return first;
}

/// "start-end" in seconds after the common start; an open end is empty; "!" marks a confirmed one.
QString runsText(const Sandbox &sandbox)
{
    QStringList parts;
    for (const RunInterval &run : sandbox.runs) {
        const auto seconds = [](Timestamp t) {
            return QString::number(static_cast<double>((t - epoch).count()) / 1e9);
        };
        parts << seconds(run.start) + QLatin1Char('-') + (run.end ? seconds(*run.end) : QString())
                + (run.confirmedMs ? QStringLiteral("!%1").arg(*run.confirmedMs) : QString());
    }
    return parts.join(QLatin1Char(' '));
}

} // namespace

Q_DECLARE_METATYPE(sandglass::lifecycle::SandboxState)
Q_DECLARE_METATYPE(Events)

class TestFold : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void derivesStateAndRuns_data();
    void derivesStateAndRuns();
    void tellsWhetherSomethingChanged();
    void keepsProperties();
    void plannedEndIsTheLastTold();
    void plannedEndOfAnEarlierRunIsForgotten();
    void sizeLearntLaterFillsAllRuns();
    void ownSizeStays();
    void killReasonAndTimes();
    void earlyEnds_data();
    void earlyEnds();
    void hostileFiguresDoNoHarm();
    void sandboxesAreApart();
    void damagedRecordsAreRefused();
};

void TestFold::derivesStateAndRuns_data()
{
    QTest::addColumn<Events>("events");
    QTest::addColumn<SandboxState>("state");
    QTest::addColumn<QString>("runs");
    const auto row = [](const char *name, Events events, SandboxState state, const char *runs) {
        QTest::newRow(name) << std::move(events) << state << QString::fromUtf8(runs);
    };
    constexpr auto paused = EventType::Paused;
    constexpr auto killed = EventType::Killed;
    constexpr auto running = SandboxState::Running;

    row("created", {created(0)}, running, "0-");
    row("created, killed", {created(0), ended(killed, 60, "e1", 0)}, SandboxState::Killed, "0-60!60000");
    row("killed alone", {ended(killed, 60, "e1", 10)}, SandboxState::Killed, "10-60!50000");
    row("killed without execution", {created(0), bare(killed, 60, "e1")}, SandboxState::Killed, "0-60");
    row("killed, no start known", {bare(killed, 60, "e1")}, SandboxState::Killed, "");
    row("paused", {created(0), ended(paused, 60, "e1", 0)}, SandboxState::Paused, "0-60!60000");
    row("paused, no start known", {bare(paused, 60, "e1")}, SandboxState::Paused, "");
    row("paused, resumed", {created(0), ended(paused, 60, "e1", 0), resumed(100, "e2")}, running, "0-60!60000 100-");
    row("paused, resumed at once", {created(0), ended(paused, 60, "e1", 0), resumed(60, "e2")}, running,
        "0-60!60000 60-");
    row("whole life", {created(0), ended(paused, 60, "e1", 0), resumed(100, "e2"), ended(killed, 130, "e2", 100)},
        SandboxState::Killed, "0-60!60000 100-130!30000");
    row("killed while paused", {created(0), ended(paused, 60, "e1", 0), bare(killed, 90, "e1")}, SandboxState::Killed,
        "0-60!60000");
    row("killed while paused repeats the execution",
        {created(0), ended(paused, 60, "e1", 0), ended(killed, 90, "e1", 0)}, SandboxState::Killed, "0-60!60000");
    row("killed while paused, no execution id", {created(0), ended(paused, 60, "e1", 0), ended(killed, 90, "", 0)},
        SandboxState::Killed, "0-60!60000");
    row("updated and checkpointed do not stop it",
        {created(0), bare(EventType::Updated, 5, "e1"), bare(EventType::Checkpointed, 9, "e1")}, running, "0-");
    row("updated alone", {bare(EventType::Updated, 5, "e1")}, SandboxState::Unknown, "");
    row("no execution ids", {created(0, ""), bare(paused, 60), resumed(100, ""), bare(killed, 130)},
        SandboxState::Killed, "0-60 100-130");
    row("resume without its paused", {created(0), resumed(100, "e2")}, running, "0-100 100-");
    row("resume lost, then killed", {created(0), ended(paused, 60, "e1", 0), ended(killed, 130, "e2", 100)},
        SandboxState::Killed, "0-60!60000 100-130!30000");
    row("resumed after killed", {created(0), ended(killed, 60, "e1", 0), resumed(70, "e2")}, SandboxState::Killed,
        "0-60!60000 70-70");
    row("execution time without its start", {[] {
            Event e = bare(killed, 60, "e1");
            e.execution = Execution{{}, 2, 512, 45'000};
            return e;
        }()},
        SandboxState::Killed, "15-60!45000");

    row("observed running", {observedRunning(50, 20)}, running, "20-");
    row("observed paused", {observedPaused(50)}, SandboxState::Paused, "");
    row("observed is the created one", {created(0), observedRunning(50, 1.5)}, running, "0-");
    row("observed start before a slow created", {created(8), observedRunning(50, 0)}, running, "8-");
    row("observed after a missed resume", {created(0), observedRunning(150, 100)}, running, "0-100 100-");
    row("observed, then killed by id", {observedRunning(50, 20), ended(killed, 60, "e1", 20.4)}, SandboxState::Killed,
        "20.4-60!39600");
    row("observed paused ends the run", {created(0), observedPaused(50)}, SandboxState::Paused, "0-50");
    row("paused beats observed paused", {created(0), observedPaused(65), ended(paused, 60, "e1", 0)},
        SandboxState::Paused, "0-60!60000");
    row("paused and seen running again", {created(0), observedPaused(50), observedRunning(80, 70)}, running,
        "0-50 70-");
    row("list older than the kill", {created(0), ended(killed, 60, "e1", 0), observedRunning(61, 0)},
        SandboxState::Killed, "0-60!60000");
    row("list of a new run older than the kill", {ended(killed, 60, "e1", 0), observedRunning(65, 64)},
        SandboxState::Killed, "0-60!60000");
    row("list older than the pause", {created(0), ended(paused, 60, "e1", 0), observedRunning(61, 0.5)},
        SandboxState::Paused, "0-60!60000");
    row("lost", {created(0), bare(EventType::Lost, 50)}, SandboxState::Lost, "0-50");
    row("lost while paused", {created(0), ended(paused, 30, "e1", 0), bare(EventType::Lost, 50)}, SandboxState::Lost,
        "0-30!30000");
    row("killed beats lost", {created(0), bare(EventType::Lost, 50), ended(killed, 40, "e1", 0)}, SandboxState::Killed,
        "0-40!40000");
    row("lost, then seen again", {created(0), bare(EventType::Lost, 50), observedRunning(60, 0)}, running, "0-");
    row("lost, then seen paused", {created(0), bare(EventType::Lost, 50), observedPaused(60)}, SandboxState::Paused,
        "0-50");
    row("unknown type", {bare(EventType::Unknown, 5, "e1"), created(0)}, running, "0-");
}

void TestFold::derivesStateAndRuns()
{
    QFETCH(Events, events);
    QFETCH(SandboxState, state);
    QFETCH(QString, runs);
    const auto sandbox = foldedInAnyOrder(events);
    QVERIFY2(sandbox.has_value(), "no sandbox, or the result depends on the order");
    QCOMPARE(runsText(*sandbox), runs);
    QCOMPARE(static_cast<int>(sandbox->state), static_cast<int>(state));
}

void TestFold::tellsWhetherSomethingChanged()
{
    Fold fold;
    QVERIFY(fold.apply(created(0)));
    QVERIFY(!fold.apply(created(0)));
    QVERIFY(!fold.apply(bare(EventType::Unknown, 1)));
    QVERIFY(!fold.apply(bare(EventType::Created, 1, "e1", "")));
    QVERIFY(fold.apply(bare(EventType::Updated, 1, "e1")));
    QVERIFY(!fold.apply(bare(EventType::Updated, 1, "e1")));
    QCOMPARE(fold.sandboxes().size(), std::size_t(1));
    QCOMPARE(fold.find("sbx")->eventCount, 2);
    QCOMPARE(fold.find("sbx")->lastEventAt, at(1));
    QVERIFY(!fold.find("other"));
}

void TestFold::keepsProperties()
{
    Event first = created(0);
    first.metadata = {{"user", "42"}};
    first.teamId = "team";
    Event later = observedRunning(5, 0);
    later.templateAlias = "python";
    later.metadata = {{"user", "43"}};
    const auto sandbox = foldedInAnyOrder({first, later});
    QVERIFY(sandbox.has_value());
    QCOMPARE(sandbox->templateId, std::string("tpl"));
    QCOMPARE(sandbox->templateName(), std::string("python"));
    QCOMPARE(sandbox->teamId, std::string("team"));
    QCOMPARE(sandbox->metadata.at("user"), std::string("43"));
    QCOMPARE(*sandbox->createdAt, at(0));
}

void TestFold::plannedEndIsTheLastTold()
{
    Event early = bare(EventType::Updated, 10, "e1");
    early.newEnd = at(300);
    Event late = bare(EventType::Updated, 20, "e1");
    late.newEnd = at(200);
    const auto sandbox = foldedInAnyOrder({created(0), early, late});
    QCOMPARE(*sandbox->endAt, at(200));
}

void TestFold::plannedEndOfAnEarlierRunIsForgotten()
{
    Event update = bare(EventType::Updated, 10, "e1");
    update.newEnd = at(300);
    const auto sandbox =
        foldedInAnyOrder({created(0), update, ended(EventType::Paused, 20, "e1", 0), resumed(400, "e2")});
    QVERIFY(!sandbox->endAt);
}

void TestFold::sizeLearntLaterFillsAllRuns()
{
    const auto sandbox = foldedInAnyOrder(
        {created(0), bare(EventType::Paused, 60, "e1"), resumed(100, "e2"), observedRunning(110, 100, 4, 1024)});
    QCOMPARE(sandbox->runs.size(), std::size_t(2));
    for (const RunInterval &run : sandbox->runs) {
        QCOMPARE(run.vcpuCount, 4);
        QCOMPARE(run.memoryMb, 1024);
    }
    QVERIFY(sandbox->runs.front().end);
}

void TestFold::ownSizeStays()
{
    Event pause = ended(EventType::Paused, 60, "e1", 0);
    pause.execution->vcpuCount = 8;
    const auto sandbox = foldedInAnyOrder({created(0), pause, resumed(100, "e2"), observedRunning(110, 100, 2, 512)});
    QCOMPARE(sandbox->runs[0].vcpuCount, 8);
    QCOMPARE(sandbox->runs[1].vcpuCount, 2);
}

void TestFold::killReasonAndTimes()
{
    Event kill = ended(EventType::Killed, 60, "e1", 0);
    kill.killReason = "timeout";
    const auto sandbox = foldedInAnyOrder({created(0), kill});
    QCOMPARE(sandbox->killReason, std::string("timeout"));
    QCOMPARE(*sandbox->endedAt, at(60));
}

void TestFold::earlyEnds_data()
{
    QTest::addColumn<QString>("reason");
    QTest::addColumn<double>("endedAt");
    QTest::addColumn<qint64>("earlyMs"); // -1 = not early
    QTest::newRow("asked for") << u"request"_qs << 60.0 << qint64(-1);
    QTest::newRow("in time") << u"timeout"_qs << 300.0 << qint64(-1);
    QTest::newRow("rounding") << u"timeout"_qs << 296.0 << qint64(-1);
    QTest::newRow("orphaned") << u"orphaned"_qs << 60.5 << qint64(239'500);
    QTest::newRow("no reason told") << QString() << 60.0 << qint64(240'000);
    QTest::newRow("after the plan") << u"timeout"_qs << 400.0 << qint64(-1);
}

void TestFold::earlyEnds()
{
    QFETCH(const QString, reason);
    QFETCH(const double, endedAt);
    QFETCH(const qint64, earlyMs);
    Event update = bare(EventType::Updated, 1, "e1");
    update.newEnd = at(300);
    Event end = ended(EventType::Killed, endedAt, "e1", 0);
    end.killReason = reason.toStdString();
    Fold fold;
    for (const Event &e : {created(0), update})
        fold.apply(e);
    QVERIFY(!fold.find("sbx")->earlyBy()); // it still runs
    fold.apply(end);
    const auto early = fold.find("sbx")->earlyBy();
    QCOMPARE(early ? static_cast<qint64>(early->count()) : qint64(-1), earlyMs);
}

void TestFold::hostileFiguresDoNoHarm()
{
    Event kill = bare(EventType::Killed, 60, "e1");
    kill.execution = Execution{Timestamp::min(), -5, INT_MAX, INT64_MAX};
    Event early = bare(EventType::Paused, 0, "e0");
    early.timestamp = Timestamp::min();
    early.execution = Execution{{}, 2, 512, 1'000'000};
    Event late = created(0, "e3");
    late.timestamp = Timestamp::max();
    const auto sandbox = foldedInAnyOrder({kill, early, late});
    QVERIFY(sandbox.has_value());
    QCOMPARE(static_cast<int>(sandbox->state), static_cast<int>(SandboxState::Killed));
    for (const RunInterval &run : sandbox->runs)
        QVERIFY(run.end && *run.end >= run.start);
}

void TestFold::sandboxesAreApart()
{
    Fold fold;
    fold.apply(created(0, "e1", "a"));
    fold.apply(created(0, "e1", "b"));
    fold.apply(ended(EventType::Killed, 10, "e1", 0, "a"));
    QCOMPARE(static_cast<int>(fold.find("a")->state), static_cast<int>(SandboxState::Killed));
    QCOMPARE(static_cast<int>(fold.find("b")->state), static_cast<int>(SandboxState::Running));
}

void TestFold::damagedRecordsAreRefused()
{
    Fold fold;
    Event first = created(0);
    first.metadata = {{"user", "42"}};
    fold.apply(first);
    fold.apply(ended(EventType::Killed, 60, "e1", 0));
    const std::string record = fold.record("sbx");
    QVERIFY(fold.record("another").empty());
    for (std::size_t size = 0; size < record.size(); ++size)
        QVERIFY(!Fold().adopt(record.substr(0, size)));
    QVERIFY(!Fold().adopt(record + 'x'));
    for (std::size_t i = 0; i < record.size(); ++i) { // anything goes but a crash
        std::string flipped = record;
        flipped[i] = static_cast<char>(flipped[i] ^ 0x80);
        Fold other;
        (void)other.adopt(flipped);
    }
    Fold other;
    QVERIFY(other.adopt(record));
    QVERIFY(*other.find("sbx") == *fold.find("sbx"));
    other.forget("sbx");
    QVERIFY(!other.find("sbx"));
}

QTEST_GUILESS_MAIN(TestFold)
#include "tst_fold.moc"
