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
        QTest::newRow("no object") << QByteArray("[]");
        QTest::newRow("no list") << QByteArray(R"({"allowOut":"1.2.3.4"})");
        QTest::newRow("no texts") << QByteArray(R"({"denyOut":[1]})");
        QTest::newRow("denied domain") << QByteArray(R"({"denyOut":["a.org"]})");
        QTest::newRow("bad domain") << QByteArray(R"({"allowOut":["a b"],"denyOut":["0.0.0.0/0"]})");
        QTest::newRow("domain without denying all") << QByteArray(R"({"allowOut":["a.org"]})");
        QTest::newRow("proxy of one's own") << QByteArray(R"({"egressProxy":{"address":"1.2.3.4:1"}})");
        QTest::newRow("rewriting") << QByteArray(R"({"rules":{"a.org":[]}})");
    }
    void refused()
    {
        QFETCH(QByteArray, network);
        const auto rules = EgressRules::parse(*parseJson(network.toStdString()), true);
        QVERIFY(!rules);
        QCOMPARE(rules.error().status, 400);
    }
};

QTEST_GUILESS_MAIN(TestEgressRules)
#include "tst_egressrules.moc"
