#include "services/core/json.h"
#include "services/refine/refinesession.h"
#include "tests/support/fakee2bserver.h"

#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace sandglass::refine;
using namespace sandglass::testsupport;
using Fault = FakeReply::Fault;

namespace {

const QByteArray done = "{\"type\":\"end_of_execution\"}\n";
FakeReply prints(const QByteArray &text)
{
    return FakeReply::stream({"{\"type\":\"stdout\",\"text\":\"" + text + "\"}\n", done});
}

} // namespace

class TestRefineSession final : public QObject
{
    Q_OBJECT

    std::unique_ptr<FakeE2bServer> m_server;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<RefineSession> m_session;

    const Attempt &last() const { return m_session->attempts().back(); }
    void execute(QList<FakeReply> replies) { m_server->script("POST /execute", std::move(replies)); }
    void runAndWait(const std::string &code = "x")
    {
        QSignalSpy finished(m_session.get(), &RefineSession::attemptFinished);
        QVERIFY(m_session->run(code));
        QTRY_COMPARE(finished.size(), 1);
    }

private Q_SLOTS:
    void init();
    void cleanup();
    void makesOneSandboxForAllRuns();
    void preparationComesFirst();
    void verdicts_data();
    void verdicts();
    void pricesTheRun();
    void goneSandboxIsReplaced();
    void brokenStreamRunsNothingTwice();
    void createFails();
    void refusesASecondRun();
    void stops();
    void breaksOffWhenItsServerIsGone();
    void stopWhileCreating();
    void endKillsEvenASandboxOnItsWay();
    void stopWhileCreatingLeavesNoSandbox();
    void closedPortIsReplaced();
    void valueOfTheLastExpressionIsChecked();
    void resultsAreBounded();
    void pricesLate();
    void oldestAttemptsLeave();
    void engineGoes();
    void printsWithoutEnd();
};

void TestRefineSession::init()
{
    m_server = std::make_unique<FakeE2bServer>();
    auto count = std::make_shared<int>(0);
    m_server->script("POST /sandboxes", [count](const FakeRequest &) {
        return FakeReply::json(201,
                               "{\"sandboxID\":\"i" + QByteArray::number(++*count) + "\",\"envdAccessToken\":\"t\"}");
    });
    for (const char *id : {"i1", "i2"}) {
        const QByteArray path = QByteArray("/sandboxes/") + id;
        m_server->script(
            "GET " + path,
            {FakeReply::json(200, QByteArray("{\"sandboxID\":\"") + id + "\",\"cpuCount\":2,\"memoryMB\":512}")});
        m_server->script("DELETE " + path, {FakeReply{204, {}, {}, {}, Fault::None, 0}});
        m_server->script("POST " + path + "/timeout", {FakeReply{204, {}, {}, {}, Fault::None, 0}});
    }
    e2b::Connection connection;
    connection.apiUrl = connection.sandboxUrl = m_server->url();
    connection.apiKey = "e2b_00";
    m_client = std::make_unique<e2b::Client>(connection);
    m_session = std::make_unique<RefineSession>(*m_client, "session-1");
}

void TestRefineSession::cleanup()
{
    m_session.reset();
    m_client.reset();
    m_server.reset();
}

void TestRefineSession::makesOneSandboxForAllRuns()
{
    execute({prints("a")});
    runAndWait("first");
    runAndWait("second");
    QCOMPARE(m_server->count("POST /sandboxes"), 1);
    const Json body = Json::parse(m_server->requests().first().body.toStdString());
    QCOMPARE(body["metadata"]["sandglass.session"].get<std::string>(), "session-1");
    QCOMPARE(m_session->attempts().size(), std::size_t{2});
    QCOMPARE(last().number, 2);
    QCOMPARE(last().code, "second");
    QCOMPARE(last().sandboxId, "i1");
    QCOMPARE(last().output.text(), "a");
    QVERIFY(last().firstOutputAfter && *last().firstOutputAfter <= last().duration);
    QTRY_COMPARE(m_server->count("POST /sandboxes/i1/timeout"), 1);
    m_session.reset();
    QTRY_COMPARE(m_server->count("DELETE /sandboxes/i1"), 1);
}

