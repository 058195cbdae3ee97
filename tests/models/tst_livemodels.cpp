// The models of sandboxes, events and costs over a real journal and tracker.

#include "models/costs/costtablemodel.h"
#include "models/costs/livefigures.h"
#include "models/costs/liveseries.h"
#include "models/events/eventlistmodel.h"
#include "models/sandboxes/sandboxlistmodel.h"
#include "services/lifecycle/tracker.h"
#include "tests/services/lifecycle/events.h"

#include <QAbstractItemModelTester>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <memory>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
namespace sample = lifecycle::sample;
using models::CostTableModel;
using models::EventListModel;
using models::SandboxFilter;
using models::SandboxListModel;

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
    void eventsAreNewestFirstAndSearched();
    void eventsLoadedAndLiveAreNotDoubled();
    void eventTellsItsPrice();
    void costsAddUpExactly();
    void unknownSizeIsNoZero();
    void seriesAndFiguresSeeWhatRuns();

private:
    /// Journals the events and waits until the tracker has applied them.
    void record(const std::vector<lifecycle::Event> &events);
    [[nodiscard]] static lifecycle::Event killed(double seconds, const char *execution, double started, const char *id);

    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<lifecycle::Journal> m_journal;
    std::unique_ptr<lifecycle::Tracker> m_tracker;
    Timestamp m_now = sample::at(600);
};

void TestLiveModels::init()
{
    m_directory = std::make_unique<QTemporaryDir>();
    auto journal = lifecycle::Journal::open(m_directory->filePath(u"journal.db"_s).toStdString());
    QVERIFY(journal);
    m_journal = std::move(*journal);
    const auto card = cost::RateCard::fromJson(
        R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z","usd_per_vcpu_second":"0.000014",
            "usd_per_gib_second":"0.0000045","source":"test"}]})");
    QVERIFY(card);
    m_tracker = std::make_unique<lifecycle::Tracker>(*m_journal, *card, [this] { return m_now; });
    m_tracker->start();
    QTRY_VERIFY(m_tracker->isReplayed());
}

void TestLiveModels::cleanup()
{
    m_tracker.reset();
    m_journal.reset();
    m_directory.reset();
}

