// The exporter against a real OTLP/HTTP receiver: what it sends, and what it does when that goes wrong.

#include "services/core/ids.h"
#include "services/core/whendone.h"
#include "services/telemetry/otlp/exporter.h"
#include "services/telemetry/otlp/otlpjson.h"
#include "services/telemetry/redactor.h"
#include "tests/services/telemetry/otlpreceiver.h"

#include <QElapsedTimer>
#include <QTcpServer>
#include <QTest>

using namespace sandglass;
using namespace sandglass::telemetry;
using namespace std::chrono_literals;
using test::OtlpReceiver;

namespace {

OtlpOptions optionsFor(const std::string &endpoint)
{
    OtlpOptions options;
    options.tracesUrl = tracesUrlOf(endpoint);
    options.delay = 10ms;
    options.timeout = 2s;
    return options;
}

http::Response answer(int status, const std::string &retryAfter = {})
{
    http::Response response = http::Response::text(status, "no");
    if (!retryAfter.empty())
        response.headers.emplace_back("Retry-After", retryAfter);
    return response;
}

void makeSpans(int count)
{
    for (int i = 0; i < count; ++i)
        startSpan("span").set("number", i);
}

} // namespace

class TestOtlp final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void environment_data();
    void environment();
    void headersOfVariablesAndLines();
    void endpoints();
    void spansArrive();
    void secretsStayHere();
    void triesAgain_data();
    void triesAgain();
    void honoursRetryAfter();
    void longHoldKeepsTheSpans();
    void refusalDrops();
    void partialSuccessCounts();
    void fullQueueDrops();
    void quitFlushes();
    void quitIsBounded();
    void testAnswers();
};

void TestOtlp::environment_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<int>("wanted"); // -1 = no word
    QTest::newRow("nothing") << QByteArray("OTHER") << QByteArray("1") << -1;
    QTest::newRow("otlp") << QByteArray("OTEL_TRACES_EXPORTER") << QByteArray("otlp") << 1;
    QTest::newRow("list") << QByteArray("OTEL_TRACES_EXPORTER") << QByteArray("zipkin, otlp") << 1;
    QTest::newRow("none") << QByteArray("OTEL_TRACES_EXPORTER") << QByteArray("none") << 0;
    QTest::newRow("other") << QByteArray("OTEL_TRACES_EXPORTER") << QByteArray("zipkin") << 0;
    QTest::newRow("disabled") << QByteArray("OTEL_SDK_DISABLED") << QByteArray("true") << 0;
    QTest::newRow("endpoint alone") << QByteArray("OTEL_EXPORTER_OTLP_ENDPOINT") << QByteArray("http://x:1") << -1;
}

