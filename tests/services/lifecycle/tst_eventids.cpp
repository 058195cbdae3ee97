#include "services/lifecycle/eventids.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/journalfile.h"
#include "services/lifecycle/journalhash.h"
#include "services/lifecycle/journallookup.h"
#include "tests/services/lifecycle/events.h"

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

using namespace sandglass;
using namespace sandglass::lifecycle;

namespace {

Event numbered(int i)
{
    Event event = sample::created(i, "e1", "sbx" + std::to_string(i));
    event.id = "event-" + std::to_string(i);
    event.raw = encodeEvent(event);
    return event;
}

} // namespace

/// A journal's writer reduced to what concerns ids: each transaction stores some events, and may fail.
class Writer final
{
public:
    Writer(const std::filesystem::path &file, std::size_t generation, std::size_t filter = 1'000)
        : m_database(std::move(*openJournalFile(file, std::chrono::seconds(5))))
        , m_ids(m_database, generation, filter)
        , m_insert(m_database, insertEventSql)
    {}

    /// The numbers of those that were new. With `fails` nothing of it stays.
    std::vector<int> store(const std::vector<int> &numbers, bool fails = false)
    {
        std::vector<int> fresh;
        require(m_database.execute("BEGIN IMMEDIATE").has_value());
        std::int64_t seq = *m_database.queryInteger("SELECT coalesce(max(seq), 0) FROM events");
        require(m_ids.follow(seq) == 0);
        for (const int number : numbers) {
            const Event event = numbered(number);
            const std::int64_t hash = hashOf(event.id);
            bool isKnown = false;
            require(m_ids.find(hash, event.id, isKnown) == 0);
            if (isKnown)
                continue;
            bindEvent(m_insert, ++seq, event);
            require(m_insert.run() == 0);
            m_ids.add(hash, seq);
            fresh.push_back(number);
        }
        require(m_ids.merge(2 * fresh.size()) == 0);
        require(m_database.execute(fails ? "ROLLBACK" : "COMMIT").has_value());
        if (fails)
            m_ids.rolledBack();
        else
            m_ids.committed();
        return fresh;
    }
    int mergeAll() { return m_ids.mergeAll(); }
    void learn(int rows)
    {
        if (m_ids.hasToLearn())
            m_ids.learn(static_cast<std::size_t>(rows));
    }
    [[nodiscard]] bool hasToLearn() const { return m_ids.hasToLearn(); }
    std::int64_t inTable() { return *m_database.queryInteger("SELECT count(*) FROM event_ids"); }
    std::int64_t position() { return *m_database.queryInteger("SELECT value FROM state WHERE key = 'ids'"); }
    bool run(const char *sql) { return m_database.execute(sql).has_value(); }
    [[nodiscard]] bool isSound() const { return m_isSound; }

private:
    void require(bool isTrue) { m_isSound = m_isSound && isTrue; }

    Database m_database;
    EventIds m_ids;
    Statement m_insert;
    bool m_isSound = true;
};

class TestEventIds final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }
    void everyIdOnceInAnyHistory_data();
    void everyIdOnceInAnyHistory();
    void filterForgetsNothing();
    void tableKeepsUp();
    void twoWritersSeeEachOther();
    void trimmedOnesAreNew();
    void lookupFindsBothKinds();
    void schema2IsBroughtUp();
    void missingIdsAreDamage();

private:
    [[nodiscard]] std::filesystem::path file() const
    {
        return std::filesystem::path(m_folder->path().toStdString()) / "journal.db";
    }
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestEventIds::everyIdOnceInAnyHistory_data()
{
    QTest::addColumn<int>("seed");
    for (int seed = 0; seed < 12; ++seed)
        QTest::addRow("%d", seed) << seed;
}

