#include "services/lifecycle/subscription.h"

#include "services/lifecycle/codeexecution.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sandglass::lifecycle {
namespace {

constexpr std::string_view lifecyclePrefix = "sandbox.lifecycle.";

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> lifecycleWords{{
    {"created", "created"},
    {"updated", "updated"},
    {"paused", "paused"},
    {"resumed", "resumed"},
    {"killed", "killed"},
    {"checkpointed", "checkpointed"},
    {"create", "created"},
    {"update", "updated"},
    {"pause", "paused"},
    {"resume", "resumed"},
    {"kill", "killed"},
}};

} // namespace

bool matchesPattern(std::string_view pattern, std::string_view text)
{
    // No backtracking beyond the last star, so no text takes long.
    std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

std::string eventTypeFromAlias(std::string_view alias)
{
    std::string_view word = alias;
    if (word.starts_with("sandbox."))
        word.remove_prefix(std::string_view("sandbox.").size());
    if (word == "code_executed")
        return codeExecutedType;
    const auto *known = std::ranges::find(lifecycleWords, word, [](const auto &entry) { return entry.first; });
    return known != lifecycleWords.end() ? std::string(lifecyclePrefix).append(known->second) : std::string(alias);
}

bool EventFilter::matches(const Event &event, std::string_view knownName) const
{
    const auto isType = [&event](const std::string &wanted) { return eventTypeFromAlias(wanted) == event.typeName; };
    if (!types.empty() && std::ranges::none_of(types, isType))
        return false;
    return templateName.empty() || matchesPattern(templateName, event.templateId)
        || (!knownName.empty() && matchesPattern(templateName, knownName));
}

Subscriptions::Subscriptions(TemplateNames names, CallbackPoster poster, QObject *parent)
    : QObject(parent), m_names(std::move(names)), m_poster(std::move(poster))
{}

Subscriptions::~Subscriptions() = default;

int Subscriptions::subscribe(EventFilter filter, Callback callback)
{
    m_subscribers[++m_lastId] =
        std::make_shared<Subscriber>(Subscriber{std::move(filter), std::move(callback), nullptr});
    return m_lastId;
}

Result<int> Subscriptions::subscribe(EventFilter filter, const CallbackTarget &target)
{
    if (const auto fine = HttpCallback::check(target); !fine)
        return failure(fine.error());
    const int id = ++m_lastId;
    auto http = std::make_unique<HttpCallback>(target, "subscription-" + std::to_string(id), m_poster);
    connect(http.get(), &HttpCallback::troubled, this,
            [this, id](const CallbackStatus &status) { Q_EMIT troubled(id, status); });
    m_subscribers[id] = std::make_shared<Subscriber>(Subscriber{std::move(filter), {}, std::move(http)});
    return id;
}

void Subscriptions::unsubscribe(int id)
{
    const auto found = m_subscribers.find(id);
    if (found == m_subscribers.end())
        return;
    // It may be the one whose signal or function is running.
    if (found->second->http)
        found->second->http.release()->deleteLater();
    m_subscribers.erase(found);
}

void Subscriptions::publish(const Event &event)
{
    const std::string name = m_names ? m_names(event) : std::string();
    const auto present = m_subscribers; // callbacks may change the list
    for (const auto &[id, subscriber] : present) {
        if (!m_subscribers.contains(id) || !subscriber->filter.matches(event, name))
            continue;
        if (subscriber->callback)
            subscriber->callback(event);
        else if (subscriber->http)
            subscriber->http->enqueue(event);
    }
}

void Subscriptions::publish(const std::vector<Event> &events)
{
    for (const Event &event : events)
        publish(event);
}

const HttpCallback *Subscriptions::callback(int id) const
{
    const auto found = m_subscribers.find(id);
    return found != m_subscribers.end() ? found->second->http.get() : nullptr;
}

void Subscriptions::resume(int id)
{
    const auto found = m_subscribers.find(id);
    if (found != m_subscribers.end() && found->second->http)
        found->second->http->resume();
}

} // namespace sandglass::lifecycle
