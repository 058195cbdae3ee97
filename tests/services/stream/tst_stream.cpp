#include "services/cost/ratecard.h"
#include "services/lifecycle/subscription.h"
#include "services/lifecycle/tracker.h"
#include "services/stream/costticker.h"
#include "services/stream/streamserver.h"
#include "tests/services/http/rawclient.h"
#include "tests/services/http/tlsclient.h"
#include "tests/services/lifecycle/events.h"
#include "tests/services/lifecycle/journalhelp.h"
#include "tests/services/stream/streamlistener.h"

#include <QTemporaryDir>
#include <QTest>

#include <numeric>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::stream;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using sandglass::test::RawClient;
using sandglass::test::StreamListener;

namespace {

const std::string token = "stream-test-token-0123456789";

Event numbered(int n)
{
    Event event = sample::created(n, "run-" + std::to_string(n), "isbx" + std::to_string(n));
    event.id = "event-" + std::to_string(n);
    return event;
}

std::vector<Event> numberedEvents(int first, int count)
{
    std::vector<Event> events;
    for (int n = first; n < first + count; ++n)
        events.push_back(numbered(n));
    return events;
}

std::vector<std::int64_t> range(std::int64_t first, std::int64_t last)
{
    std::vector<std::int64_t> all(static_cast<std::size_t>(last - first + 1));
    std::iota(all.begin(), all.end(), first);
    return all;
}

std::string upgrade(std::string_view target, std::string_view headers)
{
    return "GET " + std::string(target)
        + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        + std::string(headers) + "\r\n";
}

std::string manyTypes()
{
    std::string list;
    for (int i = 0; i < 33; ++i)
        list += "t,";
    return list;
}

std::string bearer()
{
    return "Authorization: Bearer " + token + "\r\n";
}

cost::RateCard prices()
{
    return *cost::RateCard::fromJson(
        R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z","usd_per_vcpu_second":"0.000014",)"
        R"("usd_per_gib_second":"0.0000045","source":"test"}]})");
}

} // namespace

class TestStream final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

    void refuses_data();
    void refuses();
    void needsATokenAndTls();
    void tellsEventsAsTheOriginalDid();
    void recordsCarryTheBodyUnchanged();
    void liveEventsArriveInOrder();
    void resumesWithoutGapOrDuplicate();
    void whoReadsAheadIsNotToldTwice();
    void filtersByTypeAndTemplate();
    void resumesByEventId();
    void unknownPositionStartsAtTheBeginning();
    void slowClientIsDroppedAndOthersGoOn();
    void clientThatSendsIsDismissed();
    void halfRequestsAreClosed();
    void boundsClientsAndConnections();
    void costTicks();
    void encrypted();
    void tellsWhenItEnds();
    void keepsUpWithAThousandEventsASecond();

private:
    std::unique_ptr<StreamServer> startServer(StreamServerOptions options = {});
    void append(const std::vector<Event> &events);

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
    std::unique_ptr<StreamServer> m_server;
};

void TestStream::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    auto journal = Journal::open(m_dir->filePath(u"journal.db"_s).toStdString());
    QVERIFY(journal.has_value());
    m_journal = std::move(*journal);
    m_server = startServer();
    QVERIFY(m_server);
}

void TestStream::cleanup()
{
    m_server.reset();
    m_journal.reset();
    m_dir.reset();
}

std::unique_ptr<StreamServer> TestStream::startServer(StreamServerOptions options)
{
    options.token = token;
    auto server = std::make_unique<StreamServer>(*m_journal, prices(), options);
    const auto started = server->start();
    if (!started)
        qWarning("%s", started.error().message.c_str());
    return started ? std::move(server) : nullptr;
}

void TestStream::append(const std::vector<Event> &events)
{
    for (const auto outcome : sample::appendAll(*m_journal, events))
        QCOMPARE(outcome, Journal::Outcome::Stored);
    m_server->eventsArrived();
}

