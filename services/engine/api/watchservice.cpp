#include "services/engine/api/watchservice.h"

#include "services/core/ids.h"
#include "services/engine/api/members.h"
#include "services/engine/api/sandboxuser.h"
#include "services/engine/api/watchstream.h"

namespace sandglass::engine {

namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

constexpr std::size_t kMostWatchers = 64;   ///< each is a process of the sandbox
constexpr std::size_t kMostEvents = 10'000; ///< kept for one that does not ask; the watch waits then

Result<Sandbox::WatchSpec> watchSpec(const Json &message, const http::Request &request)
{
    const auto user = userOf(request);
    if (!user)
        return failure(user.error());
    const auto path = textMember(message, "path");
    const auto recursive = flagMember(message, "recursive");
    const auto entries = flagMember(message, message.contains("includeEntry") ? "includeEntry" : "include_entry");
    if (!path)
        return failure(path.error());
    if (!recursive || !entries)
        return failure(recursive ? entries.error() : recursive.error());
    return Sandbox::WatchSpec{expandPath(*path, *user), user->name, *recursive, *entries};
}

void answer(const ExchangePtr &exchange, const Result<Json> &result)
{
    exchange->respond(result ? http::Response::json(200, dumpJson(*result)) : connectError(result.error()));
}

void serveStream(boost::asio::io_context &io, const std::shared_ptr<Sandbox> &sandbox, const http::Request &request,
                 const ExchangePtr &exchange)
{
    const auto stream = std::make_shared<WatchStream>(io, request, exchange);
    const auto message = openConnectEnvelope(request.body);
    if (!message)
        return stream->refuse(message.error());
    const auto spec = watchSpec(*message, request);
    if (!spec)
        return stream->refuse(spec.error());
    sandbox->watchDirectory(*spec, [stream](Result<UniqueFd> pipe) {
        if (pipe)
            stream->follow(std::move(*pipe));
        else
            stream->refuse(pipe.error());
    });
}

void createWatcher(boost::asio::io_context &io, const std::shared_ptr<Sandbox> &sandbox,
                   const std::shared_ptr<PolledWatchers> &watchers, const Json &message, const http::Request &request,
                   const ExchangePtr &exchange)
{
    const auto spec = watchSpec(message, request);
    if (!spec)
        return answer(exchange, failure(spec.error()));
    sandbox->watchDirectory(*spec, [&io, exchange, weak = std::weak_ptr(watchers)](Result<UniqueFd> pipe) {
        const auto table = weak.lock();
        if (!pipe || !table)
            return answer(exchange,
                          pipe ? rpcFailure("unavailable", "the sandbox is gone")
                               : Result<Json>(failure(pipe.error())));
        const auto id = table->add(io, std::move(*pipe));
        answer(exchange, id ? Result<Json>(Json{{"watcherId", *id}}) : failure(id.error()));
    });
}

tl::unexpected<Error> noWatcher(const std::string &id)
{
    return rpcFailure("not_found", "watcher with id " + id + " not found");
}

} // namespace

PolledWatchers::~PolledWatchers()
{
    for (const auto &[id, watcher] : m_watchers)
        watcher->feed->stop();
}

Result<std::string> PolledWatchers::add(boost::asio::io_context &io, UniqueFd pipe)
{
    if (m_watchers.size() >= kMostWatchers)
        return rpcFailure("resource_exhausted", "too many watchers in this sandbox: " + std::to_string(kMostWatchers));
    const std::string id = newUuid();
    const auto watcher = std::make_shared<Watcher>();
    WatchFeed::Callbacks callbacks;
    callbacks.onEvent = [weak = std::weak_ptr(watcher)](Json event) {
        if (const auto self = weak.lock())
            self->events.push_back(std::move(event));
    };
    callbacks.isFull = [weak = std::weak_ptr(watcher)] {
        const auto self = weak.lock();
        return !self || self->events.size() >= kMostEvents;
    };
    callbacks.onEnded = [] {}; // what was seen can still be fetched
    watcher->feed = std::make_shared<WatchFeed>(io, std::move(pipe), std::move(callbacks));
    watcher->feed->read();
    m_watchers[id] = watcher;
    return id;
}

Result<Json> PolledWatchers::takeEvents(const std::string &id)
{
    const auto it = m_watchers.find(id);
    if (it == m_watchers.end())
        return noWatcher(id);
    Json events = Json::array();
    for (Json &event : std::exchange(it->second->events, {}))
        events.push_back(std::move(event));
    it->second->feed->read();
    return events;
}

Result<> PolledWatchers::remove(const std::string &id)
{
    const auto removed = m_watchers.extract(id);
    if (removed.empty())
        return noWatcher(id);
    removed.mapped()->feed->stop();
    return {};
}

bool isWatchMethod(const std::string &method)
{
    return method == "WatchDir" || method == "CreateWatcher" || method == "GetWatcherEvents"
        || method == "RemoveWatcher";
}

void serveWatch(boost::asio::io_context &io, const std::shared_ptr<Sandbox> &sandbox,
                const std::shared_ptr<PolledWatchers> &watchers, const std::string &method,
                const http::Request &request, const ExchangePtr &exchange)
{
    if (method == "WatchDir")
        return serveStream(io, sandbox, request, exchange);
    const auto message = parseJson(request.body);
    if (!message || !message->is_object())
        return answer(exchange, rpcFailure("invalid_argument", "the message is not a JSON object"));
    const Json &member = protoMember(*message, "watcherId", "watcher_id");
    const std::string id = member.is_string() ? member.get<std::string>() : std::string();
    if (method == "CreateWatcher")
        return createWatcher(io, sandbox, watchers, *message, request, exchange);
    if (method == "GetWatcherEvents") {
        auto events = watchers->takeEvents(id);
        return answer(exchange, events ? Result<Json>(Json{{"events", std::move(*events)}}) : failure(events.error()));
    }
    const auto removed = watchers->remove(id);
    answer(exchange, removed ? Result<Json>(Json::object()) : failure(removed.error()));
}

} // namespace sandglass::engine
