// A disk that takes two seconds for each fsync: the receiver answers 200 when an event is on it, 503 when too many
// wait, and loses none that it has acknowledged.

#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "services/lifecycle/signature.h"
#include "tests/services/http/rawclient.h"
#include "tests/support/slowdisk.h"

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>

#include <mutex>
#include <set>
#include <thread>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace std::chrono_literals;
using sandglass::test::RawClient;
namespace slowdisk = sandglass::test::slowdisk;

namespace {

const std::string secret = "sandglass-test-secret-0123456789abcdef";

std::string delivery(const std::string &id)
{
    const std::string body = R"({"version":"v2","id":")" + id
        + R"(","type":"sandbox.lifecycle.created","timestamp":"2026-08-20T10:15:30.5Z","sandbox_id":"isbx0001"})";
    return "POST /webhooks/e2b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\ne2b-signature: "
        + signDelivery(secret, body) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// What became of deliveries that were sent all at once, each on a connection of its own.
struct Outcome
{
    std::set<std::string> taken, refused;
    qint64 firstTakenMs = 0, lastRefusedMs = 0;
    int others = 0;
};

Outcome sendAtOnce(std::uint16_t port, int count, const std::string &prefix)
{
    Outcome outcome;
    std::mutex mutex;
    std::vector<std::thread> threads;
    QElapsedTimer clock;
    clock.start();
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&, id = prefix + std::to_string(i)] {
            RawClient client(port);
            const auto reply = client.send(delivery(id)) ? client.reply(true, 30'000) : RawClient::Reply();
            const qint64 after = clock.elapsed();
            const std::scoped_lock lock(mutex);
            if (reply.status == 200) {
                outcome.firstTakenMs = outcome.taken.empty() ? after : std::min(outcome.firstTakenMs, after);
                outcome.taken.insert(id);
            } else if (reply.status == 503 && reply.head.find("Retry-After: ") != std::string::npos) {
                outcome.lastRefusedMs = std::max(outcome.lastRefusedMs, after);
                outcome.refused.insert(id);
            } else {
                ++outcome.others;
            }
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    return outcome;
}

} // namespace

class TestSlowDisk final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void cleanup()
    {
        slowdisk::setDelay(0ms);
        m_receiver.reset();
        m_journal.reset();
        m_dir.reset();
    }
    void answersAfterTheFsync();
    void whoWaitsSharesOneFsync();
    void fullQueueIsRefusedAtOnce();

private:
    void open(std::size_t queueLimit);
    [[nodiscard]] std::set<std::string> stored();

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
    std::unique_ptr<Receiver> m_receiver;
};

void TestSlowDisk::open(std::size_t queueLimit)
{
    Journal::Options options;
    options.queueLimit = queueLimit;
    auto journal = Journal::open(m_dir->filePath(QStringLiteral("journal.db")).toStdString(), options);
    QVERIFY(journal.has_value());
    m_journal = std::move(*journal);
    ReceiverOptions wishes;
    wishes.port = 0;
    wishes.secret = secret;
    wishes.clock = [] { return *parseRfc3339("2026-08-20T10:15:31Z"); };
    m_receiver = std::make_unique<Receiver>(*m_journal, wishes);
    QVERIFY(m_receiver->start().has_value());
}

/// Ids in the journal, opened anew: as after a start.
std::set<std::string> TestSlowDisk::stored()
{
    slowdisk::setDelay(0ms);
    m_receiver.reset();
    m_journal.reset();
    const auto journal = Journal::open(m_dir->filePath(QStringLiteral("journal.db")).toStdString());
    std::set<std::string> ids;
    if (journal) {
        const auto done = (*journal)->replay(0, [&](std::span<const StoredEvent> chunk) {
            for (const StoredEvent &each : chunk)
                ids.insert(each.event.id);
        });
        return done ? ids : std::set<std::string>();
    }
    return ids;
}

void TestSlowDisk::answersAfterTheFsync()
{
    open(1'000);
    RawClient client(m_receiver->port());
    QVERIFY(client.send(delivery("before")));
    QCOMPARE(client.reply().status, 200);
    slowdisk::setDelay(2s);
    const int before = slowdisk::syncs();
    QElapsedTimer clock;
    clock.start();
    QVERIFY(client.send(delivery("a")));
    QVERIFY(client.readSome(1'500).empty()); // not a byte while it is not on the disk
    QVERIFY(slowdisk::syncs() > before);
    QCOMPARE(client.reply().status, 200);
    QVERIFY(clock.elapsed() >= 2'000);
    QCOMPARE(stored(), (std::set<std::string>{"before", "a"}));
}

void TestSlowDisk::whoWaitsSharesOneFsync()
{
    open(1'000);
    slowdisk::setDelay(2s);
    QElapsedTimer clock;
    clock.start();
    const Outcome outcome = sendAtOnce(m_receiver->port(), 64, "e");
    QCOMPARE(outcome.taken.size(), std::size_t{64});
    QVERIFY(outcome.firstTakenMs >= 2'000);
    QVERIFY2(clock.elapsed() < 15'000, qPrintable(QString::number(clock.elapsed()))); // 64 of them would be 128 s
    QCOMPARE(stored(), outcome.taken);
}

void TestSlowDisk::fullQueueIsRefusedAtOnce()
{
    open(8);
    slowdisk::setDelay(2s);
    const Outcome outcome = sendAtOnce(m_receiver->port(), 60, "e");
    QCOMPARE(outcome.others, 0);
    QCOMPARE(outcome.taken.size() + outcome.refused.size(), std::size_t{60});
    QVERIFY2(outcome.taken.size() >= 8, qPrintable(QString::number(outcome.taken.size())));
    QVERIFY(outcome.refused.size() >= 20);
    QVERIFY2(outcome.lastRefusedMs < 2'000,
             qPrintable(QString::number(outcome.lastRefusedMs))); // they wait for no disk
    // The sender comes again, as E2B does, when the disk is well.
    slowdisk::setDelay(0ms);
    std::set<std::string> all = outcome.taken;
    RawClient client(m_receiver->port());
    for (const std::string &id : outcome.refused) {
        QVERIFY(client.send(delivery(id)));
        QCOMPARE(client.reply().status, 200);
        all.insert(id);
    }
    QCOMPARE(all.size(), std::size_t{60});
    QCOMPARE(stored(), all);
}

QTEST_GUILESS_MAIN(TestSlowDisk)
#include "tst_slowdisk.moc"
