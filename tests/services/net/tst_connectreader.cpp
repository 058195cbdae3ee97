#include "services/net/connectreader.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::net;

class TestConnectReader final : public QObject
{
    Q_OBJECT

    static std::string ended(std::string payload)
    {
        std::string envelope = connectEnvelope(payload);
        envelope[0] = 2;
        return envelope;
    }

private Q_SLOTS:
    void writesTheEnvelope()
    {
        QCOMPARE(connectEnvelope("{}"), std::string("\0\0\0\0\2{}", 7));
        QCOMPARE(connectEnvelope(std::string(0x0102, 'x')).substr(0, 5), std::string("\0\0\0\1\2", 5));
    }
    void anySplitGivesTheSameMessages()
    {
        const std::string text = connectEnvelope(R"({"n":1})") + connectEnvelope(R"({"n":2})") + ended("{}");
        for (std::size_t size = 1; size <= text.size(); ++size) {
            ConnectReader reader;
            std::vector<int> seen;
            for (std::size_t at = 0; at < text.size(); at += size)
                QVERIFY(reader.feed(std::string_view(text).substr(at, size),
                                    [&seen](const Json &m) { seen.push_back(static_cast<int>(intOr(m, "n"))); }));
            QCOMPARE(seen, (std::vector{1, 2}));
            QVERIFY(reader.isComplete());
        }
    }
    void bad_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("kind");
        QTest::addColumn<QByteArray>("code");
        const auto kind = [](Error::Kind k) { return static_cast<int>(k); };
        QTest::newRow("compressed") << QByteArray("\1\0\0\0\2{}", 7) << kind(Error::Kind::Decode) << QByteArray();
        QTest::newRow("huge") << QByteArray("\0\xFF\xFF\xFF\xFF", 5) << kind(Error::Kind::Decode) << QByteArray();
        QTest::newRow("not JSON") << QByteArray("\0\0\0\0\2xx", 7) << kind(Error::Kind::Decode) << QByteArray();
        QTest::newRow("error at the end")
            << QByteArray::fromStdString(ended(R"({"error":{"code":"not_found","message":"no process"}})"))
            << kind(Error::Kind::Service) << QByteArray("not_found");
    }
    void bad()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, kind);
        QFETCH(QByteArray, code);
        ConnectReader reader;
        const auto outcome = reader.feed(bytes.toStdString(), [](const Json &) {});
        QVERIFY(!outcome);
        QCOMPARE(static_cast<int>(outcome.error().kind), kind);
        QCOMPARE(QByteArray::fromStdString(outcome.error().code), code);
        QVERIFY(!reader.isComplete());
    }
    void cutStreamIsNotComplete()
    {
        ConnectReader reader;
        QVERIFY(reader.feed(connectEnvelope("{}"), [](const Json &) {}));
        QVERIFY(!reader.isComplete());
    }
};

QTEST_GUILESS_MAIN(TestConnectReader)
#include "tst_connectreader.moc"
