#include "app/analysing.h"

#include "services/lifecycle/journal.h"
#include "ui/analytics/analyticspage.h"

namespace sandglass::app {

Analysing::Analysing(lifecycle::Picture &picture, const lifecycle::Journal &journal, models::TimeWindow &window)
    : m_window(window), m_analytics(picture, window, journal.file()), m_usage(m_analytics)
{}

ui::Page *Analysing::makePage()
{
    return new ui::AnalyticsPage(m_analytics, m_window, m_usage);
}

} // namespace sandglass::app
