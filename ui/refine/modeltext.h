#pragma once

#include "services/core/error.h"
#include "services/refine/modeluse.h"

#include <QString>

namespace sandglass::models {
class Proposers;
class Refining;
} // namespace sandglass::models

namespace sandglass::ui {

/// Why a model gave no code, and what helps.
[[nodiscard]] QString modelTrouble(const Error &error);
/// "1,203 tokens in (800 of them cached), 312 out"; or that the provider did not count.
[[nodiscard]] QString tokensText(const refine::ModelUse &use);

struct RefiningWords
{
    QString text; ///< empty: nothing to say
    QString role; ///< "muted", "good", "error"
};
/// How far a refinement is, or how the last one ended. `attempts`: the limit of the one that runs.
[[nodiscard]] RefiningWords refiningWords(const models::Refining &refining, const models::Proposers &proposers,
                                          bool isAsking);

} // namespace sandglass::ui
