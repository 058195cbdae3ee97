// The README's first session, step by step, with real clicks and keys in the real program under a window manager.

#include "services/core/qtstring.h"
#include "tests/app/programfixture.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/refinepage.h"
#include "ui/widgets/stattile.h"

#include <QComboBox>
#include <QFile>
#include <QFileDialog>
#include <QFrame>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QPushButton>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;
using models::AttemptRow;

namespace {
constexpr int exampleFault = 1; // the line of the starter example without its colon, from 0
}

class TestFlow final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void pickTemplate();
    void takeExample();
    void runWithFault();
    void fixAndPass();
    void watchAndKill();
    void endpointsTellTheSame();
    void aRefusalIsExplained();
    void shareTheSession();

private:
    [[nodiscard]] const AttemptRow *attempt(int number)
    {
        return m_fixture->program().runSession().attempts()->byNumber(number);
    }
    [[nodiscard]] bool isDone(int number)
    {
        return attempt(number) != nullptr && attempt(number)->verdict != AttemptRow::Verdict::Running;
    }

    std::unique_ptr<test::ProgramFixture> m_fixture = std::make_unique<test::ProgramFixture>();
    QString m_sandbox;
};

void TestFlow::initTestCase()
{
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
}

void TestFlow::pickTemplate()
{
    QVERIFY(m_fixture->input.key(u"ctrl+3"_s));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"templates"_s);
    auto *table = m_fixture->find<QTableView>("templateTable");
    QVERIFY(table != nullptr);
    QTRY_VERIFY_WITH_TIMEOUT(test::rowWith(*table->model(), 0, u"code-interpreter-v1"_s) >= 0, 10'000);
    QVERIFY(m_fixture->input.clickRow(table, test::rowWith(*table->model(), 0, u"code-interpreter-v1"_s)));
    auto *open = m_fixture->find<QPushButton>("detailsOpenInRefine");
    QTRY_VERIFY(open != nullptr && open->isVisible() && open->isEnabled());
    QVERIFY(m_fixture->input.click(open));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"refine"_s);
    QTRY_COMPARE(m_fixture->find<QComboBox>("refineTemplate")->currentText(), u"code-interpreter-v1"_s);
}

void TestFlow::takeExample()
{
    auto *load = m_fixture->find<QPushButton>("loadExample");
    QTRY_VERIFY(load->isVisible());
    QVERIFY(m_fixture->input.click(load));
    QTRY_COMPARE(m_fixture->find<QLineEdit>("expectedOutput")->text(), u"Fibonacci(10) = 55"_s);
    QTRY_VERIFY(m_fixture->program().refinePage().editor()->hasFocus());
}

