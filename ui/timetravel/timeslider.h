#pragma once

#include "services/core/time.h"

#include <QSlider>

namespace sandglass::ui {

/// A line from one time to another with dates below it and a handle to drag; a click jumps. Whole seconds.
class TimeSlider final : public QSlider
{
    Q_OBJECT
public:
    explicit TimeSlider(const QString &objectName, QWidget *parent = nullptr);

    /// Keeps the moment.
    void setSpan(Timestamp from, Timestamp to);
    void setMoment(Timestamp moment); ///< without momentChosen
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;
    [[nodiscard]] QPoint pointOf(Timestamp moment) const; ///< on the line

Q_SIGNALS:
    void momentChosen(sandglass::Timestamp moment); ///< by hand; the end of the span exactly when that was meant

protected:
    void paintEvent(QPaintEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    bool event(QEvent *event) override;

private:
    [[nodiscard]] class ChartScale scale() const;
    [[nodiscard]] int valueAt(qreal x) const;
    void choose(int value);
    void describe();

    Timestamp m_from{};
    Timestamp m_to{};
};

} // namespace sandglass::ui
