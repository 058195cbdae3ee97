#include "app/tray.h"

#include "app/traywatch.h"
#include "models/budgets/guarddesk.h"
#include "models/costs/livefigures.h"
#include "models/settings/settings.h"
#include "ui/budgets/guardnotice.h"
#include "ui/settings/traysection.h"
#include "ui/shell/mainwindow.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QEvent>

#include <algorithm>

using namespace Qt::Literals::StringLiterals;
using sandglass::models::Settings;

namespace sandglass::app {

namespace {

constexpr auto budgetsPage = "budgets"_L1;

} // namespace

Tray::Tray(Around around, QObject *parent)
    : QObject(parent), m_around(around), m_closing({around.window, around.settings, around.runs})
{
    buildMenu();
    m_soon.setSingleShot(true);
    m_soon.setTimerType(Qt::PreciseTimer); // a coarse one may come a twentieth too early
    connect(&m_soon, &QTimer::timeout, this, &Tray::tell);
    connect(&m_around.figures, &models::LiveFigures::changed, this, &Tray::tellSoon);
    connect(ui::Theme::instance(), &ui::Theme::changed, this, &Tray::draw);
    connect(&m_around.desk, &models::GuardDesk::alertRaised, this, [this](const models::GuardAlert &alert) {
        constexpr qsizetype longest = 80;
        QString text = ui::GuardNotice::textOf(alert, m_around.desk.find(alert.budget.budgetId));
        if (text.size() > longest)
            text = text.left(longest - 1) + u'…';
        // A menu of the desktop takes an underscore for a mnemonic. Of ampersands it takes the first one alone.
        m_latest->setText(tr("&Alert: %1").arg(text.replace(u'_', u"__"_s)));
        m_latest->setVisible(true);
        m_isAlert = !areBudgetsSeen() || !m_around.window.isActiveWindow();
        tellSoon();
    });
    connect(&m_around.window, &ui::MainWindow::pageShown, this, &Tray::look);
    connect(&m_around.settings, &Settings::changed, this, [this](Settings::Key key) {
        if (key == Settings::Key::TrayIcon)
            settle();
    });
    m_around.window.installEventFilter(this);
    settle();
}

Tray::~Tray() = default;

void Tray::start()
{
    if (QGuiApplication::platformName() == "offscreen"_L1)
        return;
    m_closing.start();
    m_watch = std::make_unique<TrayWatch>();
    connect(m_watch.get(), &TrayWatch::changed, this, &Tray::settle);
}

void Tray::settle()
{
    const bool isWanted = m_around.settings.value(Settings::Key::TrayIcon).toBool();
    // Qt waits for the tray's answers when an icon is made, some 10 ms: not before it has answered our own question.
    const bool isThere = m_watch && m_watch->isThere() && (m_icon || QSystemTrayIcon::isSystemTrayAvailable());
    if (isWanted && isThere && !m_icon) {
        m_icon = std::make_unique<QSystemTrayIcon>();
        connect(m_icon.get(), &QSystemTrayIcon::activated, this, [this](QSystemTrayIcon::ActivationReason reason) {
            if (reason == QSystemTrayIcon::Trigger)
                toggleWindow();
        });
        m_icon->setContextMenu(&m_menu);
        m_told = {};
        tell();
        m_icon->show();
    } else if (!isWanted || !isThere) {
        m_icon.reset();
    }
    m_around.section.setState(m_icon        ? tr("shown")
                                  : isThere ? tr("switched off: closing the window quits")
                                            : tr("this desktop has no tray: closing the window quits"));
    m_closing.setTray(m_icon != nullptr);
}

void Tray::buildMenu()
{
    m_running = m_menu.addAction(QString());
    m_running->setEnabled(false);
    m_today = m_menu.addAction(QString());
    m_today->setEnabled(false);
    m_menu.addSeparator();
    m_menu.addAction(tr("&Open Sandglass"), &m_around.window, &ui::MainWindow::bringUp);
    m_latest = m_menu.addAction(QString(), this, &Tray::openBudgets);
    m_latest->setVisible(false);
    m_menu.addAction(tr("&New sandbox…"), this, &Tray::openNewSandbox);
    m_menu.addSeparator();
    m_menu.addAction(tr("&Quit"), &m_closing, &Closing::quit);
}

void Tray::tellSoon()
{
    if (!m_icon || m_soon.isActive())
        return;
    const auto since = m_sinceTold.isValid() ? std::chrono::milliseconds(m_sinceTold.elapsed()) : pace;
    m_soon.start(std::max(std::chrono::milliseconds(0), pace - since));
}

Tray::Lines Tray::lines() const
{
    const models::LiveFigures &figures = m_around.figures;
    Lines lines;
    lines.badge = {figures.runningCount(), m_isAlert};
    lines.running = tr("%1 running").arg(ui::formatCount(figures.runningCount()));
    lines.today = tr("%1 today").arg(ui::formatMoney(figures.costToday()));
    lines.toolTip =
        QStringList{tr("Sandglass: %1").arg(lines.running), ui::formatRate(figures.burnRate()), lines.today}.join(
            u" · "_s);
    if (m_isAlert)
        lines.toolTip += u" · " + tr("alert: see Budgets");
    return lines;
}

void Tray::tell()
{
    if (!m_icon)
        return;
    Lines now = lines();
    if (now == m_told)
        return;
    std::swap(m_told, now);
    if (now.badge != m_told.badge || m_icon->icon().isNull())
        draw();
    m_icon->setToolTip(m_told.toolTip);
    m_running->setText(m_told.running);
    m_today->setText(m_told.today);
    m_sinceTold.start();
}

void Tray::draw()
{
    if (m_icon)
        m_icon->setIcon(ui::makeTrayIcon(m_told.badge));
}

bool Tray::areBudgetsSeen() const
{
    const ui::MainWindow &window = m_around.window;
    return window.isVisible() && !window.isMinimized() && window.currentPage() == budgetsPage;
}

void Tray::look()
{
    if (!m_isAlert || !areBudgetsSeen())
        return;
    m_isAlert = false;
    tellSoon();
}

bool Tray::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::WindowActivate)
        look();
    return QObject::eventFilter(watched, event);
}

void Tray::toggleWindow()
{
    ui::MainWindow &window = m_around.window;
    const bool isInFront = window.isVisible() && !window.isMinimized() && window.isActiveWindow();
    if (isInFront && QApplication::activeModalWidget() == nullptr)
        m_closing.hideWindow();
    else
        window.bringUp();
}

void Tray::openBudgets()
{
    m_around.window.bringUp();
    m_around.window.showPage(budgetsPage);
}

void Tray::openNewSandbox()
{
    m_around.window.bringUp();
    if (QApplication::activeModalWidget() == nullptr)
        Q_EMIT m_around.window.newSandboxRequested();
}

} // namespace sandglass::app
