#pragma once

#include "services/core/money.h"
#include "services/core/time.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::cost {

/// What budgets and the guard need to know of one sandbox, wherever it comes from.
struct SandboxFacts
{
    enum class State : std::uint8_t { Running, Paused, Ended };

    std::string id;
    std::string templateId;
    std::string templateName; ///< alias when there is one, else the id
    std::string connection;
    std::string teamId; ///< as its events tell; empty: not known
    std::map<std::string, std::string> metadata;
    State state = State::Running;
    std::optional<Timestamp> createdAt;
    std::optional<Timestamp> runningSince;    ///< start of the stretch that runs now; empty unless Running
    std::chrono::milliseconds activeBefore{}; ///< running time of the stretches before it; pauses do not count
    std::optional<Money> costInPeriod;        ///< within the asked period; empty: size not known
    std::optional<Timestamp> requestedEnd;    ///< the timeout in force; empty: not known
};

/// Running time until `now`, pauses left out.
[[nodiscard]] inline std::chrono::milliseconds activeTime(const SandboxFacts &sandbox, Timestamp now)
{
    auto active = sandbox.activeBefore;
    if (sandbox.runningSince && now > *sandbox.runningSince)
        active += std::chrono::floor<std::chrono::milliseconds>(now - *sandbox.runningSince);
    return active;
}

/// Which sandboxes a rule is about.
struct Scope
{
    enum class Kind : std::uint8_t { All, Template /**< id or name */, Metadata /**< key, value */, Connection, Team };
    Kind kind = Kind::All;
    std::string key;   ///< metadata key
    std::string value; ///< template, metadata value (empty: any), connection, team id

    [[nodiscard]] bool covers(const SandboxFacts &sandbox) const
    {
        switch (kind) {
        case Kind::All:
            return true;
        case Kind::Template:
            return sandbox.templateId == value || sandbox.templateName == value;
        case Kind::Connection:
            return sandbox.connection == value;
        case Kind::Team:
            return sandbox.teamId == value;
        case Kind::Metadata:
            break;
        }
        const auto found = sandbox.metadata.find(key);
        return found != sandbox.metadata.end() && (value.empty() || found->second == value);
    }
    friend bool operator==(const Scope &, const Scope &) = default;
};

} // namespace sandglass::cost
