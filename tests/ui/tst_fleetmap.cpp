// Sandboxes as a map: a cell for each of ten thousand, one selection with the table.

#include "models/sandboxes/sandboxlistmodel.h"
#include "services/lifecycle/tracker.h"
#include "tests/services/lifecycle/events.h"
#include "ui/sandboxes/fleetmap.h"
#include "ui/sandboxes/sandboxviews.h"
#include "ui/theme/theme.h"
#include "ui/widgets/tableview.h"

#include <QScrollBar>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
namespace sample = lifecycle::sample;
using models::SandboxListModel;

class TestFleetMap final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void tenThousandAreSeenAtOnce();
    void moreThanFitScroll();
    void selectsWhatTheTableSelects();
    void rectangleSelectsItsCells();
    void arrowsGoByCellAndLine();
    void stateShowsInTheCell();
    void oldOnesStandOut();
    void emptyWithoutAModel();

private:
    void record(const std::vector<lifecycle::Event> &events);
    void fill(int count); ///< running ones, "s0" the oldest and the last
    void show(ui::SandboxViews::View view);
    [[nodiscard]] QPoint middleOf(int row) const { return m_map->visualRect(m_model->index(row, 0)).center(); }
    [[nodiscard]] QStringList selected() const;

    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<lifecycle::Journal> m_journal;
    std::unique_ptr<lifecycle::Tracker> m_tracker;
    std::unique_ptr<SandboxListModel> m_model;
    std::unique_ptr<ui::SandboxViews> m_views;
    ui::FleetMap *m_map = nullptr;
};

