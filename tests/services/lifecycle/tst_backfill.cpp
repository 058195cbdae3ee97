#include "services/lifecycle/backfill.h"

#include "services/lifecycle/journal.h"
#include "tests/services/lifecycle/events.h"

#include <QFile>
#include <QPromise>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <set>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;
using namespace std::chrono_literals;

namespace {

constexpr double day = 24 * 3600;

/// The events API as it is: newest first, by offset, what is older than the retention gone.
struct Provider
{
    std::vector<Event> events; ///< oldest first
    double now = 0;
    double retention = 7 * day;
    std::vector<std::int64_t> asked;
    std::map<std::int64_t, Error> failures; ///< by offset, once each
    bool ignoresOffset = false;
    bool isSilent = false;
    int unreadable = 0;

    void add(double seconds)
    {
        events.push_back(created(seconds, "e" + std::to_string(events.size()), "s" + std::to_string(events.size())));
    }
    QFuture<Result<Backfill::Page>> page(std::int64_t offset, int limit)
    {
        asked.push_back(offset);
        QPromise<Result<Backfill::Page>> promise;
        promise.start();
        if (isSilent)
            return promise.future(); // cancelled with the promise
        if (const auto found = failures.find(offset); found != failures.end()) {
            promise.addResult(failure(found->second));
            failures.erase(found);
        } else {
            promise.addResult(rows(ignoresOffset ? 0 : offset, limit));
        }
        promise.finish();
        return promise.future();
    }

private:
    [[nodiscard]] Backfill::Page rows(std::int64_t offset, int limit) const
    {
        Backfill::Page page;
        page.unreadable = unreadable;
        for (auto event = events.rbegin(); event != events.rend(); ++event) {
            if (event->timestamp < at(now - retention) || offset-- > 0)
                continue;
            if (static_cast<int>(page.events.size()) == limit)
                break;
            page.events.push_back(*event);
        }
        return page;
    }
};

const Error busy{Error::Kind::Service, 503, "busy", "unavailable"};

} // namespace

class TestBackfill : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

    void readsAllAtTheFirstStart();
    void readsOnlyWhatIsNewAfterwards();
    void webhookAndPollAreOneEvent();
    void cutRunLeavesNoHole();
    void cutProgramLeavesNoHole();
    void eventsInBetweenAreNotMissed();
    void gap_data();
    void gap();
    void gapIsToldOnce();
    void refusalStops_data();
    void refusalStops();
    void endlessListEnds();
    void unreadableRowsAreCounted();
    void fullJournalIsNoProgress();
    void damagedMarksReadAgain();
    void runsAgainByItself();
    void stopDropsTheAnswer();

private:
    void make(int pageSize = 10);
    /// One whole run.
    std::optional<BackfillReport> run();
    [[nodiscard]] std::filesystem::path marksFile() const
    {
        return m_dir->filePath(QStringLiteral("backfill.json")).toStdString();
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
    std::unique_ptr<BackfillMarks> m_marks;
    std::unique_ptr<Backfill> m_backfill;
    BackfillOptions m_options;
    Provider m_provider;
};

void TestBackfill::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_provider = {};
    m_options = {};
    m_options.firstRetry = 1ms;
    m_options.clock = [this] { return at(m_provider.now); };
    m_journal = std::move(*Journal::open(m_dir->filePath(QStringLiteral("journal.db")).toStdString()));
    make();
}

void TestBackfill::cleanup()
{
    m_backfill.reset();
    m_marks.reset();
    m_journal.reset();
    m_dir.reset();
}

void TestBackfill::make(int pageSize)
{
    m_options.pageSize = pageSize;
    m_backfill.reset();
    m_marks = std::make_unique<BackfillMarks>(marksFile());
    m_backfill = std::make_unique<Backfill>(
        *m_journal, *m_marks, "cloud",
        [this](std::int64_t offset, int limit) { return m_provider.page(offset, limit); }, m_options);
}

std::optional<BackfillReport> TestBackfill::run()
{
    QSignalSpy finished(m_backfill.get(), &Backfill::finished);
    m_provider.asked.clear();
    m_backfill->start();
    if (finished.isEmpty() && !finished.wait())
        return {};
    return finished.first().first().value<BackfillReport>();
}

void TestBackfill::readsAllAtTheFirstStart()
{
    for (int i = 0; i < 95; ++i)
        m_provider.add(i);
    m_provider.now = 100;
    const auto report = run();
    QVERIFY(report);
    QCOMPARE(report->total.added, std::int64_t{95});
    QCOMPARE(report->total.pages, std::int64_t{10});
    QVERIFY(!report->gap);
    QCOMPARE(m_journal->count(), std::int64_t{95});
    QVERIFY(m_backfill->state() == Backfill::State::Waiting);
}

