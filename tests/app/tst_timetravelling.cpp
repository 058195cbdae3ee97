// A journey into the past in the window, with the real pages, by mouse and keyboard.

#include "app/timetravelling.h"

#include "models/costs/costtablemodel.h"
#include "models/costs/liveseries.h"
#include "models/costs/timewindow.h"
#include "models/events/eventlistmodel.h"
#include "models/sandboxes/sandboxactions.h"
#include "models/sandboxes/sandboxlistmodel.h"
#include "models/sandboxes/timelinemodel.h"
#include "tests/models/livefixture.h"
#include "ui/costs/costspage.h"
#include "ui/events/eventspage.h"
#include "ui/overview/overviewpage.h"
#include "ui/sandboxes/sandboxespage.h"
#include "ui/shell/mainwindow.h"
#include "ui/theme/theme.h"
#include "ui/timeline/timelinepage.h"
#include "ui/timetravel/timeslider.h"
#include "ui/timetravel/travelbar.h"

#include <QAction>
#include <QApplication>
#include <QDateTimeEdit>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QTableView>
#include <QTest>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
namespace sample = lifecycle::sample;

namespace {

class PlainPage final : public ui::Page
{
public:
    [[nodiscard]] QString title() const override { return u"Settings"_s; }
};

/// Notes what was asked for.
class Actions final : public models::SandboxActions
{
public:
    void pause(const QStringList &) override { ++count; }
    void resume(const QStringList &, int) override { ++count; }
    void kill(const QStringList &) override { ++count; }
    void extend(const QStringList &, int) override { ++count; }
    int count = 0;
};

/// The part of the program that travels, over one tracker.
struct Program
{
    explicit Program(test::LiveFixture &live)
        : travelling(live.tracker(), live.journal())
        , timeWindow([this] { return travelling.viewpoint().now(); })
        , sandboxes(travelling.viewpoint())
        , events(travelling.viewpoint())
        , byTemplate(travelling.viewpoint(), timeWindow, models::CostTableModel::Grouping::Template)
        , bySandbox(travelling.viewpoint(), timeWindow, models::CostTableModel::Grouping::Sandbox)
        , series(travelling.viewpoint(), timeWindow)
        , timeline(travelling.viewpoint(), timeWindow)
    {
        auto *overview = new ui::OverviewPage(travelling.figures(), timeWindow, series, events);
        auto *table = new ui::SandboxesPage(sandboxes, actions);
        const std::vector<ui::PageEntry> pages = {
            {u"overview"_s, overview},
            {u"sandboxes"_s, table},
            {u"events"_s, new ui::EventsPage(events)},
            {u"costs"_s, new ui::CostsPage(timeWindow, series, byTemplate, bySandbox)},
            {u"timeline"_s, new ui::TimelinePage(timeWindow, timeline)},
            {u"settings"_s, new PlainPage},
        };
        window = std::make_unique<ui::MainWindow>(pages, *ui::Theme::instance());
        travelling.attachTo(*window, *overview, *table, timeWindow);
        window->resize(1024, 600);
        window->show();
        window->activateWindow();
    }

    app::TimeTravelling travelling;
    models::TimeWindow timeWindow;
    Actions actions;
    models::SandboxListModel sandboxes;
    models::EventListModel events;
    models::CostTableModel byTemplate, bySandbox;
    models::LiveSeries series;
    models::TimelineModel timeline;
    std::unique_ptr<ui::MainWindow> window;
};

} // namespace

class TestTimeTravelling final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void clickOnTheLineShowsThatMoment();
    void nothingCanBeDoneToThePast();
    void aTimeCanBeEntered();
    void keysStep();
    void escapeLeadsBack();
    void paletteTellsWhyNot();
    void otherPagesSayThatTheyAreLive();
    void newsIsToldInTheBanner();
    void anEmptyJournalSaysSo();

private:
    template<typename T>
    [[nodiscard]] T *find(const char *name)
    {
        return m_program->window->findChild<T *>(QString::fromLatin1(name));
    }
    [[nodiscard]] QString sentence() { return find<QWidget>("travelBanner")->accessibleName(); }
    [[nodiscard]] models::Viewpoint &viewpoint() { return m_program->travelling.viewpoint(); }
    [[nodiscard]] bool open();
    [[nodiscard]] bool go(double seconds);

    test::LiveFixture m_live;
    std::unique_ptr<Program> m_program;
};

void TestTimeTravelling::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestTimeTravelling::init()
{
    QVERIFY(m_live.open());
    // a: 0-100 s, b: from 50 s, c: 400-500 s. Now is 600 s.
    QVERIFY(m_live.record({sample::created(0, "e1", "a"), sample::created(50, "e2", "b"),
                           sample::ended(EventType::Killed, 100, "e1", 0, "a"), sample::created(400, "e4", "c"),
                           sample::ended(EventType::Killed, 500, "e4", 400, "c")}));
    m_program = std::make_unique<Program>(m_live);
    QVERIFY(QTest::qWaitForWindowActive(m_program->window.get()));
}

