#pragma once

#include <QString>

namespace sandglass::ui {

struct Tokens;

/// The application's one style sheet, with the tokens filled in. Widgets ask for a look by dynamic properties:
/// QPushButton[kind="primary"|"danger"|"quiet"], QFrame[card="true"], QLabel[role="muted"|"faint"|"title"|"heading"|
/// "figure"|"mono"|"error"].
[[nodiscard]] QString styleSheetFor(const Tokens &tokens);

} // namespace sandglass::ui
