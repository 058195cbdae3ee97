#pragma once

#include "services/core/keystore.h"

#include <filesystem>
#include <memory>
#include <string>

namespace sandglass::app {

/// The program's keys: in the desktop's key store where there is one, else in a private file of the profile. What the
/// file holds moves into the desktop's store as soon as there is one, and leaves the file only when it is there. A
/// second file lists the names (never the keys) of what is in the desktop's store, so that a start without it tells so
/// instead of taking the keys for missing and making new ones.
///
/// What a file holds beside a desktop's store was entered while that was away: it is newer and wins. A write that the
/// desktop's store refuses fails; it does not go into a file that nobody asked for.
class KeyPlaces final : public KeyStore
{
public:
    /// `desktop`: none = there is none now. Moving begins at once and goes on by the event loop.
    KeyPlaces(std::unique_ptr<KeyStore> desktop, const std::filesystem::path &directory);

    /// Whether keys of the profile in `directory` are in a desktop's store, as far as is known.
    [[nodiscard]] static bool hasMoved(const std::filesystem::path &directory);

    /// Also an error: it is in the desktop's store, which is not there now.
    void read(const std::string &name, std::function<void(Result<std::optional<std::string>>)> then) override;
    void write(const std::string &name, const std::string &secret, std::function<void(Result<>)> then) override;
    void remove(const std::string &name, std::function<void(Result<>)> then) override;
    [[nodiscard]] std::string description() const override;
    [[nodiscard]] bool isEncrypted() const override { return m_desktop != nullptr; }

private:
    void move();
    void onWorks();
    void note(const std::string &name);
    void forget(const std::string &name);
    [[nodiscard]] bool isNoted(const std::string &name);
    [[nodiscard]] Result<> takeOut(const std::string &name);

    FileKeyStore m_file;
    FileKeyStore m_moved; ///< name → where to
    std::size_t m_moving = 0;
    bool m_isLeft = false; ///< something could not be moved
    std::unique_ptr<KeyStore> m_desktop;
};

} // namespace sandglass::app
