#pragma once

#include <QLabel>

namespace sandglass::ui {

/// Labels in the roles of the theme's style sheet.
[[nodiscard]] QLabel *makeLabel(const QString &text, const char *role, QWidget *parent = nullptr);
[[nodiscard]] QLabel *makeHeading(const QString &text, QWidget *parent = nullptr);
[[nodiscard]] QLabel *makeMuted(const QString &text, QWidget *parent = nullptr);
/// Monospace; selectable by mouse.
[[nodiscard]] QLabel *makeMono(const QString &text, QWidget *parent = nullptr);

} // namespace sandglass::ui
