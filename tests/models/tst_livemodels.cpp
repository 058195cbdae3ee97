// The models of sandboxes, events and costs over a real journal and tracker.

#include "models/costs/costtablemodel.h"
#include "models/costs/livefigures.h"
#include "models/costs/liveseries.h"
#include "models/costs/timewindow.h"
#include "models/events/eventlistmodel.h"
#include "models/sandboxes/sandboxlistmodel.h"
#include "services/lifecycle/codeexecution.h"
#include "services/lifecycle/tracker.h"
#include "tests/models/livefixture.h"

#include <QAbstractItemModelTester>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <memory>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
namespace sample = lifecycle::sample;
using models::CostTableModel;
using models::EventListModel;
using models::SandboxFilter;
using models::SandboxListModel;
using models::TimeWindow;

class TestLiveModels final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void sandboxesFollowTheirEvents();
    void filtersByStateAndWords();
    void sortsByEveryColumn();
    void selectionSurvivesAReSort();
    void manyChangesAreTakenIntoPlace_data();
    void manyChangesAreTakenIntoPlace();
    void eventsAreNewestFirstAndSearched();
    void eventsOfOneSession();
    void eventsLoadedAndLiveAreNotDoubled();
    void eventTellsItsPrice();
    void costsAddUpExactly();
    void cheapestShareARow_data();
    void cheapestShareARow();
    void unknownSizeIsNoZero();
    void reservedStandsApart();
    void seriesAndFiguresSeeWhatRuns();
    void figuresFollowEachChange();

private:
    [[nodiscard]] static lifecycle::Event killed(double seconds, const char *execution, double started, const char *id);

    test::LiveFixture m_live;
};

void TestLiveModels::init()
{
    QVERIFY(m_live.open());
}

void TestLiveModels::cleanup()
{
    m_live.close();
}

lifecycle::Event TestLiveModels::killed(double seconds, const char *execution, double started, const char *id)
{
    lifecycle::Event event = sample::ended(EventType::Killed, seconds, execution, started, id);
    event.execution = sample::execution(started, static_cast<std::int64_t>((seconds - started) * 1000));
    event.killReason = "timeout";
    return event;
}

void TestLiveModels::sandboxesFollowTheirEvents()
{
    SandboxListModel model(m_live.tracker());
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(model.rowCount(), 0);
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), sample::created(10, "e2", "b")}));
    QTRY_COMPARE(model.rowCount(), 2);
    QCOMPARE(model.index(0, 0).data(SandboxListModel::IdRole).toString(), u"b"_s); // youngest first
    QCOMPARE(model.index(1, 0).data(SandboxListModel::AgeMsRole).toLongLong(), 600'000);
    QVERIFY(!model.index(1, 0).data(SandboxListModel::CostPicoRole).isValid()); // size not told yet

    QVERIFY(m_live.record({killed(60, "e1", 0, "a")}));
    QTRY_COMPARE(model.rowCount(), 1); // the Live filter lets it go
    QCOMPARE(model.liveCount(), 1);
    QCOMPARE(model.totalCount(), 2);
    model.setFilter({SandboxFilter::States::Ended, {}});
    QCOMPARE(model.rowCount(), 1);
    const QModelIndex ended = model.index(0, 0);
    QCOMPARE(ended.data(SandboxListModel::KillReasonRole).toString(), u"timeout"_s);
    QCOMPARE(ended.data(SandboxListModel::AgeMsRole).toLongLong(), 60'000); // stands still at its end
    QCOMPARE(ended.data(SandboxListModel::CostPicoRole).toLongLong(),
             Money::parse("0.001815")->toPicoDollars()); // 60 s of 2 vCPU + 512 MiB
}

void TestLiveModels::filtersByStateAndWords()
{
    lifecycle::Event tagged = sample::created(5, "e2", "b");
    tagged.metadata = {{"user", "42"}};
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), tagged, killed(20, "e3", 0, "c")}));
    SandboxListModel model(m_live.tracker());
    model.setFilter({SandboxFilter::States::All, {}});
    QCOMPARE(model.rowCount(), 3);
    model.setFilter({SandboxFilter::States::All, SandboxFilter::wordsOf(u"USER=42"_s)});
    QCOMPARE(model.rowCount(), 1);
    QCOMPARE(model.rowOf(u"b"_s), 0);
    model.setFilter({SandboxFilter::States::All, SandboxFilter::wordsOf(u"tpl nothing"_s)});
    QCOMPARE(model.rowCount(), 0);
    model.setFilter({SandboxFilter::States::Paused, {}});
    QCOMPARE(model.rowCount(), 0);
}

