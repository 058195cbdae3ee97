#include "app/timetravelling.h"

#include "models/costs/timewindow.h"
#include "services/lifecycle/tracker.h"
#include "ui/overview/overviewpage.h"
#include "ui/sandboxes/sandboxespage.h"
#include "ui/shell/mainwindow.h"
#include "ui/timetravel/travelbar.h"
#include "ui/widgets/toast.h"

#include <QKeyEvent>
#include <QMenu>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

TimeTravelling::TimeTravelling(lifecycle::Tracker &tracker, const lifecycle::Journal &journal)
    : m_viewpoint(tracker, journal), m_figures(m_viewpoint)
{}

QString TimeTravelling::whyReadOnly() const
{
    return m_viewpoint.isInPast() ? tr("Not while you look at the past: go back to now first") : QString();
}

void TimeTravelling::attachTo(ui::MainWindow &window, ui::OverviewPage &overview, ui::SandboxesPage &sandboxes,
                              models::TimeWindow &timeWindow)
{
    m_bar = new ui::TravelBar(m_viewpoint);
    window.addStrip(m_bar);
    window.installEventFilter(this);
    auto *menu = new QMenu(tr("T&ime"), &window);
    menu->addAction(m_bar->openAction());
    menu->addAction(m_bar->backAction());
    menu->addSeparator();
    menu->addActions(m_bar->steps());
    window.addMenu(menu);

    connect(&m_viewpoint, &models::Viewpoint::travelled, this, [this, &window, &overview, &sandboxes, &timeWindow] {
        const QString why = whyReadOnly();
        window.setReadOnly(why);
        overview.setReadOnly(why);
        sandboxes.setReadOnly(why);
        const Timestamp moment = m_viewpoint.now();
        if (timeWindow.isFixed() && (moment < timeWindow.from() || moment > timeWindow.to()))
            timeWindow.reset(); // a stretch that has nothing to do with the moment
    });
    connect(m_bar, &ui::TravelBar::failed, &window,
            [&window](const QString &sentence) { window.toast().show(sentence); });
    connect(&window, &ui::MainWindow::pageShown, m_bar, [this](const QString &key) {
        m_bar->setPageFollows(
            QStringList({u"overview"_s, u"sandboxes"_s, u"events"_s, u"costs"_s, u"analytics"_s, u"timeline"_s})
                .contains(key));
    });
}

bool TimeTravelling::eventFilter(QObject *watched, QEvent *event)
{
    const bool isKey = event->type() == QEvent::KeyPress;
    if (!isKey || static_cast<QKeyEvent *>(event)->key() != Qt::Key_Escape || m_bar->isHidden())
        return QObject::eventFilter(watched, event);
    m_bar->close();
    return true;
}

} // namespace sandglass::app
