#include "services/core/json.h"
#include "services/e2b/client.h"
#include "tests/support/fakee2bserver.h"

#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace sandglass::e2b;
using namespace sandglass::testsupport;
using Fault = FakeReply::Fault;
using End = CodeRun::End;

class TestCodeRun final : public QObject
{
    Q_OBJECT

    static Connection to(const FakeE2bServer &server)
    {
        Connection connection;
        connection.apiUrl = connection.sandboxUrl = server.url();
        connection.apiKey = "e2b_00";
        return connection;
    }
    static SandboxInfo box()
    {
        SandboxInfo sandbox;
        sandbox.sandboxId = "iabc";
        sandbox.envdAccessToken = "token";
        return sandbox;
    }

private Q_SLOTS:
    void streamsEverything();
    void ends_data();
    void ends();
    void timeOutClosesTheConnection();
    void silenceAsksForHealth_data();
    void silenceAsksForHealth();
    void cancelAndDelete();
};

void TestCodeRun::streamsEverything()
{
    FakeE2bServer server;
    server.script(
        "POST /execute",
        {FakeReply::stream(
            {"{\"type\":\"number_of_executions\",\"execution_count\":4}\n{\"type\":\"std", "out\",\"text\":\"a\xC3",
             "\xA4\\n\"}\n{\"type\":\"keepalive\"}\n", "{\"type\":\"stderr\",\"text\":\"e\"}\n",
             "{\"type\":\"result\",\"text\":\"42\",\"json\":{\"k\":[1]},\"png\":null,\"is_main_result\":true}\n",
             "{\"type\":\"something_new\",\"x\":1}\n{\"type\":\"end_of_execution\"}\n"})});
    Client client(to(server));
    CodeSpec spec;
    spec.code = "print('ä')";
    CodeRun *run = client.runCode(box(), spec, this);
    QString out;
    QString err;
    std::vector<ExecutionResult> results;
    connect(run, &CodeRun::stdoutText, this, [&out](const QString &text) { out += text; });
    connect(run, &CodeRun::stderrText, this, [&err](const QString &text) { err += text; });
    connect(run, &CodeRun::result, this, [&results](const ExecutionResult &result) { results.push_back(result); });
    QSignalSpy counts(run, &CodeRun::executionCount);
    QSignalSpy finished(run, &CodeRun::finished);
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(finished[0][0].value<End>(), End::Completed);
    QCOMPARE(out, QStringLiteral("aä\n"));
    QCOMPARE(err, QStringLiteral("e"));
    QCOMPARE(counts[0][0].toInt(), 4);
    QCOMPARE(results.size(), std::size_t{1});
    QVERIFY(results[0].isMainResult);
    QCOMPARE(results[0].formats, (std::map<std::string, std::string>{{"text", "42"}, {"json", "{\"k\":[1]}"}}));
    const FakeRequest &seen = server.requests().first();
    QCOMPARE(seen.headers.value("e2b-sandbox-port"), "49999");
    QCOMPARE(seen.headers.value("x-access-token"), "token");
    const Json body = Json::parse(seen.body.toStdString());
    QCOMPARE(body["language"].get<std::string>(), "python");
    QVERIFY(!body.contains("context_id"));
    delete run;
}

void TestCodeRun::ends_data()
{
    QTest::addColumn<FakeReply>("reply");
    QTest::addColumn<End>("end");
    QTest::addColumn<QByteArray>("code");
    QTest::newRow("raised") << FakeReply::stream(
        {"{\"type\":\"error\",\"name\":\"ValueError\",\"value\":\"v\",\"traceback\":[\"a\",\"b\"]}\n"
         "{\"type\":\"end_of_execution\"}\n"})
                            << End::Failed << QByteArray();
    QTest::newRow("ends too early") << FakeReply::stream({"{\"type\":\"stdout\",\"text\":\"a\"}\n"}) << End::Broken
                                    << QByteArray("stream_cut");
    QTest::newRow("cut chunks") << FakeReply::stream({"{\"type\":\"stdout\",\"te"}, Fault::CutChunks) << End::Broken
                                << QByteArray("*");
    QTest::newRow("not JSON") << FakeReply::stream({"<html>\n"}) << End::Broken << QByteArray();
    QTest::newRow("no type") << FakeReply::stream({"{}\n"}) << End::Broken << QByteArray();
    QTest::newRow("sandbox gone") << FakeReply::error(502, "The sandbox was not found") << End::Broken
                                  << QByteArray("sandbox_not_found");
    QTest::newRow("port closed") << FakeReply::error(502, "The sandbox is running but port is not open") << End::Broken
                                 << QByteArray("port_closed");
    QTest::newRow("context gone") << FakeReply{404, "Context c not found", {}, {}, Fault::None, 0} << End::Broken
                                  << QByteArray("not_found");
    QTest::newRow("reset") << FakeReply::failing(Fault::Reset) << End::Broken << QByteArray("*");
    QTest::newRow("last line without newline")
        << FakeReply::stream({"{\"type\":\"end_of_execution\"}"}) << End::Completed << QByteArray();
}

