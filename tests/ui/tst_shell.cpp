// The window around the pages: keys, palette, saved state, banner and toast, with pages that do nothing.

#include "ui/shell/fuzzy.h"
#include "ui/shell/mainwindow.h"
#include "ui/shell/page.h"
#include "ui/widgets/toast.h"

#include <QAction>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QListWidget>
#include <QMenuBar>
#include <QPushButton>
#include <QScreen>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace {

class PlainPage final : public ui::Page
{
public:
    explicit PlainPage(QString title) : m_title(std::move(title)) { setFocusPolicy(Qt::StrongFocus); }
    [[nodiscard]] QString title() const override { return m_title; }
    [[nodiscard]] QWidget *headerTools() override { return tools; }
    void focusSearch() override { ++searches; }
    void refresh() override { ++refreshes; }
    [[nodiscard]] QByteArray saveState() const override { return state; }
    void restoreState(const QByteArray &saved) override { state = saved; }

    int searches = 0;
    int refreshes = 0;
    QByteArray state;
    QWidget *tools = nullptr;

private:
    QString m_title;
};

const QStringList keys = {u"overview"_s, u"sandboxes"_s, u"events"_s,  u"costs"_s,
                          u"refine"_s,   u"templates"_s, u"settings"_s};

/// A window with a page per key, shown and active.
struct Window
{
    Window()
    {
        std::vector<ui::PageEntry> entries;
        for (const QString &key : keys) {
            pages << new PlainPage(key.left(1).toUpper() + key.mid(1));
            entries.push_back({key, pages.last()});
        }
        auto *kill = new QAction(u"&Kill the selected"_s, pages[1]);
        QObject::connect(kill, &QAction::triggered, kill, [this] { ++kills; });
        pages[1]->addAction(kill);
        shell = std::make_unique<ui::MainWindow>(std::move(entries), *ui::Theme::instance());
        shell->resize(1600, 1000); // whatever the screen of this platform has room for
        shell->show();
        shell->activateWindow();
    }

    [[nodiscard]] QPushButton *nav(const QString &key) const { return shell->findChild<QPushButton *>(u"nav-" + key); }
    [[nodiscard]] QWidget *palette() const { return shell->findChild<QWidget *>(u"commandPalette"_s); }

    QList<PlainPage *> pages;
    int kills = 0;
    std::unique_ptr<ui::MainWindow> shell;
};

} // namespace

