// What a scraper reads, judged by a strict parser.

#include "services/lifecycle/openmetrics.h"
#include "services/telemetry/histogram.h"
#include "tests/services/lifecycle/openmetricsparser.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;
using test::OpenMetricsParser;

class TestOpenMetrics final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void parserIsStrict_data();
    void parserIsStrict();
    void histograms();
    void oddLabels();
};

void TestOpenMetrics::parserIsStrict_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("isSound");
    const auto row = [](const char *name, const QByteArray &text, bool isSound = false) {
        QTest::newRow(name) << text << isSound;
    };
    const QByteArray head = "# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n# HELP a_seconds h\n";
    row("gauge", "# TYPE a gauge\n# HELP a b\na 1\na{b=\"c\\\"\"} 2\n# EOF\n", true);
    row("histogram",
        head
            + "a_seconds_bucket{le=\"1.0\"} 1\na_seconds_bucket{le=\"+Inf\"} 2\na_seconds_count 2\na_seconds_sum 3\n# "
              "EOF\n",
        true);
    row("no end", "# TYPE a gauge\n# HELP a b\na 1\n");
    row("no family", "a 1\n# EOF\n");
    row("twice", "# TYPE a gauge\n# HELP a b\na 1\na 2\n# EOF\n");
    row("no number", "# TYPE a gauge\n# HELP a b\na x\n# EOF\n");
    row("raw line break", "# TYPE a gauge\n# HELP a b\na{b=\"\n\"} 1\n# EOF\n");
    row("counter", "# TYPE a counter\n# HELP a b\na 1\n# EOF\n");
    row("unit", "# TYPE a gauge\n# UNIT a seconds\n# HELP a b\na 1\n# EOF\n");
    row("no +Inf", head + "a_seconds_bucket{le=\"1.0\"} 1\na_seconds_count 1\na_seconds_sum 1\n# EOF\n");
    row("bound",
        head
            + "a_seconds_bucket{le=\"1\"} 1\na_seconds_bucket{le=\"+Inf\"} 1\na_seconds_count 1\na_seconds_sum 1\n# "
              "EOF\n");
    row("shrinks",
        head
            + "a_seconds_bucket{le=\"1.0\"} 2\na_seconds_bucket{le=\"+Inf\"} 1\na_seconds_count 1\na_seconds_sum 1\n# "
              "EOF\n");
    row("count", head + "a_seconds_bucket{le=\"+Inf\"} 1\na_seconds_count 2\na_seconds_sum 1\n# EOF\n");
}

void TestOpenMetrics::parserIsStrict()
{
    QFETCH(QByteArray, text);
    QFETCH(bool, isSound);
    const OpenMetricsParser parser(text.toStdString());
    QVERIFY2(parser.faults().empty() == isSound, parser.faults().c_str());
}

void TestOpenMetrics::histograms()
{
    using namespace std::chrono_literals;
    static constexpr std::array bounds{0.0001, 0.25, 1.0, 604800.0};
    telemetry::HistogramFamily family("wait_seconds", "Waiting.", {"who"}, bounds);
    telemetry::HistogramFamily plain("plain_seconds", "Without labels.", {}, bounds);
    const telemetry::HistogramFamily empty("empty_seconds", "Nothing yet.", {"who"}, bounds);
    for (const std::chrono::nanoseconds time : {100us + 0ns, 300ms + 0ns, 1h + 0ns, 10'000h + 1ns})
        family.with({"me"}).observe(time);
    plain.with({}).observe(1s);
    OpenMetrics out;
    out.histogram(family);
    out.histogram(plain);
    out.histogram(empty);
    const std::string text = std::move(out).finish();
    const OpenMetricsParser parser(text);
    QVERIFY2(parser.faults().empty(), (parser.faults() + text).c_str());
    QCOMPARE(parser.families().at("wait_seconds").type, "histogram");
    QCOMPARE(parser.families().at("wait_seconds").unit, "seconds");
    QVERIFY2(text.find("wait_seconds_bucket{who=\"me\",le=\"0.0001\"} 1\n"
                       "wait_seconds_bucket{who=\"me\",le=\"0.25\"} 1\n"
                       "wait_seconds_bucket{who=\"me\",le=\"1.0\"} 2\n"
                       "wait_seconds_bucket{who=\"me\",le=\"604800.0\"} 3\n"
                       "wait_seconds_bucket{who=\"me\",le=\"+Inf\"} 4\n"
                       "wait_seconds_count{who=\"me\"} 4\n"
                       "wait_seconds_sum{who=\"me\"} 36003600.300100001\n")
                 != text.npos,
             text.c_str());
    QVERIFY2(text.find("plain_seconds_bucket{le=\"+Inf\"} 1\nplain_seconds_count 1\nplain_seconds_sum 1.000000000\n")
                 != text.npos,
             text.c_str());
}

void TestOpenMetrics::oddLabels()
{
    static constexpr std::array bounds{1.0};
    telemetry::HistogramFamily family("a_seconds", "Help with \"quotes\"\nand lines.", {"name"}, bounds);
    family.with({"a \"b\"\\\nc\r\x01"}).observe(std::chrono::seconds(1));
    OpenMetrics out;
    out.histogram(family);
    const OpenMetricsParser parser(std::move(out).finish());
    QVERIFY2(parser.faults().empty(), parser.faults().c_str());
    QCOMPARE(parser.families().at("a_seconds").samples.size(), std::size_t{4});
}

QTEST_GUILESS_MAIN(TestOpenMetrics)
#include "tst_openmetrics.moc"
