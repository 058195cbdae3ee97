// A whole refinement over HTTP, seen by the OTLP receiver and by the servers that were called.

#include "services/core/ids.h"
#include "services/core/whendone.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "services/lifecycle/signature.h"
#include "services/net/httpclient.h"
#include "services/refine/refineloop.h"
#include "services/telemetry/figures.h"
#include "services/telemetry/otlp/exporter.h"
#include "tests/services/telemetry/otlpreceiver.h"
#include "tests/support/fakee2bserver.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace sandglass::telemetry;
using namespace sandglass::testsupport;
using test::OtlpReceiver;
using Spans = std::vector<OtlpReceiver::Span>;

namespace {

constexpr const char *callersTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char *callersSpan = "b7ad6b7169203331";

std::string traceparent()
{
    return std::string("00-") + callersTrace + "-" + callersSpan + "-01";
}

OtlpOptions optionsFor(const OtlpReceiver &receiver)
{
    OtlpOptions options;
    options.tracesUrl = tracesUrlOf(receiver.endpoint());
    options.delay = std::chrono::milliseconds(10);
    return options;
}

Spans named(const Spans &all, std::string_view name)
{
    Spans out;
    std::ranges::copy_if(all, std::back_inserter(out), [name](const auto &span) { return span.name == name; });
    return out;
}

std::uint64_t countOf(HistogramFamily &family, std::initializer_list<std::string_view> labels)
{
    return family.with(labels).snapshot().cumulative.back();
}

} // namespace

class TestTracedRun final : public QObject
{
    Q_OBJECT

    std::unique_ptr<FakeE2bServer> m_server;
    std::unique_ptr<e2b::Client> m_client;

    void runClassicExample();

private Q_SLOTS:
    void init();
    void cleanup();
    void refinementIsATree();
    void nothingIsSentWhenOff();
    void failuresAreTold();
    void proposalThatNeverCame();
    void deliveryContinuesTheSendersTrace();
};

void TestTracedRun::init()
{
    m_server = std::make_unique<FakeE2bServer>();
    m_server->script("POST /sandboxes", {FakeReply::json(201, R"({"sandboxID":"i1"})")});
    m_server->script("GET /sandboxes/i1", {FakeReply::json(200, R"({"sandboxID":"i1","cpuCount":2,"memoryMB":512})")});
    m_server->script("DELETE /sandboxes/i1", {FakeReply::json(204, {})});
    m_server->script("POST /sandboxes/i1/timeout", {FakeReply::json(204, {})});
    m_server->script("POST /execute", [](const FakeRequest &request) {
        const std::string code = stringOr(Json::parse(request.body.toStdString()), "code");
        QByteArray line = "{\"type\":\"stdout\",\"text\":\"Fibonacci(10) = 55\\n\"}\n";
        if (code.find("import nonexistent_module") != std::string::npos)
            line = "{\"type\":\"error\",\"name\":\"ModuleNotFoundError\",\"value\":\"\",\"traceback\":\"Cell In[2], "
                   "line 1\"}\n";
        else if (code.find("):") == std::string::npos)
            line = "{\"type\":\"error\",\"name\":\"SyntaxError\",\"value\":\"e2b_00ff00ff\",\"traceback\":\"  Cell "
                   "In[1], line 1\"}\n";
        return FakeReply::stream({line, "{\"type\":\"end_of_execution\"}\n"});
    });
    e2b::Connection connection;
    connection.apiUrl = connection.sandboxUrl = m_server->url();
    connection.apiKey = "e2b_00";
    m_client = std::make_unique<e2b::Client>(connection);
}

void TestTracedRun::cleanup()
{
    m_client.reset();
    m_server.reset();
    setRemoteParent({});
}

void TestTracedRun::runClassicExample()
{
    refine::RefineSession session(*m_client, "session-1");
    const refine::ClassicExample example = refine::classicExample();
    session.setCheck(example.check);
    refine::RefineLoop loop(session, std::make_unique<refine::ScriptedGenerator>(example.attempts),
                            refine::LoopLimits{5, {}});
    QSignalSpy finished(&loop, &refine::RefineLoop::finished);
    loop.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(session.attempts().size(), std::size_t{3});
    QTRY_COMPARE(m_server->count("GET /sandboxes/i1"), 1);
    session.endSession();
    QTRY_COMPARE(m_server->count("DELETE /sandboxes/i1"), 1);
}

