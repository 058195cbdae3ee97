#include "models/costs/timewindow.h"
#include "models/sandboxes/timelinemodel.h"
#include "tests/models/livefixture.h"

#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
namespace sample = lifecycle::sample;
using models::TimelineModel;
using Segment = models::TimelineModel::Segment;

class TestTimeline final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QVERIFY(m_live.open()); }
    void cleanup() { m_live.close(); }
    void laysOutLives();
    void showsWhatLivedInTheWindow();
    void restsUnlessLookedAt();

private:
    test::LiveFixture m_live;
    models::TimeWindow m_window{[this] { return m_live.now; }};
};

void TestTimeline::laysOutLives()
{
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), sample::ended(EventType::Paused, 100, "e1", 0, "a"),
                           sample::resumed(300, "e2", "a"), sample::created(200, "e3", "b"),
                           sample::ended(EventType::Paused, 250, "e3", 200, "b"), sample::created(50, "e4", "c"),
                           sample::ended(EventType::Killed, 80, "e4", 50, "c")}));
    TimelineModel model(m_live.tracker(), m_window);
    model.setActive(true);
    QCOMPARE(model.lanes().size(), std::size_t{3});
    QCOMPARE(model.lanes()[0].sandboxId, u"b"_s); // the latest start first
    QCOMPARE(model.laneOf(u"a"_s), 2);
    QCOMPARE(model.laneOf(u"z"_s), -1);

    const std::vector<Segment> resumed{{sample::at(0), sample::at(100), true, false},
                                       {sample::at(100), sample::at(300), false, false},
                                       {sample::at(300), sample::at(600), true, true}};
    QVERIFY(model.lanes()[2].segments == resumed);
    const std::vector<Segment> paused{{sample::at(200), sample::at(250), true, false},
                                      {sample::at(250), sample::at(600), false, true}};
    QVERIFY(model.lanes()[0].segments == paused);
    const std::vector<Segment> killed{{sample::at(50), sample::at(80), true, false}};
    QVERIFY(model.lanes()[1].segments == killed);
}

void TestTimeline::showsWhatLivedInTheWindow()
{
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), sample::ended(EventType::Killed, 100, "e1", 0, "a"),
                           sample::created(50, "e2", "b"), sample::created(400, "e3", "c")}));
    TimelineModel model(m_live.tracker(), m_window);
    model.setActive(true);
    QCOMPARE(model.lanes().size(), std::size_t{3});
    m_window.select(sample::at(200), sample::at(300));
    QCOMPARE(model.lanes().size(), std::size_t{1}); // a was gone, c had not begun
    QCOMPARE(model.lanes()[0].sandboxId, u"b"_s);
    m_window.reset();
    QCOMPARE(model.lanes().size(), std::size_t{3});
}

void TestTimeline::restsUnlessLookedAt()
{
    TimelineModel model(m_live.tracker(), m_window);
    const QSignalSpy changed(&model, &TimelineModel::changed);
    m_window.follow(std::chrono::hours(5));
    QVERIFY(m_live.record({sample::created(0, "e1", "a")}));
    QCOMPARE(changed.count(), 0);
    model.setActive(true);
    QCOMPARE(changed.count(), 1);
    QCOMPARE(model.lanes().size(), std::size_t{1});
}

QTEST_GUILESS_MAIN(TestTimeline)
#include "tst_timeline.moc"