void TestBackfill::readsOnlyWhatIsNewAfterwards()
{
    for (int i = 0; i < 95; ++i)
        m_provider.add(i * 60);
    m_provider.now = 95 * 60;
    QVERIFY(run());
    m_provider.add(95 * 60);
    m_provider.now += 1;
    make(); // another start of the program
    const auto report = run();
    QCOMPARE(report->total.added, std::int64_t{1});
    QCOMPARE(report->total.pages, std::int64_t{2}); // ten minutes of overlap are one row more than a page
    QVERIFY(!report->gap);
}

void TestBackfill::webhookAndPollAreOneEvent()
{
    m_provider.add(1);
    m_provider.add(2);
    m_provider.now = 3;
    Event webhook = m_provider.events.front();
    webhook.source = EventSource::Webhook;
    m_journal->append(webhook, {});
    const auto report = run();
    QCOMPARE(report->total.added, std::int64_t{1});
    QCOMPARE(report->total.duplicates, std::int64_t{1});
    QCOMPARE(m_journal->count(), std::int64_t{2});
}

void TestBackfill::cutRunLeavesNoHole()
{
    for (int i = 0; i < 50; ++i)
        m_provider.add(i * 3600);
    m_provider.now = 50 * 3600;
    m_provider.failures = {{20, busy}};
    QSignalSpy failed(m_backfill.get(), &Backfill::failed);
    const auto report = run();
    QVERIFY(report);
    QCOMPARE(failed.size(), 1);
    QCOMPARE(m_journal->count(), std::int64_t{50});
    QCOMPARE(m_provider.asked, (std::vector<std::int64_t>{0, 10, 20, 20, 30, 40, 50})); // went on where it was
}

void TestBackfill::cutProgramLeavesNoHole()
{
    for (int i = 0; i < 50; ++i)
        m_provider.add(i * 3600);
    m_provider.now = 50 * 3600;
    m_provider.failures = {{20, Error{Error::Kind::Service, 401, "key revoked", {}}}};
    QSignalSpy failed(m_backfill.get(), &Backfill::failed);
    m_backfill->start();
    QTRY_COMPARE(failed.size(), 1);
    QCOMPARE(m_journal->count(), std::int64_t{20}); // the newest; a run that began at these would leave a hole
    make();
    QVERIFY(run());
    QCOMPARE(m_journal->count(), std::int64_t{50});
}

void TestBackfill::eventsInBetweenAreNotMissed()
{
    for (int i = 0; i < 40; ++i)
        m_provider.add(i * 3600);
    m_provider.now = 40 * 3600;
    connect(m_backfill.get(), &Backfill::progressed, this, [this, i = 0](const BackfillProgress &) mutable {
        if (i++ < 3)
            m_provider.add(40 * 3600 + i); // moves every row by one
    });
    QVERIFY(run());
    QVERIFY(run());
    QCOMPARE(m_journal->count(), std::int64_t{43});
}

void TestBackfill::gap_data()
{
    QTest::addColumn<double>("away");      // days since the last run
    QTest::addColumn<double>("retention"); // days, the provider's own
    QTest::addColumn<bool>("hasGap");
    QTest::addColumn<double>("from"); // seconds; the last event known is of 5 s, the last run of 10 s
    QTest::addColumn<double>("to");
    QTest::newRow("an hour") << 1 / 24.0 << 7.0 << false << 0.0 << 0.0;
    QTest::newRow("6.9 days") << 6.9 << 7.0 << false << 0.0 << 0.0;
    QTest::newRow("9 days") << 9.0 << 7.0 << true << 10.0 << 10 + 2 * day;
    QTest::newRow("forgets sooner") << 3.0 << 1.0 << true << 5.0 << 10 + 3 * day - 60;
}

void TestBackfill::gap()
{
    QFETCH(double, away);
    QFETCH(double, retention);
    QFETCH(bool, hasGap);
    QFETCH(double, from);
    QFETCH(double, to);
    m_provider.retention = retention * day;
    m_provider.add(5);
    m_provider.now = 10;
    QVERIFY(!run()->gap);
    m_provider.now = 10 + away * day;
    m_provider.add(m_provider.now - 60);
    make();
    const auto report = run();
    QCOMPARE(report->gap.has_value(), hasGap);
    if (hasGap) {
        QVERIFY(report->gap->from == at(from));
        QVERIFY(report->gap->to == at(to));
    }
}

