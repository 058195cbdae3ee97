// A model writes the code, by real clicks in the real program: set up in Settings, tested, priced, chosen in Refine;
// its first program fails in a real sandbox of the local engine, the error goes back, the second one passes. Each
// attempt shows what the model and what the sandbox cost, to the last digit.

#include "services/core/qtstring.h"
#include "tests/app/programfixture.h"
#include "tests/support/fakemodelserver.h"
#include "ui/refine/attemptcost.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/refinepage.h"
#include "ui/text/format.h"

#include <QAbstractItemView>
#include <QApplication>
#include <QComboBox>
#include <QHelpEvent>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTableView>
#include <QTest>
#include <QToolTip>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;
using models::AttemptRow;
using testsupport::FakeModelServer;

namespace {

constexpr int patienceMs = 30'000;
constexpr const char *key = "sk-model-0123456789abcdef0123";
/// (1,200 - 200) x 0.15 + 200 x 0.15 + 300 x 0.6 micro-dollars; the cache has no price of its own
constexpr const char *costOfFirst = "0.000360000000";
/// 1,500 x 0.15 + 250 x 0.6
constexpr const char *costOfSecond = "0.000375000000";

} // namespace

class TestModelRefining final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void addTheModel();
    void testIt();
    void priceIt();
    void refineWithIt();
    void costsAreThoseOfBothParts();
    void takeItsCode();

private:
    template<typename Widget>
    Widget *find(const char *name)
    {
        return m_fixture->find<Widget>(name);
    }
    [[nodiscard]] bool clickOn(const char *button)
    {
        auto *widget = find<QPushButton>(button);
        return m_fixture->input.scrollTo(widget) && m_fixture->input.click(widget);
    }
    [[nodiscard]] bool enter(const char *edit, const QString &text)
    {
        auto *widget = find<QLineEdit>(edit);
        return m_fixture->input.scrollTo(widget) && m_fixture->input.replaceText(widget, text)
            && QTest::qWaitFor([&] { return widget->text() == text; }, patienceMs);
    }
    [[nodiscard]] bool editPrice(int column, const QString &text);
    [[nodiscard]] bool chooseByKeys(QComboBox *combo, const QString &keys);
    [[nodiscard]] const models::AttemptsModel::Rows &rows()
    {
        return m_fixture->program().runSession().attempts()->rows();
    }

    std::unique_ptr<test::ProgramFixture> m_fixture = std::make_unique<test::ProgramFixture>();
    FakeModelServer m_provider;
};

void TestModelRefining::initTestCase()
{
    const QByteArray problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), problem.constData());
}

bool TestModelRefining::chooseByKeys(QComboBox *combo, const QString &keys)
{
    if (!m_fixture->input.click(combo) || !QTest::qWaitFor([&] { return combo->view()->isVisible(); }, patienceMs))
        return false;
    return m_fixture->input.key(keys) && m_fixture->input.key(u"Return"_s)
        && QTest::qWaitFor([&] { return !combo->view()->isVisible(); }, patienceMs);
}

void TestModelRefining::addTheModel()
{
    QVERIFY(m_fixture->input.key(u"ctrl+4"_s));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"refine"_s);
    QVERIFY(chooseByKeys(find<QComboBox>("proposer"), u"End"_s)); // "Add a model…"
    QTRY_COMPARE(m_fixture->window().currentPage(), u"settings"_s);
    QVERIFY(enter("modelName", u"Tiny"_s));
    auto *address = find<QComboBox>("modelAddress");
    const QString url = toQString(m_provider.openAiUrl());
    QVERIFY(m_fixture->input.scrollTo(address) && m_fixture->input.replaceText(address->lineEdit(), url));
    QTRY_COMPARE(address->currentText(), url);
    QVERIFY(enter("modelModel", u"tiny-coder"_s));
    QVERIFY(enter("modelKey", QString::fromLatin1(key)));
    QVERIFY(clickOn("saveModel"));
    QTRY_VERIFY(find<QListView>("modelList")->isVisible());
    QTRY_COMPARE(find<QListView>("modelList")->currentIndex().data().toString(), u"Tiny"_s);
    QVERIFY(find<QLineEdit>("modelKey")->text().isEmpty());
}

