#include "services/lifecycle/signature.h"
#include "tests/services/lifecycle/signedreceiver.h"

#include <QTest>

#include <sqlite3.h>

#include <future>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::test;
using namespace std::chrono_literals;

class TestReceiverGuard final : public SignedReceiver
{
    Q_OBJECT
private Q_SLOTS:
    void takesEveryTypeAndGeneration_data();
    void takesEveryTypeAndGeneration();
    void paddingCanBeAllowed();
    void secretsRotate();
    void oldAndFutureEvents_data();
    void oldAndFutureEvents();
    void clocksAreCompared();
    void slowClientsAreClosed();
    void connectionsAreLimited();
    void stopAnswersWhatIsUnderWay();
    void healthTellsThatTheJournalFails();

private:
    [[nodiscard]] Result<bool> retry(std::int64_t id)
    {
        std::promise<Result<bool>> promise;
        auto future = promise.get_future();
        m_receiver->retry(id, [&promise](Result<bool> result) { promise.set_value(std::move(result)); });
        return future.get();
    }
};

void TestReceiverGuard::takesEveryTypeAndGeneration_data()
{
    QTest::addColumn<std::string>("body");
    QTest::addColumn<std::string>("type");
    const std::pair<std::string, std::string> types[] = {{"created", "create"}, {"updated", "update"},
                                                         {"paused", "pause"},   {"resumed", "resume"},
                                                         {"killed", "kill"},    {"checkpointed", "checkpoint"}};
    const std::string time = R"("timestamp":"2026-08-20T10:15:30.123456789Z")";
    for (const auto &[name, label] : types) {
        const std::string type = "sandbox.lifecycle." + name;
        QTest::addRow("v2 %s", name.c_str()) << R"({"version":"v2","id":"evt","type":")" + type + "\"," + time
                + R"(,"sandbox_id":"isbx","sandbox_template_id":"base","events_ttl_days":7})"
                                             << type;
        QTest::addRow("v1 %s", name.c_str()) << R"({"version":"v1","id":"evt","type":")" + type + "\"," + time
                + R"(,"eventData":{"sandbox_metadata":{"a":"b"}},"sandboxId":"isbx","sandboxTemplateId":"base"})"
                                             << type;
        QTest::addRow("v0 %s", name.c_str()) << R"({"eventCategory":"lifecycle","eventLabel":")" + label + "\"," + time
                + R"(,"sandboxId":"isbx","sandboxTemplateId":"base"})"
                                             << type;
    }
}

void TestReceiverGuard::takesEveryTypeAndGeneration()
{
    QFETCH(std::string, body);
    QFETCH(std::string, type);
    start();
    const auto reply = send(delivery(body));
    QCOMPARE(reply.status, 200);
    const auto stored = m_journal->newest(10);
    QVERIFY(stored && stored->size() == 1);
    const Event &event = stored->front().event;
    QCOMPARE(event.typeName, type);
    QVERIFY(event.type != EventType::Unknown);
    QCOMPARE(event.sandboxId + " " + event.templateId, std::string("isbx base"));
    QCOMPARE(reply.body, R"({"status":"ok","event_id":")" + event.id + "\"}");
    QCOMPARE(event.raw, body);
    QCOMPARE(send(delivery(body)).status, 200); // a retry, also of one without id
    QCOMPARE(m_journal->count(), std::int64_t(1));
}

void TestReceiverGuard::paddingCanBeAllowed()
{
    ReceiverOptions options;
    options.acceptPadding = true;
    start(options);
    const std::string body = eventBody("padded");
    QCOMPARE(send(post(signDelivery(secret, body) + "=", body)).status, 200);
}

void TestReceiverGuard::secretsRotate()
{
    ReceiverOptions options;
    options.moreSecrets = {{"old", oldSecret, true}};
    start(options);
    QCOMPARE(send(delivery(eventBody("with-new"))).status, 200);
    QCOMPARE(send(delivery(eventBody("with-old"), oldSecret)).status, 200);
    m_receiver->setSecrets({{"new", secret, true}, {"old", oldSecret, false}});
    QTRY_COMPARE(send(delivery(eventBody("late"), oldSecret)).status, 401);
    QCOMPARE(send(delivery(eventBody("still"))).status, 200);
    QVERIFY(m_receiver->quarantine().entries().at(0).diagnosis == (Diagnosis{Mistake::OtherSecret, true, "old"}));
    m_receiver->setSecrets({});
    QTRY_COMPARE(send(delivery(eventBody("nobody"))).status, 401);
}

void TestReceiverGuard::oldAndFutureEvents_data()
{
    QTest::addColumn<ReplayPolicy>("policy");
    QTest::addColumn<std::string>("time");
    QTest::addColumn<int>("status");
    QTest::addColumn<int>("entries");
    const auto row = [](const char *name, ReplayPolicy policy, const char *time, int status, int entries) {
        QTest::newRow(name) << policy << std::string(time) << status << entries;
    };
    const char *old = "2026-08-13T10:15:30Z";
    const char *future = "2026-08-20T10:25:32Z";
    row("accept", ReplayPolicy::Accept, old, 200, 0);
    row("mark", ReplayPolicy::Mark, old, 200, 1);
    row("mark the future", ReplayPolicy::Mark, future, 200, 1);
    row("refuse", ReplayPolicy::Refuse, old, 400, 1);
    row("refuse the future", ReplayPolicy::Refuse, future, 400, 1);
    row("inside", ReplayPolicy::Refuse, "2026-08-13T10:15:32Z", 200, 0);
    row("retry of E2B", ReplayPolicy::Refuse, "2026-08-20T10:14:50Z", 200, 0);
    row("soon", ReplayPolicy::Refuse, "2026-08-20T10:25:30Z", 200, 0);
}

