#pragma once

#include "ui/shell/sidebar.h"
#include "ui/shell/statusstrip.h"
#include "ui/theme/theme.h"

#include <QMainWindow>

#include <functional>
#include <vector>

class QMenu;
class QSettings;
class QStackedWidget;
class QVBoxLayout;

namespace sandglass::ui {

class Banner;
class HeaderStrip;
class HelpWindow;
class Page;
class Toast;

/// A page with the name that the command line, saved state and object names know it by ("overview").
struct PageEntry
{
    QString key;
    Page *page = nullptr;
};

/// The frame around the pages: side bar, header, status, menus, palette. Knows pages, no services.
class MainWindow final : public QMainWindow
{
    Q_OBJECT
public:
    /// Pages in the order of the side bar, the last one at its bottom. Takes ownership of them.
    MainWindow(std::vector<PageEntry> pages, Theme &theme, QWidget *parent = nullptr);

    /// False when there is no page of that name.
    bool showPage(const QString &key);
    [[nodiscard]] QString currentPage() const;

    void bringUp(); ///< shown, not minimized, in front
    /// Closes for good, also where a close otherwise only hides the window.
    void quit();
    [[nodiscard]] bool isQuitting() const { return m_isQuitting; } ///< while quit() closes

    void setConnections(const QList<ConnectionLine> &connections);
    void setStatus(const StatusLine &status);
    void showBanner(const QString &sentence, const QString &action);
    void hideBanner();
    /// Between header and page, below the banner; takes ownership.
    void addStrip(QWidget *strip);
    void addMenu(QMenu *menu); ///< before Help; takes no ownership
    /// Why nothing can be started from here; empty: it can.
    void setReadOnly(const QString &why);
    /// A line of its own, below the banner.
    void showStorageProblem(const QString &sentence, const QString &action);
    void hideStorageProblem();
    [[nodiscard]] Toast &toast() { return *m_toast; }

    /// Geometry, page, side bar, theme and each page's own state.
    void saveState(QSettings &settings) const;
    void restoreState(QSettings &settings);

Q_SIGNALS:
    void bannerActionTriggered();
    void storageActionTriggered();
    void newSandboxRequested();
    void pageShown(const QString &key);
    void tourRequested();
    void selfCheckRequested();
    void restartEngineRequested();
    void aboutToClose();
    void firstPainted(); ///< once, after the first frame

protected:
    void closeEvent(QCloseEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    bool event(QEvent *event) override;

private:
    void buildLayout();
    void buildMenus();
    void buildPageMenu();
    void buildViewMenu();
    void buildHelpMenu();
    void wirePages();
    void activate(int index);
    [[nodiscard]] const PageEntry &current() const { return m_pages[m_current]; }
    void fitSideBar();
    void openPalette();
    void openHelp(); ///< on the page that is shown
    [[nodiscard]] QList<QAction *> allActions() const;
    QAction *addTo(QMenu *menu, const QString &text, const QKeySequence &keys, std::function<void()> run);

    std::vector<PageEntry> m_pages;
    Theme &m_theme;
    SideBar *m_sideBar = nullptr;
    HeaderStrip *m_header = nullptr;
    Banner *m_banner = nullptr;
    Banner *m_storage = nullptr;
    QStackedWidget *m_stack = nullptr;
    HelpWindow *m_help = nullptr; ///< made when it is first asked for
    StatusStrip *m_status = nullptr;
    Toast *m_toast = nullptr;
    QAction *m_sideBarAction = nullptr;
    QAction *m_newSandboxAction = nullptr;
    QVBoxLayout *m_strips = nullptr;
    std::size_t m_current = 0;
    bool m_hasPainted = false;
    bool m_isQuitting = false;
};

} // namespace sandglass::ui
