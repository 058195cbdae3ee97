#pragma once

#include "models/analytics/analytics.h"
#include "models/analytics/templateusagemodel.h"

#include <QObject>

#include <vector>

namespace sandglass::lifecycle {
class Journal;
class Picture;
} // namespace sandglass::lifecycle
namespace sandglass::models {
class TimeWindow;
}
namespace sandglass::ui {
class Page;
}

namespace sandglass::app {

/// Statistics of the time window in the program. Costs nothing while their page is not shown.
class Analysing final : public QObject
{
    Q_OBJECT
public:
    Analysing(lifecycle::Picture &picture, const lifecycle::Journal &journal, models::TimeWindow &window);

    /// For the window, which owns it.
    [[nodiscard]] ui::Page *makePage();
    [[nodiscard]] const models::Analytics &analytics() const { return m_analytics; }
    void setGaps(std::vector<lifecycle::HistoryGap> gaps) { m_analytics.setGaps(std::move(gaps)); }

private:
    models::TimeWindow &m_window;
    models::Analytics m_analytics;
    models::TemplateUsageModel m_usage;
};

} // namespace sandglass::app
