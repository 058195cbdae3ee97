#include "ui/shell/shortcutsdialog.h"

#include "ui/widgets/searchfield.h"

#include <QAction>
#include <QCoreApplication>
#include <QDialog>
#include <QHeaderView>
#include <QTableWidget>
#include <QVBoxLayout>

namespace sandglass::ui {

namespace {

QString translated(const char *text)
{
    return QCoreApplication::translate("ShortcutsDialog", text);
}

} // namespace

void showShortcutsDialog(const QList<QAction *> &actions, QWidget *parent)
{
    auto *dialog = new QDialog(parent);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setObjectName(QStringLiteral("shortcutsDialog"));
    dialog->setWindowTitle(translated("Keyboard shortcuts"));
    auto *layout = new QVBoxLayout(dialog);
    auto *search = new SearchField(translated("Search actions and keys"), QStringLiteral("shortcutSearch"));
    search->setMaximumWidth(QWIDGETSIZE_MAX);
    layout->addWidget(search);
    auto *table = new QTableWidget(0, 2);
    table->setObjectName(QStringLiteral("shortcutTable"));
    table->setHorizontalHeaderLabels({translated("Action"), translated("Keys")});
    table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    table->verticalHeader()->hide();
    table->setShowGrid(false);
    table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    for (const QAction *action : actions) {
        if (action->shortcut().isEmpty())
            continue;
        const int row = table->rowCount();
        table->insertRow(row);
        table->setItem(row, 0, new QTableWidgetItem(action->text().remove(u'&')));
        table->setItem(row, 1, new QTableWidgetItem(action->shortcut().toString(QKeySequence::NativeText)));
    }
    layout->addWidget(table);
    QObject::connect(search, &SearchField::searchChanged, table, [table](const QString &text) {
        for (int row = 0; row < table->rowCount(); ++row) {
            const bool fits = table->item(row, 0)->text().contains(text, Qt::CaseInsensitive)
                || table->item(row, 1)->text().contains(text, Qt::CaseInsensitive);
            table->setRowHidden(row, !fits);
        }
    });
    dialog->resize(520, 480);
    dialog->open();
}

} // namespace sandglass::ui