void TestLiveModels::sortsByEveryColumn()
{
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), sample::created(10, "e2", "b"), killed(20, "e3", 0, "c"),
                           killed(90, "e4", 30, "d")}));
    SandboxListModel model(m_live.tracker());
    model.setFilter({SandboxFilter::States::All, {}});
    const auto order = [&model] {
        QString ids;
        for (int row = 0; row < model.rowCount(); ++row)
            ids += model.index(row, 0).data(SandboxListModel::IdRole).toString();
        return ids;
    };
    model.sort(SandboxListModel::IdColumn, Qt::AscendingOrder);
    QCOMPARE(order(), u"abcd"_s);
    model.sort(SandboxListModel::IdColumn, Qt::DescendingOrder);
    QCOMPARE(order(), u"dcba"_s);
    model.sort(SandboxListModel::CostColumn, Qt::DescendingOrder);
    QCOMPARE(order().left(2), u"dc"_s); // 60 s before 20 s, unknown last
    for (int column = 0; column < SandboxListModel::ColumnCount; ++column) {
        model.sort(column, Qt::AscendingOrder);
        const QString ascending = order();
        model.sort(column, Qt::DescendingOrder);
        QString reversed = order();
        std::reverse(reversed.begin(), reversed.end());
        QCOMPARE(reversed, ascending);
    }
}

void TestLiveModels::selectionSurvivesAReSort()
{
    QVERIFY(
        m_live.record({sample::created(0, "e1", "a"), sample::created(10, "e2", "b"), sample::created(20, "e3", "c")}));
    SandboxListModel model(m_live.tracker());
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.sort(SandboxListModel::IdColumn, Qt::AscendingOrder);
    const QPersistentModelIndex chosen = model.index(0, 0);
    model.sort(SandboxListModel::IdColumn, Qt::DescendingOrder);
    QCOMPARE(chosen.row(), 2);
    QCOMPARE(chosen.data(SandboxListModel::IdRole).toString(), u"a"_s);
    QVERIFY(m_live.record({sample::created(30, "e4", "bb")})); // goes between
    QTRY_COMPARE(model.rowCount(), 4);
    QCOMPARE(chosen.row(), 3);
}

void TestLiveModels::manyChangesAreTakenIntoPlace_data()
{
    QTest::addColumn<int>("column");
    for (const int column : {SandboxListModel::AgeColumn, SandboxListModel::SizeColumn, SandboxListModel::CostColumn})
        QTest::addRow("column %d", column) << column;
}

