#include "services/core/json.h"
#include "services/e2b/client.h"
#include "services/net/connectreader.h"
#include "tests/support/fakee2bserver.h"

#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace sandglass::e2b;
using namespace sandglass::testsupport;
using Fault = FakeReply::Fault;

class TestClient final : public QObject
{
    Q_OBJECT

    static Connection to(const FakeE2bServer &server)
    {
        Connection connection;
        connection.apiUrl = connection.sandboxUrl = server.url();
        connection.apiKey = "e2b_0123456789abcdef";
        return connection;
    }
    template<typename T>
    static Result<T> wait(QFuture<Result<T>> future)
    {
        if (!QTest::qWaitFor([&future] { return future.isFinished(); }, 20'000) || future.resultCount() == 0)
            return failure(Error::Kind::Local, "the call has no result");
        return future.result();
    }
    static SandboxInfo box()
    {
        SandboxInfo sandbox;
        sandbox.sandboxId = "iabc";
        sandbox.envdAccessToken = "token";
        return sandbox;
    }

private Q_SLOTS:
    void createsASandbox();
    void failures_data();
    void failures();
    void timeoutIsAlwaysSent();
    void followsPages();
    void endlessPagesEnd();
    void oldListIsTheFallback();
    void killOfWhatIsGoneSucceeds();
    void checksTheKeyBeforeAnyRequest_data();
    void checksTheKeyBeforeAnyRequest();
    void neverRepeatsACreate();
    void webhooks();
    void missingWebhooksAreNotSupported();
    void events();
    void files();
    void runsACommand();
    void cutCommandIsAnError();
    void commandDeletedInTheMiddle();
    void deletingTheClientWhileCallsRun();
};

void TestClient::createsASandbox()
{
    FakeE2bServer server;
    server.script("POST /sandboxes",
                  {FakeReply::json(201, R"({"sandboxID":"iabc","templateID":"t1","envdVersion":"0.6.13",
        "envdAccessToken":"tok","trafficAccessToken":null,"domain":null,"clientID":"x","future":{"a":1}})")});
    Client client(to(server));
    SandboxSpec spec;
    spec.timeoutSeconds = 60;
    spec.metadata = {{"user", "ä\"1"}};
    const auto sandbox = wait(client.createSandbox(spec));
    QVERIFY2(sandbox, sandbox ? "" : sandbox.error().message.c_str());
    QCOMPARE(sandbox->sandboxId, "iabc");
    QCOMPARE(sandbox->envdAccessToken, "tok");
    QCOMPARE(sandbox->domain, "");
    const FakeRequest &seen = server.requests().first();
    QCOMPARE(seen.headers.value("x-api-key"), "e2b_0123456789abcdef");
    QVERIFY(seen.headers.value("user-agent").startsWith("sandglass/"));
    const Json body = Json::parse(seen.body.toStdString());
    QCOMPARE(body["timeout"].get<int>(), 60);
    QCOMPARE(body["metadata"]["user"].get<std::string>(), "ä\"1");
    QCOMPARE(body["secure"].get<bool>(), true);
}

void TestClient::failures_data()
{
    QTest::addColumn<FakeReply>("reply");
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("code");
    QTest::addColumn<QByteArray>("inMessage");
    const auto kind = [](Error::Kind k) { return static_cast<int>(k); };
    const auto row = [&](const char *name, const FakeReply &reply, Error::Kind k, int status, const char *code,
                         const char *text) {
        QTest::newRow(name) << reply << kind(k) << status << QByteArray(code) << QByteArray(text);
    };
    using K = Error::Kind;
    row("400", FakeReply::error(400, "Timeout must be greater than 0"), K::Service, 400, "invalid_argument", "greater");
    row("401", FakeReply::error(401, "bad key"), K::Service, 401, "unauthenticated", "bad key");
    row("403", FakeReply::error(403, "not yours"), K::Service, 403, "permission_denied", "not yours");
    row("404", FakeReply::error(404, "no template"), K::Service, 404, "not_found", "no template");
    row("409", FakeReply::error(409, "paused"), K::Service, 409, "conflict", "paused");
    row("429", FakeReply::error(429, "limit 20"), K::Service, 429, "resource_exhausted", "limit 20");
    row("500", FakeReply::error(500, "oops"), K::Service, 500, "internal", "oops");
    row("503 HTML", FakeReply{503, "<html><b>busy</b>", {}, {}, Fault::None, 0}, K::Http, 503, "unavailable",
        "HTTP 503");
    row("own code", FakeReply::json(403, R"({"code":403,"message":"m","error_code":"team_blocked"})"), K::Service, 403,
        "team_blocked", "m");
    row("key in the message", FakeReply::error(401, "key e2b_00112233445566778899aabbccddeeff00112233 is wrong"),
        K::Service, 401, "unauthenticated", "e2b_***");
    row("HTML with 200", FakeReply{200, "<html>", {}, {}, Fault::None, 0}, K::Decode, 200, "", "not JSON");
    row("empty", FakeReply::json(200, ""), K::Decode, 200, "", "empty");
    row("array", FakeReply::json(200, "[]"), K::Decode, 0, "", "$ is of type array");
    row("no id", FakeReply::json(200, "{}"), K::Decode, 0, "", "$.sandboxID is missing");
    row("number for text", FakeReply::json(200, R"({"sandboxID":7})"), K::Decode, 0, "", "$.sandboxID");
    row("text for number", FakeReply::json(200, R"({"sandboxID":"i","cpuCount":"2"})"), K::Decode, 0, "", "$.cpuCount");
    row("too large", FakeReply::json(200, R"({"sandboxID":"i","cpuCount":99999999999})"), K::Decode, 0, "",
        "$.cpuCount");
    row("bad time", FakeReply::json(200, R"({"sandboxID":"i","startedAt":"soon"})"), K::Decode, 0, "", "$.startedAt");
    row("bad metadata", FakeReply::json(200, R"({"sandboxID":"i","metadata":{"a":1}})"), K::Decode, 0, "",
        "$.metadata.a");
    row("reset", FakeReply::failing(Fault::Reset), K::Transport, 0, "*", "");
    row("half a body", FakeReply::failing(Fault::HalfBody, R"({"sandboxID":"i"})"), K::Transport, 0, "*", "");
}

void TestClient::failures()
{
    QFETCH(FakeReply, reply);
    QFETCH(int, kind);
    QFETCH(int, status);
    QFETCH(QByteArray, code);
    QFETCH(QByteArray, inMessage);
    FakeE2bServer server;
    server.script("POST /sandboxes", {reply});
    Client client(to(server));
    const auto outcome = wait(client.createSandbox({}));
    QVERIFY(!outcome);
    const Error &error = outcome.error();
    QCOMPARE(static_cast<int>(error.kind), kind);
    QCOMPARE(error.status, status);
    if (code != "*")
        QCOMPARE(QByteArray::fromStdString(error.code), code);
    QVERIFY2(QByteArray::fromStdString(error.message).contains(inMessage), error.message.c_str());
    QVERIFY(error.message.find("e2b_0011") == std::string::npos);
    QCOMPARE(server.requests().size(), 1); // a create is never sent twice
}

/// On every request that decides how long a sandbox lives: without one the service would take its own default.
void TestClient::timeoutIsAlwaysSent()
{
    FakeE2bServer server;
    server.script("POST /sandboxes", {FakeReply::json(201, R"({"sandboxID":"iabc"})")});
    server.script("POST /sandboxes/iabc/connect", {FakeReply::json(200, R"({"sandboxID":"iabc"})")});
    server.script("POST /sandboxes/iabc/timeout", {FakeReply{204, {}, {}, {}, Fault::None, 0}});
    Client client(to(server));
    const auto sent = [&server] { return Json::parse(server.requests().last().body.toStdString())["timeout"]; };
    QVERIFY(wait(client.createSandbox({}))); // nobody has chosen one
    QCOMPARE(sent().get<int>(), 300);
    SandboxSpec spec;
    spec.timeoutSeconds = 3'600;
    spec.autoPause = true;
    QVERIFY(wait(client.createSandbox(spec)));
    QCOMPARE(sent().get<int>(), 3'600);
    QVERIFY(wait(client.connectSandbox("iabc", 900))); // a reconnect does not fall back to five minutes
    QCOMPARE(sent().get<int>(), 900);
    QVERIFY(wait(client.setTimeout("iabc", 60)));
    QCOMPARE(sent().get<int>(), 60);
    QCOMPARE(server.requests().size(), 4);
}

void TestClient::followsPages()
{
    FakeE2bServer server;
    server.script("GET /v2/sandboxes", [](const FakeRequest &request) {
        const bool second = request.target.contains("nextToken=t%2B1");
        FakeReply reply = FakeReply::json(
            200, second ? R"([{"sandboxID":"i3","state":"paused"}])" : R"([{"sandboxID":"i1"},{"sandboxID":"i2"}])");
        if (!second)
            reply.headers.push_back({"X-Next-Token", "t+1"});
        return reply;
    });
    Client client(to(server));
    const auto list = wait(client.listSandboxes());
    QVERIFY(list);
    QCOMPARE(list->size(), std::size_t{3});
    QCOMPARE(list->at(2).sandboxId, "i3");
    QCOMPARE(list->at(2).state, "paused");
    QCOMPARE(server.requests().size(), 2);
}

void TestClient::endlessPagesEnd()
{
    FakeE2bServer server;
    FakeReply same = FakeReply::json(200, "[]");
    same.headers.push_back({"X-Next-Token", "again"});
    server.script("GET /v2/sandboxes", {same});
    Client client(to(server));
    const auto list = wait(client.listSandboxes());
    QVERIFY(!list);
    QCOMPARE(list.error().kind, Error::Kind::Decode);
    QCOMPARE(server.requests().size(), 2);
}

void TestClient::oldListIsTheFallback()
{
    FakeE2bServer server;
    server.script("GET /sandboxes", {FakeReply::json(200, R"([{"sandboxID":"i1"}])")});
    Client client(to(server));
    const auto list = wait(client.listSandboxes());
    QVERIFY(list);
    QCOMPARE(list->size(), std::size_t{1});
}

void TestClient::killOfWhatIsGoneSucceeds()
{
    FakeE2bServer server;
    server.script("DELETE /sandboxes/iabc",
                  {FakeReply::error(503, "busy"), FakeReply{204, {}, {}, {}, Fault::None, 0}});
    Client client(to(server));
    QVERIFY(wait(client.killSandbox("iabc")));
    QCOMPARE(server.requests().size(), 2); // idempotent: tried again
    QVERIFY(wait(client.killSandbox("igone")));
}

void TestClient::checksTheKeyBeforeAnyRequest_data()
{
    QTest::addColumn<QByteArray>("key");
    QTest::addColumn<QByteArray>("code");
    QTest::newRow("none") << QByteArray() << QByteArray("api_key_missing");
    QTest::newRow("wrong prefix") << QByteArray("sk-123") << QByteArray("api_key_shape");
    QTest::newRow("no hex") << QByteArray("e2b_xyz") << QByteArray("api_key_shape");
}

void TestClient::checksTheKeyBeforeAnyRequest()
{
    QFETCH(QByteArray, key);
    QFETCH(QByteArray, code);
    FakeE2bServer server;
    Connection connection = to(server);
    connection.apiKey = key.toStdString();
    Client client(connection);
    const auto created = wait(client.createSandbox({}));
    const auto list = wait(client.listSandboxes());
    QVERIFY(!created && !list);
    QCOMPARE(QByteArray::fromStdString(created.error().code), code);
    QCOMPARE(QByteArray::fromStdString(list.error().code), code);
    QVERIFY(created.error().message.find(key.toStdString()) == std::string::npos || key.isEmpty());
    QCOMPARE(server.requests().size(), 0);
}

void TestClient::neverRepeatsACreate()
{
    FakeE2bServer server;
    server.script("POST /sandboxes", {FakeReply::error(503, "busy"), FakeReply::json(201, R"({"sandboxID":"i"})")});
    Client client(to(server));
    QVERIFY(!wait(client.createSandbox({})));
    QCOMPARE(server.requests().size(), 1);
}

void TestClient::webhooks()
{
    FakeE2bServer server;
    const QByteArray row = R"({"id":"w1","name":"n","url":"http://127.0.0.1:1/","enabled":true,"events":["a"],
                              "createdAt":"2026-08-20T10:15:30Z","teamId":"t"})";
    server.script("GET /events/webhooks",
                  {FakeReply::json(200, "[" + row + "]"), FakeReply::error(404, "no webhooks found")});
    server.script("POST /events/webhooks", {FakeReply::json(201, row)});
    server.script("PATCH /events/webhooks/w1", {FakeReply::json(200, row)});
    server.script("DELETE /events/webhooks/w1", {FakeReply{200, {}, {}, {}, Fault::None, 0}});
    Client client(to(server));
    const auto list = wait(client.listWebhooks());
    QVERIFY(list);
    QCOMPARE(list->at(0).events, std::vector<std::string>{"a"});
    const auto none = wait(client.listWebhooks());
    QVERIFY(none && none->empty());
    WebhookSpec spec{"n", "http://127.0.0.1:1/", {"a"}, true, std::string(32, 's')};
    QVERIFY(wait(client.createWebhook(spec)));
    QCOMPARE(Json::parse(server.requests().last().body.toStdString())["signatureSecret"].get<std::string>(),
             std::string(32, 's'));
    spec.signatureSecret.clear();
    QVERIFY(wait(client.updateWebhook("w1", spec)));
    QVERIFY(!server.requests().last().body.contains("signatureSecret"));
    QVERIFY(wait(client.deleteWebhook("w1")));
}

void TestClient::missingWebhooksAreNotSupported()
{
    FakeE2bServer server;
    server.script("POST /events/webhooks", {FakeReply{405, "method not allowed", {}, {}, Fault::None, 0}});
    Client client(to(server));
    QCOMPARE(wait(client.listWebhooks()).error().code, "not_supported");
    WebhookSpec spec;
    spec.signatureSecret = std::string(32, 's');
    QCOMPARE(wait(client.createWebhook(spec)).error().code, "not_supported");
    QCOMPARE(wait(client.events(0, 10)).error().code, "not_supported");
}

void TestClient::events()
{
    FakeE2bServer server;
    server.script("GET /events/sandboxes",
                  {FakeReply::json(200, R"([{"id":"7b0d4c1e-5f0a-4a54-9d6e-0c8f4b1f2a10","version":"v2",
        "type":"sandbox.lifecycle.killed","timestamp":"2026-08-20T10:15:30.5Z","eventData":{"kill_reason":"timeout"},
        "sandboxId":"iabc","sandboxExecutionId":"e","sandboxTemplateId":"t","sandboxBuildId":"b","sandboxTeamId":"m"}])")});
    Client client(to(server));
    const auto events = wait(client.events(-3, 5000));
    QVERIFY2(events, events ? "" : events.error().message.c_str());
    QCOMPARE(server.requests().first().target, "/events/sandboxes?offset=0&limit=100");
    QCOMPARE(events->size(), std::size_t{1});
    QVERIFY(events->at(0).type == lifecycle::EventType::Killed);
    QCOMPARE(events->at(0).sandboxId, "iabc");
}

void TestClient::files()
{
    FakeE2bServer server;
    const QByteArray bytes("\0\xFF ab\n", 6);
    server.script("GET /files",
                  {FakeReply{200, bytes, {}, {}, Fault::None, 0}, FakeReply::error(404, "path 'x' does not exist")});
    server.script("POST /files", {FakeReply::json(200, "[]")});
    Client client(to(server));
    const auto read = wait(client.readFile(box(), "/home/user/a b"));
    QVERIFY(read);
    QCOMPARE(QByteArray::fromStdString(*read), bytes);
    const FakeRequest &seen = server.requests().first();
    QCOMPARE(seen.target, "/files?path=%2Fhome%2Fuser%2Fa%20b");
    QCOMPARE(seen.headers.value("x-access-token"), "token");
    QCOMPARE(seen.headers.value("e2b-sandbox-id"), "iabc");
    QCOMPARE(seen.headers.value("e2b-sandbox-port"), "49983");
    QVERIFY(!seen.headers.contains("x-api-key")); // the sandbox must not learn the key
    QCOMPARE(wait(client.readFile(box(), "x")).error().status, 404);
    QVERIFY(wait(client.writeFile(box(), "b", bytes.toStdString())));
    QCOMPARE(server.requests().last().body, bytes);
    QCOMPARE(server.requests().last().headers.value("content-type"), "application/octet-stream");
}

void TestClient::runsACommand()
{
    const auto envelope = [](const char *json) { return QByteArray::fromStdString(net::connectEnvelope(json)); };
    QByteArray end = envelope("{}");
    end[0] = 2;
    FakeE2bServer server;
    server.script(
        "POST /process.Process/Start",
        {FakeReply::stream({envelope(R"({"event":{"start":{"pid":7}}})"), envelope(R"({"event":{"keepalive":{}}})"),
                            envelope(R"({"event":{"data":{"stdout":"aGkK"}}})"),
                            envelope(R"({"event":{"data":{"stderr":"b2gK"}}})"),
                            envelope(R"({"event":{"end":{"exitCode":3,"exited":true}}})"), end})});
    Client client(to(server));
    CommandRun *run = client.runCommand(box(), "echo hi", this);
    QByteArray out;
    QByteArray err;
    connect(run, &CommandRun::stdoutData, this, [&out](const QByteArray &data) { out += data; });
    connect(run, &CommandRun::stderrData, this, [&err](const QByteArray &data) { err += data; });
    QSignalSpy finished(run, &CommandRun::finished);
    QTRY_COMPARE(finished.size(), 1);
    const auto code = finished[0][0].value<Result<int>>();
    QVERIFY(code);
    QCOMPARE(*code, 3);
    QCOMPARE(run->pid(), 7);
    QCOMPARE(out, "hi\n");
    QCOMPARE(err, "oh\n");
    QVERIFY(server.requests().first().body.mid(5).contains("echo hi"));
    delete run;
}

void TestClient::cutCommandIsAnError()
{
    FakeE2bServer server;
    server.script(
        "POST /process.Process/Start",
        {FakeReply::stream({QByteArray::fromStdString(net::connectEnvelope(R"({"event":{"start":{"pid":7}}})"))})});
    Client client(to(server));
    CommandRun *run = client.runCommand(box(), "x", this);
    QSignalSpy finished(run, &CommandRun::finished);
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(finished[0][0].value<Result<int>>().error().code, "stream_cut");
    delete run;
}

void TestClient::commandDeletedInTheMiddle()
{
    const QByteArray start = QByteArray::fromStdString(net::connectEnvelope(R"({"event":{"start":{"pid":7}}})"));
    FakeE2bServer server;
    server.script("POST /process.Process/Start", {FakeReply::stream({start + start + start}, Fault::Hold)});
    Client client(to(server));
    CommandRun *run = client.runCommand(box(), "x", this);
    bool isDeleted = false;
    connect(run, &CommandRun::started, this, [&] {
        delete run;
        isDeleted = true;
    });
    QTRY_VERIFY(isDeleted);
    QTRY_COMPARE(server.openConnections(), 0);
}

void TestClient::deletingTheClientWhileCallsRun()
{
    FakeE2bServer server;
    server.script("GET /v2/sandboxes", {FakeReply::failing(Fault::Silent)});
    server.script("GET /templates", {FakeReply::failing(Fault::Silent)});
    auto client = std::make_unique<Client>(to(server));
    auto list = client->listSandboxes();
    auto templates = client->listTemplates();
    QTRY_COMPARE(server.requests().size(), 2);
    client.reset();
    QTRY_VERIFY(list.isFinished() && templates.isFinished());
    QCOMPARE(list.resultCount() + templates.resultCount(), 0);
}

QTEST_GUILESS_MAIN(TestClient)
#include "tst_client.moc"
