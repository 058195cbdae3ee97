#include "services/core/result.h"
#include "services/lifecycle/poller.h"

#include "services/lifecycle/journal.h"
#include "services/lifecycle/tracker.h"
#include "tests/services/lifecycle/events.h"

#include <QPromise>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <array>
#include <latch>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::lifecycle::sample;

namespace {

using List = Poller::List;

ObservedSandbox running(double startedAt, std::string id = "sbx")
{
    ObservedSandbox observed;
    observed.sandboxId = std::move(id);
    observed.templateId = "tpl";
    observed.templateAlias = "python";
    observed.state = "running";
    observed.startedAt = at(startedAt);
    observed.endAt = at(startedAt + 300);
    observed.cpuCount = 2;
    observed.memoryMb = 512;
    observed.metadata = {{"user", "42"}};
    return observed;
}

ObservedSandbox paused(double startedAt, std::string id = "sbx")
{
    ObservedSandbox observed = running(startedAt, std::move(id));
    observed.state = "paused";
    return observed;
}

} // namespace

class TestPoller : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

    void newSandboxIsObserved();
    void sameListIsNoNews();
    void sameNewsAfterRestartIsADuplicate();
    void sizeAndNameCompleteAWebhook();
    void changesAreNews();
    void eachPauseIsNews();
    void missedResumeIsNews();
    void missingTwiceIsLost();
    void missingOnceIsNothing();
    void failedPollsNeverLose();
    void killedIsNotLost();
    void oursAreLostAfterRestart();
    void lostAndBackAgain();
    void oddRowsArePassedOver();
    void failuresAreTold();
    void onePollAtATime();
    void waitsForTheReplay();
    void pollsOnItsOwn();
    void restsWhileWebhooksArrive();
    void waitsLongerAfterFailures();
    void refusalIsNoLoop();

private:
    void restart(PollerOptions options = {});
    /// One poll that answers `list`, seen through to the fold.
    void poll(const List &list);
    void pollFailing();
    void append(const Event &event);
    [[nodiscard]] const Sandbox *find(const std::string &id = "sbx") const { return m_tracker->fold().find(id); }
    [[nodiscard]] SandboxState state(const std::string &id = "sbx") const
    {
        const Sandbox *sandbox = find(id);
        return sandbox ? sandbox->state : SandboxState::Unknown;
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
    std::unique_ptr<Tracker> m_tracker;
    std::unique_ptr<Poller> m_poller;
    Result<List> m_answer;
    int m_asked = 0;
    Timestamp m_now = at(0);
};

void TestPoller::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_now = at(100);
    m_asked = 0;
    auto journal = Journal::open(m_dir->filePath(QStringLiteral("journal.db")).toStdString());
    QVERIFY(journal.has_value());
    m_journal = std::move(*journal);
    restart();
}

void TestPoller::cleanup()
{
    m_poller.reset();
    m_tracker.reset();
    m_journal.reset();
    m_dir.reset();
}

void TestPoller::restart(PollerOptions options)
{
    m_poller.reset();
    m_tracker = std::make_unique<Tracker>(*m_journal, cost::RateCard(), [this] { return m_now; });
    QSignalSpy replayed(m_tracker.get(), &Tracker::replayed);
    m_tracker->start();
    QVERIFY(replayed.wait());
    options.clock = [this] { return m_now; };
    m_poller = std::make_unique<Poller>(
        *m_journal, *m_tracker,
        [this] {
            ++m_asked;
            QPromise<Result<List>> promise;
            promise.start();
            promise.addResult(m_answer);
            promise.finish();
            return promise.future();
        },
        std::move(options));
}

void TestPoller::append(const Event &event)
{
    std::latch stored(1);
    m_journal->append(event, [&stored](Journal::Outcome) { stored.count_down(); });
    stored.wait();
    QTRY_VERIFY(find(event.sandboxId) && find(event.sandboxId)->lastEventAt >= event.timestamp);
}

void TestPoller::poll(const List &list)
{
    m_answer = list;
    QSignalSpy polled(m_poller.get(), &Poller::polled);
    m_poller->pollNow();
    QVERIFY(polled.wait());
    // What the poll has queued comes before this, and the tracker applies in order.
    Event mark = bare(EventType::Updated, 0, "mark", "mark");
    mark.id += std::to_string(m_asked);
    mark.timestamp += std::chrono::milliseconds(m_asked);
    append(mark);
    m_now += std::chrono::seconds(15);
}

void TestPoller::pollFailing()
{
    m_answer = failure(Error::Kind::Transport, "connection refused");
    QSignalSpy failed(m_poller.get(), &Poller::failed);
    m_poller->pollNow();
    QVERIFY(failed.wait());
    m_now += std::chrono::seconds(15);
}