void TestModelRefining::testIt()
{
    m_provider.says({{.text = "ready", .input = 20, .output = 3}});
    QVERIFY(clickOn("testModel"));
    auto *result = find<QLabel>("modelResult");
    QTRY_VERIFY2(result->text().startsWith(u"● Works"_s), qPrintable(result->text()));
    QVERIFY2(result->text().contains(u"20 tokens in, 3 out, cost unknown"_s), qPrintable(result->text()));
}

bool TestModelRefining::editPrice(int column, const QString &text)
{
    auto *table = find<QTableView>("modelPrices");
    if (!m_fixture->input.scrollTo(table))
        return false;
    const QModelIndex cell = table->model()->index(0, column);
    return m_fixture->input.doubleClickAt(table->viewport(), table->visualRect(cell).center())
        && QTest::qWaitFor(
               [&] { return table->indexWidget(cell) != nullptr || table->findChild<QLineEdit *>() != nullptr; },
               patienceMs)
        && m_fixture->input.key(u"ctrl+a"_s) && m_fixture->input.type(text) && m_fixture->input.key(u"Return"_s)
        && QTest::qWaitFor([&] { return table->model()->index(0, column).data().toString() == text; }, patienceMs);
}

void TestModelRefining::priceIt()
{
    auto *origin = find<QLabel>("modelPriceOrigin");
    QVERIFY2(origin->text().contains(u"not known"_s), qPrintable(origin->text()));
    QVERIFY(clickOn("addModelPrice"));
    QTRY_VERIFY(find<QTableView>("modelPrices")->isVisible());
    QVERIFY(editPrice(1, u"0.15"_s));
    QVERIFY2(origin->text().startsWith(u"Prices"_s), qPrintable(origin->text())); // not counted before both are there
    QVERIFY(editPrice(4, u"0.6"_s));
    QTRY_VERIFY2(origin->text().startsWith(u"Your own prices"_s), qPrintable(origin->text()));
}

