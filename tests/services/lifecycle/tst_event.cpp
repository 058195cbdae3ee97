#include "services/lifecycle/event.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;

class TestEvent final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void decodesPresentPayload();
    void decodesCamelCase();
    void decodesRowOfTheEventsApi();
    void derivesTypeAndIdOfTheOldest();
    void derivedIdsTellDeliveriesApart();
    void mapsTypes_data();
    void mapsTypes();
    void keepsUnknownTypes();
    void toleratesOddDetails_data();
    void toleratesOddDetails();
    void refuses_data();
    void refuses();
    void roundTrips_data();
    void roundTrips();
};

namespace {

const Timestamp arrival = *parseRfc3339("2026-08-20T10:15:31Z");

Result<Event> decode(std::string_view body)
{
    return decodeEvent(body, EventSource::Webhook, arrival);
}

std::string minimal(std::string_view more)
{
    return std::string(R"({"type":"sandbox.lifecycle.killed","id":"e","timestamp":"2026-08-20T10:15:30Z",)")
        .append(R"("sandbox_id":"s")")
        .append(more)
        .append("}");
}

} // namespace

void TestEvent::decodesPresentPayload()
{
    const std::string body = R"({
  "id": "7b0d4c1e-5f0a-4a54-9d6e-0c8f4b1f2a10", "version": "v2", "type": "sandbox.lifecycle.killed",
  "timestamp": "2026-08-20T10:15:30.123456789Z", "event_category": "lifecycle", "event_label": "kill",
  "event_data": {
    "sandbox_metadata": {"user": "42", "naïve": "ü\n"},
    "execution": {"started_at": "2026-08-20T10:10:30Z", "vcpu_count": 2, "memory_mb": 512, "execution_time": 300123},
    "kill_reason": "timeout"
  },
  "sandbox_id": "isv6ril5xadwn1k9t2jye", "sandbox_execution_id": "b5e4c7e2-8c1a-4f0e-a8b8-2f3f0a1d9c77",
  "sandbox_template_id": "rki5dems9wqfm4r03t7g", "sandbox_build_id": "0d6f2f2e-3d57-45a4-8f2c-9f1c8e6f8b11",
  "sandbox_team_id": "460355b3-4f64-48f9-9a16-4442817f79f5", "events_ttl_days": 7 })";
    const auto event = decode(body);
    QVERIFY2(event.has_value(), event ? "" : event.error().message.c_str());
    QCOMPARE(event->id, std::string("7b0d4c1e-5f0a-4a54-9d6e-0c8f4b1f2a10"));
    QVERIFY(event->type == EventType::Killed);
    QCOMPARE(event->typeName, std::string("sandbox.lifecycle.killed"));
    QCOMPARE(toUnixNs(event->timestamp) % 1'000'000'000, 123'456'789);
    QCOMPARE(event->sandboxId, std::string("isv6ril5xadwn1k9t2jye"));
    QCOMPARE(event->executionId, std::string("b5e4c7e2-8c1a-4f0e-a8b8-2f3f0a1d9c77"));
    QCOMPARE(event->templateId, std::string("rki5dems9wqfm4r03t7g"));
    QCOMPARE(event->buildId, std::string("0d6f2f2e-3d57-45a4-8f2c-9f1c8e6f8b11"));
    QCOMPARE(event->teamId, std::string("460355b3-4f64-48f9-9a16-4442817f79f5"));
    QCOMPARE(event->metadata, (std::map<std::string, std::string>{{"user", "42"}, {"naïve", "ü\n"}}));
    QCOMPARE(event->execution, (Execution{parseRfc3339("2026-08-20T10:10:30Z"), 2, 512, 300'123}));
    QCOMPARE(event->killReason, std::string("timeout"));
    QVERIFY(!event->newEnd);
    QCOMPARE(event->source, EventSource::Webhook);
    QCOMPARE(event->receivedAt, arrival);
    QCOMPARE(event->raw, body);
}

void TestEvent::decodesCamelCase()
{
    const auto event = decode(R"({"version":"v1","id":"x1","type":"sandbox.lifecycle.updated",
        "eventData":{"sandbox_metadata":{"a":"b"},"set_timeout":"2026-08-20T11:00:00+02:00"},"sandboxBuildId":"b",
        "sandboxExecutionId":"e","sandboxId":"s","sandboxTeamId":"t","sandboxTemplateId":"tpl",
        "timestamp":"2026-08-20T10:15:30Z"})");
    QVERIFY(event.has_value());
    QVERIFY(event->type == EventType::Updated);
    QCOMPARE(event->sandboxId, std::string("s"));
    QCOMPARE(event->executionId, std::string("e"));
    QCOMPARE(event->templateId, std::string("tpl"));
    QCOMPARE(event->buildId, std::string("b"));
    QCOMPARE(event->teamId, std::string("t"));
    QCOMPARE(event->metadata.at("a"), std::string("b"));
    QCOMPARE(event->newEnd, parseRfc3339("2026-08-20T09:00:00Z"));
}

void TestEvent::decodesRowOfTheEventsApi()
{
    const auto event = decodeEvent(
        R"({"id":"x2","version":"v1","type":"sandbox.lifecycle.created","eventCategory":"lifecycle",
            "eventLabel":"create","eventData":null,"timestamp":"2026-08-20T10:15:30Z","sandboxId":"s",
            "sandboxExecutionId":null,"sandboxTemplateId":"t","sandboxBuildId":"b","sandboxTeamId":"m"})",
        EventSource::Poll, arrival);
    QVERIFY(event.has_value());
    QVERIFY(event->type == EventType::Created);
    QCOMPARE(event->executionId, std::string());
    QCOMPARE(event->source, EventSource::Poll);
    QVERIFY(event->metadata.empty());
}

