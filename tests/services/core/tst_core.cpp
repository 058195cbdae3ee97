#include "services/core/base64.h"
#include "services/core/ids.h"
#include "services/core/json.h"
#include "services/core/money.h"
#include "services/core/paths.h"
#include "services/core/secret.h"
#include "services/core/time.h"

#include <QRegularExpression>
#include <QTest>

#include <algorithm>
#include <array>
#include <chrono>

using namespace sandglass;
using namespace std::chrono_literals;

class TestCore final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void parsesRfc3339_data();
    void parsesRfc3339();
    void formatsCutNotRounded();
    void pricesVectors_data();
    void pricesVectors();
    void sumsOfManyRunsAreExact();
    void parsesMoney_data();
    void parsesMoney();
    void significantDigits_data();
    void significantDigits();
    void base64RoundTrip();
    void idShapes();
    void redactsSecrets_data();
    void redactsSecrets();
    void keyShapes();
    void comparisonTakesAlwaysTheSameTime();
    void profilePathsStayInside();
    void jsonReadersNeverThrow();
};

void TestCore::parsesRfc3339_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<qint64>("expectedNs"); // -1 = refused
    QTest::newRow("epoch") << QByteArray("1970-01-01T00:00:00Z") << qint64(0);
    QTest::newRow("nanoseconds") << QByteArray("2026-08-20T10:15:30.123456789Z") << qint64(1787220930123456789);
    QTest::newRow("one digit") << QByteArray("1970-01-01T00:00:00.5Z") << qint64(500000000);
    QTest::newRow("offset") << QByteArray("1970-01-01T02:00:00+02:00") << qint64(0);
    QTest::newRow("space, lower case") << QByteArray("1970-01-01 00:00:01z") << qint64(1000000000);
    QTest::newRow("leap day") << QByteArray("1972-02-29T00:00:00Z") << qint64(68169600) * 1000000000;
    QTest::newRow("no leap day") << QByteArray("1971-02-29T00:00:00Z") << qint64(-1);
    QTest::newRow("no zone") << QByteArray("1970-01-01T00:00:00") << qint64(-1);
    QTest::newRow("rest") << QByteArray("1970-01-01T00:00:00Zx") << qint64(-1);
    QTest::newRow("hour 24") << QByteArray("1970-01-01T24:00:00Z") << qint64(-1);
    QTest::newRow("empty") << QByteArray() << qint64(-1);
    QTest::newRow("point without digits") << QByteArray("1970-01-01T00:00:00.Z") << qint64(-1);
}

void TestCore::parsesRfc3339()
{
    QFETCH(QByteArray, text);
    QFETCH(qint64, expectedNs);
    const auto time = parseRfc3339({text.constData(), static_cast<std::size_t>(text.size())});
    QCOMPARE(time ? toUnixNs(*time) : -1, expectedNs);
}

void TestCore::formatsCutNotRounded()
{
    const Timestamp time = fromUnixNs(1787220930999999999);
    QCOMPARE(formatRfc3339(time, 3), std::string("2026-08-20T10:15:30.999Z"));
    QCOMPARE(formatRfc3339(time, 0), std::string("2026-08-20T10:15:30Z"));
    QCOMPARE(parseRfc3339(formatRfc3339(time, 9)), std::optional(time));
    QCOMPARE(formatRfc3339(fromUnixMs(-1), 3), std::string("1969-12-31T23:59:59.999Z"));
}

namespace {
constexpr std::int64_t listVcpu = 14'000'000, listGib = 4'500'000; // pico-dollars per second
}

void TestCore::pricesVectors_data()
{
    QTest::addColumn<qint64>("ms");
    QTest::addColumn<int>("vcpu");
    QTest::addColumn<int>("mib");
    QTest::addColumn<QByteArray>("dollars");
    QTest::newRow("5 s") << qint64(5000) << 2 << 512 << QByteArray("0.00015125");
    QTest::newRow("90 s") << qint64(90000) << 2 << 512 << QByteArray("0.0027225");
    QTest::newRow("600 s") << qint64(600000) << 2 << 512 << QByteArray("0.01815");
    QTest::newRow("1 h") << qint64(3600000) << 2 << 512 << QByteArray("0.1089");
    QTest::newRow("24 h") << qint64(86400000) << 2 << 512 << QByteArray("2.6136");
    QTest::newRow("1 GiB") << qint64(3600000) << 2 << 1024 << QByteArray("0.117");
    QTest::newRow("4 GiB") << qint64(3600000) << 2 << 4096 << QByteArray("0.1656");
    QTest::newRow("8 and 8") << qint64(3600000) << 8 << 8192 << QByteArray("0.5328");
}

