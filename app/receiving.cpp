#include "app/receiving.h"

#include "models/runs/runsession.h"
#include "models/settings/settings.h"
#include "services/core/ids.h"
#include "services/core/keystore.h"
#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"
#include "services/e2b/webhookclient.h"
#include "services/lifecycle/receiverhandler.h"
#include "ui/settings/settingspage.h"
#include "ui/webhooks/webhookspage.h"

#include <QLoggingCategory>

#include <utility>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logReceiving, "sandglass.receiving")

constexpr const char *registrationName = "Sandglass desktop";
constexpr const char *tokenName = "receiver-token";
constexpr const char *secretVariable = "SANDGLASS_WEBHOOK_SECRET";
constexpr int tokenBytes = 20;

using Key = models::Settings::Key;

} // namespace

Receiving::Receiving(Surroundings surroundings, QObject *parent)
    : QObject(parent)
    , m_around(std::move(surroundings))
    , m_secrets(m_around.keys, qgetenv(secretVariable))
    , m_registrations(m_around.paths.state / "webhook-registrations.json")
    , m_webhooks(m_around.activeClient)
    , m_deliveries(m_around.activeClient)
    , m_tunnel(m_registrations)
    , m_sessionWebhook(m_registrations)
{
    connect(&m_secrets, &ReceiverSecrets::opened, this, &Receiving::readToken);
    connect(&m_secrets, &ReceiverSecrets::failed, this, [this](const QString &reason) {
        m_failure = reason;
        updateViews();
        Q_EMIT known();
    });
    connect(&m_secrets, &ReceiverSecrets::changed, this, &Receiving::onSecretsChanged);
    connect(&m_secrets, &ReceiverSecrets::notKept, this, [this](const Error &error) {
        qCWarning(logReceiving, "the webhook secret could not be kept: %s", error.message.c_str());
        tell(tr("The secret could not be kept: %1").arg(toQString(error.message)));
    });
    const auto refresh = [this] {
        if (m_webhooks.state() != models::WebhookListModel::State::NotLoaded)
            m_webhooks.refresh();
    };
    connect(&m_tunnel, &models::TunnelSession::registrationsChanged, &m_webhooks, refresh);
    connect(&m_tunnel, &models::TunnelSession::changed, this, &Receiving::moveSession);
    connect(&m_tunnel, &models::TunnelSession::changed, this, &Receiving::updateViews);
    connect(&m_tunnel, &models::TunnelSession::settled, this, &Receiving::checkSettled);
    connect(&m_sessionWebhook, &models::SessionWebhook::registrationsChanged, &m_webhooks, refresh);
    connect(&m_sessionWebhook, &models::SessionWebhook::changed, this, &Receiving::onSessionWebhook);
    connect(&m_sessionWebhook, &models::SessionWebhook::settled, this, &Receiving::checkSettled);
    connect(&m_webhooks, &models::WebhookListModel::done, this, &Receiving::checkSettled);
    connect(&m_ticker, &QTimer::timeout, this, &Receiving::updateViews);
    m_ticker.start(2s);
}

Receiving::~Receiving()
{
    stop();
}

ui::WebhooksPage *Receiving::makePage()
{
    m_page = new ui::WebhooksPage(m_webhooks, m_deliveries, m_quarantine, m_tunnel);
    connect(m_page, &ui::WebhooksPage::rotateSecretRequested, &m_secrets, &ReceiverSecrets::rotate);
    connect(m_page, &ui::WebhooksPage::endOverlapRequested, &m_secrets, &ReceiverSecrets::endOverlap);
    return m_page;
}

void Receiving::attach(ui::SettingsPage &page)
{
    m_settingsPage = &page;
    connect(&page, &ui::SettingsPage::receiverRestartRequested, this, &Receiving::restart);
    connect(&page, &ui::SettingsPage::receiverTokenRequested, this,
            [this](bool isWanted) { setToken(isWanted ? toQString(newHexToken(tokenBytes)) : QString()); });
}

void Receiving::start()
{
    m_secrets.open();
}

