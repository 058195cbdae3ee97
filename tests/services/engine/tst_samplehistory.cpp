#include "services/engine/api/samplehistory.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::engine;

namespace {

struct Sample
{
    Timestamp timestamp;
    int figure = 0;

    void raise(const Sample &other) { figure = std::max(figure, other.figure); }
};

constexpr std::int64_t kBegin = 1'800'000'000; // a multiple of 900

SampleHistory<Sample> every(std::int64_t seconds, int count)
{
    SampleHistory<Sample> history;
    for (int i = 0; i < count; ++i)
        history.add({fromUnixNs((kBegin + i * seconds) * 1'000'000'000), i});
    return history;
}

std::int64_t secondOf(const Sample &sample)
{
    return toUnixMs(sample.timestamp) / 1000 - kBegin;
}

} // namespace

class TestSampleHistory final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void widths_data()
    {
        QTest::addColumn<qint64>("range");
        QTest::addColumn<qint64>("width");
        constexpr qint64 h = 3600;
        QTest::newRow("a moment") << qint64(0) << qint64(5);
        QTest::newRow("below an hour") << h - 1 << qint64(5);
        QTest::newRow("an hour") << h << qint64(30);
        QTest::newRow("below six") << 6 * h - 1 << qint64(30);
        QTest::newRow("six") << 6 * h << qint64(60);
        QTest::newRow("twelve") << 12 * h << qint64(120);
        QTest::newRow("a day") << 24 * h << qint64(300);
        QTest::newRow("a week") << 7 * 24 * h << qint64(900);
    }
    void widths()
    {
        QFETCH(qint64, range);
        QFETCH(qint64, width);
        QCOMPARE(qint64(bucketSeconds(range)), width);
    }

    void aShortLifeIsWhole()
    {
        const auto history = every(5, 100);
        const auto all = history.select({});
        QCOMPARE(all.size(), std::size_t(100));
        QCOMPARE(all[7].figure, 7);
        QVERIFY(SampleHistory<Sample>().select({}).empty());
    }

    void rangesAreInclusive()
    {
        const auto history = every(5, 100);
        const auto some = history.select({kBegin + 10, kBegin + 20});
        QCOMPARE(some.size(), std::size_t(3));
        QCOMPARE(secondOf(some.front()), 10);
        QCOMPARE(secondOf(some.back()), 20);
        QCOMPARE(history.select({kBegin + 11, std::nullopt}).size(), std::size_t(98)); // clients round: 10 counts too
        QCOMPARE(history.select({kBegin + 10'000, std::nullopt}).size(), std::size_t(0));
    }

    void theGreatestOfEachBucketIsTold()
    {
        SampleHistory<Sample> history;
        for (int i = 0; i < 12; ++i) // a peak within each half minute, not at its ends
            history.add({fromUnixNs((kBegin + i * 5) * 1'000'000'000), i % 6 == 3 ? 100 + i : i});
        const auto points = history.select({kBegin, kBegin + 3600}); // an hour: 30 s each
        QCOMPARE(points.size(), std::size_t(2));
        QCOMPARE(points[0].figure, 103);
        QCOMPARE(points[1].figure, 109);
        QCOMPARE(secondOf(points[1]), 30);
        QCOMPARE(history.select({kBegin, kBegin + 3599}).size(), std::size_t(12));
    }

    void aLongLifeStaysBounded()
    {
        constexpr int count = 100'000; // six days
        const auto history = every(5, count);
        QVERIFY(history.size() <= SampleHistory<Sample>::kMost);
        const auto hour = history.select({kBegin + (count - 710) * 5, std::nullopt});
        QVERIFY(hour.size() >= 700); // the last one has every sample
        const auto all = history.select({});
        QCOMPARE(secondOf(all.front()), 0);
        QCOMPARE(all.back().figure, count - 1);
        for (std::size_t i = 1; i < all.size(); ++i)
            QVERIFY(all[i - 1].timestamp < all[i].timestamp);
    }

    void queries_data()
    {
        QTest::addColumn<QByteArray>("query");
        QTest::addColumn<bool>("fine");
        QTest::newRow("none") << QByteArray("") << true;
        QTest::newRow("both") << QByteArray("start=3&end=3") << true;
        QTest::newRow("backwards") << QByteArray("start=9&end=3") << false;
        QTest::newRow("no number") << QByteArray("start=yesterday") << false;
        QTest::newRow("negative") << QByteArray("end=-1") << false;
        QTest::newRow("beyond time") << QByteArray("end=99999999999999") << false;
    }
    void queries()
    {
        QFETCH(QByteArray, query);
        QFETCH(bool, fine);
        const auto range = parseMetricRange(query.toStdString());
        QCOMPARE(range.has_value(), fine);
        if (!fine)
            QCOMPARE(range.error().status, 400);
    }
};

QTEST_GUILESS_MAIN(TestSampleHistory)
#include "tst_samplehistory.moc"
