#include "services/cost/budget.h"

#include <QTest>

using namespace sandglass;
using cost::Budget;
using cost::Scope;

namespace {

Budget whole()
{
    Budget budget;
    budget.id = "b1";
    budget.name = "Team a";
    budget.moneyLimit = Money::parse("1.000000000001").value();
    budget.period = cost::PeriodKind::Month;
    budget.timeZone = "Europe/Berlin";
    budget.scope = {Scope::Kind::Metadata, "team", "a"};
    budget.allowed = {{Scope::Kind::Template, "", "ml"}, {Scope::Kind::Metadata, "keep", ""}};
    budget.thresholds = {33, 100, 150};
    budget.action = Budget::Action::Kill;
    budget.isDryRun = false;
    budget.grace = std::chrono::seconds(5);
    return budget;
}

} // namespace

class TestBudgetFile : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void textRoundTrip();
    void cautiousByDefault();
    void refuses_data();
    void refuses();
    void refusesEndlessCounts();
    void refusesFiles_data();
    void refusesFiles();
};

void TestBudgetFile::textRoundTrip()
{
    std::vector<Budget> budgets = {whole()};
    for (const auto measure : {Budget::Measure::Created, Budget::Measure::Concurrent, Budget::Measure::Age}) {
        Budget counting = whole();
        counting.id += std::to_string(static_cast<int>(measure));
        counting.measure = measure;
        counting.moneyLimit = {};
        counting.countLimit = 100;
        counting.scope = {Scope::Kind::Team, "", "9a3c-team"};
        budgets.push_back(counting);
    }
    const auto read = cost::budgetsFromText(cost::budgetsToText(budgets));
    QVERIFY2(read.has_value(), read ? "" : read.error().message.c_str());
    QVERIFY(*read == budgets);
}

void TestBudgetFile::cautiousByDefault()
{
    Json object = cost::toJson(whole());
    object.erase("dry_run");
    object.erase("grace_seconds");
    object.erase("allowed");
    const auto read = cost::budgetFromJson(object);
    QVERIFY(read.has_value());
    QVERIFY(read->isDryRun);
    QCOMPARE(read->grace.count(), 60);
    QVERIFY(read->allowed.empty());
}

void TestBudgetFile::refuses_data()
{
    QTest::addColumn<QByteArray>("member");
    QTest::addColumn<QByteArray>("value");
    const auto row = [](const char *name, const char *member, const char *value) {
        QTest::newRow(name) << QByteArray(member) << QByteArray(value);
    };
    row("no id", "id", R"("")");
    row("no name", "name", "7");
    row("unknown measure", "measure", R"("weight")");
    row("unknown period", "period", R"("year")");
    row("unknown action", "action", R"("explode")");
    row("zero", "limit", R"("0")");
    row("negative", "limit", R"("-1")");
    row("no figure", "limit", R"("much")");
    row("a number", "limit", "1");
    row("no zone", "time_zone", R"("Mars/Olympus")");
    row("no scope", "scope", "null");
    row("unknown scope", "scope", R"({"kind": "moon"})");
    row("no key", "scope", R"({"kind": "metadata", "key": "", "value": "a"})");
    row("no template", "scope", R"({"kind": "template"})");
    row("exceptions no list", "allowed", R"({"kind": "all"})");
    row("exception without kind", "allowed", "[1]");
    row("no thresholds", "thresholds", "[]");
    row("zero threshold", "thresholds", "[0]");
    row("huge threshold", "thresholds", "[9223372036854775807]");
    row("falling thresholds", "thresholds", "[80, 50]");
    row("twice", "thresholds", "[80, 80]");
    row("text threshold", "thresholds", R"(["80"])");
    row("negative grace", "grace_seconds", "-1");
    row("endless grace", "grace_seconds", "999999999");
}

void TestBudgetFile::refuses()
{
    QFETCH(QByteArray, member);
    QFETCH(QByteArray, value);
    Json object = cost::toJson(whole());
    QVERIFY(cost::budgetFromJson(object).has_value());
    object[member.toStdString()] = Json::parse(value.toStdString());
    const auto read = cost::budgetFromJson(object);
    QVERIFY(!read.has_value());
    QVERIFY(!read.error().message.empty());
}

void TestBudgetFile::refusesEndlessCounts()
{
    Json object = cost::toJson(whole());
    object["measure"] = "created";
    object["limit"] = "999999999";
    QVERIFY(cost::budgetFromJson(object).has_value());
    for (const char *limit : {"1000000000", "99999999999999999999999999", "1.5", "-1", ""}) {
        object["limit"] = limit;
        QVERIFY2(!cost::budgetFromJson(object).has_value(), limit);
    }
}

void TestBudgetFile::refusesFiles_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("no JSON") << QByteArray("{");
    QTest::newRow("array") << QByteArray("[]");
    QTest::newRow("later version") << QByteArray(R"({"version": 2, "budgets": []})");
    QTest::newRow("no list") << QByteArray(R"({"version": 1, "budgets": {}})");
    QTest::newRow("numbers") << QByteArray(R"({"version": 1, "budgets": [1]})");
    QTest::newRow("same id") << QByteArray::fromStdString(cost::budgetsToText({whole(), whole()}));
    QTest::newRow("too many") << QByteArray::fromStdString(cost::budgetsToText(std::vector<Budget>(1'001, whole())));
}

void TestBudgetFile::refusesFiles()
{
    QFETCH(QByteArray, text);
    QVERIFY(!cost::budgetsFromText(text.toStdString()).has_value());
}

QTEST_GUILESS_MAIN(TestBudgetFile)
#include "tst_budgetfile.moc"