void TestTracedRun::refinementIsATree()
{
    OtlpReceiver receiver;
    setRemoteParent(*parseTraceparent(traceparent()));
    const auto passedBefore = countOf(figures().attempt, {"passed"});
    const auto callsBefore = countOf(figures().apiCall, {"POST /execute", "2xx"});
    {
        const OtlpExporter exporter(optionsFor(receiver));
        runClassicExample();
        QTRY_COMPARE(named(receiver.spans(), "DELETE /sandboxes/{id}").size(), std::size_t{1});
    }
    QCOMPARE(receiver.faults(), "");
    const Spans spans = receiver.spans();
    const auto session = named(spans, "refine.session");
    QCOMPARE(session.size(), std::size_t{1});
    QCOMPARE(session[0].traceId, callersTrace); // the caller's trace goes on
    QCOMPARE(session[0].parentSpanId, callersSpan);
    QVERIFY(std::ranges::all_of(spans, [](const auto &span) { return span.traceId == callersTrace; }));

    const auto attempts = named(spans, "refine.attempt");
    QCOMPARE(attempts.size(), std::size_t{3});
    const auto under = [](const Spans &all, const OtlpReceiver::Span &parent) {
        Spans out;
        std::ranges::copy_if(all, std::back_inserter(out),
                             [&parent](const auto &span) { return span.parentSpanId == parent.spanId; });
        return out;
    };
    for (const auto &attempt : attempts) {
        QCOMPARE(attempt.parentSpanId, session[0].spanId);
        QVERIFY(attempt.start >= session[0].start && attempt.end <= session[0].end);
    }
    QCOMPARE(attempts[0].attributes.at("sandglass.attempt.verdict"), "raised");
    QCOMPARE(attempts[2].attributes.at("sandglass.attempt.verdict"), "passed");
    QCOMPARE(attempts[2].status, 1);
    QCOMPARE(attempts[0].status, 2);
    QVERIFY(attempts[0].json.dump().find("SyntaxError") != std::string::npos);
    for (const http::Request &request : receiver.requests()) // neither code nor output nor messages leave
        QVERIFY(request.body.find("00ff00ff") == std::string::npos
                && request.body.find("Fibonacci") == std::string::npos);

    const auto names = [](Spans list) {
        std::ranges::sort(list, {}, &OtlpReceiver::Span::start);
        std::vector<std::string> out;
        for (const auto &span : list)
            out.push_back(span.name);
        return out;
    };
    const auto first = under(spans, attempts[0]);
    QVERIFY((names(first) == std::vector<std::string>{"refine.generate", "refine.create", "refine.execute"}));
    const auto second = names(under(spans, attempts[1]));
    QCOMPARE(std::ranges::count(second, "refine.create"), 0);
    QCOMPARE(std::ranges::count(second, "refine.execute"), 1);

    // each call hangs under its step, and its own context went over the wire
    const auto create = named(spans, "POST /sandboxes");
    QCOMPARE(create.size(), std::size_t{1});
    QCOMPARE(create[0].parentSpanId, named(first, "refine.create")[0].spanId);
    QCOMPARE(create[0].kind, 3);
    QCOMPARE(create[0].attributes.at("http.response.status_code"), "201");
    const auto executes = named(spans, "POST /execute");
    QCOMPARE(executes.size(), std::size_t{3});
    QCOMPARE(executes[0].parentSpanId, named(first, "refine.execute")[0].spanId);
    for (const FakeRequest &request : m_server->requests()) {
        const auto sent = parseTraceparent(request.headers.value("traceparent").toStdString());
        QVERIFY2(sent && sent->traceId == callersTrace, request.target.constData());
        const auto call = std::ranges::find(spans, sent->spanId, &OtlpReceiver::Span::spanId);
        QVERIFY2(call != spans.end() && call->kind == 3, request.target.constData()); // the call's, not its step's
    }
    QCOMPARE(countOf(figures().attempt, {"passed"}), passedBefore + 1);
    QCOMPARE(countOf(figures().apiCall, {"POST /execute", "2xx"}), callsBefore + 3);
}

void TestTracedRun::nothingIsSentWhenOff()
{
    const OtlpReceiver receiver; // listens where the standard endpoint would be
    setRemoteParent(*parseTraceparent(traceparent()));
    runClassicExample();
    QCOMPARE(receiver.connections(), std::uint64_t{0});
    for (const FakeRequest &request : m_server->requests())
        QVERIFY(!request.headers.contains("traceparent"));
}

