#include "services/lifecycle/snapshot.h"

#include "services/lifecycle/rollupreader.h"
#include "tests/services/lifecycle/journalhelp.h"
#include "tests/services/lifecycle/journaltables.h"
#include "tests/services/lifecycle/lives.h"

#include <QTest>

#include <algorithm>
#include <random>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;

namespace {

constexpr unsigned seed = 20260821;

/// Lives of many sandboxes over some days, on three templates, with metadata.
std::vector<Event> history(std::mt19937_64 &random, int count)
{
    std::vector<Event> events;
    for (int i = 0; i < count; ++i) {
        Life life(random, "sbx" + std::to_string(i));
        life.live();
        const auto shift = std::chrono::milliseconds(random() % (5 * 86'400'000ULL));
        const std::string name = "tpl" + std::to_string(random() % 3);
        for (Event &e : life.events) {
            e.timestamp += shift;
            if (e.execution && e.execution->startedAt)
                *e.execution->startedAt += shift;
            if (e.newEnd)
                *e.newEnd += shift;
            if (!e.templateId.empty()) {
                e.templateId = name;
                e.metadata = {{"user", std::to_string(random() % 4)}, {"team", "blue"}};
            }
            events.push_back(std::move(e));
        }
    }
    return events;
}

UsageIndex usageOfAll(const Fold &fold)
{
    UsageIndex usage(card);
    for (const auto &[id, sandbox] : fold.sandboxes())
        usage.update(sandbox);
    return usage;
}

Fold folded(const std::vector<Event> &events)
{
    Fold fold;
    for (const Event &e : events)
        fold.apply(e);
    return fold;
}

Timestamp anyTime(std::mt19937_64 &random)
{
    return at(-4'000.0) + std::chrono::nanoseconds(random() % (6ULL * 86'400'000'000'000ULL));
}

} // namespace

class TestSnapshot : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { qInfo("seed %u", seed); }
    void init();
    void cleanup();

    void hotSandboxesAreTakenUpAgain();
    void coldAndHotTogetherAreTheWhole();
    void metadataToTheMinute();
    void lateEventsOfColdSandboxes();
    void madeAgainFromTheEvents();
    void sumsWithoutTeamsAreMadeAgain();
    void longStretchesCostNoRows();
    void unreasonableSizesStayHot();
    void damagedRecordsAreTold();

private:
    /// Catches up in steps of `step`, keeps `keep` ended ones hot.
    void keepTables(std::size_t step, std::size_t keep);
    /// Hot and cold figures together equal those of all events at once.
    void compare(const std::vector<Event> &events, std::mt19937_64 &random, int rounds);
    [[nodiscard]] std::vector<std::string> dump(const char *sql);

    JournalTables m_tables;
};

void TestSnapshot::init()
{
    QVERIFY(m_tables.open());
}

void TestSnapshot::cleanup()
{
    m_tables.close();
}

void TestSnapshot::keepTables(std::size_t step, std::size_t keep)
{
    Snapshot snapshot(*m_tables.database);
    QVERIFY(snapshot.isValid());
    QVERIFY(untilDone([&] { return snapshot.catchUp(step); }));
    QVERIFY(untilDone([&] { return snapshot.thaw(7); }));
    QVERIFY(untilDone([&] { return snapshot.chill(keep, 40); }));
    QCOMPARE(*snapshot.foldedSeq(), m_tables.seq);
}

