// A budget from its dialog to its row and back: what is taken, what is refused, and how values read.

#include "tests/ui/budgetsfixture.h"
#include "ui/budgets/budgetdelegate.h"
#include "ui/budgets/budgetdialog.h"
#include "ui/budgets/budgettext.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QSpinBox>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;

class TestBudgetDialog final : public test::BudgetsFixture
{
    Q_OBJECT
private Q_SLOTS:
    void addsABudgetByItsDialog();
    void dialogSaysWhatIsWrong_data();
    void dialogSaysWhatIsWrong();
    void teamsOfTheEventsAreOffered();
    void editsAndDeletesWithUndo();
    void textsGoBothWays();
};

void TestBudgetDialog::addsABudgetByItsDialog()
{
    click("addBudget");
    auto *dialog = child<ui::BudgetDialog>("budgetDialog");
    QVERIFY(dialog->isVisible());
    type("budgetName", u"Models"_s);
    type("budgetLimit", u"2.50"_s);
    QTest::keyClick(child<QComboBox>("budgetPeriod"), Qt::Key_End); // per month
    child<QComboBox>("budgetZone")->setFocus();
    child<QComboBox>("budgetZone")->lineEdit()->selectAll();
    QTest::keyClicks(child<QComboBox>("budgetZone")->lineEdit(), u"Europe/Berlin"_s);
    QVERIFY(!child<QComboBox>("budgetScopeValue")->isVisible());
    QTest::keyClick(child<QComboBox>("budgetScope"), Qt::Key_Down); // template
    QVERIFY(child<QComboBox>("budgetScopeValue")->isVisible());
    QCOMPARE(child<QComboBox>("budgetScopeValue")->itemText(0), u"ml"_s);
    QTest::keyClicks(child<QComboBox>("budgetScopeValue")->lineEdit(), u"ml"_s);
    type("budgetThresholds", u"90, 25%"_s);
    QVERIFY(!child<QSpinBox>("budgetGrace")->isEnabled());
    QTest::keyClick(child<QComboBox>("budgetAction"), Qt::Key_Down); // pause
    QVERIFY(child<QSpinBox>("budgetGrace")->isEnabled());
    child<QSpinBox>("budgetGrace")->setValue(5);
    QTest::mouseClick(child<QCheckBox>("budgetDryRun"), Qt::LeftButton, {}, QPoint(8, 8));
    type("budgetExceptions", u"user=42"_s);
    click("saveBudget");
    QTRY_VERIFY(m_window->findChild<ui::BudgetDialog *>() == nullptr);
    QCOMPARE(m_desk->budgets().size(), 1U);
    const cost::Budget &budget = m_desk->budgets().front();
    QCOMPARE(budget.name, "Models");
    QCOMPARE(budget.moneyLimit, Money::parse("2.5").value());
    QCOMPARE(budget.period, cost::PeriodKind::Month);
    QCOMPARE(budget.timeZone, "Europe/Berlin");
    QCOMPARE(budget.scope, (cost::Scope{cost::Scope::Kind::Template, {}, "ml"}));
    QCOMPARE(budget.thresholds, (std::vector<int>{25, 90}));
    QCOMPARE(budget.action, cost::Budget::Action::Pause);
    QVERIFY(!budget.isDryRun);
    QCOMPARE(budget.grace, 5s);
    QCOMPARE(budget.allowed, (std::vector<cost::Scope>{{cost::Scope::Kind::Metadata, "user", "42"}}));
    QCOMPARE(m_page->subtitle(), u"1 budget"_s);
    QVERIFY(m_table->selectionModel()->isRowSelected(0, {}));
}

void TestBudgetDialog::dialogSaysWhatIsWrong_data()
{
    QTest::addColumn<QString>("field");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("problem");
    QTest::newRow("no name") << u"budgetName"_s << u" "_s << u"name"_s;
    QTest::newRow("no number") << u"budgetLimit"_s << u"ten"_s << u"\"ten\""_s;
    QTest::newRow("nothing") << u"budgetLimit"_s << u"0"_s << u"more than zero"_s;
    QTest::newRow("thresholds") << u"budgetThresholds"_s << u"half"_s << u"percents"_s;
    QTest::newRow("no threshold") << u"budgetThresholds"_s << u" "_s << u"thresholds"_s;
    QTest::newRow("exceptions") << u"budgetExceptions"_s << u"template:"_s << u"template:"_s;
    QTest::newRow("zone") << u"budgetZone"_s << u"Mars/Olympus"_s << u"time zone"_s;
}

