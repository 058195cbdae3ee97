#include "services/core/base64.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "tests/services/http/rawclient.h"
#include "tests/services/http/tlsclient.h"

#include <QTemporaryDir>
#include <QTest>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sqlite3.h>

#include <future>
#include <set>
#include <thread>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace std::chrono_literals;
using sandglass::test::RawClient;

namespace {

const std::string secret = "sandglass-test-secret-0123456789abcdef";
const std::string oldSecret = "an-older-secret-of-the-same-receiver-01";
const std::string token = "token-0123456789abcdef";
const Timestamp today = parseRfc3339("2026-08-20T10:15:31Z").value();

std::string eventBody(const std::string &id, const std::string &time = "2026-08-20T10:15:30.5Z")
{
    return R"({"version":"v2","id":")" + id + R"(","type":"sandbox.lifecycle.created","timestamp":")" + time
        + R"(","sandbox_id":"isbx0001","sandbox_execution_id":"exec-0001","sandbox_template_id":"base"})";
}

std::string request(std::string_view start, std::string_view headers, std::string_view body)
{
    return std::string(start)
        .append(" HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n")
        .append(headers)
        .append("Content-Length: ")
        .append(std::to_string(body.size()))
        .append("\r\n\r\n")
        .append(body);
}

std::string post(std::string_view signature, std::string_view body, std::string_view more = "")
{
    return request("POST /webhooks/e2b", "e2b-signature: " + std::string(signature) + "\r\n" + std::string(more), body);
}

std::string delivery(std::string_view body, std::string_view key = secret)
{
    return post(signDelivery(key, body), body);
}

std::string hex(std::string_view bytes)
{
    constexpr const char *digits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

std::string hmac(std::string_view key, std::string_view text)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char *>(text.data()),
         text.size(), out, &size);
    return {reinterpret_cast<const char *>(out), size};
}

} // namespace

class TestReceiverGuard final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

    void takesEveryTypeAndGeneration_data();
    void takesEveryTypeAndGeneration();
    void quarantineNamesTheMistake_data();
    void quarantineNamesTheMistake();
    void entriesTellWhoAndWhat();
    void scannersAreOnlyCounted();
    void paddingCanBeAllowed();
    void secretsRotate();
    void retryAfterTheSecretIsRight();
    void retryTakesOtherSpellings();
    void retryRefuses();
    void oldAndFutureEvents_data();
    void oldAndFutureEvents();
    void clocksAreCompared();
    void floodIsSampled();
    void slowClientsAreClosed();
    void connectionsAreLimited();
    void stopAnswersWhatIsUnderWay();
    void quarantineSurvivesARestart();
    void healthTellsThatTheJournalFails();
    void getsNeedTheToken_data();
    void getsNeedTheToken();
    void getsWithoutTokenAreLocal_data();
    void getsWithoutTokenAreLocal();
    void otherAddressesNeedMore_data();
    void otherAddressesNeedMore();
    void servesTls();

private:
    void start(ReceiverOptions options = {});
    [[nodiscard]] RawClient::Reply send(const std::string &bytes)
    {
        RawClient client(m_receiver->port());
        return client.send(bytes) ? client.reply() : RawClient::Reply();
    }
    [[nodiscard]] Result<bool> retry(std::int64_t id)
    {
        std::promise<Result<bool>> promise;
        auto future = promise.get_future();
        m_receiver->retry(id, [&promise](Result<bool> result) { promise.set_value(std::move(result)); });
        return future.get();
    }
    [[nodiscard]] std::string path(const char *name) const
    {
        return m_dir->filePath(QString::fromLatin1(name)).toStdString();
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
    std::unique_ptr<Receiver> m_receiver;
};

void TestReceiverGuard::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    auto journal = Journal::open(path("journal.db"));
    QVERIFY(journal);
    m_journal = std::move(*journal);
}

void TestReceiverGuard::cleanup()
{
    m_receiver.reset();
    m_journal.reset();
    m_dir.reset();
}

void TestReceiverGuard::start(ReceiverOptions options)
{
    m_receiver.reset();
    options.port = 0;
    options.secret = secret;
    if (options.moreSecrets.empty())
        options.moreSecrets = {{"before May", oldSecret, false}};
    options.clock = [] { return today; };
    m_receiver = std::make_unique<Receiver>(*m_journal, options);
    const auto started = m_receiver->start();
    QVERIFY2(started, started ? "" : started.error().message.c_str());
}

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

