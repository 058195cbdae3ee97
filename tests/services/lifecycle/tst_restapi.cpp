#include "services/core/json.h"
#include "services/lifecycle/codeexecution.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "services/lifecycle/restapi.h"
#include "services/lifecycle/restapilive.h"
#include "services/lifecycle/tracker.h"
#include "tests/services/http/rawclient.h"
#include "tests/services/lifecycle/events.h"
#include "tests/services/lifecycle/openmetricsparser.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <sqlite3.h>

#include <future>
#include <latch>
#include <set>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;
using namespace std::chrono_literals;
using sandglass::test::RawClient;

namespace {

const std::string secret = "sandglass-test-secret-0123456789abcdef";

cost::RateCard listPrice()
{
    return cost::RateCard::fromJson(R"({"currency": "USD", "rates": [{"valid_from": "2026-08-06T00:00:00Z",
        "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045"}]})")
        .value();
}

Event createdOf(double seconds, const std::string &sandboxId, const std::string &templateId)
{
    Event event = created(seconds, sandboxId + "-e", sandboxId);
    event.templateId = templateId;
    return event;
}

/// A picture that never answers.
class SilentPicture final : public LivePicture
{
public:
    bool askSnapshot(SnapshotAnswer answer) override
    {
        const std::lock_guard lock(mutex);
        asked.push_back(std::move(answer));
        return !isFull;
    }
    bool askSandbox(std::string, SandboxAnswer) override { return !isFull; }
    [[nodiscard]] std::size_t count()
    {
        const std::lock_guard lock(mutex);
        return asked.size();
    }

    std::mutex mutex;
    std::vector<SnapshotAnswer> asked;
    bool isFull = false;
};

} // namespace

class TestRestApi final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

    void shapesOfTheOriginal();
    void activeIsLongestFirst();
    void runawayIsStrictlyLonger();
    void runawaysFollowTheRules();
    void pausedIsNoRunaway();
    void costOfOneSandbox();
    void reservedUntilTheTimeout();
    void unknownSandboxAndSize();
    void metricsByAccept_data();
    void metricsByAccept();
    void openMetricsHoldsTogether();
    void figuresFollowTheEvents();
    void unknownTypesAreCounted();
    void manyQuestionsOneSnapshot();
    void eventsByPage();
    void eventsFiltered();
    void eventsBadQueries_data();
    void eventsBadQueries();
    void cursorsThatCannotGoOn();
    void cursorsOfRemovedEvents();
    void silentPictureIs503();
    void fullPictureIs503();
    void tooManyQuestionsAre503();
    void stopAnswersThoseWhoWait();
    void pictureThatGoesIs503();
    void oddPathsAreNotOurs();

private:
    /// A fresh journal with `events`, their tracker, and a receiver with the endpoints.
    void serve(const std::vector<Event> &events, RestApiOptions options = {});
    void serveWith(std::shared_ptr<LivePicture> picture, RestApiOptions options);
    void append(const std::vector<Event> &events);
    /// While this thread keeps running its events: the picture lives in it.
    [[nodiscard]] RawClient::Reply get(const std::string &target, const std::string &headers = "");
    [[nodiscard]] Json json(const std::string &target);

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
    std::unique_ptr<Tracker> m_tracker;
    std::unique_ptr<TrackerPicture> m_picture;
    std::unique_ptr<Receiver> m_receiver;
    std::shared_ptr<RestApi> m_rest;
    Timestamp m_now = at(3600);
};

void TestRestApi::init()
{
    m_now = at(3600);
    m_dir = std::make_unique<QTemporaryDir>();
    auto journal = Journal::open(m_dir->filePath(QStringLiteral("journal.db")).toStdString());
    QVERIFY(journal);
    m_journal = std::move(*journal);
}

void TestRestApi::cleanup()
{
    m_receiver.reset();
    m_rest.reset();
    m_picture.reset();
    m_tracker.reset();
    m_journal.reset();
    m_dir.reset();
}

void TestRestApi::append(const std::vector<Event> &events)
{
    std::latch answered(static_cast<std::ptrdiff_t>(events.size()));
    for (const Event &event : events)
        m_journal->append(event, [&answered](Journal::Outcome) { answered.count_down(); });
    answered.wait();
}

