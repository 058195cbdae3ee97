#include "services/lifecycle/codeexecution.h"
#include "tests/services/lifecycle/openmetricsparser.h"
#include "tests/services/lifecycle/restserver.h"

#include <QTest>

#include <set>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;
using sandglass::test::createdOf;

class TestRestMetrics final : public test::RestServer
{
    Q_OBJECT
private Q_SLOTS:
    void metricsByAccept_data();
    void metricsByAccept();
    void openMetricsHoldsTogether();
    void figuresFollowTheEvents();
    void unknownTypesAreCounted();
};

void TestRestMetrics::metricsByAccept_data()
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

void TestRestMetrics::metricsByAccept()
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

void TestRestMetrics::openMetricsHoldsTogether()
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

void TestRestMetrics::figuresFollowTheEvents()
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

void TestRestMetrics::unknownTypesAreCounted()
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

QTEST_GUILESS_MAIN(TestRestMetrics)
#include "tst_restmetrics.moc"
