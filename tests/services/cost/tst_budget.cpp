#include "services/cost/budget.h"
#include "services/cost/budgetwatch.h"
#include "tests/services/cost/facts.h"

#include <QTest>

using namespace sandglass;
using namespace sandglass::cost;
using namespace std::chrono_literals;

Q_DECLARE_METATYPE(std::function<void(Budget &)>)

namespace {

Budget moneyBudget(const char *limit = "1")
{
    Budget budget;
    budget.id = "b1";
    budget.name = "Daily";
    budget.moneyLimit = *Money::parse(limit);
    budget.timeZone = "UTC";
    return budget;
}

Budget countBudget(Budget::Measure measure, std::int64_t limit)
{
    Budget budget = moneyBudget();
    budget.measure = measure;
    budget.countLimit = limit;
    budget.thresholds = {100};
    return budget;
}

BudgetWatch::FactsOf always(std::vector<SandboxFacts> facts)
{
    return [facts = std::move(facts)](const Period &) { return facts; };
}

QString told(const BudgetWatch::Round &round)
{
    QStringList list;
    for (const BudgetAlert &alert : round.alerts)
        list << QString::number(alert.threshold);
    return list.join(u' ');
}

} // namespace

class TestBudget final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void faultsAreNamed_data();
    void faultsAreNamed();
    void survivesItsFile();
    void brokenFilesAreRefused_data();
    void brokenFilesAreRefused();
    void periodsFollowTheClockChange_data();
    void periodsFollowTheClockChange();
    void eachThresholdOncePerPeriod();
    void toldSurvivesARestart();
    void the101stIsTheFirstTooMany();
    void onlyRunningAreConcurrent();
    void scopeDecides_data();
    void scopeDecides();
    void unknownCostIsNotZero();
};

void TestBudget::faultsAreNamed_data()
{
    QTest::addColumn<std::function<void(Budget &)>>("change");
    QTest::addColumn<QString>("word");
    const auto row = [](const char *name, std::function<void(Budget &)> change, const char *word) {
        QTest::newRow(name) << std::move(change) << QString::fromLatin1(word);
    };
    row(
        "fine", [](Budget &) {}, "");
    row(
        "no name", [](Budget &b) { b.name.clear(); }, "name");
    row(
        "zero", [](Budget &b) { b.moneyLimit = {}; }, "more than zero");
    row(
        "no sandbox", [](Budget &b) { b.measure = Budget::Measure::Created; }, "one sandbox");
    row(
        "no key", [](Budget &b) { b.scope.kind = Scope::Kind::Metadata; }, "metadata key");
    row(
        "no template", [](Budget &b) { b.scope.kind = Scope::Kind::Template; }, "which template");
    row(
        "zone", [](Budget &b) { b.timeZone = "Mars/Olympus"; }, "time zone");
    row(
        "grace", [](Budget &b) { b.grace = 25h; }, "grace");
    row(
        "no threshold", [](Budget &b) { b.thresholds.clear(); }, "thresholds");
    row(
        "falling",
        [](Budget &b) {
            b.thresholds = {80, 50};
        },
        "rise");
    row(
        "twice",
        [](Budget &b) {
            b.thresholds = {80, 80};
        },
        "rise");
    row(
        "zero percent", [](Budget &b) { b.thresholds = {0}; }, "percents");
}

void TestBudget::faultsAreNamed()
{
    QFETCH(std::function<void(Budget &)>, change);
    QFETCH(QString, word);
    Budget budget = moneyBudget();
    change(budget);
    const QString fault = QString::fromStdString(faultOf(budget));
    QVERIFY2(word.isEmpty() ? fault.isEmpty() : fault.contains(word), qPrintable(fault));
}

void TestBudget::survivesItsFile()
{
    Budget first = moneyBudget("0.000000000001");
    first.scope = {Scope::Kind::Metadata, "user", "ümläut"};
    first.action = Budget::Action::Kill;
    first.isDryRun = false;
    first.grace = 5s;
    first.thresholds = {1, 33, 250};
    Budget second = countBudget(Budget::Measure::Concurrent, 20);
    second.id = "b2";
    second.moneyLimit = {}; // not of its measure
    second.period = PeriodKind::Month;
    second.timeZone = "Europe/Berlin";
    const auto read = budgetsFromText(budgetsToText({first, second}));
    QVERIFY(read);
    QVERIFY((*read == std::vector<Budget>{first, second}));
}

