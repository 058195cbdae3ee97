#include "services/net/ndjsonreader.h"

#include <QTest>

using namespace sandglass;
using net::NdjsonReader;

class TestNdjsonReader final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void anySplitGivesTheSameLines()
    {
        const std::string text = "{\"a\":1}\n{\"b\":\"\xC3\xA4\xE2\x82\xAC\"}\r\n\n[3]\n\"last\"";
        for (std::size_t size = 1; size <= text.size(); ++size) {
            NdjsonReader reader;
            std::vector<std::string> lines;
            const auto sink = [&lines](const Json &value) {
                lines.push_back(value.dump());
                return true;
            };
            for (std::size_t at = 0; at < text.size(); at += size)
                QVERIFY(reader.feed(std::string_view(text).substr(at, size), sink));
            QVERIFY(reader.finish(sink));
            QCOMPARE(lines.size(), std::size_t{4});
            QCOMPARE(lines[1], "{\"b\":\"\xC3\xA4\xE2\x82\xAC\"}");
            QCOMPARE(lines[3], "\"last\"");
        }
    }
    void bad_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("not JSON") << QByteArray("{\"a\":1}\nhello\n{}\n");
        QTest::newRow("too long") << QByteArray("{\"a\":1}\n\"") + QByteArray(200, 'x');
        QTest::newRow("html") << QByteArray("{\"a\":1}\n<html>\n");
    }
    void bad()
    {
        QFETCH(QByteArray, text);
        NdjsonReader reader(100);
        int lines = 0;
        const auto sink = [&lines](const Json &) {
            ++lines;
            return true;
        };
        const auto outcome = reader.feed(text.toStdString(), sink);
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().kind, Error::Kind::Decode);
        QCOMPARE(lines, 1);
        QVERIFY(reader.feed("{}\n", sink)); // nothing more is read
        QCOMPARE(lines, 1);
    }
    void cutLastLineIsAnError()
    {
        NdjsonReader reader;
        const auto sink = [](const Json &) { return true; };
        QVERIFY(reader.feed("{\"a\":", sink));
        QVERIFY(!reader.finish(sink));
    }
    void stopsWhenTheSinkHasEnough()
    {
        NdjsonReader reader;
        int lines = 0;
        QVERIFY(reader.feed("1\n2\nnot json\n", [&lines](const Json &) { return ++lines < 2; }));
        QCOMPARE(lines, 2);
    }
};

QTEST_GUILESS_MAIN(TestNdjsonReader)
#include "tst_ndjsonreader.moc"
