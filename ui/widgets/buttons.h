#pragma once

#include <QPushButton>

namespace sandglass::ui {

/// Buttons in the looks of the theme's style sheet. The accessible name is the text.
[[nodiscard]] QPushButton *makePrimaryButton(const QString &text, const QString &objectName, QWidget *parent = nullptr);
[[nodiscard]] QPushButton *makeButton(const QString &text, const QString &objectName, QWidget *parent = nullptr);
[[nodiscard]] QPushButton *makeDangerButton(const QString &text, const QString &objectName, QWidget *parent = nullptr);
[[nodiscard]] QPushButton *makeQuietButton(const QString &text, const QString &objectName, QWidget *parent = nullptr);

/// Sets a dynamic property that the style sheet selects by, and makes it take effect.
void setLook(QWidget *widget, const char *property, const QVariant &value);

} // namespace sandglass::ui