void TestOtlp::environment()
{
    QFETCH(QByteArray, name);
    QFETCH(QByteArray, value);
    QFETCH(int, wanted);
    std::map<std::string, std::string> variables{
        {"OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b,other=2"},
        {"OTEL_SERVICE_NAME", "mine"},
        {"OTEL_RESOURCE_ATTRIBUTES", "service.name=theirs,deployment.environment=a%2Cb"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT", "1234"},
        {"OTEL_BSP_MAX_QUEUE_SIZE", "-7"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}};
    variables[name.toStdString()] = value.toStdString();
    const auto found = OtlpEnvironment::from([&variables](const char *key) {
        const auto it = variables.find(key);
        return it != variables.end() ? std::optional(it->second) : std::nullopt;
    });
    QCOMPARE(found.isWanted ? int(*found.isWanted) : -1, wanted);
    QCOMPARE(found.tracesUrl.value_or(""), name.contains("ENDPOINT") ? "http://x:1/v1/traces" : "");
    QVERIFY(found.headers == (net::HeaderList{{"x-key", "a b"}, {"other", "2"}}));
    QCOMPARE(found.others.serviceName, "mine");
    QVERIFY(found.others.resource
            == (std::vector<std::pair<std::string, std::string>>{{"deployment.environment", "a,b"}}));
    QCOMPARE(found.others.timeout.count(), 1234);
    QCOMPARE(found.others.queueLimit, std::size_t{2048}); // nonsense is complained of and left aside
    QCOMPARE(found.complaints.size(), std::size_t{value == "zipkin" ? 3U : 2U});
}

void TestOtlp::headersOfVariablesAndLines()
{
    QVERIFY(*parseHeaders("") == net::HeaderList{});
    QVERIFY(*parseHeaders("Authorization: Basic YTpi==\nX-Scope: a,b=c\n")
            == (net::HeaderList{{"Authorization", "Basic YTpi=="}, {"X-Scope", "a,b=c"}}));
    QVERIFY(*parseHeaders(" api-key = x%3D1 , ") == (net::HeaderList{{"api-key", "x=1"}}));
    QVERIFY(!parseHeaders("nonsense"));
    QVERIFY(!parseHeaders("bad name=1"));
    QVERIFY(!parseHeaders("=1"));
}

void TestOtlp::endpoints()
{
    QCOMPARE(tracesUrlOf("http://h:4318"), "http://h:4318/v1/traces");
    QCOMPARE(tracesUrlOf(" http://h:4318/ "), "http://h:4318/v1/traces");
    QCOMPARE(tracesUrlOf("https://h/otlp"), "https://h/otlp/v1/traces");
    QCOMPARE(tracesUrlOf("https://h/v1/traces"), "https://h/v1/traces");
}

void TestOtlp::spansArrive()
{
    OtlpReceiver receiver;
    auto options = optionsFor(receiver.endpoint());
    options.headers = {{"X-Team", "blue"}};
    const OtlpExporter exporter(options);
    {
        Span outer = startSpan("outer", SpanKind::Server);
        outer.set("text", "ü\xff");
        outer.set("whole", std::int64_t{1} << 60);
        outer.set("broken", 0.5);
        outer.set("yes", true);
        outer.addEvent("it happened", {{"n", std::int64_t{1}}});
        outer.setStatus(SpanStatus::Ok);
        const Scope scope(outer);
        startSpan("inner").end();
    }
    QTRY_COMPARE(receiver.spans().size(), std::size_t{2});
    QCOMPARE(receiver.faults(), "");
    const auto spans = receiver.spans();
    QCOMPARE(spans[0].name, "inner");
    QCOMPARE(spans[0].parentSpanId, spans[1].spanId);
    QCOMPARE(spans[1].kind, 2);
    QCOMPARE(spans[1].status, 1);
    QCOMPARE(spans[1].attributes.at("whole"), "1152921504606846976");
    QCOMPARE(spans[1].attributes.at("yes"), "true");
    QCOMPARE(stringOr(spans[1].json["events"][0], "name"), "it happened");
    QCOMPARE(receiver.requests().size(), std::size_t{1}); // one batch
    QCOMPARE(receiver.requests()[0].header("x-team"), "blue");
    QTRY_COMPARE(exporter.statistics().sent, std::uint64_t{2});
    QVERIFY(!exporter.statistics().lastError);
}

void TestOtlp::secretsStayHere()
{
    OtlpReceiver receiver;
    const std::string secret = newWebhookSecret();
    redactor().learn(secret);
    const OtlpExporter exporter(optionsFor(receiver.endpoint()));
    {
        Span span = startSpan("with " + secret);
        span.set("key", newApiKey());
        span.set("cut", std::string(2'040, 'x') + newApiKey());
        span.addEvent("exception", {{"exception.message", "Bearer abc.def " + secret}});
        span.fail({Error::Kind::Service, 401, "X-API-KEY: " + newApiKey(), {}});
    }
    QTRY_COMPARE(receiver.spans().size(), std::size_t{1});
    const std::string body = receiver.requests()[0].body;
    QVERIFY2(body.find(secret) == body.npos && body.find("abc.def") == body.npos, body.c_str());
    for (auto at = body.find("e2b_"); at != body.npos; at = body.find("e2b_", at + 4))
        QVERIFY2(body.substr(at + 4, 1) == "*" || body.substr(at + 4, 1) == "\"", body.substr(at, 20).c_str());
}

void TestOtlp::triesAgain_data()
{
    QTest::addColumn<int>("status");
    for (const int status : {429, 502, 503, 504})
        QTest::addRow("%d", status) << status;
}

void TestOtlp::triesAgain()
{
    QFETCH(int, status);
    OtlpReceiver receiver;
    receiver.script({answer(status)});
    const OtlpExporter exporter(optionsFor(receiver.endpoint()));
    makeSpans(3);
    QTRY_COMPARE(receiver.requests().size(), std::size_t{1});
    QTRY_VERIFY(exporter.statistics().lastError && exporter.statistics().lastError->status == status);
    QTRY_COMPARE(receiver.spans().size(), std::size_t{3});
    QTRY_COMPARE(exporter.statistics().sent, std::uint64_t{3});
    QCOMPARE(exporter.statistics().dropped, std::uint64_t{0});
    QCOMPARE(receiver.requests().size(), std::size_t{2});
}

void TestOtlp::honoursRetryAfter()
{
    OtlpReceiver receiver;
    receiver.script({answer(503, "1")}); // our own back-off would be 0.1-0.3 s
    const OtlpExporter exporter(optionsFor(receiver.endpoint()));
    makeSpans(1);
    QTRY_COMPARE(receiver.requests().size(), std::size_t{1});
    QElapsedTimer clock;
    clock.start();
    QTRY_COMPARE(receiver.requests().size(), std::size_t{2});
    QVERIFY2(clock.elapsed() >= 850, qPrintable(QString::number(clock.elapsed())));
}

void TestOtlp::longHoldKeepsTheSpans()
{
    OtlpReceiver receiver;
    receiver.script({answer(429, "600")});
    const OtlpExporter exporter(optionsFor(receiver.endpoint()));
    makeSpans(2);
    QTRY_COMPARE(exporter.statistics().waiting, std::size_t{2});
    QTRY_VERIFY(exporter.statistics().lastError);
    makeSpans(1);
    QTest::qWait(300);
    QCOMPARE(receiver.requests().size(), std::size_t{1}); // silence, as it was asked for
    QCOMPARE(exporter.statistics().waiting, std::size_t{3});
    QCOMPARE(exporter.statistics().dropped, std::uint64_t{0});
}

void TestOtlp::refusalDrops()
{
    OtlpReceiver receiver;
    receiver.script({answer(400)});
    const OtlpExporter exporter(optionsFor(receiver.endpoint()));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("spans were dropped")));
    makeSpans(2);
    QTRY_COMPARE(exporter.statistics().dropped, std::uint64_t{2});
    makeSpans(1);
    QTRY_COMPARE(receiver.spans().size(), std::size_t{1}); // the next ones go out again
    QCOMPARE(receiver.requests().size(), std::size_t{2});
    QTRY_VERIFY(!exporter.statistics().lastError);
}

void TestOtlp::partialSuccessCounts()
{
    OtlpReceiver receiver;
    receiver.script(
        {http::Response::json(200, R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}})")});
    const OtlpExporter exporter(optionsFor(receiver.endpoint()));
    makeSpans(3);
    QTRY_COMPARE(exporter.statistics().dropped, std::uint64_t{2});
    QCOMPARE(exporter.statistics().sent, std::uint64_t{1});
    QCOMPARE(exporter.statistics().lastError->message, "too old");
    QCOMPARE(rejectionOf(R"({"partialSuccess":{"rejectedSpans":4}})").spans, std::uint64_t{4});
    QCOMPARE(rejectionOf("nonsense").spans, std::uint64_t{0});
}

void TestOtlp::fullQueueDrops()
{
    OtlpReceiver receiver;
    receiver.script({answer(503, "20")});
    auto options = optionsFor(receiver.endpoint());
    options.queueLimit = 100;
    options.batchLimit = 10;
    options.shutdownGrace = 200ms;
    const OtlpExporter exporter(options);
    makeSpans(10);
    QTRY_COMPARE(receiver.requests().size(), std::size_t{1}); // these wait for their second try
    makeSpans(150);
    const auto statistics = exporter.statistics();
    QCOMPARE(statistics.waiting, std::size_t{100});
    QCOMPARE(statistics.dropped, std::uint64_t{50});
}

void TestOtlp::quitFlushes()
{
    OtlpReceiver receiver;
    auto options = optionsFor(receiver.endpoint());
    options.delay = 1h;
    options.batchLimit = 20;
    {
        const OtlpExporter exporter(options);
        makeSpans(70);
    }
    QCOMPARE(receiver.spans().size(), std::size_t{70});
    QCOMPARE(receiver.faults(), "");
    makeSpans(5); // off again
    QVERIFY(!isTracing());
}

void TestOtlp::quitIsBounded()
{
    OtlpReceiver receiver;
    receiver.script({answer(0), answer(0)}); // takes the request and says nothing
    auto options = optionsFor(receiver.endpoint());
    options.timeout = 60s;
    options.shutdownGrace = 300ms;
    QElapsedTimer clock;
    {
        const OtlpExporter exporter(options);
        makeSpans(1);
        QTRY_COMPARE(receiver.requests().size(), std::size_t{1});
        makeSpans(1);
        clock.start();
    }
    QVERIFY2(clock.elapsed() >= 250 && clock.elapsed() < 30'000, qPrintable(QString::number(clock.elapsed())));
}

void TestOtlp::testAnswers()
{
    net::HttpClient http;
    const auto ask = [&http](const std::string &endpoint) {
        std::optional<Result<>> outcome;
        whenDone(testReceiver(http, optionsFor(endpoint), &http), &http,
                 [&outcome](const Result<> &answered) { outcome = answered; });
        if (!QTest::qWaitFor([&outcome] { return outcome.has_value(); }))
            qFatal("no answer");
        return *outcome;
    };
    OtlpReceiver receiver;
    QVERIFY(ask(receiver.endpoint()));
    QCOMPARE(receiver.requests()[0].body, R"({"resourceSpans":[]})");
    receiver.script({answer(401), answer(404), answer(500)});
    QCOMPARE(ask(receiver.endpoint()).error().code, "unauthorized");
    QCOMPARE(ask(receiver.endpoint()).error().code, "no_otlp");
    QCOMPARE(ask(receiver.endpoint()).error().status, 500);
    QTcpServer closed;
    QVERIFY(closed.listen(QHostAddress::LocalHost));
    const auto port = closed.serverPort();
    closed.close();
    QVERIFY(ask("http://127.0.0.1:" + std::to_string(port)).error().kind == Error::Kind::Transport);
    QVERIFY(ask("nonsense").error().kind == Error::Kind::Local);
}

QTEST_GUILESS_MAIN(TestOtlp)
#include "tst_otlp.moc"
