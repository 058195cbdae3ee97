#include "services/engine/volumes/volumecontent.h"

#include "services/core/secret.h"
#include "services/engine/api/apikey.h"
#include "services/engine/api/filesroutes.h"
#include "services/engine/broker/names.h"

#include <boost/asio/post.hpp>

#include <array>
#include <charconv>
#include <utility>

namespace sandglass::engine {

namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

constexpr std::uint64_t kBodyLimit = 64U << 10;
constexpr std::chrono::minutes kUploadDeadline{60}; // as long as SDKs wait

/// {"code": text, "message": text}, unlike everywhere else.
http::Response fault(int status, const char *code, const std::string &message)
{
    return http::Response::json(status, dumpJson({{"code", code}, {"message", message}}));
}

http::Response fault(const Error &error)
{
    return fault(error.status != 0 ? error.status : 500, error.code.empty() ? "internal" : error.code.c_str(),
                 error.message);
}

void answer(const ExchangePtr &exchange, int status, const Result<VolumeEntry> &entry)
{
    exchange->respond(entry ? http::Response::json(status, dumpJson(volumeEntryJson(*entry))) : fault(entry.error()));
}

Result<std::optional<std::uint32_t>> numberOf(const http::Headers &query, const char *name)
{
    const std::string text = queryValue(query, name);
    if (text.empty())
        return std::optional<std::uint32_t>();
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return failure(Error::Kind::Service, std::string(name) + " has to be a whole number, 0 or more", 400,
                       "invalid_argument");
    return std::optional(value);
}

Result<> checkOwner(const std::optional<std::uint32_t> &uid, const std::optional<std::uint32_t> &gid)
{
    if (uid.value_or(insideId) == insideId && gid.value_or(insideId) == insideId)
        return {};
    return failure(Error::Kind::Service,
                   "everything in a volume of the local engine belongs to uid and gid " + std::to_string(insideId)
                       + ", the account 'user'",
                   400, "invalid_argument");
}

/// The query of what makes a file or folder.
struct Making
{
    std::string path;
    std::optional<std::uint32_t> mode;
    std::optional<bool> force;
};

Result<Making> parseMaking(const http::RequestHead &request)
{
    const auto query = http::parseQuery(request.query);
    Making making{queryValue(query, "path"), {}, {}};
    const auto uid = numberOf(query, "uid"), gid = numberOf(query, "gid"), mode = numberOf(query, "mode");
    for (const auto *each : {&uid, &gid, &mode}) {
        if (!*each)
            return failure(each->error());
    }
    if (const auto fine = checkOwner(*uid, *gid); !fine)
        return failure(fine.error());
    making.mode = *mode;
    if (const std::string force = queryValue(query, "force"); !force.empty())
        making.force = force == "true" || force == "1";
    return making;
}

std::string pathOf(const http::RequestHead &request)
{
    return queryValue(http::parseQuery(request.query), "path");
}

} // namespace

VolumeContent::VolumeContent(boost::asio::io_context &io, http::IoThread &worker, Volumes &volumes,
                             std::string spoolDirectory)
    : m_io(io), m_worker(worker), m_volumes(volumes), m_spoolDirectory(std::move(spoolDirectory))
{
    addPathRoutes();
    addDirectoryRoutes();
    m_router.add("GET", "/volumecontent/{}/file",
                 [this](const http::Request &r, const auto &p, const ExchangePtr &e) { download(r, p[0], e); });
}

const Volume *VolumeContent::find(const http::RequestHead &head) const
{
    const auto segments = splitPath(head.path);
    return segments.size() > 1 ? m_volumes.store().find(segments[1]) : nullptr;
}

http::Admission VolumeContent::admit(const http::RequestHead &head)
{
    http::Admission admission;
    admission.bodyLimit = kBodyLimit;
    const auto reject = [&](http::Response response) {
        admission.rejection = std::make_unique<http::Response>(std::move(response));
    };
    const Volume *volume = find(head);
    const std::string_view token = givenKey(head);
    if (token.empty())
        reject(fault(401, "unauthorized", "the volume's token is missing: Authorization: Bearer TOKEN"));
    else if (volume == nullptr)
        reject(fault(404, "not_found", "the volume was not found"));
    else if (!equalConstantTime(token, volume->token))
        reject(fault(401, "unauthorized", "the token is not this volume's"));
    if (admission.rejection || head.method != "PUT" || !head.path.ends_with("/file"))
        return admission;
    admission.bodyLimit = static_cast<std::uint64_t>(m_volumes.mostBytes());
    admission.bodyDeadline = kUploadDeadline;
    admission.sink = std::make_shared<Upload>("application/octet-stream", m_spoolDirectory);
    return admission;
}

void VolumeContent::handle(http::Request request, std::shared_ptr<http::BodySink> sink, ExchangePtr exchange)
{
    const Volume *volume = find(request);
    if (volume == nullptr) // deleted while the body came in
        return exchange->respond(fault(404, "not_found", "the volume was not found"));
    if (const auto file = std::dynamic_pointer_cast<Upload>(sink))
        return upload(request, volume->id, file, exchange);
    m_router.dispatch(request, exchange);
}