/// Hundreds at once, as in a flood: the model stands as one that is filled anew.
void TestLiveModels::manyChangesAreTakenIntoPlace()
{
    QFETCH(int, column);
    const auto idsOf = [](const SandboxListModel &model) {
        QStringList ids;
        for (int row = 0; row < model.rowCount(); ++row)
            ids << model.index(row, 0).data(SandboxListModel::IdRole).toString();
        return ids;
    };
    const auto filter = column % 2 == 0 ? SandboxFilter::States::Live : SandboxFilter::States::All;
    const auto order = column % 3 == 0 ? Qt::DescendingOrder : Qt::AscendingOrder;
    SandboxListModel model(m_live.tracker());
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setFilter({filter, {}});
    model.sort(column, order);
    for (int round = 0; round < 4; ++round) {
        std::vector<lifecycle::Event> events;
        for (int i = 0; i < 300; ++i) {
            const std::string id = "s" + std::to_string((i * 7919) % 1'000 + (round < 3 ? 100 * round : 200));
            const std::string execution = "e" + id;
            const double start = (i * 31) % 97;
            if (round > 0 && i % 3 == 0)
                events.push_back(killed(200 + round, execution.c_str(), start, id.c_str()));
            else if (round == 3)
                events.push_back(sample::ended(EventType::Paused, 190, execution.c_str(), start, id.c_str()));
            else
                events.push_back(sample::created(start, execution.c_str(), id.c_str()));
        }
        QVERIFY(m_live.record(events));
        SandboxListModel anew(m_live.tracker());
        anew.setFilter({filter, {}});
        anew.sort(column, order);
        QTRY_COMPARE(idsOf(model), idsOf(anew));
    }
    QVERIFY(model.rowCount() > 100);
}

void TestLiveModels::eventsAreNewestFirstAndSearched()
{
    EventListModel model(m_live.tracker());
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), sample::created(1, "e2", "b"), killed(5, "e1", 0, "a")}));
    QTRY_COMPARE(model.rowCount(), 3);
    QCOMPARE(model.index(0, 0).data(EventListModel::KillReasonRole).toString(), u"timeout"_s);
    model.setSearch(u"a KILLED"_s);
    QCOMPARE(model.rowCount(), 1);
    QVERIFY(m_live.record({sample::created(9, "e9", "other")})); // does not fit the search
    QTRY_COMPARE(model.loadedCount(), 4);
    QCOMPARE(model.rowCount(), 1);
    model.setSearch({});
    QCOMPARE(model.rowCount(), 4);
    QCOMPARE(model.index(0, 0).data(EventListModel::SandboxIdRole).toString(), u"other"_s);
    QVERIFY(!model.index(0, 0).data(EventListModel::IsCodeRunRole).toBool());

    QVERIFY(m_live.record(
        {lifecycle::codeExecutedEvent({"a", "tpl", 12, lifecycle::RunOutcome::Passed, {}, {}}, sample::at(10))}));
    QTRY_COMPARE(model.rowCount(), 5);
    QVERIFY(model.index(0, 0).data(EventListModel::IsCodeRunRole).toBool());
    QCOMPARE(model.index(0, 0).data(EventListModel::RunMsRole).toLongLong(), 12);
    QVERIFY(!model.index(0, 0).data(EventListModel::CodeErrorRole).isValid());
    QVERIFY(m_live.record({lifecycle::codeExecutedEvent(
        {"a", "tpl", 40, lifecycle::RunOutcome::Raised, "NameError", {}}, sample::at(11))}));
    QTRY_COMPARE(model.rowCount(), 6);
    QCOMPARE(model.index(0, 0).data(EventListModel::CodeErrorRole).toString(), u"NameError"_s);
    model.setSearch(u"nameerror"_s);
    QCOMPARE(model.rowCount(), 1);
    QCOMPARE(model.unknownCount(), 0);

    QVERIFY(m_live.record(
        {sample::bare(EventType::Unknown, 11, "e1", "a"), sample::bare(EventType::Unknown, 12, "e1", "a")}));
    QTRY_COMPARE(model.unknownCount(), 2);
    model.setSearch(u"unknown"_s);
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(EventListModel(m_live.tracker()).unknownCount(), 2); // after a start, too
}

void TestLiveModels::eventsOfOneSession()
{
    lifecycle::Event first = sample::created(0, "e1", "a"), second = sample::created(1, "e2", "b"),
                     tagged = sample::created(2, "e3", "c");
    first.session = "Run-1";
    second.session = "run-10";
    tagged.metadata = {{"note", "session:run-1"}};
    QVERIFY(m_live.record({first, second}));
    EventListModel model(m_live.tracker()); // from the journal's file
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(model.index(1, 0).data(EventListModel::SessionRole).toString(), u"Run-1"_s);
    model.setSearch(u"session:run-1"_s);
    QCOMPARE(model.rowCount(), 1);
    QCOMPARE(model.index(0, 0).data(EventListModel::SandboxIdRole).toString(), u"a"_s);
    QVERIFY(m_live.record({tagged, killed(5, "e1", 0, "a")})); // neither came by that session's path
    QTRY_COMPARE(model.loadedCount(), 4);
    QCOMPARE(model.rowCount(), 1);
    lifecycle::Event live = killed(6, "e4", 0, "d");
    live.session = "Run-1";
    QVERIFY(m_live.record({live}));
    QTRY_COMPARE(model.rowCount(), 2);

    const std::pair<QString, int> searches[] = {{u"session:RUN-1 created"_s, 1},
                                                {u"session:"_s, 3},
                                                {u"session:run"_s, 0},
                                                {u"run-1"_s, 4},
                                                {u"session:run-1 session:run-10"_s, 0}};
    for (const auto &[search, count] : searches) {
        model.setSearch(search);
        QVERIFY2(model.rowCount() == count, qPrintable(search));
    }
}