void TestEvent::derivesTypeAndIdOfTheOldest()
{
    const std::string body = R"({"eventCategory":"lifecycle","eventLabel":"kill","eventData":{},"sandboxBuildId":"b",
        "sandboxExecutionId":"e1","sandboxId":"s1","sandboxTeamId":"t","sandboxTemplateId":"tpl",
        "timestamp":"2025-10-01T00:00:00Z"})";
    const auto event = decode(body);
    QVERIFY(event.has_value());
    QVERIFY(event->type == EventType::Killed);
    QCOMPARE(event->typeName, std::string("sandbox.lifecycle.killed"));
    QVERIFY(!event->id.empty());
    QCOMPARE(decode(body)->id, event->id); // a retry is recognised
}

void TestEvent::derivedIdsTellDeliveriesApart()
{
    const auto id = [](const char *label, const char *sandbox, const char *execution, const char *second) {
        return decode(std::string(R"({"eventLabel":")") + label + R"(","sandboxId":")" + sandbox
                      + R"(","sandboxExecutionId":")" + execution + R"(","timestamp":"2025-10-01T00:00:0)" + second
                      + "Z\"}")
            ->id;
    };
    const std::string base = id("pause", "s", "e", "1");
    QCOMPARE(id("pause", "s", "e", "1"), base);
    QVERIFY(id("resume", "s", "e", "1") != base);
    QVERIFY(id("pause", "s2", "e", "1") != base);
    QVERIFY(id("pause", "s", "e2", "1") != base);
    QVERIFY(id("pause", "s", "e", "1.000000001") != base);
}