void TestReceiverGuard::quarantineNamesTheMistake_data()
{
    QTest::addColumn<std::string>("bytes");
    QTest::addColumn<int>("status");
    QTest::addColumn<std::string>("message");
    QTest::addColumn<std::string>("mistake");
    const auto row = [](const char *name, const std::string &bytes, int status, const char *message,
                        const char *mistake) {
        QTest::newRow(name) << bytes << status << std::string(message) << std::string(mistake);
    };
    const std::string body = eventBody("evt-1");
    const std::string good = signDelivery(secret, body);
    const std::string digest = deliveryDigest(secret, body);
    const char *invalid = "Invalid signature";
    row("no header", request("POST /webhooks/e2b", "", body), 401, "Missing signature", "missing_signature");
    row("old header", request("POST /webhooks/e2b", "x-e2b-signature: " + good + "\r\n", body), 401,
        "Missing signature", "old_header_name");
    row("wrong secret", delivery(body, "nobody-has-ever-seen-this-secret-000001"), 401, invalid, "wrong_secret");
    row("other secret", delivery(body, oldSecret), 401, invalid, "other_secret");
    row("hex", post(hex(digest), body), 401, invalid, "hex_digest");
    row("padded", post(base64Encode(digest), body), 401, invalid, "padded_base64");
    row("HMAC", post(base64EncodeNoPad(hmac(secret, body)), body), 401, invalid, "hmac");
    row("another body", post(signDelivery(secret, eventBody("evt-2")), body), 401, invalid, "wrong_secret");
    row("one blank more", post(good, body + " "), 401, invalid, "trailing_blank");
    row("gzip", post(good, "\x1f\x8b\x08...", "Content-Encoding: gzip\r\n"), 401, invalid, "compressed_body");
    row("two headers", post(good, body, "e2b-signature: " + good + "\r\n"), 401, "More than one signature",
        "several_signatures");
    row("FF FE, signed", delivery("\xff\xfe{}"), 400, "Not an event: ", "not_an_event");
    row("FF FE, not signed", post(good, "\xff\xfe"), 401, invalid, "wrong_secret");
    row("20 MB", request("POST /webhooks/e2b", "", std::string(20'000'000, 'x')), 413, "the body is too large",
        "too_large");
    row("GET", request("GET /webhooks/e2b", "", ""), 405, "Method not allowed", "wrong_method");
    row("astray", request("POST /webhook", "e2b-signature: " + good + "\r\n", body), 404, "Not found", "wrong_path");
}

void TestReceiverGuard::quarantineNamesTheMistake()
{
    QFETCH(std::string, bytes);
    QFETCH(int, status);
    QFETCH(std::string, message);
    QFETCH(std::string, mistake);
    start();
    RawClient client(m_receiver->port());
    client.send(bytes); // the answer may come before all is sent
    QCOMPARE(client.reply().status, status);
    QTRY_COMPARE(m_receiver->quarantine().counts().entries, std::size_t(1));
    const QuarantineEntry entry = m_receiver->quarantine().entries()[0];
    QCOMPARE(std::string(toString(entry.diagnosis.mistake)), mistake);
    QCOMPARE(entry.status, status);
    QVERIFY2(entry.message.starts_with(message), entry.message.c_str());
    QCOMPARE(m_journal->count(), std::int64_t(0));
    QCOMPARE(m_receiver->statistics().accepted, std::uint64_t(0));
    QCOMPARE(m_receiver->statistics().refused(), std::uint64_t(1));
    QCOMPARE(send(delivery(eventBody("after"))).status, 200);
}

