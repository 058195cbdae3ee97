#pragma once

#include "app/closing.h"
#include "ui/shell/trayicon.h"

#include <QElapsedTimer>
#include <QMenu>
#include <QObject>
#include <QSystemTrayIcon>
#include <QTimer>

#include <chrono>
#include <memory>

namespace sandglass::models {
class GuardDesk;
class LiveFigures;
class RunSession;
class Settings;
} // namespace sandglass::models
namespace sandglass::ui {
class MainWindow;
class TraySection;
} // namespace sandglass::ui

namespace sandglass::app {

class TrayWatch;

/// The icon in the tray: how many sandboxes run and what they cost, alerts of the guard that nobody has looked at, and
/// the window at a click. There only where the desktop has a tray and the person wants it; all it offers is in the
/// window as well.
class Tray final : public QObject
{
    Q_OBJECT
public:
    static constexpr std::chrono::milliseconds pace{1'000}; ///< of news to the panel, at most

    /// All must outlive this.
    struct Around
    {
        ui::MainWindow &window;
        models::Settings &settings;
        ui::TraySection &section;
        const models::LiveFigures &figures; ///< of now, whatever moment the window shows
        models::GuardDesk &desk;
        const models::RunSession &runs;
    };
    explicit Tray(Around around, QObject *parent = nullptr);
    ~Tray() override;

    /// Looks for a tray, and asks before a close ends something; after the first frame. Nothing of both where nobody
    /// looks at the window (platform "offscreen").
    void start();
    void quitUnasked() { m_closing.quitUnasked(); }

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    struct Lines
    {
        ui::TrayBadge badge;
        QString toolTip, running, today;
        friend bool operator==(const Lines &, const Lines &) = default;
    };
    void settle(); ///< shows the icon, or takes it away
    void buildMenu();
    void tellSoon();
    void tell();
    void draw();
    void look(); ///< at the alerts, if their page is seen
    void toggleWindow();
    void openBudgets();
    void openNewSandbox();
    [[nodiscard]] Lines lines() const;
    [[nodiscard]] bool areBudgetsSeen() const;

    Around m_around;
    std::unique_ptr<TrayWatch> m_watch;
    Closing m_closing;
    QMenu m_menu;
    QAction *m_running = nullptr;
    QAction *m_today = nullptr;
    QAction *m_latest = nullptr;
    std::unique_ptr<QSystemTrayIcon> m_icon; ///< after the menu: it shows it
    Lines m_told;
    bool m_isAlert = false; ///< nobody has looked at the latest
    QElapsedTimer m_sinceTold;
    QTimer m_soon;
};

} // namespace sandglass::app
