// Figures of runs of code over a real journal, against those reckoned by hand (runsfixture.h).

#include "models/analytics/analytics.h"
#include "models/analytics/templateusagemodel.h"
#include "models/costs/timewindow.h"
#include "models/timetravel/viewpoint.h"
#include "tests/models/runsfixture.h"
#include "tests/services/lifecycle/journalhelp.h"

#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using lifecycle::RunOutcome;
using models::Analytics;
using models::RunBook;
using models::RunFigures;
using models::TemplateUsageModel;
using std::chrono::milliseconds;
namespace sample = lifecycle::sample;

namespace {

double sumOf(const std::vector<double> &values)
{
    return std::accumulate(values.begin(), values.end(), 0.0);
}

void addTo(RunBook &book, const std::vector<lifecycle::Event> &events)
{
    for (const lifecycle::Event &event : events)
        book.add(lifecycle::codeExecutionOf(event), event);
    book.settle();
}

} // namespace

class TestRunFigures final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void figuresAreThoseReckonedByHand();
    void templatesAreThoseReckonedByHand();
    void seriesCountEachRun();
    void filterReducesAll_data();
    void filterReducesAll();
    void windowIsFollowed();
    void pastMomentDoesNotKnowLaterRuns();
    void newRunsComeLive();
    void duplicatesAndAnyOrder();
    void tableSortsByRuns();
    void oldestRunsLeaveAFullBook();
    void trimmedJournalIsNotZero();
    void unreadableJournalIsTold();
    void manyEventsAreReadInTheirThread();

private:
    [[nodiscard]] const models::Analysis &answer();
    [[nodiscard]] RunFigures runsOf(const char *name);

    test::LiveFixture m_live;
    std::unique_ptr<models::Viewpoint> m_viewpoint;
    std::unique_ptr<models::TimeWindow> m_window;
    std::unique_ptr<Analytics> m_analytics;
};

void TestRunFigures::init()
{
    QVERIFY(m_live.open());
    m_viewpoint = std::make_unique<models::Viewpoint>(m_live.tracker(), m_live.journal());
    m_window = std::make_unique<models::TimeWindow>([this] { return m_viewpoint->now(); });
    m_analytics = std::make_unique<Analytics>(*m_viewpoint, *m_window, m_live.journal().file());
    QVERIFY(m_live.record(test::usageSample()));
    QVERIFY(m_live.record(test::runsSample()));
    m_analytics->setActive(true);
}

void TestRunFigures::cleanup()
{
    m_analytics.reset();
    m_window.reset();
    m_viewpoint.reset();
    m_live.close();
}

const models::Analysis &TestRunFigures::answer()
{
    if (!QTest::qWaitFor([this] { return m_analytics->isCurrent(); }))
        qFatal("no answer");
    return *m_analytics->latest();
}

RunFigures TestRunFigures::runsOf(const char *name)
{
    const auto &templates = answer().templates;
    const auto found = std::ranges::find(templates, name, &models::TemplateUsage::name);
    return found != templates.end() ? found->runs : RunFigures{};
}

void TestRunFigures::figuresAreThoseReckonedByHand()
{
    const RunFigures &runs = answer().runs.all;
    QCOMPARE(runs.count, 8); // all but that of yesterday
    QCOMPARE(runs.passed, 3);
    QCOMPARE(runs.failed, 2);
    QCOMPARE(runs.timedOut, 1);
    QCOMPARE(runs.stopped, 1);
    QCOMPARE(runs.unknown, 1);
    QCOMPARE(runs.medianDuration, std::optional<milliseconds>(250ms)); // of 50, 100, 200, 300, 400, 30000
    QCOMPARE(runs.p95Duration, std::optional<milliseconds>(30s));
    QVERIFY(runs.cost == Money::parse("0.0009065"));
    QCOMPARE(runs.unpriced, 3);
    QVERIFY(runs.costPerPassed() == Money::parse("0.0009065")->scaled(1, 3));
    QVERIFY(!answer().runs.knownFrom);
    QVERIFY(answer().runs.failure.empty());
    QCOMPARE(answer().total, *Money::parse("0.0160325")); // a part of it, nothing on top
}

