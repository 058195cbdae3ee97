#include "services/net/ssereader.h"

#include <QTest>

#include <vector>

using namespace sandglass;
using namespace sandglass::net;

class TestSseReader final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void events_data();
    void events();
    void tooLong();
    void stoppedReadsNoMore();
};

void TestSseReader::events_data()
{
    QTest::addColumn<QByteArray>("stream");
    QTest::addColumn<QByteArray>("expected"); // "name=data;" for each
    QTest::newRow("plain") << QByteArray("data: one\n\ndata: two\n\n") << QByteArray("=one;=two;");
    QTest::newRow("named") << QByteArray("event: ping\ndata: {}\n\n") << QByteArray("ping={};");
    QTest::newRow("name is of one event") << QByteArray("event: a\ndata: 1\n\ndata: 2\n\n") << QByteArray("a=1;=2;");
    QTest::newRow("CR LF") << QByteArray("event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n") << QByteArray("a=1;=2;");
    QTest::newRow("CR") << QByteArray("data: 1\r\rdata: 2\r\r") << QByteArray("=1;=2;");
    QTest::newRow("several lines") << QByteArray("data: a\ndata: b\n\n") << QByteArray("=a\nb;");
    QTest::newRow("no space, one space kept") << QByteArray("data:x\n\ndata:  y\n\n") << QByteArray("=x;= y;");
    QTest::newRow("comments, ids, unknown")
        << QByteArray(": hi\nid: 7\nretry: 5\nfoo: x\ndata: 1\n\n") << QByteArray("=1;");
    QTest::newRow("without data is none") << QByteArray("event: a\n\n\n\ndata: 1\n\n") << QByteArray("=1;");
    QTest::newRow("empty data counts") << QByteArray("data\n\n") << QByteArray("=;");
    QTest::newRow("byte order mark") << QByteArray("\xEF\xBB\xBF"
                                                   "data: 1\n\n")
                                     << QByteArray("=1;");
    QTest::newRow("no empty line at the end") << QByteArray("data: 1\n\ndata: 2") << QByteArray("=1;=2;");
    QTest::newRow("no stream at all") << QByteArray("<html>busy</html>") << QByteArray();
}

void TestSseReader::events()
{
    QFETCH(QByteArray, stream);
    for (int piece : {1, 2, 3, 1000}) {
        SseReader reader;
        std::string got;
        const auto sink = [&got](const SseEvent &event) {
            got += event.name + "=" + event.data + ";";
            return true;
        };
        for (qsizetype from = 0; from < stream.size(); from += piece)
            QVERIFY(reader.feed(stream.mid(from, piece).toStdString(), sink));
        reader.finish(sink);
        QTEST(QByteArray::fromStdString(got), "expected");
    }
}

void TestSseReader::tooLong()
{
    SseReader reader(100);
    const auto sink = [](const SseEvent &) { return true; };
    QVERIFY(reader.feed("data: " + std::string(60, 'x') + "\n", sink));
    const auto fed = reader.feed("data: " + std::string(60, 'x'), sink);
    QVERIFY(!fed && fed.error().kind == Error::Kind::Decode);
    QVERIFY(reader.feed("\n\n", [](const SseEvent &) -> bool { qFatal("nothing is read any more"); }));
}

void TestSseReader::stoppedReadsNoMore()
{
    SseReader reader;
    int count = 0;
    QVERIFY(reader.feed("data: 1\n\ndata: 2\n\n", [&count](const SseEvent &) { return ++count > 9; }));
    QCOMPARE(count, 1);
}

QTEST_GUILESS_MAIN(TestSseReader)
#include "tst_ssereader.moc"
