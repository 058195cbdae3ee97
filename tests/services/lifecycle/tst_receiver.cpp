#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "services/lifecycle/signature.h"
#include "tests/services/http/rawclient.h"

#include <QTemporaryDir>
#include <QTest>

#include <set>
#include <thread>

using namespace sandglass;
using namespace sandglass::lifecycle;
using sandglass::test::RawClient;

namespace {

const std::string secret = "sandglass-test-secret-0123456789abcdef";

std::string eventBody(const std::string &id, const std::string &type = "sandbox.lifecycle.created")
{
    return R"({"version":"v2","id":")" + id + R"(","type":")" + type
        + R"(","timestamp":"2026-08-20T10:15:30.5Z","sandbox_id":"isbx0001","sandbox_execution_id":"exec-0001",)"
          R"("sandbox_template_id":"base","sandbox_build_id":"bld","sandbox_team_id":"team","unknown":[1,2,3]})";
}

std::string request(std::string_view head, std::string_view headers, std::string_view body)
{
    return std::string(head)
        .append(" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        .append(headers)
        .append("Content-Length: ")
        .append(std::to_string(body.size()))
        .append("\r\n\r\n")
        .append(body);
}

std::string delivery(std::string_view body, std::string_view path = "/webhooks/e2b")
{
    return request("POST " + std::string(path), "e2b-signature: " + signDelivery(secret, body) + "\r\n", body);
}

} // namespace

class TestReceiver final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

    void storesBeforeItAnswers();
    void acceptsEveryPathAndSpelling_data();
    void acceptsEveryPathAndSpelling();
    void refuses_data();
    void refuses();
    void hugeBody();
    void slowClientDoesNotHoldUpOthers();
    void unknownTypeIsStored();
    void duplicatesAreAcknowledgedOnce();
    void countsAndHealth();
    void manyConnections();
    void takesTheNextPortWhenTaken();
    void saysWhenNoPortIsFree();
    void listensOnLoopbackOnly();
    void fullQueueIs503();
    void journalThatFailsIs503();
    void goesAwayWhileDeliveriesWait();

private:
    [[nodiscard]] std::unique_ptr<Receiver> startReceiver(Journal &journal);
    [[nodiscard]] std::vector<StoredEvent> stored() const;
    [[nodiscard]] RawClient::Reply send(const std::string &bytes);

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Journal> m_journal;
    std::unique_ptr<Receiver> m_receiver;
};

void TestReceiver::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    auto journal = Journal::open(m_dir->filePath(QStringLiteral("journal.db")).toStdString());
    QVERIFY2(journal.has_value(), journal ? "" : journal.error().message.c_str());
    m_journal = std::move(*journal);
    m_receiver = startReceiver(*m_journal);
    QVERIFY(m_receiver);
}

void TestReceiver::cleanup()
{
    m_receiver.reset();
    m_journal.reset();
    m_dir.reset();
}

std::unique_ptr<Receiver> TestReceiver::startReceiver(Journal &journal)
{
    ReceiverOptions options;
    options.port = 0;
    options.secret = secret;
    options.clock = [] { return *parseRfc3339("2026-08-20T10:15:31Z"); };
    auto receiver = std::make_unique<Receiver>(journal, options);
    return receiver->start() ? std::move(receiver) : nullptr;
}

std::vector<StoredEvent> TestReceiver::stored() const
{
    std::vector<StoredEvent> events;
    const auto done = m_journal->replay(
        0, [&](std::span<const StoredEvent> chunk) { events.insert(events.end(), chunk.begin(), chunk.end()); });
    return done ? events : std::vector<StoredEvent>();
}

RawClient::Reply TestReceiver::send(const std::string &bytes)
{
    RawClient client(m_receiver->port());
    return client.send(bytes) ? client.reply(!bytes.starts_with("HEAD")) : RawClient::Reply();
}

void TestReceiver::storesBeforeItAnswers()
{
    QCOMPARE(m_receiver->url(), "http://127.0.0.1:" + std::to_string(m_receiver->port()) + "/webhooks/e2b");
    const std::string body = eventBody("evt-1");
    const auto reply = send(delivery(body));
    const auto events = stored(); // read through another connection: committed, not only queued
    QCOMPARE(reply.status, 200);
    QCOMPARE(reply.body, std::string(R"({"status":"ok","event_id":"evt-1"})"));
    QCOMPARE(events.size(), std::size_t(1));
    QCOMPARE(events[0].event.raw, body);
    QCOMPARE(events[0].event.sandboxId, std::string("isbx0001"));
    QVERIFY(events[0].event.source == EventSource::Webhook);
    QCOMPARE(events[0].event.receivedAt, *parseRfc3339("2026-08-20T10:15:31Z"));
}