class TestShell final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        Q_INIT_RESOURCE(resources); // lies in a static library
        new ui::Theme(*qApp);
    }

    void fuzzyRanks_data()
    {
        QTest::addColumn<QString>("pattern");
        QTest::addColumn<QString>("better");
        QTest::addColumn<QString>("worse"); ///< "-": does not fit at all
        QTest::newRow("start of words") << u"ns"_s << u"New sandbox"_s << u"Sandboxes"_s;
        QTest::newRow("run of letters") << u"cost"_s << u"Costs"_s << u"Copy of settings"_s;
        QTest::newRow("without case") << u"KILL"_s << u"Kill the selected"_s << u"Quit"_s;
        QTest::newRow("order of letters") << u"tse"_s << u"Templates extra"_s << u"est"_s;
        QTest::newRow("longer than the text") << u"costs"_s << u"Costs"_s << u"Cost"_s;
        QTest::newRow("letters of other scripts") << u"ÖF"_s << u"öffnen"_s << u"offnen"_s;
    }
    void fuzzyRanks()
    {
        QFETCH(QString, pattern);
        QFETCH(QString, better);
        QFETCH(QString, worse);
        const auto high = ui::fuzzyScore(pattern, better);
        QVERIFY(high.has_value());
        QVERIFY(*high > ui::fuzzyScore(pattern, worse).value_or(-1000));
        QCOMPARE(ui::fuzzyScore({}, better).has_value(), true);
    }

    void toolsAreAsWideAsTheyWant()
    {
        Window window;
        const auto addTools = [&window](int page, const QStringList &texts) {
            auto *tools = new QWidget(window.pages[page]);
            QList<QWidget *> buttons;
            auto *row = new QHBoxLayout(tools);
            for (const QString &text : texts) {
                buttons << new QPushButton(text);
                row->addWidget(buttons.last());
            }
            window.pages[page]->tools = tools;
            return buttons;
        };
        const auto wide = addTools(1, {u"A button with a text that is much longer than that of any other one"_s});
        const auto narrow = addTools(2, {u"Edit"_s, u"Delete"_s, u"Add"_s});
        for (const auto &[page, buttons] : {std::pair(1, wide), std::pair(2, narrow), std::pair(1, wide)}) {
            window.shell->showPage(keys[page]);
            for (QWidget *button : buttons) {
                QTRY_VERIFY(button->isVisible());
                QTRY_COMPARE(button->width(), button->sizeHint().width());
            }
        }
        window.shell->showPage(keys[3]);
        QVERIFY(!wide[0]->isVisible());
    }

    void digitsGoToPages()
    {
        Window window;
        QVERIFY(QTest::qWaitForWindowActive(window.shell.get()));
        QCOMPARE(window.shell->currentPage(), u"overview"_s);
        for (int i = static_cast<int>(keys.size()) - 1; i >= 0; --i) {
            QTest::keyClick(window.shell.get(), static_cast<Qt::Key>(Qt::Key_1 + i), Qt::ControlModifier);
            QCOMPARE(window.shell->currentPage(), keys[i]);
            QVERIFY(window.nav(keys[i])->isChecked());
            QVERIFY(window.pages[i]->isVisible() && window.pages[i]->hasFocus());
        }
        QTest::keyClick(window.shell.get(), Qt::Key_8, Qt::ControlModifier); // no such page
        QCOMPARE(window.shell->currentPage(), keys.first());
        QVERIFY(!window.shell->showPage(u"nowhere"_s));
    }

    void findAndRefreshReachThePageInSight()
    {
        Window window;
        QVERIFY(QTest::qWaitForWindowActive(window.shell.get()));
        window.shell->showPage(u"costs"_s);
        QTest::keyClick(window.shell.get(), Qt::Key_F, Qt::ControlModifier);
        QTest::keyClick(window.shell.get(), Qt::Key_F5);
        for (const PlainPage *page : std::as_const(window.pages)) {
            const int wanted = page == window.pages[3] ? 1 : 0;
            QCOMPARE(page->searches, wanted);
            QCOMPARE(page->refreshes, wanted);
        }
    }

    void sideBarByKeyboardAndMouse()
    {
        Window window;
        QVERIFY(QTest::qWaitForWindowActive(window.shell.get()));
        window.nav(u"overview"_s)->setFocus(Qt::TabFocusReason);
        QTest::keyClick(window.nav(u"overview"_s), Qt::Key_Down);
        QPushButton *next = window.nav(u"sandboxes"_s);
        QTRY_VERIFY(next->hasFocus() || window.shell->currentPage() == u"sandboxes"_s);
        QTest::keyClick(window.nav(u"events"_s), Qt::Key_Space);
        QCOMPARE(window.shell->currentPage(), u"events"_s);
        QTest::mouseClick(window.nav(u"settings"_s), Qt::LeftButton);
        QCOMPARE(window.shell->currentPage(), u"settings"_s);
        QVERIFY(window.pages.last()->hasFocus()); // a click leaves the focus to the page
    }

    void paletteFiltersAndRuns()
    {
        Window window;
        QVERIFY(QTest::qWaitForWindowActive(window.shell.get()));
        QTest::keyClick(window.shell.get(), Qt::Key_K, Qt::ControlModifier);
        QTRY_VERIFY(window.palette() != nullptr && window.palette()->isVisible());
        auto *pattern = window.palette()->findChild<QLineEdit *>(u"palettePattern"_s);
        auto *list = window.palette()->findChild<QListWidget *>(u"paletteList"_s);
        const int all = list->count();
        QVERIFY(all > keys.size());
        QTest::keyClicks(pattern, u"kts"_s);
        QVERIFY(list->count() < all);
        QVERIFY(list->currentItem()->text().startsWith(u"Kill the selected"_s));
        QTest::keyClick(pattern, Qt::Key_Return);
        QTRY_COMPARE(window.kills, 1);
        QTRY_VERIFY(window.palette() == nullptr); // goes with its actions
    }

    void paletteByArrowsAndWithoutFit()
    {
        Window window;
        QVERIFY(QTest::qWaitForWindowActive(window.shell.get()));
        QTest::keyClick(window.shell.get(), Qt::Key_K, Qt::ControlModifier);
        QTRY_VERIFY(window.palette() != nullptr);
        auto *pattern = window.palette()->findChild<QLineEdit *>(u"palettePattern"_s);
        auto *list = window.palette()->findChild<QListWidget *>(u"paletteList"_s);
        QTest::keyClicks(pattern, u"zzzzqq"_s);
        QCOMPARE(list->count(), 1);
        QCOMPARE(list->item(0)->text(), u"Nothing found"_s);
        QCOMPARE(list->item(0)->flags(), Qt::NoItemFlags);
        QTest::keyClick(pattern, Qt::Key_Down); // nothing to walk
        QVERIFY(list->currentItem() == nullptr);
        QTest::keyClick(pattern, Qt::Key_Return);
        QVERIFY(window.palette()->isVisible());
        pattern->clear();
        QTest::keyClick(pattern, Qt::Key_Up);
        QCOMPARE(list->currentRow(), 0);
        QTest::keyClick(pattern, Qt::Key_Down);
        QCOMPARE(list->currentRow(), 1);
        QTest::keyClick(pattern, Qt::Key_Escape);
        QTRY_VERIFY(window.palette() == nullptr);
        QCOMPARE(window.shell->currentPage(), u"overview"_s);
    }

    void stateIsSavedAndRestored()
    {
        QTemporaryDir directory;
        const QString path = directory.filePath(u"window.ini"_s);
        {
            Window window;
            QVERIFY(QTest::qWaitForWindowActive(window.shell.get()));
            window.shell->resize(1180, 720);
            window.shell->showPage(u"events"_s);
            window.pages[2]->state = QByteArray("\0split\xff", 7);
            QTest::keyClick(window.shell.get(), Qt::Key_F9);
            QVERIFY(!window.shell->findChild<QWidget *>(u"sideBar"_s)->isVisible());
            QSettings settings(path, QSettings::IniFormat);
            window.shell->saveState(settings);
        }
        Window window;
        QSettings settings(path, QSettings::IniFormat);
        window.shell->restoreState(settings);
        QCOMPARE(window.shell->size(), QSize(1180, 720));
        QCOMPARE(window.shell->currentPage(), u"events"_s);
        QCOMPARE(window.pages[2]->state, QByteArray("\0split\xff", 7));
        QVERIFY(!window.shell->findChild<QWidget *>(u"sideBar"_s)->isVisible());
    }

    void stateOfNobodyOrOfAnotherVersionIsHarmless_data()
    {
        QTest::addColumn<QVariantMap>("values");
        QTest::newRow("none") << QVariantMap{};
        QTest::newRow("page that is gone") << QVariantMap{{u"window/page"_s, u"gone"_s}};
        QTest::newRow("no geometry") << QVariantMap{{u"window/geometry"_s, QByteArray("rubbish")}};
    }
    void stateOfNobodyOrOfAnotherVersionIsHarmless()
    {
        QFETCH(QVariantMap, values);
        QTemporaryDir directory;
        QSettings settings(directory.filePath(u"window.ini"_s), QSettings::IniFormat);
        for (auto it = values.cbegin(); it != values.cend(); ++it)
            settings.setValue(it.key(), it.value());
        Window window;
        const QSize before = window.shell->size();
        window.shell->restoreState(settings);
        QCOMPARE(window.shell->currentPage(), u"overview"_s);
        QCOMPARE(window.shell->size(), before);
        QCOMPARE(window.shell->findChild<QWidget *>(u"sideBar"_s)->isVisible(), before.width() >= 900);
    }

    void narrowWindowHidesTheSideBar()
    {
        Window window;
        window.shell->resize(880, 600);
        QTRY_VERIFY(!window.shell->findChild<QWidget *>(u"sideBar"_s)->isVisible());
        window.shell->resize(1000, 600);
        QTRY_VERIFY(window.shell->findChild<QWidget *>(u"sideBar"_s)->isVisible());
    }

    void bannerHasASentenceAndAButton()
    {
        Window window;
        auto *banner = window.shell->findChild<QWidget *>(u"banner"_s);
        QVERIFY(!banner->isVisible());
        window.shell->showBanner(u"The engine has ended."_s, u"Restart"_s);
        QVERIFY(banner->isVisible());
        QCOMPARE(banner->accessibleName(), u"The engine has ended."_s);
        auto *button = banner->findChild<QPushButton *>(u"bannerAction"_s);
        QCOMPARE(button->text(), u"Restart"_s);
        QSignalSpy asked(window.shell.get(), &ui::MainWindow::bannerActionTriggered);
        QTest::mouseClick(button, Qt::LeftButton);
        QCOMPARE(asked.size(), 1);
        window.shell->showBanner(u"Read this."_s, {});
        QVERIFY(!button->isVisible());
        window.shell->hideBanner();
        QVERIFY(!banner->isVisible());
    }

    void firstSizeFitsTheScreen()
    {
        const ui::MainWindow fresh({{u"overview"_s, new PlainPage(u"Overview"_s)}}, *ui::Theme::instance());
        QVERIFY(fresh.width() <= fresh.screen()->availableSize().width());
        QVERIFY(fresh.height() <= fresh.screen()->availableSize().height());
    }

    void toastsDoNotCoverOneAnother()
    {
        Window window;
        QWidget *page = window.pages[0];
        ui::Toast ofPage(page), ofWindow(window.shell.get());
        const auto place = [&](const ui::Toast &toast) {
            return QRect(toast.mapTo(window.shell.get(), QPoint()), toast.size());
        };
        window.shell->toast().show(u"of the shell"_s);
        ofPage.show(u"Deleted B2"_s, u"Undo"_s, 5s, [] {});
        ofWindow.show(u"B2: past 100 %"_s, u"Show"_s, 5s, [] {});
        QVERIFY(!place(ofPage).intersects(place(ofWindow)));
        QVERIFY(!place(ofPage).intersects(place(window.shell->toast())));
        QVERIFY(!place(ofWindow).intersects(place(window.shell->toast())));
    }

    void toastActsExpiresAndGivesWay()
    {
        Window window;
        ui::Toast &toast = window.shell->toast();
        int undone = 0;
        int expired = 0;
        const auto show = [&](std::chrono::milliseconds time) {
            toast.show(
                u"Killing"_s, u"Undo"_s, time, [&] { ++undone; }, [&] { ++expired; });
        };
        show(1h);
        QTest::mouseClick(toast.findChild<QPushButton *>(u"toastAction"_s), Qt::LeftButton);
        QCOMPARE(std::pair(undone, expired), std::pair(1, 0));
        QVERIFY(!toast.isVisible());
        show(1ms);
        QTRY_COMPARE(std::pair(undone, expired), std::pair(1, 1));
        QVERIFY(!toast.isVisible());
        show(1h);
        Q_EMIT window.pages[0]->toast(u"Copied"_s); // takes the place: the promise of the former is kept
        QCOMPARE(std::pair(undone, expired), std::pair(1, 2));
        QVERIFY(toast.isVisible() && !toast.findChild<QPushButton *>(u"toastAction"_s)->isVisible());
    }
};

QTEST_MAIN(TestShell)
#include "tst_shell.moc"
