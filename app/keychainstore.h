#pragma once

#include "services/core/keystore.h"

#include <QObject>

#include <filesystem>
#include <memory>

namespace sandglass::app {

/// Secrets in the desktop's Secret Service (GNOME Keyring, KWallet) through QtKeychain. `prefix` keeps profiles apart.
class KeychainStore final : public QObject, public KeyStore
{
    Q_OBJECT
public:
    explicit KeychainStore(QString prefix, QObject *parent = nullptr);

    void read(const std::string &name, std::function<void(Result<std::optional<std::string>>)> then) override;
    void write(const std::string &name, const std::string &secret, std::function<void(Result<>)> then) override;
    void remove(const std::string &name, std::function<void(Result<>)> then) override;
    [[nodiscard]] std::string description() const override;
    [[nodiscard]] bool isEncrypted() const override { return true; }

private:
    QString m_prefix;
};

/// The Secret Service where one answers on the session bus, else a private file beside the settings.
[[nodiscard]] std::unique_ptr<KeyStore> openKeyStore(const std::filesystem::path &configDirectory);

} // namespace sandglass::app
