// Sessions as files by the widgets of the Refine page: saved, opened, gone back from; nothing of the person's is lost.

#include "services/core/qtstring.h"
#include "tests/ui/refinefixture.h"
#include "ui/refine/diffview.h"
#include "ui/refine/outputpanel.h"
#include "ui/refine/outputview.h"
#include "ui/refine/resultsview.h"
#include "ui/theme/theme.h"

#include <QAction>
#include <QDropEvent>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using models::AttemptRow;
using models::RunSession;

namespace {

const QByteArray key = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
const QByteArray raising = "{\"type\":\"stdout\",\"text\":\"before " + key
    + "\\n\"}\n{\"type\":\"error\",\"name\":\"SyntaxError\",\"value\":\"expected ':'\","
      "\"traceback\":\"Cell In[1], line 2\\n    if n <= 1 # "
    + key
    + "\\nSyntaxError: expected ':'\"}\n"
      "{\"type\":\"end_of_execution\"}\n";
const QByteArray good = "{\"type\":\"stdout\",\"text\":\"Fibonacci(10) = 55\\n\"}\n"
                        "{\"type\":\"result\",\"is_main_result\":true,\"text\":\"42\",\"html\":\"<b>forty-two</b>\"}\n"
                        "{\"type\":\"end_of_execution\"}\n";

} // namespace

