#pragma once

#include <QList>

class QAction;
class QWidget;

namespace sandglass::ui {

/// A searchable list of every action that has a key.
void showShortcutsDialog(const QList<QAction *> &actions, QWidget *parent);

} // namespace sandglass::ui
