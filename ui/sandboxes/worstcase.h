#pragma once

#include "services/core/money.h"

#include <QString>

#include <optional>

namespace sandglass::ui {

/// What several sandboxes come to when each runs until its timeout.
struct WorstCase
{
    Money most;      ///< of those whose size is known
    int count = 0;   ///< of all
    int unknown = 0; ///< of them, those of unknown size

    void add(std::optional<Money> price);
};

/// "at most $0.0272", "at most $0.0272, 1 of unknown size", "price unknown".
[[nodiscard]] QString worstCaseText(const WorstCase &worst);

} // namespace sandglass::ui
