// Statistics of the time window over a real journal and tracker, against figures reckoned by hand (usagefixture.h).

#include "models/analytics/analytics.h"
#include "models/analytics/templateusagemodel.h"
#include "models/costs/liveseries.h"
#include "models/costs/timewindow.h"
#include "services/lifecycle/subscription.h"
#include "tests/models/usagefixture.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <numeric>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
using models::Analytics;
using models::TemplateUsageModel;
namespace sample = lifecycle::sample;

class TestAnalytics final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void figuresAreThoseReckonedByHand();
    void sumsAreThoseOfCosts();
    void templatesAreThoseReckonedByHand();
    void lifetimesFallIntoTheirSteps();
    void seriesStandOnMinutes();
    void pausedNowCounts();
    void gapsAreGaps();
    void filterReducesAll_data();
    void filterReducesAll();
    void whatIfTakesWholeRuns();
    void windowIsFollowed();
    void tableSortsByEveryColumn();
    void nothingIsKeptWhileNobodyLooks();
    void oldSandboxesComeFromTheJournal();
    void pastMomentDoesNotKnowLaterEnds();
    void damagedTablesAreTold();
    void manyAreReckonedInTime();

private:
    [[nodiscard]] const models::Analysis &answer();
    [[nodiscard]] const models::TemplateUsage &usageOf(const char *name);

    test::LiveFixture m_live;
    std::unique_ptr<models::TimeWindow> m_window;
    std::unique_ptr<Analytics> m_analytics;
};

void TestAnalytics::init()
{
    QVERIFY(m_live.open());
    m_window = std::make_unique<models::TimeWindow>([this] { return m_live.now; });
    m_analytics = std::make_unique<Analytics>(m_live.tracker(), *m_window, m_live.journal().file());
    QVERIFY(m_live.record(test::usageSample()));
    m_analytics->setActive(true);
}

void TestAnalytics::cleanup()
{
    m_analytics.reset();
    m_window.reset();
    m_live.close();
}

const models::Analysis &TestAnalytics::answer()
{
    if (!QTest::qWaitFor([this] { return m_analytics->isCurrent(); }))
        qFatal("no answer");
    return *m_analytics->latest();
}

const models::TemplateUsage &TestAnalytics::usageOf(const char *name)
{
    const auto &templates = answer().templates;
    const auto found = std::ranges::find(templates, name, &models::TemplateUsage::name);
    if (found == templates.end())
        qFatal("no such template");
    return *found;
}

void TestAnalytics::figuresAreThoseReckonedByHand()
{
    const models::Analysis &all = answer();
    QCOMPARE(all.createdToday, 5); // all but "e"
    QCOMPARE(all.killedToday, 3);
    QCOMPARE(all.created, 5);
    QCOMPARE(all.ended, 3);
    QCOMPARE(all.runningNow, 2);
    QCOMPARE(all.pausedNow, 0);
    QCOMPARE(all.mostRunning, 2);
    QCOMPARE(all.failures, 1);
    QCOMPARE(all.timeouts, 1);
    QCOMPARE(all.early, 1);
    QCOMPARE(all.averageLifetime, std::optional<std::chrono::milliseconds>(110s)); // 120, 200 and 10
    QCOMPARE(all.medianLifetime, std::optional<std::chrono::milliseconds>(120s));
    QCOMPARE(all.total, *Money::parse("0.0160325")); // 530 s
    QCOMPARE(all.total, m_live.tracker().costBetween(m_window->from(), m_window->to()));
    QCOMPARE(all.leftOut, 0);
}

void TestAnalytics::sumsAreThoseOfCosts()
{
    m_live.now = sample::at(630) + 500ms;
    m_window->follow(120s);
    QTRY_VERIFY(m_analytics->isCurrent() && answer().from > sample::at(500));
    const auto [from, to] = m_window->aligned(models::LiveSeries::bucketCount);
    QCOMPARE(answer().total, m_live.tracker().costBetween(from, to));
    QVERIFY(answer().total < m_live.tracker().costBetween(m_window->from(), m_window->to())); // the first bucket's part
}

void TestAnalytics::templatesAreThoseReckonedByHand()
{
    QCOMPARE(answer().templates.size(), 3U);
    QCOMPARE(answer().templates.front().name, "ml-mini"); // dearest first
    const models::TemplateUsage &full = usageOf("ml-full");
    QCOMPARE(full.starts, 3);
    QCOMPARE(full.running, std::chrono::milliseconds(220s));
    QCOMPARE(*full.cost, *Money::parse("0.006655"));
    QVERIFY(!full.isPartial);
    QCOMPARE(full.ended, 2);
    QCOMPARE(full.timeouts, 1);
    QCOMPARE(full.failures, 0);
    QCOMPARE(full.medianLifetime, std::optional<std::chrono::milliseconds>(160s));
    const models::TemplateUsage &mini = usageOf("ml-mini");
    QCOMPARE(mini.starts, 2);
    QCOMPARE(*mini.cost, *Money::parse("0.0093775"));
    QCOMPARE(mini.failures, 1);
    QCOMPARE(mini.early, 1);
    const models::TemplateUsage &web = usageOf("web");
    QCOMPARE(web.running, std::chrono::milliseconds(100s));
    QVERIFY(!web.cost && web.isPartial); // unknown, not zero
    QVERIFY(!web.medianLifetime);
}

