#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/lifecycle/signature.h"

#include <QByteArray>
#include <QObject>
#include <QString>
#include <QTimer>

#include <chrono>
#include <string>
#include <vector>

namespace sandglass {
class KeyStore;
}

namespace sandglass::app {

/// The receiver's secrets: the one in force, and those before it, which stay accepted for a day so that webhooks
/// registered by hand can be changed without losing a delivery. Kept in the key store; one given by the environment is
/// never stored and cannot be rotated.
class ReceiverSecrets final : public QObject
{
    Q_OBJECT
public:
    static constexpr std::size_t minimumLength = 32;
    static constexpr std::chrono::hours overlap{24};
    static constexpr std::size_t mostBefore = 4; ///< the oldest go first

    /// `given`: the value of SANDGLASS_WEBHOOK_SECRET, empty = none. `keys` must outlive this.
    ReceiverSecrets(KeyStore &keys, const QByteArray &given, Clock clock = systemNow, QObject *parent = nullptr);

    /// Reads, or makes the first one; opened() or failed() follows. A key store that cannot be asked: one for this run
    /// only, and notKept() before.
    void open();
    [[nodiscard]] QString current() const; ///< empty before opened()
    [[nodiscard]] bool isGiven() const { return m_isGiven; }
    /// Until when the newest of the secrets before is accepted; empty = none is.
    [[nodiscard]] std::optional<Timestamp> acceptedUntil() const;
    /// For the receiver; those whose time is over are known to the doctor only.
    [[nodiscard]] std::vector<lifecycle::SigningSecret> all() const;

    /// A new secret from the system's generator; changed() follows. Nothing when it is given by the environment.
    void rotate();
    void endOverlap(); ///< the secrets before are refused from now on; changed() follows

Q_SIGNALS:
    void opened();
    void failed(const QString &reason);
    void changed();
    /// They hold for this run of the program only.
    void notKept(const sandglass::Error &error);

private:
    struct Before
    {
        std::string value;
        Timestamp until{};
    };
    void readBefore();
    void keep();
    void planEnd();

    KeyStore &m_keys;
    const std::string m_given;
    const bool m_isGiven;
    Clock m_clock;
    std::string m_current;
    std::vector<Before> m_before; ///< newest first
    QTimer m_end;                 ///< of the next overlap
};

} // namespace sandglass::app