void TestBudget::brokenFilesAreRefused_data()
{
    QTest::addColumn<QByteArray>("text");
    const QByteArray good = QByteArray::fromStdString(budgetsToText({moneyBudget()}));
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("array") << QByteArray("[]");
    QTest::newRow("version") << QByteArray(good).replace("\"version\": 1", "\"version\": 2");
    QTest::newRow("limit") << QByteArray(good).replace("1.000000000000", "a lot");
    QTest::newRow("measure") << QByteArray(good).replace("\"money\"", "\"moons\"");
    QTest::newRow("thresholds") << QByteArray(good).replace("50,", "\"50\",");
    QTest::newRow("huge threshold") << QByteArray(good).replace("50,", "99999999999999,");
    QTest::newRow("cut") << good.left(good.size() / 2);
    QTest::newRow("twice") << QByteArray::fromStdString(budgetsToText({moneyBudget(), moneyBudget()}));
}

void TestBudget::brokenFilesAreRefused()
{
    QFETCH(QByteArray, text);
    const auto read = budgetsFromText(text.toStdString());
    QVERIFY(!read);
    QVERIFY(!read.error().message.empty());
}

void TestBudget::periodsFollowTheClockChange_data()
{
    QTest::addColumn<QString>("now");
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("zone");
    QTest::addColumn<QString>("from");
    QTest::addColumn<QString>("to");
    const auto row = [](const char *name, const char *now, PeriodKind kind, const char *zone, const char *from,
                        const char *to) {
        QTest::newRow(name) << QString::fromLatin1(now) << static_cast<int>(kind) << QString::fromLatin1(zone)
                            << QString::fromLatin1(from) << QString::fromLatin1(to);
    };
    row("UTC day", "2026-08-20T23:59:59.999Z", PeriodKind::Day, "UTC", "2026-08-20T00:00:00.000Z",
        "2026-08-21T00:00:00.000Z");
    row("Berlin, spring: 23 hours", "2026-03-29T12:00:00Z", PeriodKind::Day, "Europe/Berlin",
        "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z");
    row("Berlin, autumn: 25 hours", "2026-10-25T12:00:00Z", PeriodKind::Day, "Europe/Berlin",
        "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z");
    row("Beirut skips midnight", "2026-03-29T10:00:00Z", PeriodKind::Day, "Asia/Beirut", "2026-03-28T22:00:00.000Z",
        "2026-03-29T21:00:00.000Z");
    row("Kolkata, half an hour", "2026-08-20T18:29:59Z", PeriodKind::Day, "Asia/Kolkata", "2026-08-19T18:30:00.000Z",
        "2026-08-20T18:30:00.000Z");
    row("week begins on Monday", "2026-08-23T12:00:00Z", PeriodKind::Week, "UTC", "2026-08-17T00:00:00.000Z",
        "2026-08-24T00:00:00.000Z");
    row("leap February", "2028-02-29T12:00:00Z", PeriodKind::Month, "UTC", "2028-02-01T00:00:00.000Z",
        "2028-03-01T00:00:00.000Z");
    row("unknown zone is UTC", "2026-08-20T12:00:00Z", PeriodKind::Day, "No/Where", "2026-08-20T00:00:00.000Z",
        "2026-08-21T00:00:00.000Z");
}

void TestBudget::periodsFollowTheClockChange()
{
    QFETCH(QString, now);
    QFETCH(int, kind);
    QFETCH(QString, zone);
    const Period period = periodAt(*parseRfc3339(now.toStdString()), static_cast<PeriodKind>(kind), zone.toStdString());
    QTEST(QString::fromStdString(formatRfc3339(period.from)), "from");
    QTEST(QString::fromStdString(formatRfc3339(period.to)), "to");
}

void TestBudget::eachThresholdOncePerPeriod()
{
    BudgetWatch watch;
    watch.setBudgets({moneyBudget()});
    const auto at = [&](const char *cost, Timestamp now = sample::epoch) {
        return told(watch.evaluate(now, always({sample::ended("a", sample::epoch, cost)})));
    };
    QCOMPARE(at("0.499999999999"), QString());
    QCOMPARE(at("0.5"), QStringLiteral("50"));
    QCOMPARE(at("0.6"), QString());
    QCOMPARE(at("0.95"), QStringLiteral("80 90"));
    QCOMPARE(at("3"), QStringLiteral("100"));
    QCOMPARE(at("3"), QString());
    QCOMPARE(at("0.5", sample::epoch + 24h), QStringLiteral("50")); // a new day
}

