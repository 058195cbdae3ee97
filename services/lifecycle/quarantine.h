#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/lifecycle/doctor.h"

#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

/// How a delivery was refused (or marked): each kind is sampled for itself, so that a flood of one hides no other.
enum class RefusalKind : std::uint8_t { Signature, NoSignature, Malformed, TooLarge, Method, Path, Clock };
inline constexpr std::size_t refusalKindCount = 7;

/// One delivery that was not taken, or taken with a mark (Clock, when the policy says so).
struct QuarantineEntry
{
    std::int64_t id = 0; ///< given by Quarantine::add()
    Timestamp time{};
    RefusalKind kind = RefusalKind::Signature;
    int status = 0;      ///< of the answer; 200 = taken, only marked
    std::string message; ///< of the answer
    Diagnosis diagnosis;
    std::string remote;
    std::string method;
    std::string path;
    HeaderList headers;    ///< secrets replaced, cut to a bounded size
    std::string signature; ///< the e2b-signature header, for a retry
    std::string body;      ///< its first bytes
    std::uint64_t bodySize = 0;

    [[nodiscard]] bool isBodyWhole() const { return body.size() == bodySize; }
    [[nodiscard]] std::size_t bytes() const;
    friend bool operator==(const QuarantineEntry &, const QuarantineEntry &) = default;
};

/// Headers fit to be kept and shown: values of authorization, cookie, key and token headers become "***", what looks
/// like a key anywhere is redacted, at most 40 headers of 256 bytes.
[[nodiscard]] HeaderList safeHeaders(const HeaderList &headers);

struct QuarantineLimits
{
    std::size_t entries = 500;
    std::size_t bytes = 4U << 20;
    std::size_t bodyBytes = 16U << 10;         ///< kept of one body
    int burst = 20;                            ///< of one kind, at once
    std::chrono::milliseconds interval{1'000}; ///< then one of the kind in this time
};

/// The deliveries that were refused, bounded in number, bytes and rate; of the rest only the number is known. When it
/// is full the oldest of the most frequent kind goes. Thread-safe.
class Quarantine final
{
public:
    using Limits = QuarantineLimits;

    explicit Quarantine(Limits limits = {}, Clock clock = systemNow);

    /// Counts one refusal. True when it is to be kept: only then is it worth a diagnosis and add().
    [[nodiscard]] bool wants(RefusalKind kind);
    /// Cuts the body, gives an id.
    void add(QuarantineEntry entry);

    [[nodiscard]] std::vector<QuarantineEntry> entries() const; ///< newest first
    [[nodiscard]] std::optional<QuarantineEntry> find(std::int64_t id) const;
    void remove(std::int64_t id);
    void clear();

    struct Counts
    {
        std::array<std::uint64_t, refusalKindCount> seen{}; ///< by kind, since the start
        std::uint64_t skipped = 0;                          ///< sampled out
        std::uint64_t evicted = 0;
        std::size_t entries = 0;
        std::size_t bytes = 0;
    };
    [[nodiscard]] Counts counts() const;
    /// Rises with every change of the entries.
    [[nodiscard]] std::uint64_t revision() const;
    [[nodiscard]] const Limits &limits() const { return m_limits; }

private:
    struct Bucket
    {
        std::optional<Timestamp> refilled;
        int tokens = 0;
    };

    void evict();

    const Limits m_limits;
    const Clock m_clock;
    mutable std::mutex m_mutex;            ///< guards all below
    std::deque<QuarantineEntry> m_entries; ///< oldest first
    std::array<std::size_t, refusalKindCount> m_kept{};
    std::array<Bucket, refusalKindCount> m_buckets{};
    Counts m_counts;
    std::int64_t m_lastId = 0;
    std::uint64_t m_revision = 0;
};

/// The entries as JSON Lines (0600, written beside and renamed), oldest first.
[[nodiscard]] Result<> saveQuarantine(const Quarantine &quarantine, const std::filesystem::path &file);
/// Adds what the file holds; lines that are no entry are left out. A missing file is no error, one too large is.
[[nodiscard]] Result<> loadQuarantine(Quarantine &quarantine, const std::filesystem::path &file);

[[nodiscard]] std::string_view toString(RefusalKind kind); ///< "signature", "no_signature", …

} // namespace sandglass::lifecycle
