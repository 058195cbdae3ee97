#include "ui/webhooks/tablepane.h"

#include "ui/widgets/card.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/tableview.h"

#include <QItemSelectionModel>
#include <QMenu>
#include <QVBoxLayout>

namespace sandglass::ui {

TablePane::TablePane(TableView *table, EmptyState *empty) : m_table(table)
{
    table->setSelectionMode(QAbstractItemView::SingleSelection);
    auto *card = new Card;
    card->setFlush();
    card->body()->addWidget(table);
    addWidget(card);
    addWidget(empty);
}

void TablePane::showTable(bool hasRows)
{
    setCurrentIndex(hasRows ? 0 : 1);
}

int TablePane::currentRow() const
{
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    return rows.isEmpty() ? -1 : rows.front().row();
}

void TablePane::offerActionsOf(QWidget &owner)
{
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(m_table, &QWidget::customContextMenuRequested, this, [this, &owner](const QPoint &position) {
        if (currentRow() >= 0)
            QMenu::exec(owner.actions(), m_table->viewport()->mapToGlobal(position), nullptr, &owner);
    });
}

} // namespace sandglass::ui
