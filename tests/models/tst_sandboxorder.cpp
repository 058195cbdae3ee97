// The list of sandboxes changes row by row; whatever came before, it shows what a list made afresh shows.

#include "models/sandboxes/sandboxlistmodel.h"
#include "tests/models/livefixture.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include <random>

using namespace sandglass;
using namespace sandglass::lifecycle;
using models::SandboxFilter;
using models::SandboxListModel;

namespace {

QStringList idsOf(const SandboxListModel &model)
{
    QStringList ids;
    for (int row = 0; row < model.rowCount(); ++row)
        ids << model.index(row, 0).data(SandboxListModel::IdRole).toString();
    return ids;
}

} // namespace

class TestSandboxOrder final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QVERIFY(m_live.open()); }
    void cleanup() { m_live.close(); }
    void followsAsIfMadeAfresh_data();
    void followsAsIfMadeAfresh();
    void manyAtOnceKeepTheSelection();
    void noCountdownWhilePaused();

private:
    [[nodiscard]] Event randomEvent(std::mt19937 &random);

    test::LiveFixture m_live;
    int m_made = 0;
};

Event TestSandboxOrder::randomEvent(std::mt19937 &random)
{
    const std::string id = "s" + std::to_string(random() % 30);
    const double time = ++m_made;
    const std::string execution = "e" + std::to_string(m_made);
    switch (random() % 6) {
    case 0:
        return sample::ended(EventType::Killed, time, execution, time - 1, id);
    case 1:
        return sample::ended(EventType::Paused, time, execution, time - 1, id);
    case 2: {
        Event updated = sample::bare(EventType::Updated, time, execution, id);
        updated.newEnd = sample::at(time + static_cast<double>(random() % 1'000));
        return updated;
    }
    case 3:
        return sample::resumed(time, execution, id);
    default:
        return sample::created(time, execution, id);
    }
}

void TestSandboxOrder::followsAsIfMadeAfresh_data()
{
    QTest::addColumn<int>("column");
    QTest::addColumn<bool>("isAscending");
    QTest::addColumn<int>("states");
    for (const int column : {SandboxListModel::StateColumn, SandboxListModel::AgeColumn, SandboxListModel::LeftColumn,
                             SandboxListModel::SizeColumn}) {
        for (const bool isAscending : {true, false}) {
            for (const auto states : {SandboxFilter::States::All, SandboxFilter::States::Live})
                QTest::addRow("column %d %s %d", column, isAscending ? "up" : "down", static_cast<int>(states))
                    << column << isAscending << static_cast<int>(states);
        }
    }
}

void TestSandboxOrder::followsAsIfMadeAfresh()
{
    QFETCH(const int, column);
    QFETCH(const bool, isAscending);
    QFETCH(const int, states);
    const auto order = isAscending ? Qt::AscendingOrder : Qt::DescendingOrder;
    const SandboxFilter filter{static_cast<SandboxFilter::States>(states), {}};
    std::mt19937 random(20260823);
    SandboxListModel model(m_live.tracker());
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setFilter(filter);
    model.sort(column, order);
    QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
    for (int round = 0; round < 6; ++round) {
        std::vector<Event> events;
        for (unsigned i = 0; i <= random() % 4; ++i)
            events.push_back(randomEvent(random));
        const QPersistentModelIndex chosen = model.index(model.rowCount() / 2, 0);
        const QString chosenId = chosen.data(SandboxListModel::IdRole).toString();
        QVERIFY(m_live.record(events));
        SandboxListModel afresh(m_live.tracker());
        afresh.setFilter(filter);
        afresh.sort(column, order);
        QTRY_COMPARE(idsOf(model), idsOf(afresh));
        QCOMPARE(model.liveCount(), afresh.liveCount());
        if (chosen.isValid())
            QCOMPARE(chosen.data(SandboxListModel::IdRole).toString(), chosenId);
    }
    QCOMPARE(resets.size(), 0);
}

void TestSandboxOrder::manyAtOnceKeepTheSelection()
{
    constexpr int many = 300;
    std::vector<Event> events;
    for (int i = 0; i < many; ++i)
        events.push_back(sample::created(i, "e" + std::to_string(i), "s" + std::to_string(i)));
    QVERIFY(m_live.record(events));
    SandboxListModel model(m_live.tracker());
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.sort(SandboxListModel::LeftColumn, Qt::AscendingOrder);
    const QPersistentModelIndex chosen = model.index(7, 0);
    const QString chosenId = chosen.data(SandboxListModel::IdRole).toString();
    events.clear();
    for (int i = 0; i < many; ++i) {
        events.push_back(sample::bare(EventType::Updated, 400 + i, "e" + std::to_string(i), "s" + std::to_string(i)));
        events.back().newEnd = sample::at(10'000 - 7 * (i % 50));
    }
    QVERIFY(m_live.record(events));
    SandboxListModel afresh(m_live.tracker());
    afresh.sort(SandboxListModel::LeftColumn, Qt::AscendingOrder);
    QTRY_COMPARE(idsOf(model), idsOf(afresh));
    QVERIFY(chosen.isValid());
    QCOMPARE(chosen.data(SandboxListModel::IdRole).toString(), chosenId);
}

void TestSandboxOrder::noCountdownWhilePaused()
{
    const auto until = [](std::string id, double end, double time = 30) {
        Event updated = sample::bare(EventType::Updated, time, "e" + id, id);
        updated.newEnd = sample::at(end);
        return updated;
    };
    QVERIFY(m_live.record({sample::created(0, "ea", "a"), until("a", 100'000), sample::created(1, "eb", "b"),
                           until("b", 50'000), sample::ended(EventType::Paused, 40, "eb", 1, "b"),
                           sample::created(2, "ec", "c"), until("c", 90'000)}));
    SandboxListModel model(m_live.tracker());
    const auto left = [&model](const char *id, int role) {
        return model.index(model.rowOf(QString::fromLatin1(id)), SandboxListModel::LeftColumn).data(role);
    };
    QVERIFY(left("a", SandboxListModel::LeftMsRole).toLongLong() > 0);
    QCOMPARE(left("b", SandboxListModel::PlannedMsRole).toLongLong(), toUnixMs(sample::at(50'000))); // it has an end
    QVERIFY(!left("b", SandboxListModel::LeftMsRole).isValid());                                     // that rests
    QVERIFY(left("b", Qt::DisplayRole).toString().isEmpty());
    // It takes no place among those that count down, whose end comes first or last.
    model.sort(SandboxListModel::LeftColumn, Qt::AscendingOrder);
    QCOMPARE(idsOf(model), QStringList({QStringLiteral("c"), QStringLiteral("a"), QStringLiteral("b")}));
    QVERIFY(m_live.record({sample::resumed(60, "eb2", "b"), until("b", 70'000, 61)}));
    QTRY_VERIFY(left("b", SandboxListModel::LeftMsRole).toLongLong() > 0);
    QTRY_COMPARE(idsOf(model), QStringList({QStringLiteral("b"), QStringLiteral("c"), QStringLiteral("a")}));
}

QTEST_GUILESS_MAIN(TestSandboxOrder)
#include "tst_sandboxorder.moc"