void TestTimeTravelling::cleanup()
{
    m_program.reset();
    m_live.close();
}

bool TestTimeTravelling::open()
{
    QTest::keyClick(m_program->window.get(), Qt::Key_T, Qt::ControlModifier);
    return m_program->travelling.bar().isVisible()
        && QTest::qWaitFor([this] { return find<ui::TimeSlider>("travelSlider")->hasFocus(); });
}

bool TestTimeTravelling::go(double seconds)
{
    if (!open())
        return false;
    auto *slider = find<ui::TimeSlider>("travelSlider");
    QTest::mouseClick(slider, Qt::LeftButton, {}, slider->pointOf(sample::at(seconds)));
    return QTest::qWaitFor([this] { return viewpoint().isInPast() && !viewpoint().isSeeking(); });
}

void TestTimeTravelling::clickOnTheLineShowsThatMoment()
{
    m_program->window->showPage(u"sandboxes"_s);
    auto *table = find<QTableView>("sandboxTable");
    QCOMPARE(table->model()->rowCount(), 1);
    QVERIFY(!m_program->travelling.bar().isVisible());
    QVERIFY(go(75));
    QVERIFY(std::chrono::abs(viewpoint().now() - sample::at(75)) <= 5s);
    QCOMPARE(table->model()->rowCount(), 2); // a and b
    QVERIFY2(sentence().startsWith(u"You are looking at 20 Aug 2026 10:01:1"_s), qPrintable(sentence()));
    QVERIFY(sentence().contains(u"read only"_s));
    // Dragged on, with the button held.
    auto *slider = find<ui::TimeSlider>("travelSlider");
    QTest::mousePress(slider, Qt::LeftButton, {}, slider->pointOf(sample::at(75)));
    for (int second = 100; second <= 450; second += 10)
        QTest::mouseMove(slider, slider->pointOf(sample::at(second)));
    QTest::mouseRelease(slider, Qt::LeftButton, {}, slider->pointOf(sample::at(450)));
    QTRY_VERIFY(!viewpoint().isSeeking());
    QVERIFY(std::chrono::abs(viewpoint().now() - sample::at(450)) <= 5s);
    QCOMPARE(table->model()->rowCount(), 2); // b and c
    // To the end of the line: the present.
    QTest::mouseClick(slider, Qt::LeftButton, {}, {slider->width() - 1, slider->pointOf(sample::at(0)).y()});
    QVERIFY(!viewpoint().isInPast());
    QCOMPARE(table->model()->rowCount(), 1);
}

