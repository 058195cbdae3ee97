// A hand on the brake, by real clicks in the real program: runaways are told, paused and resumed, but only those that
// may be, and a budget of sandboxes tells when one too many has started (acceptance S69, S70).

#include "models/budgets/auditmodel.h"
#include "models/budgets/budgetlistmodel.h"
#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "tests/app/programfixture.h"
#include "ui/refine/refinepage.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRadioButton>
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
    void usedUpBudgetRefusesNewStarts();

private:
    /// One sandbox a day, and the next one is paused after a minute; by clicks on the page of budgets.
    void setStrictBudget();
    /// The id; empty when it failed.
    [[nodiscard]] std::string create(const char *templateId, std::map<std::string, std::string> metadata = {});
    /// As the engine tells it; empty: not in its list.
    [[nodiscard]] std::string stateOf(const std::string &sandbox);
    [[nodiscard]] int auditRows(const char *verb, const std::string &sandbox);
    [[nodiscard]] int auditAnswers(const QString &answer);
    [[nodiscard]] int usedOf(int budgetRow);
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

int TestBrake::usedOf(int budgetRow)
{
    const QAbstractItemModel &model = *m_fixture->find<QTableView>("budgetTable")->model();
    return model.index(budgetRow, 0).data(models::BudgetListModel::UsedRole).toInt();
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
    QTRY_COMPARE_WITH_TIMEOUT(usedOf(0), 2, 10'000);
    QCOMPARE(auditAnswers(u"100 % passed"_s), 0); // at the limit, not over it
    m_patient = create("code-interpreter-v1");
    QVERIFY(!m_patient.empty());
    QTRY_COMPARE_WITH_TIMEOUT(usedOf(0), 3, 10'000);
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

void TestBrake::setStrictBudget()
{
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("addBudget")));
    const auto dialog = [this] {
        for (QDialog *each : m_fixture->window().findChildren<QDialog *>(u"budgetDialog"_s)) {
            if (each->isVisible())
                return each;
        }
        return static_cast<QDialog *>(nullptr);
    };
    QTRY_VERIFY(dialog() != nullptr && dialog()->isActiveWindow());
    QVERIFY(m_fixture->input.replaceText(dialog()->findChild<QLineEdit *>(u"budgetName"_s), u"One a day"_s));
    QVERIFY(choose("budgetMeasure", 1));
    QVERIFY(m_fixture->input.replaceText(dialog()->findChild<QLineEdit *>(u"budgetLimit"_s), u"1"_s));
    QVERIFY(choose("budgetAction", 1));
    auto *dryRun = dialog()->findChild<QCheckBox *>(u"budgetDryRun"_s);
    QTRY_VERIFY(dryRun->isVisible());
    QVERIFY(m_fixture->input.click(dryRun));
    QVERIFY(!dryRun->isChecked());
    QVERIFY(m_fixture->input.click(dialog()->findChild<QPushButton *>(u"saveBudget"_s)));
    QTRY_VERIFY(dialog() == nullptr);
    QTRY_COMPARE(m_fixture->find<QTableView>("budgetTable")->model()->rowCount(), 2);
}

void TestBrake::usedUpBudgetRefusesNewStarts()
{
    setStrictBudget();
    QVERIFY(m_fixture->input.click(m_fixture->find<QWidget>("nav-refine")));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"refine"_s);
    m_fixture->program().refinePage().loadExample();
    QVERIFY(m_fixture->input.click(m_fixture->find<QPushButton>("runButton")));
    const ui::RefinePage &refine = m_fixture->program().refinePage();
    auto *text = refine.findChild<QLabel *>(u"startNoticeText"_s);
    QTRY_VERIFY_WITH_TIMEOUT(text->isVisible(), 10'000);
    QCOMPARE(text->text(),
             u"Nothing was started. The budget “One a day” is used up (3 of 1 today) and stops new "
             u"starts. The budget “Two a day” is used up (3 of 2 today)."_s);
    QCOMPARE(m_fixture->program().runSession().attempts()->rowCount(), 0);
    QVERIFY(m_fixture->input.click(refine.findChild<QPushButton *>(u"openBudgets"_s)));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"budgets"_s);

    QVERIFY(m_fixture->input.key(u"ctrl+shift+n"_s));
    QTRY_VERIFY(m_fixture->find<QDialog>("newSandboxDialog") != nullptr);
    QDialog *dialog = m_fixture->find<QDialog>("newSandboxDialog");
    QTRY_VERIFY(dialog->isActiveWindow());
    auto *anyway = dialog->findChild<QPushButton *>(u"startAnyway"_s);
    QVERIFY(m_fixture->input.click(dialog->findChild<QPushButton *>(u"createButton"_s)));
    QTRY_VERIFY_WITH_TIMEOUT(anyway->isVisible(), 10'000);
    QTest::qWait(1'000);
    QCOMPARE(usedOf(1), 3); // nothing has started
    auto *kill = dialog->findChild<QRadioButton *>(u"killOnTimeout"_s);
    QVERIFY(!kill->isChecked());
    QVERIFY(m_fixture->input.clickAt(kill, QPoint(10, kill->height() / 2)));
    QVERIFY(kill->isChecked());
    QVERIFY(m_fixture->input.click(anyway));
    QTRY_COMPARE_WITH_TIMEOUT(usedOf(1), 4, 15'000);
    QTRY_COMPARE(auditRows("start anyway", {}), 1);
    QTRY_COMPARE(m_fixture->find<QComboBox>("newSandboxOnTimeout")->currentData().toBool(), false); // kept for the next
}

QTEST_MAIN(TestBrake)
#include "tst_brake.moc"