void TestLiveModels::eventsLoadedAndLiveAreNotDoubled()
{
    QVERIFY(m_live.record({sample::created(0, "e1", "a")}));
    EventListModel model(m_live.tracker());
    QCOMPARE(model.rowCount(), 1);
    QVERIFY(m_live.record({sample::created(1, "e2", "b")}));
    QTRY_COMPARE(model.rowCount(), 2);
    QCOMPARE(model.index(1, 0).data(EventListModel::SandboxIdRole).toString(), u"a"_s);
}

void TestLiveModels::eventTellsItsPrice()
{
    EventListModel model(m_live.tracker());
    lifecycle::Event late = killed(600, "e1", 0, "a");
    late.receivedAt = late.timestamp + std::chrono::milliseconds(1500);
    QVERIFY(m_live.record({late}));
    QTRY_COMPARE(model.rowCount(), 1);
    const QModelIndex row = model.index(0, 0);
    QCOMPARE(row.data(EventListModel::DelayMsRole).toLongLong(), 1500);
    QCOMPARE(row.data(EventListModel::RunMsRole).toLongLong(), 600'000);
    QCOMPARE(row.data(EventListModel::CostPicoRole).toLongLong(), Money::parse("0.01815")->toPicoDollars());
}

void TestLiveModels::costsAddUpExactly()
{
    QVERIFY(m_live.record({killed(100, "e1", 0, "a"), killed(300, "e2", 100, "b")}));
    TimeWindow window([this] { return m_live.now; });
    window.follow(std::chrono::hours(24));
    CostTableModel bySandbox(m_live.tracker(), window, CostTableModel::Grouping::Sandbox);
    bySandbox.setActive(true);
    QCOMPARE(bySandbox.rowCount(), 2);
    QCOMPARE(bySandbox.index(0, 0).data().toString(), u"b"_s); // dearest first
    QCOMPARE(bySandbox.index(0, 0).data(CostTableModel::RuntimeMsRole).toLongLong(), 200'000);
    qint64 sum = 0;
    for (int row = 0; row < bySandbox.rowCount(); ++row)
        sum += bySandbox.index(row, 0).data(CostTableModel::AmountPicoRole).toLongLong();
    QCOMPARE(sum, Money::parse("0.009075")->toPicoDollars()); // 300 s
    QCOMPARE(bySandbox.total(), *Money::parse("0.009075"));
    window.follow(std::chrono::seconds(480)); // as the chart shows it: from second 124 on, 176 s of b
    QCOMPARE(bySandbox.rowCount(), 1);
    QCOMPARE(bySandbox.total(), *Money::parse("0.005324"));
}

void TestLiveModels::cheapestShareARow_data()
{
    QTest::addColumn<int>("more");
    QTest::newRow("few") << 3;
    QTest::newRow("as many as a thread puts in order") << 2'000;
}

void TestLiveModels::cheapestShareARow()
{
    QFETCH(int, more);
    std::vector<lifecycle::Event> events;
    for (int i = 0; i < CostTableModel::maximumRows + more; ++i) {
        const std::string execution = "e" + std::to_string(i), id = "s" + std::to_string(i);
        events.push_back(killed(300 + (i < more ? 0 : 100), execution.c_str(), 200, id.c_str()));
    }
    QVERIFY(m_live.record(events));
    TimeWindow window([this] { return m_live.now; });
    CostTableModel model(m_live.tracker(), window, CostTableModel::Grouping::Sandbox);
    model.setActive(true);
    QTRY_VERIFY(model.isCurrent());
    QCOMPARE(model.rowCount(), CostTableModel::maximumRows + 1);
    const QModelIndex last = model.index(CostTableModel::maximumRows, 0);
    QVERIFY(!last.data(CostTableModel::IsNamedRole).toBool());
    QCOMPARE(last.data().toString(), u"%1 more sandboxes"_s.arg(more));
    QCOMPARE(last.data(CostTableModel::AmountPicoRole).toLongLong(),
             more * Money::parse("0.003025")->toPicoDollars()); // 100 s each
    QCOMPARE(last.data(CostTableModel::RuntimeMsRole).toLongLong(), more * 100'000LL);
    qint64 sum = 0;
    for (int row = 0; row < model.rowCount(); ++row)
        sum += model.index(row, 0).data(CostTableModel::AmountPicoRole).toLongLong();
    QCOMPARE(sum, model.total().toPicoDollars());
}

void TestLiveModels::unknownSizeIsNoZero()
{
    QVERIFY(m_live.record({sample::created(0, "e1", "a")}));
    TimeWindow window([this] { return m_live.now; });
    CostTableModel model(m_live.tracker(), window, CostTableModel::Grouping::Template);
    model.refresh();
    QCOMPARE(model.rowCount(), 1);
    QVERIFY(!model.index(0, 0).data(CostTableModel::AmountPicoRole).isValid());
    QCOMPARE(model.index(0, CostTableModel::CertaintyColumn).data().toString(), u"incomplete"_s);
}

void TestLiveModels::reservedStandsApart()
{
    lifecycle::Event open = sample::observedRunning(1, 0);
    open.newEnd = sample::at(1'200);
    QVERIFY(m_live.record({killed(100, "e1", 0, "b"), open, sample::created(5, "e2", "unsized")}));
    TimeWindow window([this] { return m_live.now; });
    CostTableModel model(m_live.tracker(), window, CostTableModel::Grouping::Template);
    model.refresh();
    const CostTableModel::Figures &figures = model.figures();
    QVERIFY(figures.confirmed == *Money::parse("0.003025")); // 100 s
    QVERIFY(figures.estimated == *Money::parse("0.01815"));  // 600 s until now
    QVERIFY(figures.reserved == *Money::parse("0.01815"));   // as long again
    QCOMPARE(figures.running, 2);
    QCOMPARE(figures.withoutEnd, 1);
    QVERIFY(model.total() == figures.confirmed + figures.estimated);
}

void TestLiveModels::seriesAndFiguresSeeWhatRuns()
{
    models::LiveFigures figures(m_live.tracker());
    TimeWindow window([this] { return m_live.now; });
    models::LiveSeries series(m_live.tracker(), window);
    series.setActive(true);
    QVERIFY(series.isEmpty());
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), killed(300, "e2", 0, "b")}));
    QTRY_COMPARE(figures.runningCount(), 1);
    QVERIFY(figures.lastEventAt().has_value());
    window.follow(std::chrono::hours(2));
    QVERIFY(!series.isEmpty());
    QCOMPARE(series.active().size(), std::size_t(models::LiveSeries::bucketCount));
    QCOMPARE(*std::ranges::max_element(series.active()), 2.0); // a and b together
    double dollars = 0;
    for (const auto &line : series.cost()) {
        for (const double value : line.values)
            dollars += value;
    }
    QVERIFY(qAbs(dollars - 0.009075) < 1e-12);

    // What nobody can tell any more is not nothing; what is known in it stays.
    series.setGaps({{sample::at(-7200), sample::at(300)}});
    QVERIFY(std::isnan(series.active().front()));
    QVERIFY(std::isnan(series.cost().front().values.front()));
    QVERIFY(!std::isnan(series.active().back()));
    QCOMPARE(std::ranges::count_if(series.active(), [](double value) { return value == 2.0; }), std::ptrdiff_t{5});
}