void TestCore::pricesVectors()
{
    QFETCH(qint64, ms);
    QFETCH(int, vcpu);
    QFETCH(int, mib);
    QFETCH(QByteArray, dollars);
    QCOMPARE(Money::ofUsage(ms, vcpu, mib, listVcpu, listGib), *Money::parse(dollars.toStdString()));
}

void TestCore::sumsOfManyRunsAreExact()
{
    // One millisecond of 1 MiB is no whole number of pico-dollars; a million of them must still add up.
    Money sum;
    for (int i = 0; i < 1'000'000; ++i)
        sum += Money::ofUsage(1, 0, 1, listVcpu, listGib);
    QCOMPARE(sum, Money::ofUsage(1'000'000, 0, 1, listVcpu, listGib));
}

void TestCore::parsesMoney_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("accepted");
    for (const char *good : {"0", "1", "0.000014", "-3.5", "12.000000000001"})
        QTest::newRow(good) << QByteArray(good) << true;
    for (const char *bad : {"", "-", ".5", "1.", "1e3", "0.0000000000001", "$1", "1,5", "9999999999999"})
        QTest::newRow(bad) << QByteArray(bad) << false;
}

void TestCore::parsesMoney()
{
    QFETCH(QByteArray, text);
    QFETCH(bool, accepted);
    const auto money = Money::parse(text.toStdString());
    QCOMPARE(money.has_value(), accepted);
    if (money)
        QCOMPARE(Money::parse(money->toFixed(12)), money);
}

void TestCore::significantDigits_data()
{
    QTest::addColumn<QByteArray>("dollars");
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("tiny") << QByteArray("0.0000151254") << QByteArray("0.00001513");
    QTest::newRow("run") << QByteArray("0.00015125") << QByteArray("0.0001513");
    QTest::newRow("cents") << QByteArray("0.1089") << QByteArray("0.1089");
    QTest::newRow("dollars") << QByteArray("12.3456") << QByteArray("12.35");
    QTest::newRow("many") << QByteArray("123456.789") << QByteArray("123456.79");
    QTest::newRow("zero") << QByteArray("0") << QByteArray("0.000");
    QTest::newRow("negative") << QByteArray("-0.0027") << QByteArray("-0.002700");
}

void TestCore::significantDigits()
{
    QFETCH(QByteArray, dollars);
    QFETCH(QByteArray, text);
    QCOMPARE(QByteArray::fromStdString(Money::parse(dollars.toStdString())->toSignificant(4)), text);
}

void TestCore::base64RoundTrip()
{
    QCOMPARE(base64Encode("f"), std::string("Zg=="));
    QCOMPARE(base64EncodeNoPad("fo"), std::string("Zm8"));
    QCOMPARE(base64UrlEncode("\xfb\xff"), std::string("-_8"));
    std::string bytes;
    for (int i = 0; i < 256; ++i)
        bytes += static_cast<char>(i);
    QCOMPARE(base64Decode(base64Encode(bytes)), std::optional(bytes));
    QCOMPARE(base64Decode(base64UrlEncode(bytes)), std::optional(bytes));
    QVERIFY(!base64Decode("a"));
    QVERIFY(!base64Decode("Zg=a"));
    QVERIFY(!base64Decode("Zm9*"));
}

