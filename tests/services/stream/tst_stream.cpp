// What the live stream tells, in which order, and where it goes on after a break.

#include "services/lifecycle/codeexecution.h"
#include "services/lifecycle/tracker.h"
#include "services/lifecycle/transferevents.h"
#include "services/stream/costticker.h"
#include "tests/services/stream/streamfixture.h"
#include "tests/services/stream/streamlistener.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::stream;
using namespace sandglass::test;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

class TestStream final : public StreamFixture
{
    Q_OBJECT
private Q_SLOTS:
    void tellsEventsAsTheOriginalDid();
    void recordsCarryTheBodyUnchanged();
    void liveEventsArriveInOrder();
    void resumesWithoutGapOrDuplicate();
    void whoReadsAheadIsNotToldTwice();
    void filtersByTypeAndTemplate();
    void resumesByEventId();
    void unknownPositionStartsAtTheBeginning();
    void costTicks();
    void tellsWhenItEnds();
    void thousandsComeWholeAndInOrder();
};

void TestStream::tellsEventsAsTheOriginalDid()
{
    StreamListener listener("ws://127.0.0.1:" + std::to_string(m_server->port()) + "/ws/sandbox-events", streamToken);
    QTRY_VERIFY(listener.isLive);
    QCOMPARE(boolOr(listener.hello, "resumed"), true);
    append({sample::created(0), sample::bare(EventType::Updated, 1, "e1"), sample::ended(EventType::Paused, 2, "e1", 0),
            sample::resumed(3, "e2"), sample::ended(EventType::Killed, 4, "e2", 3),
            sample::bare(EventType::Unknown, 5)});
    QTRY_COMPARE(listener.count(), 6U);
    std::vector<std::string> words;
    for (const Json &event : listener.events)
        words.push_back(stringOr(event, "status"));
    QCOMPARE(words, (std::vector<std::string>{"Created", "Updated", "Paused", "Resumed", "Terminated", "Mystery"}));
    const Json &created = listener.events[0];
    QCOMPARE(stringOr(created, "type"), std::string("sandbox.lifecycle.created"));
    QCOMPARE(stringOr(created, "sandbox_id"), std::string("sbx"));
    QCOMPARE(stringOr(created, "template"), std::string("tpl"));
    QCOMPARE(*timeOr(created, "timestamp"), sample::at(0));
    QCOMPARE(stringOr(created, "id"), sample::created(0).id);
    QCOMPARE(intOr(created, "seq"), 1);
    QVERIFY(created["cost"].is_null()); // nothing ended
    // 2 s of 2 vCPU and 0.5 GiB: 2 * (2 * 0.000014 + 0.5 * 0.0000045)
    QCOMPARE(stringOr(listener.events[2], "cost"), std::string("0.000060500000"));
    QVERIFY(!created.contains("record"));
    QVERIFY(!created.contains("session"));
}

void TestStream::recordsCarryTheBodyUnchanged()
{
    const std::string body = R"({"z":1, "version":"v2","id":"odd \"record\":{}","type":"sandbox.lifecycle.created",)"
                             R"("timestamp":"2026-08-20T10:15:30.5Z","sandbox_id":"isbx",  "a":[1,2]})";
    auto event = decodeEvent(body, EventSource::Webhook, sample::at(7));
    QVERIFY(event.has_value());
    event->session = "run-7";
    StreamServerOptions options;
    QTRY_COMPARE(m_server->statistics().clients, 0);
    QWebSocket socket;
    QStringList texts;
    connect(&socket, &QWebSocket::textMessageReceived, this, [&texts](const QString &text) { texts << text; });
    QNetworkRequest request(QUrl(QString::fromStdString(m_server->url() + "?full=1&after=0")));
    request.setRawHeader("Authorization", "Bearer " + QByteArray::fromStdString(streamToken));
    socket.open(request);
    append({*event});
    QTRY_COMPARE(texts.size(), 3); // hello, event, live
    const std::string text = (texts[1].contains(u"\"live\""_s) ? texts[2] : texts[1]).toStdString();
    const auto message = readMessage(text);
    QVERIFY(message.has_value());
    QCOMPARE(message->kind, Incoming::Kind::Event);
    QVERIFY(message->record.find(body) != std::string_view::npos);
    QCOMPARE(stringOr(message->fields, "id"), event->id);
    QCOMPARE(stringOr(message->fields, "session"), std::string("run-7"));
    const auto again = eventOfLine(message->record);
    QVERIFY(again.has_value());
    QCOMPARE(*again, *event);
}

