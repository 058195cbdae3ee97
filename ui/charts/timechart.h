#pragma once

#include "services/core/time.h"
#include "ui/charts/chartaxes.h"
#include "ui/charts/steppedchart.h"

#include <vector>

namespace sandglass::ui {

/// What a chart shows: equal buckets over [from, to), a list of values per series, oldest first. NaN is a gap: not
/// known, which is not zero.
struct ChartData
{
    /// Where the series say how something went, their colours say it, too.
    enum class Tone { Neutral /**< by its place in the list */, Good, Bad, Warning, Quiet };
    struct Series
    {
        QString name;
        std::vector<double> values;
        Tone tone = Tone::Neutral;
        bool operator==(const Series &) const = default;
    };
    Timestamp from{};
    Timestamp to{};
    std::vector<Series> series; ///< stacked from below in this order, or lines
    /// A bucket that ends later is not over: its area would look like a fall, so it is not drawn.
    Timestamp knownUntil = Timestamp::max();
    [[nodiscard]] int bucketCount() const
    {
        return series.empty() ? 0 : static_cast<int>(series.front().values.size());
    }
    bool operator==(const ChartData &) const = default;
};

/// A chart over time: stacked areas or lines, zero base, legend, a step per bucket. A drag, or Shift with the keys of
/// the walk and Return, selects a stretch of time; double click or Escape asks for the whole again. Paints itself: at
/// the refresh rate and size in use this costs a third of Qt Charts.
class TimeChart final : public SteppedChart
{
    Q_OBJECT
public:
    enum class Kind { StackedArea, Lines };
    using Formatter = ValueText;

    TimeChart(Kind kind, const QString &name, const QString &objectName, QWidget *parent = nullptr);

    /// Does nothing when equal to what is shown. Series shorter than the longest end in a gap.
    void setData(ChartData data);
    [[nodiscard]] const ChartData &data() const { return m_data; }
    void setFormatter(Formatter formatter); ///< values in ticks and the read-out
    void setLegendVisible(bool visible);
    void setWholeNumbers(); ///< no ticks between whole numbers
    /// A dashed line with a word, e.g. the plan's limit; empty word removes it.
    void setLimit(double value, const QString &word);

    [[nodiscard]] QSize sizeHint() const override { return {480, 220}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {220, 110}; }

Q_SIGNALS:
    void rangeSelected(sandglass::Timestamp from, sandglass::Timestamp to); ///< on the edges of buckets
    void resetRequested();

protected:
    [[nodiscard]] int stepCount() const override { return m_data.bucketCount(); }
    [[nodiscard]] int stepAt(qreal x) const override; ///< of a drag: the nearest where the pointer is beside the plot
    [[nodiscard]] QString description() const override;
    [[nodiscard]] QByteArray table() const override;
    void paintChart(QPainter &painter) const override;
    void extendMenu(QMenu &menu) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    [[nodiscard]] ChartScale scale() const;
    [[nodiscard]] std::vector<double> totals() const;
    [[nodiscard]] QColor colorOf(int series) const;
    void paintAreas(QPainter &painter, const ChartScale &scale) const;
    void paintLines(QPainter &painter, const ChartScale &scale) const;
    void paintLimit(QPainter &painter, const ChartScale &scale) const;
    void paintLegend(QPainter &painter) const;
    void paintReadOut(QPainter &painter, const ChartScale &scale) const;
    void paintSelection(QPainter &painter, const ChartScale &scale) const;
    void extendSelection(int bucket);
    void finishSelection();
    [[nodiscard]] Timestamp bucketStart(int bucket) const;

    Kind m_kind;
    ChartData m_data;
    Formatter m_formatter;
    bool m_hasLegend = true;
    bool m_isWhole = false; ///< lines always are
    double m_limit = 0;
    QString m_limitWord;
    int m_anchor = -1; ///< bucket where a selection began; -1 = none
    bool m_isDragging = false;
};

} // namespace sandglass::ui
