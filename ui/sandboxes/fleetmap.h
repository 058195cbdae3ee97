#pragma once

#include "ui/widgets/stateshape.h"

#include <QAbstractItemView>
#include <QTimer>

#include <chrono>

namespace sandglass::ui {

/// How strongly a sandbox of this age is drawn, 0.35-1: hardly at a minute, fully from a day on, evenly by the
/// logarithm between. What has been forgotten stands out.
[[nodiscard]] qreal strengthOf(std::chrono::milliseconds age);
/// One cell: full when running, a frame when paused, a dot when it ended.
void paintFleetCell(QPainter &painter, const QRect &cell, StateLook look, qreal strength);

/// Every row of a SandboxListModel at once, a cell each in the order of the rows, as large as lets all be seen.
/// Selects rows like a table; share the table's selection model to have one selection.
class FleetMap final : public QAbstractItemView
{
    Q_OBJECT
public:
    explicit FleetMap(QWidget *parent = nullptr);

    [[nodiscard]] QRect visualRect(const QModelIndex &index) const override;
    void scrollTo(const QModelIndex &index, ScrollHint hint = EnsureVisible) override;
    [[nodiscard]] QModelIndex indexAt(const QPoint &point) const override;
    void setModel(QAbstractItemModel *model) override;
    void reset() override;

protected:
    [[nodiscard]] QModelIndex moveCursor(CursorAction action, Qt::KeyboardModifiers modifiers) override;
    [[nodiscard]] int horizontalOffset() const override { return 0; }
    [[nodiscard]] int verticalOffset() const override;
    [[nodiscard]] bool isIndexHidden(const QModelIndex & /*index*/) const override { return false; }
    void setSelection(const QRect &rect, QItemSelectionModel::SelectionFlags command) override;
    [[nodiscard]] QRegion visualRegionForSelection(const QItemSelection &selection) const override;
    void updateGeometries() override;
    void dataChanged(const QModelIndex &topLeft, const QModelIndex &bottomRight, const QList<int> &roles) override;
    void paintEvent(QPaintEvent *event) override;
    bool viewportEvent(QEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    [[nodiscard]] int count() const;
    [[nodiscard]] QRect cellAt(int row) const; ///< in the viewport, with the gap around it
    [[nodiscard]] QRect linesOf(int first, int last) const;

    int m_side = 1; ///< pixels from one cell to the next
    int m_columns = 1;
    QTimer m_layout; ///< rows come and go many times a second
    QTimer m_aging;
};

} // namespace sandglass::ui