void TestRefineSession::preparationComesFirst()
{
    execute({prints("a")});
    std::vector<std::function<void()>> waiting;
    m_session->setPreparation([&](std::function<void()> then) { waiting.push_back(std::move(then)); });
    QSignalSpy finished(m_session.get(), &RefineSession::attemptFinished);
    QVERIFY(m_session->run("x"));
    QCOMPARE(m_session->state(), RefineSession::State::Creating);
    m_session->stop();
    QCOMPARE(finished.size(), 1);
    QVERIFY(m_session->run("y")); // the same preparation serves this one
    QCOMPARE(waiting.size(), std::size_t(1));
    QCOMPARE(m_server->count("POST /sandboxes"), 0);
    waiting[0]();
    QTRY_COMPARE(finished.size(), 2);
    QVERIFY(last().verdict == Verdict::Passed);
    QCOMPARE(m_server->count("POST /sandboxes"), 1);

    QSignalSpy ended(m_session.get(), &RefineSession::ended);
    m_session->endSession();
    QCOMPARE(ended.size(), 1);
    QVERIFY(m_session->run("z"));
    QCOMPARE(waiting.size(), std::size_t(2));
    m_session->endSession(); // what is prepared then is for nobody
    waiting[1]();
    QVERIFY(m_session->run("z"));
    QCOMPARE(waiting.size(), std::size_t(3));
    m_session->stop();
    waiting[2](); // stopped, and nobody else waits: no sandbox
    QVERIFY(m_session->run("z"));
    QCOMPARE(waiting.size(), std::size_t(4));
    QTest::qWait(50);
    QCOMPARE(m_server->count("POST /sandboxes"), 1);
    m_session.reset();
    waiting[3](); // too late for anybody
}

void TestRefineSession::verdicts_data()
{
    QTest::addColumn<FakeReply>("reply");
    QTest::addColumn<int>("verdict");
    const auto v = [](Verdict verdict) { return static_cast<int>(verdict); };
    QTest::newRow("passed") << prints("Fibonacci(10) = 55") << v(Verdict::Passed);
    QTest::newRow("check failed") << prints("Fibonacci(10) = 6") << v(Verdict::CheckFailed);
    QTest::newRow("raised") << FakeReply::stream({"{\"type\":\"error\",\"name\":\"NameError\",\"value\":\"foo\","
                                                  "\"traceback\":\"Cell In[1], line 3\\n----> 3 foo\"}\n",
                                                  done})
                            << v(Verdict::Raised);
    QTest::newRow("timed out") << FakeReply::stream({"{\"type\":\"keepalive\"}\n"}, Fault::Hold)
                               << v(Verdict::TimedOut);
    QTest::newRow("cut") << FakeReply::stream({"{\"type\":\"keepalive\"}\n"}) << v(Verdict::Broken);
}

void TestRefineSession::verdicts()
{
    QFETCH(FakeReply, reply);
    QFETCH(int, verdict);
    execute({reply});
    m_session->setCheck(Check::outputContains("= 55"));
    m_session->setRunTimeout(1);
    runAndWait();
    QCOMPARE(static_cast<int>(last().verdict), verdict);
    if (last().verdict == Verdict::CheckFailed)
        QCOMPARE(last().check.got, "Fibonacci(10) = 6");
    if (last().verdict == Verdict::Raised)
        QCOMPARE(last().errorLine->line, 3);
    QCOMPARE(last().trouble.has_value(), last().verdict == Verdict::Broken);
    QVERIFY(m_session->state() == RefineSession::State::Idle);
}

void TestRefineSession::pricesTheRun()
{
    FakeReply slow = prints("a");
    slow.delayMs = 200; // the size is known before the run ends
    execute({slow});
    runAndWait();
    QVERIFY(!last().cost); // no rate card: unknown, not zero
    m_session->setRateCard(cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
        "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"test"}]})")
                               .value());
    runAndWait();
    QVERIFY(last().cost);
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(last().duration).count();
    QVERIFY(*last().cost >= Money::ofUsage(ms - 1, 2, 512, 14'000'000, 4'500'000));
    QVERIFY(*last().cost <= Money::ofUsage(ms + 1, 2, 512, 14'000'000, 4'500'000));
}

void TestRefineSession::goneSandboxIsReplaced()
{
    execute({prints("a"), FakeReply::error(502, "The sandbox was not found"), prints("b")});
    runAndWait();
    QSignalSpy notices(m_session.get(), &RefineSession::notice);
    runAndWait();
    QCOMPARE(notices.size(), 1);
    QCOMPARE(m_server->count("POST /sandboxes"), 2);
    QCOMPARE(last().sandboxId, "i2");
    QCOMPARE(last().output.text(), "b");
    QCOMPARE(m_session->attempts().size(), std::size_t{2});
}

