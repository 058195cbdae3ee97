#pragma once

#include "services/core/time.h"
#include "services/lifecycle/fold.h"
#include "services/lifecycle/poller.h"

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

/// Whose a sandbox is, by its metadata (createintents.h).
enum class Owner : std::uint8_t {
    Mine,    ///< made by this installation
    Other,   ///< made by another installation of this program
    Unknown, ///< no mark: never touched unless a person names it
};

[[nodiscard]] Owner ownerOf(const ObservedSandbox &row, const std::string &installation);

enum class AgeTier : std::uint8_t { Hour, Day, Older, Unknown };
[[nodiscard]] AgeTier ageTierOf(const std::optional<std::chrono::milliseconds> &age);

/// In the provider's list, but no lifecycle event has told us of it.
struct Orphan
{
    ObservedSandbox row;
    Owner owner = Owner::Unknown;
    std::optional<std::chrono::milliseconds> age; ///< of the present run; empty when the list does not tell
};

struct Reconciliation
{
    std::vector<Orphan> unknown;   ///< oldest first
    std::vector<std::string> gone; ///< live by our state, missing in the list; the poller makes them lost, not killed
    int agreed = 0;
};

/// True when a lifecycle event has told of the sandbox; false when only the list has.
[[nodiscard]] bool isKnownByEvents(const Sandbox &sandbox);

/// What a whole list shows and no event has told of, oldest first. Pure.
[[nodiscard]] std::vector<Orphan> orphansOf(const Fold &fold, const std::vector<ObservedSandbox> &list,
                                            const std::string &installation, Timestamp now);

/// Compares a whole list with our own state. `isOurs`: which sandboxes of the state belong to this list (other
/// connections have lists of their own). Pure.
[[nodiscard]] Reconciliation reconcile(const Fold &fold, const std::vector<ObservedSandbox> &list,
                                       const std::string &installation,
                                       const std::function<bool(const Sandbox &)> &isOurs, Timestamp now);

/// Which orphans a clean-up takes. The default takes none.
struct CleanUpRules
{
    bool takesMine = false;
    bool takesOthers = false;               ///< of other installations of this program
    std::chrono::milliseconds olderThan{0}; ///< one of unknown age is not older
    std::set<std::string> named;            ///< chosen by a person: whoever owns them, whatever their age
    std::set<std::string> kept;             ///< never, even when named
};

struct CleanUpPlan
{
    enum class Reason : std::uint8_t { Kept, UnknownOwner, OtherInstallation, NotAsked, TooYoung, AgeUnknown };
    struct Spared
    {
        std::string sandboxId;
        Reason reason = Reason::Kept;
    };
    std::vector<Orphan> targets; ///< exactly what a CleanUp of this plan asks to be killed, in this order
    std::vector<Spared> spared;
};

/// The dry run.
[[nodiscard]] CleanUpPlan planCleanUp(const std::vector<Orphan> &orphans, const CleanUpRules &rules);

} // namespace sandglass::lifecycle