void TestTracedRun::failuresAreTold()
{
    m_server->script("POST /sandboxes", {FakeReply::error(403, "no: X-API-KEY: e2b_aabbccdd")});
    OtlpReceiver receiver;
    {
        const OtlpExporter exporter(optionsFor(receiver));
        refine::RefineSession session(*m_client, "s");
        QSignalSpy finished(&session, &refine::RefineSession::attemptFinished);
        QVERIFY(session.run("1"));
        QTRY_COMPARE(finished.size(), 1);
    }
    const Spans spans = receiver.spans();
    for (const char *name : {"POST /sandboxes", "refine.create", "refine.attempt"}) {
        const auto found = named(spans, name);
        QCOMPARE(found.size(), std::size_t{1});
        QCOMPARE(found[0].status, 2);
    }
    QCOMPARE(named(spans, "refine.attempt")[0].attributes.at("sandglass.attempt.author"), "person");
    QCOMPARE(named(spans, "refine.session").size(), std::size_t{1}); // ended by the destructor
    QVERIFY(named(spans, "refine.generate").empty());
    QVERIFY(receiver.requests()[0].body.find("aabbccdd") == std::string::npos);
}

void TestTracedRun::proposalThatNeverCame()
{
    OtlpReceiver receiver;
    {
        const OtlpExporter exporter(optionsFor(receiver));
        refine::RefineSession session(*m_client, "s");
        refine::RefineLoop loop(session, std::make_unique<refine::ScriptedGenerator>(std::vector<std::string>{}),
                                refine::LoopLimits{5, {}});
        loop.start();
        QVERIFY(loop.error().has_value());
    }
    const auto generate = named(receiver.spans(), "refine.generate");
    QCOMPARE(generate.size(), std::size_t{1});
    QCOMPARE(generate[0].status, 2);
    QCOMPARE(generate[0].attributes.at("error.type"), "exhausted");
}

void TestTracedRun::deliveryContinuesTheSendersTrace()
{
    const QTemporaryDir dir;
    auto journal = lifecycle::Journal::open(dir.filePath(QStringLiteral("j.db")).toStdString());
    QVERIFY(journal);
    lifecycle::ReceiverOptions options;
    options.port = 0;
    options.secret = newWebhookSecret();
    lifecycle::Receiver webhooks(**journal, options);
    QVERIFY(webhooks.start());
    const auto accepted = countOf(figures().delivery, {"accepted"});
    const auto refused = countOf(figures().delivery, {"refused"});
    const auto ages = countOf(figures().eventAge, {});
    const auto commits = countOf(figures().journalCommit, {"stored"});

    OtlpReceiver receiver;
    {
        const OtlpExporter exporter(optionsFor(receiver));
        net::HttpClient http;
        for (const bool isSigned : {true, false}) {
            net::HttpRequest request;
            request.method = "POST";
            request.url = webhooks.url();
            request.body = R"({"id":"ev-1","type":"sandbox.lifecycle.created","sandbox_id":"i7","timestamp":")"
                + formatRfc3339(systemNow()) + R"("})";
            request.headers = {
                {"traceparent", traceparent()},
                {"e2b-signature",
                 isSigned ? lifecycle::signDelivery(options.secret, request.body) : std::string("AAAA")}};
            std::optional<int> status;
            whenDone(http.send(request), &http,
                     [&status](const Result<net::HttpResponse> &answer) { status = answer ? answer->status : 0; });
            QTRY_VERIFY(status.has_value());
            QCOMPARE(*status, isSigned ? 200 : 401);
        }
    }
    const auto spans = named(receiver.spans(), "POST /webhooks/e2b");
    QCOMPARE(spans.size(), std::size_t{2});
    for (const auto &span : spans) {
        QCOMPARE(span.traceId, callersTrace);
        QCOMPARE(span.parentSpanId, callersSpan);
        QCOMPARE(span.kind, 2);
    }
    QCOMPARE(spans[0].attributes.at("sandglass.delivery.outcome"), "accepted");
    QCOMPARE(spans[0].attributes.at("sandglass.sandbox.id"), "i7");
    QCOMPARE(spans[1].attributes.at("http.response.status_code"), "401");
    QCOMPARE(countOf(figures().delivery, {"accepted"}), accepted + 1);
    QCOMPARE(countOf(figures().delivery, {"refused"}), refused + 1);
    QCOMPARE(countOf(figures().eventAge, {}), ages + 1);
    QCOMPARE(countOf(figures().journalCommit, {"stored"}), commits + 1);
}

QTEST_GUILESS_MAIN(TestTracedRun)
#include "tst_tracedrun.moc"
