#pragma once

#include "models/costs/coldcosts.h"
#include "models/costs/costtablemodel.h"

#include <QObject>

namespace sandglass::lifecycle {
class Journal;
class Picture;
} // namespace sandglass::lifecycle
namespace sandglass::models {
class LiveSeries;
class TimeWindow;
} // namespace sandglass::models
namespace sandglass::ui {
class CostsPage;
}

namespace sandglass::app {

/// The tables of cost in the program, and the thread that reads for them what ended long ago.
class Costing final : public QObject
{
    Q_OBJECT
public:
    Costing(lifecycle::Picture &picture, const lifecycle::Journal &journal, models::TimeWindow &window,
            models::LiveSeries &series);

    [[nodiscard]] ui::CostsPage *makePage(); ///< for the window, which owns it

private:
    models::TimeWindow &m_window;
    models::LiveSeries &m_series;
    models::ColdCosts m_cold;
    models::CostTableModel m_byTemplate;
    models::CostTableModel m_bySandbox;
    models::CostTableModel m_byMetadata;
    models::CostTableModel m_byDay;
};

} // namespace sandglass::app
