#pragma once

#include "services/core/result.h"
#include "services/core/time.h"

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sandglass::cost {

/// Who did what to which sandbox, when, why, and what came of it.
struct AuditEntry
{
    Timestamp at{};
    std::string who;    ///< "person", "guard"
    std::string verb;   ///< "pause", "kill", "resume", "would pause", "would kill", "undo"
    std::string target; ///< sandbox id
    std::string why;    ///< budget or runaway, in words
    std::string answer; ///< "ok", "planned", or the error
    friend bool operator==(const AuditEntry &, const AuditEntry &) = default;
};

/// Append-only JSON Lines, each entry on disk (fsync) before append() returns. Beyond `rotateBytes` the file becomes
/// "NAME.1" (the former one of that name goes) and a new one begins: at most twice that size. One thread.
class AuditLog final
{
public:
    static constexpr std::int64_t rotateBytes = 4 << 20;

    explicit AuditLog(std::filesystem::path file) : m_file(std::move(file)) {}

    /// Hears of each entry, also of those that could not be written.
    void setListener(std::function<void(const AuditEntry &)> listener) { m_listener = std::move(listener); }

    [[nodiscard]] Result<> append(const AuditEntry &entry) { return appendAll(std::span(&entry, 1)); }
    /// Several at the price of one fsync.
    [[nodiscard]] Result<> appendAll(std::span<const AuditEntry> entries);
    /// The newest `limit` entries, newest first, over both files. Lines that a crash cut or somebody damaged are left
    /// out.
    [[nodiscard]] std::vector<AuditEntry> newest(std::size_t limit) const;

private:
    std::filesystem::path m_file;
    std::function<void(const AuditEntry &)> m_listener;
};

} // namespace sandglass::cost
