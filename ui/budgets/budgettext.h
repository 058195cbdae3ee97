#pragma once

#include "services/core/result.h"
#include "services/cost/sandboxfacts.h"
#include "services/cost/startcheck.h"

#include <QString>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::ui {

/// Exceptions as a person types them: "template:ml, connection:Cloud, team:ID, user=42, keep" (the last one: any
/// value).
[[nodiscard]] QString exceptionsText(const std::vector<cost::Scope> &scopes);
/// Error (Local): what cannot be understood, in words.
[[nodiscard]] Result<std::vector<cost::Scope>> exceptionsFromText(const QString &text);

/// "50, 80, 90, 100", in any order, each once; empty when one of them is no number.
[[nodiscard]] std::optional<std::vector<int>> percentsFromText(const QString &text);
[[nodiscard]] QString percentsText(const std::vector<int> &percents);

/// Thresholds per template in minutes: "ml=120, web=2.5".
using Thresholds = std::map<std::string, std::chrono::milliseconds>;
[[nodiscard]] QString thresholdsText(const Thresholds &thresholds);
[[nodiscard]] Result<Thresholds> thresholdsFromText(const QString &text);

/// Minutes without more decimals than needed: "10", "0.5".
[[nodiscard]] QString minutesText(std::chrono::milliseconds time);
/// Empty for what is no number from a millisecond to ten years.
[[nodiscard]] std::optional<std::chrono::milliseconds> minutesFromText(const QString &text);

/// Local, with the day: "20 Aug 14:02:11".
[[nodiscard]] QString momentText(Timestamp time);
[[nodiscard]] QString dayText(Timestamp time); ///< without seconds
/// "$0.92 of $1.00", "3 of 2".
[[nodiscard]] QString usedOfLimit(const cost::Budget &budget, const cost::BudgetUsage &usage);
/// What a budget says about a start, as one sentence or two.
[[nodiscard]] QString startText(const cost::StartFinding &finding);
[[nodiscard]] QString forecastMethodText(); ///< of cost::forecast(), for people

} // namespace sandglass::ui
