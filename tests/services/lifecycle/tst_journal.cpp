#include "services/lifecycle/journal.h"

#include "services/cost/ratecard.h"
#include "services/lifecycle/journalhash.h"
#include "services/lifecycle/rollupreader.h"
#include "tests/services/lifecycle/events.h"
#include "tests/services/lifecycle/readonlyfolder.h"

#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;
using namespace Qt::Literals::StringLiterals;
using Outcome = Journal::Outcome;

namespace {

Event numbered(int number)
{
    Event e = created(number, "e" + std::to_string(number), "sbx" + std::to_string(number));
    e.id = "evt-" + std::to_string(number);
    return e;
}

/// Appends and waits for the answers.
std::vector<Outcome> appendAll(Journal &journal, const std::vector<Event> &events)
{
    std::vector<Outcome> outcomes(events.size());
    std::latch answered(static_cast<std::ptrdiff_t>(events.size()));
    for (std::size_t i = 0; i < events.size(); ++i) {
        journal.append(events[i], [&outcomes, &answered, i](Outcome outcome) {
            outcomes[i] = outcome;
            answered.count_down();
        });
    }
    answered.wait();
    return outcomes;
}

Outcome append(Journal &journal, const Event &event)
{
    return appendAll(journal, {event}).front();
}

std::vector<StoredEvent> readAll(const Journal &journal, std::int64_t afterSeq = 0)
{
    std::vector<StoredEvent> all;
    const auto done = journal.replay(
        afterSeq, [&all](std::span<const StoredEvent> events) { all.insert(all.end(), events.begin(), events.end()); });
    return done ? all : std::vector<StoredEvent>();
}

/// Another program's connection to the file.
class OtherConnection
{
public:
    explicit OtherConnection(const std::filesystem::path &file)
    {
        m_isOpen =
            sqlite3_open_v2(file.c_str(), &m_handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) == SQLITE_OK;
    }
    ~OtherConnection() { sqlite3_close_v2(m_handle); }
    OtherConnection(const OtherConnection &) = delete;
    OtherConnection &operator=(const OtherConnection &) = delete;

    bool run(const char *sql)
    {
        return m_isOpen && sqlite3_exec(m_handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
    }

private:
    sqlite3 *m_handle = nullptr;
    bool m_isOpen = false;
};

/// No file of this process may grow beyond `bytes`: what a full disk does, without needing one.
class FileSizeLimit
{
public:
    explicit FileSizeLimit(rlim_t bytes)
    {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &m_before);
        const rlimit limit{bytes, m_before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &m_before); }
    FileSizeLimit(const FileSizeLimit &) = delete;
    FileSizeLimit &operator=(const FileSizeLimit &) = delete;

private:
    rlimit m_before{};
};

} // namespace

class TestJournal : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup() { m_dir.reset(); }

    void createsAPrivateFile();
    void keepsEveryFieldAndTheRawBody();
    void duplicatesAreToldApart();
    void equalHashesAreNotEqualIds();
    void survivesReopening();
    void eventsWithoutIdAreRefused();
    void groupsWaitingAppends();
    void callsBackInOrder();
    void destructorCommitsWhatIsQueued();
    void fullQueueIsBusy();
    void lockedDatabaseIsBusy();
    void fullDiskFailsAndRecovers();
    void endOfAFullDiskIsNoticed();
    void showsWhatCannotBeWritten_data();
    void showsWhatCannotBeWritten();
    void deletedFileFails();
    void pagesBackwards();
    void replaysWhileWriting();
    void replayStopsWhenTold();
    void bodiesThatCannotBeReadStayVisible();
    void refusesOtherFiles_data();
    void refusesOtherFiles();
    void refusesAReadOnlyFolder();
    void durableForAnotherProcess();
    void oldEventsLeaveAndTheirCostStays();