void TestPoller::newSandboxIsObserved()
{
    poll({running(90), paused(20, "other")});
    QCOMPARE(state(), SandboxState::Running);
    const Sandbox &sandbox = *find();
    QCOMPARE(sandbox.templateId, std::string("tpl"));
    QCOMPARE(sandbox.templateName(), std::string("python"));
    QCOMPARE(sandbox.metadata.at("user"), std::string("42"));
    QCOMPARE(*sandbox.endAt, at(390));
    QCOMPARE(sandbox.runs.size(), std::size_t(1));
    QCOMPARE(sandbox.runs[0].start, at(90));
    QCOMPARE(sandbox.runs[0].vcpuCount, 2);
    QCOMPARE(sandbox.runs[0].memoryMb, 512);
    QCOMPARE(state("other"), SandboxState::Paused);
    QVERIFY(find("other")->runs.empty());

    const auto stored = m_journal->newest(10);
    const auto observed =
        std::ranges::find(*stored, EventType::Observed, [](const StoredEvent &s) { return s.event.type; });
    QVERIFY(observed != stored->end());
    QVERIFY(observed->event.source == EventSource::Poll);
}

void TestPoller::sameListIsNoNews()
{
    poll({running(90), paused(20, "other")});
    const auto count = m_journal->count();
    poll({running(90), paused(20, "other")});
    poll({running(90), paused(20, "other")});
    QCOMPARE(m_journal->count(), count + 2); // the marks
}

void TestPoller::sameNewsAfterRestartIsADuplicate()
{
    poll({running(90)});
    const std::string first = m_journal->newest(2)->back().event.id;
    QVERIFY(first.starts_with("observed:"));
    // Another journal, another process, later: the same content has the same id.
    cleanup();
    init();
    m_now = at(130);
    poll({running(90)});
    QCOMPARE(m_journal->newest(2)->back().event.id, first);
}

void TestPoller::sizeAndNameCompleteAWebhook()
{
    append(created(90));
    QCOMPARE(find()->runs[0].vcpuCount, 0);
    poll({running(89.5)});
    QCOMPARE(find()->runs.size(), std::size_t(1));
    QCOMPARE(find()->runs[0].start, at(90));
    QCOMPARE(find()->runs[0].vcpuCount, 2);
    QCOMPARE(find()->templateName(), std::string("python"));
    QCOMPARE(find()->eventCount, 2);
}

void TestPoller::changesAreNews()
{
    poll({running(90)});
    ObservedSandbox extended = running(90);
    extended.endAt = at(1000);
    poll({extended});
    QCOMPARE(*find()->endAt, at(1000));
    extended.endAt = at(1000.4); // rounded in another way
    poll({extended});
    QCOMPARE(find()->eventCount, 2);
}

void TestPoller::eachPauseIsNews()
{
    poll({running(90)});
    poll({paused(90)});
    QCOMPARE(state(), SandboxState::Paused);
    poll({running(125)});
    QCOMPARE(state(), SandboxState::Running);
    poll({paused(125)});
    QCOMPARE(state(), SandboxState::Paused);
    poll({running(155)});
    QCOMPARE(state(), SandboxState::Running);
    QCOMPARE(find()->runs.size(), std::size_t(3));
    ObservedSandbox bare = paused(0);
    bare.startedAt.reset(); // some servers tell no start: still each pause counts
    poll({bare});
    QCOMPARE(state(), SandboxState::Paused);
    poll({running(185)});
    poll({bare});
    QCOMPARE(state(), SandboxState::Paused);
}

void TestPoller::missedResumeIsNews()
{
    append(created(10));
    poll({running(10)});
    poll({running(110)});
    QCOMPARE(find()->runs.size(), std::size_t(2));
    QCOMPARE(*find()->runs[0].end, at(110));
    QVERIFY(!find()->runs[1].end);
}

void TestPoller::missingTwiceIsLost()
{
    poll({running(90)});
    poll({});
    QCOMPARE(state(), SandboxState::Running);
    poll({});
    QCOMPARE(state(), SandboxState::Lost);
    QCOMPARE(*find()->endedAt, at(115)); // the first list without it
    QCOMPARE(*find()->runs[0].end, at(115));
    const auto count = find()->eventCount;
    poll({});
    QCOMPARE(find()->eventCount, count);
}

void TestPoller::missingOnceIsNothing()
{
    poll({running(90)});
    poll({});
    poll({running(90)});
    poll({});
    QCOMPARE(state(), SandboxState::Running);
}

void TestPoller::failedPollsNeverLose()
{
    poll({running(90)});
    for (int i = 0; i < 5; ++i)
        pollFailing();
    QCOMPARE(state(), SandboxState::Running);
    poll({});
    pollFailing();
    QCOMPARE(state(), SandboxState::Running);
    poll({});
    QCOMPARE(state(), SandboxState::Lost);
}

void TestPoller::killedIsNotLost()
{
    poll({running(90)});
    poll({});
    append(ended(EventType::Killed, 110, "e1", 90));
    poll({});
    poll({});
    QCOMPARE(state(), SandboxState::Killed);
    QCOMPARE(find()->eventCount, 2);
    poll({running(90)}); // a list older than the kill
    QCOMPARE(find()->eventCount, 2);
}