void TestBackfill::gapIsToldOnce()
{
    m_provider.add(5);
    m_provider.now = 10;
    QVERIFY(run());
    m_provider.now = 9 * day; // nothing has happened since, as far as anybody can tell
    QVERIFY(run()->gap);
    QVERIFY(!run()->gap);
    m_provider.now += 1;
    make();
    QVERIFY(!run()->gap);
}

void TestBackfill::refusalStops_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("code");
    QTest::newRow("401") << 401 << QByteArray();
    QTest::newRow("403") << 403 << QByteArray();
    QTest::newRow("self-hosted") << 404 << QByteArray("not_supported");
    QTest::newRow("no key") << 0 << QByteArray("api_key_missing");
}

void TestBackfill::refusalStops()
{
    QFETCH(int, status);
    QFETCH(QByteArray, code);
    m_provider.failures = {{0, Error{Error::Kind::Service, status, "no", code.toStdString()}}};
    QSignalSpy failed(m_backfill.get(), &Backfill::failed);
    m_backfill->start();
    QTRY_COMPARE(failed.size(), 1);
    QVERIFY(m_backfill->state() == Backfill::State::Refused);
    m_backfill->runNow(); // no loop
    QCOMPARE(m_provider.asked.size(), std::size_t{1});
    QVERIFY(run()); // the person changed something
}

void TestBackfill::endlessListEnds()
{
    for (int i = 0; i < 30; ++i)
        m_provider.add(i);
    m_provider.now = 30;
    m_provider.ignoresOffset = true;
    m_options.firstRetry = 1h;
    make();
    QSignalSpy failed(m_backfill.get(), &Backfill::failed);
    m_backfill->start();
    QTRY_COMPARE(failed.size(), 1);
    QCOMPARE(failed.first().first().value<Error>().code, "endless_list");
    QVERIFY(m_provider.asked.size() < 10);
    QVERIFY(!m_marks->mark("cloud").newestEvent);
}

void TestBackfill::unreadableRowsAreCounted()
{
    for (int i = 0; i < 8; ++i)
        m_provider.add(i);
    m_provider.now = 10;
    m_provider.unreadable = 1;
    const auto report = run();
    QCOMPARE(report->total.unreadable, std::int64_t{1});
    QCOMPARE(report->total.added, std::int64_t{8});
}

void TestBackfill::fullJournalIsNoProgress()
{
    for (int i = 0; i < 30; ++i)
        m_provider.add(i);
    m_provider.now = 30;
    Journal::Options small;
    small.queueLimit = 0; // every append is answered Busy
    m_backfill.reset();
    m_journal = std::move(*Journal::open(m_dir->filePath(QStringLiteral("small.db")).toStdString(), small));
    m_options.firstRetry = 1h;
    make();
    QSignalSpy failed(m_backfill.get(), &Backfill::failed);
    m_backfill->start();
    QTRY_COMPARE(failed.size(), 1);
    QVERIFY(failed.first().first().value<Error>().kind == Error::Kind::Local);
    QVERIFY(!m_marks->mark("cloud").newestEvent);
    QCOMPARE(m_backfill->progress().added, std::int64_t{0});
}

void TestBackfill::damagedMarksReadAgain()
{
    m_provider.add(5);
    m_provider.now = 10;
    QVERIFY(run());
    for (const QByteArray &text :
         {QByteArray("{\"cloud\":"), QByteArray("[1]"), QByteArray(), QByteArray("{\"cloud\":7}")}) {
        QFile file(QString::fromStdString(marksFile().string()));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(text);
        file.close();
        make();
        const auto report = run();
        QVERIFY(report);
        QCOMPARE(report->total.duplicates, std::int64_t{1});
    }
}

void TestBackfill::runsAgainByItself()
{
    m_options.interval = 1ms;
    make();
    QSignalSpy finished(m_backfill.get(), &Backfill::finished);
    m_backfill->start();
    QTRY_VERIFY(finished.size() >= 3);
}

void TestBackfill::stopDropsTheAnswer()
{
    m_provider.isSilent = true;
    QSignalSpy failed(m_backfill.get(), &Backfill::failed);
    QSignalSpy finished(m_backfill.get(), &Backfill::finished);
    m_backfill->start();
    QVERIFY(m_backfill->state() == Backfill::State::Running);
    m_backfill->stop();
    QVERIFY(m_backfill->state() == Backfill::State::Stopped);
    m_provider.isSilent = false;
    m_provider.add(1);
    QVERIFY(run());
    QCOMPARE(finished.size(), 1);
    QVERIFY(failed.isEmpty());
}

QTEST_GUILESS_MAIN(TestBackfill)
#include "tst_backfill.moc"
