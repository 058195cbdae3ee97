#include "ui/sandboxes/sandboxviews.h"

#include "models/sandboxes/sandboxlistmodel.h"
#include "ui/sandboxes/fleetlegend.h"
#include "ui/sandboxes/fleetmap.h"
#include "ui/sandboxes/sandboxdelegate.h"
#include "ui/widgets/card.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/tableview.h"

#include <QHeaderView>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::SandboxListModel;

SandboxViews::SandboxViews(SandboxListModel &sandboxes, QWidget *parent)
    : QStackedWidget(parent), m_sandboxes(sandboxes)
{
    buildTable();
    buildMap();
    addWidget(m_empty = new EmptyState({}, {}));
}

void SandboxViews::buildTable()
{
    auto *card = new Card;
    card->setFlush();
    m_table = new TableView(QStringLiteral("sandboxTable"));
    m_table->setAccessibleName(tr("Sandboxes"));
    m_table->setItemDelegate(new SandboxDelegate(m_table));
    m_table->setModel(&m_sandboxes);
    m_table->setSortingEnabled(true);
    m_table->horizontalHeader()->setSortIndicator(SandboxListModel::AgeColumn, Qt::AscendingOrder);
    m_table->setColumnWidths({96, 172, -1, 92, 60, 98, 108, -1}, {90, 0, 144, 84, 54, 90, 100, 180});
    m_table->setOptionalColumns({SandboxListModel::MetadataColumn});
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    card->body()->addWidget(m_table);
    addWidget(card);
    connect(m_table, &QWidget::customContextMenuRequested, this,
            [this](const QPoint &position) { Q_EMIT menuRequested(m_table->viewport()->mapToGlobal(position)); });
}

void SandboxViews::buildMap()
{
    auto *card = new Card;
    card->body()->setSpacing(12);
    m_map = new FleetMap;
    m_map->setModel(&m_sandboxes);
    m_map->setSelectionModel(m_table->selectionModel());
    card->body()->addWidget(m_map, 1);
    card->body()->addWidget(new FleetLegend);
    addWidget(card);
    connect(m_map, &QWidget::customContextMenuRequested, this,
            [this](const QPoint &position) { Q_EMIT menuRequested(m_map->viewport()->mapToGlobal(position)); });
}

void SandboxViews::setView(View view)
{
    m_view = view;
    choose();
}

void SandboxViews::setEmpty(bool isEmpty)
{
    m_isEmpty = isEmpty;
    choose();
}

void SandboxViews::choose()
{
    setCurrentIndex(m_isEmpty ? 2 : m_view == View::Map ? 1 : 0);
}

void SandboxViews::showRow(int row)
{
    const QModelIndex index = m_sandboxes.index(row, 0);
    m_table->scrollTo(index);
    m_map->scrollTo(index);
}

} // namespace sandglass::ui
