#include "services/lifecycle/fold.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/signature.h"
#include "services/lifecycle/usageindex.h"
#include "tests/services/http/rawclient.h"
#include "tests/services/lifecycle/events.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>
#include <unordered_set>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;

namespace {

constexpr const char *secret = "crash-test-secret-0123456789abcdef";
constexpr int rounds = 200;
constexpr int connections = 4;

/// The stream of events: even ones create a sandbox, odd ones kill it.
Event numbered(int number)
{
    const std::string id = "sbx" + std::to_string(number / 2);
    const double start = number / 2 * 0.125;
    Event e = number % 2 == 0 ? created(start, "exec-" + id, id)
                              : ended(EventType::Killed, start + 60 + number % 7, "exec-" + id, start, id);
    e.id = "evt-" + std::to_string(number);
    return e;
}

/// A sender as E2B is one: what got no 200 is sent again, with the same id.
class Sender
{
public:
    /// Delivers on some connections until `seconds` are over, the receiver dies, or (limit >= 0) all below it
    /// is done.
    void run(std::uint16_t port, std::chrono::milliseconds time, int limit)
    {
        m_limit = limit;
        m_deadline = std::chrono::steady_clock::now() + time;
        std::vector<std::jthread> threads;
        for (int i = 0; i < connections; ++i)
            threads.emplace_back([this, port] { deliver(port); });
    }

    [[nodiscard]] int created() const { return m_next; }
    [[nodiscard]] std::size_t acknowledgedCount() const { return m_acknowledged.size(); }
    [[nodiscard]] const std::vector<int> &acknowledged() const { return m_acknowledged; }
    [[nodiscard]] bool hasBadAnswer() const { return m_hasBadAnswer; }

private:
    void deliver(std::uint16_t port)
    {
        test::RawClient client(port);
        while (client.isConnected() && std::chrono::steady_clock::now() < m_deadline) {
            const int number = take();
            if (number < 0)
                return;
            const bool isSent = client.send(request(numbered(number)));
            const auto reply = isSent ? client.reply(true, 5'000) : test::RawClient::Reply();
            const std::lock_guard lock(m_mutex);
            if (reply.status == 200 && reply.isComplete) {
                m_acknowledged.push_back(number);
                continue;
            }
            m_again.push_back(number);
            m_hasBadAnswer = m_hasBadAnswer || reply.status != 0;
            return;
        }
    }

    int take()
    {
        const std::lock_guard lock(m_mutex);
        if (!m_again.empty()) {
            const int number = m_again.front();
            m_again.pop_front();
            return number;
        }
        return m_limit >= 0 && m_next >= m_limit ? -1 : m_next++;
    }

    static std::string request(const Event &event)
    {
        const std::string body = encodeEvent(event);
        return "POST /webhooks/e2b HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
               "application/json\r\ne2b-signature: "
            + signDelivery(secret, body) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }

    std::mutex m_mutex;
    std::deque<int> m_again;
    std::vector<int> m_acknowledged;
    int m_next = 0;
    int m_limit = -1;
    bool m_hasBadAnswer = false;
    std::chrono::steady_clock::time_point m_deadline;
};

Money priceOfAll(const Fold &fold)
{
    UsageIndex usage(cost::RateCard::fromJson(R"({"currency": "USD", "rates": [{"valid_from": "2026-08-06T00:00:00Z",
        "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045"}]})")
                         .value());
    for (const auto &[id, sandbox] : fold.sandboxes())
        usage.update(sandbox);
    return usage.costBetween(Timestamp::min(), Timestamp::max(), at(0));
}

} // namespace

class TestJournalCrash : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void killedTwoHundredTimes();

private:
    /// Starts the victim; its port, or 0.
    std::uint16_t start(QProcess &victim);
    /// Reads what is new since the last call. False when an event stands there twice or cannot be read.
    bool readNew();

    QTemporaryDir m_dir;
    std::unordered_set<std::string> m_ids;
    std::int64_t m_lastSeq = 0;
    Fold m_fold;
};

