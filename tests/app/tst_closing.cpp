// Closing the window of the real program where there is no tray: it ends, but not a run of code unasked (acceptance
// S106).

#include "tests/app/programfixture.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/refinepage.h"
#include "ui/shell/questiondialog.h"

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;

namespace {

/// Not isActiveWindow(): that one holds for the owner of a dialog, too.
bool hasKeyboard(const QWidget *window)
{
    return window != nullptr && QGuiApplication::focusWindow() == window->windowHandle();
}

} // namespace

class TestClosing final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void settingsSayThatThereIsNoTray();
    void runIsNotEndedUnasked();
    void stopAndQuit();
    void nothingToAsk();

private:
    [[nodiscard]] models::RunSession &session() { return m_fixture->program().runSession(); }
    [[nodiscard]] ui::QuestionDialog *question()
    {
        auto *dialog = m_fixture->find<ui::QuestionDialog>("runQuestion");
        return dialog != nullptr && dialog->isVisible() ? dialog : nullptr;
    }
    void start()
    {
        m_fixture->program().refinePage().editor()->replaceCode(
            u"import time\nprint('begun', flush=True)\ntime.sleep(60)\n"_s);
        m_fixture->program().refinePage().run();
        QTRY_VERIFY_WITH_TIMEOUT(session().firstOutputAfter().has_value(), 30'000);
    }

    std::unique_ptr<test::ProgramFixture> m_fixture = std::make_unique<test::ProgramFixture>();
};

void TestClosing::initTestCase()
{
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
}

void TestClosing::settingsSayThatThereIsNoTray()
{
    QCOMPARE(m_fixture->find<QLabel>("trayState")->text(), u"this desktop has no tray: closing the window quits"_s);
    QCOMPARE(m_fixture->find<QComboBox>("windowClosed")->currentText(), u"Ask"_s);
}

void TestClosing::runIsNotEndedUnasked()
{
    QVERIFY(m_fixture->window().showPage(u"refine"_s));
    start();
    QSignalSpy closing(&m_fixture->window(), &ui::MainWindow::aboutToClose);
    for (const char *keys : {"alt+F4", "ctrl+q"}) { // by the window manager, and from the menu
        QTRY_VERIFY(hasKeyboard(&m_fixture->window()));
        QVERIFY2(m_fixture->input.keyUntil(QString::fromLatin1(keys), [this] { return question() != nullptr; }), keys);
        QTRY_VERIFY(hasKeyboard(question()));
        QVERIFY(question()->findChild<QPushButton *>(u"stay"_s)->hasFocus()); // Return is harmless
        QVERIFY(m_fixture->input.key(QString::fromLatin1(keys == QByteArray("ctrl+q") ? "Return" : "Escape")));
        QTRY_VERIFY(question() == nullptr);
        QVERIFY(m_fixture->window().isVisible());
        QCOMPARE(session().state(), models::RunSession::State::Running);
    }
    QCOMPARE(closing.size(), 0);
}

void TestClosing::stopAndQuit()
{
    const QString sandbox = session().sandboxId();
    QVERIFY(!sandbox.isEmpty());
    QSignalSpy closing(&m_fixture->window(), &ui::MainWindow::aboutToClose);
    m_fixture->window().close();
    QVERIFY(question() != nullptr);
    QVERIFY(QTest::qWaitForWindowActive(question()));
    QVERIFY(m_fixture->input.click(question()->findChild<QPushButton *>(u"stopAndQuit"_s)));
    QTRY_VERIFY(!m_fixture->window().isVisible());
    QCOMPARE(closing.size(), 1);
    QTRY_COMPARE(session().state(), models::RunSession::State::Idle);
    QTRY_COMPARE_WITH_TIMEOUT(m_fixture->program().figures().runningCount(), 0, 20'000); // and its sandbox is gone
}

void TestClosing::nothingToAsk()
{
    m_fixture->program().showWindow();
    QTRY_VERIFY(hasKeyboard(&m_fixture->window()));
    QVERIFY(m_fixture->input.key(u"ctrl+q"_s));
    QTRY_VERIFY(!m_fixture->window().isVisible());
    QVERIFY(question() == nullptr);
}

QTEST_MAIN(TestClosing)
#include "tst_closing.moc"
