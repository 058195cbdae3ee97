// Every model of the pages at a moment of the past, and back in the present.

#include "models/timetravel/viewpoint.h"

#include "models/costs/costtablemodel.h"
#include "models/costs/livefigures.h"
#include "models/costs/liveseries.h"
#include "models/costs/timewindow.h"
#include "models/events/eventlistmodel.h"
#include "models/sandboxes/sandboxlistmodel.h"
#include "models/sandboxes/timelinemodel.h"
#include "tests/models/livefixture.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
using models::Viewpoint;
namespace sample = lifecycle::sample;

class TestViewpoint final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void everyModelGoesBackAndReturns();
    void newsIsCountedNotShown();
    void lastJourneyIsMadeToItsEnd();
    void returnOvertakesAJourney();
    void stepsByEventAndTime();
    void nothingHasHappened();
    void unknownTypesStandInThePastToo();
    void pricesOfTodayForThePast();
    void unreadableJournalLeavesThePicture();

private:
    [[nodiscard]] bool go(double seconds);

    test::LiveFixture m_live;
    std::unique_ptr<Viewpoint> m_viewpoint;
};

void TestViewpoint::init()
{
    QVERIFY(m_live.open());
    m_viewpoint = std::make_unique<Viewpoint>(m_live.tracker(), m_live.journal());
    // a: 0-100 s, b: from 50 s with a pause from 200 s to 300 s, c: from 400 s. Now is 600 s.
    lifecycle::Event b = sample::created(50, "e2", "b");
    b.templateId = "other";
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), b, sample::ended(EventType::Killed, 100, "e1", 0, "a"),
                           sample::ended(EventType::Paused, 200, "e2", 50, "b"), sample::resumed(300, "e3", "b"),
                           sample::created(400, "e4", "c")}));
}

void TestViewpoint::cleanup()
{
    m_viewpoint.reset();
    m_live.close();
}

bool TestViewpoint::go(double seconds)
{
    m_viewpoint->travelTo(sample::at(seconds));
    return QTest::qWaitFor([&] { return m_viewpoint->isInPast() && !m_viewpoint->isSeeking(); });
}