void TestEvent::mapsTypes_data()
{
    QTest::addColumn<std::string>("name");
    QTest::addColumn<EventType>("type");
    QTest::newRow("created") << std::string("sandbox.lifecycle.created") << EventType::Created;
    QTest::newRow("updated") << std::string("sandbox.lifecycle.updated") << EventType::Updated;
    QTest::newRow("paused") << std::string("sandbox.lifecycle.paused") << EventType::Paused;
    QTest::newRow("resumed") << std::string("sandbox.lifecycle.resumed") << EventType::Resumed;
    QTest::newRow("killed") << std::string("sandbox.lifecycle.killed") << EventType::Killed;
    QTest::newRow("checkpointed") << std::string("sandbox.lifecycle.checkpointed") << EventType::Checkpointed;
    QTest::newRow("forked") << std::string("sandbox.lifecycle.forked") << EventType::Checkpointed;
    QTest::newRow("observed") << std::string("sandglass.observed") << EventType::Observed;
    QTest::newRow("lost") << std::string("sandglass.lost") << EventType::Lost;
    QTest::newRow("new one") << std::string("sandbox.lifecycle.migrated") << EventType::Unknown;
    QTest::newRow("other room") << std::string("template.lifecycle.created") << EventType::Unknown;
    QTest::newRow("own word at E2B") << std::string("sandbox.lifecycle.lost") << EventType::Unknown;
    QTest::newRow("case") << std::string("Sandbox.Lifecycle.Created") << EventType::Unknown;
    QTest::newRow("empty") << std::string() << EventType::Unknown;
}

void TestEvent::mapsTypes()
{
    QFETCH(std::string, name);
    QFETCH(EventType, type);
    QVERIFY(eventTypeFromName(name) == type);
}

void TestEvent::keepsUnknownTypes()
{
    const auto event = decode(R"({"id":"n","type":"team.quota.exceeded","timestamp":"2026-01-01T00:00:00Z","x":[1]})");
    QVERIFY(event.has_value());
    QVERIFY(event->type == EventType::Unknown);
    QCOMPARE(event->typeName, std::string("team.quota.exceeded"));
    QCOMPARE(toString(event->type), std::string_view("unknown"));
}

void TestEvent::toleratesOddDetails_data()
{
    QTest::addColumn<std::string>("body");
    QTest::newRow("no data") << minimal("");
    QTest::newRow("null data") << minimal(R"(,"event_data":null)");
    QTest::newRow("empty execution") << minimal(R"(,"event_data":{"execution":{}})");
    QTest::newRow("null execution") << minimal(R"(,"event_data":{"execution":null})");
    QTest::newRow("whole number as real") << minimal(R"(,"event_data":{"execution":{"vcpu_count":2.0}})");
    QTest::newRow("metadata that is no text") << minimal(R"(,"event_data":{"sandbox_metadata":{"n":1,"o":{"a":[]}}})");
    QTest::newRow("unknown members") << minimal(R"(,"z":{"deep":[[[[]]]]},"event_data":{"network_egress":{}})");
    QTest::newRow("spaces around") << "  \n" + minimal("") + " \r\n";
}

void TestEvent::toleratesOddDetails()
{
    QFETCH(std::string, body);
    const auto event = decode(body);
    QVERIFY2(event.has_value(), event ? "" : event.error().message.c_str());
    QVERIFY(event->type == EventType::Killed);
    QCOMPARE(event->raw, body);
}

