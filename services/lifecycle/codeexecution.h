#pragma once

#include "services/core/money.h"
#include "services/lifecycle/event.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sandglass::lifecycle {

/// The type of an execution that this program has made itself; no provider sends it.
inline constexpr const char *codeExecutedType = "sandbox.code_executed";

/// How an execution of code ended.
enum class RunOutcome : std::uint8_t {
    Unknown,     ///< the event does not tell
    Passed,      ///< without an error; what was expected of the output, if anything, held
    CheckFailed, ///< without an error, but the output was not what was expected
    Raised,
    TimedOut,
    Stopped, ///< by the person
    Broken,  ///< no answer about the code: sandbox, server or network
};

struct CodeExecution
{
    std::string sandboxId;
    std::string templateId;
    std::optional<std::int64_t> durationMs; ///< 0 or more
    RunOutcome outcome = RunOutcome::Unknown;
    std::string errorName;               ///< "TimeoutError", "NameError"; empty = none
    std::optional<Money> cost;           ///< of the sandbox for this time: 0 to a million dollars; part of
                                         ///< what the sandbox costs
    std::string model = {};              ///< that wrote the code; empty = none
    std::optional<Money> modelCost = {}; ///< of its answer; not part of what the sandbox costs
};

[[nodiscard]] bool ranToItsEnd(RunOutcome outcome); ///< whatever it printed

/// For Subscriptions::publish() or the journal: unknown to the fold, so it changes no state. The cost is rounded to a
/// pico-dollar.
[[nodiscard]] Event codeExecutedEvent(const CodeExecution &execution, Timestamp at);

/// What an event of that type tells. What it lacks, or has of a wrong kind, is unknown: events of older versions have
/// no cost, and tell a failed check from a passed one no more than from none.
[[nodiscard]] CodeExecution codeExecutionOf(const Event &event);

} // namespace sandglass::lifecycle