void TestAnalytics::lifetimesFallIntoTheirSteps()
{
    const auto &lifetimes = answer().lifetimes;
    QCOMPARE(std::accumulate(lifetimes.begin(), lifetimes.end(), std::int64_t{0}), 3);
    QCOMPARE(lifetimes[3], 1); // from 10 s on
    QCOMPARE(lifetimes[5], 1); // 120 s
    QCOMPARE(lifetimes[6], 1); // 200 s
}

void TestAnalytics::seriesStandOnMinutes()
{
    const models::Analysis &all = answer();
    QCOMPARE(all.chartFrom, sample::at(-49 * 60));
    QCOMPARE(all.chartTo, sample::at(11 * 60));
    std::vector<double> starts(60, 0);
    starts[49] = starts[50] = starts[52] = starts[57] = 1;
    starts[54] = 2;
    QCOMPARE(all.startsPerMinute, starts);
    std::vector<double> paused(60, 0);
    paused[50] = paused[51] = paused[52] = 1; // 100 to 200 s
    QCOMPARE(all.paused, paused);
    QCOMPARE(all.running[50], 2.0);
    QCOMPARE(all.running[51], 0.0); // "a" ended as this minute began
    QCOMPARE(all.running[54], 2.0);
    QCOMPARE(all.running[48], 0.0);
}

