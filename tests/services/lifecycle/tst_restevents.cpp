#include "tests/services/lifecycle/restserver.h"

#include <QTest>

#include <sqlite3.h>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;
using sandglass::test::createdOf;

class TestRestEvents final : public test::RestServer
{
    Q_OBJECT
private Q_SLOTS:
    void eventsByPage();
    void eventsFiltered();
    void eventsBadQueries_data();
    void eventsBadQueries();
    void cursorsThatCannotGoOn();
    void cursorsOfRemovedEvents();
};

void TestRestEvents::eventsByPage()
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

void TestRestEvents::eventsFiltered()
{
    serve({createdOf(0, "a", "t"), createdOf(1, "b", "t"), ended(EventType::Killed, 2, "a-e", 0, "a")});
    QCOMPARE(dumpJson(json("/events?sandbox_id=a")["count"]), dumpJson(Json(2)));
    QCOMPARE(dumpJson(json("/events?type=killed")["events"][0]["sandbox_id"]), dumpJson(Json("a")));
    QCOMPARE(dumpJson(json("/events?type=sandbox.lifecycle.created&sandbox_id=b")["count"]), dumpJson(Json(1)));
    const Json none = json("/events?sandbox_id=nobody");
    QCOMPARE(dumpJson(none["count"]), dumpJson(Json(0)));
    QCOMPARE(dumpJson(none["next_cursor"]), dumpJson(Json("3"))); // what was looked at need not be looked at again
}

void TestRestEvents::eventsBadQueries_data()
{
    QTest::addColumn<std::string>("query");
    for (const char *query : {"limit=0", "limit=1001", "limit=x", "limit=-1", "cursor=x", "cursor=-1", "cursor=1.5",
                              "cursor=99999999999999999999", "order=up"})
        QTest::newRow(query) << std::string(query);
}

void TestRestEvents::eventsBadQueries()
{
    QFETCH(std::string, query);
    serve({});
    QCOMPARE(get("/events?" + query).status, 400);
}

void TestRestEvents::cursorsThatCannotGoOn()
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

void TestRestEvents::cursorsOfRemovedEvents()
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

QTEST_GUILESS_MAIN(TestRestEvents)
#include "tst_restevents.moc"