private:
    [[nodiscard]] std::filesystem::path file() const
    {
        return std::filesystem::path(m_dir->path().toStdString()) / "data" / "journal.db";
    }
    std::unique_ptr<Journal> open(Journal::Options options = {})
    {
        auto journal = Journal::open(file(), options);
        return journal ? std::move(*journal) : nullptr;
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestJournal::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(m_dir->isValid());
}

void TestJournal::createsAPrivateFile()
{
    const auto journal = open();
    QVERIFY(journal);
    struct stat status
    {};
    QCOMPARE(::stat(file().c_str(), &status), 0);
    QCOMPARE(status.st_mode & 0777U, 0600U);
    QCOMPARE(journal->count(), 0);
    QCOMPARE(journal->lastSeq(), 0);
    QVERIFY(readAll(*journal).empty());
}

void TestJournal::keepsEveryFieldAndTheRawBody()
{
    Event e = ended(EventType::Killed, 60.123, "exec", 10);
    e.id = "evt-1";
    e.templateId = "tpl";
    e.buildId = "build";
    e.teamId = "team";
    e.metadata = {{"user", "4\"2"}, {"emoji", "\xF0\x9F\x90\x8C"}};
    e.raw = encodeEvent(e) + "   "; // trailing spaces: kept as received
    const auto journal = open();
    QCOMPARE(append(*journal, e), Outcome::Stored);
    const auto stored = readAll(*journal);
    QCOMPARE(stored.size(), std::size_t(1));
    QCOMPARE(stored[0].seq, 1);
    QCOMPARE(stored[0].event.raw, e.raw);
    QVERIFY(stored[0].event == e);

    Event polled = observedRunning(5, 1);
    polled.templateAlias = "python";
    polled.newEnd = at(300);
    QVERIFY(polled.raw.empty());
    QCOMPARE(append(*journal, polled), Outcome::Stored);
    Event again = readAll(*journal, 1).at(0).event;
    QVERIFY(!again.raw.empty());
    again.raw.clear();
    QVERIFY(again == polled);
}

void TestJournal::duplicatesAreToldApart()
{
    const auto journal = open();
    QCOMPARE(appendAll(*journal, {numbered(1), numbered(2), numbered(1)}),
             (std::vector{Outcome::Stored, Outcome::Stored, Outcome::Duplicate}));
    QCOMPARE(append(*journal, numbered(2)), Outcome::Duplicate);
    QCOMPARE(append(*journal, numbered(3)), Outcome::Stored);
    QCOMPARE(journal->count(), 3);
    QCOMPARE(journal->lastSeq(), 3);
    const auto all = readAll(*journal);
    QCOMPARE(all.size(), std::size_t(3));
    for (int i = 0; i < 3; ++i) {
        QCOMPARE(all[static_cast<std::size_t>(i)].seq, i + 1);
        QCOMPARE(all[static_cast<std::size_t>(i)].event.id, numbered(i + 1).id);
    }
}

void TestJournal::equalHashesAreNotEqualIds()
{
    QCOMPARE(append(*open(), numbered(1)), Outcome::Stored);
    {
        OtherConnection other(file());
        for (const char *table : {"events", "event_ids"}) {
            const auto sql = fmt::format("UPDATE {} SET id_hash = {}", table, hashOf(numbered(2).id));
            QVERIFY(other.run(sql.c_str()));
        }
    }
    const auto journal = open();
    QCOMPARE(append(*journal, numbered(2)), Outcome::Stored);
    QCOMPARE(append(*journal, numbered(2)), Outcome::Duplicate);
    QCOMPARE(readAll(*journal).size(), std::size_t(2));
}

void TestJournal::survivesReopening()
{
    QCOMPARE(append(*open(), numbered(1)), Outcome::Stored);
    const auto journal = open();
    QVERIFY(journal);
    QCOMPARE(journal->count(), 1);
    QCOMPARE(append(*journal, numbered(1)), Outcome::Duplicate);
    QCOMPARE(append(*journal, numbered(2)), Outcome::Stored);
    QCOMPARE(readAll(*journal).back().seq, 2);
}

