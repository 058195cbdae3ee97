#include "services/lifecycle/recordfile.h"
#include "services/stream/collectorfeed.h"
#include "services/stream/streamserver.h"
#include "tests/services/http/tlsclient.h"
#include "tests/services/lifecycle/events.h"
#include "tests/services/lifecycle/journalhelp.h"

#include <QTcpServer>
#include <QTcpSocket>
#include <QTemporaryDir>
#include <QTest>
#include <QWebSocketServer>

#include <set>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::stream;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace {

const std::string token = "stream-test-token-0123456789";

std::vector<Event> numberedEvents(int first, int count)
{
    std::vector<Event> events;
    for (int n = first; n < first + count; ++n) {
        Event event = sample::created(n, "run-" + std::to_string(n), "isbx" + std::to_string(n));
        event.id = "event-" + std::to_string(n);
        event.receivedAt = sample::at(n + 0.25);
        if (n % 3 == 0)
            event.session = "session-" + std::to_string(n % 7);
        events.push_back(event);
    }
    return events;
}

/// A journal with a stream, as a collector is one.
struct Collector
{
    explicit Collector(const QString &file, StreamServerOptions options = {})
    {
        journal = std::move(*Journal::open(file.toStdString()));
        serve(options);
    }
    void serve(StreamServerOptions options)
    {
        options.token = token;
        if (server)
            options.port = server->port();
        server.reset();
        server = std::make_unique<StreamServer>(*journal, cost::RateCard(), options);
        isServing = server->start().has_value();
    }
    void append(const std::vector<Event> &events)
    {
        sample::appendAll(*journal, events);
        if (server)
            server->eventsArrived();
    }
    [[nodiscard]] CollectorAddress address() const { return {server->url(), token}; }

    std::unique_ptr<Journal> journal;
    std::unique_ptr<StreamServer> server;
    bool isServing = false;
};

} // namespace

class TestStreamClient final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

    void takesOverWhatWasAndWhatComes();
    void resumesAfterTheCollectorWasAway();
    void resumesAfterItsOwnEnd();
    void freshCollectorStartsAgain();
    void mergesTwoWithoutDuplicates();
    void namesWhatIsWrong_data();
    void namesWhatIsWrong();
    void silenceAndNonsense();
    void journalThatFailsLosesNothing();
    void trustsAGivenCertificateOnly();
    void addressThatLeavesIsLetGo();

private:
    [[nodiscard]] std::unique_ptr<CollectorFeed> startFeed(std::vector<CollectorAddress> addresses,
                                                           StreamClientOptions options = {});
    [[nodiscard]] CollectorStatus statusOf(const CollectorFeed &feed) const;
    [[nodiscard]] QString file(const QString &name) const { return m_dir->filePath(name); }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
    std::unique_ptr<Collector> m_collector;
};

void TestStreamClient::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_journal = std::move(*Journal::open(file(u"journal.db"_s).toStdString()));
    m_collector = std::make_unique<Collector>(file(u"collector.db"_s));
    QVERIFY(m_collector->isServing);
}

void TestStreamClient::cleanup()
{
    m_collector.reset();
    m_journal.reset();
    m_dir.reset();
}

std::unique_ptr<CollectorFeed> TestStreamClient::startFeed(std::vector<CollectorAddress> addresses,
                                                           StreamClientOptions options)
{
    CollectorFeedOptions feed;
    feed.positionFile = file(u"collectors.json"_s).toStdString();
    feed.client = std::move(options);
    auto started = std::make_unique<CollectorFeed>(*m_journal, feed);
    started->setCollectors(std::move(addresses));
    return started;
}

CollectorStatus TestStreamClient::statusOf(const CollectorFeed &feed) const
{
    const auto all = feed.status();
    return all.empty() ? CollectorStatus() : all.front();
}