void TestCore::idShapes()
{
    const auto matches = [](const std::string &text, const char *pattern) {
        return QRegularExpression(QRegularExpression::anchoredPattern(QString::fromLatin1(pattern)))
            .match(QString::fromStdString(text))
            .hasMatch();
    };
    QVERIFY(matches(newUuid(), "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    QVERIFY(matches(newSandboxId(), "i[a-z0-9]{20}"));
    QVERIFY(matches(newTemplateId(), "[a-z0-9]{20}"));
    QVERIFY(matches(newApiKey(), "e2b_[0-9a-f]{40}"));
    QVERIFY(isApiKeyShape(newApiKey()));
    QVERIFY(newWebhookSecret().size() >= 32);
    QVERIFY(newUuid() != newUuid());
}

void TestCore::redactsSecrets_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("expected");
    QTest::newRow("key") << QByteArray("key e2b_0123456789abcdef refused") << QByteArray("key e2b_*** refused");
    QTest::newRow("header") << QByteArray("X-API-KEY: e2b_00ff") << QByteArray("X-API-KEY: ***");
    QTest::newRow("json") << QByteArray(R"({"signatureSecret":"abcDEF-_012"})")
                          << QByteArray(R"({"signatureSecret":"***"})");
    QTest::newRow("bearer") << QByteArray("Authorization: Bearer abc.def") << QByteArray("Authorization: Bearer ***");
    QTest::newRow("token") << QByteArray(R"("envdAccessToken": "77aa")") << QByteArray(R"("envdAccessToken": "***")");
    QTest::newRow("nothing") << QByteArray("the e2b_ prefix alone") << QByteArray("the e2b_ prefix alone");
}

void TestCore::redactsSecrets()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, expected);
    QCOMPARE(QByteArray::fromStdString(redacted(text.toStdString())), expected);
}

void TestCore::keyShapes()
{
    QVERIFY(!isApiKeyShape("e2b_"));
    QVERIFY(!isApiKeyShape("e2b_XYZ"));
    QVERIFY(!isApiKeyShape("sk_0123"));
    QCOMPARE(maskedApiKey("e2b_0123456789abcdef0123456789abcdef01234567"), std::string("e2b_01…4567"));
    QVERIFY(equalConstantTime("abc", "abc"));
    QVERIFY(!equalConstantTime("abc", "abd"));
    QVERIFY(!equalConstantTime("abc", "ab"));
}

/// Texts so long that one that stops at the first difference would take thousands of times as long at the last one; the
/// best of many tries, turn about, does not care what else the machine does.
void TestCore::comparisonTakesAlwaysTheSameTime()
{
    using Clock = std::chrono::steady_clock;
    constexpr std::size_t length = 1U << 16;
    const std::string secret(length, 's');
    std::string first = secret;
    std::string last = secret;
    first.front() = 'x';
    last.back() = 'x';
    const std::array<const std::string *, 3> given = {&first, &last, &secret};
    std::array<Clock::duration, 3> best = {1h, 1h, 1h};
    for (int round = 0; round < 1'000; ++round) {
        for (std::size_t i = 0; i < given.size(); ++i) {
            const std::size_t which = (i + static_cast<std::size_t>(round)) % given.size();
            const auto start = Clock::now();
            const bool isEqual = equalConstantTime(secret, *given[which]);
            best[which] = std::min(best[which], Clock::now() - start);
            QCOMPARE(isEqual, which == 2);
        }
    }
    const auto [least, most] = std::ranges::minmax(best);
    QVERIFY2(most < 2 * least, qPrintable(QStringLiteral("%1 ns and %2 ns").arg(least.count()).arg(most.count())));
}

void TestCore::profilePathsStayInside()
{
    const ProfilePaths paths = ProfilePaths::forDirectory("/tmp/profile");
    for (const auto &path : {paths.config, paths.data, paths.state, paths.cache, paths.runtime})
        QCOMPARE(path.parent_path(), std::filesystem::path("/tmp/profile"));
    qputenv("XDG_DATA_HOME", "/data");
    QCOMPARE(ProfilePaths::forDirectory({}).data, std::filesystem::path("/data/sandglass"));
    qputenv("XDG_DATA_HOME", "relative"); // invalid by the specification
    QVERIFY(ProfilePaths::forDirectory({}).data.is_absolute());
}

void TestCore::jsonReadersNeverThrow()
{
    QVERIFY(!parseJson("{\"a\":"));
    const Json value = *parseJson(R"({"a":1,"b":"x","c":true,"t":"2026-01-02T03:04:05Z"})");
    QCOMPARE(intOr(value, "a"), std::int64_t(1));
    QCOMPARE(intOr(value, "b", 7), std::int64_t(7));
    QCOMPARE(stringOr(value, "a", "none"), std::string("none"));
    QVERIFY(boolOr(value, "c"));
    QVERIFY(timeOr(value, "t").has_value());
    QVERIFY(memberOr(value, "zz").is_null());
    QCOMPARE(stringOr(Json::array(), "a", "none"), std::string("none"));
    QCOMPARE(dumpJson(Json("\xff")), std::string("\"\xef\xbf\xbd\""));
}

QTEST_APPLESS_MAIN(TestCore)
#include "tst_core.moc"