void VolumeContent::with(const std::string &id, const ExchangePtr &exchange, bool changes, Work work)
{
    const Volume *volume = m_volumes.store().find(id);
    if (volume == nullptr)
        return exchange->respond(fault(404, "not_found", "the volume was not found"));
    m_worker.post([this, alive = m_alive, &io = m_io, id, exchange, changes, work = std::move(work),
                   folder = m_volumes.store().pathOf(*volume)] {
        const auto tree = VolumeTree::open(folder);
        if (!tree)
            return exchange->respond(fault(tree.error()));
        work(*tree);
        if (!changes)
            return;
        boost::asio::post(io, [this, alive, id, use = tree->use()] {
            if (*alive)
                m_volumes.note(id, use);
        });
    });
}

void VolumeContent::addPathRoutes()
{
    using P = const PathParameters &;
    using R = const http::Request &;
    constexpr const char *route = "/volumecontent/{}/path";
    m_router.add("GET", route, [this](R r, P p, const ExchangePtr &e) {
        with(p[0], e, false, [e, path = pathOf(r)](const VolumeTree &tree) { answer(e, 200, tree.stat(path)); });
    });
    m_router.add("DELETE", route, [this](R r, P p, const ExchangePtr &e) {
        with(p[0], e, true, [e, path = pathOf(r)](const VolumeTree &tree) {
            const auto done = tree.remove(path);
            e->respond(done ? http::Response{204, {}, {}} : fault(done.error()));
        });
    });
    m_router.add("PATCH", route, [this](R r, P p, const ExchangePtr &e) {
        const auto body = parseJson(r.body);
        if (!body || !body->is_object())
            return e->respond(fault(400, "invalid_argument", "the body is not a JSON object"));
        std::array<std::optional<std::uint32_t>, 3> wanted; // uid, gid, mode
        constexpr std::array<const char *, 3> names{"uid", "gid", "mode"};
        for (std::size_t i = 0; i < names.size(); ++i) {
            const Json &value = memberOr(*body, names[i]);
            if (!value.is_null() && !(value.is_number_unsigned() && value.get<std::uint64_t>() <= UINT32_MAX))
                return e->respond(fault(400, "invalid_argument", std::string(names[i]) + " has to be a whole number"));
            if (!value.is_null())
                wanted[i] = value.get<std::uint32_t>();
        }
        if (const auto fine = checkOwner(wanted[0], wanted[1]); !fine)
            return e->respond(fault(fine.error()));
        with(p[0], e, false, [e, path = pathOf(r), mode = wanted[2]](const VolumeTree &tree) {
            answer(e, 200, mode ? tree.setMode(path, *mode) : tree.stat(path));
        });
    });
}

void VolumeContent::addDirectoryRoutes()
{
    using P = const PathParameters &;
    using R = const http::Request &;
    constexpr const char *route = "/volumecontent/{}/dir";
    m_router.add("GET", route, [this](R r, P p, const ExchangePtr &e) {
        const auto depth = numberOf(http::parseQuery(r.query), "depth");
        if (!depth)
            return e->respond(fault(depth.error()));
        with(p[0], e, false, [e, path = pathOf(r), depth = depth->value_or(1)](const VolumeTree &tree) {
            const auto entries = tree.list(path, depth);
            if (!entries)
                return e->respond(fault(entries.error()));
            Json list = Json::array();
            for (const VolumeEntry &entry : *entries)
                list.push_back(volumeEntryJson(entry));
            e->respond(http::Response::json(200, dumpJson(list)));
        });
    });
    m_router.add("POST", route, [this](R r, P p, const ExchangePtr &e) {
        const auto making = parseMaking(r);
        if (!making)
            return e->respond(fault(making.error()));
        with(p[0], e, true, [e, making = *making](const VolumeTree &tree) {
            if (tree.use().entries >= VolumeTree::kMostEntries)
                return e->respond(fault(507, "not_enough_space", "the volume holds too many files"));
            answer(e, 201, tree.makeDirectory(making.path, making.mode.value_or(0755), making.force.value_or(false)));
        });
    });
}

void VolumeContent::download(const http::Request &request, const std::string &id, const ExchangePtr &exchange)
{
    with(id, exchange, false, [&worker = m_worker, exchange, request](const VolumeTree &tree) {
        const std::string path = pathOf(request);
        auto file = tree.openFile(path);
        if (file)
            sendFile(worker, std::move(*file), path, request, exchange);
        else
            exchange->respond(fault(file.error()));
    });
}

void VolumeContent::upload(const http::Request &request, const std::string &id, std::shared_ptr<Upload> upload,
                           const ExchangePtr &exchange)
{
    if (!upload->error().empty())
        return exchange->respond(fault(upload->diskFull() ? 507 : 400,
                                       upload->diskFull() ? "not_enough_space" : "invalid_argument", upload->error()));
    const auto making = parseMaking(request);
    if (!making)
        return exchange->respond(fault(making.error()));
    auto files = std::make_shared<std::vector<SpooledFile>>(upload->takeFiles());
    if (files->size() != 1)
        return exchange->respond(fault(500, "internal", "the body was not kept"));
    with(id, exchange, true, [exchange, making = *making, files, most = m_volumes.mostBytes()](const VolumeTree &tree) {
        const VolumeUse use = tree.use();
        if (use.bytes + static_cast<std::int64_t>(files->front().size) > most
            || use.entries >= VolumeTree::kMostEntries)
            return exchange->respond(fault(507, "not_enough_space",
                                           "the volume holds " + std::to_string(use.bytes) + " of "
                                               + std::to_string(most) + " bytes: there is no room for that file"));
        answer(
            exchange, 201,
            tree.store(making.path, files->front().fd.get(), making.mode.value_or(0644), making.force.value_or(true)));
    });
}

} // namespace sandglass::engine
