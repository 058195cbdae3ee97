// A hand on the brake, by real clicks in the real program: runaways are told, paused and resumed, but only those that
// may be, and a budget of sandboxes tells when one too many has started (acceptance S69, S70).

#include "models/budgets/auditmodel.h"
#include "models/budgets/budgetlistmodel.h"
#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "tests/app/programfixture.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QTableView>
#include <QTest>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;
using models::AuditModel;

class TestBrake final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void countBudgetTellsAtOneTooMany();
    void dryRunTouchesNothing();
    void pausesThatOneAlone();
    void undoResumes();

private:
    /// The id; empty when it failed.
    [[nodiscard]] std::string create(const char *templateId, std::map<std::string, std::string> metadata = {});
    /// As the engine tells it; empty: not in its list.
    [[nodiscard]] std::string stateOf(const std::string &sandbox);
    [[nodiscard]] int auditRows(const char *verb, const std::string &sandbox);
    [[nodiscard]] int auditAnswers(const QString &answer);
    [[nodiscard]] bool choose(const char *combo, int index);

    std::unique_ptr<test::ProgramFixture> m_fixture = std::make_unique<test::ProgramFixture>();
    std::string m_runaway, m_kept, m_patient;
};

std::string TestBrake::create(const char *templateId, std::map<std::string, std::string> metadata)
{
    e2b::SandboxSpec spec;
    spec.templateId = templateId;
    spec.metadata = std::move(metadata);
    std::optional<Result<e2b::SandboxInfo>> created;
    whenDone(m_fixture->program().localClient().createSandbox(spec), this,
             [&created](Result<e2b::SandboxInfo> answer) { created = std::move(answer); });
    if (!QTest::qWaitFor([&] { return created.has_value(); }, 30'000) || !*created)
        return {};
    return (*created)->sandboxId;
}

std::string TestBrake::stateOf(const std::string &sandbox)
{
    std::optional<Result<e2b::SandboxInfo>> found;
    whenDone(m_fixture->program().localClient().sandbox(sandbox), this,
             [&found](Result<e2b::SandboxInfo> answer) { found = std::move(answer); });
    if (!QTest::qWaitFor([&] { return found.has_value(); }, 10'000) || !*found)
        return {};
    return (*found)->state;
}

int TestBrake::auditRows(const char *verb, const std::string &sandbox)
{
    const QAbstractItemModel &model = *m_fixture->find<QTableView>("auditTable")->model();
    int count = 0;
    for (int row = 0; row < model.rowCount(); ++row) {
        const auto text = [&](int column) { return model.index(row, column).data().toString(); };
        count += text(AuditModel::VerbColumn) == QLatin1StringView(verb)
            && text(AuditModel::TargetColumn).contains(toQString(sandbox));
    }
    return count;
}

int TestBrake::auditAnswers(const QString &answer)
{
    const QAbstractItemModel &model = *m_fixture->find<QTableView>("auditTable")->model();
    int count = 0;
    for (int row = 0; row < model.rowCount(); ++row)
        count += model.index(row, AuditModel::AnswerColumn).data().toString() == answer;
    return count;
}

bool TestBrake::choose(const char *name, int index)
{
    auto *combo = m_fixture->window().findChild<QComboBox *>(QString::fromLatin1(name));
    if (combo == nullptr || !m_fixture->input.click(combo))
        return false;
    bool isDone = m_fixture->input.key(u"Home"_s);
    for (int i = 0; i < index && isDone; ++i)
        isDone = m_fixture->input.key(u"Down"_s);
    return isDone && m_fixture->input.key(u"Return"_s)
        && QTest::qWaitFor([&] { return combo->currentIndex() == index; }, 5'000);
}

void TestBrake::initTestCase()
{
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("nav-budgets")));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"budgets"_s);
}

void TestBrake::countBudgetTellsAtOneTooMany()
{
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("addBudget")));
    QTRY_VERIFY(m_fixture->find<QDialog>("budgetDialog") != nullptr);
    QTRY_VERIFY(m_fixture->find<QDialog>("budgetDialog")->isActiveWindow());
    QVERIFY(m_fixture->input.replaceText(m_fixture->find<QLineEdit>("budgetName"), u"Two a day"_s));
    QVERIFY(choose("budgetMeasure", 1));
    QVERIFY(m_fixture->input.replaceText(m_fixture->find<QLineEdit>("budgetLimit"), u"2"_s));
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("saveBudget")));
    QTRY_VERIFY(m_fixture->find<QDialog>("budgetDialog") == nullptr
                || !m_fixture->find<QDialog>("budgetDialog")->isVisible());
    auto *table = m_fixture->find<QTableView>("budgetTable");
    QTRY_COMPARE(table->model()->rowCount(), 1);

    m_runaway = create("base");
    m_kept = create("base", {{"keep", "1"}});
    QVERIFY(!m_runaway.empty() && !m_kept.empty());
    const auto used = [table] { return table->model()->index(0, 0).data(models::BudgetListModel::UsedRole).toInt(); };
    QTRY_COMPARE_WITH_TIMEOUT(used(), 2, 10'000);
    QCOMPARE(auditAnswers(u"100 % passed"_s), 0); // at the limit, not over it
    m_patient = create("code-interpreter-v1");
    QVERIFY(!m_patient.empty());
    QTRY_COMPARE_WITH_TIMEOUT(used(), 3, 10'000);
    QTRY_COMPARE(auditAnswers(u"100 % passed"_s), 1);
    QVERIFY(m_fixture->find<QWidget>("guardAlert")->isVisible());
}

void TestBrake::dryRunTouchesNothing()
{
    QVERIFY(m_fixture->input.replaceText(m_fixture->find<QLineEdit>("runawayThreshold"), u"0.02"_s)); // 1.2 s
    QVERIFY(
        m_fixture->input.replaceText(m_fixture->find<QLineEdit>("runawayPerTemplate"), u"code-interpreter-v1=120"_s));
    QVERIFY(choose("runawayResponse", 2));
    QTRY_VERIFY(m_fixture->find<QCheckBox>("runawayDryRun")->isVisible());
    QVERIFY(m_fixture->find<QCheckBox>("runawayDryRun")->isChecked()); // the careful way is the first one
    QVERIFY(m_fixture->input.replaceText(m_fixture->find<QSpinBox>("runawayGrace"), u"0"_s));
    QVERIFY(m_fixture->input.replaceText(m_fixture->find<QLineEdit>("runawayExceptions"), u"keep"_s));
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("applyRunaways")));
    QTRY_COMPARE_WITH_TIMEOUT(auditRows("would pause", m_runaway), 1, 10'000);
    QCOMPARE(auditRows("would pause", m_kept), 0);
    QCOMPARE(auditRows("would pause", m_patient), 0);
    QCOMPARE(stateOf(m_runaway), std::string("running"));
}

