#include "ui/sandboxes/fleetmap.h"

#include "models/sandboxes/sandboxlistmodel.h"
#include "ui/sandboxes/sandboxlook.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QHelpEvent>
#include <QPaintEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>
#include <cmath>

using namespace std::chrono_literals;

namespace sandglass::ui {

using models::SandboxListModel;

namespace {

constexpr int smallestSide = 5; ///< pixels; beyond as many cells as fit like this the map scrolls
constexpr int largestSide = 28;
constexpr int wideGapFrom = 12; ///< pixels: smaller cells are one pixel apart, others two
constexpr auto layoutPause = 100ms;
constexpr auto agingPause = 10s;

/// The largest cell with which `count` of them fit.
int sideFor(int count, const QSize &room)
{
    for (int side = largestSide; side > smallestSide; --side) {
        if ((room.width() / side) * (room.height() / side) >= count)
            return side;
    }
    return smallestSide;
}

QColor mixed(const QColor &below, const QColor &above, qreal share)
{
    const auto part = [share](int a, int b) { return static_cast<int>(std::lround(a + (b - a) * share)); };
    return {part(below.red(), above.red()), part(below.green(), above.green()), part(below.blue(), above.blue())};
}

std::chrono::milliseconds ageOf(const QModelIndex &index)
{
    return std::chrono::milliseconds(index.data(SandboxListModel::AgeMsRole).toLongLong());
}

StateLook lookOfRow(const QModelIndex &index)
{
    return lookOf(static_cast<lifecycle::SandboxState>(index.data(SandboxListModel::StateRole).toInt()));
}

QString tipOf(const QModelIndex &index)
{
    const QVariant cost = index.data(SandboxListModel::CostPicoRole);
    return index.data(SandboxListModel::IdRole).toString() + u'\n'
        + index.siblingAtColumn(SandboxListModel::TemplateColumn).data().toString() + u'\n'
        + FleetMap::tr("%1, age %2, cost %3")
              .arg(wordFor(lookOfRow(index)), formatAge(ageOf(index)),
                   formatMoney(cost.isValid() ? std::optional(Money::fromPicoDollars(cost.toLongLong()))
                                              : std::nullopt));
}

} // namespace

qreal strengthOf(std::chrono::milliseconds age)
{
    constexpr qreal weakest = 0.35;
    const qreal minutes = std::chrono::duration<qreal, std::ratio<60>>(age).count();
    const qreal share = std::log(std::max(minutes, 1.0)) / std::log(24.0 * 60);
    return weakest + (1 - weakest) * std::min(share, 1.0);
}

void paintFleetCell(QPainter &painter, const QRect &cell, StateLook look, qreal strength)
{
    const Tokens &t = Theme::tokens();
    const QColor color = mixed(t.surface, colorFor(look), strength);
    if (look == StateLook::Running || look == StateLook::Paused)
        painter.fillRect(cell, color);
    if (look == StateLook::Running)
        return;
    const int edge = std::max(1, cell.width() / 6);
    if (look == StateLook::Paused)
        return painter.fillRect(cell.adjusted(edge, edge, -edge, -edge), t.surface);
    const int margin = cell.width() / 3;
    painter.fillRect(cell.adjusted(margin, margin, -margin, -margin), color);
}

FleetMap::FleetMap(QWidget *parent) : QAbstractItemView(parent)
{
    setObjectName(QStringLiteral("fleetMap"));
    setAccessibleName(tr("Map of the sandboxes"));
    setFrameShape(QFrame::NoFrame);
    setSelectionBehavior(SelectRows);
    setSelectionMode(ExtendedSelection);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setContextMenuPolicy(Qt::CustomContextMenu);
    setMinimumHeight(60);
    m_layout.setSingleShot(true);
    m_layout.setInterval(layoutPause);
    m_aging.setInterval(agingPause);
    connect(&m_layout, &QTimer::timeout, this, &FleetMap::doItemsLayout);
    connect(&m_aging, &QTimer::timeout, viewport(), qOverload<>(&QWidget::update));
    connect(Theme::instance(), &Theme::changed, viewport(), qOverload<>(&QWidget::update));
}

void FleetMap::setModel(QAbstractItemModel *model)
{
    QAbstractItemView::setModel(model);
    const auto layoutLater = [this] {
        if (isVisible() && !m_layout.isActive())
            m_layout.start();
    };
    if (model == nullptr)
        return;
    connect(model, &QAbstractItemModel::rowsInserted, this, layoutLater);
    connect(model, &QAbstractItemModel::rowsRemoved, this, layoutLater);
    connect(model, &QAbstractItemModel::rowsMoved, this, layoutLater);
    connect(model, &QAbstractItemModel::layoutChanged, this, layoutLater);
}

void FleetMap::reset()
{
    QAbstractItemView::reset();
    doItemsLayout();
}

int FleetMap::count() const
{
    return model() == nullptr ? 0 : model()->rowCount();
}

QRect FleetMap::cellAt(int row) const
{
    return {row % m_columns * m_side, row / m_columns * m_side - verticalOffset(), m_side, m_side};
}

QRect FleetMap::linesOf(int first, int last) const
{
    const int top = cellAt(first).top();
    return {0, top, viewport()->width(), cellAt(last).bottom() + 1 - top};
}

QRect FleetMap::visualRect(const QModelIndex &index) const
{
    return index.isValid() ? cellAt(index.row()) : QRect();
}

QModelIndex FleetMap::indexAt(const QPoint &point) const
{
    const int column = point.x() / m_side;
    if (point.x() < 0 || column >= m_columns || point.y() + verticalOffset() < 0)
        return {};
    const int row = (point.y() + verticalOffset()) / m_side * m_columns + column;
    return row < count() ? model()->index(row, 0) : QModelIndex();
}

void FleetMap::scrollTo(const QModelIndex &index, ScrollHint hint)
{
    const QRect cell = visualRect(index);
    const int room = viewport()->height();
    if (cell.isNull() || (hint == EnsureVisible && cell.top() >= 0 && cell.bottom() < room))
        return;
    const int center = (room - m_side) / 2;
    const int wanted = hint == PositionAtTop ? 0
        : hint == PositionAtBottom           ? room - m_side
        : hint == PositionAtCenter           ? center
        : cell.top() < 0                     ? 0
                                             : room - m_side;
    verticalScrollBar()->setValue(verticalOffset() + cell.top() - wanted);
}

QModelIndex FleetMap::moveCursor(CursorAction action, Qt::KeyboardModifiers /*modifiers*/)
{
    if (count() == 0)
        return {};
    const int row = std::max(0, currentIndex().row());
    const int page = std::max(1, viewport()->height() / m_side - 1) * m_columns;
    const auto step = [this, row](int by) { return row + by >= 0 && row + by < count() ? row + by : row; };
    const auto to = [this, action, row, page, &step] {
        switch (action) {
        case MoveLeft:
        case MovePrevious:
            return step(-1);
        case MoveRight:
        case MoveNext:
            return step(1);
        case MoveUp:
            return step(-m_columns);
        case MoveDown:
            return step(m_columns);
        case MovePageUp:
            return std::max(row - page, row % m_columns);
        case MovePageDown:
            return std::min(row + page, count() - 1);
        case MoveHome:
            return 0;
        case MoveEnd:
            return count() - 1;
        }
        return row;
    };
    return model()->index(currentIndex().isValid() ? to() : 0, 0);
}

int FleetMap::verticalOffset() const
{
    return verticalScrollBar()->value();
}

/// The rows of all cells that the rectangle touches.
void FleetMap::setSelection(const QRect &rect, QItemSelectionModel::SelectionFlags command)
{
    if (selectionModel() == nullptr) // no model yet
        return;
    const QRect area = rect.normalized();
    const int left = std::clamp(area.left() / m_side, 0, m_columns - 1);
    const int right = std::clamp(area.right() / m_side, 0, m_columns - 1);
    const int firstLine = std::max(0, (area.top() + verticalOffset()) / m_side);
    const int lastLine = std::min((area.bottom() + verticalOffset()) / m_side, (count() - 1) / m_columns);
    QItemSelection selection;
    for (int line = firstLine; line <= lastLine; ++line) {
        const int first = line * m_columns + left;
        const int last = std::min(line * m_columns + right, count() - 1);
        if (area.right() >= 0 && area.left() < m_columns * m_side && first <= last)
            selection.select(model()->index(first, 0), model()->index(last, 0));
    }
    selectionModel()->select(selection, command);
}

QRegion FleetMap::visualRegionForSelection(const QItemSelection &selection) const
{
    QRegion region;
    for (const QItemSelectionRange &range : selection)
        region += linesOf(range.top(), range.bottom());
    return region;
}

void FleetMap::updateGeometries()
{
    QAbstractItemView::updateGeometries();
    const QSize room = viewport()->size();
    m_side = sideFor(count(), room);
    m_columns = std::max(1, room.width() / m_side);
    const int lines = (count() + m_columns - 1) / m_columns;
    verticalScrollBar()->setRange(0, std::max(0, lines * m_side - room.height()));
    verticalScrollBar()->setPageStep(room.height());
    verticalScrollBar()->setSingleStep(m_side);
    viewport()->update();
}

/// Figures that run on with the clock are no reason to paint: they have a pace of their own.
void FleetMap::dataChanged(const QModelIndex &topLeft, const QModelIndex &bottomRight, const QList<int> & /*roles*/)
{
    if (topLeft.column() <= SandboxListModel::StateColumn)
        viewport()->update(linesOf(topLeft.row(), bottomRight.row()));
}

void FleetMap::paintEvent(QPaintEvent *event)
{
    if (selectionModel() == nullptr) // no model yet
        return;
    QPainter painter(viewport());
    const Tokens &t = Theme::tokens();
    const QRect area = event->rect();
    const int first = std::max(0, (area.top() + verticalOffset()) / m_side) * m_columns;
    const int last = std::min(count(), ((area.bottom() + verticalOffset()) / m_side + 1) * m_columns);
    const int gap = m_side < wideGapFrom ? 1 : 2;
    for (const QItemSelectionRange &range : selectionModel()->selection()) {
        for (int row = std::max(first, range.top()); row < std::min(last, range.bottom() + 1); ++row)
            painter.fillRect(cellAt(row).adjusted(0, 0, gap, gap), t.accent);
    }
    for (int row = first; row < last; ++row) {
        const QModelIndex index = model()->index(row, 0);
        const QRect cell = cellAt(row);
        if (hasFocus() && row == currentIndex().row())
            painter.fillRect(cell.adjusted(0, 0, gap, gap), t.text);
        paintFleetCell(painter, cell.adjusted(gap, gap, 0, 0), lookOfRow(index), strengthOf(ageOf(index)));
    }
}

bool FleetMap::viewportEvent(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto *help = static_cast<QHelpEvent *>(event);
        const QModelIndex index = indexAt(help->pos());
        if (index.isValid())
            QToolTip::showText(help->globalPos(), tipOf(index), viewport(), visualRect(index));
        else
            QToolTip::hideText();
        return true;
    }
    return QAbstractItemView::viewportEvent(event);
}

void FleetMap::showEvent(QShowEvent *event)
{
    QAbstractItemView::showEvent(event);
    doItemsLayout();
    m_aging.start();
}

void FleetMap::hideEvent(QHideEvent *event)
{
    QAbstractItemView::hideEvent(event);
    m_aging.stop();
    m_layout.stop();
}

} // namespace sandglass::ui