void Receiving::readToken()
{
    m_around.keys.read(tokenName, [this](const Result<std::optional<std::string>> &answer) {
        if (!answer) { // there may be one: better nobody gets in than everybody
            m_token = toQString(newWebhookSecret());
            qCWarning(logReceiving, "the receiver's token could not be read: %s", answer.error().message.c_str());
            tell(tr("The receiver's token could not be read; it has another one for this run: %1")
                     .arg(toQString(answer.error().message)));
        } else {
            m_token = toQString(answer->value_or(std::string()));
        }
        launch();
    });
}

void Receiving::launch()
{
    const models::Settings &settings = m_around.settings;
    lifecycle::ReceiverOptions options;
    options.secret = toUtf8(m_secrets.current());
    options.quarantineFile = m_around.paths.state / "quarantine.jsonl";
    options.rest = m_around.rest;
    options.port = static_cast<std::uint16_t>(m_around.port.value_or(settings.number(Key::ReceiverPort)));
    options.address = toUtf8(settings.text(Key::ReceiverAddress));
    options.certificateFile = toUtf8(settings.text(Key::ReceiverCertificate));
    options.keyFile = toUtf8(settings.text(Key::ReceiverKey));
    options.allowPlainText = settings.number(Key::ReceiverPlainText) != 0;
    options.bearerToken = toUtf8(m_token);
    options.niceness = 10; // a flood must not take the window's turn: at 5 a page took a third longer to paint in one
    m_failure.clear();
    m_receiver = std::make_unique<lifecycle::Receiver>(m_around.journal, options);
    m_receiver->setSecrets(m_secrets.all());
    if (const auto started = m_receiver->start(); !started) {
        m_failure = toQString(started.error().message);
        m_receiver.reset();
    }
    m_quarantine.setReceiver(m_receiver.get());
    // A tunnel speaks plain HTTP to loopback; a receiver elsewhere needs none.
    const bool canTunnel = m_receiver != nullptr && options.address == "127.0.0.1" && options.certificateFile.empty();
    m_tunnel.setReceiver(canTunnel ? m_receiver->port() : 0, std::string(lifecycle::webhookPath), options.secret);
    registerLocally();
    moveSession();
    updateViews();
    Q_EMIT known();
}

void Receiving::serve(models::RunSession &session)
{
    m_run = &session;
    session.setPreparation([this](std::function<void()> then) { prepareSession(std::move(then)); });
    connect(&session, &models::RunSession::ended, &m_sessionWebhook, &models::SessionWebhook::leave);
}

void Receiving::prepareSession(std::function<void()> then)
{
    const e2b::Connection &active = m_around.activeClient.connection();
    const bool isLocal = active.kind == e2b::Connection::Kind::Local;
    const QString url = m_receiver == nullptr ? QString() : isLocal ? toQString(localUrl()) : m_tunnel.publicUrl();
    if (!m_around.settings.value(Key::RefineWebhook).toBool()) {
        m_sessionWebhook.end();
    } else if (url.isEmpty()) {
        const QString why = m_receiver == nullptr
            ? tr("no receiver listens")
            : tr("%1 reaches this machine by a tunnel only, which is not open").arg(toQString(active.name));
        m_sessionWebhook.refuse({.kind = Error::Kind::Local, .message = toUtf8(why)});
    } else {
        const auto metadata = m_run->metadata();
        const auto &[key, name] = *metadata.begin();
        m_receiver->nameSession(key, name);
        return m_sessionWebhook.ask({active, name, toUtf8(url), toUtf8(m_secrets.current())}, std::move(then));
    }
    then();
}

/// The receiver is another, its secret or the tunnel to it.
void Receiving::moveSession()
{
    if (m_sessionWebhook.isThere() && m_run != nullptr)
        prepareSession([] {});
}