void TestReceiver::acceptsEveryPathAndSpelling_data()
{
    QTest::addColumn<std::string>("bytes");
    const std::string body = eventBody("evt-1");
    std::string urlSafe = signDelivery(secret, body);
    std::ranges::replace(urlSafe, '+', '-');
    std::ranges::replace(urlSafe, '/', '_');
    QTest::newRow("plain") << delivery(body);
    QTest::newRow("session") << delivery(body, "/webhooks/e2b/session-7");
    QTest::newRow("workflow") << delivery(body, "/workflow/7");
    QTest::newRow("generation") << delivery(body, "/generation/7?x=1");
    QTest::newRow("query") << delivery(body, "/webhooks/e2b?x=1");
    QTest::newRow("URL-safe") << request("POST /webhooks/e2b", "E2B-Signature: " + urlSafe + "\r\n", body);
    QTest::newRow("all headers of a delivery")
        << request("POST /webhooks/e2b",
                   "e2b-webhook-id: w\r\ne2b-delivery-id: d\r\ne2b-signature-version: v1\r\ne2b-signature: "
                       + signDelivery(secret, body) + "\r\n",
                   body);
    std::string chunked = "POST /webhooks/e2b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\ne2b-signature: "
        + signDelivery(secret, body) + "\r\n\r\n";
    for (const char c : body)
        chunked.append("1\r\n").append(1, c).append("\r\n");
    QTest::newRow("chunked") << chunked + "0\r\n\r\n";
}

void TestReceiver::acceptsEveryPathAndSpelling()
{
    QFETCH(std::string, bytes);
    QCOMPARE(send(bytes).status, 200);
    QCOMPARE(stored().size(), std::size_t(1));
}

