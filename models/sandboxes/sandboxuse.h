#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/e2b/sandboxreadings.h"

#include <QObject>
#include <QString>
#include <QTimer>

#include <vector>

namespace sandglass::e2b {
class Client;
}

namespace sandglass::models {

/// What one sandbox uses of its processors, memory and disk. The service is asked only while somebody looks: every
/// 5 s while the sandbox runs, once when it does not, and every 30 s after an error.
class SandboxUse final : public QObject
{
    Q_OBJECT
public:
    enum class State {
        Idle,        ///< no sandbox, or nobody has looked yet
        Asking,      ///< no answer yet
        Waiting,     ///< answered, without a sample so far
        Known,       ///< samples() holds some
        Unsupported, ///< the service has no such figures
        Failed,      ///< see error(); samples() keeps what was there
    };
    Q_ENUM(State)

    explicit SandboxUse(e2b::Client &client, Clock clock = systemNow, QObject *parent = nullptr);

    /// Another id begins anew; empty = none.
    void setSandbox(const QString &id, bool isRunning);
    void setWatched(bool watched);
    void setInterval(std::chrono::milliseconds interval); ///< 5 s
    void forget();                                        ///< another service answers from now on

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] bool isRunning() const { return m_isRunning; }
    [[nodiscard]] const Error &error() const { return m_error; }
    /// Oldest first, of the last hour at most.
    [[nodiscard]] const std::vector<e2b::SandboxMetric> &samples() const { return m_samples; }

Q_SIGNALS:
    void changed();

private:
    void begin();
    void ask();
    void take(Result<std::vector<e2b::SandboxMetric>> answer);
    void add(const std::vector<e2b::SandboxMetric> &fresh);

    e2b::Client &m_client;
    Clock m_clock;
    std::string m_id;
    bool m_isRunning = false;
    bool m_isWatched = false;
    bool m_isAsking = false;
    int m_round = 0; ///< answers to earlier rounds are of another sandbox or service
    State m_state = State::Idle;
    Error m_error;
    std::vector<e2b::SandboxMetric> m_samples;
    std::chrono::milliseconds m_interval{5'000};
    QTimer m_next;
};

} // namespace sandglass::models
