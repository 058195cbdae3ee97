#include "services/lifecycle/tracker.h"

#include "tests/services/lifecycle/lives.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <latch>
#include <random>
#include <set>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;

namespace {

cost::RateCard listPrice()
{
    return cost::RateCard::fromJson(R"({"currency": "USD", "rates": [{"valid_from": "2026-08-06T00:00:00Z",
        "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045"}]})")
        .value();
}

Money dollars(const char *text)
{
    return Money::parse(text).value();
}

/// Waits until the journal has all of them, without letting the tracker's thread work.
void append(Journal &journal, const std::vector<Event> &events)
{
    std::size_t next = 0;
    while (next < events.size()) {
        const std::size_t count = std::min<std::size_t>(events.size() - next, 10'000);
        std::latch answered(static_cast<std::ptrdiff_t>(count));
        for (std::size_t i = 0; i < count; ++i)
            journal.append(events[next + i], [&answered](Journal::Outcome) { answered.count_down(); });
        answered.wait();
        next += count;
    }
}

} // namespace

class TestTracker : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

    void emptyJournalIsReplayed();
    void replayFillsTheFoldSilently();
    void liveEventsComeInOrder();
    void eventsDuringReplayAreNotLost();
    void batchesKeepTheirDistance();
    void overflowIsReadFromTheJournal();
    void destructionDuringReplay();
    void unreadableJournalIsTold();
    void costOfOneSandbox();
    void unknownSizeIsNoCost();
    void sumsAndSeries();
    void newRateCard();
    void countsRecentEvents();
    void oldSandboxesStayInTheTables();
    void floodAboutOneSandbox();

private:
    std::unique_ptr<Tracker> makeTracker()
    {
        return std::make_unique<Tracker>(*m_journal, listPrice(), [this] { return m_now; });
    }
    /// A tracker that has replayed.
    std::unique_ptr<Tracker> readyTracker()
    {
        auto tracker = makeTracker();
        QSignalSpy replayed(tracker.get(), &Tracker::replayed);
        tracker->start();
        return replayed.wait() ? std::move(tracker) : nullptr;
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
    Timestamp m_now = at(0);
};

void TestTracker::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_now = at(0);
    auto journal = Journal::open(m_dir->filePath(QStringLiteral("journal.db")).toStdString());
    QVERIFY(journal.has_value());
    m_journal = std::move(*journal);
}

void TestTracker::cleanup()
{
    m_journal.reset();
    m_dir.reset();
}

void TestTracker::emptyJournalIsReplayed()
{
    const auto tracker = makeTracker();
    QVERIFY(!tracker->isReplayed());
    QSignalSpy replayed(tracker.get(), &Tracker::replayed);
    tracker->start();
    QVERIFY(replayed.wait());
    QVERIFY(tracker->isReplayed());
    QVERIFY(tracker->fold().sandboxes().empty());
}