void TestReceiver::refuses_data()
{
    using Counter = std::uint64_t ReceiverStatistics::*;
    QTest::addColumn<std::string>("bytes");
    QTest::addColumn<int>("status");
    QTest::addColumn<std::string>("message");
    QTest::addColumn<Counter>("counter");
    const auto row = [](const char *name, const std::string &bytes, int status, const char *message, Counter counter) {
        QTest::newRow(name) << bytes << status << std::string(message) << counter;
    };
    using S = ReceiverStatistics;
    const std::string body = eventBody("evt-1");
    const auto signedWith = [&](std::string_view signature) {
        return request("POST /webhooks/e2b", "e2b-signature: " + std::string(signature) + "\r\n", body);
    };
    const std::string good = signDelivery(secret, body);
    row("unknown path", request("POST /nothing", "", body), 404, "Not found", &S::wrongPath);
    row("path before method", request("DELETE /nothing", "", ""), 404, "Not found", &S::wrongPath);
    row("deeper path", delivery(body, "/webhooks/e2b/a/b"), 404, "Not found", &S::wrongPath);
    row("empty session", delivery(body, "/webhooks/e2b/"), 404, "Not found", &S::wrongPath);
    row("longer name", delivery(body, "/webhooks/e2bx"), 404, "Not found", &S::wrongPath);
    row("workflow without its name", delivery(body, "/workflow"), 404, "Not found", &S::wrongPath);
    row("generation with an empty name", delivery(body, "/generation/"), 404, "Not found", &S::wrongPath);
    row("workflow and more", delivery(body, "/workflow/7/8"), 404, "Not found", &S::wrongPath);
    row("workflow, longer", delivery(body, "/workflows/7"), 404, "Not found", &S::wrongPath);
    row("workflow below the webhook", delivery(body, "/webhooks/e2b/workflow/7"), 404, "Not found", &S::wrongPath);
    row("workflow of a bad name", delivery(body, "/workflow/a%20b"), 400, "A session's name is 1 to 128",
        &S::wrongPath);
    row("GET of a workflow", request("GET /workflow/7", "", ""), 405, "Method not allowed", &S::wrongMethod);
    row("DELETE of a generation", request("DELETE /generation/7", "", ""), 405, "Method not allowed", &S::wrongMethod);
    row("unsigned workflow", request("POST /workflow/7", "", body), 401, "Missing signature", &S::missingSignature);
    row("workflow, wrong signature",
        request("POST /workflow/7",
                "e2b-signature: " + signDelivery("another secret of enough characters", body) + "\r\n", body),
        401, "Invalid signature", &S::badSignature);
    row("GET", request("GET /webhooks/e2b", "", ""), 405, "Method not allowed", &S::wrongMethod);
    row("PUT, signed", request("PUT /webhooks/e2b", "e2b-signature: " + good + "\r\n", body), 405, "Method not allowed",
        &S::wrongMethod);
    row("POST to health", request("POST /health", "", "{}"), 405, "Method not allowed", &S::wrongMethod);
    row("missing signature", request("POST /webhooks/e2b", "", body), 401, "Missing signature", &S::missingSignature);
    row("name of the old docs", request("POST /webhooks/e2b", "x-e2b-signature: " + good + "\r\n", body), 401,
        "Missing signature", &S::missingSignature);
    row("two signatures",
        request("POST /webhooks/e2b", "e2b-signature: " + good + "\r\ne2b-signature: " + good + "\r\n", body), 401,
        "More than one signature", &S::badSignature);
    row("empty signature", signedWith(""), 401, "Invalid signature", &S::badSignature);
    row("wrong signature", signedWith(signDelivery("another secret of enough characters", body)), 401,
        "Invalid signature", &S::badSignature);
    row("signature of another body", signedWith(signDelivery(secret, body + " ")), 401, "Invalid signature",
        &S::badSignature);
    row("padded", signedWith(good + "="), 401, "Invalid signature", &S::badSignature);
    row("hex form", signedWith("54ce9e918adf4941bf74561b2781f27befe39498518cea7f3eb6972eefce6f68"), 401,
        "Invalid signature", &S::badSignature);
    row("signature before JSON", request("POST /webhooks/e2b", "e2b-signature: x\r\n", "no JSON"), 401,
        "Invalid signature", &S::badSignature);
    row("empty body", delivery(""), 400, "Not an event: not JSON", &S::malformed);
    row("no JSON", delivery("hello"), 400, "Not an event: not JSON", &S::malformed);
    row("extended", delivery(body + "\x80 more"), 400, "Not an event: not JSON", &S::malformed);
    row("array", delivery("[" + body + "]"), 400, "Not an event: not a JSON object", &S::malformed);
    row("no event", delivery(R"({"id":"a"})"), 400, "Not an event: type is missing", &S::malformed);
    row("bad chunk",
        "POST /webhooks/e2b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\ne2b-signature: x\r\n\r\nzz\r\n", 400,
        "bad chunk", &S::malformed);
}

void TestReceiver::refuses()
{
    QFETCH(std::string, bytes);
    QFETCH(int, status);
    QFETCH(std::string, message);
    QFETCH(std::uint64_t ReceiverStatistics::*, counter);
    const auto reply = send(bytes);
    QCOMPARE(reply.status, status);
    QVERIFY(reply.head.find("Content-Type: application/json\r\n") != std::string::npos);
    QVERIFY2(reply.body.starts_with("{\"code\":" + std::to_string(status) + ",\"message\":\"" + message),
             reply.body.c_str());
    if (status == 405) {
        const bool isHealth = bytes.find("/health") != std::string::npos;
        QVERIFY(reply.head.find(isHealth ? "Allow: GET, HEAD\r\n" : "Allow: POST\r\n") != std::string::npos);
    }
    QTRY_COMPARE(m_receiver->statistics().*counter, std::uint64_t(1));
    QCOMPARE(m_receiver->statistics().refused(), std::uint64_t(1));
    QCOMPARE(m_receiver->statistics().accepted, std::uint64_t(0));
    QCOMPARE(m_journal->count(), std::int64_t(0));
    QCOMPARE(send(delivery(eventBody("after"))).status, 200);
}

