#pragma once

#include "services/core/error.h"
#include "services/refine/modeluse.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sandglass::refine {

/// What a model said, as far as it came.
struct ModelAnswer
{
    enum class Stop : std::uint8_t {
        None, ///< it was not told that the answer is over
        Complete,
        Length,  ///< cut off at its length limit
        Refused, ///< by the model, or by the provider's filter
    };
    std::string text;
    Stop stop = Stop::None;
    std::string stopWord; ///< the provider's own: "max_tokens"
    std::string model;    ///< the provider's name of what answered
    std::optional<TokenUsage> usage;
};

/// How a question ended.
struct ModelOutcome
{
    /// Why there is no whole answer: Transport, Timeout, Decode (garbage, too large), Local (not a usable address),
    /// Service and Http with the provider's status. Codes: "stream_cut", "too_large", "quota" (429 that no wait helps).
    std::optional<Error> error;
    ModelAnswer answer;
    bool hasBegun = false; ///< an answer began: it may cost, whole or not
    std::chrono::nanoseconds duration{};
};

} // namespace sandglass::refine
