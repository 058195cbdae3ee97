// The page of analytics over a real journal and tracker, with real clicks and keys.

#include "models/analytics/analytics.h"
#include "models/analytics/templateusagemodel.h"
#include "models/costs/timewindow.h"
#include "tests/models/runsfixture.h"
#include "ui/analytics/analyticspage.h"
#include "ui/charts/chartexport.h"
#include "ui/charts/lifetimechart.h"
#include "ui/charts/timechart.h"
#include "ui/theme/theme.h"
#include "ui/widgets/stattile.h"

#include <QApplication>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFile>
#include <QHeaderView>
#include <QImage>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QScrollArea>
#include <QScrollBar>
#include <QSpinBox>
#include <QTableView>
#include <QWheelEvent>

#include <algorithm>
#include <memory>
#include <numeric>

using namespace sandglass;
using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;
using lifecycle::EventType;
namespace sample = lifecycle::sample;

class TestAnalyticsPage final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void tilesTellTheFigures();
    void clickOnATemplateFiltersAll();
    void typedStarsFilter();
    void emptyStatesTeach();
    void limitLineIsRemembered();
    void dragOnStartsSelectsTheWindow();
    void lifetimesWalkByKeysAndPointer();
    void lifetimesAsTable();
    void lifetimesAsFiles();
    void whatIfTellsTheDifference();
    void whatIfOfPlanAndPlaces();
    void wheelScrollsPastTheFields();
    void usageGoesToCsv();
    void runsTellTheirFigures();
    void clickOnATemplateReducesRuns();
    void dragOnRunsSelectsTheWindow();
    void runsByKeysAndAsFiles();
    void noRunsTeach();
    void runsAtAPastMoment();
    void runColumnsGoFirst();
    void runsGoToCsv();
    void fitsASmallWindow_data();
    void fitsASmallWindow();

private:
    template<typename Widget>
    [[nodiscard]] Widget *child(const char *name) const
    {
        Widget *found = m_window->findChild<Widget *>(QString::fromLatin1(name));
        Q_ASSERT(found != nullptr);
        return found;
    }
    void click(const char *name) { QTest::mouseClick(child<QPushButton>(name), Qt::LeftButton); }
    [[nodiscard]] QString tile(const char *name) const { return child<ui::StatTile>(name)->value(); }
    [[nodiscard]] QString detail(const char *name) const { return child<QWidget>(name)->accessibleDescription(); }
    [[nodiscard]] QString text(const char *name) const { return child<QLabel>(name)->text(); }
    template<typename Box>
    void enter(const char *name, const QString &value)
    {
        auto *box = child<Box>(name);
        box->setFocus();
        box->selectAll();
        QTest::keyClicks(box, value);
        QTest::keyClick(box, Qt::Key_Return);
    }
    void pictures(const char *name);
    [[nodiscard]] bool recordRuns()
    {
        if (!m_live.record(test::runsSample()))
            return false;
        m_time->follow(2h); // asks anew
        return waitForAnswer() && m_analytics->latest()->runs.all.count > 0;
    }
    [[nodiscard]] bool says(const QString &sentence) const
    {
        const auto labels = m_page->findChildren<QLabel *>();
        return std::ranges::any_of(
            labels, [&](const QLabel *label) { return label->isVisible() && label->text().contains(sentence); });
    }
    [[nodiscard]] bool waitForAnswer()
    {
        return QTest::qWaitFor([this] { return m_analytics->isCurrent(); });
    }

    test::LiveFixture m_live;
    std::unique_ptr<models::TimeWindow> m_time;
    std::unique_ptr<models::Analytics> m_analytics;
    std::unique_ptr<models::TemplateUsageModel> m_usage;
    std::unique_ptr<QWidget> m_window;
    ui::AnalyticsPage *m_page = nullptr;
    QTableView *m_table = nullptr;
};

