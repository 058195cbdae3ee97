#include "ui/widgets/tableview.h"

#include "ui/theme/theme.h"
#include "ui/widgets/tableheader.h"

#include <QScopedValueRollback>

#include <algorithm>
#include <utility>

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
    setHorizontalHeader(new TableHeader(this));
    connect(horizontalHeader(), &QHeaderView::sectionResized, this, [this](int column, int, int width) {
        const auto at = static_cast<std::size_t>(column);
        if (!m_isFitting && at < m_least.size() && m_wanted[at] >= 0)
            m_wanted[at] = width; // by hand
    });
}

void TableView::setColumnWidths(const QList<int> &widths, const QList<int> &least)
{
    m_wanted.assign(widths.begin(), widths.end());
    m_least.assign(least.begin(), least.end());
    for (int column = 0; column < widths.size(); ++column) {
        const int width = widths.at(column);
        const bool isStretched = width < 0 && m_least.empty();
        horizontalHeader()->setSectionResizeMode(column, isStretched ? QHeaderView::Stretch : QHeaderView::Interactive);
        if (width >= 0)
            horizontalHeader()->resizeSection(column, width);
    }
    if (!m_least.empty())
        fit();
}

void TableView::setOptionalColumns(const QList<int> &columns)
{
    m_optional = columns;
    fit();
}

void TableView::fixHeight(int rows)
{
    setFixedHeight(rows * metrics::rowHeight + horizontalHeader()->sizeHint().height() + 4);
}

QByteArray TableView::saveColumns()
{
    if (m_least.empty())
        return horizontalHeader()->saveState();
    for (const int column : std::as_const(m_optional))
        setColumnHidden(column, false);
    setWidths(m_wanted); // those of this window's size are not the person's
    const QByteArray state = horizontalHeader()->saveState();
    fit();
    return state;
}

void TableView::restoreColumns(const QByteArray &state)
{
    if (state.isEmpty() || !horizontalHeader()->restoreState(state))
        return;
    for (std::size_t column = 0; column < m_least.size(); ++column) {
        if (m_wanted[column] >= 0)
            m_wanted[column] = horizontalHeader()->sectionSize(static_cast<int>(column));
        horizontalHeader()->setSectionResizeMode(static_cast<int>(column), QHeaderView::Interactive);
    }
    fit();
}

void TableView::resizeEvent(QResizeEvent *event)
{
    QTableView::resizeEvent(event);
    fit();
}

void TableView::fit()
{
    if (m_least.empty() || horizontalHeader()->count() < static_cast<int>(m_wanted.size()))
        return;
    hideOptional();
    std::vector<int> widths = m_wanted;
    int left = viewport()->width();
    int takers = 0, slack = 0;
    for (std::size_t column = 0; column < widths.size(); ++column) {
        if (isColumnHidden(static_cast<int>(column)))
            continue;
        if (widths[column] < 0) {
            ++takers;
            widths[column] = m_least[column];
        } else if (m_least[column] > 0) {
            slack += std::max(0, widths[column] - m_least[column]);
        }
        left -= widths[column];
    }
    int missing = std::min(std::max(0, -left), slack);
    for (std::size_t column = 0; column < widths.size() && missing > 0; ++column) {
        if (m_wanted[column] < 0 || m_least[column] == 0 || isColumnHidden(static_cast<int>(column)))
            continue;
        const int own = std::max(0, widths[column] - m_least[column]);
        const int given = slack > 0 ? (own * missing + slack - 1) / slack : 0; // the last one gives what is still asked
        widths[column] -= given;
        missing -= given;
        slack -= own;
    }
    for (std::size_t column = 0; column < widths.size() && left > 0; ++column) {
        if (m_wanted[column] >= 0 || isColumnHidden(static_cast<int>(column)))
            continue;
        const int share = left / takers--;
        widths[column] += share;
        left -= share;
    }
    setWidths(widths);
}

void TableView::hideOptional()
{
    const QScopedValueRollback fitting(m_isFitting, true); // hiding resizes, but not by hand
    int needed = 0;
    for (std::size_t column = 0; column < m_least.size(); ++column)
        needed += m_least[column] > 0 ? m_least[column] : std::max(0, m_wanted[column]);
    for (const int column : std::as_const(m_optional)) {
        const bool isTooMuch = needed > viewport()->width();
        setColumnHidden(column, isTooMuch);
        if (isTooMuch)
            needed -= m_least[static_cast<std::size_t>(column)];
    }
}

void TableView::setWidths(const std::vector<int> &widths)
{
    m_isFitting = true;
    for (std::size_t column = 0; column < widths.size(); ++column) {
        if (widths[column] >= 0 && !isColumnHidden(static_cast<int>(column)))
            horizontalHeader()->resizeSection(static_cast<int>(column), widths[column]);
    }
    m_isFitting = false;
}

} // namespace sandglass::ui