void TestRunFigures::templatesAreThoseReckonedByHand()
{
    const RunFigures full = runsOf("ml-full");
    QCOMPARE(full.count, 3);
    QCOMPARE(full.passed, 1);
    QCOMPARE(full.failed, 1);
    QCOMPARE(full.timedOut, 1);
    QCOMPARE(full.medianDuration, std::optional<milliseconds>(300ms));
    QVERIFY(full.cost == Money::parse("0.000903"));
    QVERIFY(full.costPerPassed() == Money::parse("0.000903"));
    const RunFigures mini = runsOf("ml-mini");
    QCOMPARE(mini.count, 4);
    QCOMPARE(mini.passed, 1);
    QCOMPARE(mini.medianDuration, std::optional<milliseconds>(200ms));
    QVERIFY(mini.cost == Money::parse("0.0000035"));
    QCOMPARE(mini.unpriced, 2);
    const RunFigures gone = runsOf("gone"); // only the run tells of it
    QCOMPARE(gone.count, 1);
    QVERIFY(!gone.cost && !gone.medianDuration && !gone.p95Duration && !gone.costPerPassed());
    QCOMPARE(runsOf("web").count, 0);
    QCOMPARE(answer().templates.size(), 4U);
}

void TestRunFigures::seriesCountEachRun()
{
    const models::RunAnalysis &runs = answer().runs;
    std::vector<double> passed(60, 0), failed(60, 0), timedOut(60, 0), others(60, 0);
    passed[49] = failed[49] = timedOut[50] = failed[54] = 1;
    passed[54] = others[54] = 2;
    QCOMPARE(runs.passed, passed);
    QCOMPARE(runs.failed, failed);
    QCOMPARE(runs.timedOut, timedOut);
    QCOMPARE(runs.others, others);
}

void TestRunFigures::filterReducesAll_data()
{
    QTest::addColumn<QString>("filter");
    QTest::addColumn<int>("count");
    QTest::addColumn<QByteArray>("cost"); // empty: not known
    QTest::newRow("one") << u"ml-full"_s << 3 << QByteArray("0.000903");
    QTest::newRow("star") << u"ml-*"_s << 7 << QByteArray("0.0009065");
    QTest::newRow("of no sandbox") << u"gone"_s << 1 << QByteArray();
    QTest::newRow("what only the run says") << u"alias-*"_s << 0 << QByteArray();
    QTest::newRow("not a part") << u"ml"_s << 0 << QByteArray();
    QTest::newRow("everything") << u"*"_s << 8 << QByteArray("0.0009065");
}

void TestRunFigures::filterReducesAll()
{
    QFETCH(QString, filter);
    QFETCH(int, count);
    QFETCH(QByteArray, cost);
    m_analytics->setTemplateFilter(filter);
    const models::RunAnalysis &runs = answer().runs;
    QCOMPARE(runs.all.count, count);
    QCOMPARE(sumOf(runs.passed) + sumOf(runs.failed) + sumOf(runs.timedOut) + sumOf(runs.others), count);
    QVERIFY(runs.all.cost == (cost.isEmpty() ? std::nullopt : Money::parse(cost.toStdString())));
    std::int64_t byTemplate = 0;
    for (const models::TemplateUsage &usage : answer().templates)
        byTemplate += usage.runs.count;
    QCOMPARE(byTemplate, count);
}

void TestRunFigures::windowIsFollowed()
{
    m_window->follow(48h);
    QCOMPARE(answer().runs.all.count, 9);
    QVERIFY(answer().runs.all.cost == Money::parse("1.0009065"));
    QCOMPARE(runsOf("web").count, 1);
    m_window->select(sample::at(10), sample::at(20)); // the end is not part of it
    QCOMPARE(answer().runs.all.count, 1);
    QCOMPARE(answer().runs.all.medianDuration, std::optional<milliseconds>(100ms));
    m_window->select(sample::at(400), sample::at(500));
    QCOMPARE(answer().runs.all.count, 0);
    QVERIFY(!answer().runs.all.cost && !answer().runs.all.medianDuration);
}

void TestRunFigures::pastMomentDoesNotKnowLaterRuns()
{
    QCOMPARE(answer().runs.all.count, 8);
    m_viewpoint->travelTo(sample::at(70));
    QVERIFY(QTest::qWaitFor([this] { return m_viewpoint->isInPast() && !m_viewpoint->isSeeking(); }));
    const RunFigures &then = answer().runs.all;
    QCOMPARE(then.count, 2); // the window ends before the third one
    QVERIFY(then.cost == Money::parse("0.000003"));
    QCOMPARE(sumOf(answer().runs.timedOut), 1.0);     // the series' last bucket holds that moment
    m_window->select(sample::at(0), sample::at(600)); // reaches into what was the future
    QCOMPARE(answer().runs.all.count, 3);
    QCOMPARE(answer().runs.all.timedOut, 1); // of this very moment
    m_viewpoint->returnToNow();
    QCOMPARE(answer().runs.all.count, 8);
}

