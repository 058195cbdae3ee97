// Choosing a stretch of time in charts and timeline, and taking chart and data away as files.

#include "models/costs/timewindow.h"
#include "models/sandboxes/timelinemodel.h"
#include "tests/models/livefixture.h"
#include "ui/charts/chartexport.h"
#include "ui/charts/timechart.h"
#include "ui/charts/timelineview.h"
#include "ui/costs/timewindowcontrol.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QImage>
#include <QMessageBox>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>
#include <QWheelEvent>

#include <cmath>
#include <limits>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
using ui::ChartData;
using ui::TimeChart;
using ui::TimelineView;
namespace sample = lifecycle::sample;

namespace {

const Timestamp start = sample::at(0);

ChartData tenMinutes()
{
    return {
        start, start + 10min, {{u"base"_s, {0, 1, 2, 3, 4, 5, 6, 7, 8, 0.1}}, {u"a, b"_s, std::vector<double>(10, 1)}}};
}

} // namespace

class TestChartSelection final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void windowsFromAnHourToNinetyDays();
    void dragSelectsWholeBuckets();
    void clickSelectsNothing();
    void keysSelect();
    void keysReachBothEnds();
    void asksForTheWholeAgain();
    void unequalSeriesEndInAGap();
    void csvHoldsJustTheRange();
    void pictureHasDoublePixels();
    void drawingIsSvg();
    void unwritableIsTold();
    void timelineSelectsTimeAndLane();
    void timelineScrollsAndZooms();

private:
    ui::Theme m_theme{*qApp};
    test::LiveFixture m_live;
};

void TestChartSelection::windowsFromAnHourToNinetyDays()
{
    Timestamp now = parseRfc3339("2026-08-20T10:15:30Z").value();
    models::TimeWindow window([&now] { return now; });
    ui::TimeWindowControl control(window, u"window"_s);
    control.show();
    const auto click = [&](int number) {
        QTest::mouseClick(control.findChild<QPushButton *>(u"window%1"_s.arg(number)), Qt::LeftButton);
        return window.to() - window.from();
    };
    const std::vector<std::pair<QString, std::chrono::nanoseconds>> expected = {
        {u"1 h"_s, 1h},       {u"8 h"_s, 8h},      {u"Today"_s, 10h + 15min + 30s},
        {u"24 h"_s, 24h},     {u"7 d"_s, 7 * 24h}, {u"30 d"_s, 30 * 24h},
        {u"90 d"_s, 90 * 24h}};
    for (int i = static_cast<int>(expected.size()) - 1; i >= 0; --i) {
        const auto &[name, length] = expected[static_cast<std::size_t>(i)];
        QVERIFY2(click(i) == length, qPrintable(name));
        QCOMPARE(control.findChild<QPushButton *>(u"window%1"_s.arg(i))->text(), name);
    }
    auto *selection = control.findChild<QPushButton *>(u"windowSelection"_s);
    QVERIFY(!selection->isVisible());
    window.select(now - 26h, now);
    QCOMPARE(selection->text(), u"19 Aug – 20 Aug  ✕"_s);
    QVERIFY2(selection->toolTip().contains(u"19 Aug 08:15 – 20 Aug 10:15"_s), qPrintable(selection->toolTip()));
    window.follow(models::TimeWindow::today); // as another page's control does
    QVERIFY(!selection->isVisible());
    QVERIFY(control.findChild<QPushButton *>(u"window2"_s)->isChecked());
}

void TestChartSelection::dragSelectsWholeBuckets()
{
    TimeChart chart(TimeChart::Kind::StackedArea, u"Cost"_s, u"chart"_s);
    chart.resize(800, 300);
    chart.setData(tenMinutes());
    chart.show();
    QSignalSpy selected(&chart, &TimeChart::rangeSelected);
    // Right to left, beyond the edge: ends are put in order and stay inside.
    QTest::mousePress(&chart, Qt::LeftButton, {}, {640, 150});
    QTest::mouseMove(&chart, {400, 150});
    QTest::mouseMove(&chart, {2, 150});
    QTest::mouseRelease(&chart, Qt::LeftButton, {}, {2, 150});
    QCOMPARE(selected.count(), 1);
    const auto from = selected[0][0].value<Timestamp>();
    const auto to = selected[0][1].value<Timestamp>();
    QVERIFY(from == start);
    QVERIFY(to > start + 6min && to < start + 10min);
    QVERIFY((to - start) % 1min == 0ns);
}

void TestChartSelection::clickSelectsNothing()
{
    TimeChart chart(TimeChart::Kind::Lines, u"Active"_s, u"chart"_s);
    chart.resize(800, 300);
    chart.setData(tenMinutes());
    chart.show();
    const QSignalSpy selected(&chart, &TimeChart::rangeSelected);
    QTest::mouseMove(&chart, {400, 150});
    QTest::mouseClick(&chart, Qt::LeftButton, {}, {400, 150});
    QCOMPARE(selected.count(), 0);
}