void TestAnalyticsPage::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestAnalyticsPage::init()
{
    QVERIFY(m_live.open());
    m_time = std::make_unique<models::TimeWindow>([this] { return m_live.now; });
    m_analytics = std::make_unique<models::Analytics>(m_live.tracker(), *m_time, m_live.journal().file());
    m_usage = std::make_unique<models::TemplateUsageModel>(*m_analytics);
    QVERIFY(m_live.record(test::usageSample()));
    m_window = std::make_unique<QWidget>();
    m_window->resize(1400, 1400);
    m_page = new ui::AnalyticsPage(*m_analytics, *m_time, *m_usage, m_window.get());
    m_page->setGeometry(0, 60, 1400, 1340);
    m_page->headerTools()->setParent(m_window.get());
    m_page->headerTools()->setGeometry(600, 0, 800, 56);
    QCOMPARE(m_page->subtitle(), u"adding up"_s);
    m_window->show();
    m_window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    m_table = child<QTableView>("usageTable");
    QVERIFY(waitForAnswer());
}

void TestAnalyticsPage::cleanup()
{
    m_window.reset();
    m_usage.reset();
    m_analytics.reset();
    m_time.reset();
    m_live.close();
}

void TestAnalyticsPage::tilesTellTheFigures()
{
    QCOMPARE(tile("tileCreated"), u"5"_s);
    QCOMPARE(tile("tileKilled"), u"3"_s);
    QCOMPARE(tile("tileLifetime"), u"1 m 50 s"_s);
    QVERIFY(detail("tileLifetime").contains(u"median 2 m 00 s"_s));
    QCOMPARE(tile("tileConcurrent"), u"2"_s);
    QVERIFY(detail("tileConcurrent").contains(u"peak 2"_s));
    QCOMPARE(tile("tileFailures"), u"1"_s);
    QVERIFY(detail("tileFailures").contains(u"1 timeout"_s));
    QCOMPARE(tile("tileEarly"), u"1"_s);
    QCOMPARE(m_page->subtitle(), u"3 templates, $0.0160"_s);
}

void TestAnalyticsPage::clickOnATemplateFiltersAll()
{
    QVERIFY(!child<QPushButton>("allTemplates")->isVisible());
    QCOMPARE(m_table->model()->index(0, 0).data().toString(), u"ml-mini"_s);
    QTest::mouseClick(m_table->viewport(), Qt::LeftButton, {},
                      m_table->visualRect(m_table->model()->index(0, 0)).center());
    QVERIFY(waitForAnswer());
    QCOMPARE(child<QLineEdit>("analyticsFilter")->text(), u"ml-mini"_s);
    QCOMPARE(m_table->model()->rowCount(), 1);
    QCOMPARE(tile("tileCreated"), u"2"_s);
    QCOMPARE(tile("tileLifetime"), u"0 m 10 s"_s);
    QCOMPARE(child<ui::LifetimeChart>("lifetimesChart")->counts()[3], 1);
    QCOMPARE(child<ui::LifetimeChart>("lifetimesChart")->counts()[5], 0);
    const auto &starts = child<ui::TimeChart>("startsChart")->data().series.front().values;
    QCOMPARE(std::accumulate(starts.begin(), starts.end(), 0.0), 2.0);
    click("allTemplates");
    QVERIFY(waitForAnswer());
    QCOMPARE(m_table->model()->rowCount(), 3);
    QCOMPARE(child<QLineEdit>("analyticsFilter")->text(), QString());
    // By keyboard the same.
    m_table->setFocus();
    m_table->setCurrentIndex(m_table->model()->index(2, 0));
    QTest::keyClick(m_table, Qt::Key_Return);
    QVERIFY(waitForAnswer());
    QCOMPARE(m_analytics->templateFilter(), u"web"_s);
}

void TestAnalyticsPage::typedStarsFilter()
{
    m_page->focusSearch();
    QTest::keyClicks(QApplication::focusWidget(), u"ml-*"_s);
    QTRY_COMPARE(m_analytics->templateFilter(), u"ml-*"_s);
    QVERIFY(waitForAnswer());
    QCOMPARE(m_table->model()->rowCount(), 2);
    QCOMPARE(tile("tileCreated"), u"4"_s);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
    QTRY_COMPARE(m_analytics->templateFilter(), QString());
}

