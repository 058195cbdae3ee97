// One question to a provider over real HTTP, in both protocols, with all that can go wrong.

#include "services/net/httpclient.h"
#include "services/refine/modelcall.h"
#include "tests/support/fakemodelserver.h"

#include <QJsonArray>
#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace sandglass::refine;
using namespace sandglass::testsupport;
using namespace Qt::Literals::StringLiterals;
using Says = FakeModelServer::Says;
using Fault = FakeReply::Fault;
using Protocol = ModelConnection::Protocol;
using Stop = ModelAnswer::Stop;

class TestModelCall final : public QObject
{
    Q_OBJECT

    std::unique_ptr<FakeModelServer> m_server;
    ModelConnection m_connection;
    ModelLimits m_limits;
    QList<ModelProgress> m_progress;

    ModelOutcome ask()
    {
        ModelCall call(ModelCall::makeClient(), m_connection, {"You write code.", "Print ü."}, m_limits);
        m_progress.clear();
        connect(&call, &ModelCall::progressed, this,
                [this](const ModelProgress &progress) { m_progress.append(progress); });
        QSignalSpy finished(&call, &ModelCall::finished);
        call.start();
        if (!QTest::qWaitFor([&finished] { return !finished.isEmpty(); }, 20'000))
            qFatal("no end");
        return finished[0][0].value<ModelOutcome>();
    }
    void speak(bool isAnthropic)
    {
        m_connection.protocol = isAnthropic ? Protocol::Anthropic : Protocol::OpenAi;
        m_connection.baseUrl = isAnthropic ? m_server->anthropicUrl() : m_server->openAiUrl();
    }
    static void bothProtocols()
    {
        QTest::addColumn<bool>("isAnthropic");
        QTest::newRow("openai") << false;
        QTest::newRow("anthropic") << true;
    }

private Q_SLOTS:
    void init()
    {
        m_server = std::make_unique<FakeModelServer>();
        m_connection = {"m", "Tiny", Protocol::OpenAi, m_server->openAiUrl(), "tiny-coder", m_server->key.toStdString(),
                        500};
        m_limits = {};
    }

    void answers_data() { bothProtocols(); }
    void answers();
    void wholeAnswer_data() { bothProtocols(); }
    void wholeAnswer();
    void countsThatAreNotToBeBelieved_data();
    void countsThatAreNotToBeBelieved();
    void refusals_data();
    void refusals();
    void comesAgainWhenAsked_data() { bothProtocols(); }
    void comesAgainWhenAsked();
    void givesUpInTheEnd();
    void longWaitsAreToldInstead();
    void quotaIsNotWaitedFor();
    void brokenAnswers_data();
    void brokenAnswers();
    void limits_data();
    void limits();
    void cancelled();
    void nobodyThere();
};

void TestModelCall::answers()
{
    QFETCH(bool, isAnthropic);
    speak(isAnthropic);
    m_server->says({FakeModelServer::code("print('ü – 日本語 😀')", 1'203, 312, 800)});
    const ModelOutcome outcome = ask();
    QVERIFY2(!outcome.error, outcome.error ? outcome.error->message.c_str() : "");
    QCOMPARE(outcome.answer.text, "Here it is – mind the ü:\n\n```python\nprint('ü – 日本語 😀')\n```\n");
    QVERIFY(outcome.answer.stop == Stop::Complete && outcome.hasBegun);
    QCOMPARE(outcome.answer.model, "tiny-coder");
    const TokenUsage expected{403, 800, 0, 312};
    QVERIFY(outcome.answer.usage == expected);
    QVERIFY(outcome.duration > std::chrono::nanoseconds(0));

    const QJsonObject asked = m_server->asked().constLast();
    QCOMPARE(asked[u"model"_s].toString(), u"tiny-coder"_s);
    QVERIFY(asked[u"stream"_s].toBool());
    QCOMPARE(asked[u"max_tokens"_s].toInt(), 500);
    const QJsonArray messages = asked[u"messages"_s].toArray();
    QCOMPARE(messages.last()[u"content"_s].toString(), u"Print ü."_s);
    QCOMPARE(isAnthropic ? asked[u"system"_s].toString() : messages.first()[u"content"_s].toString(),
             u"You write code."_s);

    m_server->says({Says{.text = "```python\n", .input = 5, .output = 6, .stop = "length"}});
    QVERIFY(ask().answer.stop == Stop::Length);
    m_server->says({Says{.text = "I cannot.", .input = 5, .output = 6, .stop = "content_filter"}});
    QVERIFY(ask().answer.stop == Stop::Refused);
    m_server->says({Says{.text = "x", .countsTokens = false}});
    const ModelOutcome uncounted = ask();
    QVERIFY(!uncounted.error && !uncounted.answer.usage); // unknown, not 0
}

void TestModelCall::wholeAnswer()
{
    QFETCH(bool, isAnthropic);
    speak(isAnthropic);
    Says says = FakeModelServer::code("print(1)", 10, 20);
    says.isWhole = true;
    m_server->says({says});
    const ModelOutcome outcome = ask();
    QVERIFY2(!outcome.error, outcome.error ? outcome.error->message.c_str() : "");
    QVERIFY(outcome.answer.text.find("print(1)") != std::string::npos);
    QVERIFY((outcome.answer.usage == TokenUsage{10, 0, 0, 20}));
}

void TestModelCall::countsThatAreNotToBeBelieved_data()
{
    QTest::addColumn<QByteArray>("usage");
    QTest::newRow("negative") << QByteArray(R"({"prompt_tokens":-1,"completion_tokens":2})");
    QTest::newRow("huge") << QByteArray(R"({"prompt_tokens":99999999999999999999,"completion_tokens":2})");
    QTest::newRow("beyond 64 bits signed")
        << QByteArray(R"({"prompt_tokens":18446744073709551615,"completion_tokens":2})");
    QTest::newRow("fraction") << QByteArray(R"({"prompt_tokens":1.5,"completion_tokens":2})");
    QTest::newRow("text") << QByteArray(R"({"prompt_tokens":"1","completion_tokens":2})");
    QTest::newRow("half of it") << QByteArray(R"({"prompt_tokens":1})");
    QTest::newRow("a list") << QByteArray("[1,2]");
}

void TestModelCall::countsThatAreNotToBeBelieved()
{
    QFETCH(QByteArray, usage);
    m_server->says({Says{.raw = R"(data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]})"
                                "\n\ndata: {\"choices\":null,\"usage\":"
                             + usage + "}\n\ndata: [DONE]\n\n"}});
    const ModelOutcome outcome = ask();
    QVERIFY(!outcome.error);
    QVERIFY(!outcome.answer.usage);
}

void TestModelCall::refusals_data()
{
    QTest::addColumn<bool>("isAnthropic");
    QTest::addColumn<QByteArray>("key");
    QTest::addColumn<QByteArray>("model");
    QTest::addColumn<Says>("says");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("words");
    const QByteArray key = "sk-model-0123456789abcdef0123", model = "tiny-coder";
    for (const bool isAnthropic : {false, true}) {
        const char *name = isAnthropic ? "anthropic" : "openai";
        QTest::addRow("%s: wrong key", name) << isAnthropic << QByteArray("sk-other-0123456789abcdef9") << model
                                             << Says{} << 401 << QByteArray("Incorrect API key provided: sk-***");
        QTest::addRow("%s: no model", name)
            << isAnthropic << key << QByteArray("big") << Says{} << 404 << QByteArray("does not exist");
        QTest::addRow("%s: forbidden", name)
            << isAnthropic << key << model << FakeModelServer::refusal(403, "forbidden") << 403
            << QByteArray("not now: forbidden");
        QTest::addRow("%s: too long", name)
            << isAnthropic << key << model << FakeModelServer::refusal(400, "context_length_exceeded") << 400
            << QByteArray("context_length_exceeded");
    }
}

void TestModelCall::refusals()
{
    QFETCH(bool, isAnthropic);
    QFETCH(QByteArray, key);
    QFETCH(QByteArray, model);
    QFETCH(Says, says);
    QFETCH(QByteArray, words);
    speak(isAnthropic);
    m_connection.apiKey = key.toStdString();
    m_connection.model = model.toStdString();
    m_server->says({says});
    const ModelOutcome outcome = ask();
    QVERIFY(outcome.error && !outcome.hasBegun);
    QTEST(outcome.error->status, "status");
    const QByteArray told = QByteArray::fromStdString(outcome.error->message);
    QVERIFY2(told.contains(words), told.constData());
    QVERIFY2(!told.contains(key), told.constData()); // though the provider said it again
    QCOMPARE(m_server->asked().size(), 1);           // asking again would not help
}

void TestModelCall::comesAgainWhenAsked()
{
    QFETCH(bool, isAnthropic);
    speak(isAnthropic);
    m_server->says({FakeModelServer::refusal(429, "rate_limit_error", "1"),
                    FakeModelServer::refusal(isAnthropic ? 529 : 503), FakeModelServer::code("print(1)", 1, 2)});
    const ModelOutcome outcome = ask();
    QVERIFY2(!outcome.error, outcome.error ? outcome.error->message.c_str() : "");
    QCOMPARE(m_server->asked().size(), 3);
    QList<ModelProgress> waits;
    for (const ModelProgress &progress : m_progress) {
        if (progress.stage == ModelProgress::Stage::Waiting)
            waits.append(progress);
    }
    QCOMPARE(waits.size(), 2);
    QCOMPARE(waits[0].status, 429);
    QCOMPARE(waits[0].wait, std::chrono::milliseconds(1'000)); // as Retry-After said
    QCOMPARE(waits[0].number, 2);
    QCOMPARE(waits[1].number, 3);
    QVERIFY(m_progress.first().stage == ModelProgress::Stage::Asking);
    QCOMPARE(m_progress.last().number, 3);
}

void TestModelCall::givesUpInTheEnd()
{
    m_server->says({FakeModelServer::refusal(500, "server_error", "0")});
    const ModelOutcome outcome = ask();
    QCOMPARE(m_server->asked().size(), m_limits.tries);
    QVERIFY(outcome.error && outcome.error->status == 500 && outcome.error->kind == Error::Kind::Service);
}

void TestModelCall::longWaitsAreToldInstead()
{
    m_server->says({FakeModelServer::refusal(429, "rate_limit_error", "3600")});
    const ModelOutcome outcome = ask();
    QCOMPARE(m_server->asked().size(), 1);
    QVERIFY2(outcome.error && outcome.error->message.find("after 3600 s") != std::string::npos,
             outcome.error->message.c_str());
}

void TestModelCall::quotaIsNotWaitedFor()
{
    m_server->says({FakeModelServer::refusal(429, "insufficient_quota", "1")});
    const ModelOutcome outcome = ask();
    QCOMPARE(m_server->asked().size(), 1);
    QCOMPARE(outcome.error->code, "quota");
}

void TestModelCall::brokenAnswers_data()
{
    QTest::addColumn<bool>("isAnthropic");
    QTest::addColumn<Says>("says");
    QTest::addColumn<int>("kind");
    QTest::addColumn<QByteArray>("words");
    const int transport = static_cast<int>(Error::Kind::Transport), decode = static_cast<int>(Error::Kind::Decode);
    for (const bool isAnthropic : {false, true}) {
        const char *name = isAnthropic ? "anthropic" : "openai";
        Says cut = FakeModelServer::code("print(1)", 1, 2);
        cut.fault = Fault::CutChunks;
        QTest::addRow("%s: breaks off", name) << isAnthropic << cut << transport << QByteArray("broke off");
        QTest::addRow("%s: ends too early", name)
            << isAnthropic << Says{.raw = ": nothing yet\n\n"} << decode << QByteArray("no model");
        QTest::addRow("%s: a page", name)
            << isAnthropic << Says{.raw = "<html>Sign in</html>"} << decode << QByteArray("no model");
        QTest::addRow("%s: garbage", name)
            << isAnthropic << Says{.raw = "data: {\"choices\": [}\n\n"} << decode << QByteArray("no JSON object");
        QTest::addRow("%s: a list", name)
            << isAnthropic << Says{.raw = "data: [1]\n\n"} << decode << QByteArray("no JSON object");
        QTest::addRow("%s: an error in it", name)
            << isAnthropic
            << Says{.raw =
                        "event: error\ndata: "
                        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n"}
            << static_cast<int>(Error::Kind::Service) << QByteArray("Overloaded");
        Says reset;
        reset.raw = "x";
        reset.fault = Fault::Reset;
        QTest::addRow("%s: reset", name) << isAnthropic << reset << transport << QByteArray();
    }
}

void TestModelCall::brokenAnswers()
{
    QFETCH(bool, isAnthropic);
    QFETCH(Says, says);
    QFETCH(QByteArray, words);
    speak(isAnthropic);
    m_server->says({says});
    const ModelOutcome outcome = ask();
    QVERIFY(outcome.error);
    QCOMPARE(static_cast<int>(outcome.error->kind), [this] {
        QFETCH(int, kind);
        return kind;
    }());
    QVERIFY2(QByteArray::fromStdString(outcome.error->message).contains(words), outcome.error->message.c_str());
    QVERIFY(!outcome.answer.usage);
    QCOMPARE(m_server->asked().size(), 1); // it may have cost: nobody asks twice
}

void TestModelCall::limits_data()
{
    QTest::addColumn<Says>("says");
    QTest::addColumn<QByteArray>("words");
    QTest::addColumn<bool>("hasBegun");
    Says silent;
    silent.raw = "x";
    silent.fault = Fault::Silent;
    QTest::newRow("never answers") << silent << QByteArray("no answer in time") << false;
    Says held = FakeModelServer::code("print(1)", 1, 2);
    held.fault = Fault::Hold;
    QTest::newRow("falls silent") << held << QByteArray("fell silent") << true;
    Says endless;
    endless.raw = R"(data: {"choices":[{"delta":{"content":"again and again "}}]})"
                  "\n\n";
    endless.fault = Fault::Endless;
    QTest::newRow("never ends") << endless << QByteArray("longer than 20000 bytes") << true;
    endless.raw = ": still thinking " + QByteArray(2'000, '.') + "\n\n";
    QTest::newRow("never ends, says nothing") << endless << QByteArray("longer than 300000 bytes") << true;
    endless.raw = QByteArray(2'000, 'x');
    QTest::newRow("one endless line") << endless << QByteArray("bytes") << true;
}

void TestModelCall::limits()
{
    QFETCH(Says, says);
    QFETCH(QByteArray, words);
    const bool isFlood = words.contains("bytes"); // a slow machine is not to take it for silence
    m_limits.firstAnswer = m_limits.silence = std::chrono::milliseconds(isFlood ? 30'000 : 600);
    m_limits.answerBytes = 20'000;
    m_limits.streamBytes = 300'000;
    m_server->says({says});
    const ModelOutcome outcome = ask();
    QVERIFY(outcome.error);
    QVERIFY2(QByteArray::fromStdString(outcome.error->message).contains(words), outcome.error->message.c_str());
    QTEST(outcome.hasBegun, "hasBegun");
    QVERIFY(outcome.answer.text.size() <= 2 * m_limits.answerBytes);
    QTRY_COMPARE(m_server->server().openConnections(), 0); // it does not go on behind our back
}

void TestModelCall::cancelled()
{
    Says held = FakeModelServer::code("print(1)", 1, 2);
    held.fault = Fault::Hold;
    m_server->says({held});
    ModelCall call(ModelCall::makeClient(), m_connection, {"s", "u"}, m_limits);
    QSignalSpy finished(&call, &ModelCall::finished);
    QSignalSpy progressed(&call, &ModelCall::progressed);
    call.start();
    QTRY_VERIFY(!call.soFar().answer.text.empty());
    call.cancel();
    QVERIFY(call.soFar().hasBegun);
    QTRY_COMPARE(m_server->server().openConnections(), 0);
    QVERIFY(finished.isEmpty());

    m_server->says({FakeModelServer::refusal(429, "rate_limit_error", "60")}); // while it waits
    ModelCall waiting(ModelCall::makeClient(), m_connection, {"s", "u"}, m_limits);
    QSignalSpy told(&waiting, &ModelCall::progressed);
    waiting.start();
    QTRY_COMPARE(told.size(), 2);
    waiting.cancel();
    QVERIFY(!waiting.soFar().hasBegun);
    QCOMPARE(m_server->asked().size(), 2);
}

void TestModelCall::nobodyThere()
{
    m_connection.baseUrl = "http://127.0.0.1:1/v1";
    const ModelOutcome outcome = ask();
    QVERIFY(outcome.error && outcome.error->kind == Error::Kind::Transport && outcome.error->code == "refused");
    m_connection.baseUrl = "nonsense";
    QVERIFY(ask().error->kind == Error::Kind::Local);
}

QTEST_GUILESS_MAIN(TestModelCall)
#include "tst_modelcall.moc"