void TestTimeTravelling::nothingCanBeDoneToThePast()
{
    m_program->window->showPage(u"sandboxes"_s);
    auto *table = find<QTableView>("sandboxTable");
    table->selectAll();
    QVERIFY(find<QPushButton>("killSandboxes")->isEnabled());
    QVERIFY(find<QPushButton>("newSandbox")->isEnabled());
    QVERIFY(go(75));
    table->selectAll();
    for (const char *name : {"pauseSandboxes", "resumeSandboxes", "extendSandboxes", "killSandboxes", "newSandbox",
                             "overviewNewSandbox"}) {
        QVERIFY2(!find<QPushButton>(name)->isEnabled(), name);
        QVERIFY2(find<QPushButton>(name)->toolTip().contains(u"back to now"_s), name);
    }
    table->setFocus();
    QTest::keyClick(table, Qt::Key_Delete);
    QTest::keyClick(m_program->window.get(), Qt::Key_N, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(m_program->actions.count, 0);
    QTest::mouseClick(find<QPushButton>("travelBannerAction"), Qt::LeftButton);
    QVERIFY(!viewpoint().isInPast() && !m_program->travelling.bar().isVisible());
    table->selectAll();
    QVERIFY(find<QPushButton>("killSandboxes")->isEnabled());
    QVERIFY(find<QPushButton>("killSandboxes")->toolTip().isEmpty());
    QTest::mouseClick(find<QPushButton>("pauseSandboxes"), Qt::LeftButton);
    QCOMPARE(m_program->actions.count, 1);
}

void TestTimeTravelling::aTimeCanBeEntered()
{
    QVERIFY(open());
    auto *entry = find<QDateTimeEdit>("travelEntry");
    QTest::mouseClick(entry, Qt::LeftButton);
    for (const auto &[section, digits] :
         {std::pair(QDateTimeEdit::MinuteSection, u"01"_s), std::pair(QDateTimeEdit::SecondSection, u"00"_s)}) {
        entry->setSelectedSection(section);
        QTest::keyClicks(entry, digits);
    }
    QVERIFY(!viewpoint().isInPast()); // not before it is whole
    QTest::keyClick(entry, Qt::Key_Return);
    QTRY_VERIFY(viewpoint().isInPast() && !viewpoint().isSeeking());
    QVERIFY(viewpoint().now() == sample::at(60));
    QTest::keyClick(entry, Qt::Key_Escape); // also from here
    QVERIFY(!viewpoint().isInPast());
}

void TestTimeTravelling::keysStep()
{
    QVERIFY(open());
    const auto press = [this](Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
        QTest::keyClick(find<ui::TimeSlider>("travelSlider"), key, modifiers);
        return QTest::qWaitFor([this] { return !viewpoint().isSeeking(); });
    };
    QVERIFY(press(Qt::Key_Left));
    QVERIFY(viewpoint().now() == sample::at(500));
    QVERIFY(press(Qt::Key_Left));
    QVERIFY(viewpoint().now() == sample::at(400));
    QVERIFY(press(Qt::Key_Right));
    QVERIFY(viewpoint().now() == sample::at(500));
    QVERIFY(press(Qt::Key_Left, Qt::ShiftModifier));
    QVERIFY(viewpoint().now() == sample::at(440));
    QVERIFY(press(Qt::Key_Left, Qt::ControlModifier));
    QVERIFY(viewpoint().now() == sample::at(0));
    QVERIFY(press(Qt::Key_Right, Qt::ShiftModifier));
    QVERIFY(viewpoint().now() == sample::at(60));
    QTest::mouseClick(find<QPushButton>("travelNext"), Qt::LeftButton);
    QTRY_VERIFY(viewpoint().now() == sample::at(100));
    QTest::mouseClick(find<QPushButton>("travelPrevious"), Qt::LeftButton);
    QTRY_VERIFY(viewpoint().now() == sample::at(50));
    QVERIFY(press(Qt::Key_PageDown));
    QVERIFY(!viewpoint().isInPast());
}

void TestTimeTravelling::escapeLeadsBack()
{
    QVERIFY(go(75));
    m_program->window->showPage(u"sandboxes"_s);
    auto *table = find<QTableView>("sandboxTable");
    table->setFocus();
    QTest::keyClick(table, Qt::Key_Escape);
    QVERIFY(!viewpoint().isInPast());
    QVERIFY(m_program->travelling.bar().isHidden());
}

void TestTimeTravelling::paletteTellsWhyNot()
{
    QVERIFY(go(75));
    QTest::keyClick(m_program->window.get(), Qt::Key_K, Qt::ControlModifier);
    auto *list = m_program->window->findChild<QListWidget *>();
    QVERIFY(list);
    QStringList lines;
    for (int row = 0; row < list->count(); ++row)
        lines << list->item(row)->text();
    QVERIFY(!lines.filter(u"Travel in time"_s).isEmpty());
    QVERIFY(!lines.filter(u"Back to now"_s).isEmpty());
    QVERIFY(!lines.filter(u"An hour back"_s).isEmpty());
    QVERIFY(lines.filter(u"New sandbox"_s).value(0).contains(u"go back to now first"_s));
}

void TestTimeTravelling::otherPagesSayThatTheyAreLive()
{
    QVERIFY(go(75));
    m_program->window->showPage(u"settings"_s);
    QVERIFY2(sentence().startsWith(u"This page shows the present"_s), qPrintable(sentence()));
    m_program->window->showPage(u"costs"_s);
    QVERIFY(sentence().startsWith(u"You are looking at"_s));
}

void TestTimeTravelling::newsIsToldInTheBanner()
{
    QVERIFY(go(75));
    QVERIFY(m_live.record({sample::created(550, "e5", "d")}));
    QVERIFY2(sentence().endsWith(u"1 new event since"_s), qPrintable(sentence()));
    QVERIFY(m_live.record({sample::created(560, "e6", "e"), sample::created(570, "e7", "f")}));
    QVERIFY2(sentence().endsWith(u"3 new events since"_s), qPrintable(sentence()));
    QCOMPARE(m_program->sandboxes.rowCount(), 2);
}

void TestTimeTravelling::anEmptyJournalSaysSo()
{
    m_program.reset();
    m_live.close();
    QVERIFY(m_live.open());
    m_program = std::make_unique<Program>(m_live);
    QVERIFY(QTest::qWaitForWindowActive(m_program->window.get()));
    QTest::keyClick(m_program->window.get(), Qt::Key_T, Qt::ControlModifier);
    QTRY_VERIFY2(sentence().contains(u"no history yet"_s), qPrintable(sentence()));
    QVERIFY(!find<ui::TimeSlider>("travelSlider")->isEnabled());
    QVERIFY(!find<QPushButton>("travelPrevious")->isEnabled());
}

QTEST_MAIN(TestTimeTravelling)
#include "tst_timetravelling.moc"
