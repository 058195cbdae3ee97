#pragma once

#include <QStringView>

#include <optional>

namespace sandglass::ui {

/// How well `pattern`'s letters occur in `text` in their order, without case: higher is better, empty = not at all.
/// Starts of words and runs of letters count most. An empty pattern fits everything with 0.
[[nodiscard]] std::optional<int> fuzzyScore(QStringView pattern, QStringView text);

} // namespace sandglass::ui
