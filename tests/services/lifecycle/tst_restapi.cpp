#include "tests/services/lifecycle/restserver.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;
using namespace std::chrono_literals;
using sandglass::test::createdOf;
using sandglass::test::RawClient;

class TestRestApi final : public test::RestServer
{
    Q_OBJECT
private Q_SLOTS:
    void shapesOfTheOriginal();
    void activeIsLongestFirst();
    void runawayIsStrictlyLonger();
    void runawaysFollowTheRules();
    void pausedIsNoRunaway();
    void costOfOneSandbox();
    void reservedUntilTheTimeout();
    void unknownSandboxAndSize();
    void startsInTheFutureTakeNoTime();
    void oddPathsAreNotOurs();
};

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
    const Json sums = json("/metrics")["cost"]; // and a sum says what it leaves out
    QCOMPARE(dumpJson(sums["partial"]), dumpJson(Json(true)));
    QCOMPARE(intOr(sums, "unsized_sandboxes"), 1);
    QVERIFY(get("/metrics", "Accept: text/plain\r\n").body.find("\nsandglass_sandboxes_unsized 1\n")
            != std::string::npos);
}

void TestRestApi::startsInTheFutureTakeNoTime()
{
    serve({createdOf(7200, "later", "t")}); // it is 3600 now
    const Json runs = json("/sandboxes/later/cost")["runs"];
    QCOMPARE(runs.size(), std::size_t(1));
    QCOMPARE(intOr(runs[0], "duration_ms", -1), 0);
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