void TestChartSelection::keysSelect()
{
    TimeChart chart(TimeChart::Kind::StackedArea, u"Cost"_s, u"chart"_s);
    chart.resize(800, 300);
    chart.setData(tenMinutes());
    chart.show();
    QSignalSpy selected(&chart, &TimeChart::rangeSelected);
    QTest::keyClick(&chart, Qt::Key_Right); // bucket 0
    QTest::keyClick(&chart, Qt::Key_Right);
    QTest::keyClick(&chart, Qt::Key_Right, Qt::ShiftModifier);
    QTest::keyClick(&chart, Qt::Key_Right, Qt::ShiftModifier);
    QTest::keyClick(&chart, Qt::Key_Return);
    QCOMPARE(selected.count(), 1);
    QVERIFY(selected[0][0].value<Timestamp>() == start + 1min);
    QVERIFY(selected[0][1].value<Timestamp>() == start + 4min);
}

void TestChartSelection::keysReachBothEnds()
{
    TimeChart chart(TimeChart::Kind::StackedArea, u"Cost"_s, u"chart"_s);
    QTest::keyClick(&chart, Qt::Key_Home); // without data there is nowhere to go
    QCOMPARE(chart.currentStep(), -1);
    chart.setData(tenMinutes());
    QTest::keyClick(&chart, Qt::Key_Home);
    QCOMPARE(chart.currentStep(), 0);
    QTest::keyClick(&chart, Qt::Key_Left);
    QCOMPARE(chart.currentStep(), 0);
    QSignalSpy selected(&chart, &TimeChart::rangeSelected);
    QTest::keyClick(&chart, Qt::Key_End, Qt::ShiftModifier);
    QCOMPARE(chart.currentStep(), 9);
    QTest::keyClick(&chart, Qt::Key_Right);
    QCOMPARE(chart.currentStep(), 9);
    QTest::keyClick(&chart, Qt::Key_Return);
    QCOMPARE(selected.count(), 1);
    QVERIFY(selected[0][0].value<Timestamp>() == start && selected[0][1].value<Timestamp>() == start + 10min);
    chart.setData({start, start + 4min, {{u"short"_s, {1, 2, 3, 4}}}});
    QCOMPARE(chart.currentStep(), -1); // what was read out is gone
}

void TestChartSelection::asksForTheWholeAgain()
{
    TimeChart chart(TimeChart::Kind::StackedArea, u"Cost"_s, u"chart"_s);
    chart.resize(800, 300);
    chart.setData(tenMinutes());
    chart.show();
    const QSignalSpy reset(&chart, &TimeChart::resetRequested);
    QTest::mouseDClick(&chart, Qt::LeftButton, {}, {400, 150});
    QCOMPARE(reset.count(), 1);
    QTest::keyClick(&chart, Qt::Key_Right);
    QTest::keyClick(&chart, Qt::Key_Escape); // takes the read-out away
    QCOMPARE(reset.count(), 1);
    QTest::keyClick(&chart, Qt::Key_Escape);
    QCOMPARE(reset.count(), 2);
}

void TestChartSelection::unequalSeriesEndInAGap()
{
    TimeChart chart(TimeChart::Kind::StackedArea, u"Cost"_s, u"chart"_s);
    chart.resize(400, 200);
    chart.setData({start, start + 4min, {{u"long"_s, {1, 1, 1, 1}}, {u"short"_s, {1}}}});
    QCOMPARE(chart.data().series[1].values.size(), std::size_t{4});
    QVERIFY(std::isnan(chart.data().series[1].values[3]));
    QVERIFY(!chart.grab().isNull());
}

void TestChartSelection::csvHoldsJustTheRange()
{
    ChartData data = tenMinutes();
    data.series[0].values[1] = std::numeric_limits<double>::quiet_NaN();
    const QList<QByteArray> lines = ui::chartCsv(data).split('\n');
    QCOMPARE(lines.size(), 12); // head, ten buckets, the end
    QCOMPARE(lines[0].trimmed(), QByteArray("bucket_start,base,\"a, b\""));
    QCOMPARE(lines[1].trimmed(), QByteArray("2026-08-20T10:00:00.000Z,0,1"));
    QCOMPARE(lines[2].trimmed(), QByteArray("2026-08-20T10:01:00.000Z,,1")); // not known is not zero
    QCOMPARE(lines[10].trimmed(), QByteArray("2026-08-20T10:09:00.000Z,0.1,1"));
}