void TestStream::refuses_data()
{
    QTest::addColumn<QString>("request");
    QTest::addColumn<int>("status");
    const auto text = [](const std::string &s) { return QString::fromStdString(s); };
    QTest::newRow("no token") << text(upgrade("/stream", "")) << 401;
    QTest::newRow("wrong token") << text(upgrade("/stream", "Authorization: Bearer nonsense\r\n")) << 401;
    QTest::newRow("two tokens") << text(upgrade("/stream", bearer() + bearer())) << 401;
    QTest::newRow("token in the query") << text(upgrade("/stream?token=" + token, "")) << 401;
    QTest::newRow("page of a browser") << text(upgrade("/stream", bearer() + "Origin: https://evil.example\r\n"))
                                       << 403;
    QTest::newRow("local page") << text(upgrade("/stream", bearer() + "Origin: http://localhost\r\n")) << 403;
    QTest::newRow("other path") << text(upgrade("/", bearer())) << 404;
    QTest::newRow("bad position") << text(upgrade("/stream?after=-1", bearer())) << 400;
    QTest::newRow("too many types") << text(upgrade("/stream?types=" + manyTypes(), bearer())) << 400;
    QTest::newRow("no request") << u"hello\r\n\r\n"_s << 400;
    QTest::newRow("post") << text("POST /stream HTTP/1.1\r\n" + bearer() + "Content-Length: 0\r\n\r\n") << 405;
    QTest::newRow("no upgrade") << text("GET /stream HTTP/1.1\r\n" + bearer() + "\r\n") << 426;
    QTest::newRow("huge headers") << text("GET /stream HTTP/1.1\r\nX: " + std::string(20'000, 'x')) << 431;
}

void TestStream::refuses()
{
    QFETCH(QString, request);
    QFETCH(int, status);
    RawClient client(m_server->port());
    QVERIFY(client.send(request.toStdString()));
    QCOMPARE(client.reply().status, status);
    QVERIFY(client.isClosedByPeer());
    QCOMPARE(m_server->statistics().accepted, 0U);
    QCOMPARE(m_server->statistics().refused, 1U);
}

void TestStream::needsATokenAndTls()
{
    StreamServerOptions options;
    options.token = "short";
    QCOMPARE(StreamServer(*m_journal, {}, options).start().error().code, std::string("needs_token"));
    options.token = token;
    options.address = "0.0.0.0";
    QCOMPARE(StreamServer(*m_journal, {}, options).start().error().code, std::string("needs_tls"));
    options.address = "127.0.0.1";
    options.port = m_server->port();
    const auto taken = StreamServer(*m_journal, {}, options).start();
    QVERIFY(!taken);
    QVERIFY(taken.error().message.find(std::to_string(m_server->port())) != std::string::npos);
}

void TestStream::tellsEventsAsTheOriginalDid()
{
    StreamListener listener("ws://127.0.0.1:" + std::to_string(m_server->port()) + "/ws/sandbox-events", token);
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
}

void TestStream::recordsCarryTheBodyUnchanged()
{
    const std::string body = R"({"z":1, "version":"v2","id":"odd \"record\":{}","type":"sandbox.lifecycle.created",)"
                             R"("timestamp":"2026-08-20T10:15:30.5Z","sandbox_id":"isbx",  "a":[1,2]})";
    auto event = decodeEvent(body, EventSource::Webhook, sample::at(7));
    QVERIFY(event.has_value());
    const std::string type = event->typeName;
    StreamServerOptions options;
    QTRY_COMPARE(m_server->statistics().clients, 0);
    QWebSocket socket;
    QStringList texts;
    connect(&socket, &QWebSocket::textMessageReceived, this, [&texts](const QString &text) { texts << text; });
    QNetworkRequest request(QUrl(QString::fromStdString(m_server->url() + "?full=1&after=0")));
    request.setRawHeader("Authorization", "Bearer " + QByteArray::fromStdString(token));
    socket.open(request);
    append({*event});
    QTRY_COMPARE(texts.size(), 3); // hello, event, live
    const std::string text = (texts[1].contains(u"\"live\""_s) ? texts[2] : texts[1]).toStdString();
    const auto message = readMessage(text);
    QVERIFY(message.has_value());
    QCOMPARE(message->kind, Incoming::Kind::Event);
    QVERIFY(message->record.find(body) != std::string_view::npos);
    QCOMPARE(stringOr(message->fields, "id"), event->id);
}

void TestStream::liveEventsArriveInOrder()
{
    StreamListener first(m_server->url(), token);
    StreamListener second(m_server->url(), token);
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
        StreamListener listener(m_server->url(), token, u"after=%1"_s.arg(last));
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
    StreamListener first(m_server->url(), token);
    QTRY_VERIFY(first.isLive);
    sample::appendAll(*m_journal, numberedEvents(1, 20)); // durable, but the server has not been told yet
    StreamListener ahead(m_server->url(), token, u"after=0"_s);
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
    CodeExecution execution{"isbx1", "tpl-ml", 5, true, {}};
    append({of(numbered(1), "tpl-ml"), of(numbered(2), "base"), of(sample::bare(EventType::Paused, 3, "x"), "tpl-ml"),
            codeExecutedEvent(execution, sample::at(4))});
    const std::string url = m_server->url();
    StreamListener types(url, token, u"after=0&types=sandbox.created,%20code_executed"_s);
    StreamListener template_(url, token, u"after=0&template=tpl-*"_s);
    StreamListener both(url, token, u"after=0&types=created&template=base"_s);
    QTRY_VERIFY(types.isLive && template_.isLive && both.isLive);
    QCOMPARE(types.seqs(), (std::vector<std::int64_t>{1, 2, 4}));
    QCOMPARE(template_.seqs(), (std::vector<std::int64_t>{1, 3, 4}));
    QCOMPARE(both.seqs(), (std::vector<std::int64_t>{2}));

    // By the readable name, told by the program or by an event.
    StreamListener named(url, token, u"types=created&template=tta-ml-minimal"_s);
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
    StreamListener listener(m_server->url(), token, u"after=event-7"_s);
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
        StreamListener listener(m_server->url(), token, query);
        QTRY_VERIFY(listener.isLive);
        QCOMPARE(boolOr(listener.hello, "resumed", true), false);
        QCOMPARE(listener.seqs(), range(1, 5));
    }
}

