#pragma once

#include <QStringList>

class QComboBox;
class QLineEdit;
class QSpinBox;

namespace sandglass::ui {

/// The fields of which the forms about budgets and runaways consist. `name` is for assistive programs.
[[nodiscard]] QLineEdit *makeEdit(const QString &objectName, const QString &name, const QString &hint = {});
[[nodiscard]] QComboBox *makeCombo(const QString &objectName, const QString &name, const QStringList &items = {});
/// Seconds between the announcement of a pause or kill and the deed, a day at most.
[[nodiscard]] QSpinBox *makeGraceField(const QString &objectName, int mostPixels);

} // namespace sandglass::ui
