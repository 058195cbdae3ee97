#pragma once

#include <QWidget>

#include <optional>

class QMenu;

namespace sandglass::ui {

class ChartScale;

/// A chart that is read a step at a time: under the pointer, or by Left, Right, Home and End; Escape puts the read-out
/// away. Holds that walk, the words for assistive programs that go with it, and the context menu that saves picture and
/// data. What a step is and how it looks, the chart says.
class SteppedChart : public QWidget
{
    Q_OBJECT
public:
    SteppedChart(const QString &name, const QString &objectName, QWidget *parent);

    [[nodiscard]] int currentStep() const { return m_step; } ///< read out; -1: none

protected:
    [[nodiscard]] virtual int stepCount() const = 0;
    [[nodiscard]] virtual int stepAt(qreal x) const = 0;   ///< under a pixel; -1: none
    [[nodiscard]] virtual QString description() const = 0; ///< of the whole, and of the step that is read out
    [[nodiscard]] virtual QByteArray table() const = 0;    ///< the data as CSV
    virtual void paintChart(QPainter &painter) const = 0;  ///< all but the frame of the focus
    virtual void extendMenu(QMenu &menu);                  ///< adds to the context menu; nothing by default

    void setStep(int step); ///< -1: none
    void onDataChanged();   ///< puts away a step that is no more, and describes and paints anew
    /// Where a key leads the walk; empty for other keys, and while there is no step.
    [[nodiscard]] std::optional<int> stepAfter(int key) const;

    static void paintGuide(QPainter &painter, const ChartScale &chart, qreal x); ///< the line through a step
    /// The card that a read-out is written on, its title in the first line. Lies at the right of `right`, or where that
    /// would leave the chart, at the left of `left`. Returns its upper left corner.
    QPointF paintCard(QPainter &painter, const ChartScale &chart, qreal left, qreal right, QSizeF size,
                      const QString &title) const;

    void paintEvent(QPaintEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    void describe();

    QString m_name;
    int m_step = -1;
};

/// The colour of the series at `index`; colours repeat after the theme's last.
[[nodiscard]] QColor seriesColor(int index);

} // namespace sandglass::ui
