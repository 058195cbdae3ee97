#include "services/lifecycle/restapi.h"

#include "services/http/server.h"
#include "services/lifecycle/restapidesk.h"
#include "services/lifecycle/restapishapes.h"

#include <mutex>

namespace sandglass::lifecycle {

namespace {

constexpr std::string_view metricsPath = "/metrics";
constexpr std::string_view activePath = "/sandboxes/active";
constexpr std::string_view runawayPath = "/sandboxes/runaway";
constexpr std::string_view eventsPath = "/events";
constexpr std::string_view sandboxesPrefix = "/sandboxes/";
constexpr std::string_view costSuffix = "/cost";

/// "/sandboxes/{id}/cost" → id; empty when it is another path.
std::string_view sandboxOf(std::string_view path)
{
    if (!path.starts_with(sandboxesPrefix) || !path.ends_with(costSuffix)
        || path.size() <= sandboxesPrefix.size() + costSuffix.size())
        return {};
    path.remove_prefix(sandboxesPrefix.size());
    path.remove_suffix(costSuffix.size());
    return path.find('/') == path.npos ? path : std::string_view();
}

// Everybody who asked the original server gets JSON; a scraper names the text it wants.
bool wantsText(const http::Request &request)
{
    for (const auto &[name, value] : http::parseQuery(request.query)) {
        if (name == "format")
            return value != "json";
    }
    const std::string_view accept = request.header("accept");
    const std::size_t text = std::min(accept.find("application/openmetrics-text"), accept.find("text/plain"));
    return text < accept.find("application/json");
}

} // namespace

struct RestApi::Private
{
    Private(const Journal &eventJournal, std::shared_ptr<LivePicture> livePicture, RestApiOptions given)
        : journal(eventJournal)
        , picture(std::move(livePicture))
        , runaways(std::make_shared<RunawayRules>(std::move(given.runaways)))
        , desk(std::make_shared<RestDesk>(given.waitingLimit, given.timeout))
    {}

    using Render = std::function<http::Response(const std::shared_ptr<const LiveSnapshot> &)>;
    void askSnapshot(std::shared_ptr<http::Exchange> exchange, Render render);
    void askCost(std::string id, std::shared_ptr<http::Exchange> exchange);
    [[nodiscard]] std::shared_ptr<const RunawayRules> runawayRules();
    [[nodiscard]] http::Response metricsText(const LiveSnapshot &snapshot);
    [[nodiscard]] http::Response active(const std::shared_ptr<const LiveSnapshot> &snapshot);

    const Journal &journal;
    std::shared_ptr<LivePicture> picture;
    std::mutex mutex; ///< guards the next two
    std::shared_ptr<const RunawayRules> runaways;
    std::function<void(OpenMetrics &)> deliveryFigures;
    std::shared_ptr<const LiveSnapshot> activeOf; ///< the desk's thread only: the picture of the next
    http::Response activeMade;
    const std::shared_ptr<RestDesk> desk;
};

void RestApi::Private::askSnapshot(std::shared_ptr<http::Exchange> exchange, Render render)
{
    const std::uint64_t ticket = desk->open(std::move(exchange));
    if (ticket == 0)
        return;
    const bool isAsked = picture->askSnapshot(
        [desk = desk, ticket, render = std::move(render)](std::shared_ptr<const LiveSnapshot> snapshot) {
            desk->make(ticket, [render, snapshot = std::move(snapshot)] {
                return snapshot ? render(snapshot) : RestDesk::unavailable("The live picture is gone");
            });
        });
    if (!isAsked)
        desk->make(ticket, [] { return RestDesk::unavailable("Too many questions are waiting"); });
}

void RestApi::Private::askCost(std::string id, std::shared_ptr<http::Exchange> exchange)
{
    const std::uint64_t ticket = desk->open(std::move(exchange));
    if (ticket == 0)
        return;
    const bool isAsked = picture->askSandbox(
        std::move(id), [desk = desk, ticket](std::shared_ptr<const LivePicture::SandboxReport> report) {
            desk->make(ticket, [report = std::move(report)] {
                return report ? costAnswer(*report) : RestDesk::unavailable("The live picture is gone");
            });
        });
    if (!isAsked)
        desk->make(ticket, [] { return RestDesk::unavailable("Too many questions are waiting"); });
}

// Ten thousand sandboxes are some megabytes of JSON: made once for all who get the same picture.
http::Response RestApi::Private::active(const std::shared_ptr<const LiveSnapshot> &snapshot)
{
    if (activeOf != snapshot) {
        activeMade = activeAnswer(*snapshot);
        activeOf = snapshot;
    }
    return activeMade;
}

std::shared_ptr<const RunawayRules> RestApi::Private::runawayRules()
{
    const std::lock_guard lock(mutex);
    return runaways;
}

http::Response RestApi::Private::metricsText(const LiveSnapshot &snapshot)
{
    std::function<void(OpenMetrics &)> more;
    {
        const std::lock_guard lock(mutex);
        more = deliveryFigures;
    }
    return metricsTextAnswer(snapshot, journal, *runawayRules(), more);
}

RestApi::RestApi(const Journal &journal, std::shared_ptr<LivePicture> picture, RestApiOptions options)
    : d(std::make_shared<Private>(journal, std::move(picture), std::move(options)))
{}

RestApi::~RestApi()
{
    d->desk->stop();
    d->picture.reset(); // questions it still holds share d: without this they would keep each other
}

bool RestApi::owns(std::string_view path) const
{
    return path == metricsPath || path == activePath || path == runawayPath || path == eventsPath
        || !sandboxOf(path).empty();
}

void RestApi::answer(const http::Request &request, std::shared_ptr<http::Exchange> exchange)
{
    if (request.path == eventsPath) {
        if (const std::uint64_t ticket = d->desk->open(std::move(exchange)); ticket != 0)
            d->desk->make(ticket, [self = d, query = request.query] { return eventsAnswer(self->journal, query); });
    } else if (const std::string_view id = sandboxOf(request.path); !id.empty()) {
        d->askCost(std::string(id), std::move(exchange));
    } else if (request.path == activePath) {
        d->askSnapshot(std::move(exchange), [self = d](const auto &s) { return self->active(s); });
    } else if (request.path == runawayPath) {
        d->askSnapshot(std::move(exchange),
                       [rules = d->runawayRules()](const auto &s) { return runawayAnswer(*s, *rules); });
    } else if (wantsText(request)) {
        d->askSnapshot(std::move(exchange), [self = d](const auto &s) { return self->metricsText(*s); });
    } else {
        d->askSnapshot(std::move(exchange), [self = d](const auto &s) { return metricsAnswer(*s, self->journal); });
    }
}

void RestApi::dropWaiting()
{
    d->desk->dropWaiting();
}

void RestApi::setRunawayRules(std::optional<cost::RunawayRules> rules)
{
    auto made = std::make_shared<const RunawayRules>(std::move(rules));
    const std::lock_guard lock(d->mutex);
    d->runaways.swap(made);
}

void RestApi::setDeliveryFigures(std::function<void(OpenMetrics &)> append)
{
    const std::lock_guard lock(d->mutex);
    d->deliveryFigures.swap(append);
}

} // namespace sandglass::lifecycle
