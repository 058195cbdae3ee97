#pragma once

#include "services/core/result.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

namespace sandglass::lifecycle {

class Quarantine;

/// Keeps a quarantine in a file: loads it when made, saves it at most once per `interval` while it changes, and at the
/// end. A thread of its own, because the disk may be slow and the receiver must not be.
class QuarantineKeeper final
{
public:
    QuarantineKeeper(Quarantine &quarantine, std::filesystem::path file,
                     std::chrono::milliseconds interval = std::chrono::seconds(2));
    ~QuarantineKeeper();
    QuarantineKeeper(const QuarantineKeeper &) = delete;
    QuarantineKeeper &operator=(const QuarantineKeeper &) = delete;

    /// Why the last load or save failed; empty after one that went through. Thread-safe.
    [[nodiscard]] std::optional<Error> lastFailure() const;

private:
    void run();
    void save();

    Quarantine &m_quarantine;
    const std::filesystem::path m_file;
    const std::chrono::milliseconds m_interval;
    std::uint64_t m_savedRevision = 0;
    mutable std::mutex m_mutex;
    std::condition_variable m_stopped;
    bool m_isStopping = false;
    std::optional<Error> m_failure;
    std::thread m_thread; ///< the last, because it uses the others
};

} // namespace sandglass::lifecycle