void TestStreamClient::takesOverWhatWasAndWhatComes()
{
    m_collector->append(numberedEvents(1, 5'000));
    const auto feed = startFeed({m_collector->address()});
    QTRY_COMPARE_WITH_TIMEOUT(m_journal->count(), 5'000, 20'000);
    QTRY_COMPARE(statusOf(*feed).state, CollectorState::Live);
    m_collector->append(numberedEvents(5'001, 10));
    QTRY_COMPARE(m_journal->count(), 5'010);
    const auto there = sample::readAll(*m_collector->journal);
    const auto here = sample::readAll(*m_journal);
    QCOMPARE(here.size(), there.size());
    for (std::size_t i = 0; i < here.size(); ++i)
        QVERIFY(here[i].event == there[i].event); // body, source, time of arrival and session, too
    QTRY_COMPARE(statusOf(*feed).position, (Position{"event-5010", 5'010}));
    QCOMPARE(statusOf(*feed).stored, 5'010U);
    QVERIFY(!statusOf(*feed).error);
}

void TestStreamClient::resumesAfterTheCollectorWasAway()
{
    const auto feed = startFeed({m_collector->address()});
    m_collector->append(numberedEvents(1, 10));
    QTRY_COMPARE(m_journal->count(), 10);
    const std::uint16_t port = m_collector->server->port();
    m_collector->server.reset();
    QTRY_COMPARE(statusOf(*feed).state, CollectorState::Waiting);
    QVERIFY(statusOf(*feed).error);
    m_collector->append(numberedEvents(11, 10));
    StreamServerOptions options;
    options.port = port;
    m_collector->serve(options);
    QVERIFY(m_collector->isServing);
    QTRY_COMPARE_WITH_TIMEOUT(m_journal->count(), 20, 15'000);
    QTRY_COMPARE(statusOf(*feed).state, CollectorState::Live);
    QCOMPARE(statusOf(*feed).duplicates, 0U);
}

void TestStreamClient::resumesAfterItsOwnEnd()
{
    m_collector->append(numberedEvents(1, 10));
    auto feed = startFeed({m_collector->address()});
    QTRY_COMPARE(m_journal->count(), 10);
    feed.reset(); // leaves its position
    m_collector->append(numberedEvents(11, 5));
    feed = startFeed({m_collector->address()});
    QTRY_COMPARE(m_journal->count(), 15);
    QTRY_COMPARE(statusOf(*feed).state, CollectorState::Live);
    QCOMPARE(statusOf(*feed).stored, 5U);
    QCOMPARE(statusOf(*feed).duplicates, 0U);
    feed.reset();

    // Without its position it asks for everything, and the journal knows what it has.
    QVERIFY(QFile::remove(file(u"collectors.json"_s)));
    feed = startFeed({m_collector->address()});
    QTRY_COMPARE(statusOf(*feed).duplicates, 15U);
    QCOMPARE(m_journal->count(), 15);
}

void TestStreamClient::freshCollectorStartsAgain()
{
    m_collector->append(numberedEvents(1, 10));
    const auto feed = startFeed({m_collector->address()});
    QTRY_COMPARE(m_journal->count(), 10);
    StreamServerOptions options;
    options.port = m_collector->server->port();
    m_collector.reset();
    m_collector = std::make_unique<Collector>(file(u"other.db"_s), options); // its numbers begin again
    QVERIFY(m_collector->isServing);
    m_collector->append(numberedEvents(101, 3));
    QTRY_COMPARE_WITH_TIMEOUT(m_journal->count(), 13, 15'000);
}

void TestStreamClient::mergesTwoWithoutDuplicates()
{
    Collector other(file(u"second.db"_s));
    QVERIFY(other.isServing);
    m_collector->append(numberedEvents(1, 2'000));
    other.append(numberedEvents(1'001, 2'000));
    const auto feed = startFeed({m_collector->address(), other.address()});
    QTRY_COMPARE_WITH_TIMEOUT(m_journal->count(), 3'000, 20'000);
    QTRY_VERIFY(feed->status()[0].state == CollectorState::Live && feed->status()[1].state == CollectorState::Live);
    QTRY_COMPARE(feed->status()[0].duplicates + feed->status()[1].duplicates, 1'000U);
    std::set<std::string> ids;
    for (const StoredEvent &stored : sample::readAll(*m_journal))
        ids.insert(stored.event.id);
    QCOMPARE(ids.size(), 3'000U);
}

void TestStreamClient::namesWhatIsWrong_data()
{
    QTest::addColumn<std::string>("url");
    QTest::addColumn<std::string>("givenToken");
    QTest::addColumn<CollectorState>("state");
    QTest::addColumn<Error::Kind>("kind");
    QTest::addColumn<int>("status");
    QTest::addColumn<std::string>("code");
    const std::string none;
    QTest::newRow("token") << none << std::string("another-token-0123456789") << CollectorState::Waiting
                           << Error::Kind::Http << 401 << none;
    QTest::newRow("path") << std::string("/elsewhere") << token << CollectorState::Waiting << Error::Kind::Http << 404
                          << none;
    QTest::newRow("nobody") << std::string("ws://127.0.0.1:1/stream") << token << CollectorState::Waiting
                            << Error::Kind::Transport << 0 << none;
    QTest::newRow("plain text over the net")
        << std::string("ws://collector.example") << token << CollectorState::Refused << Error::Kind::Local << 0
        << std::string("needs_tls");
    QTest::newRow("no stream") << std::string("https://collector.example") << token << CollectorState::Refused
                               << Error::Kind::Local << 0 << none;
}

void TestStreamClient::namesWhatIsWrong()
{
    QFETCH(std::string, url);
    QFETCH(std::string, givenToken);
    QFETCH(CollectorState, state);
    QFETCH(Error::Kind, kind);
    QFETCH(int, status);
    QFETCH(std::string, code);
    if (url.empty() || url.starts_with('/'))
        url = "ws://127.0.0.1:" + std::to_string(m_collector->server->port()) + url;
    const auto feed = startFeed({{url, givenToken}});
    QTRY_COMPARE(statusOf(*feed).state, state);
    const auto error = statusOf(*feed).error;
    QVERIFY(error);
    QCOMPARE(error->kind, kind);
    QCOMPARE(error->status, status);
    QCOMPARE(error->code, code);
    QVERIFY(!error->message.empty());
    QVERIFY(error->message.find(givenToken) == std::string::npos);
}

void TestStreamClient::silenceAndNonsense()
{
    QTcpServer mute; // takes connections and says nothing
    QVERIFY(mute.listen(QHostAddress::LocalHost));
    StreamClientOptions options;
    options.answerLimit = 300ms;
    const auto feed = startFeed({{"ws://127.0.0.1:" + std::to_string(mute.serverPort()), token}}, options);
    QTRY_COMPARE(statusOf(*feed).state, CollectorState::Waiting);
    QCOMPARE(statusOf(*feed).error->kind, Error::Kind::Timeout);

    QWebSocketServer babbler(u"babbler"_s, QWebSocketServer::NonSecureMode);
    QVERIFY(babbler.listen(QHostAddress::LocalHost));
    connect(&babbler, &QWebSocketServer::newConnection, this, [&babbler] {
        QWebSocket *socket = babbler.nextPendingConnection();
        socket->setParent(&babbler);
        socket->sendTextMessage(u"{\"price\": 3}"_s);
    });
    feed->setCollectors({{babbler.serverUrl().toString().toStdString(), token}});
    QTRY_VERIFY(statusOf(*feed).error && statusOf(*feed).error->kind == Error::Kind::Decode);
}

void TestStreamClient::journalThatFailsLosesNothing()
{
    m_journal.reset();
    Journal::Options tight;
    tight.queueLimit = 50; // Busy almost at once
    m_journal = std::move(*Journal::open(file(u"journal.db"_s).toStdString(), tight));
    m_collector->append(numberedEvents(1, 2'000));
    StreamClientOptions options;
    options.inFlight = 200;
    const auto feed = startFeed({m_collector->address()}, options);
    QTRY_COMPARE_WITH_TIMEOUT(m_journal->count(), 2'000, 60'000);
    QTRY_COMPARE_WITH_TIMEOUT(statusOf(*feed).position, (Position{"event-2000", 2'000}), 30'000);
}

void TestStreamClient::trustsAGivenCertificateOnly()
{
    const auto files = test::makeCertificate(m_dir->path().toStdString());
    StreamServerOptions tls;
    tls.certificateFile = files.certificate;
    tls.keyFile = files.key;
    Collector secured(file(u"tls.db"_s), tls);
    QVERIFY(secured.isServing);
    secured.append(numberedEvents(1, 4));
    auto feed = startFeed({secured.address()});
    QTRY_COMPARE(statusOf(*feed).state, CollectorState::Waiting);
    QCOMPARE(statusOf(*feed).error->code, std::string("tls"));
    QCOMPARE(m_journal->count(), 0);
    feed.reset();
    StreamClientOptions options;
    options.certificateFile = files.certificate;
    feed = startFeed({secured.address()}, options);
    QTRY_COMPARE(m_journal->count(), 4);
}

void TestStreamClient::addressThatLeavesIsLetGo()
{
    const auto feed = startFeed({m_collector->address()});
    QTRY_COMPARE(m_collector->server->statistics().clients, 1);
    feed->setCollectors({m_collector->address()}); // the same: stays connected
    QTest::qWait(100);
    QCOMPARE(m_collector->server->statistics().accepted, 1U);
    feed->setCollectors({});
    QTRY_COMPARE(m_collector->server->statistics().clients, 0);
    QTRY_VERIFY(feed->status().empty());
}

QTEST_GUILESS_MAIN(TestStreamClient)
#include "tst_streamclient.moc"
