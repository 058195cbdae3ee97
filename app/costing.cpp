#include "app/costing.h"

#include "services/lifecycle/journal.h"
#include "ui/costs/costspage.h"

namespace sandglass::app {

using Grouping = models::CostTableModel::Grouping;

Costing::Costing(lifecycle::Picture &picture, const lifecycle::Journal &journal, models::TimeWindow &window,
                 models::LiveSeries &series)
    : m_window(window)
    , m_series(series)
    , m_cold(journal.file())
    , m_byTemplate(picture, window, Grouping::Template, &m_cold)
    , m_bySandbox(picture, window, Grouping::Sandbox, &m_cold)
    , m_byMetadata(picture, window, Grouping::Metadata, &m_cold)
    , m_byDay(picture, window, Grouping::Day, &m_cold)
{}

ui::CostsPage *Costing::makePage()
{
    auto *page = new ui::CostsPage(m_window, m_series, m_byTemplate, m_bySandbox);
    page->offerDays(m_byDay);
    page->offerMetadata(m_byMetadata);
    return page;
}

} // namespace sandglass::app
