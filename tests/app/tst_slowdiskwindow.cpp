// While each fsync takes two seconds, the window of the real program answers as ever.

#include "services/core/savefile.h"
#include "tests/app/programfixture.h"
#include "tests/bench/stallwatch.h"
#include "tests/support/slowdisk.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/refinepage.h"

#include <QFile>
#include <QTest>

#include <vector>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
namespace slowdisk = sandglass::test::slowdisk;

namespace {

QByteArray textOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

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
    const QString code = fixture.profile(u"code.py"_s);
    QVERIFY(saveFile(code, "pass"));
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
    // Code that is kept by itself while it is written, and saved.
    fixture.window().showPage(u"refine"_s);
    fixture.program().refinePage().openFile(code);
    auto *editor = fixture.program().refinePage().editor();
    QTRY_COMPARE(editor->text(), u"pass"_s);
    QTest::keyClicks(editor, u"slow"_s);
    QTRY_VERIFY_WITH_TIMEOUT(textOf(fixture.profile(u"state/refine-autosave.py"_s)).contains("slow"), 20'000);
    QTest::keyClick(editor, Qt::Key_S, Qt::ControlModifier);
    QTRY_VERIFY_WITH_TIMEOUT(textOf(code).contains("slow"), 20'000);
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
