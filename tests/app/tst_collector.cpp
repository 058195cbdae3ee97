// The real sandglass-collector: webhooks in, stream out, through signals and kill -9.

#include "services/stream/collectorfeed.h"
#include "tests/app/collectorprocess.h"
#include "tests/services/http/tlsclient.h"
#include "tests/services/lifecycle/journalhelp.h"
#include "tests/services/stream/streamlistener.h"

#include <QTemporaryDir>
#include <QTest>

#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <set>
#include <thread>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using sandglass::stream::CollectorFeed;
using sandglass::stream::CollectorState;
using sandglass::test::CollectorProcess;
using sandglass::test::RawClient;
using sandglass::test::signedDelivery;
using sandglass::test::StreamListener;

class TestCollector final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();

    void saysHowItIsUsed_data();
    void saysHowItIsUsed();
    void webhooksReachTheStream();
    void endsOnASignal_data();
    void endsOnASignal();
    void nothingAcknowledgedIsLost();
    void runawaysAfterTheMinutesGiven_data();
    void runawaysAfterTheMinutesGiven();
    void twoMergeIntoOneJournal();
    void encryptedWithAGivenToken();
    void oneProfileHasOneCollector();
    void tellsTheServiceManager();

private:
    [[nodiscard]] QString folder(const QString &name) const { return m_dir->filePath(name); }
    [[nodiscard]] std::unique_ptr<CollectorFeed> startFeed(Journal &journal) const;

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestCollector::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
}

std::unique_ptr<CollectorFeed> TestCollector::startFeed(Journal &journal) const
{
    stream::CollectorFeedOptions options;
    options.positionFile = folder(u"collectors.json"_s).toStdString();
    return std::make_unique<CollectorFeed>(journal, options);
}

void TestCollector::saysHowItIsUsed_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("exitCode");
    QTest::addColumn<QByteArray>("says");
    const QString profile = u"PROFILE"_s; // there is no folder yet
    QTest::newRow("help") << QStringList{u"--help"_s} << 0 << QByteArray("--stream-port");
    QTest::newRow("version") << QStringList{u"--version"_s} << 0 << QByteArray("sandglass-collector 0");
    QTest::newRow("unknown option") << QStringList{u"--nonsense"_s} << 2 << QByteArray("nonsense");
    QTest::newRow("port") << QStringList{u"--stream-port"_s, u"70000"_s} << 2 << QByteArray("65535");
    QTest::newRow("half a certificate") << QStringList{u"--certificate"_s, u"x.pem"_s} << 2
                                        << QByteArray("go together");
    QTest::newRow("no level") << QStringList{u"--log"_s, u"loud"_s} << 2 << QByteArray("--log takes");
    QTest::newRow("empty path") << QStringList{u"--profile"_s, u""_s} << 2 << QByteArray("--profile takes a path");
    QTest::newRow("days") << QStringList{u"--keep-days"_s, u"-3"_s} << 2 << QByteArray("--keep-days");
    QTest::newRow("runaways") << QStringList{u"--runaway-minutes"_s, u"soon"_s} << 2 << QByteArray("--runaway-minutes");
    QTest::newRow("argument") << QStringList{u"file"_s} << 2 << QByteArray("file");
    QTest::newRow("open to the net without TLS")
        << QStringList{u"--profile"_s, profile, u"--bind"_s, u"0.0.0.0"_s} << 1 << QByteArray("needs a certificate");
    QTest::newRow("no token file") << QStringList{u"--profile"_s, profile, u"--token-file"_s, profile + u"/none"_s} << 1
                                   << QByteArray("cannot read");
}

void TestCollector::saysHowItIsUsed()
{
    QFETCH(QStringList, arguments);
    QFETCH(int, exitCode);
    QFETCH(QByteArray, says);
    QProcess process;
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(CollectorProcess::program(), arguments.replaceInStrings(u"PROFILE"_s, folder(u"p"_s)));
    QVERIFY(process.waitForFinished());
    QCOMPARE(process.exitCode(), exitCode);
    const QByteArray output = process.readAll();
    QVERIFY2(output.contains(says), output);
}