void TestCodeRun::ends()
{
    QFETCH(FakeReply, reply);
    QFETCH(End, end);
    QFETCH(QByteArray, code);
    FakeE2bServer server;
    server.script("POST /execute", {reply});
    Client client(to(server));
    CodeRun *run = client.runCode(box(), {}, this);
    QSignalSpy finished(run, &CodeRun::finished);
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(finished[0][0].value<End>(), end);
    if (code != "*")
        QCOMPARE(QByteArray::fromStdString(run->error().code), code);
    QCOMPARE(run->error().message.empty(), end != End::Broken);
    QCOMPARE(server.requests().size(), 1); // code must not run twice
    delete run;
}

void TestCodeRun::timeOutClosesTheConnection()
{
    FakeE2bServer server;
    server.script("POST /execute", {FakeReply::stream({"{\"type\":\"stdout\",\"text\":\"a\"}\n"}, Fault::Hold)});
    Client client(to(server));
    CodeSpec spec;
    spec.timeoutSeconds = 1;
    CodeRun *run = client.runCode(box(), spec, this);
    QSignalSpy finished(run, &CodeRun::finished);
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(finished[0][0].value<End>(), End::TimedOut);
    QTRY_COMPARE(server.openConnections(), 0); // by this the server knows to interrupt
    delete run;
}

void TestCodeRun::silenceAsksForHealth_data()
{
    QTest::addColumn<int>("status");
    QTest::newRow("alive") << 200;
    QTest::newRow("gone") << 502;
}

void TestCodeRun::silenceAsksForHealth()
{
    QFETCH(int, status);
    FakeE2bServer server;
    server.script("POST /execute", {FakeReply::failing(Fault::Silent)});
    server.script("GET /health", {FakeReply{status, "The sandbox was not found", {}, {}, Fault::None, 0}});
    Client client(to(server));
    client.setPatience(std::chrono::milliseconds(100));
    CodeRun *run = client.runCode(box(), {}, this);
    QSignalSpy finished(run, &CodeRun::finished);
    if (status == 200) {
        QTRY_VERIFY(server.count("GET /health") >= 3);
        QCOMPARE(finished.size(), 0);
    } else {
        QTRY_COMPARE(finished.size(), 1);
        QCOMPARE(finished[0][0].value<End>(), End::Broken);
        QCOMPARE(run->error().code, "sandbox_not_found");
    }
    delete run;
}

void TestCodeRun::cancelAndDelete()
{
    FakeE2bServer server;
    server.script("POST /execute", {FakeReply::stream({"{\"type\":\"stdout\",\"text\":\"a\"}\n"}, Fault::Hold)});
    Client client(to(server));
    CodeRun *cancelled = client.runCode(box(), {}, this);
    QSignalSpy finished(cancelled, &CodeRun::finished);
    QSignalSpy text(cancelled, &CodeRun::stdoutText);
    QTRY_COMPARE(text.size(), 1);
    cancelled->cancel();
    cancelled->cancel();
    QCOMPARE(finished.size(), 1);
    QCOMPARE(finished[0][0].value<End>(), End::Cancelled);
    delete cancelled;
    QTRY_COMPARE(server.openConnections(), 0);

    CodeRun *deleted = client.runCode(box(), {}, this); // a receiver may delete the run in the middle of a signal
    bool isDeleted = false;
    connect(deleted, &CodeRun::stdoutText, this, [&] {
        delete deleted;
        isDeleted = true;
    });
    QTRY_VERIFY(isDeleted);
    QTRY_COMPARE(server.openConnections(), 0);
}

QTEST_GUILESS_MAIN(TestCodeRun)
#include "tst_coderun.moc"
