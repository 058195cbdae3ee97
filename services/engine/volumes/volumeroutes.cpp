#include "services/engine/volumes/volumeroutes.h"

#include "services/engine/api/errors.h"

namespace sandglass::engine {

namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

Json volumeJson(const Volume &volume)
{
    return {{"volumeID", volume.id}, {"name", volume.name}};
}

Json withToken(const Volume &volume)
{
    Json json = volumeJson(volume);
    json["token"] = volume.token;
    return json;
}

void createVolume(const http::Request &request, Volumes &volumes, const ExchangePtr &exchange)
{
    const auto body = parseJson(request.body);
    if (!body || !memberOr(*body, "name").is_string())
        return exchange->respond(http::Response::error(400, "the body has to be {\"name\": text}"));
    const auto created = volumes.store().create(stringOr(*body, "name"));
    exchange->respond(created ? http::Response::json(201, dumpJson(withToken(*created)))
                              : errorResponse(created.error()));
}

} // namespace

void addVolumeRoutes(Router &router, Volumes &volumes)
{
    router.add("GET", "/volumes", [&volumes](const auto &, const auto &, const ExchangePtr &e) {
        Json list = Json::array();
        for (const Volume &volume : volumes.store().all())
            list.push_back(volumeJson(volume));
        e->respond(http::Response::json(200, dumpJson(list)));
    });
    router.add("POST", "/volumes",
               [&volumes](const http::Request &r, const auto &, const ExchangePtr &e) { createVolume(r, volumes, e); });
    router.add("GET", "/volumes/{}", [&volumes](const auto &, const PathParameters &p, const ExchangePtr &e) {
        const Volume *volume = volumes.store().find(p[0]);
        e->respond(volume != nullptr ? http::Response::json(200, dumpJson(withToken(*volume)))
                                     : errorResponse(volumeNotFound(p[0])));
    });
    router.add("DELETE", "/volumes/{}", [&volumes](const auto &, const PathParameters &p, const ExchangePtr &e) {
        const auto done = volumes.remove(p[0]);
        e->respond(done ? http::Response{204, {}, {}} : errorResponse(done.error()));
    });
}

} // namespace sandglass::engine
