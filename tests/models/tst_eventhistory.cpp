#include "models/events/eventhistory.h"
#include "models/events/eventlistmodel.h"
#include "models/timetravel/viewpoint.h"
#include "tests/models/livefixture.h"
#include "tests/services/lifecycle/journalhelp.h"

#include <QAbstractItemModelTester>
#include <QSet>
#include <QSignalSpy>
#include <QTest>

#include <memory>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using models::EventHistory;
using models::EventListModel;
namespace sample = lifecycle::sample;

namespace {

constexpr int eventCount = 12'000;

std::string idOf(int i)
{
    std::string number = std::to_string(i);
    return "sbx-" + std::string(5 - number.size(), '0') + number;
}

/// Every fourth is a kill; the event's own time is a second after the one before.
lifecycle::Event eventOf(int i)
{
    lifecycle::Event event = i % 4 == 3 ? sample::ended(lifecycle::EventType::Killed, i, "run", i - 1, idOf(i))
                                        : sample::created(i, "run", idOf(i));
    event.id = "event-" + std::to_string(i) + "-Q";
    event.templateId = i % 1'000 == 7 ? "Rare-Template" : "tpl";
    event.metadata = {{"user", i % 3'000 == 0 ? "Eve" : "adam"}};
    if (i == 40)
        event.metadata.emplace("note", "quo\"te é");
    if (i == 42)
        event.session = "Run-7";
    if (i == 43)
        event.killReason = "orphaned";
    return event;
}

} // namespace

/// A table over a journal that holds more than it loads.
class TestEventHistory final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void scrollsToTheFirstEvent();
    void searchesTheWholeJournal_data();
    void searchesTheWholeJournal();
    void frequentWordsComeInOrder();
    void nextSearchBreaksOffTheOneBefore();
    void endsWhereEnoughIsFound();
    void pastIsSearchedUpToItsMoment();
    void pastIsScrolled();
    void saysThatItCannotRead();
    void newsStandsAboveWhatIsFound();

private:
    [[nodiscard]] bool isOver(const EventListModel &model)
    {
        return QTest::qWaitFor([&] { return model.search() != EventListModel::Search::Running; }, 60'000);
    }
    /// Newest first, each once.
    static void checkOrder(const EventListModel &model);

    test::LiveFixture m_live;
    std::unique_ptr<EventHistory> m_history;
};

void TestEventHistory::initTestCase()
{
    QVERIFY(m_live.open());
    std::vector<lifecycle::Event> events;
    for (int i = 0; i < eventCount; ++i)
        events.push_back(eventOf(i));
    m_live.now = sample::at(eventCount);
    QSignalSpy recorded(&m_live.tracker(), &lifecycle::Tracker::eventsRecorded);
    (void)sample::appendAll(m_live.journal(), events);
    // Nothing is late: what a test records later is news.
    QTRY_COMPARE_WITH_TIMEOUT(m_live.tracker().fold().sandboxes().size(), std::size_t(eventCount), 60'000);
    QTRY_VERIFY(!recorded.isEmpty()
                && recorded.back().front().value<std::vector<lifecycle::StoredEvent>>().back().seq == eventCount);
    m_history = std::make_unique<EventHistory>(m_live.journal().file());
}

void TestEventHistory::cleanupTestCase()
{
    m_history.reset();
    m_live.close();
}

void TestEventHistory::checkOrder(const EventListModel &model)
{
    QSet<QString> ids;
    qint64 before = INT64_MAX;
    for (int row = 0; row < model.rowCount(); ++row) {
        const QModelIndex index = model.index(row, 0);
        const qint64 time = index.data(EventListModel::TimestampMsRole).toLongLong();
        QVERIFY(time < before);
        before = time;
        ids << index.data(EventListModel::EventIdRole).toString();
    }
    QCOMPARE(ids.size(), model.rowCount());
}

void TestEventHistory::scrollsToTheFirstEvent()
{
    EventListModel model(m_live.tracker(), m_history.get());
    QCOMPARE(model.rowCount(), 5'000);
    QCOMPARE(model.totalCount(), qint64(eventCount));
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QTRY_VERIFY_WITH_TIMEOUT((model.fetchMore({}), model.rowCount() == eventCount), 60'000);
    QTRY_VERIFY(!model.canFetchMore({}));
    checkOrder(model);
    QCOMPARE(model.index(eventCount - 1, 0).data(EventListModel::SandboxIdRole).toString(), u"sbx-00000"_s);
    model.setSearch(u"sbx-00000"_s); // in what is loaded by now
    QCOMPARE(model.rowCount(), 1);
    QCOMPARE(model.search(), EventListModel::Search::Complete);
    model.setSearch({});
    QCOMPARE(model.rowCount(), eventCount);
}

void TestEventHistory::searchesTheWholeJournal_data()
{
    QTest::addColumn<QString>("words");
    QTest::addColumn<int>("count");
    QTest::newRow("sandbox, long ago") << u"sbx-00017"_s << 1;
    QTest::newRow("sandbox, of the last") << u"SBX-11999"_s << 1;
    QTest::newRow("event id") << u"event-5-q"_s << 1;
    QTest::newRow("template") << u"rare-template"_s << 12;
    QTest::newRow("type and template") << u"rare KILLED"_s << 12;
    QTest::newRow("reason") << u"orphaned"_s << 1;
    QTest::newRow("metadata") << u"user=eve"_s << 4;
    QTest::newRow("value") << u"=EVE"_s << 4;
    QTest::newRow("session") << u"session:run-7"_s << 1;
    QTest::newRow("part of a session's name") << u"run-7"_s << 1;
    QTest::newRow("quote") << u"quo\"te"_s << 1;
    QTest::newRow("not ASCII") << u"é"_s << 1;
    QTest::newRow("in the body, but no text of the event") << u"event_data"_s << 0;
    QTest::newRow("nowhere") << u"sbx-00017 orphaned"_s << 0;
}

void TestEventHistory::searchesTheWholeJournal()
{
    QFETCH(QString, words);
    QFETCH(int, count);
    EventListModel model(m_live.tracker(), m_history.get());
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setSearch(words);
    QCOMPARE(model.search(), EventListModel::Search::Running);
    QVERIFY(model.searchedCount() < model.totalCount());
    QVERIFY(isOver(model));
    QCOMPARE(model.search(), EventListModel::Search::Complete);
    QCOMPARE(model.rowCount(), count);
    QCOMPARE(model.searchedCount(), qint64(eventCount));
    checkOrder(model);
}

void TestEventHistory::frequentWordsComeInOrder()
{
    EventListModel model(m_live.tracker(), m_history.get());
    model.setSearch(u"created adam"_s);
    const int loaded = model.rowCount();
    QVERIFY(loaded > 3'000); // at once
    QVERIFY(isOver(model));
    QCOMPARE(model.rowCount(), eventCount / 4 * 3 - 4); // the four of Eve are created
    checkOrder(model);
}

void TestEventHistory::nextSearchBreaksOffTheOneBefore()
{
    EventListModel model(m_live.tracker(), m_history.get());
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    for (const auto &word : {u"s"_s, u"sb"_s, u"created"_s, u"sbx-00017"_s})
        model.setSearch(word);
    QVERIFY(isOver(model));
    QCOMPARE(model.rowCount(), 1);
    model.setSearch(u"created"_s);
    model.setSearch({});
    QCOMPARE(model.search(), EventListModel::Search::None);
    QCOMPARE(model.rowCount(), 5'000);
    model.setSearch(u"sbx-00018"_s); // answered after whatever the thread had to do before
    QVERIFY(isOver(model));
    QCOMPARE(model.rowCount(), 1);
}

void TestEventHistory::endsWhereEnoughIsFound()
{
    EventHistory history(m_live.journal().file());
    std::vector<std::int64_t> seqs;
    bool isOver = false;
    bool isAtEnd = true;
    lifecycle::EventScan scan;
    scan.accepts = [](const lifecycle::StoredEvent &) { return true; };
    history.ask(scan, 700, [&](const EventHistory::Batch &batch) {
        QVERIFY(batch.events.size() <= 400);
        for (const auto &stored : batch.events)
            seqs.push_back(stored.seq);
        isOver = batch.isLast;
        isAtEnd = batch.isAtEnd;
    });
    QTRY_VERIFY(isOver);
    QVERIFY(!isAtEnd);
    QCOMPARE(seqs.size(), std::size_t(700));
    QCOMPARE(seqs.front() - seqs.back(), 699);
}

void TestEventHistory::pastIsSearchedUpToItsMoment()
{
    models::Viewpoint viewpoint(m_live.tracker(), m_live.journal());
    EventListModel model(viewpoint, m_history.get());
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    viewpoint.travelTo(sample::at(9'000.5));
    QTRY_VERIFY_WITH_TIMEOUT(viewpoint.isInPast() && !viewpoint.isSeeking(), 60'000);
    QCOMPARE(model.loadedCount(), 2'000);
    QCOMPARE(model.totalCount(), qint64(9'001));
    model.setSearch(u"rare-template"_s);
    QVERIFY(isOver(model));
    QCOMPARE(model.search(), EventListModel::Search::Complete);
    QCOMPARE(model.rowCount(), 9);
    checkOrder(model);
    QCOMPARE(model.index(0, 0).data(EventListModel::SandboxIdRole).toString(), u"sbx-08007"_s);
    viewpoint.returnToNow(); // the search goes on there
    QVERIFY(isOver(model));
    QCOMPARE(model.rowCount(), 12);
    checkOrder(model);
}

void TestEventHistory::pastIsScrolled()
{
    models::Viewpoint viewpoint(m_live.tracker(), m_live.journal());
    EventListModel model(viewpoint, m_history.get());
    viewpoint.travelTo(sample::at(9'000.5));
    QTRY_VERIFY_WITH_TIMEOUT(viewpoint.isInPast() && !viewpoint.isSeeking(), 60'000);
    QTRY_VERIFY_WITH_TIMEOUT((model.fetchMore({}), model.rowCount() == 9'001), 60'000);
    QTRY_VERIFY(!model.canFetchMore({}));
    checkOrder(model);
}

void TestEventHistory::saysThatItCannotRead()
{
    EventHistory nothing("/nonexistent/journal.db");
    EventListModel model(m_live.tracker(), &nothing);
    model.setSearch(u"created"_s);
    QVERIFY(isOver(model));
    QCOMPARE(model.search(), EventListModel::Search::Failed);
    QVERIFY(!model.failure().isEmpty());
    QCOMPARE(model.rowCount(), 3'750); // of those that are loaded
}

void TestEventHistory::newsStandsAboveWhatIsFound()
{
    EventListModel model(m_live.tracker(), m_history.get());
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setSearch(u"sbx-00017"_s);
    QVERIFY(isOver(model));
    QVERIFY(m_live.record({sample::ended(lifecycle::EventType::Killed, eventCount + 5, "run", 17, idOf(17)),
                           sample::created(eventCount + 6, "run", "other")}));
    QTRY_COMPARE(model.rowCount(), 2);
    QCOMPARE(model.index(0, 0).data(EventListModel::KillReasonRole).toString(), u"request"_s);
    checkOrder(model);
}

QTEST_GUILESS_MAIN(TestEventHistory)
#include "tst_eventhistory.moc"