void Receiving::onSessionWebhook()
{
    using State = models::SessionWebhook::State;
    if (m_run == nullptr)
        return;
    const State state = m_sessionWebhook.state();
    m_run->setWebhookNote(state == State::Pending    ? tr("registering its webhook…")
                              : state == State::Done ? tr("webhook of its own")
                              : state == State::Failed
                              ? tr("no webhook of its own: %1").arg(toQString(m_sessionWebhook.error().message))
                              : QString());
}

void Receiving::restart()
{
    if (m_isEnding || !m_ender || m_secrets.current().isEmpty())
        return;
    m_quarantine.setReceiver(nullptr);
    // It lets deliveries under way finish, which may take seconds: not on this thread.
    m_isEnding = true;
    m_ender->post([this, old = std::shared_ptr<lifecycle::Receiver>(std::move(m_receiver))]() mutable {
        old.reset();
        m_inbox.post([this] {
            m_isEnding = false;
            if (m_ender)
                launch();
        });
    });
    m_failure.clear();
    updateViews();
}

void Receiving::stop()
{
    m_ticker.stop();
    m_quarantine.setReceiver(nullptr);
    m_ender.reset(); // waits
    m_receiver.reset();
}

void Receiving::engineAdopted()
{
    registerLocally();
}

void Receiving::useConnection()
{
    m_webhooks.forget();
    m_deliveries.show({});
    m_tunnel.setConnection(m_around.activeClient.connection());
    if (m_page != nullptr && m_page->isVisible())
        m_webhooks.refresh();
}

std::string Receiving::localUrl() const
{
    std::string url = m_receiver->url();
    for (const auto &[any, here] : {std::pair("//0.0.0.0:", "//127.0.0.1:"), std::pair("//[::]:", "//[::1]:")}) {
        if (const auto at = url.find(any); at != std::string::npos)
            url.replace(at, std::string_view(any).size(), here);
    }
    return url;
}

void Receiving::registerLocally()
{
    if (m_receiver == nullptr || m_around.localClient.connection().apiKey.empty())
        return;
    if (m_registrar != nullptr && m_webhookId.empty() && !m_registeredName.empty())
        takeBackLate(std::move(m_registrar));
    m_webhookId.clear();
    m_registeredName.clear();
    m_registrationFailure.clear();
    // A new one has no registration of its own yet: its sweep takes what this and earlier starts left.
    m_registrar = std::make_unique<e2b::WebhookRegistrar>(m_around.localClient.webhooks(), m_registrations,
                                                          m_around.localClient.connection().id);
    using e2b::WebhookRegistrar;
    connect(m_registrar.get(), &WebhookRegistrar::swept, this, [this](int removed, int left) {
        if (removed > 0 || left > 0)
            qCInfo(logReceiving, "%d webhooks of an earlier start removed, %d left", removed, left);
        if (m_receiver == nullptr)
            return; // it is being restarted, and registered then
        m_registeredName = m_registrar->add(registrationName, localUrl(), toUtf8(m_secrets.current()),
                                            {models::webhookEventTypes.begin(), models::webhookEventTypes.end()});
    });
    connect(m_registrar.get(), &WebhookRegistrar::registered, this,
            [this](const std::string &, const e2b::WebhookInfo &webhook) {
                m_webhookId = webhook.id;
                if (m_around.activeClient.connection().kind == e2b::Connection::Kind::Local)
                    m_webhooks.refresh();
                updateViews();
            });
    connect(m_registrar.get(), &WebhookRegistrar::failed, this, [this](const std::string &, const Error &error) {
        qCWarning(logReceiving, "the receiver could not be registered: %s", error.message.c_str());
        m_registeredName.clear();
        m_registrationFailure = toQString(error.message);
        m_isLeaving = false;
        checkSettled();
        updateViews();
    });
    connect(m_registrar.get(), &WebhookRegistrar::removed, this, [this] {
        m_isLeaving = false;
        checkSettled();
    });
    m_registrar->sweep();
}

