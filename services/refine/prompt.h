#pragma once

#include "services/refine/attempt.h"
#include "services/refine/modelconnection.h"

#include <string>
#include <vector>

namespace sandglass::refine {

/// What is wanted of a generator.
struct RefineTask
{
    std::string requirement; ///< in the person's words
    Check check;
    std::string code; ///< what is there to begin with; empty: nothing
};

/// How much of it all goes to a model, in bytes; what is longer keeps its beginning and its end.
struct PromptLimits
{
    static constexpr std::size_t requirement = 8U << 10;
    static constexpr std::size_t code = 32U << 10;
    static constexpr std::size_t output = 8U << 10;
    static constexpr std::size_t traceback = 8U << 10;
    static constexpr std::size_t expected = 2U << 10;
    static constexpr std::size_t earlier = 5; ///< attempts before the last one, a line each
};

/// The requirement, the check, and of the last attempt its code and how it ended, with error and output. Secrets are
/// taken out, of the code as well: "***" stands in their place.
[[nodiscard]] ModelQuestion makeQuestion(const RefineTask &task, const std::vector<Attempt> &history);

} // namespace sandglass::refine
