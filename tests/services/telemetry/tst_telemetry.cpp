// Trace context, spans without an exporter, histograms, and what the redactor takes out.

#include "services/core/ids.h"
#include "services/telemetry/figures.h"
#include "services/telemetry/redactor.h"
#include "services/telemetry/span.h"

#include <QTest>

#include <thread>

using namespace sandglass;
using namespace sandglass::telemetry;

namespace {

constexpr const char *given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

struct ListSink final : SpanSink
{
    void take(SpanRecord record) override { records.push_back(std::move(record)); }
    std::vector<SpanRecord> records;
};

} // namespace

class TestTelemetry final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void cleanup()
    {
        setSpanSink(nullptr);
        setRemoteParent({});
    }
    void traceparent_data();
    void traceparent();
    void traceStateIsHandedOn();
    void offCostsNothing();
    void spansNest();
    void unsampledIsHandedOnAndNotRecorded();
    void limitsHold();
    void histogramCounts();
    void seriesAreBounded();
    void redactorKnowsWhatItWasTold();
};

void TestTelemetry::traceparent_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("isGood");
    QTest::newRow("good") << QByteArray(given) << true;
    QTest::newRow("not sampled") << QByteArray("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00") << true;
    QTest::newRow("newer") << QByteArray("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what") << true;
    QTest::newRow("ff") << QByteArray("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") << false;
    QTest::newRow("longer") << QByteArray("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what") << false;
    QTest::newRow("capitals") << QByteArray("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01") << false;
    QTest::newRow("zero trace") << QByteArray("00-00000000000000000000000000000000-b7ad6b7169203331-01") << false;
    QTest::newRow("zero span") << QByteArray("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01") << false;
    QTest::newRow("short") << QByteArray("00-0af7651916cd43dd-b7ad6b7169203331-01") << false;
    QTest::newRow("empty") << QByteArray() << false;
}

void TestTelemetry::traceparent()
{
    QFETCH(QByteArray, text);
    QFETCH(bool, isGood);
    const auto context = parseTraceparent(text.toStdString());
    QCOMPARE(context.has_value(), isGood);
    if (!isGood)
        return;
    QCOMPARE(context->traceId, "0af7651916cd43dd8448eb211c80319c");
    QCOMPARE(context->spanId, "b7ad6b7169203331");
    QCOMPARE(traceparentOf(*context).substr(2), text.left(55).mid(2).toStdString());
}

void TestTelemetry::traceStateIsHandedOn()
{
    const auto sink = std::make_shared<ListSink>();
    setSpanSink(sink);
    QCOMPARE(parseTraceparent(given, std::string(600, 'a'))->traceState, "");
    QCOMPARE(parseTraceparent(given, "a=1\r\nX: 2")->traceState, "");
    setRemoteParent(*parseTraceparent(given, "vendor=1"));
    const Span span = startSpan("child");
    const Scope scope(span);
    std::vector<std::pair<std::string, std::string>> headers;
    inject(headers);
    QCOMPARE(headers.size(), std::size_t{2});
    QCOMPARE(headers[0].second, "00-0af7651916cd43dd8448eb211c80319c-" + span.context().spanId + "-01");
    QCOMPARE(headers[1].second, "vendor=1");
}

void TestTelemetry::offCostsNothing()
{
    setRemoteParent(*parseTraceparent(given));
    Span span = startSpan("nothing");
    span.set("a", 1);
    span.end();
    QVERIFY(!span.isRecording() && !span.context().isValid() && !activeContext().isValid());
    const Scope scope(span);
    std::vector<std::pair<std::string, std::string>> headers;
    inject(headers);
    QVERIFY(headers.empty());
}

void TestTelemetry::spansNest()
{
    const auto sink = std::make_shared<ListSink>();
    setSpanSink(sink);
    {
        Span outer = startSpan("outer");
        const Scope scope(outer);
        Span inner = startSpan("inner", SpanKind::Client);
        inner.set("n", 1);
        inner.set("n", 2); // replaces
        inner.fail({Error::Kind::Timeout, 0, "late", {}});
        inner.end();
        inner.end();
        std::thread([] { QVERIFY(!activeContext().isValid()); }).join(); // a scope is of its thread
    }
    QVERIFY(!activeContext().isValid());
    QCOMPARE(sink->records.size(), std::size_t{2});
    const SpanRecord &inner = sink->records[0];
    const SpanRecord &outer = sink->records[1]; // ended with its last handle
    QCOMPARE(inner.name, "inner");
    QCOMPARE(inner.parentSpanId, outer.context.spanId);
    QCOMPARE(inner.context.traceId, outer.context.traceId);
    QVERIFY(outer.parentSpanId.empty());
    QVERIFY(inner.attributes == (Attributes{{"n", std::int64_t{2}}, {"error.type", std::string("timeout")}}));
    QVERIFY(inner.status == SpanStatus::Error && inner.statusMessage == "late");
    QVERIFY(outer.end >= inner.end && inner.start >= outer.start);
    const Span other = startSpan("other");
    QVERIFY(other.context().traceId != outer.context.traceId);
}

