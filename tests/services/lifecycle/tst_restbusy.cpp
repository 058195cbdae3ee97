#include "tests/services/lifecycle/restserver.h"

#include <QTest>

#include <future>
#include <mutex>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace std::chrono_literals;
using sandglass::test::createdOf;
using sandglass::test::RawClient;

namespace {

/// A picture that never answers.
class SilentPicture final : public LivePicture
{
public:
    bool askSnapshot(SnapshotAnswer answer) override
    {
        const std::lock_guard lock(mutex);
        asked.push_back(std::move(answer));
        return !isFull;
    }
    bool askSandbox(std::string, SandboxAnswer) override { return !isFull; }
    [[nodiscard]] std::size_t count()
    {
        const std::lock_guard lock(mutex);
        return asked.size();
    }

    std::mutex mutex;
    std::vector<SnapshotAnswer> asked;
    bool isFull = false;
};

} // namespace

class TestRestBusy final : public test::RestServer
{
    Q_OBJECT
private Q_SLOTS:
    void manyQuestionsOneSnapshot();
    void silentPictureIs503();
    void fullPictureIs503();
    void tooManyQuestionsAre503();
    void stopAnswersThoseWhoWait();
    void pictureThatGoesIs503();
};

void TestRestBusy::manyQuestionsOneSnapshot()
{
    std::vector<Event> events;
    for (int i = 0; i < 1'000; ++i)
        events.push_back(createdOf(i, "s" + std::to_string(i), "t"));
    serve(events);
    std::vector<std::future<int>> answers;
    for (int c = 0; c < 16; ++c) {
        answers.push_back(std::async(std::launch::async, [port = m_receiver->port()] {
            RawClient client(port);
            int good = 0;
            for (int i = 0; i < 10; ++i) {
                client.send("GET /sandboxes/active HTTP/1.1\r\nHost: localhost\r\n\r\n");
                const auto reply = client.reply();
                good += reply.status == 200 && reply.body.find("\"count\":1000") != std::string::npos;
            }
            return good;
        }));
    }
    for (auto &answer : answers) {
        QTRY_VERIFY_WITH_TIMEOUT(answer.wait_for(0s) == std::future_status::ready, 60'000);
        QCOMPARE(answer.get(), 10);
    }
}

void TestRestBusy::silentPictureIs503()
{
    RestApiOptions options;
    options.timeout = 100ms;
    const auto picture = std::make_shared<SilentPicture>();
    serveWith(picture, options);
    const auto reply = get("/metrics");
    QCOMPARE(reply.status, 503);
    QVERIFY(reply.body.find("No answer in time") != std::string::npos);
    QVERIFY(reply.head.find("Retry-After: ") != std::string::npos);
    QCOMPARE(get("/sandboxes/a/cost").status, 503);
    QCOMPARE(get("/events").status, 200);                     // needs no picture
    picture->asked.front()(std::make_shared<LiveSnapshot>()); // too late: nobody waits
    QCOMPARE(get("/health").status, 200);
}

void TestRestBusy::fullPictureIs503()
{
    const auto picture = std::make_shared<SilentPicture>();
    picture->isFull = true;
    serveWith(picture, {});
    QVERIFY(get("/metrics").body.find("Too many questions") != std::string::npos);
    QCOMPARE(get("/sandboxes/a/cost").status, 503);
}

void TestRestBusy::tooManyQuestionsAre503()
{
    RestApiOptions options;
    options.timeout = 20s;
    options.waitingLimit = 3;
    const auto picture = std::make_shared<SilentPicture>();
    serveWith(picture, options);
    std::vector<std::unique_ptr<RawClient>> waiting;
    for (int i = 0; i < 3; ++i) {
        waiting.push_back(std::make_unique<RawClient>(m_receiver->port()));
        QVERIFY(waiting.back()->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    }
    QTRY_COMPARE(picture->count(), std::size_t(3));
    QCOMPARE(get("/metrics").status, 503);
    QCOMPARE(get("/events").status, 503);
    QCOMPARE(get("/health").status, 200);
}

void TestRestBusy::stopAnswersThoseWhoWait()
{
    RestApiOptions options;
    options.timeout = 60s;
    const auto picture = std::make_shared<SilentPicture>();
    serveWith(picture, options);
    RawClient client(m_receiver->port());
    QVERIFY(client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    QTRY_COMPARE(picture->count(), std::size_t(1));
    m_receiver.reset();
    QCOMPARE(client.reply().status, 503);
    m_rest.reset();
    picture->asked.front()(nullptr); // the answer comes to nobody
}

void TestRestBusy::pictureThatGoesIs503()
{
    serve({createdOf(0, "a", "t")});
    QCOMPARE(get("/metrics").status, 200);
    m_picture.reset();
    QCOMPARE(get("/metrics").status, 503);
    QCOMPARE(get("/sandboxes/a/cost").status, 503);
}

QTEST_GUILESS_MAIN(TestRestBusy)
#include "tst_restbusy.moc"
