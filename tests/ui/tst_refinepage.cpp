#include "services/core/savefile.h"
#include "tests/ui/refinefixture.h"
#include "ui/refine/attemptdelegate.h"
#include "ui/refine/outputpanel.h"
#include "ui/refine/outputview.h"
#include "ui/refine/resultsview.h"
#include "ui/theme/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QListView>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using models::RunSession;
using ui::CodeEditor;

namespace {

const QByteArray raising = "{\"type\":\"error\",\"name\":\"SyntaxError\",\"value\":\"expected ':'\","
                           "\"traceback\":\"Cell In[1], line 2\\n    if n <= 1\\nSyntaxError: expected "
                           "':'\"}\n{\"type\":\"end_of_execution\"}\n";
const QByteArray good = "{\"type\":\"stdout\",\"text\":\"Fibonacci(10) = 55\\n\"}\n{\"type\":\"end_of_execution\"}\n";

} // namespace

class TestRefinePage final : public test::RefineFixture
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
        makePage();
        showPage();
    }
    void cleanup() { closePage(); }

    void ctrlEnterRunsTheText()
    {
        m_api->executions = {good};
        QTest::keyClicks(m_page->editor(), u"print(1)"_s);
        QTest::keyClick(m_page->editor(), Qt::Key_Return, Qt::ControlModifier);
        QCOMPARE(m_session->attempts()->rowCount(), 1);
        QCOMPARE(m_session->attempts()->at(0).code, u"print(1)"_s);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        QVERIFY(m_api->requests.contains(u"POST /execute"_s));
        auto *output = m_page->findChild<ui::OutputView *>();
        QTRY_COMPARE(output->toPlainText(), u"[stdout] Fibonacci(10) = 55"_s);
        QVERIFY(m_page->findChild<QLabel *>(u"stateLine"_s)->text().contains(u"i77b0e21"_s));
    }

    void openingLosesNothing()
    {
        const QString file = m_dir->filePath(u"other.py"_s);
        QVERIFY(saveFile(file, "from_file = 1\r\n"));
        QTest::keyClicks(m_page->editor(), u"mine"_s);
        m_page->openFile(file);
        QTest::keyClicks(m_page->editor(), u" = 2"_s); // before the disk has answered
        QTRY_COMPARE(m_page->editor()->text(), u"from_file = 1\n"_s);
        QCOMPARE(m_page->subtitle(), u"other.py"_s);
        QTest::keyClick(m_page->editor(), Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(m_page->editor()->text(), u"mine = 2"_s);
        QCOMPARE(m_page->subtitle(), u"other.py · edited"_s);
        QTest::keyClick(m_page->editor(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(m_page->editor()->text(), u"from_file = 1\n"_s);
        QTest::keyClicks(m_page->editor(), u"#"_s);
        QTest::keyClick(m_page->editor(), Qt::Key_S, Qt::ControlModifier); // the file's own line ends
        const auto bytes = [&file] {
            QFile saved(file);
            return saved.open(QIODevice::ReadOnly) ? saved.readAll() : QByteArray();
        };
        QTRY_COMPARE(bytes(), QByteArray("from_file = 1\r\n#"));
    }

    void escapeStops()
    {
        m_api->holdsExecutions = true;
        m_api->executions = {"{\"type\":\"stdout\",\"text\":\"on\\n\"}\n"};
        QTest::keyClicks(m_page->editor(), u"while True: pass"_s);
        QTest::keyClick(m_page->editor(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE(m_session->state(), RunSession::State::Running);
        QTRY_COMPARE(m_session->output()->rowCount(), 1);
        QTest::keyClick(m_page->editor(), Qt::Key_Escape);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
        QCOMPARE(m_session->attempts()->at(0).verdict, models::AttemptRow::Verdict::Stopped);
    }

    void ownWebhookIsAskedForAndTold()
    {
        auto *box = m_page->findChild<QCheckBox *>(u"ownWebhook"_s);
        QVERIFY(box->isVisible() && !box->isChecked());
        box->click();
        QVERIFY(m_settings->value(models::Settings::Key::RefineWebhook).toBool());
        const ui::RefinePage again(*m_session, *m_document, *m_settings, *m_templates);
        QVERIFY(again.findChild<QCheckBox *>(u"ownWebhook"_s)->isChecked());
        const auto *line = m_page->findChild<QLabel *>(u"stateLine"_s);
        m_session->setWebhookNote(u"no webhook of its own: refused"_s);
        QVERIFY2(line->text().startsWith(u"no webhook of its own: refused"_s), qPrintable(line->text()));
        m_session->setWebhookNote({});
        QVERIFY(!line->text().contains(u"webhook"_s));
    }

    void exampleErrorFixAndRestore()
    {
        CodeEditor *editor = m_page->editor();
        QVERIFY(m_page->findChild<QWidget *>(u"exampleOffer"_s)->isVisible());
        QTest::mouseClick(m_page->findChild<QPushButton *>(u"loadExample"_s), Qt::LeftButton);
        QVERIFY(!m_page->findChild<QWidget *>(u"exampleOffer"_s)->isVisible());
        const QString broken = editor->text();
        m_api->executions = {raising, good};
        QTest::keyClick(editor, Qt::Key_Return, Qt::ControlModifier);
        QTRY_VERIFY(editor->error());
        QCOMPARE(editor->error()->line, 1);
        QVERIFY(editor->annotation(1).contains(u"SyntaxError"_s));
        QVERIFY(editor->markersAtLine(1) != 0U);
        auto *fix = m_page->findChild<QPushButton *>(u"errorFix"_s);
        QTRY_VERIFY(fix->isVisible());
        QTest::mouseClick(fix, Qt::LeftButton);
        QCOMPARE(editor->text(1), u"    if n <= 1:\n"_s);
        QVERIFY(!editor->error()); // editing takes the mark away
        const QString fixed = editor->text();
        QTest::keyClick(editor, Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE(m_session->attempts()->rowCount(), 2);
        QTRY_COMPARE(m_session->attempts()->at(0).verdict, models::AttemptRow::Verdict::Passed);
        auto *flat = m_page->findChild<QCheckBox *>(u"flatPrice"_s);
        const auto *cost = m_page->findChild<QLabel *>(u"attemptsCost"_s);
        QVERIFY(flat->isVisible() && !flat->isChecked() && !cost->text().contains(u"flat"_s));
        flat->click();
        QVERIFY2(cost->text().contains(u"flat: $0.0200"_s), qPrintable(cost->text())); // a cent for each of two

        auto *list = m_page->findChild<QListView *>(u"attemptList"_s);
        list->setCurrentIndex(m_session->attempts()->index(1));
        QTest::mouseClick(m_page->findChild<QPushButton *>(u"restoreCode"_s), Qt::LeftButton);
        QCOMPARE(editor->text(), broken);
        QCOMPARE(editor->error()->line, 1);
        QTest::keyClick(editor, Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(editor->text(), fixed);
    }

    void engineGoneIsSaid()
    {
        e2b::Connection gone = m_client->connection();
        gone.apiUrl = gone.sandboxUrl = "http://127.0.0.1:1";
        m_client->setConnection(gone);
        QSignalSpy restart(m_page.get(), &ui::RefinePage::engineRestartRequested);
        QTest::keyClicks(m_page->editor(), u"1"_s);
        QTest::keyClick(m_page->editor(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_VERIFY(m_page->findChild<QWidget *>(u"troubleBanner"_s)->isVisible());
        QCOMPARE(m_page->editor()->text(), u"1"_s);
        m_api->executions = {good};
    }

    void fixes_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("message");
        QTest::addColumn<QString>("line");
        QTest::addColumn<bool>("isKnown");
        QTest::newRow("colon") << u"SyntaxError"_s << u"expected ':'"_s << u"if a\n"_s << true;
        QTest::newRow("colon and comment") << u"SyntaxError"_s << u"expected ':'"_s << u"if a # b\n"_s << false;
        QTest::newRow("other syntax") << u"SyntaxError"_s << u"invalid syntax"_s << u"if a\n"_s << false;
        QTest::newRow("import") << u"ModuleNotFoundError"_s << u"x"_s << u"import a.b as c\n"_s << true;
        QTest::newRow("from") << u"ModuleNotFoundError"_s << u"x"_s << u"from a import b\n"_s << true;
        QTest::newRow("import in a block") << u"ModuleNotFoundError"_s << u"x"_s << u"    import a\n"_s << false;
        QTest::newRow("open bracket") << u"ModuleNotFoundError"_s << u"x"_s << u"from a import (b,\n"_s << false;
    }
    void fixes()
    {
        QFETCH(QString, name);
        QFETCH(QString, message);
        QFETCH(QString, line);
        QTEST(ui::fixFor({0, name, message}, line).has_value(), "isKnown");
    }

    void hostileResults()
    {
        ui::ResultsView view;
        view.resize(500, 300);
        QFile pixel(m_dir->filePath(u"p.png"_s));
        QImage image(8, 8, QImage::Format_RGB32);
        image.fill(Qt::red);
        QVERIFY(image.save(pixel.fileName()));
        QVERIFY(pixel.open(QIODevice::ReadOnly));
        const std::string png = pixel.readAll().toBase64().toStdString();
        const std::string html = "<table><tr><td>cell</td></tr></table><img src='" + pixel.fileName().toStdString()
            + "'><script>alert(1)</script><a href='file:///etc/passwd'>link</a>";
        view.setResults({{true, {{"html", html}}}, {false, {{"png", png}}}, {false, {{"png", "AAAA"}}}});
        view.show();
        QCOMPARE(view.imageCount(), 1);
        const QString text = view.toPlainText();
        QVERIFY(text.contains(u"cell"_s));
        QVERIFY(text.contains(u"[picture not loaded]"_s));
        QVERIFY(text.contains(u"cannot be shown"_s));
        QVERIFY(!text.contains(u"alert"_s));
    }

    void outputViewMirrorsTheModel()
    {
        models::OutputModel model(nullptr, 3, 4, 50);
        ui::OutputView view;
        view.setModel(&model);
        for (int i = 0; i < 40; ++i) {
            model.append(models::OutputModel::Kind::Stdout, u"%1"_s.arg(i));
            if (i % 3 == 0)
                model.flush();
            model.append(models::OutputModel::Kind::Stdout, u"\n"_s);
        }
        model.flush();
        QStringList expected;
        for (int row = 0; row < model.rowCount(); ++row)
            expected.append((model.line(row).kind == models::OutputModel::Kind::Gap ? QString() : u"[stdout] "_s)
                            + model.index(row).data().toString());
        QCOMPARE(view.toPlainText(), expected.join(u'\n'));
    }
};

QTEST_MAIN(TestRefinePage)
#include "tst_refinepage.moc"
