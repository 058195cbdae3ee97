#pragma once

#include "services/core/result.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandglass {

/// Keeps secrets: API keys of connections ("api-key/cloud") and the receiver's webhook secret ("webhook-secret").
/// One thread. Callbacks come on the event loop of that thread, or at once.
class KeyStore
{
public:
    virtual ~KeyStore() = default;
    KeyStore(const KeyStore &) = delete;
    KeyStore &operator=(const KeyStore &) = delete;

    /// Empty value = there is none; an error = the store cannot be asked.
    virtual void read(const std::string &name, std::function<void(Result<std::optional<std::string>>)> then) = 0;
    virtual void write(const std::string &name, const std::string &secret, std::function<void(Result<>)> then) = 0;
    virtual void remove(const std::string &name, std::function<void(Result<>)> then) = 0;
    /// Where, for a sentence in Settings: "the desktop's key store (Secret Service)".
    [[nodiscard]] virtual std::string description() const = 0;
    [[nodiscard]] virtual bool isEncrypted() const = 0;

protected:
    KeyStore() = default;
};

/// A JSON file with mode 0600, replaced atomically: for machines without a Secret Service. There is none while it would
/// be empty. Every callback comes at once.
class FileKeyStore final : public KeyStore
{
public:
    explicit FileKeyStore(std::filesystem::path file);

    void read(const std::string &name, std::function<void(Result<std::optional<std::string>>)> then) override;
    void write(const std::string &name, const std::string &secret, std::function<void(Result<>)> then) override;
    void remove(const std::string &name, std::function<void(Result<>)> then) override;
    [[nodiscard]] std::string description() const override;
    [[nodiscard]] bool isEncrypted() const override { return false; }
    [[nodiscard]] Result<std::vector<std::string>> names() const; ///< of all it keeps, sorted

private:
    using Secrets = std::map<std::string, std::string>;
    [[nodiscard]] Result<Secrets> load() const;
    [[nodiscard]] Result<> save(const Secrets &secrets) const;
    [[nodiscard]] Result<> discard() const;

    std::filesystem::path m_file;
};

} // namespace sandglass
