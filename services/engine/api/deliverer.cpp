#include "services/engine/api/deliverer.h"

#include "services/core/ids.h"
#include "services/engine/api/enginelog.h"
#include "services/lifecycle/signature.h"

#include <boost/asio/io_context.hpp>

#include <algorithm>

namespace sandglass::engine {

namespace {

Json textOrNull(const std::string &text)
{
    return text.empty() ? Json(nullptr) : Json(text);
}

/// The log holds headers as serialised JSON; the signature is left out as E2B does.
std::string headersText(const http::Headers &headers)
{
    Json json = Json::object();
    for (const auto &[name, value] : headers)
        json[name] = name == "e2b-signature" ? "[REDACTED]" : value;
    return dumpJson(json);
}

Json headLinesText(const std::string &head)
{
    Json json = Json::object();
    std::size_t at = head.find("\r\n");
    while (at != std::string::npos) {
        const std::size_t start = at + 2;
        at = head.find("\r\n", start);
        const std::string line = head.substr(start, at == std::string::npos ? at : at - start);
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos)
            continue;
        const std::size_t value = line.find_first_not_of(" \t", colon + 1);
        json[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
    }
    return head.empty() ? Json(nullptr) : Json(dumpJson(json));
}

http::Headers deliveryHeaders(const Webhook &webhook, const std::string &deliveryId, const std::string &body)
{
    return {{"Content-Type", "application/json"}, {"User-Agent", "sandglass-engine/" SANDGLASS_VERSION},
            {"e2b-webhook-id", webhook.id},       {"e2b-delivery-id", deliveryId},
            {"e2b-signature-version", "v1"},      {"e2b-signature", lifecycle::signDelivery(webhook.secret, body)}};
}

DeliveryAttempt describe(const OwedDelivery &owed, const std::string &deliveryId, const std::string &body,
                         const http::Headers &headers, const PostOutcome &outcome)
{
    DeliveryAttempt attempt;
    attempt.deliveryId = deliveryId;
    attempt.timestamp = systemNow();
    attempt.success = outcome.status >= 200 && outcome.status < 300;
    attempt.durationMs = outcome.duration.count();
    const std::string errorClass = outcome.errorClass.empty() && !attempt.success ? "http_error" : outcome.errorClass;
    attempt.record = {{"id", deliveryId},
                      {"teamId", owed.event.teamId},
                      {"webhookId", owed.webhook.id},
                      {"eventId", owed.event.id},
                      {"sandboxId", owed.event.sandboxId},
                      {"eventType", owed.event.type},
                      {"status", attempt.success ? "success" : "failed"},
                      {"durationMs", attempt.durationMs},
                      {"requestBody", body},
                      {"requestHeaders", headersText(headers)},
                      {"requestUrl", owed.webhook.url},
                      {"responseBody", textOrNull(outcome.body)},
                      {"responseHeaders", headLinesText(outcome.head)},
                      {"responseHttpStatusCode", outcome.status != 0 ? Json(outcome.status) : Json(nullptr)},
                      {"errorClass", textOrNull(errorClass)},
                      {"errorMessage", textOrNull(outcome.errorMessage)},
                      {"timestamp", formatRfc3339(attempt.timestamp)}};
    return attempt;
}

/// Without the URL: a path may hold a secret.
Json noteOf(const OwedDelivery &owed, const DeliveryAttempt &attempt)
{
    return {{"webhook", owed.webhook.name},
            {"sandbox", owed.event.sandboxId},
            {"status", attempt.record.at("responseHttpStatusCode")},
            {"error", attempt.record.at("errorMessage")}};
}

} // namespace

Deliverer::Deliverer(boost::asio::io_context &io, WebhookStore &store, DelivererOptions options)
    : m_io(io), m_store(store), m_options(options), m_timer(io)
{}

Deliverer::~Deliverer()
{
    *m_alive = false;
}

void Deliverer::kick()
{
    const int room = m_options.maxInFlight - static_cast<int>(m_inFlight.size());
    if (room > 0) {
        for (OwedDelivery &owed : m_store.due(systemNow(), room, m_inFlight))
            start(std::move(owed));
    }
    armTimer();
}

void Deliverer::start(OwedDelivery owed)
{
    m_inFlight.push_back(owed.seq);
    const std::string body = webhookPayload(owed.event);
    const std::string deliveryId = newUuid();
    const http::Headers headers = deliveryHeaders(owed.webhook, deliveryId, body);
    auto done = [this, alive = m_alive, owed, body, deliveryId, headers](const PostOutcome &outcome) {
        if (*alive)
            finish(owed, describe(owed, deliveryId, body, headers, outcome));
    };
    const auto url = parseHttpUrl(owed.webhook.url);
    if (!url) { // the API refuses such URLs; one can only come from an edited database
        PostOutcome outcome;
        outcome.errorClass = "request_error";
        outcome.errorMessage = "the webhook's URL is not http or https";
        done(outcome);
        return;
    }
    postOnce(m_io, *url, headers, body, m_options.timeout, std::move(done));
}

void Deliverer::finish(const OwedDelivery &owed, DeliveryAttempt attempt)
{
    std::optional<Timestamp> retryAt;
    if (!attempt.success) {
        const bool isLast = owed.attempts + 1 >= m_options.maxTries;
        if (!isLast)
            retryAt = systemNow() + m_options.retryInterval;
        note(NoteLevel::Warning, std::string("A webhook was not delivered") + (isLast ? "; that was the last try" : ""),
             noteOf(owed, attempt));
    }
    // When the disk refuses, the row stays owed: the delivery is made again rather than lost, but not in a hot loop.
    const bool filed = m_store.record(owed, attempt, retryAt);
    if (filed)
        std::erase(m_inFlight, owed.seq);
    kick();
}

void Deliverer::armTimer()
{
    const auto next = m_store.nextDue(m_inFlight);
    if (!next || static_cast<int>(m_inFlight.size()) >= m_options.maxInFlight) {
        m_timer.cancel();
        return;
    }
    m_timer.expires_after(std::max<Timestamp::duration>(*next - systemNow(), std::chrono::milliseconds(1)));
    m_timer.async_wait([this, alive = m_alive](const boost::system::error_code &error) {
        if (!error && *alive)
            kick();
    });
}

} // namespace sandglass::engine
