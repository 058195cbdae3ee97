#include "services/lifecycle/signature.h"

#include <QTest>

using namespace sandglass::lifecycle;

class TestSignature final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void signsVectors_data();
    void signsVectors();
    void acceptsEverySpelling_data();
    void acceptsEverySpelling();
    void refuses_data();
    void refuses();
    void everySpellingOfManyBodies();
};

namespace {

const std::string secret = "0123456789abcdef0123456789abcdef";
const std::string firstBody = R"({"id":"00000000-0000-4000-8000-000000000001","type":"sandbox.lifecycle.created"})";
const std::string secondBody = R"({"id":"00000000-0000-4000-8000-000000000002","type":"sandbox.lifecycle.created"})";
const std::string longSecret = "sandglass-test-secret-0123456789abcdef";
const std::string longBody =
    R"({"version":"v2","id":"evt-0001","type":"sandbox.lifecycle.created","timestamp":"2026-01-02T03:04:05.678Z",)"
    R"("sandbox_id":"isbx0001","sandbox_execution_id":"exec-0001","sandbox_template_id":"base",)"
    R"("sandbox_build_id":"bld-0001","sandbox_team_id":"team-0001","event_data":{"sandbox_metadata":{"run":"r1"}}})";

} // namespace

void TestSignature::signsVectors_data()
{
    QTest::addColumn<std::string>("key");
    QTest::addColumn<std::string>("body");
    QTest::addColumn<std::string>("expected");
    QTest::newRow("first") << secret << firstBody << std::string("+rk6vJ98GQsKRjMslrDmlEuXaaBd+1pgLoDPk8VUHFc");
    QTest::newRow("second") << secret << secondBody << std::string("GQ1kmmoO+QECbUGj/z4b/93e7Kw7tWXoGSZmw5tljH8");
    QTest::newRow("long") << longSecret << longBody << std::string("VM6ekYrfSUG/dFYbJ4Hye+/jlJhRjOp/PraXLu/Ob2g");
    // SHA-256 of nothing, from FIPS 180.
    QTest::newRow("empty") << std::string() << std::string()
                           << std::string("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
}

void TestSignature::signsVectors()
{
    QFETCH(std::string, key);
    QFETCH(std::string, body);
    QFETCH(std::string, expected);
    QCOMPARE(signDelivery(key, body), expected);
    QVERIFY(verifyDelivery(key, body, expected));
}

void TestSignature::acceptsEverySpelling_data()
{
    QTest::addColumn<std::string>("signature");
    QTest::newRow("standard") << std::string("GQ1kmmoO+QECbUGj/z4b/93e7Kw7tWXoGSZmw5tljH8");
    QTest::newRow("URL-safe") << std::string("GQ1kmmoO-QECbUGj_z4b_93e7Kw7tWXoGSZmw5tljH8");
    QTest::newRow("padded") << std::string("GQ1kmmoO+QECbUGj/z4b/93e7Kw7tWXoGSZmw5tljH8=");
    QTest::newRow("URL-safe, padded") << std::string("GQ1kmmoO-QECbUGj_z4b_93e7Kw7tWXoGSZmw5tljH8=");
    QTest::newRow("spaces") << std::string("  GQ1kmmoO+QECbUGj/z4b/93e7Kw7tWXoGSZmw5tljH8=\t ");
}

void TestSignature::acceptsEverySpelling()
{
    QFETCH(std::string, signature);
    QVERIFY(verifyDelivery(secret, secondBody, signature));
    QVERIFY(!verifyDelivery(secret, firstBody, signature));
}

void TestSignature::refuses_data()
{
    QTest::addColumn<std::string>("key");
    QTest::addColumn<std::string>("body");
    QTest::addColumn<std::string>("signature");
    const std::string good = "VM6ekYrfSUG_dFYbJ4Hye-_jlJhRjOp_PraXLu_Ob2g";
    QVERIFY(verifyDelivery(longSecret, longBody, good));
    QTest::newRow("hex digits") << longSecret << longBody
                                << std::string("54ce9e918adf4941bf74561b2781f27befe39498518cea7f3eb6972eefce6f68");
    QTest::newRow("empty") << longSecret << longBody << std::string();
    QTest::newRow("padding alone") << longSecret << longBody << std::string("===");
    QTest::newRow("cut") << longSecret << longBody << good.substr(0, 42);
    QTest::newRow("longer") << longSecret << longBody << good + "A";
    QTest::newRow("last digit") << longSecret << longBody << good.substr(0, 42) + "h";
    QTest::newRow("case") << longSecret << longBody << "v" + good.substr(1);
    QTest::newRow("other secret") << secret << longBody << good;
    QTest::newRow("body with a line end") << longSecret << longBody + "\n" << good;
    QTest::newRow("prefixed") << longSecret << longBody << "sha256=" + good;
    QTest::newRow("megabyte") << longSecret << longBody << std::string(1U << 20, 'A');
}

void TestSignature::refuses()
{
    QFETCH(std::string, key);
    QFETCH(std::string, body);
    QFETCH(std::string, signature);
    QVERIFY(!verifyDelivery(key, body, signature));
}

void TestSignature::everySpellingOfManyBodies()
{
    // Three in four signatures hold a '+' or '/': one sample would prove little.
    for (int i = 0; i < 500; ++i) {
        const std::string body = "{\"n\":" + std::to_string(i) + "}";
        std::string signature = signDelivery(secret, body);
        QCOMPARE(signature.size(), std::size_t(43));
        QVERIFY(verifyDelivery(secret, body, signature));
        std::ranges::replace(signature, '+', '-');
        std::ranges::replace(signature, '/', '_');
        QVERIFY(verifyDelivery(secret, body, signature));
        QVERIFY(!verifyDelivery(secret, body + " ", signature));
    }
}

QTEST_GUILESS_MAIN(TestSignature)
#include "tst_signature.moc"
