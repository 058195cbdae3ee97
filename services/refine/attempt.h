#pragma once

#include "services/core/error.h"
#include "services/core/money.h"
#include "services/core/time.h"
#include "services/e2b/types.h"
#include "services/refine/check.h"
#include "services/refine/errorline.h"
#include "services/refine/modeluse.h"
#include "services/refine/outputbuffer.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::refine {

enum class Verdict : std::uint8_t {
    Passed,      ///< ended without an error, and the check (if any) holds; see Attempt::check
    CheckFailed, ///< ended without an error but the output is not what was asked for
    Raised,      ///< the code raised; see Attempt::error
    TimedOut,
    Stopped, ///< by the person
    Broken,  ///< no answer about the code: sandbox, engine or network; see Attempt::trouble
};

/// One run of one text, complete in itself.
struct Attempt
{
    enum class Author : std::uint8_t { Person, Scripted, Model };

    int number = 0; ///< from 1
    Author author = Author::Person;
    std::string code;              ///< empty: the model's answer held none; see trouble
    std::optional<ModelUse> model; ///< empty: no model was asked for it
    std::string sandboxId;         ///< empty when none could be made
    Verdict verdict = Verdict::Broken;
    CheckOutcome check;
    OutputBuffer output;                       ///< standard output and error in order of arrival, bounded
    std::vector<e2b::ExecutionResult> results; ///< at most 100 and 32 MiB in all
    int resultsLeftOut = 0;                    ///< those beyond
    std::optional<e2b::ExecutionError> error;
    std::optional<ErrorLine> errorLine;
    std::optional<Error> trouble;
    Timestamp startedAt{};
    std::chrono::nanoseconds duration{}; ///< request to end of the run, without making a sandbox
    std::optional<std::chrono::nanoseconds> firstOutputAfter;
    std::optional<Money> cost; ///< of the sandbox: duration x size x rate; empty when size or rate is not known

    /// Model and sandbox. Empty when a part is not known.
    [[nodiscard]] std::optional<Money> wholeCost() const { return refine::wholeCost(model, !sandboxId.empty(), cost); }
};

} // namespace sandglass::refine
