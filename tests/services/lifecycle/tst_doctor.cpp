#include "services/lifecycle/doctor.h"

#include "services/core/base64.h"
#include "services/lifecycle/event.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <QTest>

#include <set>

using namespace sandglass;
using namespace sandglass::lifecycle;

namespace {

const std::string key = "sandglass-test-secret-0123456789abcdef";
const std::string oldKey = "an-older-secret-of-the-same-receiver-01";
const std::string strangeKey = "nobody-here-has-ever-seen-this-secret-1";
const std::string body =
    R"({"id":"evt-1","type":"sandbox.lifecycle.created","sandbox_id":"isbx","event_data":{"sandbox_metadata":{"name":"Zoë & <co>"}},"n":[1,2.5,true,null]})";

const std::vector<SigningSecret> secrets{{"current", key, true}, {"before May", oldKey, false}};

std::string hex(std::string_view bytes, const char *digits = "0123456789abcdef")
{
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string hmac(std::string_view secret, std::string_view text)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char *>(text.data()), text.size(), out, &size);
    return {reinterpret_cast<const char *>(out), size};
}

HeaderList with(std::string signature, HeaderList more = {})
{
    more.emplace_back("Content-Type", "application/json");
    more.emplace_back("E2B-Signature", std::move(signature));
    return more;
}

std::string pretty(int indent)
{
    // As JSON.stringify(value, null, indent) and json.dumps(value, indent=indent) write it.
    const std::string in(static_cast<std::size_t>(indent), ' ');
    return "{\n" + in + "\"id\": \"evt-1\",\n" + in + "\"a\": [\n" + in + in + "1,\n" + in + in + "2\n" + in + "]\n}";
}

} // namespace

class TestDoctor final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void namesTheMistake_data();
    void namesTheMistake();
    void everyMistakeHasItsWords();
    void takesAnything();
};

void TestDoctor::namesTheMistake_data()
{
    QTest::addColumn<HeaderList>("headers");
    QTest::addColumn<std::string>("received");
    QTest::addColumn<Mistake>("mistake");
    QTest::addColumn<std::string>("detail");
    const auto row = [](const char *name, HeaderList headers, const std::string &received, Mistake mistake,
                        const char *detail = "") {
        QTest::newRow(name) << std::move(headers) << received << mistake << std::string(detail);
    };
    const auto sign = [](std::string_view text) { return signDelivery(key, text); };
    const std::string digest = deliveryDigest(key, body);
    using M = Mistake;

    row("correct", with(sign(body)), body, M::None);
    std::string urlSafeBody = body; // until the digest needs one of the letters that differ
    while (sign(urlSafeBody).find_first_of("+/") == std::string::npos)
        urlSafeBody += ' ';
    row("URL-safe", with(base64UrlEncode(deliveryDigest(key, urlSafeBody))), urlSafeBody, M::UrlSafeAlphabet);
    row("padded", with(base64Encode(digest)), body, M::PaddedBase64);
    row("hex", with(hex(digest)), body, M::HexDigest);
    row("upper hex", with(hex(digest, "0123456789ABCDEF")), body, M::HexDigest);
    row("base64 of hex", with(base64Encode(hex(digest))), body, M::Base64OfHex);
    row("sha256= hex", with("sha256=" + hex(digest)), body, M::PrefixedSignature, "sha256=");
    row("v1, base64", with("v1," + sign(body)), body, M::PrefixedSignature, "v1,");

    row("no header", {{"Host", "x"}}, body, M::MissingSignature);
    row("name of the old guide", {{"X-E2B-Signature", sign(body)}}, body, M::OldHeaderName, "x-e2b-signature");
    row("two headers", with(sign(body), {{"e2b-signature", sign(body)}}), body, M::SeveralSignatures, "2");
    row("empty", with("  "), body, M::EmptySignature);
    row("no digest", with("hello"), body, M::NotSha256);
    row("SHA-1", with(hex(std::string(20, 'x'))), body, M::NotSha256);
    row("SHA-512", with(base64Encode(std::string(64, 'x'))), body, M::NotSha256);

    row("HMAC, base64", with(base64Encode(hmac(key, body))), body, M::Hmac);
    row("HMAC, hex", with(hex(hmac(key, body))), body, M::Hmac);
    row("body first", with(base64EncodeNoPad(deliveryDigest(body, key))), body, M::BodyBeforeSecret);
    row("body only", with(base64EncodeNoPad(deliveryDigest("", body))), body, M::BodyOnly);
    row("dot between", with(signDelivery(key + ".", body)), body, M::SeparatorAdded, ".");
    row("secret with line break", with(signDelivery(key + "\n", body)), body, M::SecretWithBlank, "line break");
    row("secret with quotes", with(signDelivery("\"" + key + "\"", body)), body, M::SecretWithBlank);
    row("another known secret", with(signDelivery(oldKey, body)), body, M::OtherSecret, "before May");
    row("another known secret, hex", with(hex(deliveryDigest(oldKey, body))), body, M::OtherSecret, "before May");

    row("line break lost", with(sign(body + "\n")), body, M::TrailingBlank, "added");
    row("line break won", with(sign(body)), body + "\n", M::TrailingBlank, "removed");
    row("blank won", with(sign(body)), body + " ", M::TrailingBlank, "removed");
    row("blank before", with(sign(body)), " " + body, M::TrailingBlank, "removed");
    row("mark lost", with(sign("\xef\xbb\xbf" + body)), body, M::ByteOrderMark, "added");
    row("mark won", with(sign(body)), "\xef\xbb\xbf" + body, M::ByteOrderMark, "removed");
    row("line ends", with(sign("{\r\n\"a\": 1\r\n}")), "{\n\"a\": 1\n}", M::LineEndings, "CRLF");
    row("pretty-printed", with(sign(R"({"id":"evt-1","a":[1,2]})")), pretty(4), M::ReencodedBody, "compact");
    row("made compact", with(sign(pretty(2))), R"({"id":"evt-1","a":[1,2]})", M::ReencodedBody, "indented by 2");
    row("blanks lost", with(sign(R"({"id": "evt-1", "a": [1, 2]})")), R"({"id":"evt-1","a":[1,2]})", M::ReencodedBody,
        "blanks after , and :");
    row("sorted", with(sign(R"({"a":[1,2],"id":"evt-1"})")), R"({"id":"evt-1","a":[1,2]})", M::ReencodedBody,
        "compact, sorted");
    row("escapes", with(sign(R"({"a":"Zo\u00eb"})")), R"({"a":"Zoë"})", M::ReencodedBody, "compact");
    row("HTML escapes", with(sign(R"({"a":"\u003cb\u003e \u0026"})")), R"({"a":"<b> &"})", M::ReencodedBody,
        "compact, HTML escapes");

    const std::string stranger = signDelivery(strangeKey, body);
    row("wrong secret", with(stranger), body, M::WrongSecret);
    row("signature of another body", with(sign(R"({"id":"evt-2"})")), body, M::WrongSecret);
    row("gzip by header", with(sign(body), {{"Content-Encoding", "gzip"}}), "garbage", M::CompressedBody, "gzip");
    row("gzip by its bytes", with(sign(body)), "\x1f\x8b\x08 and so on", M::CompressedBody);
    row("identity is no encoding", with(stranger, {{"Content-Encoding", "identity"}}), body, M::WrongSecret);
    row("decoded", with(sign("{\"a\":\"\xff\"}")), "{\"a\":\"\xef\xbf\xbd\"}", M::DecodedAsText);
    row("proxy", with(stranger, {{"Via", "1.1 gateway"}}), body, M::ChangedByProxy, "via");
    row("version", with(stranger, {{"e2b-signature-version", "v2"}}), body, M::UnknownVersion, "v2");
    row("version is no matter when correct", with(sign(body), {{"e2b-signature-version", "v2"}}), body, M::None);
}