/// Transactions of any size with duplicates, some that fail, and breaks with and without a proper end; the filter
/// grows, learns in pieces and is complete at times.
void TestEventIds::everyIdOnceInAnyHistory()
{
    QFETCH(int, seed);
    std::mt19937 random(static_cast<unsigned>(seed));
    const auto below = [&random](int end) { return std::uniform_int_distribution(0, end - 1)(random); };
    std::set<int> stored;
    int learnt = 0;
    auto writer = std::make_unique<Writer>(file(), 16, 40);
    for (int turn = 0; turn < 120; ++turn) {
        std::vector<int> numbers(static_cast<std::size_t>(1 + below(30)));
        std::ranges::generate(numbers, [&] { return below(1'500); });
        std::set<int> expected(numbers.begin(), numbers.end());
        std::erase_if(expected, [&](int number) { return stored.contains(number); });
        const bool fails = below(5) == 0;
        const auto fresh = writer->store(numbers, fails);
        QCOMPARE(std::set<int>(fresh.begin(), fresh.end()), expected);
        QCOMPARE(fresh.size(), expected.size());
        if (!fails)
            stored.merge(expected);
        QVERIFY(writer->isSound());
        if (below(3) == 0)
            writer->learn(1 + below(300));
        learnt += writer->hasToLearn() ? 0 : 1;
        if (below(10) == 0) {
            if (below(2) == 0)
                QCOMPARE(writer->mergeAll(), 0);
            writer = std::make_unique<Writer>(file(), 16, 40); // the first one is still open: a kill -9 closes nothing
        }
    }
    QCOMPARE(writer->store({stored.begin(), stored.end()}).size(), std::size_t(0));
    QVERIFY(stored.size() > 500);
    QVERIFY(learnt > 0 && learnt < 120);
}

void TestEventIds::filterForgetsNothing()
{
    std::mt19937_64 random(7);
    IdFilter filter(10'000);
    std::vector<std::int64_t> hashes(10'000);
    for (std::int64_t &hash : hashes) {
        hash = static_cast<std::int64_t>(random());
        filter.add(hash);
    }
    QVERIFY(filter.isFull());
    QVERIFY(std::ranges::all_of(hashes, [&](std::int64_t hash) { return filter.mayHold(hash); }));
    int taken = 0;
    for (int i = 0; i < 10'000; ++i)
        taken += filter.mayHold(static_cast<std::int64_t>(random())) ? 1 : 0;
    QVERIFY2(taken < 300, qPrintable(QString::number(taken)));
}

void TestEventIds::tableKeepsUp()
{
    Writer writer(file(), 100);
    for (int i = 0; i < 2'000; i += 10) {
        std::vector<int> numbers;
        for (int k = 0; k < 10; ++k)
            numbers.push_back(i + k);
        QCOMPARE(writer.store(numbers).size(), std::size_t(10));
        QVERIFY(i - writer.position() <= 200); // what a start has to read again
    }
    QVERIFY(writer.inTable() >= 1'800);
    QCOMPARE(writer.mergeAll(), 0);
    QCOMPARE(writer.inTable(), 2'000);
    QCOMPARE(writer.position(), 2'000);
    QCOMPARE(Writer(file(), 100).store({0, 999, 1'999, 2'000}), std::vector{2'000});
    QVERIFY(writer.isSound());
}

void TestEventIds::twoWritersSeeEachOther()
{
    Writer one(file(), 20);
    Writer other(file(), 20);
    for (int i = 0; i < 300; i += 3) {
        QCOMPARE(one.store({i, i + 1}), (std::vector{i, i + 1}));
        QCOMPARE(other.store({i + 1, i + 2, i}), std::vector{i + 2});
        QCOMPARE(one.store({i + 2, i}, true), std::vector<int>{});
        one.learn(50);
        other.learn(20);
    }
    QVERIFY(one.isSound() && other.isSound());
}

void TestEventIds::trimmedOnesAreNew()
{
    Writer writer(file(), 10);
    for (int i = 0; i < 30; ++i)
        writer.store({i});
    QVERIFY(writer.run("DELETE FROM events WHERE seq = 1 OR seq = 29")); // one in the table, one in memory
    QCOMPARE(writer.store({0, 1, 28, 29}), (std::vector{0, 28}));
    QCOMPARE(writer.store({0, 28}), std::vector<int>{});
}

void TestEventIds::lookupFindsBothKinds()
{
    const auto journal = Journal::open(file());
    QVERIFY(journal.has_value());
    Writer writer(file(), 10);
    for (int i = 0; i < 35; ++i)
        writer.store({i});
    QVERIFY(writer.position() > 5 && writer.position() < 35);
    for (int i = 0; i < 35; ++i) {
        const auto seq = seqOf(**journal, numbered(i).id);
        QVERIFY(seq.has_value());
        QCOMPARE(*seq, std::optional<std::int64_t>(i + 1));
    }
    QCOMPARE(*seqOf(**journal, "of nobody"), std::optional<std::int64_t>());
}

void TestEventIds::schema2IsBroughtUp()
{
    {
        Writer writer(file(), 10);
        for (int i = 0; i < 50; ++i)
            writer.store({i});
        QVERIFY(writer.run("DROP TABLE event_ids; DELETE FROM state WHERE key = 'ids'; "
                           "ALTER TABLE events DROP COLUMN session; "
                           "CREATE INDEX events_id ON events(id_hash); "
                           "UPDATE state SET value = 2 WHERE key = 'schema'; PRAGMA user_version = 2"));
    }
    Writer writer(file(), 10);
    QCOMPARE(writer.inTable(), 50);
    QCOMPARE(writer.position(), 50);
    QCOMPARE(writer.store({7, 50}), std::vector{50});
    QVERIFY(!Journal::open(file()).value()->salvaged());
}

void TestEventIds::missingIdsAreDamage()
{
    {
        Writer writer(file(), 10);
        for (int i = 0; i < 50; ++i)
            writer.store({i});
        QCOMPARE(writer.mergeAll(), 0);
        QVERIFY(writer.run("DELETE FROM event_ids WHERE seq = 17"));
    }
    const auto journal = Journal::open(file());
    QVERIFY(journal.has_value());
    QVERIFY((*journal)->salvaged());
    QCOMPARE((*journal)->salvaged()->rowsLost, 0);
    QCOMPARE((*journal)->count(), 50);
    QCOMPARE(Writer(file(), 10).store({16, 50}), std::vector{50});
}

QTEST_GUILESS_MAIN(TestEventIds)
#include "tst_eventids.moc"