void TestRefineSession::brokenStreamRunsNothingTwice()
{
    execute({prints("a"), FakeReply::failing(Fault::Reset), prints("b")});
    runAndWait();
    runAndWait();
    QVERIFY(last().verdict == Verdict::Broken);
    QCOMPARE(m_server->count("POST /execute"), 2);
}

void TestRefineSession::createFails()
{
    m_server->script("POST /sandboxes", {FakeReply::error(429, "limit 20")});
    runAndWait();
    QVERIFY(last().verdict == Verdict::Broken);
    QCOMPARE(last().trouble->status, 429);
    QVERIFY(last().sandboxId.empty());
}

void TestRefineSession::refusesASecondRun()
{
    execute({FakeReply::stream({"{\"type\":\"keepalive\"}\n"}, Fault::Hold)});
    QVERIFY(m_session->run("x"));
    QVERIFY(!m_session->run("y"));
}

void TestRefineSession::stops()
{
    execute({FakeReply::stream({"{\"type\":\"stdout\",\"text\":\"a\"}\n"}, Fault::Hold), prints("b")});
    QSignalSpy output(m_session.get(), &RefineSession::outputAppended);
    QVERIFY(m_session->run("x"));
    QTRY_COMPARE(output.size(), 1);
    m_session->stop();
    QVERIFY(m_session->state() == RefineSession::State::Idle);
    QVERIFY(last().verdict == Verdict::Stopped);
    QCOMPARE(last().output.text(), "a");
    runAndWait(); // the sandbox stays
    QCOMPARE(m_server->count("POST /sandboxes"), 1);
}

void TestRefineSession::breaksOffWhenItsServerIsGone()
{
    execute({FakeReply::stream({"{\"type\":\"stdout\",\"text\":\"a\"}\n"}, Fault::Hold)});
    QSignalSpy output(m_session.get(), &RefineSession::outputAppended);
    QVERIFY(m_session->run("x"));
    QTRY_COMPARE(output.size(), 1);
    const Error gone{.kind = Error::Kind::Transport, .message = "the engine ended"};
    m_session->breakOff(gone);
    QVERIFY(m_session->state() == RefineSession::State::Idle);
    QVERIFY(last().verdict == Verdict::Broken);
    QVERIFY(last().trouble == gone);
    QCOMPARE(last().output.text(), "a");
    QVERIFY(last().duration > std::chrono::nanoseconds::zero());
    QVERIFY(!m_session->sandbox());

    QVERIFY(m_session->run("y"));
    m_session->breakOff(gone); // while its sandbox is being created
    QVERIFY(last().verdict == Verdict::Broken);
    QVERIFY(last().trouble == gone);
}

void TestRefineSession::stopWhileCreating()
{
    execute({prints("b")});
    QVERIFY(m_session->run("x"));
    QVERIFY(m_session->state() == RefineSession::State::Creating);
    m_session->stop();
    QVERIFY(last().verdict == Verdict::Stopped);
    runAndWait(); // takes the sandbox that was on its way
    QVERIFY(last().verdict == Verdict::Passed);
    QCOMPARE(m_server->count("POST /sandboxes"), 1);
    QCOMPARE(m_server->count("POST /execute"), 1);
}

void TestRefineSession::endKillsEvenASandboxOnItsWay()
{
    QVERIFY(m_session->run("x"));
    m_session->endSession();
    QTRY_COMPARE(m_server->count("DELETE /sandboxes/i1"), 1);
    QVERIFY(m_session->run("y"));
    QTRY_COMPARE(m_server->count("POST /sandboxes"), 2);
    m_session.reset();
    QTRY_COMPARE(m_server->count("DELETE /sandboxes/i2"), 1);
}

void TestRefineSession::stopWhileCreatingLeavesNoSandbox()
{
    QVERIFY(m_session->run("x"));
    m_session->stop();
    QTRY_COMPARE(m_server->count("DELETE /sandboxes/i1"), 1);
    QVERIFY(!m_session->sandbox());
}

void TestRefineSession::closedPortIsReplaced()
{
    execute({prints("a"), FakeReply::error(502, "The sandbox is running but port 49999 is not open"), prints("b")});
    runAndWait();
    runAndWait();
    QVERIFY(last().verdict == Verdict::Passed);
    QCOMPARE(last().sandboxId, "i2");
    QTRY_COMPARE(m_server->count("DELETE /sandboxes/i1"), 1); // it may live, and cost
}