void TestAnalytics::pausedNowCounts()
{
    lifecycle::Event paused = sample::ended(EventType::Paused, 540, "c1", 300, "c");
    QVERIFY(m_live.record({paused}));
    QTRY_COMPARE_WITH_TIMEOUT(m_analytics->latest() ? m_analytics->latest()->pausedNow : -1, 1, 10'000);
    QCOMPARE(answer().runningNow, 1);
    QCOMPARE(answer().paused[58], 1.0); // 10:09 and now
    QCOMPARE(answer().paused[59], 0.0); // 10:10 has not been yet
}

void TestAnalytics::gapsAreGaps()
{
    m_analytics->setGaps({{sample::at(-7'200), sample::at(60)}});
    const models::Analysis &all = answer();
    QVERIFY(std::isnan(all.running[48]));
    QVERIFY(std::isnan(all.startsPerMinute[48]));
    QCOMPARE(all.startsPerMinute[49], 1.0); // what is known in a gap stays
    QCOMPARE(all.running[51], 0.0);
}

void TestAnalytics::filterReducesAll_data()
{
    QTest::addColumn<QString>("filter");
    QTest::addColumn<int>("templates");
    QTest::addColumn<int>("created");
    QTest::addColumn<int>("ended");
    QTest::newRow("one") << u"ml-mini"_s << 1 << 2 << 1;
    QTest::newRow("star") << u"ml-*"_s << 2 << 4 << 3;
    QTest::newRow("stars") << u"*m*i*"_s << 1 << 2 << 1;
    QTest::newRow("not a part") << u"ml"_s << 0 << 0 << 0;
    QTest::newRow("blanks do not matter") << u"  web "_s << 1 << 1 << 0;
    QTest::newRow("everything") << u"*"_s << 3 << 5 << 3;
}

void TestAnalytics::filterReducesAll()
{
    QFETCH(QString, filter);
    m_analytics->setTemplateFilter(filter);
    const models::Analysis &some = answer();
    QTEST(static_cast<int>(some.templates.size()), "templates");
    QTEST(static_cast<int>(some.createdToday), "created");
    QTEST(static_cast<int>(some.ended), "ended");
    QCOMPARE(std::accumulate(some.lifetimes.begin(), some.lifetimes.end(), std::int64_t{0}), some.ended);
    QVERIFY(!some.running.empty());
    if (filter == u"ml-mini"_s) {
        QCOMPARE(some.total, *Money::parse("0.0093775"));
        QCOMPARE(some.whatIfRuns, 2);
        QCOMPARE(std::accumulate(some.startsPerMinute.begin(), some.startsPerMinute.end(), 0.0), 2.0);
    }
}

void TestAnalytics::whatIfTakesWholeRuns()
{
    QCOMPARE(answer().whatIfRuns, 6);
    QCOMPARE(answer().whatIf.was, *Money::parse("0.0160325"));
    QCOMPARE(answer().whatIf.now, answer().whatIf.was);
    cost::WhatIf change;
    change.vcpuCount = 1;
    change.idleTimeoutWas = 110s;
    change.idleTimeoutNow = 40s;
    m_analytics->setWhatIf(change);
    QVERIFY(!m_analytics->isCurrent());
    QCOMPARE(answer().whatIf.now, *Money::parse("0.007475")); // 460 s of $0.00001625: "a" ends 70 s earlier
    QCOMPARE(answer().whatIf.unpriced, 1);
    QCOMPARE(answer().whatIfTimeouts, 1);
    m_window->select(sample::at(90), sample::at(110)); // "a" and "b" touch it
    QCOMPARE(answer().whatIfRuns, 2);
    QCOMPARE(answer().whatIf.was, *Money::parse("0.00484")); // 160 s: whole
    QCOMPARE(answer().total, *Money::parse("0.0009075"));    // 30 s: cut
}

void TestAnalytics::windowIsFollowed()
{
    QCOMPARE(answer().ended, 3);
    m_window->follow(48h);
    QCOMPARE(answer().ended, 4);
    QCOMPARE(answer().createdToday, 5);
    QVERIFY(usageOf("web").isPartial);
    QCOMPARE(*usageOf("web").cost, *Money::parse("0.1089"));
    m_window->select(sample::at(0), sample::at(30));
    QCOMPARE(answer().startsPerMinute, std::vector<double>{2.0}); // one in half a minute
    QCOMPARE(answer().mostRunning, 1);
}

void TestAnalytics::tableSortsByEveryColumn()
{
    TemplateUsageModel model(*m_analytics);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    m_analytics->setTemplateFilter(u"*"_s);
    (void)answer();
    QCOMPARE(model.rowCount(), 3);
    QCOMPARE(model.index(0, TemplateUsageModel::ShareColumn).data(TemplateUsageModel::ShareRole).toDouble(),
             0.0093775 / 0.0160325);
    const auto order = [&model] {
        QStringList names;
        for (int row = 0; row < model.rowCount(); ++row)
            names << model.index(row, 0).data().toString();
        return names.join(u' ');
    };
    model.sort(TemplateUsageModel::StartsColumn, Qt::AscendingOrder);
    QCOMPARE(order(), u"web ml-mini ml-full"_s);
    const QPersistentModelIndex web(model.index(0, 0));
    model.sort(TemplateUsageModel::StartsColumn, Qt::DescendingOrder);
    QCOMPARE(order(), u"ml-full ml-mini web"_s);
    QCOMPARE(web.row(), 2);
    model.sort(TemplateUsageModel::LifetimeColumn, Qt::DescendingOrder);
    QCOMPARE(order(), u"ml-full ml-mini web"_s);
    model.sort(TemplateUsageModel::FailuresColumn, Qt::DescendingOrder);
    QCOMPARE(order(), u"ml-mini ml-full web"_s);
    model.sort(TemplateUsageModel::NameColumn, Qt::DescendingOrder);
    QCOMPARE(order(), u"web ml-mini ml-full"_s);
    m_analytics->setTemplateFilter(u"nothing"_s);
    (void)answer();
    QCOMPARE(model.rowCount(), 0);
}

void TestAnalytics::nothingIsKeptWhileNobodyLooks()
{
    (void)answer();
    m_analytics->setActive(false);
    QVERIFY(!m_analytics->latest());
    QSignalSpy told(m_analytics.get(), &Analytics::changed);
    m_window->follow(48h);
    m_analytics->refresh();
    QTest::qWait(50);
    QCOMPARE(told.size(), 0);
    m_analytics->setActive(true);
    QCOMPARE(answer().ended, 4);
}

void TestAnalytics::oldSandboxesComeFromTheJournal()
{
    QTemporaryDir directory;
    const auto path = directory.filePath(u"cold.db"_s).toStdString();
    lifecycle::Journal::Options options;
    options.hotLimit = 3;
    auto journal = lifecycle::Journal::open(path, options);
    QVERIFY(journal);
    constexpr int count = 40;
    std::atomic<int> stored = 0;
    for (int i = 0; i < count; ++i) {
        const std::string id = "old" + std::to_string(i);
        for (const auto &event : {test::ofTemplate(sample::created(i, "e" + id, id), i % 4 == 0 ? "few" : "many"),
                                  sample::ended(EventType::Killed, i + 100, "e" + id, i, id)})
            (*journal)->append(event, [&](lifecycle::Journal::Outcome) { ++stored; });
    }
    QTRY_COMPARE(stored.load(), 2 * count);
    journal->reset(); // the tables are brought up to date at the next start
    journal = lifecycle::Journal::open(path, options);
    QVERIFY(journal);
    lifecycle::Tracker tracker(**journal, m_live.tracker().rateCard(), [this] { return m_live.now; });
    tracker.start();
    QTRY_VERIFY(tracker.isReplayed());
    QVERIFY(tracker.fold().sandboxes().size() < 10); // most are in the tables alone

    Analytics analytics(tracker, *m_window, path);
    analytics.setActive(true);
    QTRY_VERIFY(analytics.isCurrent());
    QCOMPARE(analytics.latest()->ended, count);
    QCOMPARE(analytics.latest()->total, Money::parse("0.00003025")->scaled(100LL * count, 1));
    QCOMPARE(analytics.latest()->mostRunning, count);
    analytics.setTemplateFilter(u"few"_s);
    QTRY_VERIFY(analytics.isCurrent());
    QCOMPARE(analytics.latest()->ended, count / 4);
    analytics.setTemplateFilter({});

    // News of an old one: it is in memory now, and counts once.
    QSignalSpy changed(&tracker, &lifecycle::Tracker::sandboxesChanged);
    (*journal)->append(sample::bare(EventType::Updated, 50, "eold5", "old5"), [](lifecycle::Journal::Outcome) {});
    QTRY_VERIFY(!changed.isEmpty());
    QTRY_VERIFY(tracker.fold().find("old5") != nullptr);
    m_window->follow(2h);
    QTRY_VERIFY(analytics.isCurrent());
    QCOMPARE(analytics.latest()->ended, count);
    QVERIFY(analytics.failure().isEmpty());
}

/// The tables tell all ends; at a moment of the past some of these were still to come, and some lives too.
void TestAnalytics::pastMomentDoesNotKnowLaterEnds()
{
    const auto sandbox = [](const char *id, int from, int to) {
        lifecycle::Sandbox one;
        one.id = id;
        one.state = lifecycle::SandboxState::Killed;
        one.createdAt = sample::at(from);
        one.endedAt = sample::at(to);
        one.runs = {{"e", *one.createdAt, one.endedAt, 2, 512, (to - from) * 1'000}};
        return one;
    };
    models::LifeBook tables;
    tables.add(sandbox("over", 0, 100));
    tables.add(sandbox("running", 50, 300));
    tables.add(sandbox("unborn", 250, 350));
    lifecycle::Sandbox then = sandbox("running", 50, 300); // as the fold of that moment has it
    then.state = lifecycle::SandboxState::Running;
    then.endedAt.reset();
    then.runs.front().end.reset();
    then.runs.front().confirmedMs.reset();
    models::LifeBook present;
    present.add(then);
    models::AnalysisQuestion question;
    question.from = question.chartFrom = sample::at(0);
    question.to = question.chartTo = question.now = sample::at(200);
    question.card = m_live.tracker().rateCard();
    const std::atomic<bool> stopped = false;
    const auto answer = models::analyse(present, tables, {}, question, stopped);
    QCOMPARE(answer->ended, 1);
    QCOMPARE(answer->created, 2);
    QCOMPARE(answer->runningNow, 1);
    QCOMPARE(answer->total, Money::parse("0.00003025")->scaled(100 + 150, 1));
}

void TestAnalytics::damagedTablesAreTold()
{
    Analytics analytics(m_live.tracker(), *m_window, "/no/such/folder/journal.db");
    analytics.setActive(true);
    QTRY_VERIFY(analytics.isCurrent());
    QVERIFY(!analytics.failure().isEmpty());
    QCOMPARE(analytics.latest()->ended, 3); // what is in memory is told all the same
}

void TestAnalytics::manyAreReckonedInTime()
{
    models::LifeBook book;
    lifecycle::Sandbox sandbox;
    sandbox.state = lifecycle::SandboxState::Killed;
    constexpr int count = 30'000;
    for (int i = 0; i < count; ++i) {
        sandbox.id = "s" + std::to_string(i);
        sandbox.templateId = "t" + std::to_string(i % 20);
        sandbox.createdAt = sample::at(i % 500);
        sandbox.endedAt = sample::at(i % 500 + 60);
        sandbox.runs = {{"e", *sandbox.createdAt, sandbox.endedAt, 2, 512, 60'000}};
        book.add(sandbox);
    }
    models::AnalysisQuestion question;
    question.from = question.chartFrom = sample::at(0);
    question.to = question.chartTo = question.now = sample::at(600);
    question.card = m_live.tracker().rateCard();
    std::atomic<bool> stopped = false;
    const auto all = models::analyse(book, {}, {}, question, stopped);
    QCOMPARE(all->ended, count);
    QCOMPARE(all->total, Money::parse("0.00003025")->scaled(60LL * count, 1));
    QCOMPARE(all->lifetimes[5], count); // exactly a minute belongs to the step that begins there
    stopped = true;
    QVERIFY(!models::analyse(book, {}, {}, question, stopped));
}

QTEST_GUILESS_MAIN(TestAnalytics)
#include "tst_analytics.moc"