void TestBudgetDialog::dialogSaysWhatIsWrong()
{
    QFETCH(QString, field);
    QFETCH(QString, text);
    QFETCH(QString, problem);
    click("addBudget");
    type("budgetName", u"x"_s);
    child<QComboBox>("budgetAction")->setCurrentIndex(2);
    if (field == u"budgetZone"_s)
        child<QComboBox>("budgetZone")->setEditText(text);
    else
        type(field.toLatin1().constData(), text);
    click("saveBudget");
    auto *label = child<QLabel>("budgetProblem");
    QVERIFY(label->isVisible());
    QVERIFY2(label->text().contains(problem, Qt::CaseInsensitive), qPrintable(label->text()));
    QVERIFY(m_desk->budgets().empty());
    click("cancelBudget");
}

void TestBudgetDialog::teamsOfTheEventsAreOffered()
{
    lifecycle::Event created = lifecycle::sample::created(0, "e1", "a");
    created.teamId = "9a3c-team";
    QVERIFY(m_live.record({created}));
    moveTo(601);
    click("addBudget");
    type("budgetName", u"Ours"_s);
    type("budgetLimit", u"5"_s);
    QTest::keyClick(child<QComboBox>("budgetScope"), Qt::Key_End);
    auto *value = child<QComboBox>("budgetScopeValue");
    QCOMPARE(value->count(), 1);
    QCOMPARE(value->itemText(0), u"9a3c-team"_s);
    click("saveBudget");
    QVERIFY2(child<QLabel>("budgetProblem")->text().contains(u"team"_s), "an empty one is refused");
    QTest::keyClicks(value->lineEdit(), u"9a3c-team"_s);
    click("saveBudget");
    QTRY_COMPARE(m_desk->budgets().size(), 1U);
    QCOMPARE(m_desk->budgets().front().scope, (cost::Scope{cost::Scope::Kind::Team, {}, "9a3c-team"}));
    QCOMPARE(m_budgets->index(0, models::BudgetListModel::ScopeColumn).data().toString(), u"team 9a3c-team"_s);
}

void TestBudgetDialog::editsAndDeletesWithUndo()
{
    click("presetMoney");
    cost::Budget second = m_desk->budgets().front();
    second.id = "second";
    second.name = "Second";
    QVERIFY(m_desk->setBudget(second));
    m_table->selectRow(0);
    click("editBudget");
    QCOMPARE(child<QLineEdit>("budgetLimit")->text(), u"10.00"_s);
    type("budgetName", u"Twelve"_s);
    type("budgetLimit", u"12"_s);
    QTest::keyClick(child<QLineEdit>("budgetLimit"), Qt::Key_Return);
    QTRY_COMPARE(m_desk->budgets().front().name, "Twelve");
    QCOMPARE(m_desk->budgets().size(), 2U);
    QTRY_COMPARE(ui::BudgetDelegate::usedText(m_budgets->index(0, 0)), u"$0.00 of $12.00"_s);

    m_table->selectRow(0);
    click("deleteBudget");
    QCOMPARE(m_budgets->rowCount(), 1);
    auto *undo = m_page->findChild<QWidget *>(u"toast"_s)->findChild<QPushButton *>(u"toastAction"_s);
    QVERIFY(undo->isVisible());
    QTest::mouseClick(undo, Qt::LeftButton);
    QCOMPARE(m_budgets->rowCount(), 2);
    QCOMPARE(m_budgets->at(0).name, "Twelve"); // where it was
    QVERIFY(!undo->isVisible());
    m_window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    m_table->selectRow(1);
    m_table->setFocus();
    QTest::keyClick(m_table, Qt::Key_Delete);
    QCOMPARE(m_budgets->rowCount(), 1);
}

void TestBudgetDialog::textsGoBothWays()
{
    const auto scopes = ui::exceptionsFromText(u" template:ml , connection:E2B cloud,team:t-1,user=42,keep ,"_s);
    QVERIFY(scopes);
    QCOMPARE(scopes->size(), 5U);
    QCOMPARE(ui::exceptionsText(*scopes), u"template:ml, connection:E2B cloud, team:t-1, user=42, keep"_s);
    QVERIFY(!ui::exceptionsFromText(u"=42"_s));
    QVERIFY(ui::exceptionsFromText({})->empty());
    QCOMPARE(ui::percentsFromText(u"100, 50 %,50"_s).value(), (std::vector<int>{50, 100}));
    QVERIFY(!ui::percentsFromText(u"5x"_s));
    QCOMPARE(ui::minutesText(90s), u"1.5"_s);
    QCOMPARE(ui::minutesFromText(u"1.5"_s).value(), 90'000ms);
    for (const QString &text : {u"-1"_s, u"0"_s, u"nan"_s, u"inf"_s, u"1e300"_s, QString()})
        QVERIFY2(!ui::minutesFromText(text), qPrintable(text));
    QCOMPARE(ui::thresholdsText({{"ml", 2h}, {"web", 30s}}), u"ml=120, web=0.5"_s);
    QVERIFY(!ui::thresholdsFromText(u"=5"_s));
}

QTEST_MAIN(TestBudgetDialog)
#include "tst_budgetdialog.moc"
