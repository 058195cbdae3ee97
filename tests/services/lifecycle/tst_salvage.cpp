#include "services/lifecycle/salvage.h"

#include "services/lifecycle/journal.h"
#include "tests/services/lifecycle/events.h"
#include "tests/services/lifecycle/journalhelp.h"

#include <QTemporaryDir>
#include <QTest>

#include <map>
#include <random>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;

namespace {

namespace fs = std::filesystem;

constexpr int total = 90;
constexpr unsigned seed = 20260820;

Event numbered(int number)
{
    Event e = created(number, "e" + std::to_string(number), "sbx" + std::to_string(number));
    e.id = "evt-" + std::to_string(number);
    e.raw = encodeEvent(e);
    if (number % 20 == 7)
        e.raw += std::string(13'000, ' '); // a body over several pages
    return e;
}

} // namespace

class TestSalvage : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup() { m_dir.reset(); }

    void aSoundFileIsLeftAlone();
    void cutAnywhere();
    void flippedBitAnywhere();
    void headerBits();
    void wholePagesOverwritten();
    void rowsInTheLogAreKept();
    void schema1IsSalvagedToo();
    void endsAnInterruptedSalvage();
    void otherFilesAreNotTouched();
    void largeFilesAreCheckedAfterDamageWasMet();

private:
    [[nodiscard]] fs::path file() const { return fs::path(m_dir->path().toStdString()) / "journal.db"; }
    /// Opens the damaged file, compares what is left with what there was, goes on with it.
    void check(const std::string &where, std::size_t fewest, Journal::Options options = {});

    std::unique_ptr<QTemporaryDir> m_dir;
    std::string m_sound; ///< bytes of a journal with `total` events
    std::map<std::string, Event> m_events;
};

void TestSalvage::initTestCase()
{
    qInfo("seed %u", seed);
    init();
    std::vector<Event> events;
    for (int i = 0; i < total; ++i) {
        events.push_back(numbered(i));
        m_events.emplace(events.back().id, events.back());
    }
    {
        const auto journal = Journal::open(file());
        QVERIFY(journal.has_value());
        appendAll(**journal, events);
    }
    QVERIFY(!fs::exists(file().string() + "-wal"));
    m_sound = contentOf(file());
    QVERIFY(m_sound.size() > 80'000);
}

void TestSalvage::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(m_dir->isValid());
}

void TestSalvage::check(const std::string &where, std::size_t fewest, Journal::Options options)
{
    std::size_t kept = 0;
    {
        const auto journal = Journal::open(file(), options);
        QVERIFY2(journal.has_value(), (where + ": " + (journal ? std::string() : journal.error().message)).c_str());
        const auto rows = readAll(**journal);
        kept = rows.size();
        for (const StoredEvent &stored : rows) {
            const auto original = m_events.find(stored.event.id);
            QVERIFY2(original != m_events.end() && original->second == stored.event, where.c_str());
        }
        QVERIFY2(kept >= fewest, (where + ": " + std::to_string(kept)).c_str());
        const auto &report = (*journal)->salvaged();
        QVERIFY2(report.has_value() || kept == total, where.c_str()); // nothing is lost without a word
        if (report) {
            QCOMPARE(report->rowsKept, static_cast<std::int64_t>(kept));
            QVERIFY2(report->rowsLost + report->rowsKept <= total, where.c_str());
            QVERIFY(fs::exists(report->damagedFile));
            QVERIFY(!report->cause.empty());
        }
        Event fresh = numbered(total);
        const auto outcome = appendAll(**journal, {fresh}).front();
        const auto error = (*journal)->lastFailure();
        QVERIFY2(outcome == Journal::Outcome::Stored, (where + ": " + (error ? error->message : "")).c_str());
    }
    const auto again = Journal::open(file(), options);
    QVERIFY2(again.has_value() && !(*again)->salvaged(), where.c_str());
    QCOMPARE((*again)->count(), static_cast<std::int64_t>(kept + 1));
}

void TestSalvage::aSoundFileIsLeftAlone()
{
    writeContent(file(), m_sound);
    {
        const auto journal = Journal::open(file());
        QVERIFY(journal.has_value());
        QVERIFY(!(*journal)->salvaged());
        QCOMPARE(readAll(**journal).size(), std::size_t(total));
        QCOMPARE((*journal)->damagedRows(), 0);
    }
    QCOMPARE(std::distance(fs::directory_iterator(file().parent_path()), {}), 1);
}