void TestChartSelection::pictureHasDoublePixels()
{
    TimeChart chart(TimeChart::Kind::StackedArea, u"Cost"_s, u"chart"_s);
    chart.resize(400, 200);
    chart.setData(tenMinutes());
    const QTemporaryDir folder;
    const QString path = folder.filePath(u"chart.png"_s);
    ui::writeChartPicture(chart, path);
    QTRY_VERIFY(QFile::exists(path));
    const QImage picture(path);
    QCOMPARE(picture.size(), QSize(800, 400));
    const QRgb first = picture.pixel(0, 0);
    bool isDrawn = false;
    for (int x = 0; x < picture.width() && !isDrawn; ++x)
        isDrawn = picture.pixel(x, 300) != first;
    QVERIFY(isDrawn);
}

void TestChartSelection::drawingIsSvg()
{
    TimeChart chart(TimeChart::Kind::StackedArea, u"Cost"_s, u"chart"_s);
    chart.resize(400, 200);
    chart.setData(tenMinutes());
    const QByteArray drawing = ui::chartPicture(chart, ui::PictureFormat::Svg)();
    QVERIFY(drawing.contains("<svg"));
    QVERIFY(drawing.contains("<path") || drawing.contains("<poly"));
    QVERIFY(drawing.contains("10:0")); // times as text
}

void TestChartSelection::unwritableIsTold()
{
    TimeChart chart(TimeChart::Kind::StackedArea, u"Cost"_s, u"chart"_s);
    chart.resize(400, 200);
    ui::writeChartPicture(chart, u"/nonexistent/chart.svg"_s);
    QMessageBox *told = nullptr;
    QTRY_VERIFY((told = chart.window()->findChild<QMessageBox *>()) != nullptr);
    QVERIFY(told->text().contains(u"/nonexistent/chart.svg"_s));
}

void TestChartSelection::timelineSelectsTimeAndLane()
{
    QVERIFY(m_live.open());
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), sample::ended(EventType::Killed, 300, "e1", 0, "a"),
                           sample::created(200, "e2", "b")}));
    models::TimeWindow window([this] { return m_live.now; });
    models::TimelineModel model(m_live.tracker(), window);
    TimelineView view(model, u"timeline"_s);
    view.resize(900, 300);
    view.show();
    model.setActive(true);
    connect(&view, &TimelineView::rangeSelected, &window, &models::TimeWindow::select);
    connect(&view, &TimelineView::resetRequested, &window, &models::TimeWindow::reset);

    QSignalSpy selected(&view, &TimelineView::selected);
    QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, {60, 22 + 30}); // the second lane
    QCOMPARE(view.selectedId(), u"a"_s);
    QTest::keyClick(&view, Qt::Key_Up);
    QCOMPARE(view.selectedId(), u"b"_s);
    QCOMPARE(selected.count(), 2);
    QVERIFY(view.accessibleDescription().contains(u"b · tpl"_s));

    QTest::mousePress(view.viewport(), Qt::LeftButton, {}, {400, 100});
    QTest::mouseMove(view.viewport(), {600, 100});
    QTest::mouseRelease(view.viewport(), Qt::LeftButton, {}, {600, 100});
    QVERIFY(window.isFixed());
    QVERIFY(window.from() > m_live.now - 1h && window.to() < m_live.now);
    QTest::keyClick(&view, Qt::Key_Escape);
    QVERIFY(!window.isFixed());
    m_live.close();
}

void TestChartSelection::timelineScrollsAndZooms()
{
    QVERIFY(m_live.open());
    std::vector<lifecycle::Event> events;
    for (int i = 0; i < 2'000; ++i)
        events.push_back(sample::created(i * 0.1, "e" + std::to_string(i), "sandbox" + std::to_string(i)));
    QVERIFY(m_live.record(events));
    models::TimeWindow window([this] { return m_live.now; });
    models::TimelineModel model(m_live.tracker(), window);
    TimelineView view(model, u"timeline"_s);
    view.resize(900, 300);
    view.show();
    model.setActive(true);
    QTRY_COMPARE(model.lanes().size(), std::size_t{2'000});
    const int range = view.verticalScrollBar()->maximum();
    QVERIFY(range > 30'000);
    view.select(u"sandbox0"_s); // the oldest: the last lane
    QCOMPARE(view.verticalScrollBar()->value(), range);

    QWheelEvent wheel({450, 150}, view.mapToGlobal(QPointF(450, 150)), {}, {0, -120}, {}, Qt::ControlModifier,
                      Qt::NoScrollPhase, false);
    QApplication::sendEvent(view.viewport(), &wheel);
    QCOMPARE(view.laneHeight(), 18);
    for (int i = 0; i < 20; ++i)
        QTest::keyClick(&view, Qt::Key_Minus);
    QCOMPARE(view.laneHeight(), TimelineView::lowestLane);
    QVERIFY(!view.grab().isNull());
    m_live.close();
}

QTEST_MAIN(TestChartSelection)
#include "tst_chartselection.moc"
