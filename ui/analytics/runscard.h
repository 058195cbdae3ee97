#pragma once

#include "models/analytics/analysis.h"

#include <QWidget>

#include <array>

class QBoxLayout;
class QLabel;

namespace sandglass::models {
class Analytics;
class TimeWindow;
} // namespace sandglass::models

namespace sandglass::ui {

class EmptyState;
class StatTile;
class TimeChart;

/// "12 ms", "1.9 s"; nothing known: a dash.
[[nodiscard]] QString runTimeText(std::optional<std::chrono::milliseconds> time);
/// `amount` is of `runs`: "≥ $0.0016" where the cost of some is not known.
[[nodiscard]] QString runCostText(std::optional<Money> amount, const models::RunFigures &runs);

/// Runs of code in the time window: how many, how they ended, how long they took, what they cost; and when, as a chart.
class RunsCard final : public QWidget
{
    Q_OBJECT
public:
    RunsCard(models::Analytics &analytics, models::TimeWindow &window, QWidget *parent = nullptr);

    void setNarrow(bool isNarrow); ///< figures in two rows instead of one

private:
    [[nodiscard]] QWidget *buildFigures();
    void fill();
    void fillFigures(const models::RunFigures &runs);
    void fillChart(const models::Analysis &analysis);
    [[nodiscard]] QString notes(const models::RunAnalysis &runs) const;

    enum Figure { Count, Passed, Failed, Time, Cost, PerPassed, FigureCount };

    models::Analytics &m_analytics;
    QLabel *m_notes = nullptr;
    QWidget *m_content = nullptr; ///< instead of m_empty
    QBoxLayout *m_row = nullptr;
    std::array<StatTile *, FigureCount> m_figures{};
    TimeChart *m_chart = nullptr;
    EmptyState *m_empty = nullptr;
};

} // namespace sandglass::ui