void TestReceiverGuard::oldAndFutureEvents()
{
    QFETCH(ReplayPolicy, policy);
    QFETCH(std::string, time);
    QFETCH(int, status);
    QFETCH(int, entries);
    ReceiverOptions options;
    options.replayPolicy = policy;
    start(options);
    QCOMPARE(send(delivery(eventBody("a", time))).status, status);
    QCOMPARE(m_journal->count(), std::int64_t(status == 200));
    const auto kept = m_receiver->quarantine().entries();
    QCOMPARE(kept.size(), static_cast<std::size_t>(entries));
    const bool isOutside = entries == 1 || policy == ReplayPolicy::Accept;
    QCOMPARE(m_receiver->statistics().outsideWindow, std::uint64_t(isOutside));
    if (kept.empty())
        return;
    QVERIFY(kept[0].diagnosis.mistake == Mistake::ClockDiffers);
    QCOMPARE(kept[0].status, status);
    const auto taken = retry(kept[0].id); // by hand it can be taken
    QVERIFY(taken);
    QCOMPARE(*taken, status == 400);
    QCOMPARE(m_journal->count(), std::int64_t(1));
}

void TestReceiverGuard::clocksAreCompared()
{
    start();
    QVERIFY(!m_receiver->statistics().lowestDelayMs);
    for (int i = 0; i < 8; ++i)
        QCOMPARE(send(delivery(eventBody(std::to_string(i), "2026-08-20T10:16:01.25Z"))).status, 200);
    QCOMPARE(m_receiver->statistics().lowestDelayMs.value_or(0), std::int64_t(-30'250));
}

void TestReceiverGuard::slowClientsAreClosed()
{
    ReceiverOptions options;
    options.idleLimit = 200ms;
    start(options);
    RawClient idle(m_receiver->port());
    RawClient slowHeader(m_receiver->port());
    RawClient slowBody(m_receiver->port());
    QVERIFY(slowHeader.send("POST /webhooks/e2b HT"));
    const std::string bytes = delivery(eventBody("slow"));
    QVERIFY(slowBody.send(bytes.substr(0, bytes.size() - 5)));
    QVERIFY(idle.isClosedByPeer());
    QCOMPARE(slowHeader.reply().status, 408);
    QCOMPARE(slowBody.reply().status, 408);
    QCOMPARE(send(delivery(eventBody("quick"))).status, 200);
}

void TestReceiverGuard::connectionsAreLimited()
{
    ReceiverOptions options;
    options.maxConnections = 2;
    start(options);
    std::vector<std::unique_ptr<RawClient>> open;
    for (int i = 0; i < 2; ++i) {
        open.push_back(std::make_unique<RawClient>(m_receiver->port()));
        QVERIFY(open.back()->send(delivery(eventBody(std::to_string(i)))));
        QCOMPARE(open.back()->reply().status, 200);
    }
    RawClient third(m_receiver->port());
    QCOMPARE(third.reply().status, 503);
    QVERIFY(open[0]->send(delivery(eventBody("again"))));
    QCOMPARE(open[0]->reply().status, 200);
}

void TestReceiverGuard::stopAnswersWhatIsUnderWay()
{
    ReceiverOptions options;
    options.stopGrace = 20s;
    start(options);
    sqlite3 *other = nullptr; // holds the database, so that the commit waits
    QCOMPARE(sqlite3_open(path("journal.db").c_str(), &other), SQLITE_OK);
    QCOMPARE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    RawClient client(m_receiver->port());
    QVERIFY(client.send(delivery(eventBody("under-way"))));
    RawClient idle(m_receiver->port());
    QVERIFY(idle.send(request("GET /health", "", ""))); // answered: so the delivery before it has been taken
    QVERIFY(idle.reply().status != 0);
    const auto ended = std::async(std::launch::async, [this] { m_receiver.reset(); });
    QVERIFY(idle.isClosedByPeer());
    QCOMPARE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(other);
    QCOMPARE(client.reply().status, 200);
    ended.wait();
    QCOMPARE(m_journal->count(), std::int64_t(1));
}

void TestReceiverGuard::healthTellsThatTheJournalFails()
{
    start();
    QCOMPARE(send(request("GET /health", "", "")).status, 200);
    QVERIFY(QFile::remove(m_dir->filePath(QStringLiteral("journal.db"))));
    QCOMPARE(send(delivery(eventBody("lost"))).status, 503);
    const auto health = send(request("GET /health", "", ""));
    QCOMPARE(health.status, 503);
    QVERIFY(health.body.find(R"("status":"unhealthy")") != std::string::npos);
}

QTEST_GUILESS_MAIN(TestReceiverGuard)
#include "tst_receiverguard.moc"
