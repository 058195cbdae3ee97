#pragma once

#include "ui/shell/page.h"

class QPushButton;
class QStackedWidget;

namespace sandglass::models {
class EventListModel;
class LiveFigures;
class LiveSeries;
class TimeWindow;
} // namespace sandglass::models

namespace sandglass::ui {

class EmptyState;
class SegmentedControl;
class StatTile;
class TableView;
class TimeChart;

/// What runs, what it costs and what has just happened, on one page.
class OverviewPage final : public Page
{
    Q_OBJECT
public:
    OverviewPage(models::LiveFigures &figures, models::TimeWindow &window, models::LiveSeries &series,
                 models::EventListModel &events, QWidget *parent = nullptr);

    [[nodiscard]] QString title() const override { return tr("Overview"); }
    [[nodiscard]] QWidget *headerTools() override { return m_tools; }
    [[nodiscard]] QByteArray saveState() const override;
    void restoreState(const QByteArray &state) override;
    /// Why nothing can be started from here; empty: it can.
    void setReadOnly(const QString &why);

Q_SIGNALS:
    void newSandboxRequested();

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void buildTools();
    QWidget *buildTiles();
    QWidget *buildCostChart();
    QWidget *buildActiveChart();
    QWidget *buildEvents();
    void updateTiles();
    void updateCharts();
    void chooseMeasure(); ///< of the chart of costs: amounts, or the rate they were spent at
    void updateEvents();

    models::LiveFigures &m_figures;
    models::TimeWindow &m_window;
    models::LiveSeries &m_series;
    models::EventListModel &m_events;
    QWidget *m_tools = nullptr;
    QPushButton *m_newSandbox = nullptr;
    EmptyState *m_nothingRan = nullptr;
    StatTile *m_active = nullptr;
    StatTile *m_burnRate = nullptr;
    StatTile *m_today = nullptr;
    StatTile *m_eventsPerMinute = nullptr;
    QStackedWidget *m_costStack = nullptr;
    SegmentedControl *m_measure = nullptr;
    TimeChart *m_cost = nullptr;
    TimeChart *m_activeChart = nullptr;
    QStackedWidget *m_eventStack = nullptr;
    TableView *m_eventTable = nullptr;
};

} // namespace sandglass::ui