std::uint16_t TestJournalCrash::start(QProcess &victim)
{
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("VICTIM_SECRET"), QString::fromUtf8(secret));
    victim.setProcessEnvironment(environment);
    victim.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    victim.start(QStringLiteral(SANDGLASS_JOURNAL_VICTIM), {m_dir.filePath(QStringLiteral("journal.db"))});
    while (!victim.canReadLine()) {
        if (!victim.waitForReadyRead(10'000))
            return 0;
    }
    return victim.readLine().trimmed().toUShort();
}

bool TestJournalCrash::readNew()
{
    const auto journal = Journal::open(m_dir.filePath(QStringLiteral("journal.db")).toStdString());
    if (!journal)
        return false;
    bool isSound = true;
    const auto done = (*journal)->replay(m_lastSeq, [&](std::span<const StoredEvent> events) {
        for (const StoredEvent &stored : events) {
            isSound = isSound && stored.seq == m_lastSeq + 1 && m_ids.insert(stored.event.id).second;
            m_lastSeq = stored.seq;
            m_fold.apply(stored.event);
        }
    });
    return done && isSound && (*journal)->count() == static_cast<std::int64_t>(m_ids.size());
}

void TestJournalCrash::killedTwoHundredTimes()
{
    constexpr unsigned seed = 20260820;
    qInfo("seed %u", seed);
    std::mt19937 random(seed);
    Sender sender;
    std::size_t checked = 0;
    int roundsWithLoss = 0; // rounds in which the kill hit deliveries under way
    for (int round = 0; round < rounds; ++round) {
        QProcess victim;
        const std::uint16_t port = start(victim);
        QVERIFY2(port != 0, qPrintable(QStringLiteral("round %1").arg(round)));
        const auto killAfter = std::chrono::milliseconds(10 + random() % 120);
        std::jthread sending([&] { sender.run(port, std::chrono::seconds(10), -1); });
        std::this_thread::sleep_for(killAfter); // the moment of death, not a wait for something
        victim.kill();
        QVERIFY(victim.waitForFinished());
        sending.join();

        QVERIFY2(readNew(), qPrintable(QStringLiteral("round %1: the journal is damaged").arg(round)));
        for (; checked < sender.acknowledgedCount(); ++checked) {
            const std::string id = numbered(sender.acknowledged()[checked]).id;
            QVERIFY2(m_ids.contains(id), ("lost after a 200: " + id).c_str());
        }
        roundsWithLoss += sender.created() > static_cast<int>(sender.acknowledgedCount()) ? 1 : 0;
    }
    QVERIFY(!sender.hasBadAnswer());
    QVERIFY2(roundsWithLoss > rounds / 2, "the kills did not hit the stream");

    QProcess last;
    const std::uint16_t port = start(last);
    QVERIFY(port != 0);
    const int total = (sender.created() + 1) / 2 * 2;
    sender.run(port, std::chrono::seconds(30), total);
    last.kill();
    QVERIFY(last.waitForFinished());
    QCOMPARE(sender.acknowledgedCount(), static_cast<std::size_t>(total));
    QVERIFY(readNew());
    QCOMPARE(m_ids.size(), static_cast<std::size_t>(total));

    Fold undisturbed;
    for (int i = 0; i < total; ++i)
        undisturbed.apply(numbered(i));
    QVERIFY(m_fold.sandboxes() == undisturbed.sandboxes());
    QVERIFY(!priceOfAll(undisturbed).isZero());
    QCOMPARE(priceOfAll(m_fold).toFixed(12), priceOfAll(undisturbed).toFixed(12));
    qInfo("%d events, %d of %d kills hit deliveries under way", total, roundsWithLoss, rounds);
}

QTEST_GUILESS_MAIN(TestJournalCrash)
#include "tst_journal_crash.moc"
