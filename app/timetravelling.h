#pragma once

#include "models/costs/livefigures.h"
#include "models/timetravel/viewpoint.h"

#include <QObject>

namespace sandglass::models {
class TimeWindow;
}
namespace sandglass::ui {
class MainWindow;
class OverviewPage;
class SandboxesPage;
class TravelBar;
} // namespace sandglass::ui

namespace sandglass::app {

/// Journeys into the past: from when the pages look, the strip that says so, and what is read only meanwhile. What
/// guards money and stores events knows nothing of it.
class TimeTravelling final : public QObject
{
    Q_OBJECT
public:
    TimeTravelling(lifecycle::Tracker &tracker, const lifecycle::Journal &journal);

    /// For the models of the pages.
    [[nodiscard]] models::Viewpoint &viewpoint() { return m_viewpoint; }
    [[nodiscard]] models::LiveFigures &figures() { return m_figures; } ///< at the viewpoint
    /// Puts strip and menu into the window.
    void attachTo(ui::MainWindow &window, ui::OverviewPage &overview, ui::SandboxesPage &sandboxes,
                  models::TimeWindow &timeWindow);
    [[nodiscard]] ui::TravelBar &bar() { return *m_bar; }
    /// Why nothing can be started or ended from a page just now; empty: it can.
    [[nodiscard]] QString whyReadOnly() const;

protected:
    bool eventFilter(QObject *watched, QEvent *event) override; ///< Esc that nobody else wants leads back to now

private:
    models::Viewpoint m_viewpoint;
    models::LiveFigures m_figures;
    ui::TravelBar *m_bar = nullptr; ///< the window's
};

} // namespace sandglass::app