void TestAnalyticsPage::emptyStatesTeach()
{
    m_analytics->setTemplateFilter(u"ml"_s);
    QVERIFY(waitForAnswer());
    QVERIFY(!m_table->isVisible());
    QVERIFY(says(u"No template like \"ml\" ran in this window"_s));
    QVERIFY(says(u"No sandbox ended in this window"_s));
    QVERIFY(!child<QPushButton>("exportUsage")->isEnabled());
    m_analytics->setTemplateFilter({});
    m_time->select(sample::at(-7'200), sample::at(-6'000));
    QVERIFY(waitForAnswer());
    QVERIFY(says(u"Nothing ran in this window"_s));
    QCOMPARE(tile("tileLifetime"), u"—"_s);
    QCOMPARE(text("whatIfNotes"), u"Nothing ran in this window."_s);
}

void TestAnalyticsPage::limitLineIsRemembered()
{
    auto *plan = child<QComboBox>("limitPlan");
    QVERIFY(!child<QSpinBox>("ownLimit")->isVisible());
    QTest::keyClick(plan, Qt::Key_End); // a number of one's own
    QVERIFY(child<QSpinBox>("ownLimit")->isVisible());
    enter<QSpinBox>("ownLimit", u"7"_s);
    const QByteArray state = m_page->saveState();
    QTest::keyClick(plan, Qt::Key_Home);
    QVERIFY(!child<QSpinBox>("ownLimit")->isVisible());
    m_page->restoreState(state);
    QCOMPARE(plan->currentText(), u"Own number"_s);
    QCOMPARE(child<QSpinBox>("ownLimit")->value(), 7);
    // The line is in the picture: the warn colour appears nowhere else in the chart.
    const auto warnPixels = [this] {
        const QImage image = child<ui::TimeChart>("concurrencyChart")->grab().toImage();
        int count = 0;
        for (int x = 0; x < image.width(); ++x) {
            for (int y = 0; y < image.height(); ++y)
                count += image.pixelColor(x, y) == ui::Theme::tokens().warn ? 1 : 0;
        }
        return count;
    };
    QVERIFY(warnPixels() > 100);
    plan->setCurrentIndex(0);
    QCOMPARE(warnPixels(), 0);
    m_page->restoreState("99 -5");
    QCOMPARE(plan->currentIndex(), 0);
}

void TestAnalyticsPage::dragOnStartsSelectsTheWindow()
{
    auto *chart = child<ui::TimeChart>("startsChart");
    const int y = chart->height() / 2;
    QTest::mousePress(chart, Qt::LeftButton, {}, {chart->width() / 2, y});
    QTest::mouseMove(chart, {chart->width() - 20, y});
    QTest::mouseRelease(chart, Qt::LeftButton, {}, {chart->width() - 20, y});
    QVERIFY(m_time->isFixed());
    QVERIFY(waitForAnswer());
    QCOMPARE(child<ui::TimeChart>("concurrencyChart")->data().from, chart->data().from); // linked
    QVERIFY(m_page->subtitle().contains(u" – "_s));
    QTest::mouseDClick(chart, Qt::LeftButton, {}, {chart->width() / 2, y});
    QTest::mouseRelease(chart, Qt::LeftButton, {}, {chart->width() / 2, y}); // else the button stays down
    QVERIFY(!m_time->isFixed());
}

void TestAnalyticsPage::lifetimesWalkByKeysAndPointer()
{
    auto *chart = child<ui::LifetimeChart>("lifetimesChart");
    QCOMPARE(chart->accessibleDescription(), u"3 sandboxes, most of them 10 s to 30 s"_s);
    chart->setFocus();
    QTest::keyClick(chart, Qt::Key_Home);
    QCOMPARE(chart->currentStep(), 0);
    for (int i = 0; i < 5; ++i)
        QTest::keyClick(chart, Qt::Key_Right);
    QVERIFY(chart->accessibleDescription().endsWith(u"; 1 m to 3 m: 1"_s));
    QTest::keyClick(chart, Qt::Key_End);
    QTest::keyClick(chart, Qt::Key_Right);
    QVERIFY(chart->accessibleDescription().endsWith(u"; 3 d and more: 0"_s));
    QTest::keyClick(chart, Qt::Key_Escape);
    QCOMPARE(chart->currentStep(), -1);
    QTest::mouseMove(chart, {chart->width() / 2, chart->height() / 2});
    QTRY_VERIFY(chart->currentStep() >= 6);
}

