// Scale and chart: what they compute, and what they paint into a picture.

#include "ui/charts/chartscale.h"
#include "ui/charts/timechart.h"
#include "ui/theme/theme.h"

#include <QImage>
#include <QTest>

#include <cmath>
#include <limits>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using ui::ChartData;
using ui::ChartScale;
using ui::TimeChart;
using Values = std::vector<double>;

Q_DECLARE_METATYPE(Values)

namespace {

constexpr double gap = std::numeric_limits<double>::quiet_NaN();
const Timestamp start = parseRfc3339("2026-08-20T10:00:00Z").value();
constexpr QSize size{600, 300};

ChartData oneSeries(Values values, Timestamp from = start)
{
    return {from, from + std::chrono::minutes(values.size()), {{u"base"_s, std::move(values)}}};
}

QImage picture(TimeChart &chart)
{
    QImage image(chart.size(), QImage::Format_ARGB32_Premultiplied);
    image.fill(ui::Theme::tokens().bg);
    chart.render(&image);
    return image;
}

constexpr int blended = 110; ///< a line of 1.5 pixels covers its best row by three quarters at least

/// Pixels whose colour is `color` or nearly so, in columns [left, right).
int countOf(const QImage &image, const QColor &color, int left, int right)
{
    int found = 0;
    for (int y = 32; y < image.height() - 24; ++y) { // below the legend, above the time labels
        for (int x = left; x < right; ++x) {
            const QColor pixel = image.pixelColor(x, y);
            if (std::abs(pixel.red() - color.red()) + std::abs(pixel.green() - color.green())
                    + std::abs(pixel.blue() - color.blue())
                < blended)
                ++found;
        }
    }
    return found;
}

} // namespace