void TestFleetMap::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestFleetMap::init()
{
    m_directory = std::make_unique<QTemporaryDir>();
    auto journal = lifecycle::Journal::open(m_directory->filePath(u"journal.db"_s).toStdString());
    QVERIFY(journal);
    m_journal = std::move(*journal);
    m_tracker = std::make_unique<lifecycle::Tracker>(*m_journal, cost::RateCard(), [] { return sample::at(20'000); });
    m_tracker->start();
    QTRY_VERIFY(m_tracker->isReplayed());
    m_model = std::make_unique<SandboxListModel>(*m_tracker);
    m_views = std::make_unique<ui::SandboxViews>(*m_model);
    m_views->resize(1100, 640);
    m_views->show();
    m_views->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_views.get()));
    m_map = m_views->findChild<ui::FleetMap *>();
}

void TestFleetMap::cleanup()
{
    m_views.reset();
    m_model.reset();
    m_tracker.reset();
    m_journal.reset();
    m_directory.reset();
}

void TestFleetMap::record(const std::vector<lifecycle::Event> &events)
{
    for (const lifecycle::Event &event : events)
        m_journal->append(event, [](lifecycle::Journal::Outcome) {});
}

void TestFleetMap::fill(int count)
{
    std::vector<lifecycle::Event> events;
    for (int i = 0; i < count; ++i)
        events.push_back(sample::created(i, "e" + std::to_string(i), "s" + std::to_string(i)));
    record(events);
    QTRY_COMPARE_WITH_TIMEOUT(m_model->rowCount(), count, 20'000);
}

void TestFleetMap::show(ui::SandboxViews::View view)
{
    m_views->setView(view);
    QCoreApplication::processEvents();
}

QStringList TestFleetMap::selected() const
{
    QStringList ids;
    const QModelIndexList rows = m_views->table()->selectionModel()->selectedRows();
    for (const QModelIndex &row : rows)
        ids << row.data(SandboxListModel::IdRole).toString();
    ids.sort();
    return ids;
}

void TestFleetMap::tenThousandAreSeenAtOnce()
{
    fill(10'000);
    show(ui::SandboxViews::View::Map);
    const QRect room = m_map->viewport()->rect();
    QVERIFY(room.contains(m_map->visualRect(m_model->index(0, 0))));
    QVERIFY(room.contains(m_map->visualRect(m_model->index(9'999, 0))));
    QCOMPARE(m_map->verticalScrollBar()->maximum(), 0);
    for (const int row : {0, 1, 4'711, 9'999})
        QCOMPARE(m_map->indexAt(middleOf(row)).row(), row);
    QVERIFY(!m_map->indexAt(room.bottomRight()).isValid() || m_map->indexAt(room.bottomRight()).row() == 9'999);
}

void TestFleetMap::moreThanFitScroll()
{
    m_views->resize(300, 200);
    fill(4'000);
    show(ui::SandboxViews::View::Map);
    QVERIFY(m_map->verticalScrollBar()->maximum() > 0);
    m_map->scrollTo(m_model->index(3'999, 0));
    QVERIFY(m_map->viewport()->rect().contains(m_map->visualRect(m_model->index(3'999, 0))));
    QCOMPARE(m_map->indexAt(middleOf(3'999)).row(), 3'999);
}

void TestFleetMap::selectsWhatTheTableSelects()
{
    fill(50);
    show(ui::SandboxViews::View::Map);
    QTest::mouseClick(m_map->viewport(), Qt::LeftButton, {}, middleOf(7));
    QCOMPARE(selected(), QStringList{u"s42"_s});
    QTest::mouseClick(m_map->viewport(), Qt::LeftButton, Qt::ControlModifier, middleOf(9));
    QCOMPARE(selected(), (QStringList{u"s40"_s, u"s42"_s}));
    show(ui::SandboxViews::View::Table);
    m_views->table()->clearSelection();
    m_views->table()->selectRow(3);
    QVERIFY(m_map->selectionModel()->isRowSelected(3));
    record({sample::ended(EventType::Killed, 60, "e48", 48, "s48")}); // a row before it goes
    QTRY_COMPARE(m_model->rowCount(), 49);
    QCOMPARE(selected(), QStringList{u"s46"_s});
}

void TestFleetMap::rectangleSelectsItsCells()
{
    fill(500);
    show(ui::SandboxViews::View::Map);
    const int columns = m_map->viewport()->width() / m_map->visualRect(m_model->index(0, 0)).width();
    QTest::mousePress(m_map->viewport(), Qt::LeftButton, {}, middleOf(1));
    QTest::mouseMove(m_map->viewport(), middleOf(columns + 3));
    QTest::mouseRelease(m_map->viewport(), Qt::LeftButton, {}, middleOf(columns + 3));
    QStringList expected;
    for (const int row : {1, 2, 3, columns + 1, columns + 2, columns + 3})
        expected << m_model->index(row, 0).data(SandboxListModel::IdRole).toString();
    expected.sort();
    QCOMPARE(selected(), expected);
}

void TestFleetMap::arrowsGoByCellAndLine()
{
    fill(500);
    show(ui::SandboxViews::View::Map);
    const int columns = m_map->viewport()->width() / m_map->visualRect(m_model->index(0, 0)).width();
    m_map->setFocus();
    QTest::keyClick(m_map, Qt::Key_Home);
    QTest::keyClick(m_map, Qt::Key_Right);
    QTest::keyClick(m_map, Qt::Key_Down);
    QCOMPARE(m_map->currentIndex().row(), columns + 1);
    QTest::keyClick(m_map, Qt::Key_Up);
    QTest::keyClick(m_map, Qt::Key_Up); // there is no line above
    QCOMPARE(m_map->currentIndex().row(), 1);
    QTest::keyClick(m_map, Qt::Key_End);
    QCOMPARE(m_map->currentIndex().row(), 499);
    QCOMPARE(selected(), QStringList{u"s0"_s});
}

void TestFleetMap::stateShowsInTheCell()
{
    record({sample::created(0, "e1", "a"), sample::created(10, "e2", "b")});
    QTRY_COMPARE(m_model->rowCount(), 2);
    show(ui::SandboxViews::View::Map);
    const auto middleColor = [this](int row) {
        const QImage image = m_map->viewport()->grab().toImage();
        return image.pixelColor(middleOf(row) * image.devicePixelRatio());
    };
    const QColor running = middleColor(0);
    QVERIFY(running != ui::Theme::tokens().surface);
    record({sample::ended(EventType::Paused, 60, "e2", 10, "b")});
    QTRY_COMPARE(middleColor(m_model->rowOf(u"b"_s)), ui::Theme::tokens().surface); // a frame alone
    QVERIFY(middleColor(m_model->rowOf(u"a"_s)) != ui::Theme::tokens().surface);
}

void TestFleetMap::oldOnesStandOut()
{
    QCOMPARE(ui::strengthOf(0s), 0.35);
    QCOMPARE(ui::strengthOf(1min), 0.35);
    QCOMPARE(ui::strengthOf(24h), 1.0);
    QCOMPARE(ui::strengthOf(240h), 1.0);
    QVERIFY(ui::strengthOf(10min) < ui::strengthOf(2h));
}

void TestFleetMap::emptyWithoutAModel()
{
    ui::FleetMap map;
    map.resize(300, 200);
    map.show();
    QVERIFY(QTest::qWaitForWindowExposed(&map));
    const auto isBare = [&map] {
        const QImage image = map.viewport()->grab().toImage();
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x) {
                if (image.pixel(x, y) != image.pixel(0, 0))
                    return false;
            }
        }
        return true;
    };
    QVERIFY(isBare());
    QTest::mousePress(map.viewport(), Qt::LeftButton, {}, {10, 10});
    QTest::mouseMove(map.viewport(), {200, 150});
    QTest::mouseRelease(map.viewport(), Qt::LeftButton, {}, {200, 150});
    for (const auto key : {Qt::Key_Down, Qt::Key_End, Qt::Key_Space})
        QTest::keyClick(&map, key);
    map.selectAll();
    map.setModel(m_model.get());
    fill(3);
    QTRY_VERIFY(map.indexAt({2, 2}).isValid());
    QTRY_VERIFY(!isBare());
    map.setModel(nullptr);
    QVERIFY(isBare());
    QVERIFY(!map.indexAt({2, 2}).isValid());
}

QTEST_MAIN(TestFleetMap)
#include "tst_fleetmap.moc"
