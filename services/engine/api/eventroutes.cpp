#include "services/core/ids.h"
#include "services/engine/api/controlplane.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/members.h"

#include <algorithm>
#include <charconv>

namespace sandglass::engine {

namespace {

/// A whole number of the query within bounds; `fallback` when absent, nothing when it is not one.
std::optional<std::int64_t> boundedNumber(const http::Headers &query, const char *name, std::int64_t fallback,
                                          std::int64_t least, std::int64_t most)
{
    const std::string text = queryValue(query, name);
    if (text.empty())
        return fallback;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool fine = error == std::errc() && end == text.data() + text.size() && value >= least && value <= most;
    return fine ? std::optional(value) : std::nullopt;
}

std::optional<std::int64_t> timeMs(const http::Headers &query, const char *name, std::int64_t fallback)
{
    const std::string text = queryValue(query, name);
    if (text.empty())
        return fallback;
    if (const auto time = parseRfc3339(text))
        return toUnixMs(*time);
    return boundedNumber(query, name, fallback, 0, INT64_MAX);
}

/// [start, end) of statistics: the last 24 hours by default, at most 7 days.
std::optional<std::pair<std::int64_t, std::int64_t>> statisticsRange(const http::Headers &query, std::int64_t nowMs)
{
    constexpr std::int64_t kDayMs = 86'400'000;
    const auto end = timeMs(query, "end", nowMs + 1);
    const auto start = end ? timeMs(query, "start", *end - kDayMs) : std::nullopt;
    if (!start || *start > *end || *end - *start > 7 * kDayMs)
        return std::nullopt;
    return std::pair(*start, *end);
}

/// All values of a parameter, each a list parted by commas (style form).
std::vector<std::string> listValue(const http::Headers &query, const char *name)
{
    std::vector<std::string> values;
    for (const auto &[key, text] : query) {
        std::size_t start = 0;
        while (key == name && start < text.size()) {
            const std::size_t comma = std::min(text.find(',', start), text.size());
            if (comma > start)
                values.push_back(text.substr(start, comma - start));
            start = comma + 1;
        }
    }
    return values;
}

constexpr std::size_t kLeastSecret = 32;
constexpr std::size_t kMostWebhooks = 100;

/// Takes over what the body names; the error names the member that is wrong.
Result<> applyMembers(const Json &body, Webhook &webhook)
{
    const auto text = [&](const char *name, std::string &into) -> Result<> {
        const Json &value = memberOr(body, name);
        if (value.is_null())
            return {};
        if (!value.is_string())
            return refuse(400, std::string(name) + " has to be a text");
        into = value.get<std::string>();
        return {};
    };
    for (const auto &[name, into] :
         {std::pair{"name", &webhook.name}, {"url", &webhook.url}, {"signatureSecret", &webhook.secret}}) {
        if (const auto read = text(name, *into); !read)
            return read;
    }
    const auto enabled = flagMember(body, "enabled", webhook.enabled);
    if (!enabled)
        return failure(enabled.error());
    webhook.enabled = *enabled;
    const Json &events = memberOr(body, "events");
    if (events.is_null())
        return {};
    webhook.events.clear();
    for (const Json &type : events) {
        if (!type.is_string() || !isLifecycleType(type.get<std::string>()))
            return refuse(400, "events: " + dumpJson(type) + " is not a lifecycle event type");
        webhook.events.push_back(type.get<std::string>());
    }
    return {};
}

Result<> checkWebhook(const Webhook &webhook)
{
    if (webhook.name.empty())
        return refuse(400, "name is missing");
    if (!parseHttpUrl(webhook.url))
        return refuse(400, "url has to be an http or https URL");
    if (webhook.events.empty())
        return refuse(400, "events has to name at least one event type");
    if (webhook.secret.size() < kLeastSecret)
        return refuse(400, "signatureSecret has to have at least 32 characters");
    return {};
}

http::Response webhookNotFound()
{
    return http::Response::error(404, "webhook not found");
}

} // namespace

void ControlPlane::addEventRoutes()
{
    m_router.add("GET", "/events/sandboxes",
                 [this](const auto &r, const auto &, const ExchangePtr &e) { listEvents(r, {}, e); });
    m_router.add("GET", "/events/sandboxes/{}",
                 [this](const auto &r, const auto &p, const ExchangePtr &e) { listEvents(r, p[0], e); });
}

void ControlPlane::listEvents(const http::Request &request, const std::string &sandboxId, const ExchangePtr &exchange)
{
    const auto pairs = http::parseQuery(request.query);
    const auto offset = boundedNumber(pairs, "offset", 0, 0, INT32_MAX);
    const auto limit = boundedNumber(pairs, "limit", 10, 1, 100);
    if (!offset || !limit)
        return exchange->respond(http::Response::error(400, "offset has to be 0 or more, limit 1 to 100"));
    EventStore::Query query;
    query.sandboxId = sandboxId.substr(0, sandboxId.find('-'));
    query.offset = static_cast<int>(*offset);
    query.limit = static_cast<int>(*limit);
    query.ascending = queryValue(pairs, "orderAsc") == "true";
    for (const auto &[name, value] : pairs) {
        if (name == "types")
            query.types.push_back(value);
    }
    Json list = Json::array();
    for (const LifecycleRecord &record : m_events.events(query))
        list.push_back(eventApiJson(record));
    exchange->respond(http::Response::json(200, dumpJson(list)));
}

void ControlPlane::addWebhookRoutes()
{
    using P = const PathParameters &;
    using R = const http::Request &;
    m_router.add("POST", "/events/webhooks", [this](R r, P, const ExchangePtr &e) { createWebhook(r, e); });
    m_router.add("GET", "/events/webhooks", [this](R, P, const ExchangePtr &e) {
        Json list = Json::array();
        for (const Webhook &webhook : m_webhooks.all())
            list.push_back(m_webhooks.toJson(webhook));
        e->respond(http::Response::json(200, dumpJson(list)));
    });
    m_router.add("GET", "/events/webhooks/{}", [this](R, P p, const ExchangePtr &e) {
        const auto webhook = m_webhooks.find(p[0]);
        e->respond(webhook ? http::Response::json(200, dumpJson(m_webhooks.toJson(*webhook))) : webhookNotFound());
    });
    m_router.add("PATCH", "/events/webhooks/{}", [this](R r, P p, const ExchangePtr &e) { changeWebhook(r, p[0], e); });
    m_router.add("DELETE", "/events/webhooks/{}", [this](R, P p, const ExchangePtr &e) {
        e->respond(m_webhooks.remove(p[0]) ? http::Response::json(200, "{}") : webhookNotFound());
    });
    m_router.add("GET", "/events/webhooks/{}/deliveries",
                 [this](R r, P p, const ExchangePtr &e) { listDeliveries(r, p[0], e); });
    m_router.add("GET", "/events/webhooks/{}/stats", [this](R r, P p, const ExchangePtr &e) {
        if (!m_webhooks.find(p[0]))
            return e->respond(webhookNotFound());
        const auto range = statisticsRange(http::parseQuery(r.query), toUnixMs(systemNow()));
        if (!range)
            return e->respond(http::Response::error(400, "start and end have to be times at most 7 days apart"));
        e->respond(http::Response::json(200, dumpJson(m_webhooks.statistics(p[0], range->first, range->second))));
    });
    // E2B had a test delivery once and has none now; saying so is clearer than an unknown route.
    m_router.add("POST", "/events/webhooks/{}/test", [](R, P, const ExchangePtr &e) {
        e->respond(http::Response::error(501, "the API has no test delivery: send a signed request to the URL itself"));
    });
}

void ControlPlane::createWebhook(const http::Request &request, const ExchangePtr &exchange)
{
    const auto body = parseJson(request.body);
    if (!body || !body->is_object())
        return exchange->respond(http::Response::error(400, "the body is not a JSON object"));
    Webhook webhook;
    webhook.id = newUuid();
    webhook.createdAt = systemNow();
    auto done = applyMembers(*body, webhook);
    if (done)
        done = checkWebhook(webhook);
    if (done && m_webhooks.all().size() >= kMostWebhooks)
        done = refuse(400, "there are 100 webhooks already");
    if (done)
        done = m_webhooks.save(webhook);
    exchange->respond(done ? http::Response::json(201, dumpJson(m_webhooks.toJson(webhook)))
                           : errorResponse(done.error()));
}

void ControlPlane::changeWebhook(const http::Request &request, const std::string &id, const ExchangePtr &exchange)
{
    auto webhook = m_webhooks.find(id);
    if (!webhook)
        return exchange->respond(webhookNotFound());
    const auto body = parseJson(request.body);
    if (!body || !body->is_object())
        return exchange->respond(http::Response::error(400, "the body is not a JSON object"));
    auto done = applyMembers(*body, *webhook);
    if (done)
        done = checkWebhook(*webhook);
    if (done)
        done = m_webhooks.save(*webhook);
    exchange->respond(done ? http::Response::json(200, dumpJson(m_webhooks.toJson(*webhook)))
                           : errorResponse(done.error()));
    m_deliverer.kick();
}

void ControlPlane::listDeliveries(const http::Request &request, const std::string &id, const ExchangePtr &exchange)
{
    if (!m_webhooks.find(id))
        return exchange->respond(webhookNotFound());
    const auto pairs = http::parseQuery(request.query);
    const auto limit = boundedNumber(pairs, "limit", 25, 1, 100);
    const auto start = timeMs(pairs, "start", 0), end = timeMs(pairs, "end", INT64_MAX);
    if (!limit || !start || !end)
        return exchange->respond(http::Response::error(400, "limit has to be 1 to 100, start and end times"));
    const auto offset = boundedNumber(pairs, "cursor", 0, 0, INT32_MAX);
    if (!offset)
        return exchange->respond(http::Response::error(400, "Invalid cursor"));
    WebhookStore::DeliveryQuery query;
    query.offset = static_cast<int>(*offset);
    query.limit = static_cast<int>(*limit);
    query.ascending = queryValue(pairs, "orderAsc") == "true";
    query.startMs = *start;
    query.endMs = *end;
    query.statuses = listValue(pairs, "deliveryStatus");
    query.eventTypes = listValue(pairs, "eventType");
    for (const std::string &status : query.statuses) {
        if (status != "success" && status != "failed")
            return exchange->respond(http::Response::error(400, "deliveryStatus has to be success or failed"));
    }
    exchange->respond(http::Response::json(200, dumpJson(m_webhooks.deliveries(id, query))));
}

} // namespace sandglass::engine