void TestReceiverGuard::entriesTellWhoAndWhat()
{
    start();
    const std::string body = eventBody("evt-1") + std::string(20'000, ' ');
    QCOMPARE(send(post("x", body, "Authorization: Bearer sesame-open-123456\r\nX-Trace: abc\r\n")).status, 401);
    const QuarantineEntry entry = m_receiver->quarantine().entries().at(0);
    QVERIFY(entry.time == today);
    QCOMPARE(entry.remote, std::string("127.0.0.1"));
    QCOMPARE(entry.method + " " + entry.path, std::string("POST /webhooks/e2b"));
    QCOMPARE(entry.bodySize, std::uint64_t(body.size()));
    QCOMPARE(entry.body, body.substr(0, 16U << 10));
    const HeaderList &headers = entry.headers;
    QVERIFY(std::ranges::find(headers, std::pair<std::string, std::string>("Authorization", "***")) != headers.end());
    QVERIFY(std::ranges::find(headers, std::pair<std::string, std::string>("X-Trace", "abc")) != headers.end());
}

void TestReceiverGuard::scannersAreOnlyCounted()
{
    start();
    QCOMPARE(send(request("GET /.env", "", "")).status, 404);
    QCOMPARE(send(request("POST /wp-login.php", "", "x=1")).status, 404);
    QCOMPARE(m_receiver->statistics().wrongPath, std::uint64_t(2));
    QCOMPARE(m_receiver->quarantine().counts().entries, std::size_t(0));
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

void TestReceiverGuard::retryAfterTheSecretIsRight()
{
    start();
    const std::string other = "the-secret-the-webhook-really-has-00001";
    QCOMPARE(send(delivery(eventBody("a"), other)).status, 401);
    const std::int64_t id = m_receiver->quarantine().entries().at(0).id;
    const auto early = retry(id);
    QVERIFY(!early);
    QVERIFY(early.error().message.find("fits no known secret") != std::string::npos);
    m_receiver->setSecrets({{"pasted", other, true}});
    const auto later = retry(id);
    QVERIFY(later && *later);
    QCOMPARE(m_journal->count(), std::int64_t(1));
    QCOMPARE(m_receiver->quarantine().counts().entries, std::size_t(0));
    QVERIFY(!retry(id)); // gone
}

void TestReceiverGuard::retryTakesOtherSpellings()
{
    start();
    const std::string body = eventBody("hex");
    for (int i = 0; i < 2; ++i)
        QCOMPARE(send(post(hex(deliveryDigest(secret, body)), body)).status, 401);
    const auto entries = m_receiver->quarantine().entries();
    const auto first = retry(entries[1].id);
    QVERIFY(first && *first);
    const auto second = retry(entries[0].id);
    QVERIFY(second && !*second); // the journal has it
    QCOMPARE(m_journal->count(), std::int64_t(1));
}

void TestReceiverGuard::retryRefuses()
{
    start();
    const std::string large = eventBody("large") + std::string(20'000, ' ');
    QCOMPARE(send(post(hex(deliveryDigest(secret, large)), large)).status, 401);
    QCOMPARE(send(delivery("no event")).status, 400);
    QCOMPARE(send(request("POST /webhooks/e2b", "", eventBody("unsigned"))).status, 401);
    for (const QuarantineEntry &entry : m_receiver->quarantine().entries())
        QVERIFY(!retry(entry.id));
    QVERIFY(!retry(4711));
    QCOMPARE(m_receiver->quarantine().counts().entries, std::size_t(3));
    QCOMPARE(m_journal->count(), std::int64_t(0));
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

void TestReceiverGuard::floodIsSampled()
{
    start();
    constexpr int threads = 4;
    constexpr int each = 500;
    std::vector<std::thread> clients;
    std::atomic<int> refused = 0, stored = 0;
    for (int t = 0; t < threads; ++t) {
        clients.emplace_back([&, t] {
            RawClient client(m_receiver->port());
            for (int i = 0; i < each; ++i) {
                const std::string body = eventBody(std::to_string(t) + "-" + std::to_string(i));
                const bool isGood = i % 100 == 0;
                client.send(isGood ? delivery(body) : post("AAAA", body));
                const int status = client.reply().status;
                refused += status == 401;
                stored += status == 200;
            }
        });
    }
    for (std::thread &client : clients)
        client.join();
    QCOMPARE(stored.load(), threads * each / 100);
    QCOMPARE(refused.load(), threads * each - stored.load());
    QCOMPARE(m_journal->count(), std::int64_t(stored));
    const auto counts = m_receiver->quarantine().counts();
    QCOMPARE(counts.entries, std::size_t(20)); // the burst: the test's clock stands still
    QCOMPARE(counts.skipped, std::uint64_t(refused - 20));
    QCOMPARE(m_receiver->statistics().badSignature, std::uint64_t(refused));
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

void TestReceiverGuard::quarantineSurvivesARestart()
{
    ReceiverOptions options;
    options.quarantineFile = path("quarantine.jsonl");
    start(options);
    QCOMPARE(send(delivery(eventBody("kept"), oldSecret)).status, 401);
    start(options);
    QCOMPARE(m_receiver->quarantine().entries().at(0).body, eventBody("kept"));
    QVERIFY(!m_receiver->quarantineFailure());
    m_receiver->setSecrets({{"old again", oldSecret, true}});
    const auto taken = retry(m_receiver->quarantine().entries().at(0).id);
    QVERIFY(taken && *taken);
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

void TestReceiverGuard::getsNeedTheToken_data()
{
    QTest::addColumn<std::string>("headers");
    QTest::addColumn<int>("status");
    const auto row = [](const char *name, const std::string &headers, int status) {
        QTest::newRow(name) << headers << status;
    };
    row("right", "Authorization: Bearer " + token + "\r\n", 200);
    row("scheme in other case", "authorization: bEARER " + token + "\r\n", 200);
    row("none", "", 401);
    row("wrong", "Authorization: Bearer " + token + "x\r\n", 401);
    row("shorter", "Authorization: Bearer " + token.substr(1) + "\r\n", 401);
    row("empty", "Authorization: Bearer \r\n", 401);
    row("other scheme", "Authorization: Basic " + token + "\r\n", 401);
    row("two", "Authorization: Bearer " + token + "\r\nAuthorization: Bearer " + token + "\r\n", 401);
    row("in the query only", "X-Token: " + token + "\r\n", 401);
}

void TestReceiverGuard::getsNeedTheToken()
{
    QFETCH(std::string, headers);
    QFETCH(int, status);
    ReceiverOptions options;
    options.bearerToken = token;
    start(options);
    const auto reply = send(request("GET /health?token=" + token, headers, ""));
    QCOMPARE(reply.status, status);
    QCOMPARE(reply.head.find("WWW-Authenticate: Bearer\r\n") != std::string::npos, status == 401);
    QCOMPARE(m_receiver->statistics().unauthorized, std::uint64_t(status == 401));
    QCOMPARE(send(delivery(eventBody("a"))).status, 200); // deliveries have their signature
}

void TestReceiverGuard::getsWithoutTokenAreLocal_data()
{
    QTest::addColumn<std::string>("bytes");
    QTest::addColumn<int>("status");
    const auto row = [](const char *name, const std::string &host, const std::string &more, int status) {
        QTest::newRow(name) << "GET /health HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n" << status;
    };
    row("address", "127.0.0.1", "", 200);
    row("with port", "127.0.0.1:8000", "", 200);
    row("name", "localhost:8000", "", 200);
    row("IPv6", "[::1]:8000", "", 200);
    row("a tunnel's name", "calm-river.example.net", "", 403);
    row("a page that rebinds its name", "127.0.0.1.example.net:8000", "", 403);
    row("a tunnel that hides its name", "localhost:8000", "X-Forwarded-For: 203.0.113.7\r\n", 403);
    row("a proxy", "localhost", "Via: 1.1 gateway\r\n", 403);
}

void TestReceiverGuard::getsWithoutTokenAreLocal()
{
    QFETCH(std::string, bytes);
    QFETCH(int, status);
    start();
    QCOMPARE(send(bytes).status, status);
    const std::string body = eventBody("a");
    QCOMPARE(send(post(signDelivery(secret, body), body, "X-Forwarded-For: 203.0.113.7\r\n")).status, 200);
}

void TestReceiverGuard::otherAddressesNeedMore_data()
{
    QTest::addColumn<std::string>("address");
    QTest::addColumn<bool>("allowPlainText");
    QTest::addColumn<std::string>("bearer");
    QTest::addColumn<std::string>("code");
    QTest::newRow("all, nothing") << std::string("0.0.0.0") << false << std::string() << std::string("needs_tls");
    QTest::newRow("all of IPv6") << std::string("::") << false << token << std::string("needs_tls");
    QTest::newRow("no token") << std::string("0.0.0.0") << true << std::string() << std::string("needs_token");
    QTest::newRow("short token") << std::string("0.0.0.0") << true << std::string("short")
                                 << std::string("needs_token");
    QTest::newRow("a name") << std::string("localhost") << false << token << std::string("needs_tls");
    QTest::newRow("another loopback") << std::string("127.0.0.2") << false << std::string() << std::string();
    QTest::newRow("by leave") << std::string("0.0.0.0") << true << token << std::string();
}

void TestReceiverGuard::otherAddressesNeedMore()
{
    QFETCH(std::string, address);
    QFETCH(bool, allowPlainText);
    QFETCH(std::string, bearer);
    QFETCH(std::string, code);
    ReceiverOptions options;
    options.port = 0;
    options.secret = secret;
    options.address = address;
    options.allowPlainText = allowPlainText;
    options.bearerToken = bearer;
    Receiver receiver(*m_journal, options);
    const auto started = receiver.start();
    QCOMPARE(started.has_value(), code.empty());
    if (!started) {
        QCOMPARE(started.error().code, code);
        QCOMPARE(receiver.port(), std::uint16_t(0));
    }
}

void TestReceiverGuard::servesTls()
{
    const test::TlsFiles files = test::makeCertificate(m_dir->path().toStdString());
    ReceiverOptions options;
    options.certificateFile = files.certificate;
    options.keyFile = files.key;
    options.address = "0.0.0.0";
    options.bearerToken = token;
    start(options);
    QVERIFY(m_receiver->url().starts_with("https://0.0.0.0:"));
    test::TlsClient client(m_receiver->port());
    QVERIFY(client.isConnected());
    for (const char *id : {"a", "b"}) {
        QVERIFY(client.send(delivery(eventBody(id))));
        QVERIFY(client.reply().starts_with("HTTP/1.1 200 "));
    }
    QVERIFY(client.send(request("GET /health", "Authorization: Bearer " + token + "\r\n", "")));
    QVERIFY(client.reply().ends_with(R"({"events_processed":2,"status":"healthy"})"));
    QCOMPARE(m_journal->count(), std::int64_t(2));

    options.keyFile = path("nothing.key");
    Receiver broken(*m_journal, options);
    QCOMPARE(broken.start().error().code, std::string("bad_key"));
}

QTEST_GUILESS_MAIN(TestReceiverGuard)
#include "tst_receiverguard.moc"
