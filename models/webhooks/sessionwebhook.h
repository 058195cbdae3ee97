#pragma once

#include "services/e2b/client.h"
#include "services/e2b/webhookregistrations.h"

#include <QObject>
#include <QTimer>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sandglass::models {

/// The temporary webhook "Refine SESSION" of a session of runs, at the connection that runs it. It leads to the
/// receiver's address with the session's name and is removed when the session ends, whatever way; what a crash leaves
/// behind is removed as soon as that connection is used again (the file knows it). An error holds nobody up.
class SessionWebhook final : public QObject
{
    Q_OBJECT
public:
    enum class State {
        None,
        Pending, ///< asked for
        Done,
        Failed, ///< see error()
    };
    Q_ENUM(State)
    struct Target
    {
        e2b::Connection connection;
        std::string session; ///< a name that the receiver takes (lifecycle::isSessionName)
        std::string url;     ///< of the receiver, as the connection's service reaches it, without the session
        std::string secret;
        friend bool operator==(const Target &, const Target &) = default;
    };

    /// `file` must outlive this.
    explicit SessionWebhook(e2b::RegistrationFile &file, QObject *parent = nullptr);
    ~SessionWebhook() override;

    /// `then` follows once: when the webhook is there, has failed, or the service has not answered for 5 s; at once
    /// when it is there already. Another target than before takes the place of the one before.
    void ask(const Target &target, std::function<void()> then);
    void refuse(const Error &why); ///< it cannot be asked for; removes one that is there
    void leave();                  ///< the session has ended: removed in 2 s, so that the last news come by it
    void end();                    ///< removed now

    [[nodiscard]] State state() const { return m_state; }
    /// Or asked for; false once its session has ended.
    [[nodiscard]] bool isThere() const { return m_place != nullptr && !m_goodbye.isActive(); }
    [[nodiscard]] const Error &error() const { return m_error; }       ///< after Failed
    [[nodiscard]] bool isSettled() const { return m_leaving.empty(); } ///< nothing of it waits to be removed

Q_SIGNALS:
    void changed();
    void registrationsChanged(); ///< the service's list of webhooks is another now
    void settled();

private:
    struct Place;
    [[nodiscard]] std::unique_ptr<Place> makePlace(const Target &target);
    void setState(State state, const Error &error = {});
    void onFailed(const Place *place, const Error &error);
    void forget(const Place *place);
    void goOn();

    e2b::RegistrationFile &m_file;
    std::unique_ptr<Place> m_place;
    std::vector<std::unique_ptr<Place>> m_leaving; ///< being removed
    std::vector<std::function<void()>> m_waiting;
    QTimer m_limit;   ///< of those who wait
    QTimer m_goodbye; ///< until the session's webhook goes
    State m_state = State::None;
    Error m_error;
};

} // namespace sandglass::models
