#include "services/core/json.h"
#include "services/refine/refineloop.h"
#include "tests/support/fakee2bserver.h"

#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace sandglass::refine;
using namespace sandglass::testsupport;
using End = RefineLoop::End;

class TestRefineLoop final : public QObject
{
    Q_OBJECT

    std::unique_ptr<FakeE2bServer> m_server;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<RefineSession> m_session;

    End loop(std::vector<std::string> texts, int limit)
    {
        RefineLoop refineLoop(*m_session, std::make_unique<ScriptedGenerator>(std::move(texts)), LoopLimits{limit, {}});
        QSignalSpy finished(&refineLoop, &RefineLoop::finished);
        refineLoop.start();
        if (!QTest::qWaitFor([&finished] { return !finished.isEmpty(); }, 10'000))
            qFatal("the loop does not end");
        return finished[0][0].value<End>();
    }

private Q_SLOTS:
    void init();
    void cleanup();
    void classicExamplePassesAtTheThird();
    void limitEndsIt();
    void endOfTheScriptFails();
    void troubleIsNotRefined();
    void stopEndsIt();
};

/// An interpreter that knows the three texts of the classic example.
void TestRefineLoop::init()
{
    m_server = std::make_unique<FakeE2bServer>();
    m_server->script("POST /sandboxes", {FakeReply::json(201, R"({"sandboxID":"i1"})")});
    m_server->script("POST /execute", [](const FakeRequest &request) {
        const std::string code = stringOr(Json::parse(request.body.toStdString()), "code");
        QByteArray line = "{\"type\":\"stdout\",\"text\":\"Fibonacci(10) = 55\\n\"}\n";
        if (code.find("import nonexistent_module") != std::string::npos)
            line = "{\"type\":\"error\",\"name\":\"ModuleNotFoundError\",\"value\":\"\",\"traceback\":\"Cell In[2], "
                   "line 1\"}\n";
        else if (code.find("):") == std::string::npos)
            line =
                "{\"type\":\"error\",\"name\":\"SyntaxError\",\"value\":\"\",\"traceback\":\"  Cell In[1], line 1\"}\n";
        return FakeReply::stream({line, "{\"type\":\"end_of_execution\"}\n"});
    });
    e2b::Connection connection;
    connection.apiUrl = connection.sandboxUrl = m_server->url();
    connection.apiKey = "e2b_00";
    m_client = std::make_unique<e2b::Client>(connection);
    m_session = std::make_unique<RefineSession>(*m_client, "s");
}

void TestRefineLoop::cleanup()
{
    m_session.reset();
    m_client.reset();
    m_server.reset();
}

void TestRefineLoop::classicExamplePassesAtTheThird()
{
    const ClassicExample example = classicExample();
    m_session->setCheck(example.check);
    QCOMPARE(loop(example.attempts, 5), End::Passed);
    const auto &attempts = m_session->attempts();
    QCOMPARE(attempts.size(), std::size_t{3});
    QCOMPARE(attempts[0].error->name, "SyntaxError");
    QCOMPARE(attempts[1].error->name, "ModuleNotFoundError");
    QVERIFY(attempts[2].verdict == Verdict::Passed && attempts[2].check.isChecked);
    QVERIFY(attempts[0].author == Attempt::Author::Scripted);
    QCOMPARE(m_server->count("POST /sandboxes"), 1);
}

void TestRefineLoop::limitEndsIt()
{
    QCOMPARE(loop(classicExample().attempts, 2), End::LimitReached);
    QCOMPARE(m_session->attempts().size(), std::size_t{2});
}

void TestRefineLoop::endOfTheScriptFails()
{
    QCOMPARE(loop({"import nonexistent_module"}, 3), End::Failed);
    QCOMPARE(m_session->attempts().size(), std::size_t{1});
}

void TestRefineLoop::troubleIsNotRefined()
{
    m_server->script("POST /sandboxes", {FakeReply::error(401, "bad key")});
    QCOMPARE(loop(classicExample().attempts, 3), End::Failed);
    QCOMPARE(m_session->attempts().size(), std::size_t{1});
}

void TestRefineLoop::stopEndsIt()
{
    m_server->script("POST /execute", {FakeReply::stream({"{\"type\":\"keepalive\"}\n"}, FakeReply::Fault::Hold)});
    RefineLoop refineLoop(*m_session, std::make_unique<ScriptedGenerator>(classicExample().attempts),
                          LoopLimits{3, {}});
    QSignalSpy finished(&refineLoop, &RefineLoop::finished);
    refineLoop.start();
    QTRY_COMPARE(m_server->count("POST /execute"), 1);
    refineLoop.stop();
    QCOMPARE(finished.size(), 1);
    QCOMPARE(finished[0][0].value<End>(), End::Stopped);
    QCOMPARE(m_session->attempts().size(), std::size_t{1});
}

QTEST_GUILESS_MAIN(TestRefineLoop)
#include "tst_refineloop.moc"
