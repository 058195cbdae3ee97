#pragma once

#include <QDialog>
#include <QList>

class QAction;
class QLineEdit;
class QListWidget;

namespace sandglass::ui {

/// Every action of the program by its name: Ctrl+K, a few letters, Return.
class CommandPalette final : public QDialog
{
    Q_OBJECT
public:
    CommandPalette(QList<QAction *> actions, QWidget *parent);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void fill(const QString &pattern);
    void trigger();

    QList<QAction *> m_actions;
    QLineEdit *m_pattern = nullptr;
    QListWidget *m_list = nullptr;
};

} // namespace sandglass::ui
