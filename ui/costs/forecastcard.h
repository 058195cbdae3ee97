#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace sandglass::cost {
struct Budget;
}
namespace sandglass::models {
class GuardDesk;
class SpendForecast;
} // namespace sandglass::models

namespace sandglass::ui {

class ForecastChart;
class SegmentedControl;

/// Where spending leads by the end of the day or the month, drawn and in words.
class ForecastCard final : public QWidget
{
    Q_OBJECT
public:
    ForecastCard(models::SpendForecast &forecast, const models::GuardDesk &desk, QWidget *parent = nullptr);

    [[nodiscard]] bool isMonth() const;
    /// Else the sentence, broken into lines, would take the height that the tables below the chart need.
    [[nodiscard]] bool hasHeightForWidth() const final { return false; }
    void setMonth(bool month);

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void fill();
    /// The lowest one for money over all sandboxes and the period shown; null: none.
    [[nodiscard]] const cost::Budget *budget() const;
    [[nodiscard]] QString sentence(const cost::Budget *budget) const;

    models::SpendForecast &m_forecast;
    const models::GuardDesk &m_desk;
    SegmentedControl *m_period;
    ForecastChart *m_chart;
    QLabel *m_sentence;
    QLabel *m_method;
};

} // namespace sandglass::ui
