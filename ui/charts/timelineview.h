#pragma once

#include "services/core/time.h"
#include "ui/charts/chartscale.h"

#include <QAbstractScrollArea>

#include <optional>

namespace sandglass::models {
class TimelineModel;
}

namespace sandglass::ui {

/// The lives of sandboxes side by side: a lane each, running filled, paused hatched, the end marked by its state.
/// Paints only the lanes in sight, so thousands cost what a screenful costs. Ctrl+wheel changes the height of lanes, a
/// drag selects a stretch of time, a double click gives the time back, arrow keys walk the lanes.
class TimelineView final : public QAbstractScrollArea
{
    Q_OBJECT
public:
    TimelineView(models::TimelineModel &model, const QString &objectName, QWidget *parent = nullptr);

    static constexpr int lowestLane = 3, highestLane = 30; ///< pixels
    void setLaneHeight(int pixels);
    [[nodiscard]] int laneHeight() const { return m_laneHeight; }
    [[nodiscard]] QString selectedId() const { return m_selectedId; }
    void select(const QString &sandboxId);
    /// Lane at a height of the viewport; -1: none.
    [[nodiscard]] int laneAt(int y) const;
    [[nodiscard]] ChartScale scale() const;

Q_SIGNALS:
    void selected(const QString &sandboxId);
    void activated(const QString &sandboxId); ///< Return or double click on a lane
    void rangeSelected(sandglass::Timestamp from, sandglass::Timestamp to);
    void resetRequested();

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    bool viewportEvent(QEvent *event) override; ///< the read-out of a lane as tool tip

private:
    void onChanged();
    void updateScrollBar();
    void moveSelection(int lanes);
    void paintAxis(QPainter &painter, const ChartScale &chart) const;
    void paintLane(QPainter &painter, const ChartScale &chart, int lane, const QRect &row) const;
    [[nodiscard]] int laneTop(int lane) const;
    [[nodiscard]] QString describe(int lane) const;

    models::TimelineModel &m_model;
    int m_laneHeight = 20;
    QString m_selectedId;
    std::optional<int> m_dragFrom; ///< x of the press
    int m_dragTo = 0;
};

} // namespace sandglass::ui
