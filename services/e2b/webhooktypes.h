#pragma once

#include "services/core/time.h"
#include "services/lifecycle/event.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::e2b {

/// Webhooks and their delivery log on the wire (e2b-protocol.md 3.2).

/// E2B's dashboard refuses shorter ones; so do we, before anything is sent.
inline constexpr std::size_t leastSecretLength = 32;
/// How long E2B keeps events and deliveries.
inline constexpr std::chrono::hours eventRetention{7 * 24};

/// What PATCH changes; absent members stay as they are.
struct WebhookEdit
{
    std::optional<std::string> name;
    std::optional<std::string> url;
    std::optional<std::vector<std::string>> events;
    std::optional<bool> enabled;
    std::optional<std::string> signatureSecret; ///< rotation; 32+ characters
};

/// One attempt to deliver one event.
struct WebhookDelivery
{
    std::string id; ///< changes with each attempt
    std::string webhookId;
    std::string eventId;
    std::string sandboxId;
    std::string eventType;
    bool isSuccess = false;
    std::int64_t durationMs = 0;
    std::string requestUrl;
    std::string requestBody;
    std::string requestHeaders;  ///< JSON, secrets removed by the provider
    std::string responseBody;    ///< cut by the provider; empty without an answer
    std::string responseHeaders; ///< JSON
    int responseStatus = 0;      ///< 0 = no answer
    std::string errorClass;      ///< http_error, dns_error, timeout, transport_error, request_error, …; empty = none
    std::string errorMessage;
    std::optional<Timestamp> timestamp; ///< when the attempt began
};

/// The attempts for one event, in order.
struct DeliveryGroup
{
    std::string eventId;
    std::string eventType;
    std::string sandboxId;
    std::vector<WebhookDelivery> attempts;
};

struct DeliveryPage
{
    std::vector<DeliveryGroup> groups;
    std::string nextCursor; ///< empty = the last page
};

struct DeliveryQuery
{
    enum class Outcome { All, Success, Failed };
    std::string cursor; ///< nextCursor of the page before; empty = the first
    int limit = 25;     ///< 1-100
    bool oldestFirst = false;
    std::optional<Timestamp> start, end; ///< [start, end)
    Outcome outcome = Outcome::All;
    std::vector<std::string> eventTypes; ///< empty = all
};

/// Milliseconds.
struct DurationStatistics
{
    double minimum = 0, average = 0, maximum = 0;
};

struct DeliveryStatistics
{
    struct Bucket
    {
        Timestamp start{};
        std::int64_t total = 0, failed = 0;
        DurationStatistics duration;
    };
    std::vector<Bucket> buckets;
    std::int64_t total = 0, failed = 0;
    DurationStatistics duration;
};

/// One page of the events API.
struct EventPage
{
    std::vector<lifecycle::Event> events;
    int unreadable = 0;    ///< rows that are no events, left out of `events`
    std::string complaint; ///< about the first of them
};

struct EventQuery
{
    std::string sandboxId;          ///< empty = the whole team
    std::vector<std::string> types; ///< empty = all
    std::int64_t offset = 0;
    int limit = 100; ///< 1-100
    bool oldestFirst = false;
};

} // namespace sandglass::e2b