void TestTelemetry::unsampledIsHandedOnAndNotRecorded()
{
    const auto sink = std::make_shared<ListSink>();
    setSpanSink(sink);
    auto parent = *parseTraceparent(given);
    parent.isSampled = false;
    Span span = startSpan("quiet", SpanKind::Server, parent);
    QVERIFY(!span.isRecording());
    QCOMPARE(span.context().traceId, parent.traceId);
    QVERIFY(traceparentOf(span.context()).ends_with("-00"));
    span.end();
    QVERIFY(sink->records.empty());
}

void TestTelemetry::limitsHold()
{
    const auto sink = std::make_shared<ListSink>();
    setSpanSink(sink);
    Span span = startSpan("full");
    for (int i = 0; i < 100; ++i) {
        span.set("name" + std::to_string(i), i);
        span.addEvent("event");
    }
    span.set("name0", std::string(100'000, 'x'));
    span.end();
    const SpanRecord &record = sink->records.at(0);
    QCOMPARE(record.attributes.size(), Span::attributeLimit);
    QCOMPARE(record.droppedAttributes, 100U - Span::attributeLimit);
    QCOMPARE(record.events.size(), Span::eventLimit);
    QCOMPARE(record.droppedEvents, 100U - Span::eventLimit);
    QCOMPARE(std::get<std::string>(record.attributes[0].second).size(), Span::textLimit);
}

void TestTelemetry::histogramCounts()
{
    using namespace std::chrono_literals;
    static constexpr std::array bounds{0.1, 1.0};
    Histogram histogram(bounds);
    for (const std::chrono::nanoseconds value : {50'000'000ns, 100'000'000ns, 100'000'001ns, 5'000'000'000ns, -5ns})
        histogram.observe(value);
    const auto snapshot = histogram.snapshot();
    QVERIFY(snapshot.cumulative == (std::vector<std::uint64_t>{3, 4, 5})); // a bound belongs to its bucket
    QCOMPARE(snapshot.sumNs, 5'250'000'001);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&histogram] {
            for (int n = 0; n < 10'000; ++n)
                histogram.observe(1ns);
        });
    for (std::thread &thread : threads)
        thread.join();
    QCOMPARE(histogram.snapshot().cumulative.back(), std::uint64_t{40'005});
}

void TestTelemetry::seriesAreBounded()
{
    static constexpr std::array bounds{1.0};
    HistogramFamily family("a_seconds", "help", {"name"}, bounds);
    for (int i = 0; i < 500; ++i)
        family.with({std::to_string(i)}).observe(std::chrono::seconds(1));
    QCOMPARE(family.series().size(), HistogramFamily::seriesLimit + 1);
    QCOMPARE(family.series().back()->values.front(), "other");
    QCOMPARE(family.series().back()->histogram.snapshot().cumulative.back(), std::uint64_t{400});
    QCOMPARE(&family.with({"7"}), &family.with({"7"}));
}

void TestTelemetry::redactorKnowsWhatItWasTold()
{
    Redactor redactor;
    const std::string secret = newWebhookSecret();
    const std::string inList = newWebhookSecret();
    redactor.learn(secret);
    redactor.learn(secret + "-longer");
    redactor.learn(R"([{"secret":")" + inList + R"(","until_ms":1}])");
    redactor.learn("short");
    const std::string text = "keys e2b_0123456789abcdef, " + secret + "-longer and " + inList + inList
        + ", Authorization: Bearer abc.def, short";
    const std::string clean = redactor.clean(text);
    QCOMPARE(clean, "keys e2b_***, *** and ******, Authorization: Bearer ***, short");
}

QTEST_GUILESS_MAIN(TestTelemetry)
#include "tst_telemetry.moc"