void TestStream::liveEventsArriveInOrder()
{
    StreamListener first(m_server->url(), streamToken);
    StreamListener second(m_server->url(), streamToken);
    QTRY_VERIFY(first.isLive && second.isLive);
    for (int n = 1; n <= 300; n += 30)
        append(numberedEvents(n, 30));
    QTRY_COMPARE(first.count(), 300U);
    QTRY_COMPARE(second.count(), 300U);
    QCOMPARE(first.seqs(), range(1, 300));
    QCOMPARE(second.seqs(), range(1, 300));
    QCOMPARE(m_server->statistics().events, 600U);
}

void TestStream::resumesWithoutGapOrDuplicate()
{
    constexpr int total = 6'000;
    std::vector<std::int64_t> seen;
    int appended = 0;
    while (seen.size() < total) {
        const std::int64_t last = seen.empty() ? 0 : seen.back();
        StreamListener listener(m_server->url(), streamToken, u"after=%1"_s.arg(last));
        if (appended < total) { // some before, some while it catches up
            append(numberedEvents(appended + 1, 1'500));
            appended += 1'500;
        }
        const std::size_t before = seen.size();
        QTRY_VERIFY_WITH_TIMEOUT(listener.count() >= std::min<std::size_t>(700, total - before), 10'000);
        listener.socket.abort();
        const auto more = listener.seqs();
        seen.insert(seen.end(), more.begin(), more.end());
    }
    QCOMPARE(seen, range(1, total));
}

void TestStream::whoReadsAheadIsNotToldTwice()
{
    StreamListener first(m_server->url(), streamToken);
    QTRY_VERIFY(first.isLive);
    sample::appendAll(*m_journal, numberedEvents(1, 20)); // durable, but the server has not been told yet
    StreamListener ahead(m_server->url(), streamToken, u"after=0"_s);
    QTRY_COMPARE(ahead.count(), 20U);
    append(numberedEvents(21, 5));
    QTRY_COMPARE(ahead.count(), 25U);
    QTRY_COMPARE(first.count(), 25U);
    QTest::qWait(100);
    QCOMPARE(ahead.seqs(), range(1, 25));
    QCOMPARE(first.seqs(), range(1, 25));
}

void TestStream::filtersByTypeAndTemplate()
{
    const auto of = [](Event event, const char *templateId) {
        event.templateId = templateId;
        return event;
    };
    CodeExecution execution{"isbx1", "tpl-ml", 5, RunOutcome::Passed, {}, {}};
    append({of(numbered(1), "tpl-ml"), of(numbered(2), "base"), of(sample::bare(EventType::Paused, 3, "x"), "tpl-ml"),
            codeExecutedEvent(execution, sample::at(4))});
    const std::string url = m_server->url();
    StreamListener types(url, streamToken, u"after=0&types=sandbox.created,%20code_executed"_s);
    StreamListener template_(url, streamToken, u"after=0&template=tpl-*"_s);
    StreamListener both(url, streamToken, u"after=0&types=created&template=base"_s);
    QTRY_VERIFY(types.isLive && template_.isLive && both.isLive);
    QCOMPARE(types.seqs(), (std::vector<std::int64_t>{1, 2, 4}));
    QCOMPARE(template_.seqs(), (std::vector<std::int64_t>{1, 3, 4}));
    QCOMPARE(both.seqs(), (std::vector<std::int64_t>{2}));

    // By the readable name, told by the program or by an event.
    StreamListener named(url, streamToken, u"types=created&template=tta-ml-minimal"_s);
    QTRY_VERIFY(named.isLive);
    m_server->setTemplateName("tpl-ml", "tta-ml-minimal");
    append({of(numbered(5), "tpl-ml"), of(numbered(6), "base")});
    Event observed = of(sample::observedRunning(7, 6), "tpl-other");
    observed.templateAlias = "tta-ml-minimal";
    append({observed, of(numbered(8), "tpl-other")});
    QTRY_COMPARE(named.seqs(), (std::vector<std::int64_t>{5, 8}));
    QTRY_COMPARE(template_.count(), 6U); // 5 and both of tpl-other
}

void TestStream::resumesByEventId()
{
    append(numberedEvents(1, 10));
    StreamListener listener(m_server->url(), streamToken, u"after=event-7"_s);
    QTRY_VERIFY(listener.isLive);
    QCOMPARE(listener.seqs(), range(8, 10));
    QCOMPARE(boolOr(listener.hello, "resumed"), true);
    append(numberedEvents(11, 2));
    QTRY_COMPARE(listener.seqs(), range(8, 12));
}

void TestStream::unknownPositionStartsAtTheBeginning()
{
    append(numberedEvents(1, 5));
    for (const QString &query : {u"after=event-99"_s, u"after=99"_s, u"after_id=3"_s}) {
        StreamListener listener(m_server->url(), streamToken, query);
        QTRY_VERIFY(listener.isLive);
        QCOMPARE(boolOr(listener.hello, "resumed", true), false);
        QCOMPARE(listener.seqs(), range(1, 5));
    }
}

void TestStream::costTicks()
{
    Tracker tracker(*m_journal, prices(), [] { return sample::at(100); });
    connect(&tracker, &Tracker::eventsRecorded, this, [this] { m_server->eventsArrived(); });
    const CostTicker ticker(
        tracker, [this] { return m_server->statistics().clients > 0; },
        [this](const CostTick &tick) { m_server->setCost(tick); });
    tracker.start();
    StreamListener listener(m_server->url(), streamToken);
    QTRY_VERIFY(listener.isLive);
    QTRY_COMPARE(listener.costs.size(), 1U);
    QCOMPARE(intOr(listener.costs[0], "running", -1), 0);
    sample::appendAll(*m_journal,
                      {sample::created(0), sample::ended(EventType::Paused, 60, "e1", 0), sample::resumed(90, "e2")});
    QTRY_COMPARE(listener.count(), 3U); // told by the tracker
    QTRY_VERIFY(listener.costs.size() >= 2);
    const Json last = listener.costs.back();
    QCOMPARE(intOr(last, "running"), 1);
    // 60 s of 2 vCPU and 0.5 GiB ended; the size of the stretch that runs is known from the one before.
    QCOMPARE(stringOr(last, "cost"), tracker.costBetween(sample::at(-3600), sample::at(100)).toFixed(12));
    QVERIFY(stringOr(last, "cost") >= "0.001815000000");
    QTest::qWait(1'500);
    QVERIFY(listener.costs.size() <= 3); // nothing changes: nothing is said
    QCOMPARE(intOr(last, "unsized", -1), 0);
    sample::appendAll(*m_journal, {sample::created(95, "e3", "other")}); // without a size
    QTRY_COMPARE(intOr(listener.costs.back(), "unsized", -1), 1);
}

void TestStream::tellsWhenItEnds()
{
    StreamListener listener(m_server->url(), streamToken);
    QTRY_VERIFY(listener.isLive);
    append(numberedEvents(1, 3));
    QTRY_COMPARE(listener.count(), 3U);
    m_server.reset();
    QTRY_VERIFY(listener.isClosed);
    QCOMPARE(stringOr(listener.notice, "code"), std::string("shutting_down"));
    QCOMPARE(intOr(listener.notice, "resume_after"), 3);
    QCOMPARE(listener.socket.closeCode(), QWebSocketProtocol::CloseCodeGoingAway);
}

void TestStream::thousandsComeWholeAndInOrder()
{
    StreamListener first(m_server->url(), streamToken, u"full=1"_s);
    StreamListener second(m_server->url(), streamToken);
    QTRY_VERIFY(first.isLive && second.isLive);
    constexpr int events = 3'000;
    for (int from = 1; from <= events; from += 50) {
        append(numberedEvents(from, 50));
        QCoreApplication::processEvents();
    }
    QTRY_COMPARE_WITH_TIMEOUT(first.count(), std::size_t(events), 60'000);
    QTRY_COMPARE_WITH_TIMEOUT(second.count(), std::size_t(events), 60'000);
    QCOMPARE(first.seqs(), range(1, events));
    QCOMPARE(second.seqs(), range(1, events));
}

QTEST_GUILESS_MAIN(TestStream)
#include "tst_stream.moc"
