#pragma once

#include "services/core/result.h"
#include "services/refine/modelanswer.h"

#include <string>

namespace sandglass::refine {

/// The program in an answer: what stands in a fenced block marked as Python, or in an unmarked one where none is. Of
/// several the longest counts, for the others are excerpts and examples; of equal ones the last. What a model thought
/// aloud before it (<think>…</think>) is passed over.
/// Errors (Decode), by their codes: "refused"; "empty"; "no_code", no block that may be Python; "truncated", the answer
/// was cut off at its length limit within its program.
[[nodiscard]] Result<std::string> codeFrom(const ModelAnswer &answer);

/// An answer with this error may be followed by a better one.
[[nodiscard]] bool isFaultOfAnswer(const Error &error);

} // namespace sandglass::refine
