// A journal that cannot store: what the window says, what senders are told, and that it goes on by itself.

#include "app/storing.h"

#include "models/events/eventlistmodel.h"
#include "services/core/error.h"
#include "services/lifecycle/tracker.h"
#include "tests/models/webhookfixture.h"
#include "tests/services/lifecycle/journalhelp.h"
#include "tests/services/lifecycle/readonlyfolder.h"
#include "ui/events/eventspage.h"
#include "ui/shell/mainwindow.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QFrame>
#include <QPushButton>
#include <QTest>

#include <csignal>
#include <sys/resource.h>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;

namespace {

/// No file of this process may grow beyond `bytes`: what a full disk does, without needing one.
void limitFiles(rlim_t bytes)
{
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, RLIM_INFINITY};
    QCOMPARE(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

} // namespace

class TestStoring final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void readOnlyFolderIsForViewing();
    void fullDiskIsSaidAndOver();
    void damageIsSaid();

private:
    /// What stands on one journal.
    struct Program
    {
        explicit Program(lifecycle::Journal &journal)
            : tracker(journal, {})
            , events(tracker)
            , receiver(journal, options())
            , window({{u"events"_s, new ui::EventsPage(events)}}, *ui::Theme::instance())
            , storing(journal, window)
        {
            tracker.start();
            window.resize(1024, 600);
            window.show();
        }
        static lifecycle::ReceiverOptions options()
        {
            lifecycle::ReceiverOptions options;
            options.port = 0;
            options.secret = test::receiverSecret;
            return options;
        }
        [[nodiscard]] int deliver(const std::string &id)
        {
            return test::WebhookFixture::deliverTo(receiver.url(), id, test::receiverSecret);
        }
        [[nodiscard]] QFrame *damage() { return window.findChild<QFrame *>(u"damageBanner"_s); }
        [[nodiscard]] QFrame *banner() { return window.findChild<QFrame *>(u"storageBanner"_s); }

        lifecycle::Tracker tracker;
        models::EventListModel events;
        lifecycle::Receiver receiver;
        ui::MainWindow window;
        app::Storing storing;
    };
};

void TestStoring::initTestCase()
{
    Q_INIT_RESOURCE(resources);
    new ui::Theme(*qApp);
}

void TestStoring::readOnlyFolderIsForViewing()
{
    QTemporaryDir dir;
    const std::filesystem::path file = dir.filePath(u"journal.db"_s).toStdString();
    {
        const auto journal = lifecycle::Journal::open(file);
        QVERIFY(journal);
        Program before(**journal);
        QVERIFY(before.receiver.start());
        QCOMPARE(before.deliver("one"), 200);
        QCOMPARE(before.deliver("two"), 200);
        QVERIFY(!before.banner()->isVisible());
    }
    test::ReadOnlyFolder locked(dir.path().toStdString());
    if (!locked.isEffective())
        QSKIP("this machine lets root write everywhere and refuses mounts: nothing can be made read-only");
    const auto journal = lifecycle::Journal::open(file);
    QVERIFY(journal);
    Program program(**journal);
    QVERIFY(program.banner()->isVisible());
    QVERIFY(program.banner()->accessibleName().startsWith(u"View mode, nothing new is stored"_s));
    QVERIFY(program.banner()->accessibleName().contains(dir.path()));
    QTRY_COMPARE(program.events.rowCount(), 2); // all that there is
    QVERIFY(program.receiver.start());
    QCOMPARE(program.deliver("three"), 503);

    locked.release();
    QTRY_VERIFY(!program.banner()->isVisible());
    QCOMPARE(program.deliver("three"), 200);
    QTRY_COMPARE(program.events.rowCount(), 3);
}

void TestStoring::fullDiskIsSaidAndOver()
{
    QTemporaryDir dir;
    const auto journal = lifecycle::Journal::open(dir.filePath(u"journal.db"_s).toStdString());
    QVERIFY(journal);
    Program program(**journal);
    QVERIFY(program.receiver.start());
    QCOMPARE(program.deliver("one"), 200);
    limitFiles(4'096);
    const int status = program.deliver("two");
    QTRY_VERIFY(program.banner()->isVisible());
    limitFiles(RLIM_INFINITY);
    QCOMPARE(status, 503);
    QVERIFY(program.banner()->accessibleName().startsWith(u"Events cannot be stored, senders are told to try again"_s));
    QVERIFY(program.banner()->accessibleName().endsWith(u" free)"_s));
    QCOMPARE(program.deliver("two"), 200); // the sender's next try
    QTRY_VERIFY(!program.banner()->isVisible());
}

void TestStoring::damageIsSaid()
{
    QTemporaryDir dir;
    const std::filesystem::path file = dir.filePath(u"journal.db"_s).toStdString();
    {
        const auto journal = lifecycle::Journal::open(file);
        QVERIFY(journal);
        Program before(**journal);
        QVERIFY(before.receiver.start());
        for (const char *id : {"one", "two", "three"})
            QCOMPARE(before.deliver(id), 200);
        QVERIFY(!before.damage()->isVisible());
    }
    const std::string content = lifecycle::sample::contentOf(file);
    lifecycle::sample::writeContent(file, content.substr(0, content.size() - 1)); // one byte of the last page

    {
        const auto journal = lifecycle::Journal::open(file);
        QVERIFY(journal);
        const auto &report = (*journal)->salvaged();
        QVERIFY(report);
        Program program(**journal);
        QVERIFY(program.damage()->isVisible());
        const QString said = program.damage()->accessibleName();
        QVERIFY2(said.contains(u"%1 events were saved, at least %2 lost"_s.arg(report->rowsKept).arg(report->rowsLost)),
                 qPrintable(said));
        QVERIFY2(said.contains(QString::fromStdString(report->damagedFile.filename().string())), qPrintable(said));
        QVERIFY(program.receiver.start());
        QCOMPARE(program.deliver("four"), 200);
        program.damage()->findChild<QPushButton *>(u"damageBannerDismiss"_s)->click();
        QVERIFY(!program.damage()->isVisible());
    }
    const auto journal = lifecycle::Journal::open(file);
    QVERIFY(journal);
    QVERIFY(!Program(**journal).damage()->isVisible()); // it is said once
}

QTEST_MAIN(TestStoring)
#include "tst_storing.moc"
