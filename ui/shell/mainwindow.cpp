#include "ui/shell/mainwindow.h"

#include "ui/help/helpwindow.h"
#include "ui/shell/aboutdialog.h"
#include "ui/shell/banner.h"
#include "ui/shell/commandpalette.h"
#include "ui/shell/headerstrip.h"
#include "ui/shell/page.h"
#include "ui/shell/shortcutsdialog.h"
#include "ui/widgets/firstsize.h"
#include "ui/widgets/row.h"
#include "ui/widgets/toast.h"

#include <QActionGroup>
#include <QCloseEvent>
#include <QHBoxLayout>
#include <QMenuBar>
#include <QSettings>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

namespace {

constexpr int narrowWidth = 900; ///< below it the side bar would leave too little for the page

} // namespace

MainWindow::MainWindow(std::vector<PageEntry> pages, Theme &theme, QWidget *parent)
    : QMainWindow(parent), m_pages(std::move(pages)), m_theme(theme)
{
    setObjectName(u"mainWindow"_s);
    setWindowTitle(u"Sandglass"_s);
    setWindowIcon(QIcon(u":/sandglass/icons/sandglass.svg"_s));
    setMinimumSize(760, 480);
    setFirstSize(*this, {1600, 1000});
    buildLayout();
    buildMenus();
    wirePages();
    activate(0);
}

bool MainWindow::showPage(const QString &key)
{
    const auto it = std::ranges::find(m_pages, key, &PageEntry::key);
    if (it == m_pages.end())
        return false;
    activate(static_cast<int>(it - m_pages.begin()));
    return true;
}

QString MainWindow::currentPage() const
{
    return current().key;
}

void MainWindow::bringUp()
{
    setWindowState(windowState() & ~Qt::WindowMinimized);
    show();
    raise();
    activateWindow();
}

void MainWindow::quit()
{
    m_isQuitting = true;
    close();
    m_isQuitting = false;
}

void MainWindow::setConnections(const QList<ConnectionLine> &connections)
{
    m_sideBar->setConnections(connections);
}

void MainWindow::setStatus(const StatusLine &status)
{
    m_status->setStatus(status);
}

void MainWindow::showBanner(const QString &sentence, const QString &action)
{
    m_banner->show(sentence, action);
}

void MainWindow::showStorageProblem(const QString &sentence, const QString &action)
{
    m_storage->show(sentence, action);
}

void MainWindow::hideStorageProblem()
{
    m_storage->hide();
}

void MainWindow::hideBanner()
{
    m_banner->hide();
}

void MainWindow::addStrip(QWidget *strip)
{
    m_strips->addWidget(strip);
}

void MainWindow::addMenu(QMenu *menu)
{
    menuBar()->insertMenu(menuBar()->actions().back(), menu);
}

void MainWindow::setReadOnly(const QString &why)
{
    m_newSandboxAction->setEnabled(why.isEmpty());
    m_newSandboxAction->setStatusTip(why);
}

void MainWindow::saveState(QSettings &settings) const
{
    // What stays as it was leaves the settings unchanged, and then no file is written.
    const auto keep = [&settings](const QString &key, const QVariant &value) {
        if (settings.value(key) != value)
            settings.setValue(key, value);
    };
    settings.beginGroup("window"_L1);
    keep(u"geometry"_s, saveGeometry());
    keep(u"page"_s, currentPage());
    keep(u"sideBar"_s, m_sideBarAction->isChecked());
    for (const PageEntry &entry : m_pages)
        keep("pages/"_L1 + entry.key, entry.page->saveState());
    settings.endGroup();
}

void MainWindow::restoreState(QSettings &settings)
{
    settings.beginGroup("window"_L1);
    restoreGeometry(settings.value("geometry"_L1).toByteArray());
    m_sideBarAction->setChecked(settings.value("sideBar"_L1, true).toBool());
    for (const PageEntry &entry : m_pages)
        entry.page->restoreState(settings.value("pages/"_L1 + entry.key).toByteArray());
    const QString page = settings.value("page"_L1).toString();
    settings.endGroup();
    showPage(page);
    fitSideBar();
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    Q_EMIT aboutToClose();
    QMainWindow::closeEvent(event);
}