void TestBrake::pausesThatOneAlone()
{
    QVERIFY(m_fixture->input.click(m_fixture->find<QCheckBox>("runawayDryRun")));
    QVERIFY(!m_fixture->find<QCheckBox>("runawayDryRun")->isChecked());
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("applyRunaways")));
    QTRY_COMPARE_WITH_TIMEOUT(stateOf(m_runaway), std::string("paused"), 15'000);
    QTRY_COMPARE(auditRows("pause", m_runaway), 2); // planned, done
    QCOMPARE(auditRows("pause", m_kept) + auditRows("pause", m_patient), 0);
    QCOMPARE(stateOf(m_kept), std::string("running"));
    QCOMPARE(stateOf(m_patient), std::string("running"));
    const QAbstractItemModel &audit = *m_fixture->find<QTableView>("auditTable")->model();
    const int row = test::rowWith(audit, AuditModel::VerbColumn, u"pause"_s);
    QVERIFY(row >= 0);
    QVERIFY(audit.index(row, 0).data(AuditModel::TimeMsRole).toLongLong() > 0);
    QCOMPARE(audit.index(row, AuditModel::WhoColumn).data().toString(), u"guard"_s);
    QVERIFY(!audit.index(row, AuditModel::WhyColumn).data().toString().isEmpty());
    QCOMPARE(audit.index(row, AuditModel::AnswerColumn).data().toString(), u"ok"_s);
}

void TestBrake::undoResumes()
{
    auto *table = m_fixture->find<QTableView>("auditTable");
    const int row = test::rowWith(*table->model(), AuditModel::VerbColumn, u"pause"_s);
    QVERIFY(row >= 0);
    QVERIFY(m_fixture->input.clickRow(table, row));
    auto *resume = m_fixture->find<QPushButton>("undoPause");
    QTRY_VERIFY(resume->isVisible() && resume->isEnabled());
    QVERIFY(m_fixture->input.click(resume));
    QTRY_COMPARE_WITH_TIMEOUT(stateOf(m_runaway), std::string("running"), 15'000);
    QTRY_COMPARE(auditRows("resume", m_runaway), 1);
    QTest::qWait(2'500); // over the threshold again: a person has spoken, so it is left alone
    QCOMPARE(stateOf(m_runaway), std::string("running"));
}

QTEST_MAIN(TestBrake)
#include "tst_brake.moc"
