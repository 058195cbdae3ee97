#include "services/engine/network/egressrules.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::engine;
using boost::asio::ip::make_address;

class TestEgressRules final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void ranges_data()
    {
        QTest::addColumn<QByteArray>("range");
        QTest::addColumn<QByteArray>("inside");
        QTest::addColumn<QByteArray>("outside");
        QTest::newRow("one address") << QByteArray("8.8.8.8") << QByteArray("8.8.8.8") << QByteArray("8.8.8.9");
        QTest::newRow("within a byte") << QByteArray("8.8.8.0/22") << QByteArray("8.8.11.255")
                                       << QByteArray("8.8.12.0");
        QTest::newRow("all of 4") << QByteArray("0.0.0.0/0") << QByteArray("255.1.2.3") << QByteArray("2001:db8::1");
        QTest::newRow("6") << QByteArray("2001:db8::/33") << QByteArray("2001:db8:7fff::1")
                           << QByteArray("2001:db8:8000::");
        QTest::newRow("4 as 6") << QByteArray("8.8.8.8/32") << QByteArray("::ffff:8.8.8.8") << QByteArray("::8.8.8.8");
    }
    void ranges()
    {
        QFETCH(QByteArray, range);
        QFETCH(QByteArray, inside);
        QFETCH(QByteArray, outside);
        const auto cidr = Cidr::parse(range.toStdString());
        QVERIFY(cidr);
        QVERIFY(cidr->contains(make_address(inside.toStdString())));
        QVERIFY(!cidr->contains(make_address(outside.toStdString())));
        QCOMPARE(Cidr::parse(cidr->text()), cidr);
    }

    void noRanges()
    {
        for (const char *text :
             {"", "x", "1.2.3", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "::1/129", "1.2.3.4/8x", "a/8"})
            QVERIFY2(!Cidr::parse(text), text);
    }

    void privateOnes_data()
    {
        QTest::addColumn<bool>("isPrivate");
        for (const char *text : {"127.0.0.1",
                                 "127.255.0.1",
                                 "0.0.0.0",
                                 "10.1.2.3",
                                 "172.16.0.1",
                                 "172.31.255.255",
                                 "192.168.1.1",
                                 "169.254.169.254",
                                 "100.64.0.1",
                                 "224.0.0.1",
                                 "255.255.255.255",
                                 "::1",
                                 "::",
                                 "fe80::1",
                                 "fc00::1",
                                 "ff02::1",
                                 "::ffff:127.0.0.1",
                                 "::127.0.0.1",
                                 "64:ff9b::7f00:1",
                                 "2002:7f00:1::"})
            QTest::newRow(text) << true;
        for (const char *text : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "192.169.0.1", "2606:4700::1111"})
            QTest::newRow(text) << false;
    }
    void privateOnes()
    {
        QFETCH(bool, isPrivate);
        QCOMPARE(isPrivateAddress(make_address(QTest::currentDataTag())), isPrivate);
    }

    void decisions_data()
    {
        QTest::addColumn<QByteArray>("network");
        QTest::addColumn<bool>("internet");
        QTest::addColumn<QByteArray>("host");
        QTest::addColumn<QByteArray>("address");
        QTest::addColumn<bool>("allowed");
        const QByteArray none = "null", all = R"({"allowOut":["0.0.0.0/0","::/0"]})";
        const QByteArray domains = R"({"allowOut":["Good.org","*.some.net"],"denyOut":["0.0.0.0/0"]})";
        QTest::newRow("off") << none << false << QByteArray("a.org") << QByteArray("8.8.8.8") << false;
        QTest::newRow("on") << none << true << QByteArray("a.org") << QByteArray("8.8.8.8") << true;
        QTest::newRow("this machine") << none << true << QByteArray("a.org") << QByteArray("127.0.0.1") << false;
        QTest::newRow("everything is not this machine") << all << true << QByteArray("a") << QByteArray("::1") << false;
        QTest::newRow("everything without internet")
            << all << false << QByteArray("a") << QByteArray("8.8.8.8") << true;
        QTest::newRow("named private") << QByteArray(R"({"allowOut":["10.0.0.0/8"]})") << false << QByteArray("a")
                                       << QByteArray("10.9.9.9") << true;
        QTest::newRow("denied") << QByteArray(R"({"denyOut":["8.8.0.0/16"]})") << true << QByteArray("a")
                                << QByteArray("8.8.8.8") << false;
        QTest::newRow("beside what is denied")
            << QByteArray(R"({"denyOut":["8.8.0.0/16"]})") << true << QByteArray("a") << QByteArray("8.9.8.8") << true;
        QTest::newRow("allowed wins") << QByteArray(R"({"denyOut":["0.0.0.0/0"],"allowOut":["8.8.8.8"]})") << true
                                      << QByteArray("a") << QByteArray("8.8.8.8") << true;
        QTest::newRow("domain") << domains << true << QByteArray("GOOD.org.") << QByteArray("9.9.9.9") << true;
        QTest::newRow("domain that points here")
            << domains << true << QByteArray("good.org") << QByteArray("127.0.0.1") << false;
        QTest::newRow("below a domain") << domains << true << QByteArray("x.good.org") << QByteArray("9.9.9.9")
                                        << false;
        QTest::newRow("wildcard") << domains << true << QByteArray("a.b.some.net") << QByteArray("9.9.9.9") << true;
        QTest::newRow("wildcard's own name")
            << domains << true << QByteArray("some.net") << QByteArray("9.9.9.9") << false;
        QTest::newRow("ends alike") << domains << true << QByteArray("awesome.net") << QByteArray("9.9.9.9") << false;
    }
    void decisions()
    {
        QFETCH(QByteArray, network);
        QFETCH(bool, internet);
        QFETCH(QByteArray, host);
        QFETCH(QByteArray, address);
        QFETCH(bool, allowed);
        const auto rules = EgressRules::parse(*parseJson(network.toStdString()), internet);
        QVERIFY2(rules, rules ? "" : rules.error().message.c_str());
        QCOMPARE(rules->allows(host.toStdString(), make_address(address.toStdString())), allowed);
    }

    void refused_data()
    {
        QTest::addColumn<QByteArray>("network");
        QTest::addColumn<QByteArray>("says");
        const auto row = [](const char *name, const char *network, const char *says) {
            QTest::newRow(name) << QByteArray(network) << QByteArray(says);
        };
        row("no object", "[]", "network has to be an object");
        row("no list", R"({"allowOut":"1.2.3.4"})", "list of texts");
        row("no texts", R"({"denyOut":[1]})", "list of texts");
        row("denied domain", R"({"denyOut":["a.org"]})", "invalid denied CIDR a.org");
        row("denied with a port", R"({"denyOut":["10.0.0.0/8:22"]})", "invalid denied CIDR 10.0.0.0/8:22");
        row("no address at all", R"({"denyOut":["0.0.0.0"]})", "invalid denied CIDR 0.0.0.0");
        row("bad domain", R"({"allowOut":["a b"],"denyOut":["0.0.0.0/0"]})", "invalid allowed address a b");
        row("allowed nowhere", R"({"allowOut":["::"]})", "invalid allowed address ::");
        row("domain without denying all", R"({"allowOut":["a.org"],"denyOut":["10.0.0.0/8"]})",
            "When specifying allowed domains in allow out, you must include 'ALL_TRAFFIC' in deny out to block all "
            "other "
            "traffic.");
        row("proxy without a port", R"({"egressProxy":{"address":"1.2.3.4"}})",
            "invalid egress proxy address '1.2.3.4'");
        row("proxy is no address", R"({"egressProxy":{"address":"a b:1"}})", "invalid egress proxy address");
        row("proxy is no object", R"({"egressProxy":"a:1"})", "has to be an object");
        row("password alone", R"({"egressProxy":{"address":"a:1","password":"hidden"}})", "needs a username");
        row("rules are no object", R"({"rules":[]})", "network.rules has to be an object");
        row("rule for an address", R"({"rules":{"1.2.3.4":[]}})",
            "Rule domain \"1.2.3.4\" is not a valid domain name.");
        row("rule for a pattern", R"({"rules":{"*.a.org":[]}})", "is not a valid domain name.");
        row("rule for nothing", R"({"rules":{"":[]}})", "Rule domain must not be empty.");
        row("two rules", R"({"rules":{"a.org":[{},{}]}})", "Domain \"a.org\" can have at most 1 transform rule.");
        row("header name", R"({"rules":{"a.org":[{"transform":{"headers":{"a b":"c"}}}]}})",
            "Header name \"a b\" in rule for domain \"a.org\" must contain only valid HTTP token characters.");
        row("another header in the value", R"({"rules":{"a.org":[{"transform":{"headers":{"a":"b\r\nc: d"}}}]}})",
            "Value for header \"a\" in rule for domain \"a.org\" contains invalid characters.");
        row("the body's own header", R"({"rules":{"a.org":[{"transform":{"headers":{"Content-Length":"1"}}}]}})",
            "cannot be set");
    }
    void refused()
    {
        QFETCH(QByteArray, network);
        QFETCH(QByteArray, says);
        const auto rules = EgressRules::parse(*parseJson(network.toStdString()), true);
        QVERIFY(!rules);
        QCOMPARE(rules.error().status, 400);
        const auto told = QByteArray::fromStdString(rules.error().message);
        QVERIFY2(told.contains(says), told);
        QVERIFY2(!told.contains("hidden"), told);
    }

    void boundsOfRules()
    {
        const auto status = [](const Json &rules) {
            const auto parsed = EgressRules::parse({{"rules", rules}}, true);
            return parsed ? std::string() : parsed.error().message;
        };
        const auto headers = [](const Json &set) { return Json::array({{{"transform", {{"headers", set}}}}}); };
        Json domains = Json::object(), many = Json::object();
        for (int i = 0; i < 11; ++i)
            domains["d" + std::to_string(i) + ".org"] = Json::array();
        for (int i = 0; i < 21; ++i)
            many["h" + std::to_string(i)] = "v";
        QCOMPARE(status(domains), std::string("Network rules can have at most 10 domains."));
        QCOMPARE(status({{"a.org", headers(many)}}),
                 std::string("Domain \"a.org\" can have at most 20 headers per rule."));
        QVERIFY(status({{"a.org", headers({{"n", std::string(2049, 'v')}})}}).ends_with("length of 2048 characters."));
        QVERIFY(status({{"a.org", headers({{std::string(65, 'n'), "v"}})}}).ends_with("length of 64 characters."));
        QVERIFY(status({{std::string(129, 'd'), Json::array()}}).ends_with("length of 128 characters."));
        domains.erase("d0.org");
        QCOMPARE(status(domains), std::string());
    }

    void headersAreReplaced()
    {
        std::string head = "GET / HTTP/1.1\r\nHost: a\r\nauthorization: old\r\nX-Other: stays\r\n\r\n";
        setHeaders(head, {{"Authorization", "new"}, {"X-Own", "1"}});
        QCOMPARE(head,
                 std::string("GET / HTTP/1.1\r\nHost: a\r\nX-Other: stays\r\nAuthorization: new\r\nX-Own: 1\r\n\r\n"));
    }

    void secretsAreFilled()
    {
        const SecretLookup lookup = [](const std::string &name) {
            return name == "key" ? std::optional<std::string>("v1")
                : name == "odd"  ? std::optional<std::string>("a\r\nb")
                                 : std::nullopt;
        };
        QCOMPARE(withSecrets("Bearer ${e2b.secrets.KEY}, ${e2b.secrets.key}!", lookup).value_or(""),
                 std::string("Bearer v1, v1!"));
        QCOMPARE(withSecrets("no ${PLACE} here", lookup).value_or(""), std::string("no ${PLACE} here"));
        for (const char *text :
             {"${e2b.secrets.none}", "${e2b.secrets.odd}", "${e2b.identity.tokens.aws}", "${e2b.secrets.key"}) {
            const auto filled = withSecrets(text, lookup);
            QVERIFY2(!filled, text);
            QVERIFY(filled.error().message.find("a\r\nb") == std::string::npos);
        }
        QVERIFY(!withSecrets("${e2b.secrets.key}", {}));
    }
};

QTEST_GUILESS_MAIN(TestEgressRules)
#include "tst_egressrules.moc"