void MainWindow::resizeEvent(QResizeEvent *event)
{
    QMainWindow::resizeEvent(event);
    fitSideBar();
}

bool MainWindow::event(QEvent *event)
{
    const bool handled = QMainWindow::event(event);
    if (!m_hasPainted && event->type() == QEvent::UpdateRequest) { // the backing store has just been flushed
        m_hasPainted = true;
        Q_EMIT firstPainted();
    }
    return handled;
}

void MainWindow::buildLayout()
{
    auto *central = new QWidget;
    auto *row = makeRow(central, 0);
    m_sideBar = new SideBar;
    row->addWidget(m_sideBar);
    auto *column = new QVBoxLayout;
    column->setSpacing(0);
    m_header = new HeaderStrip;
    column->addWidget(m_header);
    m_banner = new Banner(u"banner"_s);
    column->addWidget(m_banner);
    m_storage = new Banner(u"storageBanner"_s);
    column->addWidget(m_storage);
    m_strips = new QVBoxLayout;
    column->addLayout(m_strips);
    m_stack = new QStackedWidget;
    column->addWidget(m_stack, 1);
    m_status = new StatusStrip;
    column->addWidget(m_status);
    row->addLayout(column, 1);
    setCentralWidget(central);
    m_toast = new Toast(central);
    connect(m_banner, &Banner::actionTriggered, this, &MainWindow::bannerActionTriggered);
    connect(m_storage, &Banner::actionTriggered, this, &MainWindow::storageActionTriggered);
}

void MainWindow::wirePages()
{
    for (std::size_t i = 0; i < m_pages.size(); ++i) {
        Page *page = m_pages[i].page;
        const int index = static_cast<int>(i);
        m_sideBar->addPage(m_pages[i].key, page->title(), i + 1 == m_pages.size());
        page->setParent(m_stack); // into its layout when it is first shown, see activate()
        page->hide();
        connect(page, &Page::subtitleChanged, m_header, [this, page] {
            if (m_stack->currentWidget() == page)
                m_header->refreshSubtitle();
        });
        connect(page, &Page::badgeChanged, this,
                [this, index](const QString &text) { m_sideBar->setBadge(index, text); });
        connect(page, &Page::toast, this, [this](const QString &text) { m_toast->show(text); });
    }
    connect(m_sideBar, &SideBar::pageChosen, this, &MainWindow::activate);
}

void MainWindow::activate(int index)
{
    m_current = static_cast<std::size_t>(index);
    Page *page = current().page;
    // A stack lays out and measures all it holds: with every page in it the first frame would wait for the text of
    // pages that nobody looks at yet.
    if (m_stack->indexOf(page) < 0)
        m_stack->addWidget(page);
    m_stack->setCurrentWidget(page);
    m_sideBar->setCurrent(index);
    m_header->showPage(page);
    page->setFocus(Qt::OtherFocusReason);
    Q_EMIT pageShown(current().key);
}

void MainWindow::fitSideBar()
{
    m_sideBar->setVisible(m_sideBarAction->isChecked() && width() >= narrowWidth);
}

QAction *MainWindow::addTo(QMenu *menu, const QString &text, const QKeySequence &keys, std::function<void()> run)
{
    QAction *action = menu->addAction(text);
    action->setShortcut(keys);
    connect(action, &QAction::triggered, this, std::move(run));
    return action;
}

void MainWindow::buildMenus()
{
    QMenu *file = menuBar()->addMenu(tr("&File"));
    m_newSandboxAction =
        addTo(file, tr("&New sandbox…"), QKeySequence(u"Ctrl+Shift+N"_s), [this] { Q_EMIT newSandboxRequested(); });
    addTo(file, tr("&Restart local engine"), {}, [this] { Q_EMIT restartEngineRequested(); });
    file->addSeparator();
    addTo(file, tr("&Quit"), QKeySequence(QKeySequence::Quit), [this] { quit(); });
    buildPageMenu();
    buildViewMenu();
    buildHelpMenu();
}

