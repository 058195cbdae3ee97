#include "services/e2b/sandboxreadings.h"

#include "services/core/runin.h"
#include "services/core/whendone.h"
#include "services/e2b/answer.h"
#include "services/e2b/apicaller.h"
#include "services/e2b/caller.h"
#include "services/e2b/decode.h"
#include "services/e2b/fields.h"
#include "services/e2b/pending.h"
#include "services/e2b/query.h"

#include <QPromise>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

namespace sandglass::e2b {
namespace {

using Response = Result<net::HttpResponse>;
using Metrics = std::vector<SandboxMetric>;
using Logs = std::vector<SandboxLogEntry>;

constexpr std::array<std::string_view, 4> levels{"debug", "info", "warn", "error"};
constexpr std::size_t longestSearch = 256;

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

Result<SandboxLogEntry> decodeLogEntry(const Json &value, const std::string &path)
{
    SandboxLogEntry entry;
    std::optional<Timestamp> time;
    std::string level;
    Fields fields(value, path);
    fields.time("timestamp", time);
    fields.text("level", level);
    fields.text("message", entry.message);
    fields.map("fields", entry.fields);
    if (fields.error())
        return failure(*fields.error());
    if (!time)
        return failure(Error::Kind::Decode, path + ".timestamp is missing");
    entry.time = *time;
    if (const auto known = std::find(levels.begin(), levels.end(), level); known != levels.end())
        entry.level = static_cast<LogLevel>(known - levels.begin());
    return entry;
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

Result<Logs> decodeLogs(const Json &value)
{
    return decodeArray<SandboxLogEntry>(memberOr(value, "logs"), "$.logs", decodeLogEntry);
}

QFuture<Result<Logs>> SandboxReadings::logs(const std::string &sandboxId, const SandboxLogQuery &query)
{
    Query text;
    if (query.cursor)
        text.add("cursor", std::to_string(toUnixMs(*query.cursor)));
    text.add("limit", std::to_string(std::clamp<std::size_t>(query.limit, 1, 1'000)));
    text.add("direction", query.forward ? "forward" : "backward");
    if (query.least != LogLevel::Debug)
        text.add("level", levels[static_cast<std::size_t>(query.least)]);
    if (!query.search.empty())
        text.add("search", std::string_view(query.search).substr(0, longestSearch));
    return converted<Logs>(m_api.send("GET", "/v2" + pathOf(sandboxId, "/logs") + text.text()), this,
                           [](const Response &response) -> Result<Logs> {
                               const auto json = orNoRoute(jsonOf(response));
                               return json ? decodeLogs(*json) : failure(json.error());
                           });
}

WorkThread &SandboxReadings::decoder()
{
    if (!m_decoder)
        m_decoder = std::make_unique<WorkThread>();
    return *m_decoder;
}

QFuture<Result<FileList>> SandboxReadings::homeFiles(const SandboxInfo &sandbox, std::chrono::milliseconds limit)
{
    constexpr int depth = 12;
    constexpr std::size_t bodyLimit = 16U << 20; // some 50,000 entries
    auto request = sandboxRequest(envdEndpoint(m_api.connection(), sandbox), sandbox, "POST",
                                  "/filesystem.Filesystem/ListDir", dumpJson({{"path", "~"}, {"depth", depth}}));
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Connect-Protocol-Version", "1");
    request.timeout = limit;
    request.bodyLimit = bodyLimit;
    auto promise = std::make_shared<QPromise<Result<FileList>>>();
    promise->start();
    whenDone(m_api.http().send(request), this, [this, promise](Response response) {
        const auto finish = [promise](Result<FileList> list) {
            promise->addResult(std::move(list));
            promise->finish();
        };
        if (!response)
            return finish(failure(response.error()));
        if (!response->isSuccess())
            return finish(failure(sandboxErrorOf(response->status, response->body)));
        // Thousands of entries take longer than a frame.
        const auto decode = [body = std::move(response->body)]() -> Result<FileList> {
            const auto json = parseJson(body);
            return json ? decodeFileList(*json) : failure(json.error());
        };
        whenDone(runIn(decoder(), m_decoded, decode), this, finish);
    });
    return promise->future();
}

} // namespace sandglass::e2b
