#pragma once

#include "services/core/time.h"
#include "services/cost/runaway.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace sandglass::http {
class Exchange;
struct Request;
} // namespace sandglass::http

namespace sandglass::lifecycle {

class Journal;
class LivePicture;
class OpenMetrics;
class Quarantine;
struct ReceiverCounters;
struct ReceiverStatistics;

struct RestApiOptions
{
    std::optional<cost::RunawayRules> runaways = cost::RunawayRules(); ///< empty: nothing counts as a runaway
    std::chrono::milliseconds timeout{2'000};                          ///< for the live picture to answer; then 503
    std::size_t waitingLimit = 64;                                     ///< questions at a time; above it 503
};

/// The GET endpoints over journal and live picture:
///   /metrics                 JSON, or OpenMetrics text for an Accept (or ?format=) that names it or text/plain
///   /sandboxes/active        longest first
///   /sandboxes/runaway       running longer than their threshold; timeout_minutes null: nobody asked for it
///   /sandboxes/{id}/cost     what one sandbox has cost, stretch by stretch, with its metadata; beside it by the
///                            events' times alone (estimated), as far as the provider has told (confirmed), and the
///                            most it can come to by its timeout (reserved); null = not known
///   /events                  ?cursor= &limit=1…1000 &order=asc|desc &type= &sandbox_id= &session=; 410 for a cursor
///                            whose events are gone
/// Answers are made on a thread of its own; nothing waits for the picture but the question itself. Times are UTC with
/// offset, amounts are decimal text in US dollars.
class RestApi final
{
public:
    RestApi(const Journal &journal, std::shared_ptr<LivePicture> picture, RestApiOptions options = {});
    ~RestApi(); ///< before the journal; answers what waits with 503
    RestApi(const RestApi &) = delete;
    RestApi &operator=(const RestApi &) = delete;

    /// All below: any thread.
    [[nodiscard]] bool owns(std::string_view path) const;
    /// For a GET or HEAD of a path it owns. Returns at once.
    void answer(const http::Request &request, std::shared_ptr<http::Exchange> exchange);
    void dropWaiting();                                            ///< 503 to all that wait
    void setRunawayRules(std::optional<cost::RunawayRules> rules); ///< as in the options
    /// Further figures for /metrics, added on the thread of this object; empty = none.
    void setDeliveryFigures(std::function<void(OpenMetrics &)> append);

private:
    struct Private;
    std::shared_ptr<Private> d; ///< shared with the answers of the picture
};

[[nodiscard]] ReceiverStatistics statisticsOf(const ReceiverCounters &counters);
/// Deliveries by outcome and the quarantine.
void appendDeliveryFigures(OpenMetrics &out, const ReceiverCounters &counters, const Quarantine &quarantine);

} // namespace sandglass::lifecycle
