// How fast this program asks: below the service's limit by itself, and not again before the time the service names.

#include "services/e2b/client.h"
#include "services/e2b/pacedcall.h"
#include "services/e2b/pacer.h"
#include "tests/support/fakee2bserver.h"

#include <QElapsedTimer>
#include <QTest>

#include <vector>

using namespace sandglass;
using namespace sandglass::e2b;
using namespace sandglass::testsupport;
using namespace std::chrono_literals;

class TestPacer final : public QObject
{
    Q_OBJECT

    template<typename T>
    static Result<T> wait(QFuture<Result<T>> future)
    {
        if (!QTest::qWaitFor([&future] { return future.isFinished(); }, 20'000) || future.resultCount() == 0)
            return failure(Error::Kind::Local, "the call has no result");
        return future.result();
    }

private Q_SLOTS:
    void staysBelowTheServicesLimit();
    void ownLimitHoldsCallsBack();
    void retryAfterIsKept();
    void aWaitThatWasAskedForOutlastsTheWindow();
};

void TestPacer::staysBelowTheServicesLimit()
{
    Pacer pacer; // as every client has it
    const Pacer::Time start{};
    int gone = 0;
    while (pacer.take(start + 1s) == 0ms)
        QVERIFY(++gone < 20'000); // E2B's limit in 30 s, which the team's other programs share
    QCOMPARE(gone, 18'000);
    QCOMPARE(pacer.take(start + 11s), 20'000ms); // the rest of the window
    QCOMPARE(pacer.take(start + 30'999ms), 1ms);
    QCOMPARE(pacer.take(start + 31s), 0ms);
}

void TestPacer::ownLimitHoldsCallsBack()
{
    FakeE2bServer server;
    QElapsedTimer clock;
    std::vector<qint64> arrived;
    server.scriptAll("/", [&](const FakeRequest &) {
        arrived.push_back(clock.elapsed());
        return FakeReply::json(200, "[]");
    });
    net::HttpClient http;
    Pacer pacer(3, 400ms);
    net::HttpRequest request;
    request.method = "GET";
    request.url = server.url() + "/sandboxes";
    clock.start();
    std::vector<QFuture<Result<net::HttpResponse>>> calls;
    for (int i = 0; i < 8; ++i)
        calls.push_back((new PacedCall(http, pacer, request, CallTrace("GET", "/sandboxes"), this))->start());
    for (const auto &call : calls)
        QCOMPARE(wait(call)->status, 200); // late, not lost
    QCOMPARE(arrived.size(), std::size_t{8});
    QVERIFY(arrived[3] >= 400 - 20); // the clocks round
    QVERIFY(arrived[6] >= 800 - 20);
    QVERIFY(arrived[2] < 400);
}

void TestPacer::retryAfterIsKept()
{
    FakeE2bServer server;
    QElapsedTimer clock;
    std::vector<qint64> arrived;
    server.script("GET /v2/sandboxes", [&](const FakeRequest &) {
        arrived.push_back(clock.elapsed());
        if (arrived.size() > 1)
            return FakeReply::json(200, R"([{"sandboxID":"i1"}])");
        FakeReply busy = FakeReply::error(429, "slow down");
        busy.headers.append(qMakePair(QByteArray("Retry-After"), QByteArray("2")));
        return busy;
    });
    Connection connection;
    connection.apiUrl = server.url();
    connection.apiKey = "e2b_0123456789abcdef";
    Client client(connection);
    clock.start();
    const auto list = wait(client.listSandboxes());
    QVERIFY2(list, list ? "" : list.error().message.c_str());
    QCOMPARE(list->size(), std::size_t{1});
    QCOMPARE(arrived.size(), std::size_t{2}); // once, and once more when it was time
    QVERIFY(arrived[1] >= 2'000);
}

void TestPacer::aWaitThatWasAskedForOutlastsTheWindow()
{
    Pacer pacer(10, 100ms);
    const Pacer::Time start{};
    QCOMPARE(pacer.take(start + 1s), 0ms);
    pacer.hold(start + 5s);
    pacer.hold(start + 3s); // a shorter one cuts nothing
    QCOMPARE(pacer.take(start + 2s), 3'000ms);
    QCOMPARE(pacer.take(start + 5s), 0ms);
}

QTEST_GUILESS_MAIN(TestPacer)
#include "tst_pacer.moc"
