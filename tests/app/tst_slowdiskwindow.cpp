// While each fsync takes two seconds, the window of the real program answers as ever.

#include "tests/app/programfixture.h"
#include "tests/bench/stallwatch.h"
#include "tests/support/slowdisk.h"

#include <QTest>

#include <vector>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
namespace slowdisk = sandglass::test::slowdisk;

class TestSlowDiskWindow final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void uiThreadDoesNotWait();
};

void TestSlowDiskWindow::uiThreadDoesNotWait()
{
    test::ProgramFixture fixture;
    const QByteArray fault = fixture.start();
    QVERIFY2(fault.isEmpty(), fault.constData());
    QTest::qWait(500); // what a start still does
    const auto events = fixture.program().journal().count();
    slowdisk::watchThisThread();
    const int before = slowdisk::syncs();
    bench::StallWatch watch;
    slowdisk::setDelay(2s);
    watch.setOn(true);
    // A sandbox, whose events come by the receiver while the person goes from page to page.
    e2b::SandboxSpec spec;
    spec.templateId = "base";
    const auto created = fixture.program().localClient().createSandbox(spec);
    for (const QString &page :
         {u"overview"_s, u"sandboxes"_s, u"events"_s, u"costs"_s, u"timeline"_s, u"sandboxes"_s}) {
        fixture.window().showPage(page);
        QTest::qWait(400);
    }
    QTRY_VERIFY_WITH_TIMEOUT(fixture.program().journal().count() > events, 20'000);
    QTRY_VERIFY_WITH_TIMEOUT(fixture.program().figures().runningCount() == 1, 20'000);
    watch.setOn(false);
    slowdisk::setDelay(0ms);
    QVERIFY(slowdisk::syncs() > before); // the disk was asked, and it was slow
    QCOMPARE(slowdisk::syncsOfWatchedThread(), 0);
    std::vector<double> waits = watch.take();
    QVERIFY(waits.size() > 500);
    const double longest = bench::quantile(waits, 1);
    qInfo("the longest wait of an event for the UI thread: %.0f ms", longest);
    QVERIFY2(longest < 1'000, qPrintable(QString::number(longest))); // this machine may be busy; a sync takes 2,000
    QVERIFY(created.isFinished() && created.result());
}

QTEST_MAIN(TestSlowDiskWindow)
#include "tst_slowdiskwindow.moc"
