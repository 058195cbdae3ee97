#include "services/net/retry.h"

#include <QTest>

using namespace sandglass;
using namespace std::chrono_literals;

class TestRetry final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void backsOff()
    {
        QCOMPARE(net::backOff(2, 1.0), 200ms);
        QCOMPARE(net::backOff(3, 1.0), 800ms);
        QCOMPARE(net::backOff(2, 0.5), 100ms);
        QCOMPARE(net::backOff(2, 9.0), 300ms); // jitter out of range is cut
        QCOMPARE(net::backOff(50, 1.0), net::longestRetryWait);
    }
    void readsRetryAfter_data()
    {
        QTest::addColumn<QByteArray>("value");
        QTest::addColumn<qint64>("ms"); // -1: not understood
        QTest::newRow("seconds") << QByteArray("7") << qint64{7000};
        QTest::newRow("date") << QByteArray("Thu, 01 Jan 1970 00:01:00 GMT") << qint64{60000};
        QTest::newRow("past") << QByteArray("Wed, 31 Dec 1969 00:00:00 GMT") << qint64{0};
        QTest::newRow("negative") << QByteArray("-5") << qint64{-1};
        QTest::newRow("words") << QByteArray("soon") << qint64{-1};
        QTest::newRow("empty") << QByteArray() << qint64{-1};
        QTest::newRow("huge") << QByteArray("99999999999999999999") << qint64{-1};
    }
    void readsRetryAfter()
    {
        QFETCH(QByteArray, value);
        QFETCH(qint64, ms);
        const auto wait = net::parseRetryAfter(value.toStdString(), fromUnixMs(0));
        QCOMPARE(wait ? wait->count() : -1, ms);
    }
};

QTEST_GUILESS_MAIN(TestRetry)
#include "tst_retry.moc"