class TestCharts final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        Q_INIT_RESOURCE(resources); // lies in a static library
        new ui::Theme(*qApp);
        ui::Theme::instance()->setMode(ui::Theme::Mode::Dark);
    }

    void valueTicksAreRound_data()
    {
        QTest::addColumn<double>("highest");
        QTest::addColumn<double>("top");
        QTest::addColumn<int>("ticks");
        QTest::newRow("four") << 4.0 << 4.0 << 5;
        QTest::newRow("just above") << 4.1 << 6.0 << 4;
        QTest::newRow("seven") << 7.0 << 8.0 << 5;
        QTest::newRow("hundred") << 100.0 << 100.0 << 5;
        QTest::newRow("thousandths") << 0.0031 << 0.004 << 5;
        QTest::newRow("infinite") << std::numeric_limits<double>::infinity() << 1.0 << 5;
        QTest::newRow("very large") << 9e300 << 1e301 << 5;
        QTest::newRow("very small") << 1e-300 << 1e-300 << 5;
        QTest::newRow("zero") << 0.0 << 0.25 << 2;
        QTest::newRow("negative") << -5.0 << 0.25 << 2;
    }
    void valueTicksAreRound()
    {
        QFETCH(double, highest);
        QFETCH(double, top);
        QFETCH(int, ticks);
        const ChartScale scale(QRectF(0, 0, 400, 200), start, start + 1h, highest);
        QCOMPARE(scale.top(), top);
        const QList<double> values = scale.valueTicks();
        QCOMPARE(values.size(), ticks);
        QCOMPARE(values.first(), 0.0);
        QCOMPARE(values.last(), top);
        QCOMPARE(scale.y(0), 200.0);
        QCOMPARE(scale.y(top), 0.0);
    }

    void timeTicksStandOnRoundTimes_data()
    {
        QTest::addColumn<int>("minutes");
        QTest::addColumn<qreal>("width");
        QTest::addColumn<int>("spacing"); ///< minutes
        QTest::addColumn<QString>("label");
        QTest::newRow("an hour") << 60 << 420.0 << 15 << u"10:15"_s;
        QTest::newRow("an hour, narrow") << 60 << 90.0 << 60 << u"11:00"_s;
        QTest::newRow("a day") << 1440 << 600.0 << 360 << u"12:00"_s;
        QTest::newRow("a week") << 7 * 1440 << 700.0 << 1440 << u"21 Aug"_s;
    }
    void timeTicksStandOnRoundTimes()
    {
        QFETCH(int, minutes);
        QFETCH(qreal, width);
        QFETCH(int, spacing);
        const ChartScale scale(QRectF(50, 0, width, 200), start + 1s, start + 1s + std::chrono::minutes(minutes), 4);
        const QList<Timestamp> ticks = scale.timeTicks();
        QVERIFY(!ticks.isEmpty() && ticks.size() <= std::max(1, static_cast<int>(width / 84)) + 1);
        for (const Timestamp tick : ticks) {
            QCOMPARE(toUnixMs(tick) % (spacing * 60'000LL), 0);
            QVERIFY(scale.x(tick) >= 50 && scale.x(tick) <= 50 + width);
        }
        QTEST(scale.timeLabel(ticks.first()), "label");
    }

    void bucketsUnderThePointer()
    {
        const ChartScale scale(QRectF(50, 0, 100, 100), start, start + 10min, 4);
        QCOMPARE(scale.bucketAt(49.9, 10), -1);
        QCOMPARE(scale.bucketAt(50, 10), 0);
        QCOMPARE(scale.bucketAt(59.9, 10), 0);
        QCOMPARE(scale.bucketAt(60, 10), 1);
        QCOMPARE(scale.bucketAt(149.9, 10), 9);
        QCOMPARE(scale.bucketAt(150, 10), -1);
        QCOMPARE(scale.bucketAt(100, 0), -1);
        QCOMPARE(scale.timeAt(100), start + 5min);
        const ChartScale nothing(QRectF(0, 0, 100, 100), start, start, 4); // no length: no division by zero
        QVERIFY(std::isfinite(nothing.x(start)));
    }

    void emptyChartPaintsNoSeriesAndSaysSo()
    {
        TimeChart chart(TimeChart::Kind::StackedArea, u"Running"_s, u"chart"_s);
        chart.resize(size);
        chart.setData({start, start + 1h, {}});
        QCOMPARE(countOf(picture(chart), ui::seriesColor(0), 0, size.width()), 0);
        chart.setData(oneSeries({1, 2}));
        QVERIFY(chart.accessibleDescription().contains(u"maximum 2"_s));
        chart.setData({start, start + 1h, {}});
        QCOMPARE(chart.accessibleDescription(), u"no data"_s);
    }

    void paintsWhereTheDataIs_data()
    {
        QTest::addColumn<TimeChart::Kind>("kind");
        QTest::addColumn<int>("color");
        QTest::newRow("areas") << TimeChart::Kind::StackedArea << 0;
        QTest::newRow("lines") << TimeChart::Kind::Lines << 2;
    }
    void paintsWhereTheDataIs()
    {
        QFETCH(TimeChart::Kind, kind);
        QFETCH(int, color);
        TimeChart chart(kind, u"Running"_s, u"chart"_s);
        chart.resize(size);
        Values values(60, 6.0);
        std::fill(values.begin() + 25, values.begin() + 45, gap); // in the middle: no line may cross it
        chart.setData(oneSeries(values));
        const QImage image = picture(chart);
        QVERIFY(countOf(image, ui::seriesColor(color), 60, 240) > 150);
        QCOMPARE(countOf(image, ui::seriesColor(color), 310, 420), 0);
        QVERIFY(countOf(image, ui::seriesColor(color), 480, size.width()) > 100);
    }

    void oddValuesDoNotBreak_data()
    {
        QTest::addColumn<Values>("values");
        QTest::newRow("zeros") << Values(10, 0.0);
        QTest::newRow("negative") << Values{-1, -5, 3};
        QTest::newRow("all gaps") << Values(10, gap);
        QTest::newRow("infinite") << Values{std::numeric_limits<double>::infinity(), 1, 2};
        QTest::newRow("very large") << Values{1e300, 1, 2};
        QTest::newRow("very small") << Values{1e-300, 0, 0};
        QTest::newRow("one") << Values{3};
    }
    void oddValuesDoNotBreak()
    {
        QFETCH(Values, values);
        for (const auto kind : {TimeChart::Kind::StackedArea, TimeChart::Kind::Lines}) {
            TimeChart chart(kind, u"Odd"_s, u"chart"_s);
            chart.resize(size);
            chart.setData(oneSeries(values));
            QVERIFY(!picture(chart).isNull());
            QTest::keyClick(&chart, Qt::Key_Left);
            QVERIFY(!picture(chart).isNull());
            QVERIFY(!chart.accessibleDescription().contains(u"nan"_s));
        }
    }

    void liveDataMovesTheWindow()
    {
        TimeChart chart(TimeChart::Kind::StackedArea, u"Running"_s, u"chart"_s);
        chart.resize(size);
        Values values(60, 0.0);
        values.back() = 8;
        chart.setData(oneSeries(values));
        const QColor color = ui::seriesColor(0);
        QVERIFY(countOf(picture(chart), color, 560, 600) > 0);
        std::rotate(values.begin(), values.begin() + 30, values.end()); // half an hour later
        chart.setData(oneSeries(values, start + 30min));
        QCOMPARE(chart.data().from, start + 30min);
        const QImage later = picture(chart);
        QVERIFY(countOf(later, color, 280, 340) > 20);
    }

    void readOutFollowsPointerAndKeys()
    {
        TimeChart chart(TimeChart::Kind::StackedArea, u"Running"_s, u"chart"_s);
        chart.resize(size);
        chart.setData(oneSeries({11, 22, 33, 44}));
        chart.show();
        chart.setFocus();
        QTest::mouseMove(&chart, QPoint(size.width() - 20, 150)); // the last of four
        QTRY_VERIFY(chart.accessibleDescription().endsWith(u": 44"_s));
        QTest::keyClick(&chart, Qt::Key_Left);
        QVERIFY(chart.accessibleDescription().endsWith(u": 33"_s));
        for (int i = 0; i < 5; ++i)
            QTest::keyClick(&chart, Qt::Key_Left); // stops at the first
        QVERIFY(chart.accessibleDescription().endsWith(u": 11"_s));
        chart.setData(oneSeries({}));
        QCOMPARE(chart.accessibleDescription(), u"no data"_s);
    }

    void themeRepaints()
    {
        TimeChart chart(TimeChart::Kind::StackedArea, u"Running"_s, u"chart"_s);
        chart.resize(size);
        chart.setData(oneSeries(Values(60, 6.0)));
        const QColor dark = ui::seriesColor(0);
        QVERIFY(countOf(picture(chart), dark, 60, 590) > 200);
        ui::Theme::instance()->setMode(ui::Theme::Mode::Light);
        const QColor light = ui::seriesColor(0);
        const int painted = countOf(picture(chart), light, 60, 590);
        ui::Theme::instance()->setMode(ui::Theme::Mode::Dark);
        QVERIFY(light != dark);
        QVERIFY(painted > 200);
    }
};

QTEST_MAIN(TestCharts)
#include "tst_charts.moc"
