#pragma once

#include "models/runs/attemptsmodel.h"

#include <QString>

#include <vector>

namespace sandglass::models {

/// The shortest line difference from `before` to `after`, with three lines of context around changes. Very different
/// texts of many thousand lines are shown as one removal and one addition.
[[nodiscard]] std::vector<DiffRow> lineDiff(const QString &before, const QString &after);

/// Line (from 0) of the person's code that a Python traceback ends in; -1 when it names none. Understands the forms
/// of IPython ("Cell In[1], line 6", "Input In [1], in <cell line: 6>()") and of plain Python (File "<…>", line 6).
[[nodiscard]] int errorLineOf(const QString &traceback);

[[nodiscard]] QString withoutTerminalCodes(const QString &text);

} // namespace sandglass::models
