// A refinement by a model: questions and answers over HTTP, code in a scripted sandbox, both parts of the cost.

#include "services/refine/modelgenerator.h"
#include "services/refine/refineloop.h"
#include "services/telemetry/span.h"
#include "tests/support/fakemodelserver.h"

#include <QJsonArray>
#include <QSignalSpy>
#include <QTest>

#include <map>
#include <mutex>

using namespace sandglass;
using namespace sandglass::refine;
using namespace sandglass::testsupport;
using namespace Qt::Literals::StringLiterals;
using End = RefineLoop::End;
using Says = FakeModelServer::Says;

namespace {

class Spans final : public telemetry::SpanSink
{
public:
    void take(telemetry::SpanRecord record) override
    {
        const std::lock_guard lock(m_mutex);
        m_records.push_back(std::move(record));
    }
    std::map<std::string, std::string> attributesOf(const std::string &name)
    {
        const std::lock_guard lock(m_mutex);
        std::map<std::string, std::string> found;
        for (const telemetry::SpanRecord &record : m_records) {
            if (record.name != name)
                continue;
            for (const auto &[key, value] : record.attributes) {
                if (const auto *text = std::get_if<std::string>(&value))
                    found[key] = *text;
                else if (const auto *number = std::get_if<std::int64_t>(&value))
                    found[key] = std::to_string(*number);
            }
        }
        return found;
    }

private:
    std::mutex m_mutex;
    std::vector<telemetry::SpanRecord> m_records;
};

const char *const prices = R"([{"valid_from": "2026-01-01T00:00:00Z", "usd_per_million_input": "0.15",
    "usd_per_million_cached_input": "0.075", "usd_per_million_output": "0.6"}])";

} // namespace

class TestModelLoop final : public QObject
{
    Q_OBJECT

    std::unique_ptr<FakeE2bServer> m_sandboxes;
    std::unique_ptr<FakeModelServer> m_models;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<RefineSession> m_session;
    ModelPrices m_prices;
    std::string m_requirement = "Say right";

    std::unique_ptr<RefineLoop> makeLoop(LoopLimits limits)
    {
        ModelConnection model{"m",
                              "Tiny",
                              ModelConnection::Protocol::OpenAi,
                              m_models->openAiUrl(),
                              "tiny-coder",
                              m_models->key.toStdString(),
                              500};
        return std::make_unique<RefineLoop>(
            *m_session,
            std::make_unique<ModelGenerator>(model, m_prices,
                                             RefineTask{m_requirement, Check::outputContains("right"), {}}),
            limits);
    }
    End run(RefineLoop &loop)
    {
        QSignalSpy finished(&loop, &RefineLoop::finished);
        loop.start();
        if (!QTest::qWaitFor([&finished] { return !finished.isEmpty(); }, 20'000))
            qFatal("the loop does not end");
        return finished[0][0].value<End>();
    }
    const std::vector<Attempt> &attempts() const { return m_session->attempts(); }
    /// 1,000 x 0.15 + 200 x 0.075 + 300 x 0.6 micro-dollars
    static constexpr const char *costOfOne = "0.000345000000";
    static Says answer(const QByteArray &code) { return FakeModelServer::code(code, 1'200, 300, 200); }

private Q_SLOTS:
    void init();
    void cleanup();
    void correctsItself();
    void answersWithoutCodeCountAndGoOn();
    void refusalEndsIt();
    void moneyEndsIt();
    void unknownCostEndsItUnderALimit();
    void uncountedTokensAreUnknown();
    void troubleWithTheProviderIsNoAttempt();
    void stoppedWhileItAnswers();
    void permissionIsAskedBeforeTheModel();
    void spansTellTheModel();
};

/// A sandbox of 2 vCPU and 1 GiB whose interpreter knows "wrong", "right" and "raise".
void TestModelLoop::init()
{
    m_sandboxes = std::make_unique<FakeE2bServer>();
    m_models = std::make_unique<FakeModelServer>();
    m_prices = *ModelPrices::fromJson(Json::parse(prices));
    m_sandboxes->script("POST /sandboxes",
                        {FakeReply::json(201, R"({"sandboxID":"i1","cpuCount":2,"memoryMB":1024})")});
    m_sandboxes->script("GET /sandboxes/i1",
                        {FakeReply::json(200, R"({"sandboxID":"i1","templateID":"t","cpuCount":2,"memoryMB":1024})")});
    m_sandboxes->script("POST /execute", [](const FakeRequest &request) {
        const std::string code = stringOr(Json::parse(request.body.toStdString()), "code");
        const bool isRaised = code.find("raise") != std::string::npos;
        const QByteArray line = isRaised
            ? QByteArray(R"({"type":"error","name":"ValueError","value":"bad","traceback":"Cell In[1], line 1"})")
            : R"({"type":"stdout","text":")" + QByteArray(code.find("right") != std::string::npos ? "right" : "wrong")
                + R"(\n"})";
        return FakeReply::stream({line + "\n", "{\"type\":\"end_of_execution\"}\n"});
    });
    e2b::Connection connection;
    connection.apiUrl = connection.sandboxUrl = m_sandboxes->url();
    connection.apiKey = "e2b_00";
    m_client = std::make_unique<e2b::Client>(connection);
    m_session = std::make_unique<RefineSession>(*m_client, "s");
    m_session->setCheck(Check::outputContains("right"));
    m_session->setRateCard(*cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2026-01-01T00:00:00Z",
        "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"l"}]})"));
}