void TestAnalyticsPage::lifetimesAsTable()
{
    auto *table = child<QTableView>("lifetimesTable");
    QVERIFY(!table->isVisible());
    const auto buttons = child<QWidget>("lifetimesView")->findChildren<QPushButton *>();
    QTest::mouseClick(buttons.at(1), Qt::LeftButton);
    QVERIFY(table->isVisible());
    QCOMPARE(table->model()->rowCount(), static_cast<int>(models::lifetimeSteps.size()));
    const auto cell = [&](int row, int column) { return table->model()->index(row, column).data().toString(); };
    QCOMPARE(cell(3, 0), u"10 s to 30 s"_s);
    QCOMPARE(cell(3, 1), u"1"_s);
    QCOMPARE(cell(3, 2), u"33.3 %"_s);
    QCOMPARE(cell(5, 3), u"66.7 %"_s);
    QCOMPARE(cell(13, 3), u"100.0 %"_s);
}

void TestAnalyticsPage::lifetimesAsFiles()
{
    auto *chart = child<ui::LifetimeChart>("lifetimesChart");
    QCOMPARE(QImage::fromData(ui::chartPicture(*chart, ui::PictureFormat::Png)()).size(), chart->size() * 2);
    QVERIFY(ui::chartPicture(*chart, ui::PictureFormat::Svg)().contains("<svg"));
    const QList<QByteArray> lines = ui::LifetimeChart::csv(chart->counts()).split('\n');
    QCOMPARE(lines.at(0), QByteArray("from_seconds,to_seconds,sandboxes,share\r"));
    QCOMPARE(lines.at(4), QByteArray("10,30,1,0.3333333333333333\r"));
    QCOMPARE(lines.at(14), QByteArray("259200,,0,0\r"));
}