void TestSnapshot::compare(const std::vector<Event> &events, std::mt19937_64 &random, int rounds)
{
    const UsageIndex whole = usageOfAll(folded(events));
    auto reading = Database::open(m_tables.file(), Database::Mode::ReadOnly);
    auto hot = loadHot(*reading);
    QVERIFY(hot.has_value());
    const UsageIndex hotUsage = usageOfAll(hot->fold);
    auto cold = RollupReader::open(m_tables.file());
    QVERIFY(cold.has_value());
    const Timestamp now = at(7.0 * 86'400);
    QVERIFY(cold->costBetween(Timestamp::min(), Timestamp::max(), card)
                + hotUsage.costBetween(Timestamp::min(), Timestamp::max(), now)
            == whole.costBetween(Timestamp::min(), Timestamp::max(), now));
    for (int i = 0; i < rounds; ++i) {
        Timestamp from = anyTime(random), to = anyTime(random);
        if (from > to)
            std::swap(from, to);
        QVERIFY(cold->costBetween(from, to, card) + hotUsage.costBetween(from, to, now)
                == whole.costBetween(from, to, now));
        const int buckets = 1 + static_cast<int>(random() % 60);
        std::map<std::string, std::vector<Money>> sums;
        const auto add = [&](const std::vector<UsageIndex::Series> &list) {
            for (const auto &series : list) {
                auto &sum = sums[series.templateName];
                sum.resize(static_cast<std::size_t>(buckets));
                for (std::size_t b = 0; b < sum.size(); ++b)
                    sum[b] += series.buckets[b];
            }
        };
        add(cold->costSeries(from, to, buckets, card));
        add(hotUsage.costSeries(from, to, buckets, now));
        for (const auto &series : whole.costSeries(from, to, buckets, now)) {
            auto &sum = sums[series.templateName];
            sum.resize(static_cast<std::size_t>(buckets));
            QVERIFY(sum == series.buckets);
        }
        const auto stretches = cold->stretchesBetween(from, from + std::chrono::nanoseconds(1), 1'000'000);
        QVERIFY(stretches.has_value());
        QCOMPARE(cold->activeAt(from), static_cast<std::int64_t>(stretches->size()));
    }
    QVERIFY(!cold->failed());
}

std::vector<std::string> TestSnapshot::dump(const char *sql)
{
    std::vector<std::string> rows;
    Statement select(*m_tables.database, sql);
    while (select.step() == 100) // SQLITE_ROW
        rows.emplace_back(select.bytes(0));
    return rows;
}

void TestSnapshot::hotSandboxesAreTakenUpAgain()
{
    std::mt19937_64 random(seed);
    const auto events = history(random, 40);
    QVERIFY(m_tables.store(events));
    keepTables(13, 1'000'000);
    auto reading = Database::open(m_tables.file(), Database::Mode::ReadOnly);
    const auto hot = loadHot(*reading);
    QVERIFY(hot.has_value());
    QCOMPARE(hot->seq, m_tables.seq);
    QVERIFY(hot->fold.sandboxes() == folded(events).sandboxes());
}

void TestSnapshot::coldAndHotTogetherAreTheWhole()
{
    std::mt19937_64 random(seed + 1);
    auto events = history(random, 300);
    QVERIFY(m_tables.store(events));
    keepTables(97, 20);
    QVERIFY(*m_tables.database->queryInteger("SELECT count(*) FROM sandboxes WHERE tier = 2") > 100);
    compare(events, random, 60);
}

void TestSnapshot::metadataToTheMinute()
{
    std::mt19937_64 random(seed + 2);
    const auto events = history(random, 120);
    QVERIFY(m_tables.store(events));
    keepTables(500, 0);
    auto byUser = RollupReader::open(m_tables.file(), RollupKind::Metadata);
    auto byTemplate = RollupReader::open(m_tables.file());
    QVERIFY(byUser.has_value() && byTemplate.has_value());
    for (int i = 0; i < 40; ++i) {
        const Timestamp from = std::chrono::floor<std::chrono::minutes>(anyTime(random));
        const Timestamp to = from + std::chrono::minutes(random() % 5'000);
        const auto costs = byUser->costByName(from, to, card);
        Money users;
        for (const auto &[name, money] : costs) {
            if (name.starts_with("user="))
                users += money;
        }
        const Money all = byTemplate->costBetween(from, to, card);
        QVERIFY(users == all);
        QVERIFY((costs.contains("team=blue") ? costs.at("team=blue") : Money()) == all);
    }
}

void TestSnapshot::lateEventsOfColdSandboxes()
{
    std::mt19937_64 random(seed + 3);
    auto events = history(random, 200);
    damage(events, random);
    std::ranges::shuffle(events, random);
    const auto half = events.begin() + static_cast<std::ptrdiff_t>(events.size() / 2);
    QVERIFY(m_tables.store({events.begin(), half}));
    keepTables(50, 5);
    QVERIFY(m_tables.store({half, events.end()}));
    {
        Snapshot snapshot(*m_tables.database);
        while (*snapshot.catchUp(31)) {
        }
    }
    QVERIFY(*m_tables.database->queryInteger("SELECT count(*) FROM sandboxes WHERE tier = 3") > 10);
    {
        // As a running program sees it: the rollups still hold what was counted, and the record what is true.
        ColdFinder finder(*m_tables.database);
        const Fold all = folded(events);
        Money counted, present, hotMoney;
        auto hot = loadHot(*m_tables.database);
        for (const auto &[id, sandbox] : all.sandboxes()) {
            const auto cold = finder.find(id);
            QCOMPARE(cold.has_value(), hot->fold.find(id) == nullptr);
            Fold one, before;
            if (cold) {
                QVERIFY(one.adopt(cold->record) && before.adopt(cold->counted));
                QVERIFY(*one.find(id) == sandbox);
                counted += usageOfAll(before).costBetween(Timestamp::min(), Timestamp::max(), at(0));
            }
        }
        auto reader = RollupReader::open(m_tables.file());
        QVERIFY(reader->costBetween(Timestamp::min(), Timestamp::max(), card) == counted);
    }
    keepTables(50, 5);
    QCOMPARE(*m_tables.database->queryInteger("SELECT count(*) FROM sandboxes WHERE tier = 3"), 0);
    compare(events, random, 40);
}

void TestSnapshot::madeAgainFromTheEvents()
{
    std::mt19937_64 random(seed + 4);
    auto events = history(random, 150);
    damage(events, random);
    std::ranges::shuffle(events, random);
    constexpr const char *rollups = "SELECT group_concat(level || ' ' || kind || ' ' || cell || ' ' || name || ' ' || "
                                    "vcpu_ms || ' ' || mib_ms || ' ' || vcpu_in || ' ' || mib_in || ' ' || vcpu_out || "
                                    "' ' || mib_out || ' ' || starts || ' ' || ends, x'0a') FROM rollups "
                                    "WHERE NOT (vcpu_ms = 0 AND mib_ms = 0 AND vcpu_in = 0 AND vcpu_out = 0 AND "
                                    "starts = 0 AND ends = 0)";
    constexpr const char *records = "SELECT hex(record) FROM sandboxes ORDER BY id";
    for (std::size_t i = 0; i < events.size(); i += 60) {
        QVERIFY(m_tables.store({events.begin() + static_cast<std::ptrdiff_t>(i),
                                events.begin() + static_cast<std::ptrdiff_t>(std::min(i + 60, events.size()))}));
        keepTables(17, 0);
    }
    const auto rollupsBefore = dump(rollups), recordsBefore = dump(records);
    QVERIFY(rollupsBefore.front().size() > 10'000);
    QVERIFY(dropDerived(*m_tables.database));
    QVERIFY(dump(records).empty());
    keepTables(1'000, 0);
    QVERIFY(dump(rollups) == rollupsBefore);
    QVERIFY(dump(records) == recordsBefore);
    compare(events, random, 20);
}

void TestSnapshot::sumsWithoutTeamsAreMadeAgain()
{
    std::mt19937_64 random(seed + 5);
    const auto events = history(random, 120);
    QVERIFY(m_tables.store(events));
    keepTables(1'000, 0);
    // Whatever schema 4 kept, it did not tell teams apart.
    QVERIFY(m_tables.database->execute("UPDATE rollups SET vcpu_ms = vcpu_ms + 1; PRAGMA user_version = 4"));
    m_tables.database.reset();
    auto opened = openJournalFile(m_tables.file(), std::chrono::seconds(5));
    QVERIFY(opened.has_value());
    m_tables.database = std::move(*opened);
    QCOMPARE(*m_tables.database->queryInteger("SELECT count(*) FROM rollups"), std::int64_t{0});
    keepTables(1'000, 0);
    compare(events, random, 20);

    // Where events have been trimmed nothing could make them again.
    QVERIFY(m_tables.database->execute("INSERT OR REPLACE INTO state VALUES('trimmed', 1); PRAGMA user_version = 4"));
    m_tables.database.reset();
    opened = openJournalFile(m_tables.file(), std::chrono::seconds(5));
    QVERIFY(opened.has_value());
    m_tables.database = std::move(*opened);
    compare(events, random, 5);
}

void TestSnapshot::longStretchesCostNoRows()
{
    std::vector<Event> events = {created(0), ended(EventType::Killed, 400.0 * 86'400, "e1", 0)};
    QVERIFY(m_tables.store(events));
    keepTables(10, 0);
    QCOMPARE(*m_tables.database->queryInteger("SELECT count(*) FROM rollups"), 6);
    std::mt19937_64 random(seed);
    compare(events, random, 50);
    auto cold = RollupReader::open(m_tables.file());
    QCOMPARE(cold->activeAt(at(200.5 * 86'400)), 1);
    QCOMPARE(cold->startsBetween(at(0), at(1)), 1);
    QCOMPARE(cold->startsBetween(at(1), at(500.0 * 86'400)), 0);
}

void TestSnapshot::unreasonableSizesStayHot()
{
    Event end = ended(EventType::Killed, 60, "e1", 0);
    end.execution->memoryMb = 1 << 25;
    QVERIFY(m_tables.store({created(0), end, created(0, "e", "other"), ended(EventType::Killed, 60, "e", 0, "other")}));
    keepTables(10, 0);
    QCOMPARE(*m_tables.database->queryInteger("SELECT count(*) FROM sandboxes WHERE tier = 2"), 1);
    QCOMPARE(*m_tables.database->queryInteger("SELECT count(*) FROM sandboxes WHERE tier = 0 AND id = 'sbx'"), 1);
}

void TestSnapshot::damagedRecordsAreTold()
{
    QVERIFY(m_tables.store({created(0)}));
    keepTables(10, 0);
    QVERIFY(m_tables.database->execute("UPDATE sandboxes SET record = x'0102'"));
    QVERIFY(m_tables.store({ended(EventType::Killed, 60, "e1", 0)}));
    {
        Snapshot snapshot(*m_tables.database);
        const auto done = snapshot.catchUp(10);
        QVERIFY(!done.has_value());
        QVERIFY(isTableDamage(done.error()));
        QVERIFY(!m_tables.database->isInTransaction());
    }
    QVERIFY(dropDerived(*m_tables.database));
    keepTables(10, 0);
    QCOMPARE(*m_tables.database->queryInteger("SELECT count(*) FROM sandboxes"), 1);
}

QTEST_GUILESS_MAIN(TestSnapshot)
#include "tst_snapshot.moc"