void TestRunFigures::newRunsComeLive()
{
    QCOMPARE(answer().runs.all.count, 8);
    QVERIFY(m_live.record({test::ran(590, "c", "ml-mini", RunOutcome::Passed, 10, "0.000001")}));
    QTRY_COMPARE_WITH_TIMEOUT(m_analytics->latest()->runs.all.count, 9, 10'000); // by itself
    QCOMPARE(m_analytics->latest()->runs.all.passed, 4);
    m_analytics->setActive(false); // what came while nobody looked is there as well
    QVERIFY(m_live.record({test::ran(595, "c", "ml-mini", RunOutcome::Passed, 10, "0.000001")}));
    m_analytics->setActive(true);
    QCOMPARE(answer().runs.all.count, 10);
}

void TestRunFigures::duplicatesAndAnyOrder()
{
    QVERIFY(m_live.record({test::ran(400, "c", "ml-mini", RunOutcome::Passed, 10, "0.000001")}));
    const auto again = sample::readAll(m_live.journal());
    std::vector<lifecycle::Event> events;
    for (const auto &stored : again)
        events.push_back(stored.event);
    for (const auto outcome : sample::appendAll(m_live.journal(), events))
        QVERIFY(outcome == lifecycle::Journal::Outcome::Duplicate);
    m_window->follow(2h);
    QCOMPARE(answer().runs.all.count, 9);

    // The book itself, in pieces that overlap.
    std::vector<lifecycle::Event> runs = test::runsSample();
    RunBook inOrder, shuffled;
    addTo(inOrder, runs);
    std::mt19937 random(20'260'820);
    for (int round = 0; round < 5; ++round) {
        std::ranges::shuffle(runs, random);
        addTo(shuffled, {runs.begin(), runs.begin() + 5});
        addTo(shuffled, {runs.begin() + 3, runs.end()});
    }
    const auto all = shuffled.between(Timestamp::min(), Timestamp::max());
    QCOMPARE(all.size(), runs.size());
    const auto expected = inOrder.between(Timestamp::min(), Timestamp::max());
    QVERIFY(std::ranges::equal(all, expected, {}, &models::CodeRun::idHash, &models::CodeRun::idHash));
    QVERIFY(std::ranges::is_sorted(all, {}, &models::CodeRun::at));
    QCOMPARE(shuffled.between(sample::at(20), sample::at(20)).size(), 0U);
    QCOMPARE(shuffled.between(sample::at(500), sample::at(20)).size(), 0U);
}

void TestRunFigures::tableSortsByRuns()
{
    TemplateUsageModel model(*m_analytics);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    m_analytics->setTemplateFilter(u"*"_s);
    (void)answer();
    const auto order = [&model](int column) {
        model.sort(column, Qt::DescendingOrder);
        QStringList names;
        for (int row = 0; row < model.rowCount(); ++row)
            names << model.index(row, 0).data().toString();
        return names.join(u' ');
    };
    QCOMPARE(order(TemplateUsageModel::RunsColumn), u"ml-mini ml-full gone web"_s);
    QCOMPARE(order(TemplateUsageModel::PassedColumn), u"gone ml-full ml-mini web"_s); // by name where the same
    QCOMPARE(order(TemplateUsageModel::RunTimeColumn), u"ml-full ml-mini gone web"_s);
    QCOMPARE(order(TemplateUsageModel::RunCostColumn), u"ml-full ml-mini gone web"_s);
    QCOMPARE(order(TemplateUsageModel::PerPassedColumn), u"ml-full ml-mini gone web"_s);
    const QModelIndex mini = model.index(1, TemplateUsageModel::PassedColumn);
    QCOMPARE(mini.data().toInt(), 1);
    QCOMPARE(mini.data(Qt::ToolTipRole).toString(), u"1 passed, 1 failed, 0 timed out, 1 stopped, 1 unknown"_s);
    QVERIFY(mini.siblingAtColumn(TemplateUsageModel::RunCostColumn)
                .data(Qt::ToolTipRole)
                .toString()
                .startsWith(u"The cost of 2 runs is not known"_s));
}

void TestRunFigures::oldestRunsLeaveAFullBook()
{
    RunBook book;
    lifecycle::Event event = test::ran(0, "a", "x", RunOutcome::Passed, 1, "0.000001");
    const lifecycle::CodeExecution execution = lifecycle::codeExecutionOf(event);
    constexpr int surplus = 10;
    for (int i = 0; i < int(RunBook::mostRuns) + surplus; ++i) {
        event.id = std::to_string(i);
        event.timestamp = sample::at(i);
        book.add(execution, event);
    }
    book.settle();
    QCOMPARE(book.between(Timestamp::min(), Timestamp::max()).size(), RunBook::mostRuns);
    QVERIFY(book.knownFrom() == sample::at(surplus));

    // What was before is not known: it is no zero in the series, and said.
    models::AnalysisQuestion question;
    question.from = question.chartFrom = sample::at(0);
    question.to = question.chartTo = sample::at(20);
    question.now = sample::at(1'000'000);
    question.startBuckets = 4;
    const std::atomic<bool> stopped = false;
    const auto early = models::analyse({}, {}, book, question, stopped);
    QVERIFY(early->runs.knownFrom == sample::at(surplus));
    QCOMPARE(early->runs.all.count, 10);
    QVERIFY(std::isnan(early->runs.passed[0]) && std::isnan(early->runs.failed[1]));
    QCOMPARE(early->runs.passed[2], 5.0);
    question.from = question.chartFrom = sample::at(surplus);
    QVERIFY(!models::analyse({}, {}, book, question, stopped)->runs.knownFrom);

    // One that comes too late stays out, else the figures of before would be half true.
    event.id = "late";
    event.timestamp = sample::at(1);
    book.add(execution, event);
    book.settle();
    QVERIFY(book.between(Timestamp::min(), sample::at(surplus)).empty());
}

void TestRunFigures::trimmedJournalIsNotZero()
{
    QCOMPARE(answer().runs.all.count, 8);
    {
        auto database = lifecycle::Database::open(m_live.journal().file(), lifecycle::Database::Mode::ReadWrite);
        QVERIFY(database); // as old events leave, from the front
        QVERIFY(database->execute("DELETE FROM events WHERE seq < (SELECT min(seq) FROM events WHERE type = "
                                  "'sandbox.code_executed' AND time_ns = 1787220020000000000)"));
    }
    m_window->follow(2h);
    QCOMPARE(answer().runs.all.count, 7);
    QVERIFY(answer().runs.knownFrom == sample::at(20));
    QVERIFY(std::isnan(answer().runs.passed.front()));
    QCOMPARE(answer().startsPerMinute.front(), 0.0); // lives are in the tables
}

void TestRunFigures::unreadableJournalIsTold()
{
    Analytics analytics(m_live.tracker(), *m_window, "/no/such/folder/journal.db");
    analytics.setActive(true);
    QTRY_VERIFY(analytics.isCurrent());
    QVERIFY(!analytics.latest()->runs.failure.empty());
    QCOMPARE(analytics.latest()->runs.all.count, 0);
    QCOMPARE(analytics.latest()->ended, 3);
}

/// Some hundred thousand other events: the answer about lives comes first, the UI thread goes on.
void TestRunFigures::manyEventsAreReadInTheirThread()
{
    m_analytics->setActive(false);
    constexpr int others = 200'000;
    {
        auto database = lifecycle::Database::open(m_live.journal().file(), lifecycle::Database::Mode::ReadWrite);
        QVERIFY(database);
        const std::string fill = "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
            + std::to_string(others)
            + ") INSERT INTO events(seq, id_hash, id, type, source, time_ns, received_ns, sandbox_id, raw, sum) SELECT "
              "1000000 + i, i, 'fill' || i, 'sandbox.lifecycle.updated', 0, 0, 0, 'x', zeroblob(400), 0 FROM n; COMMIT";
        QVERIFY(database->execute(fill.c_str()));
    }
    Analytics analytics(m_live.tracker(), *m_window, m_live.journal().file());
    std::vector<bool> answers;
    connect(&analytics, &Analytics::changed, this, [&] {
        if (analytics.latest())
            answers.push_back(analytics.latest()->runs.isRead);
    });
    analytics.setActive(true);
    qint64 longest = 0;
    QElapsedTimer turn;
    while (!analytics.isCurrent() && answers.size() < 100) {
        turn.restart();
        QCoreApplication::processEvents(QEventLoop::AllEvents, 5);
        longest = std::max(longest, turn.elapsed());
        QTest::qSleep(1);
    }
    QVERIFY(answers.size() >= 2 && !answers.front() && answers.back());
    QVERIFY2(longest < 100, qPrintable(QString::number(longest)));
    QCOMPARE(analytics.latest()->ended, 3);
    QCOMPARE(analytics.latest()->runs.all.count, 8);
}

QTEST_GUILESS_MAIN(TestRunFigures)
#include "tst_runfigures.moc"