void TestRestApi::serve(const std::vector<Event> &events, RestApiOptions options)
{
    append(events);
    m_tracker = std::make_unique<Tracker>(*m_journal, listPrice(), [this] { return m_now; });
    m_picture = std::make_unique<TrackerPicture>(*m_tracker);
    m_tracker->start();
    serveWith(m_picture->picture(), options);
}

void TestRestApi::serveWith(std::shared_ptr<LivePicture> picture, RestApiOptions options)
{
    m_rest = std::make_shared<RestApi>(*m_journal, std::move(picture), options);
    ReceiverOptions receiver;
    receiver.port = 0;
    receiver.secret = secret;
    receiver.rest = m_rest;
    m_receiver = std::make_unique<Receiver>(*m_journal, receiver);
    QVERIFY(m_receiver->start());
}

RawClient::Reply TestRestApi::get(const std::string &target, const std::string &headers)
{
    auto reply = std::async(std::launch::async, [&, port = m_receiver->port()] {
        RawClient client(port);
        client.send("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + "\r\n");
        return client.reply();
    });
    [&] { QTRY_VERIFY_WITH_TIMEOUT(reply.wait_for(0s) == std::future_status::ready, 12'000); }();
    return reply.get();
}

Json TestRestApi::json(const std::string &target)
{
    const auto reply = get(target, "Accept: application/json\r\n");
    if (reply.status != 200 || reply.head.find("Content-Type: application/json") == std::string::npos) {
        qWarning("%d %s", reply.status, reply.body.c_str());
        return {};
    }
    return parseJson(reply.body).value_or(Json());
}

void TestRestApi::shapesOfTheOriginal()
{
    serve({createdOf(0, "a", "base"), createdOf(600, "b", ""), createdOf(1800, "c", "base"),
           ended(EventType::Killed, 1900, "c-e", 1800, "c")});
    const Json metrics = json("/metrics");
    QCOMPARE(dumpJson(metrics["metrics"]),
             dumpJson((Json{{"total_created", 3},
                            {"total_killed", 1},
                            {"current_concurrent", 2},
                            {"peak_concurrent", 3},
                            {"templates_used", {{"base", 2}, {"default", 1}}},
                            {"events_received", 4}})));
    QCOMPARE(dumpJson(metrics["active_sandboxes"]), dumpJson(Json(2)));
    QCOMPARE(dumpJson(metrics["timestamp"]), dumpJson(Json("2026-08-20T11:00:00.000000+00:00")));
    QVERIFY(metrics["cost"]["usd_per_hour"].is_string());

    const Json active = json("/sandboxes/active");
    QCOMPARE(dumpJson(active["count"]), dumpJson(Json(2)));
    const Json &first = active["active_sandboxes"][0];
    QCOMPARE(dumpJson(first["sandbox_id"]), dumpJson(Json("a")));
    QCOMPARE(dumpJson(first["created_at"]), dumpJson(Json("2026-08-20T10:00:00.000000+00:00")));
    QCOMPARE(dumpJson(first["lifetime_seconds"]), dumpJson(Json(3600.0)));
    QCOMPARE(dumpJson(first["lifetime_minutes"]), dumpJson(Json(60.0)));

    const Json runaway = json("/sandboxes/runaway");
    QCOMPARE(dumpJson(runaway["count"]), dumpJson(Json(2)));
    QCOMPARE(dumpJson(runaway["timeout_minutes"]), dumpJson(Json(10)));
    QCOMPARE(dumpJson(runaway["runaway_sandboxes"][0]["sandbox_id"]), dumpJson(Json("a")));
    QCOMPARE(dumpJson(runaway["runaway_sandboxes"][0]["exceeded_by_seconds"]), dumpJson(Json(3000.0)));
    QCOMPARE(get("/health").body, std::string(R"({"events_processed":0,"status":"healthy"})"));
}

void TestRestApi::activeIsLongestFirst()
{
    std::vector<Event> events;
    for (int i = 0; i < 50; ++i)
        events.push_back(createdOf((i * 37) % 50, "s" + std::to_string(i), "t"));
    serve(events);
    const Json active = json("/sandboxes/active");
    QCOMPARE(dumpJson(active["count"]), dumpJson(Json(50)));
    double before = 1e9;
    for (const Json &sandbox : active["active_sandboxes"]) {
        QVERIFY(sandbox["lifetime_seconds"].get<double>() <= before);
        before = sandbox["lifetime_seconds"].get<double>();
    }
}

void TestRestApi::runawayIsStrictlyLonger()
{
    serve({createdOf(3000, "exact", "t"), createdOf(2999, "longer", "t")});
    const Json runaway = json("/sandboxes/runaway"); // 10 min 0 s is none, 10 min 1 s is
    QCOMPARE(dumpJson(runaway["count"]), dumpJson(Json(1)));
    QCOMPARE(dumpJson(runaway["runaway_sandboxes"][0]["sandbox_id"]), dumpJson(Json("longer")));
    QCOMPARE(dumpJson(runaway["runaway_sandboxes"][0]["exceeded_by_seconds"]), dumpJson(Json(1.0)));
    QCOMPARE(dumpJson(runaway["runaway_sandboxes"][0]["lifetime_seconds"]), dumpJson(Json(601.0)));
    m_rest->setRunawayRules(cost::RunawayRules{90s, {}});
    QCOMPARE(dumpJson(json("/sandboxes/runaway")["count"]), dumpJson(Json(2)));
    QCOMPARE(dumpJson(json("/sandboxes/runaway")["timeout_minutes"]), dumpJson(Json(1.5)));
}

void TestRestApi::runawaysFollowTheRules()
{
    RestApiOptions options;
    options.runaways = cost::RunawayRules{50min, {{"ml", 2h}, {"tiny", 90s}}};
    Event named = createdOf(3500, "named", "tpl-7");
    Event listed = observedRunning(3501, 3500); // the list tells the name of its template
    listed.sandboxId = "named";
    listed.templateId = "tpl-7";
    listed.templateAlias = "tiny";
    serve(
        {createdOf(0, "usual", "base"), createdOf(0, "patient", "ml"), createdOf(3500, "small", "tiny"), named, listed},
        options);
    const Json runaway = json("/sandboxes/runaway");
    QCOMPARE(dumpJson(runaway["count"]), std::string("3"));
    QCOMPARE(dumpJson(runaway["timeout_minutes"]), std::string("50"));
    const Json &list = runaway["runaway_sandboxes"];
    QCOMPARE(stringOr(list[0], "sandbox_id"), std::string("usual"));
    QCOMPARE(dumpJson(list[0]["exceeded_by_seconds"]), dumpJson(Json(600.0)));
    QCOMPARE(dumpJson(list[0]["timeout_minutes"]), std::string("50"));
    QCOMPARE(stringOr(list[1], "sandbox_id"), std::string("named")); // by name
    QCOMPARE(stringOr(list[2], "sandbox_id"), std::string("small")); // by id
    QCOMPARE(dumpJson(list[2]["exceeded_by_seconds"]), dumpJson(Json(10.0)));
    QCOMPARE(dumpJson(list[2]["timeout_minutes"]), dumpJson(Json(1.5)));
    const auto gauge = [this](const char *line) {
        return get("/metrics", "Accept: text/plain\r\n").body.find(line) != std::string::npos;
    };
    QVERIFY(gauge("\nsandglass_sandboxes_runaway 3\n"));

    m_rest->setRunawayRules(std::nullopt);
    const Json off = json("/sandboxes/runaway");
    QCOMPARE(dumpJson(off["count"]), std::string("0"));
    QCOMPARE(dumpJson(off["timeout_minutes"]), std::string("null"));
    QVERIFY(gauge("\nsandglass_sandboxes_runaway 0\n"));
}

void TestRestApi::pausedIsNoRunaway()
{
    Event pausedAt = ended(EventType::Paused, 600, "sbx-e", 0);
    serve({createdOf(0, "sbx", "t"), pausedAt});
    QCOMPARE(dumpJson(json("/sandboxes/runaway")["count"]), dumpJson(Json(0)));
    QCOMPARE(dumpJson(json("/sandboxes/active")["count"]), dumpJson(Json(0)));
    QCOMPARE(dumpJson(json("/metrics")["paused_sandboxes"]), dumpJson(Json(1)));
    append({resumed(3500, "second")}); // an hour old, but 700 s of running
    m_rest->setRunawayRules(cost::RunawayRules{15min, {}});
    QTRY_COMPARE(dumpJson(json("/sandboxes/active")["count"]), dumpJson(Json(1)));
    QCOMPARE(dumpJson(json("/sandboxes/runaway")["count"]), dumpJson(Json(0)));
    QCOMPARE(dumpJson(json("/sandboxes/active")["active_sandboxes"][0]["running_seconds"]), dumpJson(Json(700.0)));
    m_rest->setRunawayRules(cost::RunawayRules{699s, {}});
    QCOMPARE(dumpJson(json("/sandboxes/runaway")["count"]), dumpJson(Json(1)));
}

void TestRestApi::costOfOneSandbox()
{
    Event paused = ended(EventType::Paused, 600, "sbx-e", 0);
    Event killed = ended(EventType::Killed, 3900, "second", 3600);
    m_now = at(7200);
    serve({createdOf(0, "sbx", "t"), paused, resumed(3600, "second"), killed});
    const Json cost = json("/sandboxes/sbx/cost");
    QCOMPARE(dumpJson(cost["cost_usd"]),
             dumpJson(Json("0.027225000000"))); // 900 s of 2 vCPU and 512 MiB, the pause not counted
    QCOMPARE(dumpJson(cost["confirmed"]), dumpJson(Json(true)));
    QCOMPARE(dumpJson(cost["partial"]), dumpJson(Json(false)));
    QCOMPARE(dumpJson(cost["state"]), dumpJson(Json("killed")));
    QCOMPARE(dumpJson(cost["running_seconds"]), dumpJson(Json(900.0)));
    QCOMPARE(cost["runs"].size(), std::size_t(2));
    QCOMPARE(dumpJson(cost["runs"][0]["duration_ms"]), dumpJson(Json(600'000)));
    QCOMPARE(dumpJson(cost["runs"][1]["vcpu_count"]), dumpJson(Json(2)));
    QCOMPARE(dumpJson(cost["confirmed_usd"]), dumpJson(cost["cost_usd"]));
    QCOMPARE(dumpJson(cost["reserved_usd"]), dumpJson(cost["cost_usd"])); // it is over
}

void TestRestApi::reservedUntilTheTimeout()
{
    Event size = observedRunning(10, 0);
    size.newEnd = at(7200);
    size.metadata = {{"customer", "acme"}};
    serve({createdOf(0, "sbx", "t"), size}); // at 3,600 s
    const Json cost = json("/sandboxes/sbx/cost");
    QCOMPARE(dumpJson(cost["estimated_usd"]), dumpJson(Json("0.108900000000"))); // 3,600 s
    QCOMPARE(dumpJson(cost["confirmed_usd"]), dumpJson(Json()));                 // nothing has been told
    QCOMPARE(dumpJson(cost["reserved_usd"]), dumpJson(Json("0.217800000000")));  // 7,200 s
    QCOMPARE(dumpJson(cost["metadata"]["customer"]), dumpJson(Json("acme")));
    QCOMPARE(dumpJson(cost["end_at"]), dumpJson(Json("2026-08-20T12:00:00.000000+00:00")));
}

void TestRestApi::unknownSandboxAndSize()
{
    serve({createdOf(0, "bare", "t")});
    const Json cost = json("/sandboxes/bare/cost");
    QCOMPARE(dumpJson(cost["cost_usd"]), dumpJson(Json())); // not known is not nothing
    QCOMPARE(dumpJson(cost["partial"]), dumpJson(Json(true)));
    QCOMPARE(get("/sandboxes/nobody/cost").status, 404);
    QCOMPARE(get("/sandboxes/%62are/cost").status, 200);
}

void TestRestApi::metricsByAccept_data()
{
    QTest::addColumn<std::string>("target");
    QTest::addColumn<std::string>("accept");
    QTest::addColumn<bool>("isText");
    const auto row = [](const char *name, const std::string &target, const std::string &accept, bool isText) {
        QTest::newRow(name) << target << accept << isText;
    };
    row("JSON", "/metrics", "application/json", false);
    row("none", "/metrics", "", false);
    row("anything", "/metrics", "*/*", false);
    row("a browser", "/metrics", "text/html,application/xhtml+xml,*/*;q=0.8", false);
    row("OpenMetrics", "/metrics", "application/openmetrics-text", true);
    row("Prometheus", "/metrics",
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", true);
    row("plain text", "/metrics", "text/plain", true);
    row("JSON before text", "/metrics", "application/json, text/plain, */*", false);
    row("by query", "/metrics?format=openmetrics", "application/json", true);
    row("JSON by query", "/metrics?format=json", "text/plain", false);
}

void TestRestApi::metricsByAccept()
{
    QFETCH(std::string, target);
    QFETCH(std::string, accept);
    QFETCH(bool, isText);
    serve({});
    const auto reply = get(target, accept.empty() ? "" : "Accept: " + accept + "\r\n");
    QCOMPARE(reply.status, 200);
    QCOMPARE(reply.head.find("Content-Type: application/openmetrics-text; version=1.0.0") != std::string::npos, isText);
    QCOMPARE(reply.body.ends_with("# EOF\n"), isText);
    QCOMPARE(reply.body.starts_with("{"), !isText);
}

void TestRestApi::openMetricsHoldsTogether()
{
    std::vector<Event> events;
    for (int i = 0; i < 300; ++i)
        events.push_back(createdOf(i, "s" + std::to_string(i), "template \"" + std::to_string(i) + "\""));
    serve(events);
    const std::string text = get("/metrics", "Accept: text/plain\r\n").body;
    std::set<std::string> families;
    std::string family;
    int templates = 0;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
        const std::string line = text.substr(begin, end - begin);
        if (line.starts_with("# TYPE ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            QVERIFY2(families.insert(family).second, line.c_str()); // every family once
        } else if (!line.starts_with("#")) {
            QVERIFY2(line.starts_with(family), line.c_str()); // its samples right behind it
            const std::size_t space = line.rfind(' ');
            bool isNumber = false;
            QString::fromStdString(line.substr(space + 1)).toDouble(&isNumber);
            QVERIFY2(isNumber, line.c_str());
            templates += family == "sandglass_template_sandboxes";
        }
    }
    const test::OpenMetricsParser parser(text);
    QVERIFY2(parser.faults().empty(), parser.faults().c_str());
    for (const char *name :
         {"sandglass_journal_commit_duration_seconds", "sandglass_delivery_duration_seconds",
          "sandglass_event_age_seconds", "sandglass_api_call_duration_seconds", "sandglass_attempt_duration_seconds"})
        QVERIFY2(parser.families().at(name).type == "histogram", name);
    QCOMPARE(templates, 201); // bounded, the rest as "other"
    for (const char *line :
         {"sandglass_sandboxes{state=\"running\"} 300\n", "sandglass_events_total 300\n",
          "sandglass_template_sandboxes{template=\"other\"} 100\n",
          "sandglass_deliveries_total{outcome=\"accepted\"} 0\n", "sandglass_quarantine_entries 0\n"})
        QVERIFY2(text.find(line) != std::string::npos, line);
}

void TestRestApi::figuresFollowTheEvents()
{
    serve({createdOf(0, "a", "base")});
    QCOMPARE(dumpJson(json("/metrics")["metrics"]["current_concurrent"]), dumpJson(Json(1))); // from now on it follows
    append({createdOf(10, "b", "base"), createdOf(20, "c", "other")});
    QTRY_COMPARE(dumpJson(json("/metrics")["metrics"]["current_concurrent"]), dumpJson(Json(3)));
    append({ended(EventType::Killed, 30, "b-e", 10, "b"), ended(EventType::Killed, 31, "c-e", 20, "c"),
            ended(EventType::Killed, 40, "d-e", 35, "d")}); // killed without created
    QTRY_COMPARE(dumpJson(json("/metrics")["metrics"]["total_killed"]), dumpJson(Json(3)));
    const Json metrics = json("/metrics")["metrics"];
    QCOMPARE(dumpJson(metrics["total_created"]), dumpJson(Json(4)));
    QCOMPARE(dumpJson(metrics["current_concurrent"]), dumpJson(Json(1)));
    QCOMPARE(dumpJson(metrics["peak_concurrent"]), dumpJson(Json(3)));
    QCOMPARE(dumpJson(metrics["templates_used"]), dumpJson((Json{{"base", 2}, {"other", 1}, {"default", 1}})));
    append({bare(EventType::Lost, 50, "a-e", "a")});
    QTRY_COMPARE(dumpJson(json("/metrics")["metrics"]["total_killed"]), std::string("4"));
    Event seen = observedRunning(60, 0); // a sign of life: it was not lost
    seen.id = "seen";
    seen.sandboxId = "a";
    append({seen});
    QTRY_COMPARE(dumpJson(json("/metrics")["metrics"]["total_killed"]), std::string("3"));
    append({createdOf(35, "d", "late")}); // the template of d becomes known
    QTRY_COMPARE(dumpJson(json("/metrics")["metrics"]["templates_used"]),
                 dumpJson((Json{{"base", 2}, {"other", 1}, {"late", 1}})));
    QCOMPARE(dumpJson(json("/metrics")["metrics"]["total_created"]), dumpJson(Json(4)));
}

void TestRestApi::unknownTypesAreCounted()
{
    serve({createdOf(0, "a", "base")});
    QCOMPARE(dumpJson(json("/metrics")["unknown_events"]), std::string("{}"));
    std::vector<Event> events = {
        lifecycle::codeExecutedEvent({"a", "base", 12, lifecycle::RunOutcome::Passed, {}, {}}, at(1))}; // our own
    for (int i = 0; i < 3; ++i)
        events.push_back(bare(EventType::Unknown, 10 + i, "x" + std::to_string(i), "a"));
    for (int i = 0; i < 60; ++i) { // more types than anybody wants as labels
        events.push_back(bare(EventType::Unknown, 20, "y" + std::to_string(i), "a"));
        events.back().typeName = "sandbox.lifecycle.made_up_" + std::to_string(i);
    }
    append(events);
    QTRY_COMPARE(dumpJson(json("/metrics")["unknown_events"]["sandbox.lifecycle.mystery"]), std::string("3"));
    QTRY_COMPARE(dumpJson(json("/metrics")["unknown_events"]["other"]), std::string("11")); // 49 by name
    QVERIFY(!json("/metrics")["unknown_events"].contains("sandbox.code_executed"));
    const std::string text = get("/metrics", "Accept: text/plain\r\n").body;
    QVERIFY(text.find("\nsandglass_events_unknown_total{type=\"sandbox.lifecycle.mystery\"} 3\n") != std::string::npos);
    const test::OpenMetricsParser parser(text);
    QVERIFY2(parser.faults().empty(), parser.faults().c_str());
}

void TestRestApi::manyQuestionsOneSnapshot()
{
    std::vector<Event> events;
    for (int i = 0; i < 1'000; ++i)
        events.push_back(createdOf(i, "s" + std::to_string(i), "t"));
    serve(events);
    std::vector<std::future<int>> answers;
    for (int c = 0; c < 16; ++c) {
        answers.push_back(std::async(std::launch::async, [port = m_receiver->port()] {
            RawClient client(port);
            int good = 0;
            for (int i = 0; i < 10; ++i) {
                client.send("GET /sandboxes/active HTTP/1.1\r\nHost: localhost\r\n\r\n");
                const auto reply = client.reply();
                good += reply.status == 200 && reply.body.find("\"count\":1000") != std::string::npos;
            }
            return good;
        }));
    }
    for (auto &answer : answers) {
        QTRY_VERIFY_WITH_TIMEOUT(answer.wait_for(0s) == std::future_status::ready, 60'000);
        QCOMPARE(answer.get(), 10);
    }
}

void TestRestApi::eventsByPage()
{
    std::vector<Event> events;
    for (int i = 0; i < 25; ++i)
        events.push_back(createdOf(i, "s" + std::to_string(i), "t"));
    serve(events);
    std::vector<std::string> ids;
    std::string cursor;
    for (int page = 0; page < 3; ++page) {
        const Json answer = json("/events?limit=10&cursor=" + cursor);
        for (const Json &event : answer["events"])
            ids.push_back(event["sandbox_id"]);
        QCOMPARE(dumpJson(answer["has_more"]), dumpJson(Json(page < 2)));
        cursor = answer["next_cursor"];
    }
    QCOMPARE(ids.size(), std::size_t(25));
    QCOMPARE(ids.front() + ids.back(), std::string("s0s24"));

    const Json end = json("/events?cursor=" + cursor); // nothing new: the cursor stays good
    QCOMPARE(dumpJson(end["count"]), dumpJson(Json(0)));
    QCOMPARE(dumpJson(end["next_cursor"]), dumpJson(Json(cursor)));
    append({createdOf(30, "new", "t")});
    QCOMPARE(dumpJson(json("/events?cursor=" + cursor)["events"][0]["sandbox_id"]), dumpJson(Json("new")));

    const Json newest = json("/events?order=desc&limit=2");
    QCOMPARE(dumpJson(newest["events"][0]["sandbox_id"]), dumpJson(Json("new")));
    QCOMPARE(dumpJson(newest["events"][1]["seq"]), dumpJson(Json(25)));
    const Json older = json("/events?order=desc&limit=100&cursor=" + newest["next_cursor"].get<std::string>());
    QCOMPARE(dumpJson(older["count"]), dumpJson(Json(24)));
    QCOMPARE(dumpJson(older["events"][0]["seq"]), dumpJson(Json(24)));
    QCOMPARE(dumpJson(older["has_more"]), dumpJson(Json(false)));
    QCOMPARE(dumpJson(older["next_cursor"]), dumpJson(Json()));
    const Json &event = older["events"][0];
    QCOMPARE(dumpJson(event["type"]), dumpJson(Json("sandbox.lifecycle.created")));
    QCOMPARE(dumpJson(event["source"]), dumpJson(Json("webhook")));
    QVERIFY(event["received_at"].is_string());
}

void TestRestApi::eventsFiltered()
{
    serve({createdOf(0, "a", "t"), createdOf(1, "b", "t"), ended(EventType::Killed, 2, "a-e", 0, "a")});
    QCOMPARE(dumpJson(json("/events?sandbox_id=a")["count"]), dumpJson(Json(2)));
    QCOMPARE(dumpJson(json("/events?type=killed")["events"][0]["sandbox_id"]), dumpJson(Json("a")));
    QCOMPARE(dumpJson(json("/events?type=sandbox.lifecycle.created&sandbox_id=b")["count"]), dumpJson(Json(1)));
    const Json none = json("/events?sandbox_id=nobody");
    QCOMPARE(dumpJson(none["count"]), dumpJson(Json(0)));
    QCOMPARE(dumpJson(none["next_cursor"]), dumpJson(Json("3"))); // what was looked at need not be looked at again
}

void TestRestApi::eventsBadQueries_data()
{
    QTest::addColumn<std::string>("query");
    for (const char *query : {"limit=0", "limit=1001", "limit=x", "limit=-1", "cursor=x", "cursor=-1", "cursor=1.5",
                              "cursor=99999999999999999999", "order=up"})
        QTest::newRow(query) << std::string(query);
}

void TestRestApi::eventsBadQueries()
{
    QFETCH(std::string, query);
    serve({});
    QCOMPARE(get("/events?" + query).status, 400);
}

void TestRestApi::cursorsThatCannotGoOn()
{
    serve({createdOf(0, "a", "t"), createdOf(1, "b", "t")});
    const auto ahead = get("/events?cursor=500");
    QCOMPARE(ahead.status, 410);
    QVERIFY(ahead.body.find(R"("reason":"cursor_unknown")") != std::string::npos);
    QCOMPARE(get("/events?cursor=2").status, 200);
    QCOMPARE(get("/events?cursor=0").status, 200);
    QCOMPARE(get("/events?order=desc&cursor=3").status, 200);
    QCOMPARE(get("/events?order=desc&cursor=4").status, 410);
}

void TestRestApi::cursorsOfRemovedEvents()
{
    std::vector<Event> events;
    for (int i = 0; i < 20; ++i)
        events.push_back(createdOf(i, "s" + std::to_string(i), "t"));
    serve(events);
    sqlite3 *database = nullptr;
    QCOMPARE(sqlite3_open(m_dir->filePath(QStringLiteral("journal.db")).toUtf8().constData(), &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 10'000);
    QCOMPARE(sqlite3_exec(database, "DELETE FROM events WHERE seq <= 10", nullptr, nullptr, nullptr), SQLITE_OK);
    const auto expired = get("/events?cursor=5");
    QCOMPARE(expired.status, 410);
    QVERIFY(expired.body.find(R"("reason":"cursor_expired")") != std::string::npos);
    QVERIFY(expired.body.find(R"("oldest_seq":11)") != std::string::npos);
    QCOMPARE(get("/events?cursor=9").status, 410);
    QCOMPARE(dumpJson(json("/events?cursor=10")["events"][0]["seq"]), std::string("11")); // it missed nothing
    QCOMPARE(dumpJson(json("/events")["count"]), std::string("10"));
    QCOMPARE(get("/events?order=desc&cursor=10").status, 410);
    QCOMPARE(get("/events?order=desc&cursor=11").status, 200);
    QCOMPARE(sqlite3_exec(database, "DELETE FROM events", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
    QCOMPARE(get("/events?cursor=15").status, 410);
    QCOMPARE(get("/events?cursor=20").status, 200);
}

void TestRestApi::silentPictureIs503()
{
    RestApiOptions options;
    options.timeout = 100ms;
    const auto picture = std::make_shared<SilentPicture>();
    serveWith(picture, options);
    const auto reply = get("/metrics");
    QCOMPARE(reply.status, 503);
    QVERIFY(reply.body.find("No answer in time") != std::string::npos);
    QVERIFY(reply.head.find("Retry-After: ") != std::string::npos);
    QCOMPARE(get("/sandboxes/a/cost").status, 503);
    QCOMPARE(get("/events").status, 200);                     // needs no picture
    picture->asked.front()(std::make_shared<LiveSnapshot>()); // too late: nobody waits
    QCOMPARE(get("/health").status, 200);
}

void TestRestApi::fullPictureIs503()
{
    const auto picture = std::make_shared<SilentPicture>();
    picture->isFull = true;
    serveWith(picture, {});
    QVERIFY(get("/metrics").body.find("Too many questions") != std::string::npos);
    QCOMPARE(get("/sandboxes/a/cost").status, 503);
}

void TestRestApi::tooManyQuestionsAre503()
{
    RestApiOptions options;
    options.timeout = 20s;
    options.waitingLimit = 3;
    const auto picture = std::make_shared<SilentPicture>();
    serveWith(picture, options);
    std::vector<std::unique_ptr<RawClient>> waiting;
    for (int i = 0; i < 3; ++i) {
        waiting.push_back(std::make_unique<RawClient>(m_receiver->port()));
        QVERIFY(waiting.back()->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    }
    QTRY_COMPARE(picture->count(), std::size_t(3));
    QCOMPARE(get("/metrics").status, 503);
    QCOMPARE(get("/events").status, 503);
    QCOMPARE(get("/health").status, 200);
}

void TestRestApi::stopAnswersThoseWhoWait()
{
    RestApiOptions options;
    options.timeout = 60s;
    const auto picture = std::make_shared<SilentPicture>();
    serveWith(picture, options);
    RawClient client(m_receiver->port());
    QVERIFY(client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    QTRY_COMPARE(picture->count(), std::size_t(1));
    m_receiver.reset();
    QCOMPARE(client.reply().status, 503);
    m_rest.reset();
    picture->asked.front()(nullptr); // the answer comes to nobody
}

void TestRestApi::pictureThatGoesIs503()
{
    serve({createdOf(0, "a", "t")});
    QCOMPARE(get("/metrics").status, 200);
    m_picture.reset();
    QCOMPARE(get("/metrics").status, 503);
    QCOMPARE(get("/sandboxes/a/cost").status, 503);
}

void TestRestApi::oddPathsAreNotOurs()
{
    serve({});
    for (const char *target : {"/sandboxes", "/sandboxes/", "/sandboxes/a", "/sandboxes//cost", "/sandboxes/a/b/cost",
                               "/metrics/", "/events/1", "/sandboxes/cost"})
        QVERIFY2(get(target).status == 404, target);
    RawClient client(m_receiver->port());
    QVERIFY(client.send("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"));
    QCOMPARE(client.reply().status, 405);
}

QTEST_GUILESS_MAIN(TestRestApi)
#include "tst_restapi.moc"
