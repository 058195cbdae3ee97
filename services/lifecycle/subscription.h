#pragma once

#include "services/lifecycle/event.h"
#include "services/lifecycle/subscriptioncallback.h"

#include <QObject>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::lifecycle {

/// The full name of an event type: "sandbox.created" and "created" are short for "sandbox.lifecycle.created", "create"
/// is E2B's old label for it. Anything else stays as it is.
[[nodiscard]] std::string eventTypeFromAlias(std::string_view alias);

/// Whether `text` is as `pattern` says, in which '*' stands for any number of characters.
[[nodiscard]] bool matchesPattern(std::string_view pattern, std::string_view text);

/// Which events a subscriber wants.
struct EventFilter
{
    std::vector<std::string> types; ///< names or aliases; empty = all
    std::string templateName;       ///< id or readable name, '*' stands for anything; empty = all

    /// `knownName`: the readable name of the event's template, or empty.
    [[nodiscard]] bool matches(const Event &event, std::string_view knownName) const;
};

/// Tells subscribers of events: functions of this process, or URLs that get the event as E2B would send it. One thread;
/// what comes in is what the tracker has recorded, so an event is told once.
class Subscriptions final : public QObject
{
    Q_OBJECT
public:
    using Callback = std::function<void(const Event &)>;
    using TemplateNames = std::function<std::string(const Event &)>;

    /// `names` gives the readable name of an event's template, or an empty text.
    Subscriptions(TemplateNames names, CallbackPoster poster, QObject *parent = nullptr);
    ~Subscriptions() override;

    /// A callback may subscribe and unsubscribe, itself too; it is called from the next event on.
    int subscribe(EventFilter filter, Callback callback);
    /// Error (Local): not an http or https URL, or a secret that is too short.
    [[nodiscard]] Result<int> subscribe(EventFilter filter, const CallbackTarget &target);
    void unsubscribe(int id); ///< what waits in its queue is not sent
    void publish(const Event &event);
    void publish(const std::vector<Event> &events);

    /// Null for an unknown id and for functions.
    [[nodiscard]] const HttpCallback *callback(int id) const;
    void resume(int id); ///< an HTTP callback that gave up
    [[nodiscard]] std::size_t count() const { return m_subscribers.size(); }

Q_SIGNALS:
    /// An HTTP callback lost an event, or gave up altogether.
    void troubled(int id, const sandglass::lifecycle::CallbackStatus &status);

private:
    struct Subscriber
    {
        EventFilter filter;
        Callback callback; ///< empty: `http`
        std::unique_ptr<HttpCallback> http;
    };

    TemplateNames m_names;
    CallbackPoster m_poster;
    std::map<int, std::shared_ptr<Subscriber>> m_subscribers;
    int m_lastId = 0;
};

} // namespace sandglass::lifecycle