void TestPoller::oursAreLostAfterRestart()
{
    append(created(10, "e1", "ours"));
    append(created(10, "e1", "elsewhere"));
    PollerOptions options;
    options.isOurs = [](const Sandbox &sandbox) { return sandbox.id == "ours"; };
    restart(options);
    poll({});
    poll({});
    QCOMPARE(state("ours"), SandboxState::Lost);
    QCOMPARE(state("elsewhere"), SandboxState::Running);
}

void TestPoller::lostAndBackAgain()
{
    poll({running(90)});
    for (int round = 0; round < 2; ++round) {
        poll({});
        poll({});
        QCOMPARE(state(), SandboxState::Lost);
        poll({running(90)});
        QCOMPARE(state(), SandboxState::Running);
        QCOMPARE(find()->runs.size(), std::size_t(1));
        QVERIFY(!find()->runs[0].end);
    }
}

void TestPoller::oddRowsArePassedOver()
{
    ObservedSandbox nameless = running(90, "");
    ObservedSandbox odd = running(90, "odd");
    odd.state = "dreaming";
    poll({nameless, odd});
    QVERIFY(!find("odd"));
    QVERIFY(!find(""));
}

void TestPoller::failuresAreTold()
{
    m_answer = failure(Error::Kind::Timeout, "no answer");
    QSignalSpy failed(m_poller.get(), &Poller::failed);
    m_poller->pollNow();
    QVERIFY(failed.wait());
    QCOMPARE(m_journal->count(), 0);
}

void TestPoller::onePollAtATime()
{
    m_answer = List{};
    m_poller->pollNow();
    m_poller->pollNow();
    QCOMPARE(m_asked, 1);
    QSignalSpy polled(m_poller.get(), &Poller::polled);
    QVERIFY(polled.wait());
    m_poller->pollNow();
    m_poller->stop(); // the answer is dropped
    QVERIFY(!polled.wait(20));
    QCOMPARE(m_asked, 2);
}

void TestPoller::waitsForTheReplay()
{
    m_poller.reset();
    m_tracker = std::make_unique<Tracker>(*m_journal, cost::RateCard(), [this] { return m_now; });
    m_answer = List{};
    PollerOptions options;
    options.interval = std::chrono::hours(1);
    m_poller = std::make_unique<Poller>(
        *m_journal, *m_tracker,
        [this] {
            ++m_asked;
            return QtFuture::makeReadyFuture(m_answer);
        },
        options);
    m_poller->start();
    QCOMPARE(m_asked, 0);
    m_tracker->start();
    QTRY_COMPARE(m_asked, 1);
}

void TestPoller::pollsOnItsOwn()
{
    PollerOptions options;
    options.interval = std::chrono::milliseconds(5);
    restart(options);
    m_answer = List{};
    m_poller->start();
    QTRY_VERIFY(m_asked >= 3);
}

void TestPoller::restsWhileWebhooksArrive()
{
    PollerOptions options;
    options.relaxedInterval = std::chrono::minutes(1);
    restart(options);
    using std::chrono::seconds;
    QVERIFY(m_poller->currentInterval() == seconds(15));
    Event polled = created(100, "p", "p");
    polled.source = EventSource::Poll;
    append(polled);
    QVERIFY(m_poller->currentInterval() == seconds(15));
    append(created(101));
    QTRY_VERIFY(m_poller->currentInterval() == seconds(60));
    m_now += std::chrono::minutes(5); // silence: perhaps none reach us any more
    QVERIFY(m_poller->currentInterval() == seconds(15));
}

void TestPoller::waitsLongerAfterFailures()
{
    using std::chrono::seconds;
    const std::array<int, 7> waits{15, 30, 60, 120, 240, 300, 300};
    for (const int wait : waits) {
        pollFailing();
        QCOMPARE(m_poller->currentInterval().count(), std::chrono::milliseconds(seconds(wait)).count());
    }
    poll({});
    QVERIFY(m_poller->currentInterval() == seconds(15));
}

void TestPoller::refusalIsNoLoop()
{
    PollerOptions options;
    options.interval = std::chrono::milliseconds(1);
    restart(options);
    m_answer = failure(Error::Kind::Service, "key revoked", 401);
    QSignalSpy failed(m_poller.get(), &Poller::failed);
    m_poller->start();
    QVERIFY(failed.wait());
    QVERIFY(m_poller->currentInterval() == std::chrono::minutes(5));
    QVERIFY(!failed.wait(50));
    QCOMPARE(m_asked, 1);
    m_answer = List{};
    m_poller->start(); // another key
    QTRY_VERIFY(m_asked >= 3);
}

QTEST_GUILESS_MAIN(TestPoller)
#include "tst_poller.moc"