void TestTracker::replayFillsTheFoldSilently()
{
    std::vector<Event> events;
    for (int i = 0; i < 6'000; ++i)
        events.push_back(created(i, "e", "sbx" + std::to_string(i)));
    append(*m_journal, events);
    const auto tracker = makeTracker();
    QSignalSpy replayed(tracker.get(), &Tracker::replayed);
    QSignalSpy recorded(tracker.get(), &Tracker::eventsRecorded);
    QSignalSpy changed(tracker.get(), &Tracker::sandboxesChanged);
    tracker->start();
    QVERIFY(replayed.wait(20'000));
    QCOMPARE(tracker->fold().sandboxes().size(), std::size_t(6'000));
    QCOMPARE(recorded.count(), 0);
    QCOMPARE(changed.count(), 0);
    QCOMPARE(replayed.count(), 1);
}

void TestTracker::liveEventsComeInOrder()
{
    const auto tracker = readyTracker();
    QVERIFY(tracker);
    std::vector<std::int64_t> seqs;
    std::set<std::string> changed;
    connect(tracker.get(), &Tracker::eventsRecorded, this, [&seqs](const std::vector<StoredEvent> &events) {
        for (const StoredEvent &stored : events)
            seqs.push_back(stored.seq);
    });
    connect(tracker.get(), &Tracker::sandboxesChanged, this,
            [&changed](const std::vector<std::string> &ids) { changed.insert(ids.begin(), ids.end()); });
    append(
        *m_journal,
        {created(0, "e1", "a"), created(1, "e1", "b"), created(0, "e1", "a"), bare(EventType::Unknown, 2, "e1", "c")});
    QTRY_COMPARE(seqs, (std::vector<std::int64_t>{1, 2, 3}));
    QTRY_COMPARE(changed, (std::set<std::string>{"a", "b"}));
    QVERIFY(tracker->fold().find("a"));
}

void TestTracker::eventsDuringReplayAreNotLost()
{
    std::vector<Event> events;
    for (int i = 0; i < 3'000; ++i)
        events.push_back(created(i, "e", "old" + std::to_string(i)));
    append(*m_journal, events);
    const auto tracker = makeTracker();
    QSignalSpy replayed(tracker.get(), &Tracker::replayed);
    tracker->start();
    for (Event &e : events) {
        e.sandboxId = "new" + e.sandboxId;
        e.id = "new" + e.id;
        m_journal->append(e, {});
    }
    QVERIFY(replayed.wait(20'000));
    QTRY_COMPARE_WITH_TIMEOUT(tracker->fold().sandboxes().size(), std::size_t(6'000), 20'000);
    QCOMPARE(tracker->fold().find("newold7")->eventCount, 1);
}

void TestTracker::batchesKeepTheirDistance()
{
    const auto tracker = readyTracker();
    QElapsedTimer clock;
    clock.start();
    std::vector<qint64> times;
    std::size_t heard = 0;
    connect(tracker.get(), &Tracker::eventsRecorded, this, [&](const std::vector<StoredEvent> &events) {
        times.push_back(clock.elapsed());
        heard += events.size();
    });
    int sent = 0;
    QTimer source;
    connect(&source, &QTimer::timeout, this, [&] {
        if (sent < 200)
            m_journal->append(created(sent, "e", "sbx" + std::to_string(sent)), {});
        ++sent;
    });
    source.start(1);
    QTRY_COMPARE_WITH_TIMEOUT(heard, std::size_t(200), 20'000);
    QVERIFY(times.size() > 1);
    // All of them together: a busy machine tells one of them late, and the next one on time.
    QVERIFY2(static_cast<qint64>(times.size() - 1) * 49 <= times.back(), qPrintable(QString::number(times.size())));
}

void TestTracker::overflowIsReadFromTheJournal()
{
    const auto tracker = readyTracker();
    std::int64_t last = 0;
    bool inOrder = true;
    connect(tracker.get(), &Tracker::eventsRecorded, this, [&](const std::vector<StoredEvent> &events) {
        for (const StoredEvent &stored : events)
            inOrder = inOrder && stored.seq == ++last;
    });
    std::vector<Event> events;
    for (int i = 0; i < 24'000; ++i) // more than wait in memory, while this thread does not look
        events.push_back(created(i, "e", "sbx" + std::to_string(i)));
    append(*m_journal, events);
    QTRY_COMPARE_WITH_TIMEOUT(last, 24'000, 30'000);
    QVERIFY(inOrder);
    append(*m_journal, {created(0, "e", "after")});
    QTRY_VERIFY(tracker->fold().find("after"));
}

void TestTracker::destructionDuringReplay()
{
    std::vector<Event> events;
    for (int i = 0; i < 9'000; ++i)
        events.push_back(created(i, "e", "sbx" + std::to_string(i)));
    append(*m_journal, events);
    auto tracker = makeTracker();
    tracker->start();
    QCoreApplication::processEvents();
    tracker.reset(); // the worker waits for room, and has to be let go
    append(*m_journal, {created(0, "e", "after")});
    QCOMPARE(m_journal->count(), 9'001);
}

void TestTracker::unreadableJournalIsTold()
{
    QVERIFY(QFile::remove(m_dir->filePath(QStringLiteral("journal.db"))));
    const auto tracker = makeTracker();
    QSignalSpy failed(tracker.get(), &Tracker::replayFailed);
    QSignalSpy replayed(tracker.get(), &Tracker::replayed);
    tracker->start();
    QVERIFY(replayed.wait());
    QCOMPARE(failed.count(), 1);
}

void TestTracker::costOfOneSandbox()
{
    const auto tracker = readyTracker();
    append(*m_journal, {created(0), ended(EventType::Paused, 600, "e1", 0), resumed(3600, "e2")});
    QTRY_VERIFY(tracker->fold().find("sbx") && tracker->fold().find("sbx")->runs.size() == 2);
    const Sandbox &sandbox = *tracker->fold().find("sbx");
    m_now = at(3900);
    auto cost = tracker->costOf(sandbox);
    QVERIFY(cost.has_value());
    QVERIFY(cost->amount == dollars("0.027225")); // 10 min, pause of 50 min, 5 min
    QVERIFY(!cost->isConfirmed);
    QVERIFY(!cost->isPartial);
    QVERIFY(tracker->costOf(sandbox, at(0), at(5))->amount == dollars("0.00015125"));
    QVERIFY(tracker->burnRate() == dollars("0.1089"));

    append(*m_journal, {ended(EventType::Killed, 3900, "e2", 3600)});
    QTRY_VERIFY(sandbox.state == SandboxState::Killed);
    m_now = at(99'999);
    cost = tracker->costOf(sandbox);
    QVERIFY(cost->amount == dollars("0.027225"));
    QVERIFY(cost->isConfirmed);
    QVERIFY(tracker->burnRate().isZero());
}

void TestTracker::unknownSizeIsNoCost()
{
    const auto tracker = readyTracker();
    append(*m_journal, {created(0)});
    QTRY_VERIFY(tracker->fold().find("sbx"));
    m_now = at(60);
    QVERIFY(!tracker->costOf(*tracker->fold().find("sbx")).has_value());
    QVERIFY(tracker->burnRate().isZero());
    append(*m_journal, {observedRunning(50, 0)});
    QTRY_VERIFY(tracker->costOf(*tracker->fold().find("sbx")).has_value());
    QVERIFY(tracker->costOf(*tracker->fold().find("sbx"))->amount == dollars("0.001815"));
}

void TestTracker::sumsAndSeries()
{
    Event other = ended(EventType::Killed, 3600, "e1", 0, "b");
    other.templateId = "other";
    append(*m_journal, {created(0), ended(EventType::Killed, 3600, "e1", 0), other});
    const auto tracker = readyTracker();
    m_now = at(7200);
    QVERIFY(tracker->costBetween(at(0), at(7200)) == dollars("0.2178"));
    QVERIFY(tracker->costBetween(at(1800), at(3600)) == dollars("0.1089"));
    const auto series = tracker->costSeries(at(0), at(7200), 4);
    QCOMPARE(series.size(), std::size_t(2));
    QCOMPARE(series[0].templateName, std::string("other"));
    QCOMPARE(series[1].templateName, std::string("tpl"));
    QVERIFY(series[1].buckets == (std::vector{dollars("0.05445"), dollars("0.05445"), Money(), Money()}));
    QCOMPARE(tracker->activeSeries(at(0), at(7200), 4), (std::vector{2, 2, 0, 0}));
}

void TestTracker::newRateCard()
{
    append(*m_journal, {created(0), ended(EventType::Killed, 3600, "e1", 0)});
    const auto tracker = readyTracker();
    QSignalSpy changed(tracker.get(), &Tracker::rateCardChanged);
    tracker->setRateCard(cost::RateCard::fromJson(R"({"currency": "USD", "rates": [
        {"valid_from": "2026-01-01T00:00:00Z", "usd_per_vcpu_second": "0.00014", "usd_per_gib_second": "0.000045"}]})")
                             .value());
    QCOMPARE(changed.count(), 1);
    QVERIFY(tracker->costOf(*tracker->fold().find("sbx"))->amount == dollars("1.089"));
    QVERIFY(tracker->costBetween(at(0), at(9999)) == dollars("1.089"));
}

void TestTracker::countsRecentEvents()
{
    using namespace std::chrono_literals;
    Event skewed = created(0, "e", "skewed");
    skewed.timestamp = at(1'000'000);
    m_now = at(100);
    append(*m_journal, {created(30, "e", "a"), created(50, "e", "b"), created(99, "e", "c"), skewed});
    const auto tracker = readyTracker();
    QCOMPARE(tracker->eventsWithin(10s), 1);
    QCOMPARE(tracker->eventsWithin(60s), 2);
    QCOMPARE(tracker->eventsWithin(1h), 3);
    m_now = at(200);
    QCOMPARE(tracker->eventsWithin(60s), 0);
}

void TestTracker::oldSandboxesStayInTheTables()
{
    std::mt19937_64 random(20260822);
    std::vector<Event> events;
    for (int i = 0; i < 150; ++i) {
        Life life(random, "sbx" + std::to_string(i));
        life.live();
        events.insert(events.end(), life.events.begin(), life.events.end());
    }
    append(*m_journal, events);
    const auto file = m_journal->file();
    m_journal.reset();
    Journal::Options options;
    options.hotLimit = 10;
    auto journal = Journal::open(file, options);
    QVERIFY(journal.has_value());
    m_journal = std::move(*journal);
    m_now = at(12'000);
    Tracker tracker(*m_journal, card, [this] { return m_now; });
    QSignalSpy replayed(&tracker, &Tracker::replayed);
    tracker.start();
    QVERIFY(replayed.wait());
    QVERIFY(tracker.fold().sandboxes().size() < 100);

    const auto compare = [&] {
        Fold all;
        UsageIndex whole(card);
        for (const Event &e : events)
            all.apply(e);
        for (const auto &[id, sandbox] : all.sandboxes())
            whole.update(sandbox);
        for (int i = 0; i < 40; ++i) {
            const Timestamp from = at(static_cast<double>(random() % 9'000));
            const Timestamp to = from + std::chrono::milliseconds(1 + random() % 9'000'000);
            const int buckets = 1 + static_cast<int>(random() % 40);
            if (tracker.costBetween(from, to) != whole.costBetween(from, to, m_now)
                || tracker.activeSeries(from, to, buckets) != whole.activeSeries(from, to, buckets, m_now))
                return false;
            const auto series = tracker.costSeries(from, to, buckets);
            const auto expected = whole.costSeries(from, to, buckets, m_now);
            if (!std::ranges::equal(series, expected, [](const Tracker::Series &a, const Tracker::Series &b) {
                    return a.templateName == b.templateName && a.buckets == b.buckets;
                }))
                return false;
        }
        return true;
    };
    QVERIFY(compare());

    // Late events: a cold sandbox comes back into memory and is counted once.
    std::vector<Event> late;
    std::set<std::string> cold;
    for (const Event &e : events) {
        if (!tracker.fold().find(e.sandboxId) && cold.size() < 20 && cold.insert(e.sandboxId).second) {
            late.push_back(ended(EventType::Paused, 300, "late-" + e.sandboxId, 20, e.sandboxId));
            late.push_back(bare(EventType::Updated, 400, "late-" + e.sandboxId, e.sandboxId));
        }
    }
    QVERIFY(cold.size() == 20);
    QSignalSpy changed(&tracker, &Tracker::sandboxesChanged);
    append(*m_journal, late);
    events.insert(events.end(), late.begin(), late.end());
    QTRY_VERIFY(tracker.fold().find(*cold.begin()) && tracker.fold().find(*cold.rbegin()));
    QTRY_COMPARE(m_journal->foldedSeq(), m_journal->lastSeq()); // and while the tables go on
    QTRY_VERIFY(std::ranges::all_of(cold, [&](const std::string &id) { return tracker.fold().find(id) != nullptr; }));
    QVERIFY(compare());
    QVERIFY(!changed.isEmpty());
}

/// So many that deriving its life anew for each of them would take minutes.
void TestTracker::floodAboutOneSandbox()
{
    constexpr int pauses = 8'000;
    std::vector<Event> events;
    for (int i = 0; i < pauses; ++i) {
        const std::string execution = "e" + std::to_string(i);
        events.push_back(bare(i == 0 ? EventType::Created : EventType::Resumed, 2 * i, execution, "flooded"));
        events.push_back(ended(EventType::Paused, 2 * i + 1, execution, 2 * i, "flooded"));
    }
    m_now = at(3 * pauses);
    const auto tracker = readyTracker();
    append(*m_journal, events);
    const auto *flooded = &tracker->fold().sandboxes();
    QTRY_VERIFY_WITH_TIMEOUT(flooded->contains("flooded") && flooded->at("flooded").eventCount == 2 * pauses, 60'000);
    QCOMPARE(flooded->at("flooded").runs.size(), std::size_t{pauses});
    QVERIFY(flooded->at("flooded").state == SandboxState::Paused);
}

QTEST_GUILESS_MAIN(TestTracker)
#include "tst_tracker.moc"
