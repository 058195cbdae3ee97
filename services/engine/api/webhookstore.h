#pragma once

#include "services/engine/api/lifecyclerecord.h"
#include "services/engine/api/sqlite.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::engine {

struct Webhook
{
    std::string id, name, url;
    std::vector<std::string> events;
    bool enabled = true;
    std::string secret; ///< write-only over the wire
    Timestamp createdAt;
};

/// A delivery that is still owed.
struct OwedDelivery
{
    std::int64_t seq = 0;
    int attempts = 0; ///< made so far
    LifecycleRecord event;
    Webhook webhook;
};

/// One attempt, as GET /events/webhooks/{id}/deliveries tells it.
struct DeliveryAttempt
{
    std::string deliveryId;
    Timestamp timestamp;
    bool success = false;
    std::int64_t durationMs = 0;
    Json record; ///< Delivery object of e2b-protocol 3.2
};

/// Webhooks, the outbox and the history of attempts. The tables are made by EventStore::open(). io thread only.
class WebhookStore final
{
public:
    WebhookStore(std::shared_ptr<Database> database, std::string teamId);

    [[nodiscard]] std::vector<Webhook> all();
    [[nodiscard]] std::optional<Webhook> find(const std::string &id);
    [[nodiscard]] Result<> save(const Webhook &webhook);
    [[nodiscard]] bool remove(const std::string &id); ///< with what it was still owed

    /// Owed deliveries that are due, oldest first, without those in `inFlight`.
    [[nodiscard]] std::vector<OwedDelivery> due(Timestamp now, int limit, const std::vector<std::int64_t> &inFlight);
    /// When the next one becomes due; empty when nothing is owed.
    [[nodiscard]] std::optional<Timestamp> nextDue(const std::vector<std::int64_t> &inFlight);
    /// Files an attempt. `retryAt` empty: the delivery is done, well or not.
    [[nodiscard]] bool record(const OwedDelivery &owed, const DeliveryAttempt &attempt,
                              std::optional<Timestamp> retryAt);

    struct DeliveryQuery
    {
        int offset = 0; ///< events before the page
        int limit = 25;
        bool ascending = false;
        std::int64_t startMs = 0, endMs = INT64_MAX;   ///< [start, end)
        std::vector<std::string> statuses, eventTypes; ///< empty = all; statuses are "success" and "failed"
    };
    /// {"data": [...], "nextCursor": text or null}
    [[nodiscard]] Json deliveries(const std::string &webhookId, const DeliveryQuery &query);
    /// Over [startMs, endMs), in buckets of an hour.
    [[nodiscard]] Json statistics(const std::string &webhookId, std::int64_t startMs, std::int64_t endMs);

    [[nodiscard]] Json toJson(const Webhook &webhook) const; ///< without the secret

private:
    std::shared_ptr<Database> m_database;
    std::string m_teamId;
};

} // namespace sandglass::engine