/// A registration whose answer is still to come: it would stand beside the new one, with a secret that may be old.
void Receiving::takeBackLate(std::unique_ptr<e2b::WebhookRegistrar> registrar)
{
    using e2b::WebhookRegistrar;
    WebhookRegistrar *late = registrar.release();
    late->disconnect(this);
    late->setParent(this);
    connect(late, &WebhookRegistrar::removed, late, &QObject::deleteLater);
    connect(late, &WebhookRegistrar::failed, late, &QObject::deleteLater);
    late->removeAll();
}

void Receiving::onSecretsChanged()
{
    const std::string secret = toUtf8(m_secrets.current());
    if (m_receiver != nullptr)
        m_receiver->setSecrets(m_secrets.all());
    m_tunnel.setSecret(secret);
    if (!m_webhookId.empty())
        whenDone(m_around.localClient.webhooks().rotateSecret(m_webhookId, secret), this,
                 [this](const Result<e2b::WebhookInfo> &answer) {
                     if (!answer)
                         registerLocally();
                 });
    moveSession();
    updateViews();
}

void Receiving::setToken(const QString &token)
{
    const auto then = [this](const Result<> &kept) {
        if (!kept)
            tell(tr("The token could not be kept: %1").arg(toQString(kept.error().message)));
    };
    m_token = token;
    if (token.isEmpty())
        m_around.keys.remove(tokenName, then);
    else
        m_around.keys.write(tokenName, toUtf8(token), then);
    restart();
}

ui::ReceiverView Receiving::view()
{
    ui::ReceiverView view;
    view.isListening = m_receiver != nullptr;
    view.failure = m_failure;
    view.secret = m_secrets.current();
    view.secretPlace = m_secrets.isGiven() ? tr("the environment") : toQString(m_around.keys.description());
    view.canRotate = !m_secrets.isGiven() && !view.secret.isEmpty();
    view.oldSecretUntil = m_secrets.acceptedUntil();
    view.token = m_token;
    view.isRegistered = isRegistered();
    view.registrationFailure = m_registrationFailure;
    if (m_receiver != nullptr) {
        view.url = toQString(m_receiver->url());
        view.statistics = m_receiver->statistics();
        view.lastRefusal = m_quarantine.lastRefusal();
    }
    return view;
}

void Receiving::updateViews()
{
    m_quarantine.refresh();
    const ui::ReceiverView now = view();
    QStringList own;
    if (m_receiver != nullptr)
        own << now.url << toQString(localUrl());
    if (const QString through = m_tunnel.publicUrl(); !through.isEmpty())
        own << through;
    m_webhooks.setOwnUrls(own);
    followDeliveries(now);
    if (m_page != nullptr)
        m_page->setReceiver(now);
    if (m_settingsPage != nullptr)
        m_settingsPage->setReceiver(now);
}

/// With each look at the receiver, so at most every two seconds, and while somebody sees the page.
void Receiving::followDeliveries(const ui::ReceiverView &now)
{
    if (m_page == nullptr || !m_page->isVisible())
        return;
    const std::uint64_t count = now.statistics.accepted + now.statistics.duplicates + now.statistics.refused();
    const bool isNew = std::exchange(m_followedCount, count) != count;
    // The sender notes a delivery after our answer: the last one may not have been among its figures yet.
    if (isNew || !m_isFollowedTwice)
        m_webhooks.refreshOwnStatistics();
    m_isFollowedTwice = !isNew;
}

void Receiving::end()
{
    if (m_page != nullptr)
        m_page->settle();
    if (m_registrar != nullptr && !m_webhookId.empty()) {
        m_isLeaving = true;
        m_webhookId.clear();
        m_registrar->removeAll();
    }
    m_sessionWebhook.end();
    m_tunnel.stop();
}

bool Receiving::isSettled() const
{
    return !m_isLeaving && m_tunnel.isSettled() && m_sessionWebhook.isSettled() && m_webhooks.openCount() == 0;
}

void Receiving::checkSettled()
{
    if (isSettled())
        Q_EMIT settled();
}

void Receiving::tell(const QString &sentence)
{
    if (m_page != nullptr)
        Q_EMIT m_page->toast(sentence);
}

} // namespace sandglass::app
