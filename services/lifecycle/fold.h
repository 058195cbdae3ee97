#pragma once

#include "services/lifecycle/event.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sandglass::lifecycle {

enum class SandboxState : std::uint8_t { Running, Paused, Killed, Lost, Unknown };

/// One billed stretch: from created or resumed to paused, killed or now.
struct RunInterval
{
    std::string executionId;
    Timestamp start{};
    std::optional<Timestamp> end; ///< empty = still running
    int vcpuCount = 0;            ///< 0 = not known (yet)
    int memoryMb = 0;
    std::optional<std::int64_t> confirmedMs; ///< execution_time of the provider: the exact figure
    friend bool operator==(const RunInterval &, const RunInterval &) = default;
};

struct Sandbox
{
    std::string id;
    SandboxState state = SandboxState::Unknown;
    std::string templateId;
    std::string templateAlias; ///< readable name when the list told it, else empty
    std::string teamId;
    std::map<std::string, std::string> metadata;
    std::optional<Timestamp> createdAt; ///< from created, else the first start that is known
    std::optional<Timestamp> endedAt;   ///< killed or lost
    std::optional<Timestamp> endAt;     ///< planned end, from the last updated or observed
    std::string killReason;
    std::vector<RunInterval> runs; ///< in order of start
    Timestamp lastEventAt{};
    int eventCount = 0;
    friend bool operator==(const Sandbox &, const Sandbox &) = default;

    [[nodiscard]] bool isLive() const { return state == SandboxState::Running || state == SandboxState::Paused; }
    [[nodiscard]] const std::string &templateName() const { return templateAlias.empty() ? templateId : templateAlias; }
    /// How long before its planned end it was gone without anybody having asked for it; empty when it was not,
    /// or the plan is not known. A few seconds are the provider's own rounding and do not count.
    [[nodiscard]] std::optional<std::chrono::milliseconds> earlyBy() const;
};

/// Events → sandboxes. The result depends on the set of events alone: duplicates change nothing, order does
/// not matter, a terminal event wins over everything with a later arrival. The rules of e2b-protocol 3.3, 3.6
/// and 7.3 are in stretches.h.
class Fold final
{
public:
    Fold();
    ~Fold();
    Fold(Fold &&) noexcept;
    Fold &operator=(Fold &&) noexcept;

    /// True when something about the sandbox changed. Unknown types, events without a sandbox id and
    /// duplicates change nothing.
    bool apply(const Event &event);

    /// As apply(), but state and stretches of the sandbox stay as they were until settle(): the stretches are derived
    /// from all its events, so that many events of one sandbox at once are only affordable this way.
    bool add(const Event &event);
    void settle();

    /// All the fold knows of one sandbox, to go on from it later: apply() after adopt() does what it would have done
    /// without the break. Bytes of this program's own; empty for an unknown sandbox.
    [[nodiscard]] std::string record(const std::string &sandboxId) const;
    /// Takes a record in place of what is known of that sandbox. The sandbox, or null for damaged bytes.
    const Sandbox *adopt(std::string_view record);
    /// As adopt(), but as it stood at `until`: what the events up to then tell, and no later one. Where a property was
    /// told anew afterwards, `earlier` is asked for events of that sandbox by the hash of their id; what those no
    /// longer tell (they have left the journal) keeps its later value, but for the planned end. Null also when no event
    /// of the record is that old.
    using EventFinder = std::function<std::optional<Event>(const std::string &sandboxId, std::uint64_t idHash)>;
    const Sandbox *adoptUntil(std::string_view record, Timestamp until, const EventFinder &earlier);
    void forget(const std::string &sandboxId);

    [[nodiscard]] const Sandbox *find(const std::string &sandboxId) const;
    [[nodiscard]] const std::unordered_map<std::string, Sandbox> &sandboxes() const { return m_sandboxes; }
    /// Those that are running or paused, few among many. Valid until the fold next changes.
    [[nodiscard]] const std::unordered_set<const Sandbox *> &live() const { return m_live; }

private:
    struct Records; ///< what the fold keeps of one sandbox's events
    [[nodiscard]] static bool read(std::string_view record, Sandbox &sandbox, Records &records);
    void noteState(const Sandbox &sandbox); ///< after each change of it
    const Sandbox *keep(Sandbox sandbox, std::unique_ptr<Records> records);
    std::unordered_map<std::string, Sandbox> m_sandboxes;
    std::unordered_map<const Sandbox *, std::unique_ptr<Records>> m_records; ///< the map's nodes stay in place
    std::unordered_set<const Sandbox *> m_live;
    std::vector<std::string> m_unsettled; ///< ids; some may be forgotten by now
};

} // namespace sandglass::lifecycle