void TestRefineSession::valueOfTheLastExpressionIsChecked()
{
    const QByteArray value = "{\"type\":\"result\",\"is_main_result\":true,\"text\":\"55\"}\n";
    execute({FakeReply::stream({value, done})});
    m_session->setCheck(Check::outputContains("55"));
    runAndWait();
    QVERIFY(last().verdict == Verdict::Passed);
    m_session->setCheck(Check::outputContains("56"));
    runAndWait();
    QVERIFY(last().verdict == Verdict::CheckFailed);
}

void TestRefineSession::resultsAreBounded()
{
    const QByteArray value = "{\"type\":\"result\",\"is_main_result\":false,\"text\":\"1\"}\n";
    execute({FakeReply::stream({value.repeated(150), done})});
    QSignalSpy notices(m_session.get(), &RefineSession::notice);
    runAndWait();
    QCOMPARE(last().results.size(), std::size_t{100});
    QCOMPARE(last().resultsLeftOut, 50);
    QCOMPARE(notices.size(), 1);
}

void TestRefineSession::pricesLate()
{
    FakeReply late = FakeReply::json(200, R"({"sandboxID":"i1","cpuCount":2,"memoryMB":512})");
    late.delayMs = 300;
    m_server->script("GET /sandboxes/i1", {late});
    execute({prints("a")});
    m_session->setRateCard(cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2020-01-01T00:00:00Z",
        "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"test"}]})")
                               .value());
    QSignalSpy priced(m_session.get(), &RefineSession::attemptPriced);
    runAndWait();
    QVERIFY(!last().cost);
    QTRY_COMPARE(priced.size(), 1);
    QVERIFY(last().cost && !last().cost->isZero());
}

void TestRefineSession::oldestAttemptsLeave()
{
    const QByteArray big =
        "{\"type\":\"result\",\"is_main_result\":false,\"text\":\"" + QByteArray(1 << 20, 'x') + "\"}\n";
    m_session->keepAtMost(7U << 20);
    execute({FakeReply::stream({big, big, big, done})}); // 3 MiB each, with something of their own
    for (int i = 0; i < 3; ++i)
        runAndWait();
    QCOMPARE(m_session->attempts().size(), std::size_t{2});
    QCOMPARE(m_session->attempts().front().number, 2);
}

void TestRefineSession::engineGoes()
{
    execute({FakeReply::stream({"{\"type\":\"stdout\",\"text\":\"begun\"}\n"}, Fault::Hold)});
    QSignalSpy output(m_session.get(), &RefineSession::outputAppended);
    QVERIFY(m_session->run("x"));
    QTRY_COMPARE(output.size(), 1);
    m_server->close(); // resets the run, refuses what follows
    QTRY_COMPARE(m_session->attempts().size(), std::size_t{1});
    QVERIFY(last().verdict == Verdict::Broken);
    QVERIFY(last().trouble->kind == Error::Kind::Transport);
    QCOMPARE(last().output.text(), "begun");
    runAndWait();
    QVERIFY(last().verdict == Verdict::Broken);
    QVERIFY(last().trouble->kind == Error::Kind::Transport);
}

void TestRefineSession::printsWithoutEnd()
{
    const QByteArray line = "{\"type\":\"stdout\",\"text\":\"" + QByteArray(100'000, 'x') + "\"}\n";
    execute({FakeReply::failing(Fault::Endless, line)});
    qsizetype longest = 0;
    qint64 shown = 0;
    connect(m_session.get(), &RefineSession::outputAppended, this, [&](const QList<OutputPiece> &pieces) {
        qsizetype size = 0;
        for (const OutputPiece &piece : pieces)
            size += piece.text.size();
        longest = std::max(longest, size);
        shown += size;
    });
    QVERIFY(m_session->run("x"));
    QTRY_VERIFY_WITH_TIMEOUT(shown > 24'000'000, 150'000);
    m_session->stop();
    QVERIFY(last().output.totalBytes() >= 24'000'000);
    QVERIFY(last().output.memoryBytes() <= (8U << 20) + 64);
    QVERIFY(longest < (2 << 20));
}

QTEST_GUILESS_MAIN(TestRefineSession)
#include "tst_refinesession.moc"
