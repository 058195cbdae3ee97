#include "services/e2b/webhookdecode.h"

#include "services/e2b/fields.h"

#include <utility>

namespace sandglass::e2b {
namespace {

/// Documented as serialised JSON; some installations send the object itself.
void textOrJson(const Json &object, Fields &fields, const char *key, std::string &to)
{
    const Json &value = memberOr(object, key);
    if (value.is_object() || value.is_array())
        to = dumpJson(value);
    else
        fields.text(key, to);
}

Result<WebhookDelivery> decodeDelivery(const Json &value, const std::string &path)
{
    WebhookDelivery delivery;
    std::string status;
    Fields fields(value, path);
    fields.text("id", delivery.id);
    fields.text("webhookId", delivery.webhookId);
    fields.text("eventId", delivery.eventId);
    fields.text("sandboxId", delivery.sandboxId);
    fields.text("eventType", delivery.eventType);
    fields.text("status", status);
    fields.require("status", status);
    fields.number("durationMs", delivery.durationMs);
    fields.text("requestUrl", delivery.requestUrl);
    fields.number("responseHttpStatusCode", delivery.responseStatus);
    fields.text("errorClass", delivery.errorClass);
    fields.text("errorMessage", delivery.errorMessage);
    fields.time("timestamp", delivery.timestamp);
    textOrJson(value, fields, "requestBody", delivery.requestBody);
    textOrJson(value, fields, "requestHeaders", delivery.requestHeaders);
    textOrJson(value, fields, "responseBody", delivery.responseBody);
    textOrJson(value, fields, "responseHeaders", delivery.responseHeaders);
    if (fields.error())
        return failure(*fields.error());
    delivery.isSuccess = status == "success";
    return delivery;
}

Result<DeliveryGroup> decodeGroup(const Json &value, const std::string &path)
{
    DeliveryGroup group;
    Fields fields(value, path);
    fields.text("eventId", group.eventId);
    fields.text("eventType", group.eventType);
    fields.text("sandboxId", group.sandboxId);
    if (fields.error())
        return failure(*fields.error());
    const Json &attempts = memberOr(value, "attempts");
    if (!attempts.is_array())
        return failure(wrongType(path + ".attempts", attempts, "an array"));
    for (std::size_t i = 0; i < attempts.size(); ++i) {
        auto attempt = decodeDelivery(attempts[i], path + ".attempts[" + std::to_string(i) + "]");
        if (!attempt)
            return failure(attempt.error());
        group.attempts.push_back(std::move(*attempt));
    }
    return group;
}

/// E2B answers an object; a bare number is taken as all three.
DurationStatistics decodeDuration(const Json &owner)
{
    const Json &value = memberOr(owner, "durationMs");
    if (value.is_number())
        return {value.get<double>(), value.get<double>(), value.get<double>()};
    return {doubleOr(value, "minimum"), doubleOr(value, "average"), doubleOr(value, "maximum")};
}

} // namespace

Result<DeliveryPage> decodeDeliveryPage(const Json &value)
{
    DeliveryPage page;
    Fields fields(value, "$");
    fields.text("nextCursor", page.nextCursor);
    if (fields.error())
        return failure(*fields.error());
    const Json &data = memberOr(value, "data");
    if (!data.is_array())
        return failure(wrongType("$.data", data, "an array"));
    for (std::size_t i = 0; i < data.size(); ++i) {
        auto group = decodeGroup(data[i], "$.data[" + std::to_string(i) + "]");
        if (!group)
            return failure(group.error());
        page.groups.push_back(std::move(*group));
    }
    return page;
}

Result<DeliveryStatistics> decodeDeliveryStatistics(const Json &value)
{
    DeliveryStatistics statistics;
    Fields fields(value, "$");
    fields.number("total", statistics.total);
    fields.number("failed", statistics.failed);
    if (fields.error())
        return failure(*fields.error());
    statistics.duration = decodeDuration(value);
    const Json &buckets = memberOr(value, "buckets");
    if (!buckets.is_array())
        return failure(wrongType("$.buckets", buckets, "an array"));
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        DeliveryStatistics::Bucket bucket;
        std::optional<Timestamp> start;
        const std::string path = "$.buckets[" + std::to_string(i) + "]";
        Fields row(buckets[i], path);
        row.time("timestamp", start);
        row.number("total", bucket.total);
        row.number("failed", bucket.failed);
        if (row.error())
            return failure(*row.error());
        if (!start)
            return failure(Error::Kind::Decode, path + ".timestamp is missing");
        bucket.start = *start;
        bucket.duration = decodeDuration(buckets[i]);
        statistics.buckets.push_back(bucket);
    }
    return statistics;
}

Result<EventPage> decodeEventPage(const Json &value)
{
    if (!value.is_array())
        return failure(wrongType("$", value, "an array"));
    EventPage page;
    for (std::size_t i = 0; i < value.size(); ++i) {
        auto event = lifecycle::decodeEvent(dumpJson(value[i]), lifecycle::EventSource::Poll, systemNow());
        if (event)
            page.events.push_back(std::move(*event));
        else if (page.unreadable++ == 0)
            page.complaint = "$[" + std::to_string(i) + "]: " + event.error().message;
    }
    return page;
}

Json encode(const WebhookEdit &edit)
{
    Json body = Json::object();
    if (edit.name)
        body["name"] = *edit.name;
    if (edit.url)
        body["url"] = *edit.url;
    if (edit.events)
        body["events"] = *edit.events;
    if (edit.enabled)
        body["enabled"] = *edit.enabled;
    if (edit.signatureSecret)
        body["signatureSecret"] = *edit.signatureSecret;
    return body;
}

} // namespace sandglass::e2b