void TestSalvage::cutAnywhere()
{
    std::mt19937 random(seed);
    std::vector<std::size_t> positions = {1, 15, 16, 17, 99, 100, 101, 511, 4'095, 4'096, 4'097};
    for (std::size_t page = 2; page * 4'096 < m_sound.size(); ++page)
        positions.push_back(page * 4'096);
    for (int i = 0; i < 40; ++i)
        positions.push_back(1 + random() % (m_sound.size() - 1));
    for (const std::size_t position : positions) {
        init();
        writeContent(file(), m_sound.substr(0, position));
        check("cut at " + std::to_string(position), 0);
        if (QTest::currentTestFailed())
            return;
    }
    init();
    writeContent(file(), m_sound.substr(0, m_sound.size() - 1)); // one byte of one page: the others are all there
    check("last byte", total * 8 / 10);
}

void TestSalvage::flippedBitAnywhere()
{
    std::mt19937 random(seed + 1);
    for (int i = 0; i < 100; ++i) {
        init();
        std::string content = m_sound;
        const std::size_t position = 100 + random() % (content.size() - 100);
        content[position] = static_cast<char>(static_cast<unsigned char>(content[position]) ^ (1U << (random() % 8)));
        writeContent(file(), content);
        check("bit flipped at " + std::to_string(position), total / 2);
        if (QTest::currentTestFailed())
            return;
    }
}

void TestSalvage::headerBits()
{
    for (std::size_t position = 0; position < 100; ++position) {
        init();
        std::string content = m_sound;
        const unsigned bit = 1U << (position * 5 % 8);
        content[position] = static_cast<char>(static_cast<unsigned char>(content[position]) ^ bit);
        writeContent(file(), content);
        check("header bit flipped at " + std::to_string(position), total);
        if (QTest::currentTestFailed())
            return;
    }
}

void TestSalvage::wholePagesOverwritten()
{
    for (std::size_t page = 0; page * 4'096 < m_sound.size(); ++page) {
        init();
        std::string content = m_sound;
        content.replace(page * 4'096, 4'096, std::string(4'096, '\x5a'));
        writeContent(file(), content);
        check("page " + std::to_string(page), total / 2);
        if (QTest::currentTestFailed())
            return;
    }
}

void TestSalvage::rowsInTheLogAreKept()
{
    // As a kill -9 leaves it: the newest rows are in the write-ahead log alone.
    std::string pages, log;
    {
        const auto journal = Journal::open(file());
        for (int i = 0; i < total; ++i)
            appendAll(**journal, {numbered(i)});
        pages = contentOf(file());
        log = contentOf(file().string() + "-wal");
    }
    QVERIFY(log.size() > 100'000);
    init();
    writeContent(file(), "x" + pages.substr(1)); // not a database any more
    writeContent(file().string() + "-wal", log);
    check("log", total);
}

void TestSalvage::schema1IsSalvagedToo()
{
    {
        auto database = Database::open(file(), Database::Mode::ReadWrite);
        QVERIFY(!database.has_value());
        writeContent(file(), "");
        database = Database::open(file(), Database::Mode::ReadWrite);
        QVERIFY(database->execute("CREATE TABLE events(seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, "
                                  "type TEXT NOT NULL, source INTEGER NOT NULL, time_ns INTEGER NOT NULL, "
                                  "received_ns INTEGER NOT NULL, sandbox_id TEXT NOT NULL, raw BLOB NOT NULL);"
                                  "PRAGMA application_id = 1397181523; PRAGMA user_version = 1; BEGIN"));
        Statement insert(*database, "INSERT INTO events VALUES(?1,?2,?3,?4,?5,?6,?7,?8)");
        for (int i = 0; i < total; ++i) {
            const Event e = numbered(i);
            insert.bind(1, i + 1).bindText(2, e.id).bindText(3, e.typeName).bind(4, std::int64_t{0});
            insert.bind(5, toUnixNs(e.timestamp)).bind(6, toUnixNs(e.receivedAt));
            QCOMPARE(insert.bindText(7, e.sandboxId).bindBlob(8, e.raw).run(), 0);
        }
        QVERIFY(database->execute("COMMIT"));
    }
    std::string content = contentOf(file());
    init();
    writeContent(file(), content); // sound: brought to the present schema
    {
        const auto journal = Journal::open(file());
        QVERIFY(journal.has_value());
        QVERIFY(!(*journal)->salvaged());
        const auto rows = readAll(**journal);
        QCOMPARE(rows.size(), std::size_t(total));
        for (const StoredEvent &stored : rows)
            QVERIFY(m_events.at(stored.event.id) == stored.event);
        QCOMPARE(appendAll(**journal, {numbered(3)}).front(), Journal::Outcome::Duplicate);
    }
    init();
    content[20 * 4'096 + 3'000] = static_cast<char>(content[20 * 4'096 + 3'000] ^ 1);
    content[0] = 'x';
    writeContent(file(), content);
    check("schema 1", total / 2);
}

void TestSalvage::endsAnInterruptedSalvage()
{
    writeContent(file(), m_sound.substr(0, 9'000));
    writeContent(file().string() + "-wal", "left over");
    writeContent(file().string() + ".salvaged", m_sound);
    const auto journal = Journal::open(file());
    QVERIFY(journal.has_value());
    QCOMPARE(readAll(**journal).size(), std::size_t(total));
}

void TestSalvage::otherFilesAreNotTouched()
{
    const std::string letter(20'000, 'q');
    writeContent(file(), letter);
    const auto journal = Journal::open(file());
    QVERIFY(!journal.has_value());
    QVERIFY(journal.error().message.find("not a journal") != std::string::npos);
    QVERIFY(contentOf(file()) == letter);
    QCOMPARE(std::distance(fs::directory_iterator(file().parent_path()), {}), 1);
}

void TestSalvage::largeFilesAreCheckedAfterDamageWasMet()
{
    std::string content = m_sound;
    const auto place = content.find("\"evt-50\"");
    QVERIFY(place != std::string::npos);
    content[place + 2] = 'X';
    writeContent(file(), content);
    Journal::Options options;
    options.checkLimit = 0; // as if the file were large
    {
        const auto journal = Journal::open(file(), options);
        QVERIFY(journal.has_value());
        QVERIFY(!(*journal)->salvaged());
        QCOMPARE(readAll(**journal).size(), std::size_t(total - 1)); // never handed out
        QCOMPARE((*journal)->damagedRows(), 1);
    }
    const auto journal = Journal::open(file(), options);
    QVERIFY(journal.has_value());
    QVERIFY((*journal)->salvaged());
    QCOMPARE((*journal)->salvaged()->rowsLost, 1);
    QCOMPARE((*journal)->salvaged()->rowsKept, total - 1);
}

QTEST_GUILESS_MAIN(TestSalvage)
#include "tst_salvage.moc"