void MainWindow::buildPageMenu()
{
    QMenu *go = menuBar()->addMenu(tr("&Go"));
    for (std::size_t i = 0; i < m_pages.size(); ++i) {
        const int index = static_cast<int>(i);
        // There are nine digits; the last page of many is the one at the bottom, the settings.
        const QString keys = i < 9 ? u"Ctrl+%1"_s.arg(i + 1) : i + 1 == m_pages.size() ? u"Ctrl+,"_s : QString();
        addTo(go, m_pages[i].page->title(), QKeySequence(keys), [this, index] { activate(index); });
    }
    // What the pages themselves offer (run, stop, open, kill …), a menu each.
    for (const PageEntry &entry : m_pages) {
        if (entry.page->actions().isEmpty())
            continue;
        QMenu *menu = menuBar()->addMenu(u'&' + entry.page->title());
        menu->addActions(entry.page->actions());
    }
}

void MainWindow::buildViewMenu()
{
    QMenu *view = menuBar()->addMenu(tr("&View"));
    addTo(view, tr("&Command palette…"), QKeySequence(u"Ctrl+K"_s), [this] { openPalette(); });
    addTo(view, tr("&Find on this page"), QKeySequence(QKeySequence::Find), [this] { current().page->focusSearch(); });
    addTo(view, tr("&Refresh"), QKeySequence(u"F5"_s), [this] { current().page->refresh(); });
    view->addSeparator();
    m_sideBarAction = addTo(view, tr("&Side bar"), QKeySequence(u"F9"_s), [this] { fitSideBar(); });
    m_sideBarAction->setCheckable(true);
    m_sideBarAction->setChecked(true);
    addTo(view, tr("F&ull screen"), QKeySequence(u"F11"_s),
          [this] { setWindowState(windowState() ^ Qt::WindowFullScreen); });
    QMenu *appearance = view->addMenu(tr("&Appearance"));
    auto *group = new QActionGroup(this);
    for (const auto &[text, mode] :
         {std::pair(tr("&System"), Theme::Mode::System), std::pair(tr("&Light"), Theme::Mode::Light),
          std::pair(tr("&Dark"), Theme::Mode::Dark)}) {
        QAction *action = addTo(appearance, text, {}, [this, wanted = mode] { m_theme.setMode(wanted); });
        action->setCheckable(true);
        action->setActionGroup(group);
        const auto follow = [this, action, wanted = mode] { action->setChecked(m_theme.mode() == wanted); };
        connect(&m_theme, &Theme::changed, action, follow);
        follow();
    }
}

void MainWindow::buildHelpMenu()
{
    QMenu *help = menuBar()->addMenu(tr("&Help"));
    addTo(help, tr("&Help on this page"), QKeySequence(QKeySequence::HelpContents), [this] { openHelp(); });
    addTo(help, tr("Take the &tour"), {}, [this] { Q_EMIT tourRequested(); });
    addTo(help, tr("&Keyboard shortcuts"), QKeySequence(u"Ctrl+?"_s),
          [this] { showShortcutsDialog(allActions(), this); });
    addTo(help, tr("&Self-check…"), {}, [this] { Q_EMIT selfCheckRequested(); });
    help->addSeparator();
    addTo(help, tr("&About Sandglass"), {}, [this] { showAboutDialog(this); });
}

void MainWindow::openPalette()
{
    (new CommandPalette(allActions(), this))->show();
}

void MainWindow::openHelp()
{
    if (m_help == nullptr) {
        QList<HelpWindow::Topic> topics;
        for (const PageEntry &entry : m_pages)
            topics.append({entry.key, entry.page->title()});
        m_help = new HelpWindow(topics, this);
    }
    m_help->showTopic(currentPage());
    m_help->show();
    m_help->raise();
    m_help->activateWindow();
}

QList<QAction *> MainWindow::allActions() const
{
    QList<QAction *> actions;
    const auto collect = [&actions](const QMenu *menu, const auto &self) -> void {
        for (QAction *action : menu->actions()) {
            if (action->menu() != nullptr)
                self(action->menu(), self);
            else if (!action->isSeparator())
                actions << action;
        }
    };
    for (QAction *top : menuBar()->actions())
        collect(top->menu(), collect);
    return actions;
}

} // namespace sandglass::ui
