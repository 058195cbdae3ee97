// Attempts outlive the program, whatever its end (acceptance S104).

#include "tests/ui/refinefixture.h"
#include "ui/refine/outputview.h"
#include "ui/theme/theme.h"

#include <QFile>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QRegularExpression>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using models::AttemptRow;
using models::RunSession;

namespace {

const QByteArray hello = "{\"type\":\"stdout\",\"text\":\"hello\\n\"}\n{\"type\":\"end_of_execution\"}\n";

} // namespace

class TestSessionKeeping final : public test::RefineFixture
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
        openPage();
    }
    void cleanup() { closePage(); }

    void attemptsComeBack()
    {
        run(u"print('hello')\n"_s);
        const AttemptRow before = m_session->attempts()->at(0);
        m_page->editor()->replaceCode(u"print('not run yet')\n"_s);
        m_document->autosaveNow();
        QTRY_VERIFY(QFile::exists(file()));

        startAgain();
        QTRY_COMPARE(m_session->attempts()->rowCount(), 1);
        const AttemptRow &after = m_session->attempts()->at(0);
        QCOMPARE(after.number, 1);
        QCOMPARE(after.verdict, before.verdict);
        QCOMPARE(after.code, before.code);
        QCOMPARE(after.sandboxId, before.sandboxId);
        QCOMPARE(m_page->editor()->text(), u"print('not run yet')\n"_s); // what was typed is newer than what ran
        QCOMPARE(m_page->findChild<QPlainTextEdit *>(u"requirement"_s)->toPlainText(), u"Say hello."_s);
        QTRY_COMPARE(m_page->findChild<ui::OutputView *>()->toPlainText(), u"[stdout] hello"_s);

        run(u"print('hello')\n"_s); // and it goes on
        QCOMPARE(m_session->attempts()->at(0).number, 2);
    }

    void anotherSessionBegunMeanwhileStays()
    {
        run(u"print('hello')\n"_s);
        QTRY_VERIFY(QFile::exists(file()));
        closePage();
        makePage();
        showPage();
        run(u"print('other')\n"_s);
        m_page->keepSessionIn(file());
        m_page->keepSession();
        QTRY_VERIFY(contents().contains("print('other')"));
        QCOMPARE(m_session->attempts()->rowCount(), 1);
    }

    void damagedFileIsNoHindrance()
    {
        closePage();
        QFile damaged(file());
        QVERIFY(damaged.open(QIODevice::WriteOnly) && damaged.write("{\"format\":") > 0);
        damaged.close();
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"the session that was kept is lost"_s));
        openPage();
        run(u"print('hello')\n"_s);
        QTRY_VERIFY(contents().contains("sandglass.session"));
    }

private:
    [[nodiscard]] QString file() const { return m_dir->filePath(u"kept.sandglass.json"_s); }
    [[nodiscard]] QByteArray contents() const
    {
        QFile kept(file());
        return kept.open(QIODevice::ReadOnly) ? kept.readAll() : QByteArray();
    }
    void openPage()
    {
        makePage();
        m_page->keepSessionIn(file());
        showPage();
    }
    void startAgain()
    {
        closePage();
        openPage();
    }
    void run(const QString &code)
    {
        const int before = m_session->attempts()->rowCount();
        m_api->executions = {hello};
        m_page->findChild<QPlainTextEdit *>(u"requirement"_s)->setPlainText(u"Say hello."_s);
        m_page->editor()->replaceCode(code);
        m_page->run();
        QTRY_COMPARE(m_session->attempts()->rowCount(), before + 1);
        QTRY_COMPARE(m_session->state(), RunSession::State::Idle);
    }
};

QTEST_MAIN(TestSessionKeeping)
#include "tst_sessionkeeping.moc"
