#pragma once

#include <QList>
#include <QPointF>
#include <QWidget>

namespace sandglass::ui {

/// A curve without axes, beside the figure that says what it means.
class Sparkline final : public QWidget
{
    Q_OBJECT
public:
    explicit Sparkline(QWidget *parent = nullptr);

    /// Both coordinates 0-1, x ascending; y 0 is the base line, 1 the top. What lies outside is cut off.
    void setPoints(QList<QPointF> points);
    [[nodiscard]] const QList<QPointF> &points() const { return m_points; }
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QList<QPointF> m_points;
};

} // namespace sandglass::ui