void TestModelRefining::refineWithIt()
{
    m_provider.says(
        {FakeModelServer::code("print('Fibonacci(10) =', 10 / 0)", 1'200, 300, 200),
         FakeModelServer::code("a, b = 0, 1\nfor _ in range(10):\n    a, b = b, a + b\nprint('Fibonacci(10) =', a)",
                               1'500, 250)});
    QVERIFY(m_fixture->input.key(u"ctrl+4"_s));
    QTRY_COMPARE(m_fixture->window().currentPage(), u"refine"_s);
    auto *requirement = find<QPlainTextEdit>("requirement");
    QVERIFY(m_fixture->input.replaceText(requirement, u"Print the tenth Fibonacci number"_s));
    QTRY_COMPARE(requirement->toPlainText(), u"Print the tenth Fibonacci number"_s);
    auto *check = find<QLineEdit>("expectedOutput");
    QVERIFY(m_fixture->input.replaceText(check, u"Fibonacci(10) = 55"_s));
    QTRY_COMPARE(check->text(), u"Fibonacci(10) = 55"_s);
    auto *who = find<QComboBox>("proposer");
    QVERIFY(chooseByKeys(who, u"T"_s));
    QTRY_COMPARE(who->currentText(), u"Tiny"_s);
    auto *money = find<QLineEdit>("refineMoney");
    QTRY_VERIFY(money->isVisible());
    QVERIFY(m_fixture->input.replaceText(money, u"0.01"_s));
    QTRY_COMPARE(money->text(), u"0.01"_s);
    QVERIFY(m_fixture->input.click(find<QPushButton>("refineButton")));
    auto *words = find<QLabel>("refineWords");
    QTRY_VERIFY2_WITH_TIMEOUT(words->text().startsWith(u"● Passed"_s), qPrintable(words->text()), patienceMs);
    QCOMPARE(rows().size(), std::size_t{2});
    QVERIFY2(rows()[0]->reason.contains(u"ZeroDivisionError"_s), qPrintable(rows()[0]->reason));
    QCOMPARE(rows()[0]->verdict, AttemptRow::Verdict::Raised);
    QCOMPARE(rows()[1]->verdict, AttemptRow::Verdict::Passed);
    QCOMPARE(rows()[1]->author, u"tiny-coder"_s);
    // The error of the real sandbox went to the model, the key went nowhere but into its header.
    const auto &asked = m_provider.asked();
    QCOMPARE(asked.size(), 3); // the test in Settings was one
    const QString second = asked[2][u"messages"_s].toArray().last()[u"content"_s].toString();
    QVERIFY2(second.contains(u"ZeroDivisionError: division by zero"_s) && second.contains(u"10 / 0"_s),
             qPrintable(second));
    QVERIFY(!second.contains(QString::fromLatin1(key)));
}

void TestModelRefining::costsAreThoseOfBothParts()
{
    const lifecycle::Sandbox *sandbox = nullptr;
    QTRY_VERIFY((sandbox = m_fixture->program().tracker().fold().find(toUtf8(rows()[0]->sandboxId))) != nullptr);
    QTRY_VERIFY_WITH_TIMEOUT(rows()[0]->cost && rows()[1]->cost, 10'000);
    QVERIFY(!sandbox->runs.empty());
    const lifecycle::RunInterval size = sandbox->runs.front();
    QVERIFY(size.vcpuCount > 0 && size.memoryMb > 0);
    for (std::size_t i = 0; i < 2; ++i) {
        const AttemptRow &row = *rows()[i];
        QCOMPARE(row.model->cost->toFixed(12), i == 0 ? costOfFirst : costOfSecond);
        // List prices, for the size that the sandbox itself has told.
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*row.duration).count();
        QVERIFY2(*row.cost == Money::ofUsage(ms, size.vcpuCount, size.memoryMb, 14'000'000, 4'500'000),
                 row.cost->toFixed(12).c_str());
        QVERIFY(*row.wholeCost() == *row.model->cost + *row.cost);
        QVERIFY2(ui::costParts(row)
                     == u"model %1 + sandbox %2"_s.arg(ui::formatMoney(row.model->cost), ui::formatMoney(row.cost)),
                 qPrintable(ui::costParts(row)));
    }
    auto *list = find<QListView>("attemptList");
    QVERIFY(m_fixture->input.clickRow(list, 1)); // the first attempt
    const QPoint place = list->visualRect(list->model()->index(1, 0)).center();
    QHelpEvent asks(QEvent::ToolTip, place, list->viewport()->mapToGlobal(place)); // as when the mouse rests there
    QApplication::sendEvent(list->viewport(), &asks);
    QTRY_VERIFY(QToolTip::isVisible());
    QVERIFY2(QToolTip::text().contains(u"1,200 tokens in (200 of them cached), 300 out"_s),
             qPrintable(QToolTip::text()));
    QVERIFY2(QToolTip::text().contains(u"$0.00036"_s), qPrintable(QToolTip::text()));
    const Money model = *Money::parse(costOfFirst) + *Money::parse(costOfSecond);
    const Money both = model + *rows()[0]->cost + *rows()[1]->cost;
    QTRY_VERIFY2(find<QLabel>("attemptsCost")->text().startsWith(u"model %1 + sandbox "_s.arg(ui::formatMoney(model))),
                 qPrintable(find<QLabel>("attemptsCost")->text()));
    QVERIFY(find<QLabel>("attemptsCost")->text().contains(ui::formatMoney(both)));
}

void TestModelRefining::takeItsCode()
{
    auto *list = find<QListView>("attemptList");
    QVERIFY(m_fixture->program().refinePage().editor()->text().isEmpty()); // nobody else writes into it
    QVERIFY(m_fixture->input.clickRow(list, 0));
    QVERIFY(m_fixture->input.click(find<QPushButton>("restoreCode")));
    QTRY_VERIFY(m_fixture->program().refinePage().editor()->text().contains(u"a, b = b, a + b"_s));
}

QTEST_MAIN(TestModelRefining)
#include "tst_modelrefining.moc"
