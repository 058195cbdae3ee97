#include "services/lifecycle/past.h"

#include "services/lifecycle/otherevents.h"
#include "services/lifecycle/snapshot.h"
#include "services/lifecycle/timemachine.h"
#include "tests/services/lifecycle/journalhelp.h"
#include "tests/services/lifecycle/journaltables.h"
#include "tests/services/lifecycle/lives.h"

#include <QSignalSpy>
#include <QTest>

#include <algorithm>
#include <random>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;

namespace {

constexpr unsigned seed = 20261121;

/// Lives of many sandboxes over two days, with lost, odd and repeated events, in any order.
std::vector<Event> history(std::mt19937_64 &random, int count)
{
    std::vector<Event> events;
    for (int i = 0; i < count; ++i) {
        Life life(random, "sbx" + std::to_string(i));
        life.live();
        const auto shift = std::chrono::milliseconds(random() % (2 * 86'400'000ULL));
        for (Event &e : life.events) {
            e.timestamp += shift;
            if (e.execution && e.execution->startedAt)
                *e.execution->startedAt += shift;
            if (e.newEnd)
                *e.newEnd += shift;
            // Told now and again, and not always the same.
            if (random() % 3 == 0)
                e.templateId = "tpl" + std::to_string(random() % 3);
            if (random() % 4 == 0)
                e.metadata = {{"user", std::to_string(random() % 4)}};
            if (e.type == EventType::Observed && random() % 2 == 0)
                e.templateAlias = "alias" + std::to_string(random() % 2);
        }
        if (random() % 3 == 0)
            damage(life.events, random);
        if (random() % 4 == 0)
            addOddEvents(life.events, random);
        std::ranges::move(life.events, std::back_inserter(events));
    }
    for (auto again = events.size() / 10; again > 0; --again)
        events.push_back(events[random() % events.size()]);
    std::ranges::shuffle(events, random);
    return events;
}

/// What a fold of the events up to the moment gives, and nothing else.
struct Reference
{
    Reference(const std::vector<StoredEvent> &all, Timestamp moment) : ledger(card)
    {
        for (const StoredEvent &stored : all) {
            const Event &e = stored.event;
            if (e.type == EventType::Unknown) { // told, and of no sandbox's life
                count += e.timestamp <= moment ? 1 : 0;
                if (e.timestamp <= moment)
                    newest.push_back({e.timestamp, stored.seq});
                continue;
            }
            if (e.timestamp > moment) {
                next = std::min(next.value_or(e.timestamp), e.timestamp);
                continue;
            }
            ++count;
            newest.push_back({e.timestamp, stored.seq});
            if (e.timestamp < moment)
                previous = std::max(previous.value_or(e.timestamp), e.timestamp);
            ledger.fold.apply(e);
        }
        for (const auto &[id, sandbox] : ledger.fold.sandboxes())
            ledger.usage.update(sandbox);
        std::ranges::sort(newest, std::greater());
    }
    Ledger ledger;
    std::vector<std::pair<Timestamp, std::int64_t>> newest;
    std::int64_t count = 0;
    std::optional<Timestamp> previous, next;
};

std::vector<StoredEvent> eventsOf(Database &database)
{
    std::vector<StoredEvent> all;
    Statement select(database, selectEventsAfterSql);
    (void)readEvents(select.bind(1, 0), 1'000'000, SIZE_MAX, all);
    return all;
}

bool isOver(const Sandbox &sandbox)
{
    return sandbox.state == SandboxState::Killed || sandbox.state == SandboxState::Lost;
}

} // namespace

class TestPast : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { qInfo("seed %u", seed); }
    void init();
    void cleanup();

    void anyMomentIsTheFoldOfItsEvents_data();
    void anyMomentIsTheFoldOfItsEvents();
    void whatLeftTheJournalKeepsItsName();
    void theLastOnesBeforeAreShown();
    void eventsOfNoRecordAreAllCounted();
    void stoppedInTheMiddle();
    void newestQuestionWins();
    void forgottenQuestionsStayUnanswered();
    void aJournalThatIsGoneIsTold();

private:
    void store(const std::vector<Event> &events);
    void catchUp(Snapshot &snapshot);
    void chill(Snapshot &snapshot, std::size_t keep);
    void compare(const Past &past, const std::vector<StoredEvent> &all, const PastReader::Limits &limits,
                 std::mt19937_64 &random);
    void compareSandboxes(const Past &past, const Reference &expected, const PastReader::Limits &limits);
    void compareMoney(const Past &past, const Reference &expected, std::mt19937_64 &random);

    JournalTables m_tables;
};

void TestPast::init()
{
    QVERIFY(m_tables.open());
}

void TestPast::cleanup()
{
    m_tables.close();
}