void TestCollector::webhooksReachTheStream()
{
    CollectorProcess collector(folder(u"one"_s));
    const QByteArray fault = collector.start();
    QVERIFY2(fault.isEmpty(), fault);
    QCOMPARE(QFile::permissions(QString::fromStdString(collector.tokenFile))
                 & (QFile::ReadGroup | QFile::ReadOther | QFile::WriteGroup | QFile::WriteOther),
             QFile::Permissions());
    StreamListener listener(collector.streamUrl, collector.token());
    QTRY_VERIFY(listener.isLive);
    RawClient sender(collector.receiverPort);
    for (int n = 1; n <= 20; ++n) {
        QVERIFY(sender.send(signedDelivery(n)));
        QCOMPARE(sender.reply().status, 200);
    }
    QVERIFY(sender.send(signedDelivery(20))); // once more: acknowledged, not told twice
    QCOMPARE(sender.reply().status, 200);
    QTRY_COMPARE(listener.count(), 20U);
    QCOMPARE(stringOr(listener.events[0], "id"), std::string("delivery-1"));
    QCOMPARE(stringOr(listener.events[0], "status"), std::string("Created"));
    QTRY_VERIFY(!listener.costs.empty() && intOr(listener.costs.back(), "running") == 20);
    QCOMPARE(listener.count(), 20U);

    RawClient reader(collector.receiverPort); // REST, with the same token
    QVERIFY(reader.send("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n"));
    QCOMPARE(reader.reply().status, 401);
    RawClient entitled(collector.receiverPort);
    QVERIFY(entitled.send("GET /sandboxes/active HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                          + collector.token() + "\r\n\r\n"));
    const auto active = entitled.reply();
    QCOMPARE(active.status, 200);
    QVERIFY(active.body.find("isbx20") != std::string::npos);
}

void TestCollector::endsOnASignal_data()
{
    QTest::addColumn<int>("signal");
    QTest::newRow("SIGTERM") << SIGTERM;
    QTest::newRow("SIGINT") << SIGINT;
}

void TestCollector::endsOnASignal()
{
    QFETCH(int, signal);
    CollectorProcess collector(folder(u"one"_s));
    const QByteArray fault = collector.start();
    QVERIFY2(fault.isEmpty(), fault);
    StreamListener listener(collector.streamUrl, collector.token());
    QTRY_VERIFY(listener.isLive);
    QCOMPARE(collector.stop(signal), 0);
    QTRY_VERIFY(listener.isClosed);
    QCOMPARE(stringOr(listener.notice, "code"), std::string("shutting_down"));
    QVERIFY(!QFile::exists(collector.readyFile()));
    const std::string token = collector.token();
    QVERIFY2(collector.start().isEmpty(), "the second start");
    QCOMPARE(collector.token(), token);
}

void TestCollector::nothingAcknowledgedIsLost()
{
    auto journal = std::move(*Journal::open(folder(u"journal.db"_s).toStdString()));
    CollectorProcess collector(folder(u"one"_s));
    const QByteArray fault = collector.start();
    QVERIFY2(fault.isEmpty(), fault);
    const auto feed = startFeed(*journal);
    feed->setCollectors({{collector.streamUrl, collector.token()}});

    std::set<std::string> acknowledged;
    int next = 0;
    for (int round = 0; round < 12; ++round) {
        std::atomic<bool> isKilled = false;
        std::thread sender([&] {
            RawClient client(collector.receiverPort);
            while (!isKilled) {
                if (!client.send(signedDelivery(++next)) || client.reply(true, 2'000).status != 200)
                    return; // no answer: may be stored or not
                acknowledged.insert("delivery-" + std::to_string(next));
            }
        });
        QTest::qWait(60 + round * 10);
        collector.kill9();
        isKilled = true;
        sender.join();
        const QByteArray again = collector.start();
        QVERIFY2(again.isEmpty(), again);
    }
    QVERIFY(acknowledged.size() > 100);

    const auto held = [&] {
        std::set<std::string> ids;
        for (const StoredEvent &stored : sample::readAll(*journal))
            ids.insert(stored.event.id);
        return ids;
    };
    QTRY_VERIFY_WITH_TIMEOUT(std::ranges::includes(held(), acknowledged), 60'000);
    QTRY_COMPARE(feed->status().at(0).state, CollectorState::Live);
    QTRY_COMPARE(feed->status().at(0).stored, static_cast<std::uint64_t>(journal->count()));
    QCOMPARE(feed->status().at(0).duplicates, 0U); // the position is kept in memory while the collector is away
    qInfo("%zu acknowledged, %lld taken over", acknowledged.size(), static_cast<long long>(journal->count()));
}

void TestCollector::runawaysAfterTheMinutesGiven_data()
{
    QTest::addColumn<QStringList>("options");
    QTest::addColumn<std::string>("minutes");
    QTest::addColumn<int>("count");
    // The delivery's sandbox runs since August 2026.
    QTest::newRow("ten, when nobody says") << QStringList() << std::string("10") << 1;
    QTest::newRow("90") << QStringList{u"--runaway-minutes"_s, u"90"_s} << std::string("90") << 1;
    QTest::newRow("none") << QStringList{u"--runaway-minutes"_s, u"0"_s} << std::string("null") << 0;
}

void TestCollector::runawaysAfterTheMinutesGiven()
{
    QFETCH(QStringList, options);
    QFETCH(std::string, minutes);
    QFETCH(int, count);
    CollectorProcess collector(folder(u"one"_s));
    const QByteArray fault = collector.start(options);
    QVERIFY2(fault.isEmpty(), fault);
    RawClient client(collector.receiverPort);
    QVERIFY(client.send(signedDelivery(1)));
    QCOMPARE(client.reply().status, 200);
    const auto ask = [&](const std::string &path) {
        client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + collector.token()
                    + "\r\n\r\n");
        return parseJson(client.reply().body).value_or(Json());
    };
    QTRY_COMPARE(dumpJson(ask("/sandboxes/active")["count"]), std::string("1"));
    const Json answer = ask("/sandboxes/runaway");
    QCOMPARE(dumpJson(answer["timeout_minutes"]), minutes);
    QCOMPARE(dumpJson(answer["count"]), std::to_string(count));
}

void TestCollector::twoMergeIntoOneJournal()
{
    auto journal = std::move(*Journal::open(folder(u"journal.db"_s).toStdString()));
    CollectorProcess first(folder(u"one"_s));
    CollectorProcess second(folder(u"two"_s));
    QVERIFY(first.start().isEmpty());
    QVERIFY(second.start().isEmpty());
    const auto feed = startFeed(*journal);
    feed->setCollectors({{first.streamUrl, first.token()}, {second.streamUrl, second.token()}});
    RawClient toFirst(first.receiverPort);
    RawClient toSecond(second.receiverPort);
    for (int n = 1; n <= 90; ++n) { // E2B tells both of some
        if (n <= 60) {
            QVERIFY(toFirst.send(signedDelivery(n)));
            QCOMPARE(toFirst.reply().status, 200);
        }
        if (n > 30) {
            QVERIFY(toSecond.send(signedDelivery(n)));
            QCOMPARE(toSecond.reply().status, 200);
        }
    }
    QTRY_COMPARE(journal->count(), 90);
    QTRY_COMPARE(feed->status().at(0).duplicates + feed->status().at(1).duplicates, 30U);
}

void TestCollector::encryptedWithAGivenToken()
{
    const auto files = test::makeCertificate(m_dir->path().toStdString());
    QFile tokenFile(folder(u"token"_s));
    QVERIFY(tokenFile.open(QIODevice::WriteOnly));
    tokenFile.write(QByteArray::fromStdString(test::collectorToken) + "\n");
    tokenFile.close();
    CollectorProcess collector(folder(u"one"_s));
    const QByteArray fault = collector.start(
        {u"--bind"_s, u"0.0.0.0"_s, u"--certificate"_s, QString::fromStdString(files.certificate.string()), u"--key"_s,
         QString::fromStdString(files.key.string()), u"--token-file"_s, tokenFile.fileName()});
    QVERIFY2(fault.isEmpty(), fault);
    QVERIFY(collector.streamUrl.starts_with("wss://"));
    StreamListener listener("wss://127.0.0.1:" + std::to_string(collector.streamPort) + "/stream",
                            test::collectorToken);
    QTRY_VERIFY(listener.isLive);
    test::TlsClient sender(collector.receiverPort);
    QVERIFY(sender.send(signedDelivery(1)));
    QVERIFY(sender.reply().find("200") != std::string::npos);
    QTRY_COMPARE(listener.count(), 1U);
}

void TestCollector::oneProfileHasOneCollector()
{
    CollectorProcess collector(folder(u"one"_s));
    QVERIFY(collector.start().isEmpty());
    QProcess other;
    other.setProcessChannelMode(QProcess::MergedChannels);
    other.start(CollectorProcess::program(), {u"--profile"_s, folder(u"one"_s), u"--receiver-port"_s, u"0"_s});
    QVERIFY(other.waitForFinished());
    QCOMPARE(other.exitCode(), 1);
    QVERIFY(other.readAll().contains("another collector"));
}

void TestCollector::tellsTheServiceManager()
{
    const UniqueFd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const QByteArray path = folder(u"notify"_s).toLocal8Bit();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    QVERIFY(static_cast<std::size_t>(path.size()) < sizeof address.sun_path);
    std::copy(path.begin(), path.end(), address.sun_path);
    QCOMPARE(::bind(manager.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address), 0);
    const timeval patience{5, 0};
    ::setsockopt(manager.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const auto told = [&manager] {
        std::string text(64, '\0');
        const auto size = ::recv(manager.get(), text.data(), text.size(), 0);
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return text;
    };
    QProcessEnvironment environment = CollectorProcess::environment();
    environment.insert(u"NOTIFY_SOCKET"_s, QString::fromLocal8Bit(path));
    CollectorProcess collector(folder(u"one"_s));
    QVERIFY(collector.start({}, environment).isEmpty());
    QCOMPARE(told(), std::string("READY=1"));
    QCOMPARE(collector.stop(SIGTERM), 0);
    QCOMPARE(told(), std::string("STOPPING=1"));
}

QTEST_GUILESS_MAIN(TestCollector)
#include "tst_collector.moc"