void TestFlow::runWithFault()
{
    QVERIFY(m_fixture->input.key(u"ctrl+Return"_s));
    QTRY_VERIFY_WITH_TIMEOUT(isDone(1), 30'000);
    QCOMPARE(attempt(1)->verdict, AttemptRow::Verdict::Raised);
    QVERIFY2(attempt(1)->reason.startsWith(u"SyntaxError"_s), qPrintable(attempt(1)->reason));
    QVERIFY(attempt(1)->error.has_value());
    QCOMPARE(attempt(1)->error->line, exampleFault);
    QTRY_VERIFY(m_fixture->find<QFrame>("errorBox")->isVisible());
    QVERIFY(m_fixture->find<QLabel>("errorText")->text().contains(u"SyntaxError"_s));
    QVERIFY(m_fixture->program().refinePage().editor()->markersAtLine(exampleFault) != 0);
    m_sandbox = m_fixture->program().runSession().sandboxId();
    QVERIFY(!m_sandbox.isEmpty());
}

void TestFlow::fixAndPass()
{
    ui::CodeEditor *editor = m_fixture->program().refinePage().editor();
    QVERIFY(m_fixture->input.clickAt(editor->viewport(), QPoint(120, 8)));
    QVERIFY(m_fixture->input.key(u"ctrl+Home"_s));
    for (int line = 0; line < exampleFault; ++line)
        QVERIFY(m_fixture->input.key(u"Down"_s));
    QVERIFY(m_fixture->input.key(u"End"_s));
    QVERIFY(m_fixture->input.type(u":"_s));
    QTRY_COMPARE(editor->text(exampleFault).trimmed(), u"if n <= 1:"_s);
    QVERIFY(m_fixture->input.key(u"ctrl+Return"_s));
    QTRY_VERIFY_WITH_TIMEOUT(isDone(2), 30'000);
    QVERIFY2(attempt(2)->verdict == AttemptRow::Verdict::Passed, qPrintable(attempt(2)->reason));
    QCOMPARE(m_fixture->program().runSession().sandboxId(), m_sandbox);
    QVERIFY(m_fixture->program().refinePage().editor()->markersAtLine(exampleFault) == 0);
    QTRY_VERIFY(!m_fixture->find<QFrame>("errorBox")->isVisible());
    QCOMPARE(attempt(2)->added, 1);
    QCOMPARE(attempt(2)->removed, 1);
    QVERIFY(attempt(2)->duration.has_value());
    QVERIFY(attempt(2)->cost.has_value() && !attempt(2)->cost->isZero());

    auto *list = m_fixture->find<QListView>("attemptList");
    QCOMPARE(list->model()->rowCount(), 2);
    QVERIFY(m_fixture->input.clickRow(list, 0));                           // the newest
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("tab2"))); // the diff to attempt 1
    QTRY_VERIFY(m_fixture->find<QWidget>("diffView")->isVisible());
}

/// Saved by the menu's keys and the dialog, and opened like any file: the attempts are those of the sandbox.
void TestFlow::shareTheSession()
{
    const models::AttemptsModel *attempts = m_fixture->program().runSession().attempts();
    const models::AttemptsModel::Rows before = attempts->rows();
    const QTemporaryDir folder;
    const QString path = folder.filePath(u"fib.sandglass.json"_s);
    QVERIFY(m_fixture->input.key(u"ctrl+4"_s));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"refine"_s);
    QVERIFY(m_fixture->input.click(m_fixture->program().refinePage().editor()->viewport()));
    QVERIFY(m_fixture->input.key(u"ctrl+alt+s"_s));
    QTRY_VERIFY(m_fixture->find<QFileDialog>("saveDialog") != nullptr);
    auto *name = m_fixture->find<QFileDialog>("saveDialog")->findChild<QLineEdit *>(u"fileNameEdit"_s);
    QTRY_VERIFY(name->isVisible());
    name->setText(path);
    QVERIFY(m_fixture->input.click(name));
    QVERIFY(m_fixture->input.key(u"Return"_s));
    const auto *said = m_fixture->find<QLabel>("sessionText");
    QTRY_VERIFY2(said->text().contains(u"Saved fib.sandglass.json"_s), qPrintable(said->text()));
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray bytes = file.readAll();
    QVERIFY(bytes.contains("SyntaxError") && bytes.contains(m_sandbox.toLatin1()));
    QVERIFY(!bytes.contains(m_fixture->program().localClient().connection().apiKey.c_str()));
    m_fixture->program().refinePage().openFile(path);
    QTRY_VERIFY2(said->text().startsWith(u"fib.sandglass.json: 2"_s), qPrintable(said->text()));
    QCOMPARE(attempts->rowCount(), 2);
    for (std::size_t i = 0; i < 2; ++i) {
        const AttemptRow &was = *before[i], &is = *attempts->rows()[i];
        QVERIFY(&was != &is);
        QVERIFY(is.number == was.number && is.verdict == was.verdict && is.code == was.code && is.diff == was.diff
                && is.error == was.error && is.duration == was.duration && is.sandboxId == was.sandboxId
                && is.startedAt == was.startedAt && is.output.size() == was.output.size());
        QCOMPARE(is.cost->toPicoDollars(), was.cost->toPicoDollars());
    }
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("sessionBack")));
    QTRY_VERIFY(said->text().contains(u"session before"_s));
    QCOMPARE(attempts->rows()[1].get(), before[1].get());
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("sessionDismiss")));
}

