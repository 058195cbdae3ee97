// A script in a terminal makes a sandbox on the local engine: the window shows it live with its events and its cost.
// Then what Settings holds of that engine by real clicks: isolation, log, restart.

#include "app/enginesupervisor.h"
#include "models/diagnosis/enginelogmodel.h"
#include "models/sandboxes/sandboxlistmodel.h"
#include "services/core/qtstring.h"
#include "tests/app/programfixture.h"
#include "ui/settings/enginelogdialog.h"

#include <QLabel>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QTableView>
#include <QTest>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;

namespace {

/// The requests that an SDK makes, by what every Debian has.
constexpr const char *script = R"(
import json, os, urllib.request
def ask(method, path, body=None):
    request = urllib.request.Request(os.environ["E2B_API_URL"] + path, method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-API-KEY": os.environ["E2B_API_KEY"], "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")
made = ask("POST", "/sandboxes", {"templateID": "code-interpreter-v1", "timeout": 300, "secure": True,
                                  "metadata": {"from": "terminal"}})
print(made["sandboxID"], flush=True)
)";

} // namespace

class TestTerminal final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void sandboxOfAScriptAppearsLive();
    void settingsTellTheIsolation();
    void engineLogIsShown();
    void restartAsksFirst();

private:
    [[nodiscard]] app::Composition &program() { return m_fixture->program(); }
    [[nodiscard]] const lifecycle::Sandbox *sandbox() { return program().tracker().fold().find(toUtf8(m_id)); }
    QString m_id;
    std::unique_ptr<test::ProgramFixture> m_fixture = std::make_unique<test::ProgramFixture>();
};

void TestTerminal::initTestCase()
{
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
    QVERIFY(m_fixture->window().showPage(u"sandboxes"_s));
}

void TestTerminal::sandboxOfAScriptAppearsLive()
{
    const e2b::Connection &engine = program().localClient().connection();
    QProcess terminal;
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"E2B_API_URL"_s, toQString(engine.apiUrl));
    environment.insert(u"E2B_API_KEY"_s, toQString(engine.apiKey));
    terminal.setProcessEnvironment(environment);
    terminal.start(u"python3"_s, {u"-c"_s, QString::fromLatin1(script)});
    QTRY_COMPARE_WITH_TIMEOUT(terminal.state(), QProcess::NotRunning, 30'000);
    QVERIFY2(terminal.exitCode() == 0, terminal.readAllStandardError().constData());
    m_id = QString::fromUtf8(terminal.readAllStandardOutput()).trimmed();
    QVERIFY(!m_id.isEmpty());

    auto *table = m_fixture->find<QTableView>("sandboxTable");
    QTRY_COMPARE_WITH_TIMEOUT(table->model()->rowCount(), 1, 10'000);
    QTRY_VERIFY(sandbox() != nullptr && sandbox()->state == lifecycle::SandboxState::Running);
    // The money runs without any further news.
    QTRY_VERIFY_WITH_TIMEOUT(program().figures().burnRate() > Money(), 10'000);
    QTRY_VERIFY_WITH_TIMEOUT(program().figures().costToday() > Money(), 20'000);
    QVERIFY(m_fixture->window().showPage(u"events"_s));
    auto *events = m_fixture->find<QTableView>("eventTable");
    QTRY_VERIFY(events->model()->rowCount() > 0);
}

void TestTerminal::settingsTellTheIsolation()
{
    QVERIFY(m_fixture->window().showPage(u"settings"_s));
    auto *state = m_fixture->find<QLabel>("engineState");
    QTRY_VERIFY2(state->text().contains(u"Running"_s), qPrintable(state->text()));
    auto *tier = m_fixture->find<QLabel>("engineTier");
    QVERIFY2(tier->text().startsWith(u"Tier "_s), qPrintable(tier->text()));
}

void TestTerminal::engineLogIsShown()
{
    auto *show = m_fixture->find<QPushButton>("showEngineLog");
    QVERIFY(m_fixture->input.scrollTo(show));
    QVERIFY(m_fixture->input.click(show));
    QTRY_VERIFY(m_fixture->find<ui::EngineLogDialog>("engineLogDialog") != nullptr);
    auto *dialog = m_fixture->find<ui::EngineLogDialog>("engineLogDialog");
    QTRY_VERIFY(dialog->isVisible());
    auto *text = dialog->findChild<QPlainTextEdit *>(u"engineLogView"_s);
    QTRY_VERIFY2(text->toPlainText().contains(u"Serving; Tier "_s), qPrintable(text->toPlainText()));
    QTRY_VERIFY2(text->toPlainText().contains(m_id), qPrintable(text->toPlainText()));
    dialog->close();
    QTRY_VERIFY(m_fixture->find<ui::EngineLogDialog>("engineLogDialog") == nullptr);
}

void TestTerminal::restartAsksFirst()
{
    const qint64 before = program().engine().processId();
    auto *restart = m_fixture->find<QPushButton>("restartEngine");
    QVERIFY(m_fixture->input.scrollTo(restart));
    QVERIFY(m_fixture->input.click(restart));
    QTRY_VERIFY(m_fixture->find<QPushButton>("keepEngine") != nullptr);
    QTest::mouseClick(m_fixture->find<QPushButton>("keepEngine"), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->find<QPushButton>("keepEngine") == nullptr);
    QCOMPARE(program().engine().processId(), before);

    QVERIFY(m_fixture->input.click(restart));
    QTRY_VERIFY(m_fixture->find<QPushButton>("confirmRestartEngine") != nullptr);
    QTest::mouseClick(m_fixture->find<QPushButton>("confirmRestartEngine"), Qt::LeftButton);
    QTRY_COMPARE(program().engine().state(), app::EngineSupervisor::State::Starting);
    QTRY_COMPARE_WITH_TIMEOUT(program().engine().state(), app::EngineSupervisor::State::Ready, 30'000);
    QVERIFY(program().engine().processId() != before);
    // It was killed with its engine, and the window knows.
    QTRY_VERIFY_WITH_TIMEOUT(sandbox()->state == lifecycle::SandboxState::Killed, 15'000);
}

QTEST_MAIN(TestTerminal)
#include "tst_terminal.moc"
