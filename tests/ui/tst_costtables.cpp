#include "models/costs/coldcosts.h"
#include "models/costs/costtablemodel.h"
#include "models/costs/liveseries.h"
#include "models/costs/timewindow.h"
#include "models/timetravel/viewpoint.h"
#include "services/core/displayzone.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/tracker.h"
#include "tests/services/lifecycle/journalhelp.h"
#include "tests/services/lifecycle/lives.h"
#include "ui/costs/costcsv.h"

#include <QAbstractItemModelTester>
#include <QScopeGuard>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <ctime>
#include <memory>
#include <numeric>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace Qt::Literals::StringLiterals;
using models::CostTableModel;
using Grouping = CostTableModel::Grouping;

namespace {

constexpr int endedCount = 20'500;
constexpr double secondsApart = 2;

std::string idOf(int i)
{
    return "sbx" + std::to_string(i);
}

/// A killed event tells a whole life. Every tenth has no size, every third a user, every fifth of those another one.
Event lifeOf(int i)
{
    const double start = i * secondsApart + 0.001 * (i % 1'000);
    const double seconds = 5 + i % 97 + 0.001 * (i % 7);
    Event event = sample::bare(EventType::Killed, start + seconds, "run", idOf(i));
    event.templateId = "tpl" + std::to_string(i % 6);
    event.killReason = "timeout";
    event.execution =
        sample::execution(start, static_cast<std::int64_t>(seconds * 1'000), i % 10 == 0 ? 0 : 1 + i % 4, 512 + i % 3);
    if (i % 3 == 0)
        event.metadata = {{"user", i % 5 == 0 ? "eve" : "adam"}};
    return event;
}

} // namespace

/// Over a journal most of whose sandboxes ended so long ago that only its tables know them.
class TestCostTables final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void rowsAddUp_data();
    void rowsAddUp();
    void daysAddUp();
    void metadataAddsUp();
    void oneThatComesBackCountsOnce();
    void pastAddsUp();
    void whatCannotBeReadIsOneRow();

private:
    /// Until what the journal tells is in the rows.
    [[nodiscard]] bool settle(CostTableModel &model);
    [[nodiscard]] static bool hasEarlierRow(const CostTableModel &model)
    {
        return model.index(model.rowCount() - 1, 0).data().toString() == QStringLiteral("earlier sandboxes");
    }
    [[nodiscard]] static Money sumOf(const CostTableModel &model);
    [[nodiscard]] static Money csvSumOf(const CostTableModel &model);
    [[nodiscard]] Money wholeCost() const; ///< of all events, without any table
    [[nodiscard]] std::filesystem::path file() const { return m_dir->filePath(u"journal.db"_s).toStdString(); }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
    std::unique_ptr<Tracker> m_tracker;
    std::unique_ptr<models::Viewpoint> m_viewpoint;
    std::unique_ptr<models::ColdCosts> m_cold;
    std::unique_ptr<models::TimeWindow> m_window;
    Timestamp m_now{};
};

void TestCostTables::initTestCase()
{
    m_dir = std::make_unique<QTemporaryDir>();
    auto journal = Journal::open(file());
    QVERIFY(journal.has_value());
    std::vector<Event> events;
    for (int i = 0; i < endedCount; ++i)
        events.push_back(lifeOf(i));
    (*journal)->setBulk(true);
    const auto outcomes = sample::appendAll(**journal, events);
    QVERIFY(std::ranges::all_of(outcomes, [](auto outcome) { return outcome == Journal::Outcome::Stored; }));
}

void TestCostTables::init()
{
    Journal::Options options;
    options.hotLimit = 300;
    auto journal = Journal::open(file(), options);
    QVERIFY(journal.has_value());
    m_journal = std::move(*journal);
    m_now = sample::at(endedCount * secondsApart + 200);
    m_tracker = std::make_unique<Tracker>(*m_journal, sample::card, [this] { return m_now; });
    QSignalSpy replayed(m_tracker.get(), &Tracker::replayed);
    m_tracker->start();
    QVERIFY(replayed.wait(120'000));
    QVERIFY(m_tracker->fold().sandboxes().size() < 400);
    m_viewpoint = std::make_unique<models::Viewpoint>(*m_tracker, *m_journal);
    m_cold = std::make_unique<models::ColdCosts>(m_journal->file());
    m_window = std::make_unique<models::TimeWindow>([this] { return m_viewpoint->now(); });
}

void TestCostTables::cleanup()
{
    m_cold.reset();
    m_viewpoint.reset();
    m_tracker.reset();
    m_journal.reset();
}

bool TestCostTables::settle(CostTableModel &model)
{
    if (!QTest::qWaitFor([&] { return !model.isReading(); }, 60'000))
        return false;
    // A scan may have begun before the answer; the next one has it.
    const QSignalSpy published(&model, &CostTableModel::totalChanged);
    return QTest::qWaitFor(
        [&] {
            model.refresh();
            return published.count() >= 2;
        },
        60'000);
}

Money TestCostTables::sumOf(const CostTableModel &model)
{
    Money sum;
    for (int row = 0; row < model.rowCount(); ++row)
        sum += model.amountOf(row).value_or(Money{});
    return sum;
}

Money TestCostTables::csvSumOf(const CostTableModel &model)
{
    Money sum;
    const QStringList lines = ui::costCsv(model).split(u"\r\n"_s, Qt::SkipEmptyParts);
    for (const QString &line : lines)
        sum += Money::parse(line.split(u',').at(2).toStdString()).value_or(Money{});
    return sum;
}

Money TestCostTables::wholeCost() const
{
    Money sum;
    for (int i = 0; i < endedCount; ++i) {
        const Event event = lifeOf(i);
        const cost::Usage usage{*event.execution->startedAt, event.timestamp, event.execution->executionTimeMs,
                                event.execution->vcpuCount, event.execution->memoryMb};
        sum += cost::priceOf(usage, sample::card).value_or(Money{});
    }
    return sum;
}

void TestCostTables::rowsAddUp_data()
{
    QTest::addColumn<Grouping>("grouping");
    QTest::addColumn<double>("from");
    QTest::addColumn<double>("to");
    QTest::addColumn<bool>("isWhole");
    for (const auto &[name, grouping] :
         {std::pair("template", Grouping::Template), std::pair("sandbox", Grouping::Sandbox)}) {
        QTest::addRow("%s, all", name) << grouping << -10.0 << endedCount * secondsApart + 200 << true;
        // Through stretches, and over the change of price.
        QTest::addRow("%s, a part", name) << grouping << 1'000.0125 << 30'000.75 << false;
        QTest::addRow("%s, few", name) << grouping << 20'000.0 << 20'060.0 << false;
    }
    QTest::addRow("day, a part") << Grouping::Day << 1'000.0125 << 30'000.75 << false;
}

void TestCostTables::rowsAddUp()
{
    QFETCH(Grouping, grouping);
    QFETCH(double, from);
    QFETCH(double, to);
    QFETCH(bool, isWhole);
    m_window->select(sample::at(from), sample::at(to));
    const auto [first, last] = m_window->aligned(models::LiveSeries::bucketCount);
    CostTableModel model(*m_viewpoint, *m_window, grouping, m_cold.get());
    const QAbstractItemModelTester tester(&model);
    model.setActive(true);
    QVERIFY(model.isReading());
    const Money expected = m_viewpoint->costBetween(first, last);
    QVERIFY(!expected.isZero());
    QTRY_VERIFY(sumOf(model) == expected); // what is still to come is a row
    QVERIFY(settle(model));
    QCOMPARE(model.failure(), QString());
    QTRY_VERIFY(!hasEarlierRow(model));
    QVERIFY(model.total() == expected);
    QVERIFY(sumOf(model) == expected);
    QCOMPARE(csvSumOf(model), Money::fromPicoDollars(expected.toPicoDollars()));
    Money chart;
    for (const auto &series : m_viewpoint->costSeries(first, last, models::LiveSeries::bucketCount))
        chart = std::accumulate(series.buckets.begin(), series.buckets.end(), chart);
    QVERIFY(chart == expected);
    if (!isWhole)
        return;
    QVERIFY(expected == wholeCost());
    QVERIFY(model.figures().confirmed == expected); // every end told its execution time
    QVERIFY(model.figures().estimated.isZero());
    std::int64_t sandboxes = 0;
    for (int row = 0; row < model.rowCount(); ++row)
        sandboxes += model.index(row, CostTableModel::CountColumn).data().toLongLong(); // of one run each
    QCOMPARE(sandboxes, endedCount);
    const QModelIndex lastRow = model.index(model.rowCount() - 1, 0);
    if (grouping == Grouping::Sandbox) {
        QCOMPARE(model.rowCount(), CostTableModel::maximumRows + 1);
        QCOMPARE(lastRow.data().toString(), u"19500 more sandboxes"_s);
        QVERIFY(!lastRow.data(CostTableModel::IsNamedRole).toBool());
        QVERIFY(model.amountOf(0) >= model.amountOf(1) && model.amountOf(1) >= model.amountOf(999));
    } else {
        QCOMPARE(model.rowCount(), 6);
        QStringList figures;
        for (int row = 0; row < 6; ++row)
            figures << model.index(row, CostTableModel::CertaintyColumn).data().toString();
        QCOMPARE(figures.count(u"incomplete"_s), 3); // templates of an even number
        QCOMPARE(figures.count(u"confirmed"_s), 3);
    }
}

void TestCostTables::daysAddUp()
{
    const QByteArray before = qgetenv("TZ");
    const auto restore = qScopeGuard([&] {
        qputenv("TZ", before);
        ::tzset();
    });
    qputenv("TZ", "Asia/Tokyo");
    ::tzset();
    const Timestamp midnight = sample::at(5 * 3'600); // 15:00 UTC
    m_window->select(sample::at(-10), m_now);
    const auto [first, last] = m_window->aligned(models::LiveSeries::bucketCount);
    CostTableModel model(*m_viewpoint, *m_window, Grouping::Day, m_cold.get());
    model.setActive(true);
    QVERIFY(settle(model));
    QTRY_COMPARE(model.rowCount(), 2);
    QCOMPARE(model.index(0, 0).data().toString(), u"2026-08-21"_s); // the newest first
    QCOMPARE(model.index(1, 0).data().toString(), u"2026-08-20"_s);
    QVERIFY(*model.amountOf(0) == m_viewpoint->costBetween(midnight, last));
    QVERIFY(*model.amountOf(1) == m_viewpoint->costBetween(first, midnight));
    QVERIFY(sumOf(model) == wholeCost());
    qint64 both = 0; // that ran over midnight
    for (int i = 0; i < endedCount; ++i) {
        const Event event = lifeOf(i);
        both += *event.execution->startedAt < midnight && event.timestamp > midnight;
    }
    QVERIFY(both > 0);
    const auto sandboxes = [&model](int row) {
        return model.index(row, CostTableModel::CountColumn).data().toLongLong();
    };
    QCOMPARE(sandboxes(0) + sandboxes(1), endedCount + both);
    QVERIFY(ui::costCsv(model).startsWith(u"day,2026-08-21,"_s));

    DisplayZone::setUtc(true); // as Settings may say meanwhile
    const auto back = qScopeGuard([] { DisplayZone::setUtc(false); });
    model.refresh();
    QTRY_COMPARE(model.rowCount(), 1);
    QCOMPARE(model.index(0, 0).data().toString(), u"2026-08-20"_s);
    QTRY_VERIFY(sumOf(model) == wholeCost());
}

void TestCostTables::metadataAddsUp()
{
    m_window->select(sample::at(-10), m_now);
    CostTableModel model(*m_viewpoint, *m_window, Grouping::Metadata, m_cold.get());
    model.setActive(true);
    QTRY_COMPARE(model.keys(), QStringList{u"user"_s});
    QCOMPARE(model.rowCount(), 0);
    model.setKey(u"user"_s);
    QTRY_COMPARE(model.rowCount(), 3);
    QVERIFY(sumOf(model) == wholeCost());
    std::map<QString, Money> amounts;
    std::map<QString, qint64> counts;
    for (int row = 0; row < 3; ++row) {
        amounts[model.index(row, 0).data().toString()] = model.amountOf(row).value_or(Money{});
        counts[model.index(row, 0).data().toString()] = model.index(row, CostTableModel::CountColumn).data().toInt();
    }
    Money eve;
    for (int i = 0; i < endedCount; i += 15) {
        const Event event = lifeOf(i);
        eve += cost::priceOf({*event.execution->startedAt, event.timestamp, event.execution->executionTimeMs,
                              event.execution->vcpuCount, event.execution->memoryMb},
                             sample::card)
                   .value_or(Money{});
    }
    QVERIFY(amounts[u"eve"_s] == eve);
    QCOMPARE(counts[u"eve"_s], (endedCount + 14) / 15);
    QCOMPARE(counts[u"no “user”"_s], endedCount - (endedCount + 2) / 3);
    QVERIFY(ui::costCsv(model).startsWith(u"metadata:user,"_s));
}

void TestCostTables::oneThatComesBackCountsOnce()
{
    m_window->select(sample::at(-10), m_now);
    CostTableModel model(*m_viewpoint, *m_window, Grouping::Template, m_cold.get());
    model.setActive(true);
    QVERIFY(settle(model));
    const std::size_t before = m_tracker->fold().sandboxes().size();
    // More of its metadata, long after its end.
    Event late = sample::bare(EventType::Updated, 3, "run", idOf(1));
    QSignalSpy changed(m_tracker.get(), &Tracker::sandboxesChanged);
    (void)sample::appendAll(*m_journal, {late});
    QTRY_VERIFY(!changed.isEmpty());
    QCOMPARE(m_tracker->fold().sandboxes().size(), before + 1);
    model.refresh();
    QVERIFY(settle(model));
    QTRY_VERIFY(!hasEarlierRow(model));
    QVERIFY(sumOf(model) == wholeCost());
    QCOMPARE(model.rowCount(), 6);
}

void TestCostTables::pastAddsUp()
{
    const auto moment = sample::at(15'000.5);
    m_viewpoint->travelTo(moment);
    QTRY_VERIFY_WITH_TIMEOUT(m_viewpoint->isInPast() && !m_viewpoint->isSeeking(), 60'000);
    for (const Grouping grouping : {Grouping::Template, Grouping::Sandbox, Grouping::Day}) {
        m_window->select(sample::at(-10), m_now);
        CostTableModel model(*m_viewpoint, *m_window, grouping, m_cold.get());
        model.setActive(true);
        QVERIFY(settle(model));
        const auto [first, last] = m_window->aligned(models::LiveSeries::bucketCount);
        const Money expected = m_viewpoint->costBetween(first, last);
        QVERIFY(!expected.isZero() && expected < wholeCost());
        QTRY_VERIFY(model.rowCount() > 0 && !hasEarlierRow(model));
        QVERIFY(sumOf(model) == expected);
    }
}

void TestCostTables::whatCannotBeReadIsOneRow()
{
    models::ColdCosts nothing(m_dir->filePath(u"none.db"_s).toStdString());
    m_window->select(sample::at(-10), m_now);
    CostTableModel model(*m_viewpoint, *m_window, Grouping::Template, &nothing);
    model.setActive(true);
    QVERIFY(settle(model));
    QVERIFY(!model.failure().isEmpty());
    QTRY_VERIFY(hasEarlierRow(model));
    QVERIFY(sumOf(model) == wholeCost());
    QVERIFY(model.total() == wholeCost());
}

QTEST_GUILESS_MAIN(TestCostTables)
#include "tst_costtables.moc"
