#pragma once

#include "models/analytics/analysis.h"
#include "ui/charts/steppedchart.h"

namespace sandglass::ui {

/// How many sandboxes lived how long: a bar for each step of models::lifetimeSteps.
class LifetimeChart final : public SteppedChart
{
    Q_OBJECT
public:
    using Counts = decltype(models::Analysis::lifetimes);

    LifetimeChart(const QString &name, const QString &objectName, QWidget *parent = nullptr);

    void setCounts(const Counts &counts);
    [[nodiscard]] const Counts &counts() const { return m_counts; }

    /// RFC 4180 with a header: from_seconds, to_seconds (empty in the last row), sandboxes, share.
    [[nodiscard]] static QByteArray csv(const Counts &counts);
    [[nodiscard]] static QString edgeText(std::size_t step);  ///< "3 m"
    [[nodiscard]] static QString rangeText(std::size_t step); ///< "3 m to 10 m", "3 d and more"

    [[nodiscard]] QSize sizeHint() const override { return {480, 220}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {220, 140}; }

protected:
    [[nodiscard]] int stepCount() const override;
    [[nodiscard]] int stepAt(qreal x) const override;
    [[nodiscard]] QString description() const override;
    [[nodiscard]] QByteArray table() const override { return csv(m_counts); }
    void paintChart(QPainter &painter) const override;

private:
    [[nodiscard]] ChartScale scale() const;
    [[nodiscard]] QRectF barArea(const ChartScale &chart, int step) const;
    void paintEdges(QPainter &painter, const ChartScale &chart) const;
    void paintReadOut(QPainter &painter, const ChartScale &chart) const;

    Counts m_counts{};
};

} // namespace sandglass::ui
