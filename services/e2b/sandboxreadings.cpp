#include "services/e2b/sandboxreadings.h"

#include "services/e2b/answer.h"
#include "services/e2b/apicaller.h"
#include "services/e2b/decode.h"
#include "services/e2b/fields.h"
#include "services/e2b/pending.h"
#include "services/e2b/query.h"

#include <utility>

namespace sandglass::e2b {
namespace {

using Response = Result<net::HttpResponse>;
using Metrics = std::vector<SandboxMetric>;

Result<SandboxMetric> decodeMetric(const Json &value, const std::string &path)
{
    SandboxMetric metric;
    std::optional<Timestamp> time;
    std::int64_t second = 0;
    Fields fields(value, path);
    fields.time("timestamp", time);
    fields.number("timestampUnix", second);
    fields.number("cpuCount", metric.cpuCount);
    fields.number("cpuUsedPct", metric.cpuUsedPercent);
    fields.number("memUsed", metric.memoryUsed);
    fields.number("memTotal", metric.memoryTotal);
    fields.number("diskUsed", metric.diskUsed);
    fields.number("diskTotal", metric.diskTotal);
    if (fields.error())
        return failure(*fields.error());
    // The text is the finer one, but deprecated: a service may leave it out.
    metric.time = time.value_or(fromUnixMs(second * 1000));
    return metric;
}

std::string pathOf(const std::string &id, const char *rest)
{
    return "/sandboxes/" + percentEncoded(id) + rest;
}

} // namespace

Result<Metrics> decodeMetrics(const Json &value)
{
    return decodeArray<SandboxMetric>(value, "$", decodeMetric);
}

SandboxReadings::SandboxReadings(ApiCaller &api, QObject *parent) : QObject(parent), m_api(api) {}

QFuture<Result<Metrics>> SandboxReadings::metrics(const std::string &sandboxId, std::optional<Timestamp> since)
{
    Query query;
    if (since)
        query.add("start", std::to_string(toUnixMs(*since) / 1000));
    return converted<Metrics>(m_api.send("GET", pathOf(sandboxId, "/metrics") + query.text()), this,
                              [](const Response &response) -> Result<Metrics> {
                                  const auto json = orNoRoute(jsonOf(response));
                                  return json ? decodeMetrics(*json) : failure(json.error());
                              });
}

} // namespace sandglass::e2b
