// Snapshots and forks (e2b-protocol 2.2, 2.4).

#include "services/core/base64.h"
#include "services/engine/api/controlplane.h"
#include "services/engine/api/errors.h"

#include <charconv>

namespace sandglass::engine {

namespace {

constexpr int kMostForks = 100;

Json snapshotJson(const Snapshot &snapshot)
{
    const std::string id = snapshot.id();
    return {{"snapshotID", id}, {"names", snapshot.blueprint.name.empty() ? Json::array() : Json::array({id})}};
}

/// An absent body counts as {}.
Result<Json> objectOf(const http::Request &request)
{
    auto json = request.body.empty() ? Result<Json>(Json::object()) : parseJson(request.body);
    if (!json || !json->is_object())
        return refuse(400, "the body is not a JSON object");
    return json;
}

Result<std::int64_t> wholeNumber(const Json &body, const char *name, std::int64_t fallback, std::int64_t lowest,
                                 std::int64_t highest)
{
    const Json &value = memberOr(body, name);
    if (value.is_null())
        return fallback;
    if (!value.is_number_integer() || value.get<std::int64_t>() < lowest || value.get<std::int64_t>() > highest)
        return refuse(400,
                      std::string(name) + " has to be a whole number from " + std::to_string(lowest) + " to "
                          + std::to_string(highest));
    return value.get<std::int64_t>();
}

std::string tokenOf(const Snapshot &last)
{
    return base64UrlEncode(formatRfc3339(last.blueprint.createdAt, 9) + "__" + last.blueprint.buildId);
}

/// The snapshots behind the one that `token` names: they stand newest first.
Result<std::size_t> positionAfter(const std::vector<Snapshot> &all, const std::string &token)
{
    const auto text = base64Decode(token);
    const auto gap = text ? text->find("__") : std::string::npos;
    const auto time = gap != std::string::npos ? parseRfc3339(text->substr(0, gap)) : std::nullopt;
    if (!time)
        return refuse(400, "Invalid next token");
    const std::string buildId = text->substr(gap + 2);
    std::size_t at = 0;
    while (at < all.size() && all[at].blueprint.createdAt >= *time) {
        if (all[at++].blueprint.buildId == buildId)
            break;
    }
    return at;
}

} // namespace

void ControlPlane::addSnapshotRoutes()
{
    using P = const PathParameters &;
    using R = const http::Request &;
    m_router.add("POST", "/sandboxes/{}/snapshots",
                 [this](R r, P p, const ExchangePtr &e) { takeSnapshot(r, p[0], e); });
    m_router.add("GET", "/snapshots", [this](R r, P, const ExchangePtr &e) { listSnapshots(r, e); });
    m_router.add("POST", "/sandboxes/{}/fork", [this](R r, P p, const ExchangePtr &e) { forkSandbox(r, p[0], e); });
}

void ControlPlane::takeSnapshot(const http::Request &request, const std::string &id, const ExchangePtr &exchange)
{
    const auto body = objectOf(request);
    if (!body)
        return exchange->respond(errorResponse(body.error()));
    const Json &name = memberOr(*body, "name");
    if (!name.is_null() && !name.is_string())
        return exchange->respond(http::Response::error(400, "name has to be a text"));
    m_snapshots.take(id, name.is_string() ? name.get<std::string>() : std::string(), [exchange](const auto &snapshot) {
        exchange->respond(snapshot ? http::Response::json(201, dumpJson(snapshotJson(*snapshot)))
                                   : errorResponse(snapshot.error()));
    });
}

void ControlPlane::listSnapshots(const http::Request &request, const ExchangePtr &exchange)
{
    const http::Headers query = http::parseQuery(request.query);
    const std::string limitText = queryValue(query, "limit", "100"), name = queryValue(query, "name"),
                      sandboxId = queryValue(query, "sandboxID"), token = queryValue(query, "nextToken");
    std::size_t limit = 0;
    const auto [end, bad] = std::from_chars(limitText.data(), limitText.data() + limitText.size(), limit);
    if (bad != std::errc() || end != limitText.data() + limitText.size() || limit < 1 || limit > 100)
        return exchange->respond(http::Response::error(400, "limit has to be 1 to 100"));
    TemplateReference wanted;
    if (!name.empty()) {
        auto reference = parseReference(name);
        if (!reference)
            return exchange->respond(errorResponse(reference.error()));
        wanted = std::move(*reference);
    }
    const std::vector<Snapshot> &all = m_snapshots.all();
    const auto first = token.empty() ? Result<std::size_t>(0) : positionAfter(all, token);
    if (!first)
        return exchange->respond(errorResponse(first.error()));
    Json list = Json::array();
    std::string nextToken;
    const Snapshot *last = nullptr;
    for (std::size_t i = *first; i < all.size() && nextToken.empty(); ++i) {
        const Snapshot &each = all[i];
        const bool isMeant = name.empty() || each.blueprint.name == wanted.name || each.blueprint.id == wanted.name;
        if (!isMeant || (wanted.tag && each.tag != *wanted.tag)
            || (!sandboxId.empty() && each.sandboxId != sandboxId.substr(0, sandboxId.find('-'))))
            continue;
        if (list.size() == limit) {
            nextToken = tokenOf(*last);
            break;
        }
        list.push_back(snapshotJson(each));
        last = &each;
    }
    auto response = http::Response::json(200, dumpJson(list));
    if (!nextToken.empty())
        response.headers.emplace_back("X-Next-Token", nextToken);
    exchange->respond(std::move(response));
}

void ControlPlane::forkSandbox(const http::Request &request, const std::string &id, const ExchangePtr &exchange)
{
    const auto body = objectOf(request);
    if (!body)
        return exchange->respond(errorResponse(body.error()));
    const auto timeout = wholeNumber(*body, "timeout", 15, 0, INT32_MAX);
    const auto count = wholeNumber(*body, "count", 1, 1, kMostForks);
    if (!timeout || !count)
        return exchange->respond(errorResponse(timeout ? count.error() : timeout.error()));
    m_snapshots.fork(id, *timeout, static_cast<int>(*count), [exchange](const auto &forks) {
        if (!forks)
            return exchange->respond(errorResponse(forks.error()));
        Json list = Json::array();
        for (const auto &fork : *forks) {
            if (fork) {
                list.push_back({{"sandbox", sandboxJson(**fork)}});
                continue;
            }
            const int status = fork.error().status != 0 ? fork.error().status : 500;
            list.push_back({{"error", {{"code", status}, {"message", fork.error().message}}}});
        }
        exchange->respond(http::Response::json(201, dumpJson(list)));
    });
}

} // namespace sandglass::engine