void TestReceiver::hugeBody()
{
    const std::string tooLarge(1'048'577, ' ');
    QCOMPARE(send(delivery(tooLarge)).status, 413);
    QCOMPARE(send(request("POST /webhooks/e2b", "", tooLarge)).status, 413); // size before signature
    RawClient chunked(m_receiver->port());
    QVERIFY(chunked.send("POST /webhooks/e2b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                         "e2b-signature: x\r\n\r\n100001\r\n"));
    QCOMPARE(chunked.reply().status, 413);
    QTRY_COMPARE(m_receiver->statistics().tooLarge, std::uint64_t(3));
    QCOMPARE(m_receiver->statistics().refused(), std::uint64_t(3));

    const std::string event = eventBody("large");
    QCOMPARE(send(delivery(event + std::string(1'048'576 - event.size(), ' '))).status, 200);
}

void TestReceiver::slowClientDoesNotHoldUpOthers()
{
    const std::string body = eventBody("slow");
    const std::string bytes = delivery(body);
    RawClient slow(m_receiver->port());
    QVERIFY(slow.send(bytes.substr(0, bytes.size() / 2)));
    for (int i = 0; i < 20; ++i)
        QCOMPARE(send(delivery(eventBody("quick-" + std::to_string(i)))).status, 200);
    QVERIFY(slow.send(bytes.substr(bytes.size() / 2)));
    QCOMPARE(slow.reply().status, 200);
    QCOMPARE(m_journal->count(), std::int64_t(21));
}

void TestReceiver::unknownTypeIsStored()
{
    QCOMPARE(send(delivery(eventBody("new", "sandbox.lifecycle.migrated"))).status, 200);
    const auto events = stored();
    QCOMPARE(events.size(), std::size_t(1));
    QVERIFY(events[0].event.type == EventType::Unknown);
    QCOMPARE(events[0].event.typeName, std::string("sandbox.lifecycle.migrated"));
}

void TestReceiver::duplicatesAreAcknowledgedOnce()
{
    const std::string bytes = delivery(eventBody("same"));
    RawClient client(m_receiver->port());
    QVERIFY(client.send(bytes + bytes + bytes)); // also while the first is not yet committed
    for (int i = 0; i < 3; ++i) {
        const auto reply = client.reply();
        QCOMPARE(reply.status, 200);
        QCOMPARE(reply.body, std::string(R"({"status":"ok","event_id":"same"})"));
    }
    QCOMPARE(m_journal->count(), std::int64_t(1));
    QCOMPARE(m_receiver->statistics().accepted, std::uint64_t(1));
    QCOMPARE(m_receiver->statistics().duplicates, std::uint64_t(2));
    QCOMPARE(m_receiver->statistics().refused(), std::uint64_t(0));
}

void TestReceiver::countsAndHealth()
{
    QCOMPARE(m_receiver->statistics().lastAcceptedUnixMs, std::int64_t(0));
    QCOMPARE(send(request("GET /health", "", "")).body, std::string(R"({"events_processed":0,"status":"healthy"})"));
    const auto odd = send(delivery(eventBody("with \\\"quote\\\"")));
    QCOMPARE(odd.body, std::string("{\"event_id\":\"with \\\"quote\\\"\",\"status\":\"ok\"}"));
    const auto health = send(request("GET /health", "", ""));
    QCOMPARE(health.status, 200);
    QCOMPARE(health.body, std::string(R"({"events_processed":1,"status":"healthy"})"));
    QCOMPARE(send(request("HEAD /health", "", "")).status, 200);
    QCOMPARE(m_receiver->statistics().lastAcceptedUnixMs, toUnixMs(*parseRfc3339("2026-08-20T10:15:31Z")));
}

void TestReceiver::manyConnections()
{
    constexpr int connections = 32;
    constexpr int each = 50;
    std::vector<std::thread> threads;
    std::atomic<int> acknowledged = 0;
    for (int c = 0; c < connections; ++c) {
        threads.emplace_back([&, c] {
            RawClient client(m_receiver->port());
            for (int i = 0; i < each; ++i) {
                // Every tenth id is also sent by the next connection.
                const int owner = i % 10 == 0 ? (c + 1) % connections : c;
                const std::string id = std::to_string(owner) + "-" + std::to_string(i);
                acknowledged += client.send(delivery(eventBody(id))) && client.reply().status == 200;
            }
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    QCOMPARE(acknowledged.load(), connections * each);
    std::set<std::string> ids;
    for (const StoredEvent &event : stored())
        ids.insert(event.event.id);
    QCOMPARE(ids.size(), std::size_t(connections * each));
    QCOMPARE(m_journal->count(), std::int64_t(connections * each));
}

void TestReceiver::takesTheNextPortWhenTaken()
{
    ReceiverOptions options;
    options.port = m_receiver->port();
    options.secret = secret;
    auto other = Journal::open(m_dir->filePath(QStringLiteral("other.db")).toStdString());
    QVERIFY(other.has_value());
    Receiver second(**other, options);
    QVERIFY(second.start().has_value());
    QVERIFY(second.port() > m_receiver->port());
    RawClient client(second.port());
    QVERIFY(client.send(delivery(eventBody("second"))));
    QCOMPARE(client.reply().status, 200);
    QCOMPARE((*other)->count(), std::int64_t(1));
    QCOMPARE(m_journal->count(), std::int64_t(0));
}

void TestReceiver::saysWhenNoPortIsFree()
{
    ReceiverOptions options;
    options.port = m_receiver->port();
    options.portTries = 1;
    options.secret = secret;
    auto other = Journal::open(m_dir->filePath(QStringLiteral("other.db")).toStdString());
    QVERIFY(other.has_value());
    Receiver second(**other, options);
    const auto started = second.start();
    QVERIFY(!started.has_value());
    QCOMPARE(started.error().code, std::string("EADDRINUSE"));
    QVERIFY(started.error().message.find(std::to_string(m_receiver->port())) != std::string::npos);
    QCOMPARE(second.port(), std::uint16_t(0));
}

void TestReceiver::listensOnLoopbackOnly()
{
    QFile file(QStringLiteral("/proc/net/tcp"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray table = file.readAll();
    const QByteArray port = QByteArray::number(m_receiver->port(), 16).rightJustified(4, '0').toUpper();
    QVERIFY(table.contains(QByteArray(" 0100007F:" + port + " 00000000:0000 0A")));
    QVERIFY(!table.contains(QByteArray(" 00000000:" + port)));
}

void TestReceiver::fullQueueIs503()
{
    m_receiver.reset();
    m_journal.reset();
    Journal::Options options;
    options.queueLimit = 0; // nothing may wait
    auto journal = Journal::open(m_dir->filePath(QStringLiteral("full.db")).toStdString(), options);
    QVERIFY(journal.has_value());
    m_journal = std::move(*journal);
    m_receiver = startReceiver(*m_journal);
    const auto reply = send(delivery(eventBody("a")));
    QCOMPARE(reply.status, 503);
    QVERIFY(reply.head.find("Retry-After: ") != std::string::npos);
    QCOMPARE(m_receiver->statistics().unavailable, std::uint64_t(1));
    QCOMPARE(m_receiver->statistics().refused(), std::uint64_t(0)); // the sender did nothing wrong
    QCOMPARE(m_journal->count(), std::int64_t(0));
}

void TestReceiver::journalThatFailsIs503()
{
    QCOMPARE(send(delivery(eventBody("a"))).status, 200);
    QVERIFY(QFile::remove(m_dir->filePath(QStringLiteral("journal.db"))));
    const auto reply = send(delivery(eventBody("b")));
    QCOMPARE(reply.status, 503);
    QVERIFY(reply.head.find("Retry-After: ") != std::string::npos);
    QCOMPARE(m_receiver->statistics().unavailable, std::uint64_t(1));
}

void TestReceiver::goesAwayWhileDeliveriesWait()
{
    // Whatever got its 200 is in the journal, and nothing hangs or crashes, whenever the receiver ends.
    std::atomic<bool> stop = false;
    std::atomic<int> acknowledged = 0;
    std::vector<std::thread> threads;
    for (int c = 0; c < 8; ++c) {
        threads.emplace_back([&, c, port = m_receiver->port()] {
            RawClient client(port);
            for (int i = 0; !stop; ++i) {
                if (!client.send(delivery(eventBody(std::to_string(c) + "-" + std::to_string(i))))
                    || client.reply().status != 200)
                    return;
                ++acknowledged;
            }
        });
    }
    QTRY_VERIFY(acknowledged > 200);
    m_receiver.reset();
    stop = true;
    for (std::thread &thread : threads)
        thread.join();
    QVERIFY(m_journal->count() >= acknowledged);
}

QTEST_GUILESS_MAIN(TestReceiver)
#include "tst_receiver.moc"