void TestBudget::toldSurvivesARestart()
{
    BudgetWatch before;
    before.setBudgets({moneyBudget()});
    const auto facts = always({sample::ended("a", sample::epoch, "0.85")});
    QCOMPARE(told(before.evaluate(sample::epoch, facts)), QStringLiteral("50 80"));
    const auto kept = parseJson(dumpJson(before.state()));
    QVERIFY(kept);
    BudgetWatch after;
    after.setBudgets({moneyBudget()});
    after.restore(*kept);
    QCOMPARE(told(after.evaluate(sample::epoch + 1h, facts)), QString());
    after.restore(Json::array({1, 2})); // makes no sense: as if nothing had been told
    QCOMPARE(told(after.evaluate(sample::epoch + 1h, facts)), QStringLiteral("50 80"));
}

void TestBudget::the101stIsTheFirstTooMany()
{
    BudgetWatch watch;
    watch.setBudgets({countBudget(Budget::Measure::Created, 100)});
    std::vector<SandboxFacts> facts;
    for (int i = 0; i < 60; ++i)
        facts.push_back(sample::ended("e" + std::to_string(i), sample::epoch));
    for (int i = 0; i < 40; ++i)
        facts.push_back(sample::running("r" + std::to_string(i), sample::epoch));
    facts.push_back(sample::running("yesterday", sample::epoch - 24h));
    const auto at100 = watch.evaluate(sample::epoch, always(facts));
    QCOMPARE(at100.usages.front().count, 100);
    QCOMPARE(told(at100), QString());
    facts.push_back(sample::running("one more", sample::epoch));
    const auto at101 = watch.evaluate(sample::epoch, always(facts));
    QCOMPARE(told(at101), QStringLiteral("100"));
    QVERIFY(at101.alerts.front().isLimit);
}

void TestBudget::onlyRunningAreConcurrent()
{
    BudgetWatch watch;
    watch.setBudgets({countBudget(Budget::Measure::Concurrent, 2)});
    SandboxFacts paused = sample::running("p", sample::epoch);
    paused.state = SandboxFacts::State::Paused;
    const auto round = watch.evaluate(
        sample::epoch, always({sample::running("a", sample::epoch), paused, sample::ended("b", sample::epoch)}));
    QCOMPARE(round.usages.front().count, 1);
    QCOMPARE(round.usages.front().share, 0.5);
}

void TestBudget::scopeDecides_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("value");
    QTest::addColumn<bool>("covered");
    const auto row = [](const char *name, Scope::Kind kind, const char *key, const char *value, bool covered) {
        QTest::newRow(name) << static_cast<int>(kind) << QString::fromLatin1(key) << QString::fromLatin1(value)
                            << covered;
    };
    row("all", Scope::Kind::All, "", "", true);
    row("template id", Scope::Kind::Template, "", "tpl", true);
    row("template name", Scope::Kind::Template, "", "ml", true);
    row("other template", Scope::Kind::Template, "", "base", false);
    row("metadata", Scope::Kind::Metadata, "user", "42", true);
    row("any value", Scope::Kind::Metadata, "user", "", true);
    row("other value", Scope::Kind::Metadata, "user", "43", false);
    row("no such key", Scope::Kind::Metadata, "team", "", false);
    row("connection", Scope::Kind::Connection, "", "local", true);
    row("other connection", Scope::Kind::Connection, "", "cloud", false);
}

void TestBudget::scopeDecides()
{
    QFETCH(int, kind);
    QFETCH(QString, key);
    QFETCH(QString, value);
    const Scope scope{static_cast<Scope::Kind>(kind), key.toStdString(), value.toStdString()};
    QTEST(scope.covers(sample::running("a", sample::epoch)), "covered");
}

void TestBudget::unknownCostIsNotZero()
{
    BudgetWatch watch;
    watch.setBudgets({moneyBudget()});
    const auto round = watch.evaluate(
        sample::epoch, always({sample::ended("a", sample::epoch, "0.25"), sample::ended("b", sample::epoch)}));
    QCOMPARE(round.usages.front().unpriced, 1);
    QCOMPARE(round.usages.front().spent, *Money::parse("0.25"));
}

QTEST_GUILESS_MAIN(TestBudget)
#include "tst_budget.moc"