void TestModelLoop::cleanup()
{
    m_session.reset();
    m_client.reset();
}

void TestModelLoop::correctsItself()
{
    m_models->says({answer("print('wrong')"), answer("raise ValueError('bad')"), answer("print('right')")});
    const auto loop = makeLoop({5, {}});
    QCOMPARE(run(*loop), End::Passed);
    QCOMPARE(attempts().size(), std::size_t{3});
    QVERIFY(attempts()[0].verdict == Verdict::CheckFailed && attempts()[1].verdict == Verdict::Raised);
    QVERIFY(attempts()[2].verdict == Verdict::Passed && attempts()[2].author == Attempt::Author::Model);
    QCOMPARE(attempts()[2].code, "print('right')\n");
    // What the model is told.
    const auto told = [this](int question) {
        return m_models->asked()[question][u"messages"_s].toArray().last()[u"content"_s].toString();
    };
    QVERIFY(told(0).contains(u"Say right"_s) && !told(0).contains(u"Attempt"_s));
    QVERIFY(told(1).contains(u"print('wrong')"_s) && told(1).contains(u"lacks the expected text"_s));
    QVERIFY(told(2).contains(u"ValueError: bad"_s) && told(2).contains(u"- attempt 1 "_s));
    // What it cost, in both parts, exactly.
    for (const Attempt &attempt : attempts()) {
        QTRY_VERIFY(m_session->attempts()[static_cast<std::size_t>(attempt.number - 1)].cost);
        QCOMPARE(attempt.model->cost->toFixed(12), costOfOne);
        QVERIFY((attempt.model->tokens == TokenUsage{1'000, 200, 0, 300}));
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(attempt.duration).count();
        QVERIFY(*attempt.cost == Money::ofUsage(ms, 2, 1024, 14'000'000, 4'500'000));
        QVERIFY(*attempt.wholeCost() == *attempt.model->cost + *attempt.cost);
    }
}

void TestModelLoop::answersWithoutCodeCountAndGoOn()
{
    m_models->says(
        {Says{.text = "I would use a loop.", .input = 1'200, .cached = 200, .output = 300},
         Says{.text = "```python\nprint('ri", .input = 1'200, .cached = 200, .output = 300, .stop = "length"},
         answer("print('right')")});
    const auto loop = makeLoop({5, {}});
    QCOMPARE(run(*loop), End::Passed);
    QCOMPARE(attempts().size(), std::size_t{3});
    for (int i : {0, 1}) {
        const Attempt &attempt = attempts()[static_cast<std::size_t>(i)];
        QVERIFY(attempt.verdict == Verdict::Broken && attempt.code.empty() && attempt.sandboxId.empty());
        QCOMPARE(attempt.trouble->code, i == 0 ? "no_code" : "truncated");
        QCOMPARE(attempt.wholeCost()->toFixed(12), costOfOne); // paid for all the same
    }
    QVERIFY(m_models->asked()[2][u"messages"_s].toArray().last()[u"content"_s].toString().contains(u"cut off"_s));
    QCOMPARE(m_sandboxes->count("POST /execute"), 1);
}

void TestModelLoop::refusalEndsIt()
{
    m_models->says({Says{.text = "I can't.", .input = 10, .output = 5, .stop = "content_filter"}});
    const auto loop = makeLoop({5, {}});
    QCOMPARE(run(*loop), End::Failed);
    QCOMPARE(loop->error()->code, "refused");
    QVERIFY(loop->isErrorOfProposal());
    QCOMPARE(attempts().size(), std::size_t{1});
    QVERIFY(attempts()[0].model->cost);
}

void TestModelLoop::moneyEndsIt()
{
    m_models->says({answer("print('wrong')")});
    const auto loop = makeLoop({50, Money::parse("0.0007")}); // two of 0.000345 and their sandbox are more
    QCOMPARE(run(*loop), End::MoneySpent);
    QCOMPARE(attempts().size(), std::size_t{3});
    Money spent;
    for (std::size_t i = 0; i < 2; ++i)
        spent += *attempts()[i].wholeCost();
    QVERIFY(spent < *Money::parse("0.0007"));
    QVERIFY(spent + *attempts()[2].wholeCost() >= *Money::parse("0.0007"));
    const auto few = makeLoop({2, Money::parse("1")});
    QCOMPARE(run(*few), End::LimitReached);
}

void TestModelLoop::unknownCostEndsItUnderALimit()
{
    m_prices = {};
    m_models->says({answer("print('wrong')")});
    const auto loop = makeLoop({5, Money::parse("1")});
    QCOMPARE(run(*loop), End::CostUnknown);
    QCOMPARE(attempts().size(), std::size_t{1});
    QVERIFY(attempts()[0].model->tokens && !attempts()[0].model->cost && !attempts()[0].wholeCost());
    QCOMPARE(run(*makeLoop({2, {}})), End::LimitReached); // without a limit of money it goes on
}

void TestModelLoop::uncountedTokensAreUnknown()
{
    Says says = answer("print('right')");
    says.countsTokens = false;
    m_models->says({says});
    QCOMPARE(run(*makeLoop({5, {}})), End::Passed);
    QVERIFY(attempts()[0].model && !attempts()[0].model->tokens && !attempts()[0].model->cost);
}

void TestModelLoop::troubleWithTheProviderIsNoAttempt()
{
    m_models->says({FakeModelServer::refusal(403)});
    const auto loop = makeLoop({5, {}});
    QCOMPARE(run(*loop), End::Failed);
    QCOMPARE(loop->error()->status, 403);
    QVERIFY(attempts().empty());
    QCOMPARE(m_session->attemptsMade(), 0);
}

void TestModelLoop::stoppedWhileItAnswers()
{
    Says held = answer("print('right')");
    held.fault = FakeReply::Fault::Hold;
    m_models->says({held});
    const auto loop = makeLoop({5, {}});
    QSignalSpy finished(loop.get(), &RefineLoop::finished);
    QSignalSpy progressed(loop.get(), &RefineLoop::progressed);
    loop->start();
    QTRY_VERIFY(!progressed.isEmpty()
                && progressed.last()[0].value<ModelProgress>().stage == ModelProgress::Stage::Answering);
    loop->stop();
    QCOMPARE(finished.size(), 1);
    QCOMPARE(finished[0][0].value<End>(), End::Stopped);
    QCOMPARE(attempts().size(), std::size_t{1}); // what it had begun may cost
    QVERIFY(attempts()[0].verdict == Verdict::Stopped && attempts()[0].model && !attempts()[0].model->cost);
    QTRY_COMPARE(m_models->server().openConnections(), 0);

    Says silent;
    silent.raw = "x";
    silent.fault = FakeReply::Fault::Silent;
    m_models->says({silent});
    const auto second = makeLoop({5, {}});
    QSignalSpy ended(second.get(), &RefineLoop::finished);
    second->start();
    QTRY_COMPARE(m_models->asked().size(), 2);
    second->stop();
    QCOMPARE(ended[0][0].value<End>(), End::Stopped);
    QCOMPARE(attempts().size(), std::size_t{1}); // nothing had begun
    QCOMPARE(m_sandboxes->count("POST /sandboxes"), 0);
}

void TestModelLoop::permissionIsAskedBeforeTheModel()
{
    m_models->says({answer("print('wrong')")});
    const auto loop = makeLoop({5, {}});
    int asked = 0;
    loop->setPermission([&asked, &loop](const std::function<void()> &go) {
        if (++asked < 3)
            return go();
        loop->refuse();
    });
    QCOMPARE(run(*loop), End::Refused);
    QCOMPARE(asked, 3);
    QCOMPARE(m_models->asked().size(), 2);
}

void TestModelLoop::spansTellTheModel()
{
    const auto spans = std::make_shared<Spans>();
    telemetry::setSpanSink(spans);
    m_models->says({answer("print('right')")});
    QCOMPARE(run(*makeLoop({5, {}})), End::Passed);
    m_session->endSession();
    telemetry::dropSpanSink(*spans);
    auto generate = spans->attributesOf("refine.generate");
    QCOMPARE(generate["gen_ai.operation.name"], "chat");
    QCOMPARE(generate["gen_ai.provider.name"], "openai");
    QCOMPARE(generate["gen_ai.request.model"], "tiny-coder");
    QCOMPARE(generate["gen_ai.usage.input_tokens"], "1200");
    QCOMPARE(generate["gen_ai.usage.output_tokens"], "300");
    QCOMPARE(generate["sandglass.model.cost_usd"], costOfOne);
    QCOMPARE(spans->attributesOf("refine.attempt")["sandglass.attempt.model_cost_usd"], costOfOne);
}

QTEST_GUILESS_MAIN(TestModelLoop)
#include "tst_modelloop.moc"
