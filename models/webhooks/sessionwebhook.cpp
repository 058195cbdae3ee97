#include "models/webhooks/sessionwebhook.h"

#include "models/webhooks/webhooklistmodel.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sandglass::models {

namespace {
constexpr std::chrono::seconds patience{5};
constexpr std::chrono::seconds lastNews{2}; // they come within milliseconds, or not at all
} // namespace

/// A client of its own: the shared one may turn to another API while a removal is under way.
struct SessionWebhook::Place
{
    Place(Target wanted, e2b::RegistrationFile &file)
        : target(std::move(wanted)), client(target.connection), registrar(client.webhooks(), file, target.connection.id)
    {}

    Target target;
    e2b::Client client;
    e2b::WebhookRegistrar registrar;
    std::string name; ///< of the registration
};

SessionWebhook::SessionWebhook(e2b::RegistrationFile &file, QObject *parent) : QObject(parent), m_file(file)
{
    m_limit.setSingleShot(true);
    m_limit.setInterval(patience);
    m_goodbye.setSingleShot(true);
    m_goodbye.setInterval(lastNews);
    connect(&m_limit, &QTimer::timeout, this, &SessionWebhook::goOn);
    connect(&m_goodbye, &QTimer::timeout, this, &SessionWebhook::end);
}

SessionWebhook::~SessionWebhook() = default;

std::unique_ptr<SessionWebhook::Place> SessionWebhook::makePlace(const Target &target)
{
    using e2b::WebhookRegistrar;
    auto made = std::make_unique<Place>(target, m_file);
    const Place *place = made.get();
    connect(&made->registrar, &WebhookRegistrar::registered, this, [this] {
        setState(State::Done);
        Q_EMIT registrationsChanged();
        goOn();
    });
    connect(&made->registrar, &WebhookRegistrar::failed, this,
            [this, place](const std::string &, const Error &error) { onFailed(place, error); });
    connect(&made->registrar, &WebhookRegistrar::removed, this, [this, place] {
        Q_EMIT registrationsChanged();
        forget(place);
    });
    return made;
}

void SessionWebhook::ask(const Target &target, std::function<void()> then)
{
    m_goodbye.stop();
    if (m_place != nullptr && m_place->target == target) {
        if (m_state != State::Pending)
            return then();
        m_waiting.push_back(std::move(then));
        return;
    }
    end();
    m_place = makePlace(target);
    m_waiting.push_back(std::move(then));
    m_limit.start();
    m_place->name = m_place->registrar.add("Refine " + target.session, target.url + '/' + target.session, target.secret,
                                           {webhookEventTypes.begin(), webhookEventTypes.end()});
    m_file.hold(m_place->name);
    setState(State::Pending);
}

void SessionWebhook::refuse(const Error &why)
{
    end();
    setState(State::Failed, why);
}

void SessionWebhook::onFailed(const Place *place, const Error &error)
{
    if (place != m_place.get())
        return forget(place); // if it is there, it is noted on disk: the next start tries again
    m_leaving.push_back(std::move(m_place));
    forget(place);
    setState(State::Failed, error);
    goOn();
}

void SessionWebhook::leave()
{
    if (m_place != nullptr)
        m_goodbye.start();
    else
        end();
}

void SessionWebhook::end()
{
    m_goodbye.stop();
    if (m_place != nullptr) {
        m_leaving.push_back(std::move(m_place));
        m_leaving.back()->registrar.removeAll();
    }
    setState(State::None);
    goOn();
}

void SessionWebhook::goOn()
{
    m_limit.stop();
    for (const auto &then : std::exchange(m_waiting, {}))
        then();
}

void SessionWebhook::forget(const Place *place)
{
    const auto found = std::ranges::find_if(m_leaving, [place](const auto &leaving) { return leaving.get() == place; });
    if (found == m_leaving.end())
        return;
    m_file.letGo((*found)->name);
    // Not at once: it is the one that is calling.
    QMetaObject::invokeMethod(
        this, [gone = std::shared_ptr<Place>(std::move(*found))] {}, Qt::QueuedConnection);
    m_leaving.erase(found);
    if (m_leaving.empty())
        Q_EMIT settled();
}

void SessionWebhook::setState(State state, const Error &error)
{
    if (state == m_state && error == m_error)
        return;
    m_state = state;
    m_error = error;
    Q_EMIT changed();
}

} // namespace sandglass::models