void TestJournal::eventsWithoutIdAreRefused()
{
    const auto journal = open();
    Event nameless = numbered(1);
    nameless.id.clear();
    QCOMPARE(appendAll(*journal, {numbered(1), nameless, numbered(2)}),
             (std::vector{Outcome::Stored, Outcome::Failed, Outcome::Stored}));
    QCOMPARE(journal->count(), 2);
}

void TestJournal::groupsWaitingAppends()
{
    const auto journal = open();
    std::atomic<int> commits = 0;
    std::atomic<int> stored = 0;
    journal->setBatchEnd([&commits] { ++commits; });
    // The writer is held in the first answer until all others wait, however quick the disk is.
    std::latch allWaiting(1);
    journal->append(numbered(0), [&](Outcome outcome) {
        allWaiting.wait();
        stored += outcome == Outcome::Stored ? 1 : 0;
    });
    for (int i = 1; i <= 2'000; ++i)
        journal->append(numbered(i), [&stored](Outcome outcome) { stored += outcome == Outcome::Stored ? 1 : 0; });
    allWaiting.count_down();
    QTRY_COMPARE(stored.load(), 2'001);
    QTRY_COMPARE(commits.load(), 3); // the first, and two of batchLimit
}

void TestJournal::callsBackInOrder()
{
    const auto journal = open();
    std::mutex mutex;
    std::vector<std::string> log;
    std::latch ended(1);
    journal->setListener([&](std::vector<StoredEvent> events) {
        for (const StoredEvent &stored : events) {
            const std::lock_guard lock(mutex);
            log.push_back("heard " + stored.event.id);
        }
        ended.count_down();
    });
    journal->setBatchEnd([&] {
        const std::lock_guard lock(mutex);
        log.emplace_back("batch");
    });
    journal->append(numbered(1), [&](Outcome) {
        const std::lock_guard lock(mutex);
        log.emplace_back("done");
    });
    ended.wait();
    const std::lock_guard lock(mutex);
    QCOMPARE(log, (std::vector<std::string>{"done", "batch", "heard evt-1"}));
}

void TestJournal::destructorCommitsWhatIsQueued()
{
    std::atomic<int> stored = 0;
    {
        const auto journal = open();
        for (int i = 0; i < 5'000; ++i) {
            journal->append(numbered(i), [&stored](Outcome outcome) {
                if (outcome == Outcome::Stored)
                    ++stored;
            });
        }
    }
    QCOMPARE(stored.load(), 5'000);
    QCOMPARE(open()->count(), 5'000);
}

void TestJournal::fullQueueIsBusy()
{
    Journal::Options options;
    options.queueLimit = 3;
    const auto journal = open(options);
    std::latch entered(1);
    std::latch release(1);
    std::latch answered(3);
    journal->append(numbered(0), [&](Outcome) { // holds the writer thread
        entered.count_down();
        release.wait();
    });
    entered.wait();
    std::vector<Outcome> refused;
    for (int i = 1; i <= 3; ++i)
        journal->append(numbered(i), [&](Outcome) { answered.count_down(); });
    journal->append(numbered(4), [&](Outcome outcome) { refused.push_back(outcome); });
    QCOMPARE(refused, std::vector{Outcome::Busy}); // at once, in this thread
    release.count_down();
    answered.wait();
    QCOMPARE(append(*journal, numbered(4)), Outcome::Stored);
    QCOMPARE(journal->count(), 5);
}

void TestJournal::lockedDatabaseIsBusy()
{
    Journal::Options options;
    options.busyTimeout = std::chrono::milliseconds(50);
    const auto journal = open(options);
    OtherConnection other(file());
    QVERIFY(other.run("BEGIN IMMEDIATE"));
    QCOMPARE(append(*journal, numbered(1)), Outcome::Busy);
    QVERIFY(journal->lastFailure());
    QVERIFY(other.run("ROLLBACK"));
    QCOMPARE(append(*journal, numbered(1)), Outcome::Stored);
    QVERIFY(!journal->lastFailure());
}

void TestJournal::fullDiskFailsAndRecovers()
{
    const auto journal = open();
    QCOMPARE(append(*journal, numbered(1)), Outcome::Stored);
    int heard = 0;
    journal->setListener(
        [&heard](const std::vector<StoredEvent> &events) { heard += static_cast<int>(events.size()); });
    Event large = numbered(2);
    large.raw = encodeEvent(large) + std::string(900'000, ' ');
    {
        const FileSizeLimit full(200'000);
        QCOMPARE(append(*journal, large), Outcome::Failed);
        QVERIFY(journal->lastFailure());
        QCOMPARE(journal->lastFailure()->kind, Error::Kind::Local);
        QCOMPARE(journal->count(), 1);
    }
    QCOMPARE(append(*journal, large), Outcome::Stored);
    QCOMPARE(append(*journal, numbered(3)), Outcome::Stored);
    QVERIFY(!journal->lastFailure());
    QCOMPARE(readAll(*journal).size(), std::size_t(3));
    QCOMPARE(journal->lastSeq(), 3);
    QTRY_COMPARE(heard, 2);
}

void TestJournal::endOfAFullDiskIsNoticed()
{
    const auto journal = open();
    QCOMPARE(append(*journal, numbered(1)), Outcome::Stored);
    {
        const FileSizeLimit full(1);
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"^events are refused: "_s));
        QCOMPARE(append(*journal, numbered(2)), Outcome::Failed);
        QTest::qWait(1'500); // it tries again, in vain
        QVERIFY(journal->lastFailure());
    }
    QTest::ignoreMessage(QtWarningMsg, "events are stored again");
    QTRY_VERIFY(!journal->lastFailure()); // without another event: a balancer sends none to who says 503
    QCOMPARE(readAll(*journal).size(), std::size_t(1));
    QCOMPARE(append(*journal, numbered(2)), Outcome::Stored);
}

void TestJournal::showsWhatCannotBeWritten_data()
{
    QTest::addColumn<bool>("isCrash");
    QTest::newRow("closed") << false;
    QTest::newRow("killed, its log still there") << true;
}

void TestJournal::showsWhatCannotBeWritten()
{
    QFETCH(bool, isCrash);
    const std::filesystem::path folder = file().parent_path() / "view";
    std::filesystem::create_directories(folder);
    {
        const auto journal = open();
        QCOMPARE(append(*journal, numbered(1)), Outcome::Stored);
        QCOMPARE(append(*journal, numbered(2)), Outcome::Stored);
        if (isCrash) {
            for (const char *part : {"", "-wal", "-shm"})
                std::filesystem::copy_file(file().string() + part, folder / ("journal.db" + std::string(part)));
        }
    }
    if (!isCrash)
        std::filesystem::copy_file(file(), folder / "journal.db");
    test::ReadOnlyFolder locked(folder);
    if (!locked.isEffective())
        QSKIP("this machine lets root write everywhere and refuses mounts: nothing can be made read-only");

    auto opened = Journal::open(folder / "journal.db");
    QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
    const auto journal = std::move(*opened);
    QVERIFY(journal->lastFailure());
    QCOMPARE(journal->lastFailure()->code, std::string("view_only"));
    QVERIFY(journal->lastFailure()->message.find(folder.string()) != std::string::npos);
    QCOMPARE(journal->count(), 2);
    QCOMPARE(readAll(*journal).size(), std::size_t(2));
    QVERIFY(journal->holdTables([] { return false; })); // a tracker does not wait for what cannot be written
    QCOMPARE(append(*journal, numbered(3)), Outcome::Failed);
    QCOMPARE(journal->lastFailure()->code, std::string("view_only"));
    QCOMPARE(readAll(*journal).size(), std::size_t(2));

    locked.release();
    if (isCrash) { // SQLite keeps the index of the log as it was first opened
        QTRY_VERIFY(journal->lastFailure()->message.find("start the program again") != std::string::npos);
        QCOMPARE(append(*journal, numbered(3)), Outcome::Failed);
        return;
    }
    QTRY_VERIFY(!journal->lastFailure()); // by itself
    QCOMPARE(append(*journal, numbered(2)), Outcome::Duplicate);
    QCOMPARE(append(*journal, numbered(3)), Outcome::Stored);
    QCOMPARE(journal->lastSeq(), 3);
    QCOMPARE(readAll(*journal).size(), std::size_t(3));
}

void TestJournal::deletedFileFails()
{
    const auto journal = open();
    QCOMPARE(append(*journal, numbered(1)), Outcome::Stored);
    QVERIFY(std::filesystem::remove(file()));
    QCOMPARE(append(*journal, numbered(2)), Outcome::Failed);
    QVERIFY(journal->lastFailure()->message.find("deleted") != std::string::npos);
}

void TestJournal::pagesBackwards()
{
    const auto journal = open();
    for (int i = 1; i <= 10; ++i)
        append(*journal, numbered(i));
    const auto page = journal->newest(4);
    QVERIFY(page.has_value());
    QCOMPARE(page->size(), std::size_t(4));
    QCOMPARE(page->front().seq, 10);
    QCOMPARE(page->back().seq, 7);
    const auto next = journal->newest(100, page->back().seq);
    QCOMPARE(next->size(), std::size_t(6));
    QCOMPARE(next->front().seq, 6);
    QCOMPARE(next->back().event.id, numbered(1).id);
    QVERIFY(journal->newest(0)->empty());
}

void TestJournal::replaysWhileWriting()
{
    const auto journal = open();
    std::vector<Event> events;
    for (int i = 0; i < 3'000; ++i)
        events.push_back(numbered(i));
    appendAll(*journal, events);
    std::jthread writer([&] {
        for (int i = 3'000; i < 3'300; ++i)
            append(*journal, numbered(i));
    });
    std::int64_t expected = 1;
    bool inOrder = true;
    const auto done = journal->replay(0, [&](std::span<const StoredEvent> chunk) {
        for (const StoredEvent &stored : chunk)
            inOrder = inOrder && stored.seq == expected++;
    });
    QVERIFY(done.has_value());
    QVERIFY(inOrder);
    QVERIFY(expected > 3'000);
}

void TestJournal::replayStopsWhenTold()
{
    const auto journal = open();
    std::vector<Event> events;
    for (int i = 0; i < 2'500; ++i)
        events.push_back(numbered(i));
    appendAll(*journal, events);
    int chunks = 0;
    QVERIFY(journal->replayWhile(0, [&chunks](std::span<const StoredEvent>) { return ++chunks < 2; }).has_value());
    QCOMPARE(chunks, 2);
}

void TestJournal::bodiesThatCannotBeReadStayVisible()
{
    Event odd = numbered(1);
    odd.raw = "{\"of another version\":";
    const auto journal = open();
    QCOMPARE(append(*journal, odd), Outcome::Stored);
    const auto stored = readAll(*journal);
    QCOMPARE(stored.size(), std::size_t(1));
    QCOMPARE(static_cast<int>(stored[0].event.type), static_cast<int>(EventType::Unknown));
    QCOMPARE(stored[0].event.id, odd.id);
    QCOMPARE(stored[0].event.typeName, odd.typeName);
    QCOMPARE(stored[0].event.sandboxId, odd.sandboxId);
    QCOMPARE(stored[0].event.timestamp, odd.timestamp);
    QCOMPARE(stored[0].event.raw, odd.raw);
}

void TestJournal::refusesOtherFiles_data()
{
    QTest::addColumn<QByteArray>("content"); ///< SQL when it starts with "SQL "
    QTest::addColumn<QByteArray>("expected");
    QTest::newRow("no database") << QByteArray("this is a letter, not a database, and long enough to be sure of it\n")
                                 << QByteArray("not a journal");
    QTest::newRow("another program's") << QByteArray("SQL CREATE TABLE music(title)") << QByteArray("another program");
    QTest::newRow("another program's, by id")
        << QByteArray("SQL PRAGMA application_id = 7; CREATE TABLE events(id)") << QByteArray("another program");
    QTest::newRow("newer schema") << QByteArray("SQL PRAGMA application_id = 1397181523; PRAGMA user_version = 99;"
                                                "CREATE TABLE events(id)")
                                  << QByteArray("newer version");
    QTest::newRow("table of another shape")
        << QByteArray("SQL PRAGMA application_id = 1397181523; PRAGMA user_version = 1; CREATE TABLE events(id)")
        << QByteArray("no such column");
}

void TestJournal::refusesOtherFiles()
{
    QFETCH(QByteArray, content);
    QFETCH(QByteArray, expected);
    std::filesystem::create_directories(file().parent_path());
    if (content.startsWith("SQL ")) {
        OtherConnection other(file());
        QVERIFY(other.run(content.mid(4).constData()));
    } else {
        std::ofstream(file()) << content.toStdString();
    }
    const auto journal = Journal::open(file());
    QVERIFY(!journal.has_value());
    QCOMPARE(journal.error().kind, Error::Kind::Local);
    QVERIFY2(QByteArray::fromStdString(journal.error().message).contains(expected), journal.error().message.c_str());
}

void TestJournal::refusesAReadOnlyFolder()
{
    const auto folder = file().parent_path();
    std::filesystem::create_directories(folder);
    std::filesystem::permissions(folder,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec
                                     | std::filesystem::perms::others_read | std::filesystem::perms::others_exec);
    std::filesystem::permissions(m_dir->path().toStdString(), std::filesystem::perms(0755));
    const bool isRoot = ::geteuid() == 0;
    if (isRoot && ::seteuid(65534) != 0) // permissions do not bind root
        QSKIP("cannot give up root's rights here");
    const auto journal = Journal::open(file());
    if (isRoot)
        QCOMPARE(::seteuid(0), 0);
    QVERIFY(!journal.has_value());
    QCOMPARE(journal.error().code, std::string("EACCES"));
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
}

void TestJournal::durableForAnotherProcess()
{
    const auto journal = open();
    QCOMPARE(append(*journal, numbered(1)), Outcome::Stored);
    OtherConnection other(file()); // reads the write-ahead log of the running writer
    QVERIFY(
        other.run("CREATE TEMP TABLE check_one(n CHECK(n = 1)); INSERT INTO check_one SELECT count(*) FROM events"));
}

void TestJournal::oldEventsLeaveAndTheirCostStays()
{
    Journal::Options options;
    options.hotLimit = 0;
    std::vector<Event> events;
    for (int i = 0; i < 50; ++i) {
        const std::string id = "sbx" + std::to_string(i);
        events.push_back(created(i, "e", id));
        events.push_back(ended(EventType::Killed, i + 60, "e", i, id));
    }
    events.push_back(numbered(1'000));
    events.back().receivedAt = systemNow();
    {
        const auto journal = open(options);
        appendAll(*journal, events);
        QTRY_COMPARE(journal->foldedSeq(), 101);
    }
    options.keepFor = std::chrono::hours(24);
    {
        const auto journal = open(options);
        QTRY_COMPARE(journal->count(), 1);
        QCOMPARE(journal->lastSeq(), 101);
        QCOMPARE(append(*journal, numbered(2'000)), Outcome::Stored); // arrived long ago by its own word: leaves, too
        QCOMPARE(readAll(*journal).back().seq, 102);
    }
    const auto journal = open(options);
    QVERIFY(journal);
    auto cold = RollupReader::open(file());
    QVERIFY(cold.has_value());
    const auto card = cost::RateCard::fromJson(R"({"currency": "USD", "rates": [{"valid_from": "2026-08-06T00:00:00Z",
        "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045"}]})")
                          .value();
    // 50 runs of 60 s with 2 vCPU and 512 MiB.
    QCOMPARE(cold->costBetween(Timestamp::min(), Timestamp::max(), card).toFixed(12), std::string("0.090750000000"));
}

QTEST_GUILESS_MAIN(TestJournal)
#include "tst_journal.moc"
