#pragma once

#include "services/core/keystore.h"

#include <QObject>

#include <chrono>
#include <filesystem>
#include <memory>

namespace QKeychain {
class Job;
}

namespace sandglass::app {

/// Secrets in the desktop's Secret Service (GNOME Keyring, KWallet since 5.97) through QtKeychain and libsecret. It may
/// ask the person to unlock it. Never waits: an answer comes on the event loop, at most `patience` after the question.
/// Errors: locked (also when the person declined to unlock), not there any more, no answer in time. A write or removal
/// that was reported as late may still happen.
class KeychainStore final : public QObject, public KeyStore
{
    Q_OBJECT
public:
    /// Long enough to type a password; libsecret itself gives up on a service that hangs after 25 s.
    static constexpr std::chrono::milliseconds defaultPatience{120'000};

    /// `prefix` keeps profiles apart.
    explicit KeychainStore(QString prefix, std::chrono::milliseconds patience = defaultPatience,
                           QObject *parent = nullptr);

    /// Whether one answers on the session's bus and QtKeychain can reach it; `mayWake`: also one that the bus would
    /// start.
    [[nodiscard]] static bool isThere(bool mayWake);

    void read(const std::string &name, std::function<void(Result<std::optional<std::string>>)> then) override;
    void write(const std::string &name, const std::string &secret, std::function<void(Result<>)> then) override;
    void remove(const std::string &name, std::function<void(Result<>)> then) override;
    [[nodiscard]] std::string description() const override;
    [[nodiscard]] bool isEncrypted() const override { return true; }

private:
    struct Found
    {
        bool isOpen = false;   ///< there is one that can be read
        bool isLocked = false; ///< there is one that cannot
    };
    [[nodiscard]] QString keyOf(const std::string &name) const;
    void run(QKeychain::Job *job, std::function<void(Result<const QKeychain::Job *>)> then);
    void find(const std::string &name, std::function<void(Result<Found>)> then);

    const QString m_prefix;
    const std::chrono::milliseconds m_patience;
};

/// The program's keys, wherever they are (app/keyplaces.h). `configDirectory` is the profile's.
[[nodiscard]] std::unique_ptr<KeyStore> openKeyStore(const std::filesystem::path &configDirectory);

} // namespace sandglass::app
