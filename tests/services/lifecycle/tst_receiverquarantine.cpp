#include "services/core/base64.h"
#include "services/lifecycle/signature.h"
#include "tests/services/lifecycle/signedreceiver.h"

#include <QTest>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <future>
#include <thread>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace sandglass::test;

namespace {

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

class TestReceiverQuarantine final : public SignedReceiver
{
    Q_OBJECT
private Q_SLOTS:
    void quarantineNamesTheMistake_data();
    void quarantineNamesTheMistake();
    void entriesTellWhoAndWhat();
    void scannersAreOnlyCounted();
    void retryAfterTheSecretIsRight();
    void retryTakesOtherSpellings();
    void retryRefuses();
    void floodIsSampled();
    void quarantineSurvivesARestart();

private:
    [[nodiscard]] Result<bool> retry(std::int64_t id)
    {
        std::promise<Result<bool>> promise;
        auto future = promise.get_future();
        m_receiver->retry(id, [&promise](Result<bool> result) { promise.set_value(std::move(result)); });
        return future.get();
    }
};

void TestReceiverQuarantine::quarantineNamesTheMistake_data()
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

void TestReceiverQuarantine::quarantineNamesTheMistake()
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

void TestReceiverQuarantine::entriesTellWhoAndWhat()
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

void TestReceiverQuarantine::scannersAreOnlyCounted()
{
    start();
    QCOMPARE(send(request("GET /.env", "", "")).status, 404);
    QCOMPARE(send(request("POST /wp-login.php", "", "x=1")).status, 404);
    QCOMPARE(m_receiver->statistics().wrongPath, std::uint64_t(2));
    QCOMPARE(m_receiver->quarantine().counts().entries, std::size_t(0));
}

void TestReceiverQuarantine::retryAfterTheSecretIsRight()
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

void TestReceiverQuarantine::retryTakesOtherSpellings()
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

void TestReceiverQuarantine::retryRefuses()
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

void TestReceiverQuarantine::floodIsSampled()
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

void TestReceiverQuarantine::quarantineSurvivesARestart()
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

QTEST_GUILESS_MAIN(TestReceiverQuarantine)
#include "tst_receiverquarantine.moc"
