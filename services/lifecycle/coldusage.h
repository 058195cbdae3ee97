#pragma once

#include "services/core/money.h"
#include "services/core/result.h"
#include "services/core/time.h"
#include "services/cost/ratecard.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

/// What cold sandboxes (snapshot.h) used within a time, group by group: exact to the millisecond, so that it adds up
/// with RollupReader's sums. Reads archive and records; some tenths of a second for half a million of them, so not for
/// the UI thread. Keeps 24 bytes for each sandbox it has met, of a million at most. Own connection; used by one thread;
/// the tables must be held (Journal::holdTables).
class ColdUsage final
{
public:
    enum class Grouping : std::uint8_t { Template, Sandbox, Metadata, Day };

    /// A stretch of time with costs of its own.
    struct Day
    {
        std::string name;
        Timestamp from{}, to{}; ///< [from, to)
        friend bool operator==(const Day &, const Day &) = default;
    };

    struct Question
    {
        Timestamp from{}, to{}; ///< what lies in [from, to)
        Grouping grouping = Grouping::Template;
        std::string key;       ///< of Metadata: groups are its values
        std::vector<Day> days; ///< of Day: each is a group, in order and side by side; what lies outside is left out
        cost::RateCard card;
        std::vector<std::string> leftOut; ///< ids that are counted elsewhere
        std::size_t mostGroups = 1'000;   ///< the dearest ones; the others are one sum
    };

    struct Group
    {
        std::optional<std::string> name; ///< empty: of those without the key
        std::optional<Money> amount;     ///< empty: no size is known
        Money confirmed;                 ///< the part of it whose execution time the provider has told
        std::int64_t runtimeMs = 0;
        std::int64_t sandboxes = 0;
        std::int64_t runs = 0;   ///< of these sandboxes, also outside of the time
        bool isConfirmed = true; ///< every stretch of theirs carries the provider's own execution time
        bool isPartial = false;  ///< some stretch of unknown size is left out

        void add(const Group &other); ///< all but the name
    };
    struct Answer
    {
        std::vector<Group> groups;  ///< dearest first, then by name
        Group rest;                 ///< of the groups beyond `mostGroups`
        std::int64_t restCount = 0; ///< how many groups that are
    };

    /// The days that [from, to) has a part of.
    [[nodiscard]] static std::span<const Day> daysWithin(const std::vector<Day> &days, Timestamp from, Timestamp to);

    [[nodiscard]] static Result<ColdUsage> open(const std::filesystem::path &file);
    ColdUsage(ColdUsage &&) noexcept;
    ColdUsage &operator=(ColdUsage &&) noexcept;
    ~ColdUsage();

    /// Error: the tables cannot be read, or `isStopped` said so.
    [[nodiscard]] Result<Answer> answer(const Question &question, const std::function<bool()> &isStopped);
    /// Keys that metadata of cold sandboxes has, in order, at most `limit`.
    [[nodiscard]] Result<std::vector<std::string>> metadataKeys(std::size_t limit);

private:
    struct Private;
    explicit ColdUsage(std::unique_ptr<Private> p);
    std::unique_ptr<Private> d;
};

/// Dearest first, then by name; what is of unknown price last.
[[nodiscard]] bool isDearer(const ColdUsage::Group &a, const ColdUsage::Group &b);

} // namespace sandglass::lifecycle