class TestSessionSharing final : public test::RefineFixture
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        Q_INIT_RESOURCE(resources); // lies in a static library
        new ui::Theme(*qApp);
    }

    void init()
    {
        makeProfile();
        m_file = m_dir->filePath(u"shared.sandglass.json"_s);
        openPage();
    }
    void cleanup() { closePage(); }

    void sameRowsAfterOpening()
    {
        makeTwoAttempts();
        const models::AttemptsModel::Rows before = m_session->attempts()->rows();
        saveByTheDialog();
        QFile file(m_file);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray bytes = file.readAll();
        QVERIFY(!bytes.contains(key) && !bytes.contains(m_client->connection().apiKey.c_str()));
        QVERIFY2(sentence().contains(u"2 attempts"_s) && sentence().contains(u"places"_s), qPrintable(sentence()));

        closePage(); // another program, another profile
        QVERIFY(QFile::remove(m_dir->filePath(u"autosave"_s)));
        openPage();
        QCOMPARE(m_session->attempts()->rowCount(), 0);
        m_page->openFile(m_file);
        QTRY_COMPARE(m_session->attempts()->rowCount(), 2);
        const models::AttemptsModel::Rows &after = m_session->attempts()->rows();
        for (std::size_t i = 0; i < 2; ++i) {
            const AttemptRow &a = *before[i], &b = *after[i];
            QCOMPARE(b.number, a.number);
            QCOMPARE(b.verdict, a.verdict);
            QCOMPARE(b.reason, a.reason);
            QCOMPARE(b.author, a.author);
            QCOMPARE(b.code, clean(a.code));
            QVERIFY(b.duration == a.duration && b.startedAt == a.startedAt && a.startedAt.has_value());
            QCOMPARE(b.sandboxId, u"i77b0e21abcdefghij"_s);
            QCOMPARE(b.added, a.added);
            QCOMPARE(b.removed, a.removed);
            QCOMPARE(b.diff.size(), a.diff.size());
            QVERIFY(b.error == a.error);
            QCOMPARE(b.traceback, clean(a.traceback));
            QCOMPARE(b.output.size(), a.output.size());
            for (std::size_t line = 0; line < a.output.size(); ++line) {
                QCOMPARE(b.output[line].kind, a.output[line].kind);
                QCOMPARE(b.output[line].text, clean(a.output[line].text));
            }
            QCOMPARE(b.results.size(), a.results.size());
        }
        QCOMPARE(after[1]->results[0].formats, before[1]->results[0].formats);

        // What the widgets show: code, output, results, difference, requirement, check.
        QCOMPARE(m_page->editor()->text(), u"if n <= 1:\n"_s);
        QCOMPARE(m_page->findChild<QPlainTextEdit *>(u"requirement"_s)->toPlainText(), u"Do it."_s);
        QCOMPARE(m_page->findChild<QLineEdit *>(u"expectedOutput"_s)->text(), u"= 55"_s);
        QCOMPARE(m_page->subtitle(), u"untitled.py"_s);
        auto *output = m_page->findChild<ui::OutputView *>();
        QTRY_COMPARE(output->toPlainText(), u"[stdout] Fibonacci(10) = 55"_s);
        QVERIFY(m_page->findChild<ui::ResultsView *>()->toPlainText().contains(u"forty-two"_s));
        QVERIFY(m_page->findChild<ui::DiffView *>()->toPlainText().contains(u"if n <= 1:"_s));
        QVERIFY(sentence().contains(u"2 attempts"_s) && sentence().contains(u"taken out"_s));
        auto *list = m_page->findChild<QListView *>(u"attemptList"_s);
        list->setCurrentIndex(m_session->attempts()->index(1));
        QTRY_VERIFY2(output->toPlainText().startsWith(u"[stdout] before ghp_***"_s), qPrintable(output->toPlainText()));

        m_api->executions = {good}; // and it goes on from there
        QTest::keyClick(m_page->editor(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE(m_session->attempts()->rowCount(), 3);
        QCOMPARE(m_session->attempts()->at(0).number, 3);
        QTRY_COMPARE(m_session->attempts()->at(0).verdict, AttemptRow::Verdict::Passed);
    }

    void theSessionBeforeIsKept()
    {
        makeTwoAttempts();
        saveByTheDialog();
        const QString own = m_dir->filePath(u"own.py"_s);
        QFile file(own);
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("mine = 1\n") > 0);
        file.close();
        m_page->openFile(own);
        QTRY_COMPARE(m_page->editor()->text(), u"mine = 1\n"_s);
        QTest::keyClicks(m_page->editor(), u"x"_s);
        const QString mine = m_page->editor()->text();
        m_api->executions = {good};
        QTest::keyClick(m_page->editor(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE(m_session->attempts()->rowCount(), 3);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);

        openBySlot();
        QTRY_COMPARE(m_session->attempts()->rowCount(), 2);
        QCOMPARE(m_document->path(), QString()); // Ctrl+S must not write over the person's file
        QCOMPARE(m_page->editor()->text(), u"if n <= 1:\n"_s);
        QTest::keyClick(m_page->editor(), Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(m_page->editor()->text(), mine);
        m_page->editor()->redo();

        auto *back = m_page->findChild<QPushButton *>(u"sessionBack"_s);
        QVERIFY(back->isVisible());
        QTest::mouseClick(back, Qt::LeftButton);
        QCOMPARE(m_session->attempts()->rowCount(), 3);
        QCOMPARE(m_page->editor()->text(), mine);
        QCOMPARE(m_document->path(), own);
        QVERIFY(m_document->isModified());
        QTest::mouseClick(back, Qt::LeftButton); // they change places
        QCOMPARE(m_session->attempts()->rowCount(), 2);
        QCOMPARE(m_page->editor()->text(), u"if n <= 1:\n"_s);

        // An attempt in the opened one: a third would cost one of the two.
        m_api->executions = {good};
        QTest::keyClick(m_page->editor(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE(m_session->attempts()->rowCount(), 3);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        m_page->openFile(m_file);
        QVERIFY2(sentence().contains(u"not saved"_s), qPrintable(sentence()));
        QTest::qWait(300);
        QCOMPARE(m_session->attempts()->rowCount(), 3);
    }

    void refusalsAreSaid()
    {
        QFile file(m_file);
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(R"({"format":"sandglass.session","version":7})") > 0);
        file.close();
        QTest::keyClicks(m_page->editor(), u"mine"_s);
        m_page->openFile(m_file);
        QTRY_VERIFY2(sentence().contains(u"later version"_s), qPrintable(sentence()));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(R"({"format":"sandglass.session",)") > 0);
        file.close();
        m_page->openFile(m_file);
        QTRY_VERIFY2(sentence().contains(u"cut off"_s), qPrintable(sentence()));
        QCOMPARE(m_page->editor()->text(), u"mine"_s);
        QVERIFY(!m_page->findChild<QPushButton *>(u"sessionBack"_s)->isVisible());
        QTest::mouseClick(m_page->findChild<QPushButton *>(u"sessionDismiss"_s), Qt::LeftButton);
        QVERIFY(!m_page->findChild<QWidget *>(u"sessionStrip"_s)->isVisible());

        m_api->holdsExecutions = true;
        m_api->executions = {"{\"type\":\"stdout\",\"text\":\"on\\n\"}\n"};
        QTest::keyClick(m_page->editor(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE(m_session->state(), RunSession::State::Running);
        m_page->openFile(m_file);
        QVERIFY2(sentence().contains(u"Stop it"_s), qPrintable(sentence()));
        QTest::keyClick(m_page->editor(), Qt::Key_Escape);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
    }

    void unwritableIsSaid()
    {
        QTest::keyClicks(m_page->editor(), u"mine"_s);
        m_file = u"/proc/none/x.sandglass.json"_s;
        auto *dialog = openedDialog(u"Save session as…"_s, u"saveDialog"_s);
        QVERIFY(dialog != nullptr);
        Q_EMIT dialog->fileSelected(m_file); // the dialog itself would not let it be chosen
        dialog->close();
        QTRY_VERIFY2(sentence().contains(u"not saved"_s) && sentence().contains(m_file), qPrintable(sentence()));
    }

    void nothingToSaveIsSaid()
    {
        action(u"Save session as…"_s)->trigger();
        QVERIFY2(sentence().contains(u"nothing to save"_s), qPrintable(sentence()));
    }

    void droppedOnThePage()
    {
        makeTwoAttempts();
        saveByTheDialog();
        m_session->takeUp({}, {});
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(m_file)});
        QDragEnterEvent enter(QPoint(5, 5), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QVERIFY(qApp->sendEvent(m_page.get(), &enter) && enter.isAccepted());
        QDropEvent drop(QPointF(5, 5), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        qApp->sendEvent(m_page.get(), &drop);
        QTRY_COMPARE(m_session->attempts()->rowCount(), 2);
    }

private:
    void openPage()
    {
        makePage();
        showPage();
    }

    void makeTwoAttempts()
    {
        m_api->executions = {raising, good};
        m_page->findChild<QPlainTextEdit *>(u"requirement"_s)->setPlainText(u"Do it."_s);
        m_page->findChild<QLineEdit *>(u"expectedOutput"_s)->setText(u"= 55"_s);
        m_page->editor()->replaceCode(u"k = 1\nif n <= 1 # "_s + toQString(key.toStdString()) + u'\n');
        QTest::keyClick(m_page->editor(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE(m_session->attempts()->rowCount(), 1);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        m_page->editor()->replaceCode(u"if n <= 1:\n"_s);
        QTest::keyClick(m_page->editor(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE(m_session->attempts()->rowCount(), 2);
        QTRY_COMPARE(m_session->attempts()->at(0).verdict, AttemptRow::Verdict::Passed);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
    }

    [[nodiscard]] QAction *action(const QString &text) const
    {
        for (QAction *each : m_page->actions()) {
            if (each->text() == text)
                return each;
        }
        return nullptr;
    }
    [[nodiscard]] QFileDialog *openedDialog(const QString &actionText, const QString &name)
    {
        action(actionText)->trigger();
        return m_page->findChild<QFileDialog *>(name);
    }
    void saveByTheDialog()
    {
        auto *dialog = openedDialog(u"Save session as…"_s, u"saveDialog"_s);
        QVERIFY(dialog != nullptr);
        QTRY_VERIFY(dialog->isVisible());
        dialog->findChild<QLineEdit *>(u"fileNameEdit"_s)->setText(m_file);
        QTest::keyClick(dialog->findChild<QLineEdit *>(u"fileNameEdit"_s), Qt::Key_Return);
        QTRY_VERIFY2(sentence().contains(u"Saved shared.sandglass.json"_s), qPrintable(sentence()));
        activate();
    }
    void openBySlot()
    {
        auto *dialog = openedDialog(u"Open session…"_s, u"openDialog"_s);
        QVERIFY(dialog != nullptr);
        QTRY_VERIFY(dialog->isVisible());
        dialog->findChild<QLineEdit *>(u"fileNameEdit"_s)->setText(m_file);
        QTest::keyClick(dialog->findChild<QLineEdit *>(u"fileNameEdit"_s), Qt::Key_Return);
        activate();
    }
    void activate()
    {
        m_page->activateWindow(); // no window manager does it when a dialog goes
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
    }
    [[nodiscard]] QString sentence() const { return m_page->findChild<QLabel *>(u"sessionText"_s)->text(); }
    [[nodiscard]] static QString clean(QString text) { return text.replace(QString::fromLatin1(key), u"ghp_***"_s); }

    QString m_file;
};

QTEST_MAIN(TestSessionSharing)
#include "tst_sessionsharing.moc"
