// The guided tour of the real program, with its real engine, offscreen.

#include <QDir>
#include <QImage>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

using namespace Qt::Literals::StringLiterals;

class TestTour final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void holdsFromTheFirstStart();
};

void TestTour::holdsFromTheFirstStart()
{
    QTemporaryDir profile;
    QTemporaryDir pictures;
    QProcess sandglass;
    sandglass.start(qEnvironmentVariable("SANDGLASS_BIN_DIR") + u"/sandglass"_s,
                    {u"--profile"_s, profile.path(), u"--receiver-port"_s, u"0"_s, u"--tour"_s, pictures.path()});
    QVERIFY2(sandglass.waitForFinished(150'000), "the tour did not end");
    const QByteArray lines = sandglass.readAllStandardOutput();
    const QByteArray errors = sandglass.readAllStandardError();
    QVERIFY2(sandglass.exitStatus() == QProcess::NormalExit && sandglass.exitCode() == 0,
             QByteArray(lines + errors).constData());

    for (const char *step : {"start the engine", "register the webhook", "create a sandbox", "attempt 1", "attempt 2",
                             "attempt 3", "read its log", "see what it uses", "kill the sandbox", "settle its cost",
                             "travel back in time", "come back to now"})
        QVERIFY2(lines.contains(step), step);
    QVERIFY(lines.contains("SyntaxError"));
    QVERIFY(lines.contains("ModuleNotFoundError"));
    QVERIFY(lines.contains("confirmed")); // priced from the killed event's own execution time

    QVERIFY(QFile::exists(pictures.filePath(u"sandboxes-past-light.png"_s)));
    QVERIFY(QFile::exists(pictures.filePath(u"sandboxes-log-light.png"_s)));
    for (const QString &page : {u"overview"_s, u"sandboxes"_s, u"templates"_s, u"refine"_s, u"events"_s, u"webhooks"_s,
                                u"costs"_s, u"analytics"_s, u"budgets"_s, u"timeline"_s, u"settings"_s}) {
        for (const QString &theme : {u"light"_s, u"dark"_s}) {
            const QImage large(pictures.filePath(page + u'-' + theme + u".png"_s));
            QCOMPARE(large.size(), QSize(1600, 1000));
            const QImage small(pictures.filePath(page + u'-' + theme + u"-1024x600.png"_s));
            QCOMPARE(small.size(), QSize(1024, 600));
            const bool isDark = large.pixelColor(4, 400).lightness() < 128;
            QCOMPARE(isDark, theme == u"dark"_s);
        }
    }
}

QTEST_GUILESS_MAIN(TestTour)
#include "tst_tour.moc"
