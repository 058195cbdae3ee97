// Help > Self-check of the real program: all is well with it, and then it is not.

#include "models/diagnosis/selfcheck.h"
#include "services/lifecycle/journal.h"
#include "tests/app/programfixture.h"

#include <QClipboard>
#include <QDialog>
#include <QLabel>
#include <QMenuBar>
#include <QPushButton>
#include <QTest>

#include <csignal>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;
using Level = models::Finding::Level;

class TestSelfChecking final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void nothingIsWrong();
    void deadEngineIsNamed();

private:
    [[nodiscard]] models::SelfCheck &check() { return m_fixture->program().selfCheck(); }
    [[nodiscard]] const models::Finding &finding(const QString &name)
    {
        const auto row = std::ranges::find(check().rows(), name, &models::SelfCheck::Row::name);
        Q_ASSERT(row != check().rows().end() && row->finding);
        return *row->finding;
    }
    std::unique_ptr<test::ProgramFixture> m_fixture = std::make_unique<test::ProgramFixture>();
};

void TestSelfChecking::initTestCase()
{
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
}

void TestSelfChecking::nothingIsWrong()
{
    QAction *open = nullptr;
    const auto actions = m_fixture->window().findChildren<QAction *>();
    for (QAction *action : actions)
        open = action->text() == u"&Self-check…"_s ? action : open;
    QVERIFY(open != nullptr);
    open->trigger();
    auto *dialog = m_fixture->find<QDialog>("selfCheckDialog");
    QVERIFY(dialog != nullptr);
    QTRY_VERIFY_WITH_TIMEOUT(!check().isRunning(), 15'000);
    QVERIFY2(check().count(Level::Problem) == 0, qPrintable(check().report()));
    QCOMPARE(finding(u"Webhook receiver"_s).level, Level::Good);
    QCOMPARE(finding(u"Connection in use"_s).level, Level::Good);
    QCOMPARE(finding(u"Local engine"_s).level, Level::Good);
    QCOMPARE(finding(u"Journal"_s).level, Level::Good);

    QTest::mouseClick(dialog->findChild<QPushButton *>(u"copySelfCheck"_s), Qt::LeftButton);
    QCOMPARE(QGuiApplication::clipboard()->text(), check().report());
    for (const QSize &size : {QSize(680, 520), QSize(480, 360)}) {
        dialog->resize(size);
        const QString folder = qEnvironmentVariable("SANDGLASS_TEST_PICTURES");
        if (!folder.isEmpty())
            QVERIFY(dialog->grab().save(u"%1/selfcheck-%2.png"_s.arg(folder).arg(size.width())));
    }
}

void TestSelfChecking::deadEngineIsNamed()
{
    auto *dialog = m_fixture->find<QDialog>("selfCheckDialog");
    ::kill(static_cast<pid_t>(m_fixture->program().engine().processId()), SIGKILL);
    QTRY_COMPARE_WITH_TIMEOUT(m_fixture->program().engine().state(), app::EngineSupervisor::State::Failed, 15'000);
    QTest::mouseClick(dialog->findChild<QPushButton *>(u"repeatSelfCheck"_s), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!check().isRunning(), 15'000);
    QCOMPARE(finding(u"Local engine"_s).level, Level::Problem);
    QVERIFY(!finding(u"Local engine"_s).remedy.isEmpty());
    QCOMPARE(finding(u"Connection in use"_s).level, Level::Problem);
    QCOMPARE(finding(u"Webhook receiver"_s).level, Level::Good); // stands on its own
    auto *summary = dialog->findChild<QLabel *>(u"selfCheckSummary"_s);
    QVERIFY2(summary->text().startsWith(u"Problems: 2"_s), qPrintable(check().report()));
}

QTEST_MAIN(TestSelfChecking)
#include "tst_selfchecking.moc"
