#pragma once

#include <QWidget>

namespace sandglass::models {
class GuardDesk;
class SpendForecast;
} // namespace sandglass::models

namespace sandglass::ui {

class StatTile;

/// Where spending leads, in three figures: at the end of the day, of the month, and the budget that is reached first.
class ForecastTiles final : public QWidget
{
    Q_OBJECT
public:
    ForecastTiles(models::SpendForecast &forecast, const models::GuardDesk &desk, QWidget *parent = nullptr);

private:
    void update();
    void updateReached();

    models::SpendForecast &m_forecast;
    const models::GuardDesk &m_desk;
    StatTile *m_today;
    StatTile *m_month;
    StatTile *m_reached;
};

} // namespace sandglass::ui