void TestDoctor::namesTheMistake()
{
    QFETCH(HeaderList, headers);
    QFETCH(std::string, received);
    QFETCH(Mistake, mistake);
    QFETCH(std::string, detail);
    const Diagnosis diagnosis = diagnose(headers, received, secrets);
    QCOMPARE(std::string(toString(diagnosis.mistake)), std::string(toString(mistake)));
    QCOMPARE(diagnosis.detail, detail);
    const std::string sentence = explain(diagnosis);
    QVERIFY(sentence.ends_with('.'));
    QVERIFY(detail.empty() || sentence.find(detail) != std::string::npos || mistake == Mistake::SecretWithBlank);
    for (const std::string &secret : {key, oldKey})
        QVERIFY(sentence.find(secret) == std::string::npos);
}

void TestDoctor::everyMistakeHasItsWords()
{
    std::set<std::string_view> names;
    for (int i = 0; i < mistakeCount; ++i) {
        const auto mistake = static_cast<Mistake>(i);
        names.insert(toString(mistake));
        QVERIFY(mistakeFromName(toString(mistake)) == mistake);
        QVERIFY(!explain({mistake, true, "detail"}).empty());
    }
    QCOMPARE(names.size(), std::size_t(mistakeCount));
    QVERIFY(mistakeFromName("of a later version") == Mistake::WrongSecret);
}

void TestDoctor::takesAnything()
{
    const std::string deep(200'000, '[');
    const std::string binary("\0\xff\xfe{\"a\":", 8);
    for (const std::string &received : {std::string(), deep, binary, std::string(1U << 20, 'x')}) {
        QVERIFY(diagnose(with(signDelivery(strangeKey, "x")), received, secrets).mistake == Mistake::WrongSecret);
        QVERIFY(diagnose(with(std::string(100'000, 'A')), received, {}).mistake == Mistake::NotSha256);
    }
}

QTEST_GUILESS_MAIN(TestDoctor)
#include "tst_doctor.moc"
