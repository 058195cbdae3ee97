#include "services/telemetry/otlp/otlpjson.h"

#include "services/core/json.h"
#include "services/telemetry/redactor.h"

#include <unistd.h>

#include <charconv>

namespace sandglass::telemetry {

namespace {

constexpr std::size_t valueLimit = 2'048;
constexpr unsigned sampledFlag = 1;

std::string safe(std::string_view text)
{
    return redactor().clean(text).substr(0, valueLimit);
}

Json valueOf(const AttributeValue &value)
{
    if (const auto *text = std::get_if<std::string>(&value))
        return {{"stringValue", safe(*text)}};
    if (const auto *number = std::get_if<std::int64_t>(&value))
        return {{"intValue", std::to_string(*number)}};
    if (const auto *number = std::get_if<double>(&value))
        return {{"doubleValue", *number}};
    return {{"boolValue", std::get<bool>(value)}};
}

Json attributesOf(const Attributes &attributes)
{
    Json out = Json::array();
    for (const auto &[name, value] : attributes)
        out.push_back({{"key", name}, {"value", valueOf(value)}});
    return out;
}

std::string nanoseconds(Timestamp time)
{
    return std::to_string(std::max<std::int64_t>(0, toUnixNs(time)));
}

Json spanOf(const SpanRecord &record)
{
    Json span{{"traceId", record.context.traceId},
              {"spanId", record.context.spanId},
              {"flags", sampledFlag},
              {"name", safe(record.name)},
              {"kind", static_cast<int>(record.kind)},
              {"startTimeUnixNano", nanoseconds(record.start)},
              {"endTimeUnixNano", nanoseconds(record.end)},
              {"attributes", attributesOf(record.attributes)}};
    if (!record.context.traceState.empty())
        span["traceState"] = record.context.traceState;
    if (!record.parentSpanId.empty())
        span["parentSpanId"] = record.parentSpanId;
    if (record.droppedAttributes > 0)
        span["droppedAttributesCount"] = record.droppedAttributes;
    if (record.droppedEvents > 0)
        span["droppedEventsCount"] = record.droppedEvents;
    if (record.status != SpanStatus::Unset) {
        span["status"]["code"] = static_cast<int>(record.status);
        if (!record.statusMessage.empty())
            span["status"]["message"] = safe(record.statusMessage);
    }
    for (const SpanEvent &event : record.events)
        span["events"].push_back({{"timeUnixNano", nanoseconds(event.time)},
                                  {"name", safe(event.name)},
                                  {"attributes", attributesOf(event.attributes)}});
    return span;
}

Json resourceOf(const OtlpOptions &options)
{
    Attributes attributes{
        {"service.name", options.serviceName},          {"service.version", std::string(SANDGLASS_VERSION)},
        {"process.pid", std::int64_t{::getpid()}},      {"telemetry.sdk.name", std::string("sandglass")},
        {"telemetry.sdk.language", std::string("cpp")}, {"telemetry.sdk.version", std::string(SANDGLASS_VERSION)}};
    for (const auto &[name, value] : options.resource)
        attributes.emplace_back(name, value);
    return {{"attributes", attributesOf(attributes)}};
}

} // namespace

std::string exportRequest(std::span<const SpanRecord> spans, const OtlpOptions &options)
{
    if (spans.empty())
        return R"({"resourceSpans":[]})";
    Json list = Json::array();
    for (const SpanRecord &record : spans)
        list.push_back(spanOf(record));
    const Json scope{{"name", "sandglass"}, {"version", SANDGLASS_VERSION}};
    const Json scopeSpans = Json::array({Json{{"scope", scope}, {"spans", std::move(list)}}});
    const Json resourceSpans =
        Json::array({Json{{"resource", resourceOf(options)}, {"scopeSpans", std::move(scopeSpans)}}});
    return dumpJson(Json{{"resourceSpans", std::move(resourceSpans)}});
}

Rejection rejectionOf(std::string_view answerBody)
{
    const Json answer = Json::parse(answerBody, nullptr, false);
    const Json &partial = memberOr(answer, "partialSuccess");
    Rejection out;
    out.message = safe(stringOr(partial, "errorMessage"));
    const std::string count = stringOr(partial, "rejectedSpans"); // an int64, and so text; some send a number
    std::from_chars(count.data(), count.data() + count.size(), out.spans);
    if (count.empty())
        out.spans = static_cast<std::uint64_t>(std::max<std::int64_t>(0, intOr(partial, "rejectedSpans")));
    return out;
}

} // namespace sandglass::telemetry