void TestStream::slowClientIsDroppedAndOthersGoOn()
{
    StreamServerOptions options;
    options.stallLimit = 2s; // a busy machine must not make the other one look slow
    m_server = startServer(options);
    QVERIFY(m_server);
    RawClient stuck(m_server->port(), 4096);
    QVERIFY(stuck.send(upgrade("/stream?full=1", bearer())));
    QCOMPARE(stuck.reply(false).status, 101);
    StreamListener reader(m_server->url(), token, u"full=1"_s);
    QTRY_VERIFY(reader.isLive);
    QTRY_COMPARE(m_server->statistics().clients, 2);

    constexpr int count = 120;
    std::vector<Event> events = numberedEvents(1, count);
    for (Event &event : events)
        event.metadata["padding"] = std::string(50'000, 'x');
    append(events);
    QTRY_COMPARE_WITH_TIMEOUT(reader.count(), std::size_t(count), 20'000);
    QCOMPARE(reader.seqs(), range(1, count));
    QTRY_COMPARE_WITH_TIMEOUT(m_server->statistics().clients, 1, 20'000);
    QCOMPARE(m_server->statistics().dropped, 1U);
    QVERIFY(stuck.isClosedByPeer());
    append(numberedEvents(count + 1, 1));
    QTRY_COMPARE(reader.count(), std::size_t(count + 1));
}

void TestStream::clientThatSendsIsDismissed()
{
    StreamListener chatty(m_server->url(), token);
    QTRY_VERIFY(chatty.isLive);
    chatty.socket.sendTextMessage(u"tell me more"_s);
    QTRY_VERIFY(chatty.isClosed);
    QCOMPARE(stringOr(chatty.notice, "code"), std::string("no_messages"));
    QTRY_COMPARE(m_server->statistics().clients, 0);
    StreamListener flooding(m_server->url(), token);
    QTRY_VERIFY(flooding.isLive);
    flooding.socket.sendBinaryMessage(QByteArray(100'000, 'x'));
    QTRY_VERIFY(flooding.isClosed);
    QTRY_COMPARE(m_server->statistics().clients, 0);
}

void TestStream::halfRequestsAreClosed()
{
    StreamServerOptions options;
    options.handshakeLimit = 300ms;
    m_server = startServer(options);
    RawClient silent(m_server->port());
    RawClient half(m_server->port());
    QVERIFY(half.send("GET /stream HTTP/1.1\r\nHost: loc"));
    RawClient broken(m_server->port()); // admitted, but no WebSocket: the key is missing
    QVERIFY(broken.send("GET /stream HTTP/1.1\r\nUpgrade: websocket\r\n" + bearer() + "\r\n"));
    QVERIFY(silent.isClosedByPeer(3'000));
    QVERIFY(half.isClosedByPeer(3'000));
    QVERIFY(broken.isClosedByPeer(3'000));
    QCOMPARE(m_server->statistics().clients, 0);
}

void TestStream::boundsClientsAndConnections()
{
    StreamServerOptions options;
    options.maxClients = 2;
    options.maxConnections = 4;
    m_server = startServer(options);
    StreamListener first(m_server->url(), token);
    StreamListener second(m_server->url(), token);
    QTRY_VERIFY(first.isLive && second.isLive);
    RawClient third(m_server->port());
    QVERIFY(third.send(upgrade("/stream", bearer())));
    QCOMPARE(third.reply().status, 503);
    third.close();
    QTest::qWait(50);
    RawClient idle(m_server->port());
    RawClient alsoIdle(m_server->port());
    RawClient oneTooMany(m_server->port());
    QVERIFY(oneTooMany.isClosedByPeer(3'000));
    QVERIFY(first.socket.isValid());
    append(numberedEvents(1, 1));
    QTRY_COMPARE(second.count(), 1U);
}

void TestStream::costTicks()
{
    Tracker tracker(*m_journal, prices(), [] { return sample::at(100); });
    connect(&tracker, &Tracker::eventsRecorded, this, [this] { m_server->eventsArrived(); });
    const CostTicker ticker(
        tracker, [this] { return m_server->statistics().clients > 0; },
        [this](const CostTick &tick) { m_server->setCost(tick); });
    tracker.start();
    StreamListener listener(m_server->url(), token);
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
}

void TestStream::encrypted()
{
    const auto files = test::makeCertificate(m_dir->path().toStdString());
    StreamServerOptions options;
    options.certificateFile = files.certificate;
    options.keyFile = files.key;
    options.stallLimit = 2s; // a busy machine must not make the other one look slow
    m_server = startServer(options);
    QVERIFY(m_server);
    QVERIFY(m_server->url().starts_with("wss://"));
    StreamListener listener(m_server->url(), token, u"after=0"_s);
    QTRY_VERIFY(listener.isLive);
    append(numberedEvents(1, 3'000));
    QTRY_COMPARE_WITH_TIMEOUT(listener.count(), 3'000U, 10'000);
    QCOMPARE(listener.seqs(), range(1, 3'000));

    RawClient plain(m_server->port()); // no TLS: closed
    QVERIFY(plain.send(upgrade("/stream", bearer())));
    QVERIFY(plain.isClosedByPeer());

    test::TlsClient stuck(m_server->port()); // what TLS has encrypted already counts as waiting
    QVERIFY(stuck.isConnected());
    QVERIFY(stuck.send(upgrade("/stream?full=1", bearer())));
    QTRY_COMPARE(m_server->statistics().clients, 2);
    std::vector<Event> events = numberedEvents(4'000, 200);
    for (Event &event : events)
        event.metadata["padding"] = std::string(100'000, 'x');
    append(events);
    QTRY_COMPARE_WITH_TIMEOUT(m_server->statistics().dropped, 1U, 15'000);
    QTRY_COMPARE_WITH_TIMEOUT(listener.count(), 3'200U, 10'000);

    options.keyFile = test::makeCertificate(m_dir->path().toStdString(), "other").key;
    options.token = token;
    QVERIFY(!StreamServer(*m_journal, {}, options).start());
}

void TestStream::tellsWhenItEnds()
{
    StreamListener listener(m_server->url(), token);
    QTRY_VERIFY(listener.isLive);
    append(numberedEvents(1, 3));
    QTRY_COMPARE(listener.count(), 3U);
    m_server.reset();
    QTRY_VERIFY(listener.isClosed);
    QCOMPARE(stringOr(listener.notice, "code"), std::string("shutting_down"));
    QCOMPARE(intOr(listener.notice, "resume_after"), 3);
    QCOMPARE(listener.socket.closeCode(), QWebSocketProtocol::CloseCodeGoingAway);
}

void TestStream::keepsUpWithAThousandEventsASecond()
{
    StreamListener first(m_server->url(), token, u"full=1"_s);
    StreamListener second(m_server->url(), token);
    QTRY_VERIFY(first.isLive && second.isLive);
    QElapsedTimer timer;
    timer.start();
    constexpr int seconds = 3;
    qint64 worst = 0;
    for (int batch = 0; batch < seconds * 20; ++batch) { // 50 every 50 ms
        append(numberedEvents(batch * 50 + 1, 50));
        const qint64 sent = timer.elapsed();
        QTRY_VERIFY_WITH_TIMEOUT(second.count() == std::size_t(batch + 1) * 50, 2'000);
        worst = std::max(worst, timer.elapsed() - sent);
        if (const qint64 due = (batch + 1) * 50; timer.elapsed() < due)
            QTest::qWait(static_cast<int>(due - timer.elapsed()));
    }
    QTRY_COMPARE(first.count(), std::size_t(seconds) * 1'000);
    qInfo("worst delay of a batch %lld ms, all after %lld ms", worst, timer.elapsed());
    QVERIFY(timer.elapsed() < seconds * 1'000 + 1'500);
    QCOMPARE(first.seqs(), range(1, seconds * 1'000));
    QCOMPARE(second.seqs(), range(1, seconds * 1'000));
}

QTEST_GUILESS_MAIN(TestStream)
#include "tst_stream.moc"