void TestEvent::refuses_data()
{
    QTest::addColumn<std::string>("body");
    QTest::addColumn<std::string>("says");
    const auto row = [](const char *name, const std::string &body, const char *says) {
        QTest::newRow(name) << body << std::string(says);
    };
    row("empty", "", "not JSON");
    row("no JSON", "hello", "not JSON");
    row("cut", minimal("").substr(0, 50), "not JSON");
    row("extended", minimal("") + "\x80\x01garbage", "not JSON");
    row("two documents", minimal("") + minimal(""), "not JSON");
    row("not UTF-8", minimal(",\"a\":\"\xff\""), "not JSON");
    row("NUL inside", minimal("") + std::string(1, '\0'), "not JSON");
    row("too deep", std::string(200'000, '['), "not JSON");
    row("array", "[" + minimal("") + "]", "not a JSON object");
    row("text", "\"a\"", "not a JSON object");
    row("no type", R"({"id":"e","timestamp":"2026-01-01T00:00:00Z","sandbox_id":"s"})", "type is missing");
    row("no time", R"({"id":"e","type":"sandbox.lifecycle.created","sandbox_id":"s"})", "timestamp is missing");
    row("no sandbox", R"({"id":"e","type":"sandbox.lifecycle.created","timestamp":"2026-01-01T00:00:00Z"})",
        "sandbox_id is missing");
    row("number as id", R"({"id":7,"type":"x","timestamp":"2026-01-01T00:00:00Z"})", "id is not text");
    row("number as time", R"({"id":"e","type":"x","timestamp":1767225600})", "timestamp is not text");
    row("time that is none", R"({"id":"e","type":"x","timestamp":"yesterday"})", "timestamp is not an RFC 3339 time");
    row("id too long", R"({"type":"x","timestamp":"2026-01-01T00:00:00Z","id":")" + std::string(600, 'x') + "\"}",
        "id is too long");
    row("data is text", minimal(R"(,"event_data":"x")"), "event_data is not an object");
    row("vcpu is text", minimal(R"(,"event_data":{"execution":{"vcpu_count":"2"}})"),
        "event_data.execution.vcpu_count is not a whole number");
    row("vcpu is a fraction", minimal(R"(,"event_data":{"execution":{"vcpu_count":0.5}})"),
        "event_data.execution.vcpu_count is not a whole number");
    row("negative time", minimal(R"(,"event_data":{"execution":{"execution_time":-1}})"),
        "event_data.execution.execution_time is out of range");
    row("endless time", minimal(R"(,"event_data":{"execution":{"execution_time":9223372036854775807}})"),
        "event_data.execution.execution_time is out of range");
    row("kill reason is a number", minimal(R"(,"event_data":{"kill_reason":1})"), "event_data.kill_reason is not text");
}

void TestEvent::refuses()
{
    QFETCH(std::string, body);
    QFETCH(std::string, says);
    const auto event = decode(body);
    QVERIFY(!event.has_value());
    QCOMPARE(event.error().kind, Error::Kind::Decode);
    QVERIFY2(event.error().message.starts_with(says), event.error().message.c_str());
}

void TestEvent::roundTrips_data()
{
    QTest::addColumn<Event>("event");
    Event event;
    event.id = "id \"with\" ünusual text";
    event.type = EventType::Created;
    event.typeName = "sandbox.lifecycle.created";
    event.timestamp = *parseRfc3339("2026-08-20T10:15:30.123456789Z");
    event.sandboxId = "s";
    event.executionId = "e";
    event.templateId = "t";
    event.buildId = "b";
    event.teamId = "m";
    event.metadata = {{"k", "v"}, {"", "\x01"}};
    QTest::newRow("created") << event;
    event.type = EventType::Killed;
    event.typeName = "sandbox.lifecycle.killed";
    event.execution = Execution{parseRfc3339("2026-08-20T10:10:30.000000001Z"), 8, 8192, 86'400'000};
    event.killReason = "timeout";
    QTest::newRow("killed") << event;
    event.execution = Execution{};
    QTest::newRow("execution of which nothing is known") << event;
    event = {};
    event.id = "u";
    event.type = EventType::Updated;
    event.typeName = "sandbox.lifecycle.updated";
    event.sandboxId = "s";
    event.newEnd = parseRfc3339("2026-08-20T10:15:30Z");
    QTest::newRow("updated, the epoch") << event;
    event.type = EventType::Observed;
    event.typeName = "sandglass.observed";
    event.observedState = "running";
    event.templateAlias = "base";
    QTest::newRow("observed") << event;
    event = {};
    event.id = "x";
    event.typeName = "other.thing";
    QTest::newRow("unknown") << event;
}

void TestEvent::roundTrips()
{
    QFETCH(Event, event);
    const auto decoded = decodeEvent(encodeEvent(event), event.source, event.receivedAt);
    QVERIFY2(decoded.has_value(), decoded ? "" : decoded.error().message.c_str());
    Event expected = event;
    expected.raw = decoded->raw;
    QVERIFY(*decoded == expected);
}

QTEST_GUILESS_MAIN(TestEvent)
#include "tst_event.moc"
