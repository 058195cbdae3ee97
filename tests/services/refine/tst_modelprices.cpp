#include "services/refine/modelprices.h"

#include <QFile>
#include <QTest>

using namespace sandglass;
using namespace sandglass::refine;

class TestModelPrices final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void costIsExact();
    void unknownIsNotNothing();
    void pricesAreDated();
    void amounts_data();
    void amounts();
    void brokenLists_data();
    void brokenLists();
    void theListOfTheProgram();
};

namespace {

ModelPrices pricesOf(const char *json)
{
    auto prices = ModelPrices::fromJson(Json::parse(json));
    if (!prices)
        qFatal("%s", prices.error().message.c_str());
    return *prices;
}

const char *const dated = R"([
    {"valid_from": "2026-06-01T00:00:00Z", "usd_per_million_input": "0.15", "usd_per_million_output": "0.60",
     "usd_per_million_cached_input": "0.075", "source": "list"},
    {"valid_from": "2026-09-01T00:00:00Z", "usd_per_million_input": "0.1", "usd_per_million_output": "0.4"}])";

Timestamp on(const char *time)
{
    return *parseRfc3339(time);
}

} // namespace

void TestModelPrices::costIsExact()
{
    const ModelPrices prices = pricesOf(dated);
    // 1,000 x 0.15 + 203 x 0.075 + 312 x 0.60 micro-dollars = 352.425
    const auto cost = prices.costOf(TokenUsage{1'000, 203, 0, 312}, on("2026-08-31T23:59:59Z"));
    QCOMPARE(cost->toFixed(12), "0.000352425000");
    // A price of the cache that is not told is that of input: 1,203 x 0.1 + 7 x 0.1 + 312 x 0.4
    QCOMPARE(prices.costOf(TokenUsage{1'000, 203, 7, 312}, on("2026-09-01T00:00:00Z"))->toFixed(12), "0.000245800000");
    QCOMPARE(
        prices.costOf(TokenUsage{TokenUsage::most, 0, 0, TokenUsage::most}, on("2026-06-02T00:00:00Z"))->toFixed(2),
        "750.00");
}

void TestModelPrices::unknownIsNotNothing()
{
    const ModelPrices prices = pricesOf(dated);
    QVERIFY(!prices.costOf(std::nullopt, on("2026-09-01T00:00:00Z"))); // nobody counted
    QVERIFY(!ModelPrices().costOf(TokenUsage{1, 0, 0, 1}, on("2026-09-01T00:00:00Z")));
    const ModelPrices free =
        pricesOf(R"([{"valid_from":"2000-01-01T00:00:00Z","usd_per_million_input":"0","usd_per_million_output":"0"}])");
    QVERIFY(free.costOf(TokenUsage{1, 0, 0, 1}, on("2026-09-01T00:00:00Z"))->isZero()); // by the person's word
    QVERIFY(!wholeCost(ModelUse{"m", "openai", {}, {}, {}}, true, Money::parse("1")));
    QVERIFY(!wholeCost(ModelUse{"m", "openai", {}, Money::parse("1"), {}}, true, {}));
    QCOMPARE(wholeCost(ModelUse{"m", "openai", {}, Money::parse("1"), {}}, true, Money::parse("0.5"))->toFixed(2),
             "1.50");
    QCOMPARE(wholeCost(ModelUse{"m", "openai", {}, Money::parse("1"), {}}, false, {})->toFixed(2), "1.00");
    QCOMPARE(wholeCost({}, true, Money::parse("0.5"))->toFixed(2), "0.50");
}

void TestModelPrices::pricesAreDated()
{
    const ModelPrices prices = pricesOf(dated);
    QCOMPARE(prices.at(on("2020-01-01T00:00:00Z"))->source, "list"); // the first covers what was before
    QCOMPARE(prices.at(on("2026-09-01T00:00:00Z"))->picoPerInput, std::int64_t{100'000});
    const auto again = ModelPrices::fromJson(prices.toJson());
    QVERIFY(again);
    QCOMPARE(dumpJson(again->toJson()), dumpJson(prices.toJson()));
}

void TestModelPrices::amounts_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<qint64>("pico"); // -1: none
    QTest::newRow("usual") << QByteArray("0.15") << qint64{150'000};
    QTest::newRow("whole") << QByteArray("25") << qint64{25'000'000};
    QTest::newRow("nothing") << QByteArray("0") << qint64{0};
    QTest::newRow("smallest") << QByteArray("0.000001") << qint64{1};
    QTest::newRow("too fine") << QByteArray("0.0000001") << qint64{-1};
    QTest::newRow("too much") << QByteArray("10000.01") << qint64{-1};
    QTest::newRow("negative") << QByteArray("-1") << qint64{-1};
    QTest::newRow("words") << QByteArray("cheap") << qint64{-1};
    QTest::newRow("empty") << QByteArray() << qint64{-1};
}

void TestModelPrices::amounts()
{
    QFETCH(QByteArray, text);
    QFETCH(qint64, pico);
    const auto parsed = parsePerMillion(text.toStdString());
    QCOMPARE(parsed.value_or(-1), std::int64_t{pico});
    if (parsed)
        QCOMPARE(perMillionText(*parsed), text.toStdString());
}

void TestModelPrices::brokenLists_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("words");
    const QByteArray head = R"({"currency":"USD","models":[{"host":"h","model":"m","prices":)";
    QTest::newRow("no JSON") << QByteArray("{") << QByteArray("not JSON");
    QTest::newRow("currency") << QByteArray(R"({"currency":"EUR","models":[]})") << QByteArray("USD");
    QTest::newRow("no host") << QByteArray(
        R"({"currency":"USD","models":[{"model":"m","prices":[{"valid_from":"2026-01-01T00:00:00Z",)"
        R"("usd_per_million_input":"1","usd_per_million_output":"1"}]}]})")
                             << QByteArray("host or model is missing");
    QTest::newRow("no prices") << head + "[]}]}" << QByteArray("at least one");
    QTest::newRow("a number") << head + R"([{"valid_from":"2026-01-01T00:00:00Z","usd_per_million_input":1}]}]})"
                              << QByteArray("usd_per_million_input");
    QTest::newRow("no date") << head + R"([{"usd_per_million_input":"1"}]}]})" << QByteArray("valid_from");
}

void TestModelPrices::brokenLists()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, words);
    const auto list = ModelPriceList::fromJson(text.toStdString());
    QVERIFY(!list);
    QVERIFY2(QByteArray::fromStdString(list.error().message).contains(words), list.error().message.c_str());
}

void TestModelPrices::theListOfTheProgram()
{
    QFile file(qEnvironmentVariable("SANDGLASS_SOURCE_DIR") + QStringLiteral("/resources/modelprices.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto list = ModelPriceList::fromJson(file.readAll().toStdString());
    QVERIFY2(list, list ? "" : list.error().message.c_str());
    const std::string openAi = "https://api.openai.com/v1";
    const ModelPrices *mini = list->find(openAi, "gpt-4o-mini");
    QVERIFY(mini != nullptr);
    QCOMPARE(perMillionText(mini->all().back().picoPerInput), "0.15");
    QCOMPARE(list->find(openAi, "gpt-4o-mini-2024-07-18"), mini); // a version of it
    QVERIFY(list->find(openAi, "gpt-4o") != mini);
    QVERIFY(list->find(openAi, "gpt-4o-turbo") == nullptr);                    // another model
    QVERIFY(list->find("http://127.0.0.1:8000/v1", "gpt-4o-mini") == nullptr); // somebody else's
    QVERIFY(list->find("https://api.anthropic.com", "claude-haiku-4-5-20251001") != nullptr);
}

QTEST_GUILESS_MAIN(TestModelPrices)
#include "tst_modelprices.moc"