/// Counted as they change: the figures must be those of a count from scratch, whatever came before.
void TestLiveModels::figuresFollowEachChange()
{
    models::LiveFigures figures(m_live.tracker());
    const auto shown = [](const models::LiveFigures &of) {
        return QList<int>{of.runningCount(), of.pausedCount(), of.allocatedVcpu(), of.allocatedMib()};
    };
    const auto observed = [](int vcpu, int mib, const char *id) {
        lifecycle::Event event = sample::observedRunning(0, 0, vcpu, mib);
        event.sandboxId = id;
        event.id += id;
        return event;
    };
    const auto holds = [&](const QList<int> &expected) {
        models::LiveFigures fresh(m_live.tracker());
        return shown(figures) == expected && shown(fresh) == expected;
    };
    QVERIFY(m_live.record({observed(2, 1'024, "a"), observed(4, 2'048, "b")}));
    QTRY_VERIFY(holds({2, 0, 6, 3'072}));
    QVERIFY(m_live.record({sample::ended(EventType::Paused, 60, "e1", 0, "a")}));
    QTRY_VERIFY(holds({1, 1, 4, 2'048}));
    QVERIFY(m_live.record(
        {sample::ended(EventType::Killed, 90, "e1", 0, "a"), sample::ended(EventType::Killed, 95, "e1", 0, "b")}));
    QTRY_VERIFY(holds({0, 0, 0, 0}));
}

QTEST_GUILESS_MAIN(TestLiveModels)
#include "tst_livemodels.moc"