void TestPast::store(const std::vector<Event> &events)
{
    QVERIFY(m_tables.store(events));
    // The journal's writer lets older ids into their table, some earlier, some later.
    if (m_tables.seq % 2 == 0)
        QVERIFY(m_tables.database->execute(
            "INSERT OR IGNORE INTO event_ids SELECT id_hash, seq FROM events WHERE seq <= "
            "(SELECT max(seq) / 2 FROM events); UPDATE state SET value = (SELECT max(seq) / 2 FROM events) "
            "WHERE key = 'ids'"));
}

void TestPast::catchUp(Snapshot &snapshot)
{
    QVERIFY(untilDone([&] { return snapshot.catchUp(200); }));
}

void TestPast::chill(Snapshot &snapshot, std::size_t keep)
{
    QVERIFY(untilDone([&] { return snapshot.chill(keep, 7); }));
}

void TestPast::compare(const Past &past, const std::vector<StoredEvent> &all, const PastReader::Limits &limits,
                       std::mt19937_64 &random)
{
    const Reference expected(all, past.moment);
    compareSandboxes(past, expected, limits);
    compareMoney(past, expected, random);
    QCOMPARE(past.eventCount, expected.count);
    QVERIFY(past.nextEvent == expected.next);
    // Of the newest ones the times of day; odd events of before 1970 stand there as of 1970.
    const std::size_t shown = std::min(limits.events, expected.newest.size());
    if (limits.endedSandboxes > 1'000) {
        QCOMPARE(past.newest.size(), shown);
        QVERIFY(past.previousEvent == expected.previous || past.previousEvent <= Timestamp{});
        for (std::size_t i = 0; i < shown; ++i) {
            if (expected.newest[i].first > Timestamp{})
                QVERIFY(past.newest[i].event.timestamp == expected.newest[i].first);
        }
    }
}

void TestPast::compareSandboxes(const Past &past, const Reference &expected, const PastReader::Limits &limits)
{
    for (const auto &[id, sandbox] : past.ledger.fold.sandboxes()) {
        const Sandbox *wanted = expected.ledger.fold.find(id);
        QVERIFY2(wanted, id.c_str());
        Sandbox same = sandbox;
        if (wanted->lastEventAt < Timestamp{})
            same.lastEventAt = wanted->lastEventAt;
        QVERIFY2(same == *wanted, id.c_str());
    }
    std::size_t over = 0;
    for (const auto &[id, sandbox] : expected.ledger.fold.sandboxes()) {
        over += isOver(sandbox) ? 1 : 0;
        if (!isOver(sandbox))
            QVERIFY2(past.ledger.fold.find(id), id.c_str());
    }
    const std::size_t most = expected.ledger.fold.sandboxes().size();
    QVERIFY(past.ledger.fold.sandboxes().size() >= std::min(most, std::max(most - over, limits.endedSandboxes)));
}

