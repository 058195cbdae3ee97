#pragma once

#include "services/core/result.h"
#include "services/e2b/client.h"
#include "services/e2b/webhookregistrations.h"
#include "services/lifecycle/tunnel.h"

#include <QObject>

#include <memory>
#include <string>
#include <vector>

namespace sandglass::models {

/// A tunnel to this program's receiver, and the webhook at the active connection that leads through it. Goes with the
/// connection: another one gets a webhook of its own, the old one's is removed. What a crash left at a connection is
/// removed as soon as that connection is used again.
class TunnelSession final : public QObject
{
    Q_OBJECT
public:
    enum class State {
        Idle,
        Starting, ///< the program runs, its URL is not known yet
        Open,
        Ended, ///< by itself, see error()
    };
    Q_ENUM(State)
    enum class Registration {
        None,    ///< no tunnel, or no connection that needs it (the local engine reaches the receiver itself)
        Pending, ///< asked for
        Done,
        Failed, ///< see registrationError()
    };
    Q_ENUM(Registration)

    /// `file` must outlive this.
    explicit TunnelSession(e2b::RegistrationFile &file, QObject *parent = nullptr);
    ~TunnelSession() override;

    void setReceiver(std::uint16_t port, const std::string &path, const std::string &secret); ///< port 0 = none
    void setSecret(const std::string &secret); ///< also at the service, when registered
    void setConnection(const e2b::Connection &connection);

    void start(lifecycle::TunnelOptions options); ///< localPort is filled in
    void stop();                                  ///< removes the webhook too

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] bool hasReceiver() const { return m_port != 0; }
    [[nodiscard]] Registration registration() const { return m_registration; }
    [[nodiscard]] QString publicUrl() const; ///< of the receiver through the tunnel; empty unless Open
    [[nodiscard]] const Error &error() const { return m_error; } ///< after Ended
    [[nodiscard]] const Error &registrationError() const { return m_registrationError; }
    [[nodiscard]] QString connectionName() const; ///< empty for the local engine or one without a key
    [[nodiscard]] bool isSettled() const { return m_leaving.empty(); } ///< nothing of it waits to be removed

Q_SIGNALS:
    void changed();
    void registrationsChanged(); ///< the service's list of webhooks is another now
    void settled();

private:
    struct Place;
    [[nodiscard]] std::unique_ptr<Place> makePlace(const e2b::Connection &connection);
    void add();
    void leave(); ///< takes the webhook of the current place away
    void forgetPlace(const Place *place);
    void onEnded(const Error &error);

    e2b::RegistrationFile &m_file;
    std::unique_ptr<lifecycle::Tunnel> m_tunnel;
    std::unique_ptr<Place> m_place;                ///< the active connection, when it is not the local engine
    std::vector<std::unique_ptr<Place>> m_leaving; ///< with a webhook that is being removed
    std::uint16_t m_port = 0;
    std::string m_path;
    std::string m_secret;
    State m_state = State::Idle;
    Registration m_registration = Registration::None;
    Error m_error;
    Error m_registrationError;
};

} // namespace sandglass::models
