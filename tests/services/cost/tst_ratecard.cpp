#include "services/core/result.h"
#include "services/cost/ratecard.h"

#include <QFile>
#include <QTest>

using namespace sandglass;
using cost::RateCard;

namespace {

Timestamp at(const char *text)
{
    return parseRfc3339(text).value();
}

constexpr const char *twoRates = R"({"currency": "USD", "rates": [
    {"valid_from": "2026-09-01T00:00:00Z", "usd_per_vcpu_second": "0.00002", "usd_per_gib_second": "0.000005",
     "source": "later"},
    {"valid_from": "2026-01-01T00:00:00Z", "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045",
     "source": "earlier"}]})";

} // namespace

class TestRateCard : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void builtInCardHoldsListPrices();
    void ratesAreSortedAndDated();
    void emptyCardHasNoRate();
    void jsonRoundTrip();
    void teamsHaveTheirOwn();
    void refusesBadCards_data();
    void refusesBadCards();
};

void TestRateCard::builtInCardHoldsListPrices()
{
    QFile file(qEnvironmentVariable("SANDGLASS_SOURCE_DIR") + QStringLiteral("/resources/ratecard.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto card = RateCard::fromJson(file.readAll().toStdString());
    QVERIFY2(card.has_value(), card ? "" : card.error().message.c_str());
    const cost::Rate *rate = card->at(at("2026-08-20T00:00:00Z"));
    QVERIFY(rate);
    QCOMPARE(rate->picoPerVcpuSecond, 14'000'000);
    QCOMPARE(rate->picoPerGibSecond, 4'500'000);
    QVERIFY(!rate->source.empty());
}

void TestRateCard::ratesAreSortedAndDated()
{
    const auto card = RateCard::fromJson(twoRates);
    QVERIFY(card.has_value());
    QCOMPARE(card->at(at("2025-01-01T00:00:00Z"))->source, std::string("earlier"));
    QCOMPARE(card->at(at("2026-08-31T23:59:59.999Z"))->source, std::string("earlier"));
    QCOMPARE(card->at(at("2026-09-01T00:00:00Z"))->source, std::string("later"));
    QCOMPARE(card->at(at("2030-01-01T00:00:00Z"))->source, std::string("later"));
}

void TestRateCard::emptyCardHasNoRate()
{
    QVERIFY(!RateCard().at(at("2026-01-01T00:00:00Z")));
}

void TestRateCard::teamsHaveTheirOwn()
{
    const auto day = [](int number) { return fromUnixMs(number * 86'400'000LL); };
    auto all = RateCard::fromRates({{day(1), 10, 1, {}}, {day(9), 20, 2, {}}}).value();
    QVERIFY(&all.of("blue") == &all);
    QCOMPARE(all.changes(), (std::vector{day(1), day(9)}));
    all.setTeams({{"blue", RateCard::fromRates({{day(9), 70, 7, {}}, {day(3), 50, 5, {}}}).value()}});
    QCOMPARE(all.of("blue").at(day(4))->picoPerVcpuSecond, 50);
    QCOMPARE(all.of("blue").at(day(9))->picoPerVcpuSecond, 70);
    QCOMPARE(all.of("red").at(day(4))->picoPerVcpuSecond, 10);
    QCOMPARE(all.of("").at(day(9))->picoPerVcpuSecond, 20);
    QCOMPARE(all.changes(), (std::vector{day(1), day(3), day(9)}));                           // each once
    QCOMPARE(RateCard::fromJson(all.toJson())->of("blue").at(day(9))->picoPerVcpuSecond, 20); // of itself alone
    QVERIFY(!RateCard::fromRates({}));
    QVERIFY(!RateCard::fromRates({{day(1), 1, 1, {}}, {day(1), 2, 2, {}}}));
}

void TestRateCard::jsonRoundTrip()
{
    const auto card = RateCard::fromJson(twoRates);
    const auto again = RateCard::fromJson(card->toJson());
    QVERIFY(again.has_value());
    QCOMPARE(again->rates().size(), std::size_t(2));
    for (std::size_t i = 0; i < 2; ++i) {
        QCOMPARE(again->rates()[i].validFrom, card->rates()[i].validFrom);
        QCOMPARE(again->rates()[i].picoPerVcpuSecond, card->rates()[i].picoPerVcpuSecond);
        QCOMPARE(again->rates()[i].picoPerGibSecond, card->rates()[i].picoPerGibSecond);
        QCOMPARE(again->rates()[i].source, card->rates()[i].source);
    }
}

void TestRateCard::refusesBadCards_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("named");
    const auto card = [](const char *rates) -> QByteArray {
        return QByteArray(R"({"currency":"USD","rates":)") + rates + "}";
    };
    QTest::newRow("not JSON") << QByteArray("{") << QByteArray("not JSON");
    QTest::newRow("array") << QByteArray("[]") << QByteArray("$.currency");
    QTest::newRow("other currency") << QByteArray(R"({"currency":"EUR","rates":[]})") << QByteArray("$.currency");
    QTest::newRow("no rates") << card("[]") << QByteArray("$.rates");
    QTest::newRow("rate is no object") << card("[7]") << QByteArray("$.rates[0].valid_from");
    QTest::newRow("bad date") << card(
        R"([{"valid_from":"yesterday","usd_per_vcpu_second":"1","usd_per_gib_second":"1"}])")
                              << QByteArray("$.rates[0].valid_from");
    QTest::newRow("price as a number") << card(
        R"([{"valid_from":"2026-01-01T00:00:00Z","usd_per_vcpu_second":0.1,"usd_per_gib_second":"1"}])")
                                       << QByteArray("$.rates[0].usd_per_vcpu_second");
    QTest::newRow("negative price") << card(
        R"([{"valid_from":"2026-01-01T00:00:00Z","usd_per_vcpu_second":"-0.1","usd_per_gib_second":"1"}])")
                                    << QByteArray("$.rates[0].usd_per_vcpu_second");
    QTest::newRow("absurd price") << card(
        R"([{"valid_from":"2026-01-01T00:00:00Z","usd_per_vcpu_second":"0.1","usd_per_gib_second":"2"}])")
                                  << QByteArray("$.rates[0].usd_per_gib_second");
    QTest::newRow("two of one date") << card(
        R"([{"valid_from":"2026-01-01T00:00:00Z","usd_per_vcpu_second":"0.1","usd_per_gib_second":"0.1"},
                    {"valid_from":"2026-01-01T00:00:00Z","usd_per_vcpu_second":"0.1","usd_per_gib_second":"0.1"}])")
                                     << QByteArray("$.rates");
}

void TestRateCard::refusesBadCards()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, named);
    const auto card = RateCard::fromJson(text.toStdString());
    QVERIFY(!card.has_value());
    QCOMPARE(card.error().kind, Error::Kind::Decode);
    QVERIFY2(QByteArray::fromStdString(card.error().message).contains(named), card.error().message.c_str());
}

QTEST_GUILESS_MAIN(TestRateCard)
#include "tst_ratecard.moc"