void TestFlow::watchAndKill()
{
    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("nav-overview")));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"overview"_s);
    QTRY_COMPARE(m_fixture->find<ui::StatTile>("tileActive")->value(), u"1"_s);
    QTRY_VERIFY(m_fixture->program().tracker().fold().find(toUtf8(m_sandbox)) != nullptr);

    QVERIFY(m_fixture->input.key(u"ctrl+2"_s));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"sandboxes"_s);
    auto *table = m_fixture->find<QTableView>("sandboxTable");
    QTRY_COMPARE(table->model()->rowCount(), 1);
    QVERIFY(m_fixture->input.clickRow(table, 0));
    auto *kill = m_fixture->find<QPushButton>("killSandboxes");
    QTRY_VERIFY(kill->isEnabled());
    QVERIFY(m_fixture->input.click(kill));

    const auto state = [this] { return m_fixture->program().tracker().fold().find(toUtf8(m_sandbox))->state; };
    // Undo; other pages have a toast of their own.
    QTRY_VERIFY(m_fixture->find<QWidget>("sandboxesPage")->findChild<QPushButton *>(u"toastAction"_s)->isVisible());
    QVERIFY(state() != lifecycle::SandboxState::Killed);
    QTRY_VERIFY_WITH_TIMEOUT(state() == lifecycle::SandboxState::Killed, 20'000);
    QTRY_COMPARE(m_fixture->find<ui::StatTile>("tileActive")->value(), u"0"_s);

    QVERIFY(m_fixture->input.key(u"ctrl+5"_s));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"events"_s);
    const auto cost = [this] {
        const auto &tracker = m_fixture->program().tracker();
        return tracker.costOf(*tracker.fold().find(toUtf8(m_sandbox)));
    };
    QTRY_VERIFY(cost() && cost()->isConfirmed); // from the killed event's own execution time
}

/// The receiver's GET endpoints answer from the same picture.
void TestFlow::endpointsTellTheSame()
{
    QNetworkAccessManager network;
    const QUrl url(u"http://127.0.0.1:%1/metrics"_s.arg(m_fixture->program().receiver()->port()));
    QNetworkReply *reply = network.get(QNetworkRequest(url));
    QTRY_VERIFY(reply->isFinished());
    const QJsonObject answer = QJsonDocument::fromJson(reply->readAll()).object();
    reply->deleteLater();
    const QJsonObject metrics = answer[u"metrics"_s].toObject();
    QCOMPARE(metrics[u"total_created"_s].toInt(), 1);
    QCOMPARE(metrics[u"total_killed"_s].toInt(), 1);
    QCOMPARE(metrics[u"current_concurrent"_s].toInt(), 0);
    QVERIFY(metrics[u"events_received"_s].toInt() >= 3);
}

/// Settings names what was wrong with a delivery that was refused.
void TestFlow::aRefusalIsExplained()
{
    auto *doctor = m_fixture->find<QLabel>("receiverDoctor");
    QVERIFY(!doctor->text().contains(u"last refusal"_s));
    QNetworkAccessManager network;
    QNetworkRequest request(QUrl(toQString(m_fixture->program().receiver()->url())));
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    request.setRawHeader("e2b-signature", QByteArray(64, 'a')); // a digest as hex
    QNetworkReply *reply = network.post(request, QByteArray("{}"));
    QTRY_VERIFY(reply->isFinished());
    QCOMPARE(reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), 401);
    reply->deleteLater();
    m_fixture->window().showPage(u"settings"_s);
    QTRY_VERIFY_WITH_TIMEOUT(doctor->text().contains(u"last refusal"_s), 10'000);
}

QTEST_MAIN(TestFlow)
#include "tst_flow.moc"
