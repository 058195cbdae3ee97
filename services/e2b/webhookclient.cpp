#include "services/e2b/webhookclient.h"

#include "services/e2b/answer.h"
#include "services/e2b/apicaller.h"
#include "services/e2b/decode.h"
#include "services/e2b/pending.h"
#include "services/e2b/query.h"
#include "services/e2b/webhookdecode.h"

#include <algorithm>

namespace sandglass::e2b {
namespace {

using Response = Result<net::HttpResponse>;
using Webhooks = std::vector<WebhookInfo>;

const std::string root = "/events/webhooks";

/// Self-hosted E2B has no events and no webhooks: its 404 and 405 there say "not supported", not "not found".
template<typename T>
Result<T> orUnsupported(Result<T> result)
{
    if (!result && (result.error().status == 404 || result.error().status == 405))
        result.error().code = "not_supported";
    return result;
}

Result<WebhookInfo> webhookOf(const Response &response)
{
    const auto json = jsonOf(response);
    return json ? decodeWebhook(*json) : Result<WebhookInfo>(failure(json.error()));
}

std::string pathOf(const std::string &id)
{
    return root + "/" + percentEncoded(id);
}

Error secretTooShort()
{
    return {Error::Kind::Local, 0, "the secret has fewer than " + std::to_string(leastSecretLength) + " characters",
            "secret_too_short"};
}

} // namespace

WebhookClient::WebhookClient(ApiCaller &api, QObject *parent) : QObject(parent), m_api(api) {}

QFuture<Result<Webhooks>> WebhookClient::list()
{
    return converted<Webhooks>(m_api.send("GET", root), this, [](const Response &response) -> Result<Webhooks> {
        const auto json = orUnsupported(jsonOf(response));
        if (json)
            return decodeWebhooks(*json);
        // E2B's own service has answered 404 for "none so far", in words that name webhooks.
        const Error &error = json.error();
        if (error.kind == Error::Kind::Service && error.status == 404
            && error.message.find("webhook") != std::string::npos)
            return Webhooks{};
        return failure(error);
    });
}

QFuture<Result<WebhookInfo>> WebhookClient::create(const WebhookSpec &spec)
{
    if (spec.signatureSecret.size() < leastSecretLength)
        return ready<WebhookInfo>(failure(secretTooShort()));
    return converted<WebhookInfo>(m_api.send("POST", root, dumpJson(encode(spec))), this,
                                  [](const Response &response) { return orUnsupported(webhookOf(response)); });
}

QFuture<Result<WebhookInfo>> WebhookClient::webhook(const std::string &id)
{
    return converted<WebhookInfo>(m_api.send("GET", pathOf(id)), this,
                                  [](const Response &response) { return orNoRoute(webhookOf(response)); });
}

QFuture<Result<WebhookInfo>> WebhookClient::edit(const std::string &id, const WebhookEdit &edit)
{
    if (edit.signatureSecret && edit.signatureSecret->size() < leastSecretLength)
        return ready<WebhookInfo>(failure(secretTooShort()));
    return converted<WebhookInfo>(m_api.send("PATCH", pathOf(id), dumpJson(encode(edit))), this,
                                  [](const Response &response) { return orNoRoute(webhookOf(response)); });
}

QFuture<Result<WebhookInfo>> WebhookClient::setEnabled(const std::string &id, bool enabled)
{
    WebhookEdit change;
    change.enabled = enabled;
    return edit(id, change);
}

QFuture<Result<WebhookInfo>> WebhookClient::rotateSecret(const std::string &id, const std::string &secret)
{
    WebhookEdit change;
    change.signatureSecret = secret;
    return edit(id, change);
}

QFuture<Result<>> WebhookClient::remove(const std::string &id)
{
    return converted<void>(m_api.send("DELETE", pathOf(id)), this, [](const Response &response) -> Result<> {
        if (response && response->status == 404)
            return {};
        return orNoRoute(successOf(response));
    });
}

QFuture<Result<DeliveryPage>> WebhookClient::deliveries(const std::string &id, const DeliveryQuery &query)
{
    Query text;
    text.add("limit", std::to_string(std::clamp(query.limit, 1, 100)));
    if (!query.cursor.empty())
        text.add("cursor", query.cursor);
    if (query.oldestFirst)
        text.add("orderAsc", "true");
    text.add("start", query.start).add("end", query.end);
    if (query.outcome != DeliveryQuery::Outcome::All)
        text.add("deliveryStatus", query.outcome == DeliveryQuery::Outcome::Success ? "success" : "failed");
    std::string types; // one value, parted by commas (style form, explode false)
    for (const std::string &type : query.eventTypes)
        types += (types.empty() ? "" : ",") + type;
    if (!types.empty())
        text.add("eventType", types);
    return converted<DeliveryPage>(m_api.send("GET", pathOf(id) + "/deliveries" + text.text()), this,
                                   [](const Response &response) -> Result<DeliveryPage> {
                                       const auto json = orNoRoute(jsonOf(response));
                                       return json ? decodeDeliveryPage(*json) : failure(json.error());
                                   });
}

QFuture<Result<DeliveryStatistics>> WebhookClient::statistics(const std::string &id, std::optional<Timestamp> start,
                                                              std::optional<Timestamp> end)
{
    const std::string query = Query().add("start", start).add("end", end).text();
    return converted<DeliveryStatistics>(m_api.send("GET", pathOf(id) + "/stats" + query), this,
                                         [](const Response &response) -> Result<DeliveryStatistics> {
                                             const auto json = orNoRoute(jsonOf(response));
                                             return json ? decodeDeliveryStatistics(*json) : failure(json.error());
                                         });
}

QFuture<Result<EventPage>> WebhookClient::events(const EventQuery &query)
{
    Query text;
    text.add("offset", std::to_string(std::max<std::int64_t>(0, query.offset)));
    text.add("limit", std::to_string(std::clamp(query.limit, 1, 100)));
    if (query.oldestFirst)
        text.add("orderAsc", "true");
    for (const std::string &type : query.types)
        text.add("types", type);
    const std::string path =
        "/events/sandboxes" + (query.sandboxId.empty() ? std::string() : "/" + percentEncoded(query.sandboxId));
    const bool isOneSandbox = !query.sandboxId.empty();
    return converted<EventPage>(
        m_api.send("GET", path + text.text()), this, [isOneSandbox](const Response &response) -> Result<EventPage> {
            const auto json = isOneSandbox ? orNoRoute(jsonOf(response)) : orUnsupported(jsonOf(response));
            return json ? decodeEventPage(*json) : failure(json.error());
        });
}

} // namespace sandglass::e2b
