#include "ui/widgets/tableview.h"

#include "ui/theme/theme.h"

#include <QHeaderView>

namespace sandglass::ui {

TableView::TableView(const QString &objectName, QWidget *parent) : QTableView(parent)
{
    setObjectName(objectName);
    setShowGrid(false);
    setWordWrap(false);
    setFrameShape(QFrame::NoFrame);
    setSelectionBehavior(SelectRows);
    setSelectionMode(ExtendedSelection);
    setEditTriggers(NoEditTriggers);
    setVerticalScrollMode(ScrollPerPixel);
    setHorizontalScrollMode(ScrollPerPixel);
    setTabKeyNavigation(false); // Tab leaves the table: no keyboard trap
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setDefaultSectionSize(metrics::rowHeight);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setSectionsMovable(true);
    horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    horizontalHeader()->setMinimumSectionSize(40);
}

void TableView::setColumnWidths(const QList<int> &widths)
{
    for (int column = 0; column < widths.size(); ++column) {
        const int width = widths.at(column);
        horizontalHeader()->setSectionResizeMode(column, width < 0 ? QHeaderView::Stretch : QHeaderView::Interactive);
        if (width >= 0)
            horizontalHeader()->resizeSection(column, width);
    }
}

void TableView::fixHeight(int rows)
{
    setFixedHeight(rows * metrics::rowHeight + horizontalHeader()->sizeHint().height() + 4);
}

QByteArray TableView::saveColumns() const
{
    return horizontalHeader()->saveState();
}

void TableView::restoreColumns(const QByteArray &state)
{
    if (!state.isEmpty())
        horizontalHeader()->restoreState(state);
}

} // namespace sandglass::ui
