#pragma once

#include "models/budgets/spendforecast.h"
#include "ui/charts/steppedchart.h"

#include <optional>

namespace sandglass::ui {

/// Money of one period: spent so far, what is expected until its end, the range of that, and a budget with the moment
/// at which it will be used up. A step for each point of what is spent, then of what is ahead.
class ForecastChart final : public SteppedChart
{
    Q_OBJECT
public:
    struct Data
    {
        cost::Period period;
        models::SpendForecast::Curve curve;
        std::optional<Money> budget;
        std::optional<Timestamp> hitAt; ///< drawn when it lies in the period
    };

    ForecastChart(const QString &name, const QString &objectName, QWidget *parent = nullptr);

    void setData(Data data);
    [[nodiscard]] const Data &data() const { return m_data; }

    /// RFC 4180 with a header: at (UTC, ISO 8601), then spent_usd, or expected_usd, low_usd and high_usd.
    [[nodiscard]] static QByteArray csv(const Data &data);

    /// Low: beside a label that wraps, a layout takes the hint for the least height.
    [[nodiscard]] QSize sizeHint() const override { return {360, 110}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {200, 90}; }

protected:
    [[nodiscard]] int stepCount() const override;
    [[nodiscard]] int stepAt(qreal x) const override;
    [[nodiscard]] QString description() const override;
    [[nodiscard]] QByteArray table() const override { return csv(m_data); }
    void paintChart(QPainter &painter) const override;

private:
    [[nodiscard]] ChartScale scale() const;
    [[nodiscard]] bool showsBudget() const; ///< not when it is far above: the curve would lie flat
    [[nodiscard]] Money highest() const;
    [[nodiscard]] Timestamp timeOf(int step) const;
    [[nodiscard]] QString textOf(int step) const;
    void paintCurves(QPainter &painter, const ChartScale &chart) const;
    void paintBudget(QPainter &painter, const ChartScale &chart) const;
    void paintReadOut(QPainter &painter, const ChartScale &chart) const;

    Data m_data;
};

} // namespace sandglass::ui
