#include "services/lifecycle/database.h"
#include "services/lifecycle/gatheredwrites.h"

#include <QTemporaryDir>
#include <QTest>

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>

using namespace sandglass;
using namespace sandglass::lifecycle;

namespace {

std::unique_ptr<Database> opened(const std::filesystem::path &file, const char *fileSystem)
{
    std::ofstream(file, std::ios::app).flush();
    auto database = Database::open(file, Database::Mode::ReadWrite, std::chrono::seconds(5), fileSystem);
    if (!database || !database->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"))
        return nullptr;
    return std::make_unique<Database>(std::move(*database));
}

/// Calls of write(2) and its like that this process has made, from the system's own figures; -1 where it keeps none.
long writeCalls()
{
    std::ifstream file("/proc/self/io");
    std::string name;
    for (long count = 0; file >> name >> count;) {
        if (name == "syscw:")
            return count;
    }
    return -1;
}

constexpr const char *manyRows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
                                 "INSERT INTO t SELECT i, zeroblob(3000) FROM n";

} // namespace

class TestGatheredWrites : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_file = std::filesystem::path(m_dir->path().toStdString()) / "t.db";
        m_writer = opened(m_file, gatheredWrites());
        QVERIFY(m_writer);
        QVERIFY(m_writer->execute("CREATE TABLE t(a INTEGER, b BLOB)"));
    }
    void cleanup()
    {
        m_writer.reset();
        m_dir.reset();
    }

    void othersReadWhatIsCommitted();
    void largeCommitsAndCheckpointsAreWhole();
    void othersReadWhatACheckpointCopied();
    void aCommitIsOnePiece();
    void lessThanFullIsRefused();
    void aFullDiskFailsTheCommit();

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    std::filesystem::path m_file;
    std::unique_ptr<Database> m_writer;
};

void TestGatheredWrites::othersReadWhatIsCommitted()
{
    const auto reader = opened(m_file, nullptr);
    QVERIFY(reader);
    for (int i = 1; i <= 50; ++i) {
        QVERIFY(m_writer->execute("INSERT INTO t VALUES(1, zeroblob(5000))"));
        QCOMPARE(reader->queryInteger("SELECT count(*) FROM t WHERE length(b) = 5000").value(), i);
    }
    // The other way round, and by turns.
    QVERIFY(reader->execute("INSERT INTO t VALUES(2, x'00')"));
    QVERIFY(m_writer->execute("INSERT INTO t VALUES(3, x'00')"));
    QCOMPARE(m_writer->queryInteger("SELECT count(*) FROM t").value(), 52);
    QCOMPARE(reader->queryInteger("SELECT count(*) FROM t").value(), 52);
}

/// Larger than one piece, larger than SQLite's cache, and with what a rolled back transaction has left in the log.
void TestGatheredWrites::largeCommitsAndCheckpointsAreWhole()
{
    QVERIFY(m_writer->execute("PRAGMA cache_size = 20"));
    for (int turn = 1; turn <= 3; ++turn) {
        QVERIFY(m_writer->execute("BEGIN"));
        QVERIFY(m_writer->execute(manyRows));
        QVERIFY(m_writer->execute("ROLLBACK"));
        QVERIFY(m_writer->execute("BEGIN"));
        QVERIFY(m_writer->execute(manyRows));
        QVERIFY(m_writer->execute("UPDATE t SET b = zeroblob(3001) WHERE a % 7 = 0"));
        QVERIFY(m_writer->execute("COMMIT"));
        QVERIFY(m_writer->execute("PRAGMA wal_checkpoint(TRUNCATE)"));
        const auto reader = opened(m_file, nullptr);
        QVERIFY(reader);
        QCOMPARE(reader->queryInteger("SELECT count(*) FROM t").value(), turn * 1000);
        QCOMPARE(reader->queryInteger("SELECT sum(length(b)) FROM t").value(), turn * (3'000'000 + 142));
        QCOMPARE(reader->queryText("PRAGMA integrity_check").value(), std::string("ok"));
    }
}

/// What a checkpoint has copied is read from the database at once, also when a reader keeps it from coming to its end.
void TestGatheredWrites::othersReadWhatACheckpointCopied()
{
    const auto old = opened(m_file, nullptr);
    QVERIFY(old);
    for (int turn = 1; turn <= 5; ++turn) {
        QVERIFY(m_writer->execute("INSERT INTO t VALUES(1, zeroblob(40000))"));
        QVERIFY(old->execute("BEGIN"));
        QCOMPARE(old->queryInteger("SELECT count(*) FROM t").value(), 2 * turn - 1);
        QVERIFY(m_writer->execute("INSERT INTO t VALUES(2, zeroblob(40000))"));
        QVERIFY(m_writer->execute("PRAGMA wal_checkpoint(PASSIVE)"));
        const auto fresh = opened(m_file, nullptr);
        QVERIFY(fresh);
        QCOMPARE(fresh->queryInteger("SELECT count(*) FROM t WHERE length(b) = 40000").value(), 2 * turn);
        QCOMPARE(fresh->queryText("PRAGMA integrity_check").value(), std::string("ok"));
        QCOMPARE(old->queryInteger("SELECT count(*) FROM t").value(), 2 * turn - 1);
        QVERIFY(old->execute("COMMIT"));
    }
}

void TestGatheredWrites::aCommitIsOnePiece()
{
    if (writeCalls() < 0)
        QSKIP("this system counts no calls");
    const auto callsOf = [](Database &database) {
        const long before = writeCalls();
        const bool isDone = database.execute(manyRows).has_value();
        return isDone ? writeCalls() - before : -1;
    };
    const auto other = opened(m_file, nullptr);
    QVERIFY(other);
    QVERIFY(m_writer->execute("PRAGMA wal_autocheckpoint = 0"));
    QVERIFY(other->execute("PRAGMA wal_autocheckpoint = 0"));
    const long gathered = callsOf(*m_writer);
    const long each = callsOf(*other);
    QVERIFY(each > 1000); // a thousand pages and more
    QVERIFY2(gathered > 0 && gathered < 100, qPrintable(QString::number(gathered)));
}

void TestGatheredWrites::lessThanFullIsRefused()
{
    for (const char *less : {"OFF", "NORMAL", "0", "1"})
        QVERIFY(!m_writer->execute((std::string("PRAGMA synchronous = ") + less).c_str()));
    QCOMPARE(m_writer->queryInteger("PRAGMA synchronous").value(), 2);
    QVERIFY(m_writer->execute("PRAGMA synchronous = FULL"));
}

void TestGatheredWrites::aFullDiskFailsTheCommit()
{
    QVERIFY(m_writer->execute("INSERT INTO t VALUES(0, x'00')"));
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit limit{200'000, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    const auto failed = m_writer->execute("INSERT INTO t VALUES(1, zeroblob(500000))");
    setrlimit(RLIMIT_FSIZE, &before);
    QVERIFY(!failed);
    QCOMPARE(m_writer->queryInteger("SELECT count(*) FROM t").value(), 1);
    QVERIFY(m_writer->execute("INSERT INTO t VALUES(2, zeroblob(500000))"));
    const auto reader = opened(m_file, nullptr);
    QVERIFY(reader);
    QCOMPARE(reader->queryInteger("SELECT sum(a) FROM t").value(), 2);
    QCOMPARE(reader->queryText("PRAGMA integrity_check").value(), std::string("ok"));
}

QTEST_GUILESS_MAIN(TestGatheredWrites)
#include "tst_gatheredwrites.moc"