void TestPast::compareMoney(const Past &past, const Reference &expected, std::mt19937_64 &random)
{
    const Timestamp now = past.moment;
    QVERIFY(past.ledger.burnRate(now) == expected.ledger.burnRate(now));
    QVERIFY(past.ledger.costBetween(Timestamp{}, now, now) == expected.ledger.costBetween(Timestamp{}, now, now));
    for (int i = 0; i < 3; ++i) {
        const Timestamp to =
            now + std::chrono::milliseconds(static_cast<std::int64_t>(random() % 7'200'000) - 3'600'000);
        const Timestamp from = to - std::chrono::milliseconds(1'000 + random() % 90'000'000);
        const int buckets = 1 + static_cast<int>(random() % 60);
        QVERIFY(past.ledger.costBetween(from, to, now) == expected.ledger.costBetween(from, to, now));
        QVERIFY(past.ledger.activeSeries(from, to, buckets, now)
                == expected.ledger.activeSeries(from, to, buckets, now));
        const auto given = past.ledger.costSeries(from, to, buckets, now);
        auto wanted = expected.ledger.costSeries(from, to, buckets, now);
        std::erase_if(wanted, [](const auto &one) { // "without cost" may be there with zeros
            return std::ranges::all_of(one.buckets, [](Money money) { return money.isZero(); });
        });
        std::size_t next = 0;
        for (const auto &one : given) {
            if (std::ranges::all_of(one.buckets, [](Money money) { return money.isZero(); }))
                continue;
            QVERIFY(next < wanted.size());
            QCOMPARE(one.templateName, wanted[next].templateName);
            QVERIFY(one.buckets == wanted[next].buckets);
            ++next;
        }
        QCOMPARE(next, wanted.size());
    }
}

void TestPast::anyMomentIsTheFoldOfItsEvents_data()
{
    QTest::addColumn<int>("sandboxes");
    QTest::addColumn<int>("keptHot");
    QTest::addColumn<int>("shownEnded");
    QTest::addColumn<bool>("indexFirst");
    for (int i = 0; i < 75; ++i)
        QTest::addRow("journal %d", i) << 6 + i % 5 * 8
                                       << (i % 3 == 0       ? 0
                                               : i % 3 == 1 ? 4
                                                            : 1'000)
                                       << (i % 2 == 0 ? 20'000 : 3) << (i % 4 < 2);
}

void TestPast::anyMomentIsTheFoldOfItsEvents()
{
    QFETCH(int, sandboxes);
    QFETCH(int, keptHot);
    QFETCH(int, shownEnded);
    QFETCH(bool, indexFirst);
    std::mt19937_64 random(seed + std::hash<std::string>()(QTest::currentDataTag()) % 100'000);
    const std::vector<Event> events = history(random, sandboxes);
    // The first part is counted in the rollups, the second came late, the third is in no table yet.
    const auto first = static_cast<std::ptrdiff_t>(events.size() * 7 / 10);
    const auto second = static_cast<std::ptrdiff_t>(events.size() * 9 / 10);
    Snapshot snapshot(*m_tables.database);
    store({events.begin(), events.begin() + first});
    catchUp(snapshot);
    chill(snapshot, static_cast<std::size_t>(keptHot));
    PastReader::Limits limits;
    limits.endedSandboxes = static_cast<std::size_t>(shownEnded);
    limits.events = 40;
    const auto go = [] { return false; };
    Result<std::unique_ptr<PastReader>> reader;
    if (indexFirst)
        reader = PastReader::open(m_tables.file(), limits, go);
    store({events.begin() + first, events.begin() + second});
    catchUp(snapshot);
    store({events.begin() + second, events.end()});
    if (!indexFirst)
        reader = PastReader::open(m_tables.file(), limits, go);
    QVERIFY(reader.has_value());

    const std::vector<StoredEvent> all = eventsOf(*m_tables.database);
    for (int i = 0; i < 16; ++i) {
        Timestamp moment = at(-600.0) + std::chrono::milliseconds(random() % (2 * 86'400'000ULL + 12'000'000));
        if (i % 4 == 0) // on an event, where "up to" matters
            moment = std::max(at(-600), all[random() % all.size()].event.timestamp);
        const auto past = (*reader)->read(moment, card, go);
        QVERIFY2(past.has_value(), past ? "" : past.error().message.c_str());
        QVERIFY((*past)->moment == moment);
        compare(**past, all, limits, random);
        if (QTest::currentTestFailed())
            return qWarning("at %s", formatRfc3339(moment, 9).c_str());
    }
}

/// Retention takes events, not what is known of sandboxes.
void TestPast::whatLeftTheJournalKeepsItsName()
{
    Event end = ended(EventType::Killed, 500, "e1", 0);
    end.templateId = "tpl";
    end.metadata = {{"user", "ada"}};
    Event update = bare(EventType::Updated, 400, "e1");
    update.newEnd = at(1'000);
    store({created(0), update, end, created(2'000, "e2", "other")});
    Snapshot snapshot(*m_tables.database);
    catchUp(snapshot);
    QVERIFY(m_tables.database->execute("DELETE FROM events WHERE seq < 4"));
    const auto past = (*PastReader::open(m_tables.file()))->read(at(100), card, [] { return false; });
    QVERIFY(past.has_value());
    const Sandbox *sandbox = (*past)->ledger.fold.find("sbx");
    QVERIFY(sandbox);
    QCOMPARE(sandbox->state, SandboxState::Running);
    QCOMPARE(sandbox->templateId, std::string("tpl"));
    QCOMPARE(sandbox->metadata.at("user"), std::string("ada"));
    QVERIFY(!sandbox->endAt);
    QVERIFY(sandbox->killReason.empty());
    QCOMPARE((*past)->eventCount, 1);
    QVERIFY((*past)->newest.empty());
}

void TestPast::theLastOnesBeforeAreShown()
{
    std::vector<Event> events;
    for (int i = 0; i < 50; ++i) {
        const std::string id = "sbx" + std::to_string(i);
        events.push_back(created(i * 100, "e", id));
        events.push_back(ended(EventType::Killed, i * 100 + 60, "e", i * 100, id));
    }
    store(events);
    Snapshot snapshot(*m_tables.database);
    catchUp(snapshot);
    chill(snapshot, 0);
    auto reader = PastReader::open(m_tables.file(), {5, 4}, [] { return false; });
    QVERIFY(reader.has_value());
    const auto past = *(*reader)->read(at(2'030), card, [] { return false; });
    QCOMPARE(past->ledger.fold.sandboxes().size(), std::size_t(6)); // 15-19 are over, 20 runs
    for (int i = 15; i <= 20; ++i)
        QVERIFY(past->ledger.fold.find("sbx" + std::to_string(i)));
    QCOMPARE(past->newest.size(), std::size_t(4));
    QVERIFY(past->newest.front().event.timestamp == at(2'000));
    QVERIFY(past->newest.back().event.timestamp == at(1'860) || past->newest.back().event.timestamp == at(1'800));
    QCOMPARE(past->eventCount, 41);
    QVERIFY(past->firstEvent == at(0));
    QVERIFY(past->previousEvent == at(2'000));
    QVERIFY(past->nextEvent == at(2'060));
    QCOMPARE(past->eventsWithin(std::chrono::seconds(100)), 2);
    QCOMPARE(past->eventsWithin(std::chrono::seconds(20)), 0);
}

/// More of them than are kept to be shown.
void TestPast::eventsOfNoRecordAreAllCounted()
{
    const auto others = [](int from, int to) {
        std::vector<Event> events;
        for (int i = from; i < to; ++i) {
            Event run = bare(EventType::Unknown, i * 10, "run" + std::to_string(i));
            run.typeName = "sandbox.code_executed";
            events.push_back(run);
        }
        std::ranges::reverse(events);
        return events;
    };
    store(others(10, 30));
    OtherEvents found(*m_tables.database, 4);
    const auto goOn = [] { return false; };
    QVERIFY(found.follow(goOn));
    QCOMPARE(found.countUntil(at(295)), 20);
    QCOMPARE(found.countUntil(at(199)), 10);
    QCOMPARE(found.newestUntil(at(295), 10).size(), std::size_t(4));
    QVERIFY(found.newestUntil(at(295), 10).front().event.timestamp == at(290));
    QVERIFY(found.newestUntil(at(199), 10).empty());
    store(others(0, 5));
    QVERIFY(found.follow(goOn));
    QCOMPARE(found.countUntil(at(40)), 5);
    QCOMPARE(found.countUntil(at(295)), 25);
    QCOMPARE(found.timesBetween(at(40), at(110)).size(), std::size_t(2));
    Snapshot snapshot(*m_tables.database);
    catchUp(snapshot);
    const auto past = (*PastReader::open(m_tables.file()))->read(at(295), card, goOn);
    QVERIFY(past.has_value());
    QCOMPARE((*past)->eventCount, 25);
    QCOMPARE((*past)->eventsWithin(std::chrono::seconds(25)), 2);
}

void TestPast::stoppedInTheMiddle()
{
    std::mt19937_64 random(seed);
    store(history(random, 20));
    const auto reader = PastReader::open(m_tables.file());
    QVERIFY(reader.has_value());
    QVERIFY(!(*reader)->read(at(500), card, [] { return true; }));
    QVERIFY((*reader)->read(at(500), card, [] { return false; }).has_value());
}

void TestPast::newestQuestionWins()
{
    m_tables.database.reset();
    const auto journal = *Journal::open(m_tables.file());
    std::mt19937_64 random(seed);
    appendAll(*journal, history(random, 300));
    TimeMachine machine(*journal);
    std::vector<Timestamp> answers;
    connect(&machine, &TimeMachine::arrived, this, [&](const std::shared_ptr<Past> &past) {
        answers.push_back(past->moment);
        machine.dispose(past);
    });
    for (int i = 0; i < 100; ++i)
        machine.seek(at(i), card);
    QTRY_VERIFY(!answers.empty() && answers.back() == at(99));
    QTRY_VERIFY(!machine.isSeeking());
    QVERIFY2(answers.size() <= 3, qPrintable(QString::number(answers.size())));
    machine.seek(at(5), card);
    QTRY_VERIFY(answers.back() == at(5));
}

void TestPast::forgottenQuestionsStayUnanswered()
{
    m_tables.database.reset();
    const auto journal = *Journal::open(m_tables.file());
    std::mt19937_64 random(seed);
    appendAll(*journal, history(random, 50));
    TimeMachine machine(*journal);
    QSignalSpy arrived(&machine, &TimeMachine::arrived);
    machine.seek(at(100), card);
    machine.forget();
    QTRY_VERIFY(!machine.isSeeking());
    QTest::qWait(20); // nothing is left to wait for
    QCOMPARE(arrived.size(), 0);
    machine.seek(at(200), card);
    QVERIFY(arrived.wait());
    QVERIFY(qvariant_cast<std::shared_ptr<Past>>(arrived.front().front())->moment == at(200));
}

void TestPast::aJournalThatIsGoneIsTold()
{
    m_tables.database.reset();
    const auto journal = *Journal::open(m_tables.file());
    QVERIFY(std::filesystem::remove(m_tables.file()));
    TimeMachine machine(*journal);
    QSignalSpy failed(&machine, &TimeMachine::failed);
    machine.seek(at(100), card);
    QVERIFY(failed.wait());
    QTRY_VERIFY(!machine.isSeeking());
}

QTEST_GUILESS_MAIN(TestPast)
#include "tst_past.moc"
