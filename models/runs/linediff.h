#pragma once

#include "models/runs/attemptsmodel.h"

#include <QString>

#include <vector>

namespace sandglass::models {

/// The shortest line difference from `before` to `after` as rows, with three lines of context around changes; what lies
/// between is one Skipped row that counts it. Empty when nothing differs.
[[nodiscard]] std::vector<DiffRow> lineDiff(const QString &before, const QString &after);

/// Sets the difference of `attempt` to the newest of those before (oldest first) that has code, and how many lines that
/// adds and removes. What a model writes first is all new; what a person runs first is compared with nothing.
void compareWithLast(const AttemptsModel::Rows &before, AttemptRow &attempt);

} // namespace sandglass::models