void TestLiveModels::record(const std::vector<lifecycle::Event> &events)
{
    std::int64_t heard = 0;
    const auto connection = connect(m_tracker.get(), &lifecycle::Tracker::eventsRecorded, this,
                                    [&heard](const auto &fresh) { heard += static_cast<std::int64_t>(fresh.size()); });
    for (const lifecycle::Event &event : events)
        m_journal->append(event, [](lifecycle::Journal::Outcome) {});
    QTRY_COMPARE(heard, static_cast<std::int64_t>(events.size()));
    disconnect(connection);
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
    SandboxListModel model(*m_tracker);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(model.rowCount(), 0);
    record({sample::created(0, "e1", "a"), sample::created(10, "e2", "b")});
    QTRY_COMPARE(model.rowCount(), 2);
    QCOMPARE(model.index(0, 0).data(SandboxListModel::IdRole).toString(), u"b"_s); // youngest first
    QCOMPARE(model.index(1, 0).data(SandboxListModel::AgeMsRole).toLongLong(), 600'000);
    QVERIFY(!model.index(1, 0).data(SandboxListModel::CostPicoRole).isValid()); // size not told yet

    record({killed(60, "e1", 0, "a")});
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
    record({sample::created(0, "e1", "a"), tagged, killed(20, "e3", 0, "c")});
    SandboxListModel model(*m_tracker);
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
    record({sample::created(0, "e1", "a"), sample::created(10, "e2", "b"), killed(20, "e3", 0, "c"),
            killed(90, "e4", 30, "d")});
    SandboxListModel model(*m_tracker);
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
    record({sample::created(0, "e1", "a"), sample::created(10, "e2", "b"), sample::created(20, "e3", "c")});
    SandboxListModel model(*m_tracker);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.sort(SandboxListModel::IdColumn, Qt::AscendingOrder);
    const QPersistentModelIndex chosen = model.index(0, 0);
    model.sort(SandboxListModel::IdColumn, Qt::DescendingOrder);
    QCOMPARE(chosen.row(), 2);
    QCOMPARE(chosen.data(SandboxListModel::IdRole).toString(), u"a"_s);
    record({sample::created(30, "e4", "bb")}); // goes between
    QTRY_COMPARE(model.rowCount(), 4);
    QCOMPARE(chosen.row(), 3);
}

void TestLiveModels::eventsAreNewestFirstAndSearched()
{
    EventListModel model(*m_tracker, *m_journal);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    record({sample::created(0, "e1", "a"), sample::created(1, "e2", "b"), killed(5, "e1", 0, "a")});
    QTRY_COMPARE(model.rowCount(), 3);
    QCOMPARE(model.index(0, 0).data(EventListModel::KillReasonRole).toString(), u"timeout"_s);
    model.setSearch(u"a KILLED"_s);
    QCOMPARE(model.rowCount(), 1);
    record({sample::created(9, "e9", "other")}); // does not fit the search
    QTRY_COMPARE(model.loadedCount(), 4);
    QCOMPARE(model.rowCount(), 1);
    model.setSearch({});
    QCOMPARE(model.rowCount(), 4);
    QCOMPARE(model.index(0, 0).data(EventListModel::SandboxIdRole).toString(), u"other"_s);
}

void TestLiveModels::eventsLoadedAndLiveAreNotDoubled()
{
    record({sample::created(0, "e1", "a")});
    EventListModel model(*m_tracker, *m_journal);
    QCOMPARE(model.rowCount(), 1);
    record({sample::created(1, "e2", "b")});
    QTRY_COMPARE(model.rowCount(), 2);
    QCOMPARE(model.index(1, 0).data(EventListModel::SandboxIdRole).toString(), u"a"_s);
}

void TestLiveModels::eventTellsItsPrice()
{
    EventListModel model(*m_tracker, *m_journal);
    lifecycle::Event late = killed(600, "e1", 0, "a");
    late.receivedAt = late.timestamp + std::chrono::milliseconds(1500);
    record({late});
    QTRY_COMPARE(model.rowCount(), 1);
    const QModelIndex row = model.index(0, 0);
    QCOMPARE(row.data(EventListModel::DelayMsRole).toLongLong(), 1500);
    QCOMPARE(row.data(EventListModel::RunMsRole).toLongLong(), 600'000);
    QCOMPARE(row.data(EventListModel::CostPicoRole).toLongLong(), Money::parse("0.01815")->toPicoDollars());
}

void TestLiveModels::costsAddUpExactly()
{
    record({killed(100, "e1", 0, "a"), killed(300, "e2", 100, "b")});
    CostTableModel bySandbox(*m_tracker, CostTableModel::Grouping::Sandbox);
    bySandbox.setWindow(std::chrono::hours(24));
    QCOMPARE(bySandbox.rowCount(), 2);
    QCOMPARE(bySandbox.index(0, 0).data().toString(), u"b"_s); // dearest first
    QCOMPARE(bySandbox.index(0, 0).data(CostTableModel::RuntimeMsRole).toLongLong(), 200'000);
    qint64 sum = 0;
    for (int row = 0; row < bySandbox.rowCount(); ++row)
        sum += bySandbox.index(row, 0).data(CostTableModel::AmountPicoRole).toLongLong();
    QCOMPARE(sum, Money::parse("0.009075")->toPicoDollars()); // 300 s
    QCOMPARE(bySandbox.total(), *Money::parse("0.009075"));
    bySandbox.setWindow(std::chrono::seconds(400)); // from second 200 on: half of b
    QCOMPARE(bySandbox.rowCount(), 1);
    QCOMPARE(bySandbox.total(), *Money::parse("0.003025"));
}

void TestLiveModels::unknownSizeIsNoZero()
{
    record({sample::created(0, "e1", "a")});
    CostTableModel model(*m_tracker, CostTableModel::Grouping::Template);
    model.refresh();
    QCOMPARE(model.rowCount(), 1);
    QVERIFY(!model.index(0, 0).data(CostTableModel::AmountPicoRole).isValid());
    QCOMPARE(model.index(0, CostTableModel::CertaintyColumn).data().toString(), u"incomplete"_s);
}

void TestLiveModels::seriesAndFiguresSeeWhatRuns()
{
    models::LiveFigures figures(*m_tracker, *m_journal);
    models::LiveSeries series(*m_tracker);
    series.setWindow(std::chrono::hours(1));
    QVERIFY(series.isEmpty());
    record({sample::created(0, "e1", "a"), killed(300, "e2", 0, "b")});
    QTRY_COMPARE(figures.runningCount(), 1);
    QVERIFY(figures.lastEventAt().has_value());
    series.setWindow(std::chrono::hours(1));
    QVERIFY(!series.isEmpty());
    QCOMPARE(series.active().size(), std::size_t(models::LiveSeries::bucketCount));
    QCOMPARE(*std::ranges::max_element(series.active()), 2.0); // a and b together
    double dollars = 0;
    for (const auto &line : series.cost()) {
        for (const double value : line.values)
            dollars += value;
    }
    QVERIFY(qAbs(dollars - 0.009075) < 1e-12);
}

QTEST_GUILESS_MAIN(TestLiveModels)
#include "tst_livemodels.moc"
