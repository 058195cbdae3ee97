#include "models/webhooks/tunnelsession.h"

#include "models/webhooks/webhooklistmodel.h"
#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/webhookclient.h"

#include <QTimer>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sandglass::models {

namespace {
constexpr std::chrono::seconds goodbye{3};
}

/// One connection with a client of its own: the shared one may turn to another API while a removal is under way.
struct TunnelSession::Place
{
    Place(const e2b::Connection &connection, e2b::RegistrationFile &file)
        : client(connection), registrar(client.webhooks(), file, connection.id)
    {}

    e2b::Client client;
    e2b::WebhookRegistrar registrar;
    std::string name;      ///< of the registration; empty = none asked for
    std::string webhookId; ///< once it is made
};

TunnelSession::TunnelSession(e2b::RegistrationFile &file, QObject *parent) : QObject(parent), m_file(file) {}

TunnelSession::~TunnelSession() = default;

void TunnelSession::setReceiver(std::uint16_t port, const std::string &path, const std::string &secret)
{
    if (m_port != port && m_state != State::Idle)
        stop(); // it leads to where nobody listens any more
    m_port = port;
    m_path = path;
    setSecret(secret);
}

void TunnelSession::setSecret(const std::string &secret)
{
    if (std::exchange(m_secret, secret) == secret || m_place == nullptr || m_place->webhookId.empty())
        return;
    whenDone(m_place->client.webhooks().rotateSecret(m_place->webhookId, secret), this,
             [this](const Result<e2b::WebhookInfo> &answer) {
                 if (answer)
                     return;
                 m_registration = Registration::Failed;
                 m_registrationError = answer.error();
                 Q_EMIT changed();
             });
}

void TunnelSession::setConnection(const e2b::Connection &connection)
{
    const bool isUsable = connection.kind != e2b::Connection::Kind::Local && !connection.apiKey.empty();
    if (isUsable ? m_place != nullptr && m_place->client.connection() == connection : m_place == nullptr)
        return;
    leave();
    m_place = isUsable ? makePlace(connection) : nullptr;
    m_registration = Registration::None;
    if (isUsable) {
        const bool hasLeftovers = std::ranges::any_of(
            m_file.all(), [&](const e2b::WebhookRegistration &noted) { return noted.connection == connection.id; });
        if (hasLeftovers)
            m_place->registrar.sweep();
        if (m_state == State::Open)
            add();
    }
    Q_EMIT changed();
}

std::unique_ptr<TunnelSession::Place> TunnelSession::makePlace(const e2b::Connection &connection)
{
    using e2b::WebhookRegistrar;
    auto made = std::make_unique<Place>(connection, m_file);
    Place *place = made.get();
    connect(&place->registrar, &WebhookRegistrar::registered, this,
            [this, place](const std::string &, const e2b::WebhookInfo &webhook) {
                place->webhookId = webhook.id;
                m_registration = Registration::Done;
                Q_EMIT changed();
                Q_EMIT registrationsChanged();
            });
    connect(&place->registrar, &WebhookRegistrar::failed, this, [this, place](const std::string &, const Error &error) {
        if (place != m_place.get())
            return forgetPlace(place); // if it is there, it is noted on disk: the next start tries again
        place->name.clear();
        m_registration = Registration::Failed;
        m_registrationError = error;
        Q_EMIT changed();
    });
    connect(&place->registrar, &WebhookRegistrar::removed, this, [this, place] {
        Q_EMIT registrationsChanged();
        forgetPlace(place);
    });
    connect(&place->registrar, &WebhookRegistrar::swept, this, [this](int removedCount) {
        if (removedCount > 0)
            Q_EMIT registrationsChanged();
    });
    return made;
}

void TunnelSession::start(lifecycle::TunnelOptions options)
{
    if (m_state == State::Starting || m_state == State::Open)
        return;
    options.localPort = m_port;
    m_tunnel = std::make_unique<lifecycle::Tunnel>(std::move(options));
    m_state = State::Starting;
    connect(m_tunnel.get(), &lifecycle::Tunnel::opened, this, [this] {
        m_state = State::Open;
        add();
        Q_EMIT changed();
    });
    connect(m_tunnel.get(), &lifecycle::Tunnel::ended, this, &TunnelSession::onEnded);
    m_tunnel->start();
    Q_EMIT changed();
}

void TunnelSession::stop()
{
    leave();
    if (m_tunnel != nullptr) {
        m_tunnel->disconnect(this);
        m_tunnel->stop();
        // It may be the one that is calling; and its child has a moment to say goodbye.
        QTimer::singleShot(goodbye, m_tunnel.get(), &QObject::deleteLater);
        m_tunnel.release()->setParent(this);
    }
    m_state = State::Idle;
    m_registration = Registration::None;
    Q_EMIT changed();
}

void TunnelSession::onEnded(const Error &error)
{
    stop();
    m_state = State::Ended;
    m_error = error;
    Q_EMIT changed();
}

void TunnelSession::add()
{
    if (m_place == nullptr || m_tunnel == nullptr)
        return;
    m_registration = Registration::Pending;
    m_place->name = m_place->registrar.add("Sandglass tunnel", toUtf8(publicUrl()), m_secret,
                                           {webhookEventTypes.begin(), webhookEventTypes.end()});
}

void TunnelSession::leave()
{
    if (m_place == nullptr || std::exchange(m_place->name, {}).empty())
        return;
    auto fresh = makePlace(m_place->client.connection());
    m_leaving.push_back(std::exchange(m_place, std::move(fresh)));
    m_leaving.back()->registrar.removeAll();
}

void TunnelSession::forgetPlace(const Place *place)
{
    // Not at once: it is the one that is calling.
    const auto found = std::ranges::find_if(m_leaving, [place](const auto &leaving) { return leaving.get() == place; });
    if (found == m_leaving.end())
        return;
    QMetaObject::invokeMethod(
        this, [gone = std::shared_ptr<Place>(std::move(*found))] {}, Qt::QueuedConnection);
    m_leaving.erase(found);
    if (m_leaving.empty())
        Q_EMIT settled();
}

QString TunnelSession::publicUrl() const
{
    if (m_state != State::Open || m_tunnel == nullptr)
        return {};
    QString url = toQString(m_tunnel->publicUrl());
    while (url.endsWith(u'/'))
        url.chop(1);
    return url + toQString(m_path);
}

QString TunnelSession::connectionName() const
{
    return m_place == nullptr ? QString() : toQString(m_place->client.connection().name);
}

} // namespace sandglass::models