void TestViewpoint::everyModelGoesBackAndReturns()
{
    models::TimeWindow window([this] { return m_viewpoint->now(); });
    models::SandboxListModel sandboxes(*m_viewpoint);
    models::EventListModel events(*m_viewpoint);
    models::CostTableModel costs(*m_viewpoint, window, models::CostTableModel::Grouping::Sandbox);
    models::LiveSeries series(*m_viewpoint, window);
    models::TimelineModel timeline(*m_viewpoint, window);
    models::LiveFigures figures(*m_viewpoint);
    const QAbstractItemModelTester tester1(&sandboxes), tester2(&events), tester3(&costs);
    costs.setActive(true);
    series.setActive(true);
    timeline.setActive(true);
    const auto compare = [&](int live, int running, int paused, int eventCount, int lanes, int priced, double active) {
        QCOMPARE(sandboxes.rowCount(), live);
        QCOMPARE(figures.runningCount(), running);
        QCOMPARE(figures.pausedCount(), paused);
        QCOMPARE(events.rowCount(), eventCount);
        QCOMPARE(figures.journalCount(), eventCount);
        QCOMPARE(timeline.lanes().size(), static_cast<std::size_t>(lanes));
        QCOMPARE(costs.rowCount(), priced);
        QVERIFY(costs.total() == m_viewpoint->costBetween(window.from(), window.to()));
        QCOMPARE(*std::ranges::max_element(series.active()), active);
        QVERIFY(timeline.to() == m_viewpoint->now());
    };
    QTRY_COMPARE(figures.runningCount(), 2); // told by the clock
    compare(2, 2, 0, 6, 3, 3, 2);
    const Money now = costs.total();
    QVERIFY(go(250));
    compare(1, 0, 1, 4, 2, 2, 2);
    const QModelIndex b = sandboxes.index(0, models::SandboxListModel::AgeColumn);
    QCOMPARE(b.data(models::SandboxListModel::IdRole).toString(), u"b"_s);
    QCOMPARE(b.data(models::SandboxListModel::AgeMsRole).toLongLong(), 200'000);
    QCOMPARE(events.index(0, 0).data(models::EventListModel::TimestampMsRole).toLongLong(), toUnixMs(sample::at(200)));
    QVERIFY(costs.total() < now && !costs.total().isZero());
    QVERIFY(go(75));
    compare(2, 2, 0, 2, 2, 2, 2);
    QVERIFY(m_viewpoint->costBetween(Timestamp{}, Timestamp::max()).isZero()); // no size was known yet
    QVERIFY(go(-1));
    compare(0, 0, 0, 0, 0, 0, 0);
    m_viewpoint->returnToNow();
    QVERIFY(!m_viewpoint->isInPast());
    compare(2, 2, 0, 6, 3, 3, 2);
    QVERIFY(costs.total() == now);
}

void TestViewpoint::newsIsCountedNotShown()
{
    models::SandboxListModel sandboxes(*m_viewpoint);
    models::EventListModel events(*m_viewpoint);
    QVERIFY(go(250));
    QSignalSpy news(m_viewpoint.get(), &Viewpoint::newsCame);
    m_live.now = sample::at(700);
    QVERIFY(m_live.record({sample::created(650, "e5", "d"), sample::created(660, "e6", "e")}));
    QVERIFY(!news.isEmpty());
    QCOMPARE(m_viewpoint->newsCount(), 2);
    QCOMPARE(sandboxes.rowCount(), 1);
    QCOMPARE(events.rowCount(), 4);
    QVERIFY(go(675)); // what came meanwhile is the past of a later moment
    QCOMPARE(sandboxes.rowCount(), 4);
    QCOMPARE(events.rowCount(), 8);
    m_viewpoint->returnToNow();
    QCOMPARE(sandboxes.rowCount(), 4);
    QVERIFY(m_live.record({sample::created(690, "e7", "f")}));
    QCOMPARE(sandboxes.rowCount(), 5); // lives again
    QCOMPARE(events.rowCount(), 9);
    QVERIFY(go(100));
    QCOMPARE(m_viewpoint->newsCount(), 0);
}

void TestViewpoint::lastJourneyIsMadeToItsEnd()
{
    QSignalSpy replayed(m_viewpoint.get(), &Viewpoint::replayed);
    for (int second = 0; second <= 300; ++second)
        m_viewpoint->travelTo(sample::at(second));
    QVERIFY(m_viewpoint->isSeeking());
    QVERIFY(m_viewpoint->target() == sample::at(300));
    QTRY_VERIFY(!m_viewpoint->isSeeking());
    QVERIFY(m_viewpoint->now() == sample::at(300));
    QVERIFY(replayed.size() <= 3);
}

void TestViewpoint::returnOvertakesAJourney()
{
    m_viewpoint->travelTo(sample::at(100));
    m_viewpoint->returnToNow();
    QVERIFY(!m_viewpoint->isSeeking());
    m_viewpoint->prepare();
    QSignalSpy prepared(m_viewpoint.get(), &Viewpoint::prepared);
    QVERIFY(prepared.wait());
    QVERIFY(!m_viewpoint->isInPast());
    QVERIFY(go(100));
    m_viewpoint->travelTo(sample::at(601)); // not the past
    QVERIFY(!m_viewpoint->isInPast());
    m_viewpoint->rest();
    QVERIFY(go(200)); // and anew
}

void TestViewpoint::stepsByEventAndTime()
{
    using Step = Viewpoint::Step;
    QVERIFY(!m_viewpoint->canStep(Step::Minute, -1)); // how far back is not known
    QSignalSpy prepared(m_viewpoint.get(), &Viewpoint::prepared);
    m_viewpoint->prepare();
    QVERIFY(prepared.wait());
    QVERIFY(m_viewpoint->firstEvent() == sample::at(0));
    QVERIFY(!m_viewpoint->canStep(Step::Event, 1));
    const auto step = [this](Step by, int count) {
        m_viewpoint->step(by, count);
        return QTest::qWaitFor([this] { return !m_viewpoint->isSeeking(); });
    };
    for (const double expected : {400.0, 300.0, 200.0}) {
        QVERIFY(step(Step::Event, -1));
        QVERIFY(m_viewpoint->now() == sample::at(expected));
    }
    QVERIFY(step(Step::Event, 1));
    QVERIFY(m_viewpoint->now() == sample::at(300));
    QVERIFY(step(Step::Minute, -1));
    QVERIFY(m_viewpoint->now() == sample::at(240));
    QVERIFY(step(Step::Hour, -1)); // not beyond the first event
    QVERIFY(m_viewpoint->now() == sample::at(0));
    QVERIFY(!m_viewpoint->canStep(Step::Event, -1) && !m_viewpoint->canStep(Step::Day, -1));
    QVERIFY(step(Step::Day, 1));
    QVERIFY(!m_viewpoint->isInPast());
    QVERIFY(m_live.record({sample::created(500, "e9", "late")}));
    QVERIFY(step(Step::Event, -1));
    QVERIFY(m_viewpoint->now() == sample::at(500));
    QVERIFY(step(Step::Event, 1)); // the last one: on to the present
    QVERIFY(!m_viewpoint->isInPast());
}

void TestViewpoint::nothingHasHappened()
{
    cleanup();
    QVERIFY(m_live.open());
    m_viewpoint = std::make_unique<Viewpoint>(m_live.tracker(), m_live.journal());
    QSignalSpy prepared(m_viewpoint.get(), &Viewpoint::prepared);
    m_viewpoint->prepare();
    QVERIFY(prepared.wait());
    QVERIFY(!m_viewpoint->firstEvent());
    QVERIFY(!m_viewpoint->canStep(Viewpoint::Step::Event, -1));
    QVERIFY(go(100));
    QVERIFY(m_viewpoint->fold().sandboxes().empty());
}

void TestViewpoint::unknownTypesStandInThePastToo()
{
    const lifecycle::Event mystery = sample::bare(EventType::Unknown, 60, "e1", "a");
    lifecycle::Event nowhere = sample::bare(EventType::Unknown, 70, {}, {}); // of no sandbox
    nowhere.id = "nowhere";
    QVERIFY(m_live.record({mystery, nowhere, sample::bare(EventType::Unknown, 250, "e1", "a")}));
    models::EventListModel events(*m_viewpoint);
    QCOMPARE(events.unknownCount(), 3);
    QVERIFY(go(150));
    const auto id = [&events](int row) {
        return events.index(row, 0).data(models::EventListModel::EventIdRole).toString().toStdString();
    };
    QCOMPARE(events.rowCount(), 5); // newest first: killed, nowhere, mystery, b, a
    QCOMPARE(events.totalCount(), 5);
    QCOMPARE(events.unknownCount(), 2);
    QCOMPARE(id(1), std::string("nowhere"));
    QCOMPARE(id(2), mystery.id);
    QVERIFY(go(40));
    QCOMPARE(events.rowCount(), 1);
    QCOMPARE(events.unknownCount(), 0);
    // One that arrives while somebody looks back stands where it belongs.
    QVERIFY(m_live.record({sample::bare(EventType::Unknown, 20, "e1", "a")}));
    QVERIFY(go(30));
    QCOMPARE(events.unknownCount(), 1);
    m_viewpoint->returnToNow();
    QTRY_COMPARE(events.unknownCount(), 4);
}

void TestViewpoint::pricesOfTodayForThePast()
{
    QVERIFY(go(250));
    const Money before = m_viewpoint->costBetween(sample::at(0), sample::at(250));
    const auto dearer = cost::RateCard::fromJson(
        R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z","usd_per_vcpu_second":"0.000028",
            "usd_per_gib_second":"0.000009","source":"test"}]})");
    QSignalSpy changed(m_viewpoint.get(), &Viewpoint::rateCardChanged);
    m_live.tracker().setRateCard(*dearer);
    QCOMPARE(changed.size(), 1);
    QVERIFY(!before.isZero());
    QVERIFY(m_viewpoint->costBetween(sample::at(0), sample::at(250)) == before + before);
}

void TestViewpoint::unreadableJournalLeavesThePicture()
{
    QVERIFY(std::filesystem::remove(m_live.journal().file()));
    QSignalSpy failed(m_viewpoint.get(), &Viewpoint::failed);
    m_viewpoint->travelTo(sample::at(100));
    QVERIFY(failed.wait());
    QVERIFY(!m_viewpoint->isSeeking() && !m_viewpoint->isInPast());
    QCOMPARE(m_viewpoint->fold().sandboxes().size(), 3U);
}

QTEST_GUILESS_MAIN(TestViewpoint)
#include "tst_viewpoint.moc"
