#include "services/engine/api/teamroutes.h"

#include "services/engine/api/apikey.h"
#include "services/engine/api/errors.h"

#include <algorithm>
#include <utility>

namespace sandglass::engine {

namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

void tellMetrics(const http::Request &request, const TeamActivity &activity, const ExchangePtr &exchange)
{
    const auto range = parseMetricRange(request.query);
    if (!range)
        return exchange->respond(errorResponse(range.error()));
    Json list = Json::array();
    for (const TeamSample &sample : activity.history().select(*range))
        list.push_back(teamMetricJson(sample));
    exchange->respond(http::Response::json(200, dumpJson(list)));
}

void tellMaximum(const http::Request &request, const TeamActivity &activity, const ExchangePtr &exchange)
{
    const auto range = parseMetricRange(request.query);
    if (!range)
        return exchange->respond(errorResponse(range.error()));
    const std::string metric = queryValue(http::parseQuery(request.query), "metric");
    const bool isRate = metric == "sandbox_start_rate";
    if (!isRate && metric != "concurrent_sandboxes")
        return exchange->respond(
            http::Response::error(400, "metric has to be concurrent_sandboxes or sandbox_start_rate"));
    const auto samples = activity.history().select(*range);
    const auto greatest = std::max_element(samples.begin(), samples.end(), [isRate](const auto &a, const auto &b) {
        return isRate ? a.startRate < b.startRate : a.concurrentSandboxes < b.concurrentSandboxes;
    });
    const TeamSample sample = greatest != samples.end() ? *greatest : TeamSample{systemNow()};
    exchange->respond(http::Response::json(
        200,
        dumpJson({{"timestamp", formatRfc3339(sample.timestamp)},
                  {"timestampUnix", toUnixMs(sample.timestamp) / 1000},
                  {"value", isRate ? Json(sample.startRate) : Json(sample.concurrentSandboxes)}})));
}

} // namespace

void addTeamRoutes(Router &router, std::string teamId, const TeamActivity &activity)
{
    router.add("GET", "/teams", [teamId](const http::Request &request, const auto &, const ExchangePtr &e) {
        // The key that was sent: whoever holds another one need not learn it here.
        const Json team{
            {"teamID", teamId}, {"name", "local engine"}, {"apiKey", givenKey(request)}, {"isDefault", true}};
        e->respond(http::Response::json(200, dumpJson(Json::array({team}))));
    });
    const auto ours = [teamId](auto tell, const TeamActivity &of) {
        return [teamId, tell, &of](const http::Request &request, const PathParameters &p, const ExchangePtr &e) {
            if (p[0] != teamId)
                return e->respond(http::Response::error(403, "You don't have access to this team"));
            tell(request, of, e);
        };
    };
    router.add("GET", "/teams/{}/metrics", ours(tellMetrics, activity));
    router.add("GET", "/teams/{}/metrics/max", ours(tellMaximum, activity));
}

} // namespace sandglass::engine
