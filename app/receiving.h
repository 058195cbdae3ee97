#pragma once

#include "app/receiversecrets.h"
#include "models/webhooks/deliveriesmodel.h"
#include "models/webhooks/quarantinemodel.h"
#include "models/webhooks/sessionwebhook.h"
#include "models/webhooks/tunnelsession.h"
#include "models/webhooks/webhooklistmodel.h"
#include "services/core/mailbox.h"
#include "services/core/paths.h"
#include "services/core/workthread.h"
#include "services/e2b/webhookregistrations.h"
#include "services/lifecycle/receiver.h"
#include "ui/webhooks/receiverview.h"

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sandglass {
class KeyStore;
}
namespace sandglass::lifecycle {
class Journal;
class RestApi;
} // namespace sandglass::lifecycle
namespace sandglass::models {
class RunSession;
class Settings;
} // namespace sandglass::models
namespace sandglass::ui {
class SettingsPage;
class WebhooksPage;
} // namespace sandglass::ui

namespace sandglass::app {

/// Everything about deliveries: the receiver with its secrets and token, its registration at the local engine, the
/// tunnel for the cloud, and the page that shows them.
class Receiving final : public QObject
{
    Q_OBJECT
public:
    /// All of it must outlive this.
    struct Surroundings
    {
        lifecycle::Journal &journal;
        std::shared_ptr<lifecycle::RestApi> rest; ///< the receiver's GET endpoints
        models::Settings &settings;
        KeyStore &keys;
        ProfilePaths paths;
        std::optional<int> port; ///< instead of the one in the settings
        e2b::Client &localClient;
        e2b::Client &activeClient;
    };
    explicit Receiving(Surroundings surroundings, QObject *parent = nullptr);
    ~Receiving() override;

    [[nodiscard]] ui::WebhooksPage *makePage(); ///< once; the caller owns it
    void attach(ui::SettingsPage &page);

    /// Gives the session a webhook of its own while Settings ask for it.
    void serve(models::RunSession &session);

    void start();         ///< known() follows
    void stop();          ///< before the journal goes
    void engineAdopted(); ///< the local client has the address of a running engine
    void useConnection(); ///< the active client has another connection
    void end();           ///< the window closes: takes away what was registered for this run
    [[nodiscard]] bool isSettled() const;

    [[nodiscard]] bool isKnown() const { return m_receiver != nullptr || !m_failure.isEmpty(); }
    [[nodiscard]] const lifecycle::Receiver *receiver() const { return m_receiver.get(); }
    [[nodiscard]] const QString &failure() const { return m_failure; }
    [[nodiscard]] std::string localUrl() const; ///< how a program of this machine reaches it, once it is there
    [[nodiscard]] bool isRegistered() const { return !m_webhookId.empty(); } ///< at the local engine

Q_SIGNALS:
    void known();   ///< the receiver listens, or failed; again after each change of its settings
    void settled(); ///< after end(): nothing waits for an answer any more

private:
    void readToken();
    void launch();
    void restart();
    void registerLocally();
    void prepareSession(std::function<void()> then);
    void moveSession();
    void onSessionWebhook();
    void takeBackLate(std::unique_ptr<e2b::WebhookRegistrar> registrar);
    void onSecretsChanged();
    void setToken(const QString &token);
    void updateViews();
    void tell(const QString &sentence);
    void checkSettled();
    void followDeliveries(const ui::ReceiverView &now);
    [[nodiscard]] ui::ReceiverView view();

    Surroundings m_around;
    ReceiverSecrets m_secrets;
    e2b::RegistrationFile m_registrations;
    std::unique_ptr<e2b::WebhookRegistrar> m_registrar; ///< at the local engine
    std::unique_ptr<lifecycle::Receiver> m_receiver;
    bool m_isEnding = false; ///< a receiver is being replaced
    Mailbox m_inbox;
    std::optional<WorkThread> m_ender{std::in_place}; ///< of replaced receivers; none once stopped
    models::WebhookListModel m_webhooks;
    models::DeliveriesModel m_deliveries;
    models::QuarantineModel m_quarantine;
    models::TunnelSession m_tunnel;
    models::SessionWebhook m_sessionWebhook;
    QPointer<models::RunSession> m_run;
    QPointer<ui::WebhooksPage> m_page;
    QPointer<ui::SettingsPage> m_settingsPage;
    QTimer m_ticker; ///< the receiver's statistics have no signal of their own
    QString m_failure;
    QString m_token;
    std::string m_registeredName;
    std::string m_webhookId;
    QString m_registrationFailure;
    std::uint64_t m_followedCount = 0; ///< deliveries whose sender has been asked for its figures
    bool m_isFollowedTwice = true;
    bool m_isLeaving = false; ///< the local registration is being removed
};

} // namespace sandglass::app