/// S73: idle timeout 10 → 5 minutes, size 8/8 → 2/0.5.
void TestAnalyticsPage::whatIfTellsTheDifference()
{
    lifecycle::Event killed = test::killedFor("timeout", 550, "big1", -350, "big");
    killed.execution->vcpuCount = 8;
    killed.execution->memoryMb = 8'192;
    QVERIFY(m_live.record({test::ofTemplate(sample::created(-350, "big1", "big"), "big"), killed}));
    m_analytics->setTemplateFilter(u"big"_s);
    QTRY_COMPARE_WITH_TIMEOUT(text("whatIfWas"), u"$0.1332"_s, 10'000); // 900 s
    QCOMPARE(text("whatIfDifference"), u"$0.00"_s);
    enter<QSpinBox>("whatIfVcpu", u"2"_s);
    enter<QSpinBox>("whatIfMemory", u"512"_s);
    QTRY_COMPARE(text("whatIfWould"), u"$0.0272"_s); // 900 s of the small size
    enter<QDoubleSpinBox>("whatIfTimeoutWas", u"10"_s);
    enter<QDoubleSpinBox>("whatIfTimeoutNow", u"5"_s);
    QTRY_COMPARE(text("whatIfWould"), u"$0.0182"_s); // 600 s
    QCOMPARE(text("whatIfDifference"), u"−$0.1151 (−86 %)"_s);
    QVERIFY(text("whatIfNotes").contains(u"1 ended by their timeout: those would have ended earlier."_s));
    QVERIFY(!text("whatIfNotes").contains(u"30 days"_s)); // an hour is no month
    m_time->follow(72h);
    // The sums leave out what part of the chart's first bucket the window has, 36 minutes of 72 hours at most.
    const QRegularExpression pace(uR"(At the pace of this window: \$1\.3[34] in 30 days, would be \$0\.18[123]\d\.)"_s);
    QTRY_VERIFY2(text("whatIfNotes").contains(pace), qPrintable(text("whatIfNotes")));
    click("whatIfReset");
    QTRY_COMPARE(text("whatIfDifference"), u"$0.00"_s);
    QCOMPARE(child<QSpinBox>("whatIfVcpu")->text(), u"as it was"_s);
}

void TestAnalyticsPage::whatIfOfPlanAndPlaces()
{
    QTRY_COMPARE(text("whatIfWas"), u"$0.0160"_s);
    QVERIFY(text("whatIfNotes").startsWith(u"6 stretches of running touch this window"_s));
    QVERIFY(text("whatIfNotes").contains(u"1 of unknown size are in neither sum."_s));
    enter<QSpinBox>("whatIfAtOnce", u"1"_s);
    QTRY_VERIFY(text("whatIfNotes").contains(u"would have waited for a place"_s));
    QTest::keyClick(child<QComboBox>("whatIfPlan"), Qt::Key_End); // Pro
    QTRY_VERIFY(text("whatIfNotes").contains(u"The plan itself asks $150.00 a month."_s));
}

void TestAnalyticsPage::wheelScrollsPastTheFields()
{
    m_page->resize(1'000, 400);
    auto *bar = m_page->findChild<QScrollArea *>()->verticalScrollBar();
    QTRY_VERIFY(bar->maximum() > 0);
    auto *box = child<QSpinBox>("whatIfVcpu");
    const auto wheelOver = [](QWidget *field) {
        const QPointF at = field->rect().center();
        QWheelEvent event(at, field->mapToGlobal(at), {}, {0, -120}, {}, {}, Qt::NoScrollPhase, false);
        QSpontaneKeyEvent::setSpontaneous(&event); // as from the window system: goes on to the parents
        qApp->notify(field, &event);
    };
    box->setValue(3);
    m_table->setFocus();
    const int before = bar->value();
    wheelOver(box);
    QCOMPARE(box->value(), 3);
    QVERIFY(bar->value() > before);
    wheelOver(child<QComboBox>("limitPlan"));
    QCOMPARE(child<QComboBox>("limitPlan")->currentIndex(), 0);
    box->setFocus(); // whoever is in the field may turn it
    wheelOver(box);
    QCOMPARE(box->value(), 2);
}

void TestAnalyticsPage::usageGoesToCsv()
{
    const QList<QByteArray> lines = m_page->usageCsv().split('\n');
    QCOMPARE(lines.size(), 5); // the last record ends its line, too
    QCOMPARE(lines.at(1), QByteArray("ml-mini,2,310000,0.009377500000,10000,1,1,0,1,0,0,0,0,,,,0,\r"));
    QCOMPARE(lines.at(2), QByteArray("ml-full,3,220000,0.006655000000,160000,2,0,1,0,0,0,0,0,,,,0,\r"));
    QCOMPARE(lines.at(3), QByteArray("web,1,100000,,,0,0,0,0,0,0,0,0,,,,0,\r"));
}

/// For a person to look at: SANDGLASS_PICTURES names a folder. Wide and narrow, both themes, with nothing scrolled
/// away.
void TestAnalyticsPage::pictures(const char *name)
{
    const QString folder = qEnvironmentVariable("SANDGLASS_PICTURES");
    if (folder.isEmpty())
        return;
    for (const bool isDark : {false, true}) {
        ui::Theme::instance()->setMode(isDark ? ui::Theme::Mode::Dark : ui::Theme::Mode::Light);
        for (const QSize size : {QSize(1600 - 208, 1500), QSize(1024 - 208, 2300)}) {
            m_page->resize(size);
            QTest::qWait(100);
            QVERIFY(m_page->grab().save(u"%1/%2-%3-%4.png"_s.arg(folder, QString::fromLatin1(name))
                                            .arg(size.width())
                                            .arg(isDark ? u"dark"_s : u"light"_s)));
        }
    }
    ui::Theme::instance()->setMode(ui::Theme::Mode::System);
}

void TestAnalyticsPage::runsTellTheirFigures()
{
    QVERIFY(!child<QWidget>("runsChart")->isVisible());
    QVERIFY(recordRuns());
    QVERIFY(child<QWidget>("runsChart")->isVisible());
    QVERIFY(!child<QWidget>("runsEmpty")->isVisible());
    QCOMPARE(tile("tileRuns"), u"8"_s);
    QVERIFY(detail("tileRuns").endsWith(u"1 stopped · 1 unknown"_s));
    QCOMPARE(tile("tileRunsPassed"), u"3"_s);
    QVERIFY(detail("tileRunsPassed").contains(u"50.0 %"_s)); // of six
    QCOMPARE(tile("tileRunsFailed"), u"2"_s);
    QVERIFY(detail("tileRunsFailed").contains(u"1 timeout"_s));
    QCOMPARE(tile("tileRunTime"), u"250 ms"_s);
    QVERIFY(detail("tileRunTime").contains(u"p95 30.0 s"_s));
    QCOMPARE(tile("tileRunCost"), u"≥ $0.00091"_s);
    QVERIFY(detail("tileRunCost").contains(u"3 of unknown cost"_s));
    QCOMPARE(tile("tilePerPassed"), u"≥ $0.00030"_s);
    QVERIFY(!child<QLabel>("runsNotes")->isVisible());
    const QString words = child<QWidget>("runsCard")->accessibleDescription();
    for (const QString &word : {u"8 runs"_s, u"Passed: 3"_s, u"Failed: 2, 1 timeout"_s, u"Run time, median: 250 ms"_s})
        QVERIFY2(words.contains(word), qPrintable(words));
    QCOMPARE(m_page->subtitle(), u"4 templates, $0.0160"_s); // no cost on top
    pictures("runs");
}

void TestAnalyticsPage::clickOnATemplateReducesRuns()
{
    QVERIFY(recordRuns());
    QCOMPARE(m_table->model()->index(1, 0).data().toString(), u"ml-full"_s);
    QTest::mouseClick(m_table->viewport(), Qt::LeftButton, {},
                      m_table->visualRect(m_table->model()->index(1, 0)).center());
    QVERIFY(waitForAnswer());
    QCOMPARE(tile("tileRuns"), u"3"_s);
    QVERIFY(detail("tileRuns").endsWith(u"all with a result"_s));
    QCOMPARE(tile("tileRunCost"), u"$0.00090"_s);
    QVERIFY(detail("tilePerPassed").contains(u"failed ones included"_s));
    click("allTemplates");
    QVERIFY(waitForAnswer());
    QCOMPARE(tile("tileRuns"), u"8"_s);
}

void TestAnalyticsPage::dragOnRunsSelectsTheWindow()
{
    QVERIFY(recordRuns());
    auto *chart = child<ui::TimeChart>("runsChart");
    const int y = chart->height() / 2;
    QTest::mousePress(chart, Qt::LeftButton, {}, {chart->width() / 2, y});
    QTest::mouseMove(chart, {chart->width() - 20, y});
    QTest::mouseRelease(chart, Qt::LeftButton, {}, {chart->width() - 20, y});
    QVERIFY(m_time->isFixed());
    QVERIFY(waitForAnswer());
    QCOMPARE(child<ui::TimeChart>("startsChart")->data().from, chart->data().from); // linked
    QTest::mouseDClick(chart, Qt::LeftButton, {}, {chart->width() / 2, y});
    QTest::mouseRelease(chart, Qt::LeftButton, {}, {chart->width() / 2, y}); // else the button stays down
    QVERIFY(!m_time->isFixed());
}

void TestAnalyticsPage::runsByKeysAndAsFiles()
{
    QVERIFY(recordRuns());
    auto *chart = child<ui::TimeChart>("runsChart");
    QCOMPARE(chart->accessibleName(), u"Runs of code"_s);
    QCOMPARE(chart->accessibleDescription(), u"minimum 0, maximum 5, last 0"_s); // in two minutes: 305 s to 350 s
    QStringList names;
    for (const auto &series : chart->data().series)
        names << series.name;
    QCOMPARE(names.join(u' '), u"passed failed timed out stopped or unknown"_s);
    chart->setFocus();
    QTest::keyClick(chart, Qt::Key_Home);
    QVERIFY(chart->accessibleDescription().endsWith(u": 0"_s));
    QCOMPARE(QImage::fromData(ui::chartPicture(*chart, ui::PictureFormat::Png)()).size(), chart->size() * 2);
    const QList<QByteArray> lines = ui::chartCsv(chart->data()).split('\n');
    QCOMPARE(lines.at(0), QByteArray("bucket_start,passed,failed,timed out,stopped or unknown\r"));
    const auto at = [&lines](const char *start) {
        const auto line = std::ranges::find_if(lines, [&](const QByteArray &one) { return one.startsWith(start); });
        return line != lines.end() ? *line : QByteArray();
    };
    QCOMPARE(at("2026-08-20T10:04:00.000Z"), QByteArray("2026-08-20T10:04:00.000Z,2,1,0,2\r"));
}

void TestAnalyticsPage::noRunsTeach()
{
    QVERIFY(says(u"No code was run in this window"_s));
    QVERIFY(says(u"Run some on the Refine page"_s));
    pictures("no-runs");
    QVERIFY(recordRuns());
    QVERIFY(!says(u"No code was run"_s));
    m_page->focusSearch();
    QTest::keyClicks(QApplication::focusWidget(), u"web"_s);
    QTRY_COMPARE(m_analytics->templateFilter(), u"web"_s);
    QVERIFY(waitForAnswer());
    QVERIFY(says(u"No code was run in this window with a template like \"web\""_s));
    QVERIFY(child<QWidget>("runsCard")->accessibleDescription().isEmpty());
}

void TestAnalyticsPage::runsAtAPastMoment()
{
    QVERIFY(recordRuns());
    m_live.now = sample::at(60);
    m_time->follow(1h);
    QVERIFY(waitForAnswer());
    QCOMPARE(tile("tileRuns"), u"2"_s);
    QCOMPARE(tile("tileRunCost"), u"$0.0000030"_s);
}

void TestAnalyticsPage::runColumnsGoFirst()
{
    using models::TemplateUsageModel;
    QVERIFY(recordRuns());
    QVERIFY(!m_table->isColumnHidden(TemplateUsageModel::PerPassedColumn));
    m_page->resize(1024 - 208, 480);
    QTRY_VERIFY(m_table->isColumnHidden(TemplateUsageModel::PerPassedColumn));
    QTRY_VERIFY(m_table->isColumnHidden(TemplateUsageModel::RunCostColumn));
    QVERIFY(!m_table->isColumnHidden(TemplateUsageModel::TimeoutsColumn));
    m_page->resize(1392, 480);
    QTRY_VERIFY(!m_table->isColumnHidden(TemplateUsageModel::PerPassedColumn));
}

void TestAnalyticsPage::runsGoToCsv()
{
    QVERIFY(recordRuns());
    const QList<QByteArray> lines = m_page->usageCsv().split('\n');
    QVERIFY(lines.at(0).endsWith(",code_runs,runs_passed,runs_failed,runs_timed_out,run_median_ms,run_p95_ms,run_usd,"
                                 "runs_unpriced,usd_per_passed_run\r"));
    QVERIFY(lines.at(1).endsWith(",4,1,1,0,200,400,0.000003500000,2,0.000003500000\r"));
    QVERIFY(lines.at(2).endsWith(",3,1,1,1,300,30000,0.000903000000,0,0.000903000000\r"));
    QVERIFY(lines.contains("gone,0,0,,,0,0,0,0,1,1,0,0,,,,1,\r"));
}

void TestAnalyticsPage::fitsASmallWindow_data()
{
    QTest::addColumn<int>("width");
    QTest::newRow("beside the side bar") << 1024 - 208;
    QTest::newRow("wide") << 1392;
}

void TestAnalyticsPage::fitsASmallWindow()
{
    QFETCH(int, width);
    QVERIFY(recordRuns());
    m_page->resize(width, 480);
    QCoreApplication::processEvents();
    auto *scroll = m_page->findChild<QScrollArea *>();
    QVERIFY2(scroll->widget()->minimumSizeHint().width() <= scroll->viewport()->width(),
             qPrintable(QString::number(scroll->widget()->minimumSizeHint().width())));
    QVERIFY(m_table->columnWidth(models::TemplateUsageModel::NameColumn) >= 120);
    QTRY_VERIFY(!m_table->horizontalScrollBar()->isVisible());
}

QTEST_MAIN(TestAnalyticsPage)
#include "tst_analyticspage.moc"
