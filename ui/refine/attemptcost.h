#pragma once

#include "models/runs/attemptsmodel.h"

#include <QString>

namespace sandglass::ui {

/// "model $0.0012 + sandbox $0.0000021"; without a model the amount alone. Where that does not fit, its sum.
[[nodiscard]] QString costParts(const models::AttemptRow &attempt);
[[nodiscard]] QString costSum(const models::AttemptRow &attempt);
/// Tokens, times and every digit, for a tooltip; empty while nothing is known.
[[nodiscard]] QString costDetails(const models::AttemptRow &attempt);

/// What the attempts of a list cost together.
struct CostOfAttempts
{
    Money model;
    Money sandbox;
    int ofModels = 0;       ///< attempts that a model proposed
    int modelsUnpriced = 0; ///< of them, those whose model's part is not known
    int known = 0;          ///< attempts whose whole cost is known
    int unknown = 0;        ///< of which a part is not
    [[nodiscard]] Money sum() const { return model + sandbox; }
};
[[nodiscard]] CostOfAttempts costOf(const models::AttemptsModel &attempts);
/// "model $0.012 + sandbox $0.00002 = $0.01202"; no sum where a part is not known. Empty when there
/// is nothing to tell.
[[nodiscard]] QString costWords(const CostOfAttempts &cost);

} // namespace sandglass::ui
