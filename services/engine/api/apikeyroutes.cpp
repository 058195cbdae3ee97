#include "services/engine/api/apikeyroutes.h"

#include "services/engine/api/errors.h"

namespace sandglass::engine {

namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

Result<std::string> nameOf(const http::Request &request)
{
    const auto json = parseJson(request.body);
    if (!json || !memberOr(*json, "name").is_string())
        return refuse(400, "the body has to be {\"name\": text}");
    return stringOr(*json, "name");
}

void createKey(const http::Request &request, ApiKeyStore &keys, const ExchangePtr &exchange)
{
    const auto name = nameOf(request);
    if (!name)
        return exchange->respond(errorResponse(name.error()));
    const auto created = keys.create(*name);
    if (!created)
        return exchange->respond(errorResponse(created.error()));
    Json json = apiKeyJson(created->entry);
    json["key"] = created->key;
    exchange->respond(http::Response::json(201, dumpJson(json)));
}

} // namespace

void addApiKeyRoutes(Router &router, ApiKeyStore &keys)
{
    router.add("GET", "/api-keys", [&keys](const auto &, const auto &, const ExchangePtr &e) {
        Json list = Json::array();
        for (const ApiKey &key : keys.all())
            list.push_back(apiKeyJson(key));
        e->respond(http::Response::json(200, dumpJson(list)));
    });
    router.add("POST", "/api-keys",
               [&keys](const http::Request &r, const auto &, const ExchangePtr &e) { createKey(r, keys, e); });
    router.add("PATCH", "/api-keys/{}", [&keys](const http::Request &r, const PathParameters &p, const ExchangePtr &e) {
        const auto name = nameOf(r);
        const auto done = name ? keys.rename(p[0], *name) : Result<>(failure(name.error()));
        e->respond(done ? http::Response{200, {}, {}} : errorResponse(done.error()));
    });
    router.add("DELETE", "/api-keys/{}", [&keys](const auto &, const PathParameters &p, const ExchangePtr &e) {
        const auto done = keys.remove(p[0]);
        e->respond(done ? http::Response{204, {}, {}} : errorResponse(done.error()));
    });
}

} // namespace sandglass::engine
