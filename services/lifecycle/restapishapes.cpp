#include "services/lifecycle/restapishapes.h"

#include "services/core/json.h"
#include "services/core/money.h"
#include "services/cost/meter.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/openmetrics.h"
#include "services/lifecycle/usageindex.h"
#include "services/telemetry/figures.h"

#include <algorithm>
#include <optional>

namespace sandglass::lifecycle {

namespace {

constexpr int moneyDigits = 12; // a pico-dollar

struct Price
{
    std::optional<Money> amount; ///< empty: of no stretch is the size known
    bool isConfirmed = true;
    bool isPartial = false;
};

Price priceOf(const Sandbox &sandbox, const cost::RateCard &card, Timestamp now)
{
    Price price;
    price.isConfirmed = !sandbox.runs.empty();
    for (const RunInterval &run : sandbox.runs) {
        price.isConfirmed = price.isConfirmed && run.confirmedMs.has_value();
        if (const auto part = cost::priceOf(usageOf(run, now), card.of(sandbox.teamId)))
            price.amount = price.amount.value_or(Money()) + *part;
        else
            price.isPartial = true;
    }
    return price;
}

Json moneyOrNull(const std::optional<Money> &money)
{
    return money ? Json(money->toFixed(moneyDigits)) : Json();
}

Json textOrNull(const std::string &text)
{
    return text.empty() ? Json() : Json(text);
}

double secondsOf(std::chrono::milliseconds time)
{
    return static_cast<double>(time.count()) / 1000.0;
}

std::chrono::milliseconds lifetimeOf(const Sandbox &sandbox, Timestamp now)
{
    if (!sandbox.createdAt)
        return std::chrono::milliseconds(0);
    const auto lived =
        std::chrono::floor<std::chrono::milliseconds>(sandbox.endedAt.value_or(now) - *sandbox.createdAt);
    return std::max(lived, std::chrono::milliseconds(0));
}

Json sandboxJson(const Sandbox &sandbox, const LiveSnapshot &snapshot)
{
    const auto lifetime = secondsOf(lifetimeOf(sandbox, snapshot.at));
    return {{"sandbox_id", sandbox.id},
            {"created_at", sandbox.createdAt ? Json(isoTime(*sandbox.createdAt)) : Json()},
            {"lifetime_seconds", lifetime},
            {"lifetime_minutes", lifetime / 60},
            {"running_seconds", secondsOf(runningTime(sandbox, snapshot.at))},
            {"template", textOrNull(sandbox.templateName())},
            {"cost_usd", moneyOrNull(priceOf(sandbox, *snapshot.card, snapshot.at).amount)}};
}

/// The sandboxes for which `time` is above `least`, longest first; equal ones by id, so that pages do not jump.
template<typename TimeOf, typename LeastOf>
std::vector<const Sandbox *> longest(const LiveSnapshot &snapshot, TimeOf time, LeastOf least)
{
    std::vector<std::pair<std::chrono::milliseconds, const Sandbox *>> found;
    for (const auto &sandbox : snapshot.running) {
        if (const auto value = time(*sandbox, snapshot.at); value > least(*sandbox))
            found.emplace_back(value, sandbox.get());
    }
    std::ranges::sort(found, [](const auto &a, const auto &b) {
        return a.first != b.first ? a.first > b.first : a.second->id < b.second->id;
    });
    std::vector<const Sandbox *> sandboxes;
    sandboxes.reserve(found.size());
    for (const auto &[value, sandbox] : found)
        sandboxes.push_back(sandbox);
    return sandboxes;
}

std::chrono::milliseconds thresholdOf(const Sandbox &sandbox, const cost::RunawayRules &rules)
{
    return rules.thresholdFor(sandbox.templateId, sandbox.templateName());
}

std::vector<const Sandbox *> runawaysOf(const LiveSnapshot &snapshot, const RunawayRules &rules)
{
    if (!rules)
        return {};
    return longest(snapshot, runningTime, [&](const Sandbox &sandbox) { return thresholdOf(sandbox, *rules); });
}

Json minutesOf(std::chrono::milliseconds time)
{
    const bool isWhole = time % std::chrono::minutes(1) == std::chrono::milliseconds(0);
    return isWhole ? Json(time / std::chrono::minutes(1)) : Json(secondsOf(time) / 60);
}

Money burnRateOf(const Sandbox &sandbox, const LiveSnapshot &snapshot)
{
    if (sandbox.runs.empty() || sandbox.runs.back().end)
        return {};
    const RunInterval &run = sandbox.runs.back();
    const cost::RateCard &card = snapshot.card->of(sandbox.teamId);
    return cost::hourlyRate(run.vcpuCount, run.memoryMb, card, snapshot.at).value_or(Money());
}

/// What is known of the cost of running and paused sandboxes.
struct LiveCost
{
    Money perHour, soFar;
    std::size_t unsized = 0; ///< sandboxes that some of it leaves out, because nobody has told their size yet
};

LiveCost costOfLive(const LiveSnapshot &snapshot)
{
    LiveCost cost;
    for (const auto &sandbox : snapshot.running)
        cost.perHour += burnRateOf(*sandbox, snapshot);
    for (const auto *list : {&snapshot.running, &snapshot.paused}) {
        for (const auto &sandbox : *list) {
            const Price price = priceOf(*sandbox, *snapshot.card, snapshot.at);
            cost.soFar += price.amount.value_or(Money());
            cost.unsized += price.isPartial || sandbox->runs.empty() ? 1 : 0;
        }
    }
    return cost;
}

} // namespace

std::chrono::milliseconds runningTime(const Sandbox &sandbox, Timestamp now)
{
    std::chrono::milliseconds sum{0};
    for (const RunInterval &run : sandbox.runs) {
        const auto measured = std::chrono::floor<std::chrono::milliseconds>(run.end.value_or(now) - run.start);
        sum += run.confirmedMs ? std::chrono::milliseconds(*run.confirmedMs)
                               : std::max(measured, std::chrono::milliseconds(0));
    }
    return sum;
}

std::string isoTime(Timestamp time)
{
    std::string text = formatRfc3339(time, 6);
    text.pop_back(); // Z
    return text += "+00:00";
}

http::Response activeAnswer(const LiveSnapshot &snapshot)
{
    Json list = Json::array();
    for (const Sandbox *sandbox :
         longest(snapshot, lifetimeOf, [](const Sandbox &) { return std::chrono::milliseconds(-1); }))
        list.push_back(sandboxJson(*sandbox, snapshot));
    const std::size_t count = list.size();
    return http::Response::json(200, dumpJson({{"active_sandboxes", std::move(list)}, {"count", count}}));
}

http::Response runawayAnswer(const LiveSnapshot &snapshot, const RunawayRules &rules)
{
    Json list = Json::array();
    for (const Sandbox *sandbox : runawaysOf(snapshot, rules)) {
        const auto threshold = thresholdOf(*sandbox, *rules);
        Json item = sandboxJson(*sandbox, snapshot);
        item["exceeded_by_seconds"] = secondsOf(runningTime(*sandbox, snapshot.at) - threshold);
        item["timeout_minutes"] = minutesOf(threshold);
        list.push_back(std::move(item));
    }
    const std::size_t count = list.size();
    return http::Response::json(200,
                                dumpJson({{"runaway_sandboxes", std::move(list)},
                                          {"count", count},
                                          {"timeout_minutes", rules ? minutesOf(rules->threshold) : Json()}}));
}

http::Response costAnswer(const LivePicture::SandboxReport &report)
{
    if (!report.sandbox)
        return http::Response::error(404, "No such sandbox");
    const Sandbox &sandbox = *report.sandbox;
    constexpr std::array states = {"running", "paused", "killed", "lost", "unknown"};
    Json runs = Json::array();
    for (const RunInterval &run : sandbox.runs) {
        const cost::Usage usage = usageOf(run, report.at);
        const auto ran = std::chrono::floor<std::chrono::milliseconds>(usage.effectiveEnd() - usage.start);
        runs.push_back({{"execution_id", textOrNull(run.executionId)},
                        {"started_at", isoTime(run.start)},
                        {"ended_at", run.end ? Json(isoTime(*run.end)) : Json()},
                        {"duration_ms", std::max<std::int64_t>(ran.count(), 0)}, // one may start in the future
                        {"vcpu_count", run.vcpuCount > 0 ? Json(run.vcpuCount) : Json()},
                        {"memory_mb", run.memoryMb > 0 ? Json(run.memoryMb) : Json()},
                        {"confirmed", run.confirmedMs.has_value()},
                        {"cost_usd", moneyOrNull(cost::priceOf(usage, report.card->of(sandbox.teamId)))}});
    }
    const Price price = priceOf(sandbox, *report.card, report.at);
    const cost::CostFigures figures = figuresOf(sandbox, *report.card, report.at);
    return http::Response::json(200,
                                dumpJson({{"sandbox_id", sandbox.id},
                                          {"template", textOrNull(sandbox.templateName())},
                                          {"state", states[static_cast<std::size_t>(sandbox.state)]},
                                          {"cost_usd", moneyOrNull(price.amount)},
                                          {"estimated_usd", moneyOrNull(figures.estimated)},
                                          {"confirmed_usd", moneyOrNull(figures.confirmed)},
                                          {"reserved_usd", moneyOrNull(figures.reserved)},
                                          {"currency", "USD"},
                                          {"confirmed", price.isConfirmed},
                                          {"partial", price.isPartial},
                                          {"running_seconds", secondsOf(runningTime(sandbox, report.at))},
                                          {"end_at", sandbox.endAt ? Json(isoTime(*sandbox.endAt)) : Json()},
                                          {"metadata", Json(sandbox.metadata)},
                                          {"runs", std::move(runs)},
                                          {"timestamp", isoTime(report.at)}}));
}

http::Response metricsAnswer(const LiveSnapshot &snapshot, const Journal &journal)
{
    const std::size_t active = snapshot.running.size();
    const LiveCost cost = costOfLive(snapshot);
    Json templates = Json::object();
    for (const auto &[name, count] : *snapshot.byTemplate)
        templates[name.empty() ? "default" : name] = count;
    const Json metrics{{"total_created", snapshot.created},      {"total_killed", snapshot.ended},
                       {"current_concurrent", active},           {"peak_concurrent", snapshot.peak},
                       {"templates_used", std::move(templates)}, {"events_received", journal.count()}};
    return http::Response::json(200,
                                dumpJson({{"metrics", metrics},
                                          {"active_sandboxes", active},
                                          {"paused_sandboxes", snapshot.paused.size()},
                                          {"unknown_events", snapshot.unknownEvents},
                                          {"cost",
                                           {{"usd_per_hour", cost.perHour.toFixed(moneyDigits)},
                                            {"usd_of_live_sandboxes", cost.soFar.toFixed(moneyDigits)},
                                            {"partial", cost.unsized > 0},
                                            {"unsized_sandboxes", cost.unsized}}},
                                          {"timestamp", isoTime(snapshot.at)}}));
}

http::Response metricsTextAnswer(const LiveSnapshot &snapshot, const Journal &journal, const RunawayRules &runaways,
                                 const std::function<void(OpenMetrics &)> &more)
{
    constexpr std::size_t templateLimit = 200; // labels are for ever in a scraper's store
    OpenMetrics out;
    out.gauge("sandglass_sandboxes", "Sandboxes by state.");
    out.sample(snapshot.running.size(), {{"state", "running"}});
    out.sample(snapshot.paused.size(), {{"state", "paused"}});
    out.gauge("sandglass_sandboxes_peak", "Most sandboxes running at once, in the last day or since the start.");
    out.sample(snapshot.peak);
    out.gauge("sandglass_sandboxes_runaway", "Sandboxes running longer than their threshold, pauses left out.");
    out.sample(runawaysOf(snapshot, runaways).size());
    out.counter("sandglass_sandboxes_created", "Sandboxes known at all.");
    out.sample(snapshot.created);
    out.counter("sandglass_sandboxes_ended", "Sandboxes killed or lost.");
    out.sample(snapshot.ended);

    std::vector<std::pair<std::uint64_t, std::string_view>> templates;
    for (const auto &[name, count] : *snapshot.byTemplate)
        templates.emplace_back(count, name.empty() ? std::string_view("default") : std::string_view(name));
    std::ranges::sort(templates, std::greater());
    std::uint64_t others = 0;
    out.gauge("sandglass_template_sandboxes", "Sandboxes known by template; the least used ones as other.");
    for (std::size_t i = 0; i < templates.size(); ++i) {
        if (i < templateLimit)
            out.sample(templates[i].first, {{"template", templates[i].second}});
        else
            others += templates[i].first;
    }
    if (others > 0)
        out.sample(others, {{"template", "other"}});

    out.counter("sandglass_events", "Events in the journal.");
    out.sample(static_cast<std::uint64_t>(std::max<std::int64_t>(0, journal.count())));
    out.counter("sandglass_events_unknown", "Events of types that this version does not know, since the start.");
    for (const auto &[type, count] : snapshot.unknownEvents)
        out.sample(count, {{"type", type}});
    const LiveCost cost = costOfLive(snapshot);
    out.gauge("sandglass_cost_usd_per_hour", "List price of holding what runs now.");
    out.sample(cost.perHour.toFixed(moneyDigits));
    out.gauge("sandglass_live_cost_usd", "What the running and paused sandboxes have cost so far.", "usd");
    out.sample(cost.soFar.toFixed(moneyDigits));
    out.gauge("sandglass_sandboxes_unsized",
              "Running and paused sandboxes of unknown size, which the two costs leave out in part.");
    out.sample(cost.unsized);
    if (more)
        more(out);
    for (const telemetry::HistogramFamily *family : telemetry::figures().all())
        out.histogram(*family);
    return {200, {{"Content-Type", std::string(OpenMetrics::contentType)}}, std::move(out).finish()};
}

} // namespace sandglass::lifecycle
