#include "services/engine/api/listquery.h"

#include "services/core/base64.h"
#include "services/engine/api/errors.h"
#include "services/engine/api/router.h"

#include <algorithm>
#include <charconv>

namespace sandglass::engine {

namespace {

std::vector<std::string> splitBy(std::string_view text, char separator)
{
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto end = text.find(separator);
        if (end != 0)
            parts.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return parts;
}

std::string makeToken(const LiveSandbox &last, bool ascending)
{
    return base64UrlEncode(formatRfc3339(last.startedAt, 9) + "__" + last.id + (ascending ? "__asc" : ""));
}

Result<ListQuery::Position> readToken(const std::string &token, bool ascending)
{
    const auto text = base64Decode(token);
    const auto first = text ? text->find("__") : std::string::npos;
    if (first == std::string::npos)
        return refuse(400, "Invalid next token");
    const auto time = parseRfc3339(text->substr(0, first));
    std::string id = text->substr(first + 2);
    const bool tokenAscending = id.ends_with("__asc");
    if (tokenAscending)
        id.resize(id.size() - 5);
    if (!time || tokenAscending != ascending)
        return refuse(400, "Invalid next token");
    return ListQuery::Position{*time, id};
}

Result<> readStates(const http::Headers &pairs, ListQuery &query)
{
    if (!hasQuery(pairs, "state"))
        return {};
    query.running = query.paused = false;
    for (const auto &[name, value] : pairs) {
        if (name != "state")
            continue;
        for (const std::string &state : splitBy(value, ',')) {
            if (state != "running" && state != "paused")
                return refuse(400, "Invalid state: " + state);
            (state == "running" ? query.running : query.paused) = true;
        }
    }
    return {};
}

bool comesBefore(Timestamp aTime, const std::string &aId, Timestamp bTime, const std::string &bId, bool ascending)
{
    if (aTime != bTime)
        return ascending ? aTime < bTime : aTime > bTime;
    return aId < bId;
}

bool fits(const LiveSandbox &live, const ListQuery &query, const std::string &templateId)
{
    const bool isPaused = live.state == LiveSandbox::State::Paused || live.state == LiveSandbox::State::Pausing;
    if (!(isPaused ? query.paused : query.running))
        return false;
    if (query.startedAfter && live.startedAt < *query.startedAfter)
        return false;
    if (!query.templateReference.empty() && live.blueprint.id != templateId)
        return false;
    return std::all_of(query.metadata.begin(), query.metadata.end(), [&](const auto &wanted) {
        const auto it = live.request.metadata.find(wanted.first);
        return it != live.request.metadata.end() && it->second == wanted.second;
    });
}

} // namespace

std::map<std::string, std::string> parseMetadataFilter(std::string_view parameter)
{
    // parseQuery undoes the form encoding of the pairs, percentDecode the encoding of each key and value. The SDK's
    // innermost layer is encodeURIComponent: there a '+' is a plus.
    std::map<std::string, std::string> filter;
    for (const auto &[key, value] : http::parseQuery(parameter)) {
        if (!key.empty())
            filter[http::percentDecode(key)] = http::percentDecode(value);
    }
    return filter;
}

Result<ListQuery> parseListQuery(std::string_view text)
{
    const http::Headers pairs = http::parseQuery(text);
    ListQuery query;
    query.metadata = parseMetadataFilter(queryValue(pairs, "metadata"));
    if (const auto states = readStates(pairs, query); !states)
        return failure(states.error());
    const std::string order = queryValue(pairs, "order", "desc");
    if (order != "asc" && order != "desc")
        return refuse(400, "Invalid order: " + order);
    query.ascending = order == "asc";
    if (hasQuery(pairs, "startedAfter")) {
        query.startedAfter = parseRfc3339(queryValue(pairs, "startedAfter"));
        if (!query.startedAfter)
            return refuse(400, "Invalid startedAfter");
    }
    query.templateReference = queryValue(pairs, "template");
    if (query.templateReference.find(':') != std::string::npos)
        return refuse(400, "the template filter takes no tag");
    const std::string limit = queryValue(pairs, "limit", "100");
    const auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), query.limit);
    if (error != std::errc() || end != limit.data() + limit.size() || query.limit < 1 || query.limit > 100)
        return refuse(400, "limit has to be 1 to 100");
    if (const std::string token = queryValue(pairs, "nextToken"); !token.empty()) {
        const auto position = readToken(token, query.ascending);
        if (!position)
            return failure(position.error());
        query.after = *position;
    }
    return query;
}

ListPage selectSandboxes(std::vector<std::shared_ptr<LiveSandbox>> all, const ListQuery &query,
                         const std::string &templateId)
{
    ListPage page;
    page.totalRunning =
        static_cast<int>(std::count_if(all.begin(), all.end(), [](const auto &s) { return s->isRunning(); }));
    std::erase_if(all, [&](const auto &live) {
        return !fits(*live, query, templateId)
            || (query.after
                && !comesBefore(query.after->startedAt, query.after->id, live->startedAt, live->id, query.ascending));
    });
    std::sort(all.begin(), all.end(), [&](const auto &a, const auto &b) {
        return comesBefore(a->startedAt, a->id, b->startedAt, b->id, query.ascending);
    });
    if (all.size() > query.limit) {
        all.resize(query.limit);
        page.nextToken = makeToken(*all.back(), query.ascending);
    }
    page.sandboxes = std::move(all);
    return page;
}

} // namespace sandglass::engine
