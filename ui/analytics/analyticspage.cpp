#include "ui/analytics/analyticspage.h"

#include "models/analytics/analytics.h"
#include "models/analytics/templateusagemodel.h"
#include "models/costs/timewindow.h"
#include "services/core/qtstring.h"
#include "ui/analytics/lifetimescard.h"
#include "ui/analytics/runscard.h"
#include "ui/analytics/usagedelegate.h"
#include "ui/analytics/whatifpanel.h"
#include "ui/charts/timechart.h"
#include "ui/costs/csv.h"
#include "ui/costs/timewindowcontrol.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/filedialogs.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/row.h"
#include "ui/widgets/scrollarea.h"
#include "ui/widgets/searchfield.h"
#include "ui/widgets/stattile.h"
#include "ui/widgets/tableview.h"
#include "ui/widgets/wheelguard.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <array>
#include <cmath>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

using models::TemplateUsageModel;

namespace {

constexpr int narrowWidth = 1'000;
constexpr int chartHeight = 200, lowerHeight = 340;
constexpr int fewestRows = 4, mostRows = 10; ///< of the table, before it scrolls
constexpr int mostAtOnce = 100'000, usualLimit = 20;

int ownLimitIndex()
{
    return static_cast<int>(cost::listPlans().size()) + 1;
}

QString rateText(double value)
{
    return QString::number(value, 'g', 3);
}

QString countText(double value)
{
    return formatCount(std::llround(value));
}

QString exactly(std::optional<Money> amount)
{
    return amount ? toQString(amount->toFixed(12)) : QString();
}

QString exactly(std::optional<std::chrono::milliseconds> time)
{
    return time ? QString::number(time->count()) : QString();
}

QString lifetimeText(std::optional<std::chrono::milliseconds> lifetime)
{
    return lifetime ? formatAge(*lifetime) : u"—"_s;
}

} // namespace

AnalyticsPage::AnalyticsPage(models::Analytics &analytics, models::TimeWindow &window, TemplateUsageModel &usage,
                             QWidget *parent)
    : Page(parent), m_analytics(analytics), m_window(window), m_usage(usage)
{
    setObjectName(u"analyticsPage"_s);
    buildTools();
    auto *column = new QWidget;
    auto *cards = new QVBoxLayout(column);
    cards->setContentsMargins(metrics::pageMargin, 20, metrics::pageMargin, metrics::pageMargin);
    cards->setSpacing(metrics::cardGap);
    m_problem = makeLabel({}, "error");
    m_problem->setObjectName(u"analyticsProblem"_s);
    m_problem->setWordWrap(true);
    cards->addWidget(m_problem);
    cards->addWidget(buildTiles());
    const auto addRow = [this, cards](QWidget *left, QWidget *right) {
        auto *row = new QBoxLayout(QBoxLayout::LeftToRight);
        row->setSpacing(metrics::cardGap);
        row->addWidget(left, 1);
        row->addWidget(right, 1);
        cards->addLayout(row);
        m_rows.push_back(row);
    };
    addRow(buildConcurrency(), buildStarts());
    cards->addWidget(buildUsage());
    m_runs = new RunsCard(m_analytics, m_window);
    cards->addWidget(m_runs);
    auto *lifetimes = new LifetimesCard(m_analytics);
    lifetimes->setMinimumHeight(lowerHeight);
    addRow(lifetimes, new WhatIfPanel(m_analytics));
    cards->addStretch(1);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(makeScrollArea(column));

    for (TimeChart *chart : {m_concurrency, m_starts}) {
        connect(chart, &TimeChart::rangeSelected, &m_window, &models::TimeWindow::select);
        connect(chart, &TimeChart::resetRequested, &m_window, &models::TimeWindow::reset);
    }
    connect(&m_window, &models::TimeWindow::changed, this, &Page::subtitleChanged);
    connect(&m_analytics, &models::Analytics::changed, this, &AnalyticsPage::updateAll);
    updateLimit();
    updateAll();
}

void AnalyticsPage::buildTools()
{
    m_tools = new QWidget(this);
    auto *layout = makeRow(m_tools, 10);
    m_filter = new SearchField(tr("Template, * for any"), u"analyticsFilter"_s);
    m_filter->setAccessibleName(tr("Only templates whose name or id is like this"));
    m_filter->setToolTip(tr("Only this template, by its name or id. * stands for any letters: ml-*"));
    m_filter->setMinimumWidth(150);
    layout->addWidget(m_filter);
    layout->addWidget(new TimeWindowControl(m_window, u"analyticsWindow"_s));
    connect(m_filter, &SearchField::searchChanged, &m_analytics, &models::Analytics::setTemplateFilter);
}

QWidget *AnalyticsPage::buildTiles()
{
    auto *row = new QWidget;
    auto *layout = new QBoxLayout(QBoxLayout::LeftToRight, row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(metrics::gap);
    m_rows.push_back(layout);
    m_created = new StatTile(tr("Created today"), u"tileCreated"_s);
    m_killed = new StatTile(tr("Killed today"), u"tileKilled"_s);
    m_lifetime = new StatTile(tr("Average lifetime"), u"tileLifetime"_s);
    m_concurrent = new StatTile(tr("Running now"), u"tileConcurrent"_s);
    m_failures = new StatTile(tr("Failures"), u"tileFailures"_s);
    m_early = new StatTile(tr("Early ends"), u"tileEarly"_s);
    m_failures->setToolTip(tr("Lost, or killed for a reason that is neither their timeout nor anybody's wish."));
    m_early->setToolTip(tr("Gone before their planned end without anybody having asked for it."));
    m_lifetime->setToolTip(tr("From created to ended, of those that ended in this window."));
    for (const auto &half : {std::array{m_created, m_killed, m_lifetime}, {m_concurrent, m_failures, m_early}}) {
        auto *three = new QHBoxLayout;
        three->setSpacing(metrics::gap);
        for (StatTile *tile : half)
            three->addWidget(tile, 1);
        layout->addLayout(three, 1);
    }
    return row;
}

QWidget *AnalyticsPage::buildConcurrency()
{
    auto *card = new Card(tr("Running and paused"));
    m_plan = new QComboBox;
    m_plan->setObjectName(u"limitPlan"_s);
    m_plan->setAccessibleName(tr("Limit line"));
    m_plan->setToolTip(tr("How many the plan lets run at once, as a line in the chart"));
    m_plan->addItem(tr("No limit"));
    for (const cost::Plan &plan : cost::listPlans())
        m_plan->addItem(tr("%1: %2").arg(toQString(plan.name), formatCount(plan.maxConcurrent)));
    m_plan->addItem(tr("Own number"));
    m_ownLimit = new QSpinBox;
    m_ownLimit->setObjectName(u"ownLimit"_s);
    m_ownLimit->setAccessibleName(tr("Most at once"));
    m_ownLimit->setRange(1, mostAtOnce);
    m_ownLimit->setValue(usualLimit);
    guardFromWheel(m_plan);
    guardFromWheel(m_ownLimit);
    card->titleRow()->addWidget(m_ownLimit);
    card->titleRow()->addWidget(m_plan);
    m_concurrency = new TimeChart(TimeChart::Kind::Lines, tr("Running and paused"), u"concurrencyChart"_s);
    m_concurrency->setFormatter(countText);
    m_concurrency->setMinimumHeight(chartHeight);
    card->body()->addWidget(m_concurrency);
    connect(m_plan, &QComboBox::currentIndexChanged, this, &AnalyticsPage::updateLimit);
    connect(m_ownLimit, &QSpinBox::valueChanged, this, &AnalyticsPage::updateLimit);
    return card;
}

QWidget *AnalyticsPage::buildStarts()
{
    auto *card = new Card(tr("Starts per minute"));
    card->setHint(tr("created and resumed"));
    m_starts = new TimeChart(TimeChart::Kind::StackedArea, tr("Starts per minute"), u"startsChart"_s);
    m_starts->setFormatter(rateText);
    m_starts->setLegendVisible(false);
    m_starts->setMinimumHeight(chartHeight);
    card->body()->addWidget(m_starts);
    return card;
}

QWidget *AnalyticsPage::buildUsage()
{
    auto *card = new Card(tr("Templates"));
    card->setHint(tr("click one to see it alone"));
    card->setFlush();
    m_allTemplates = makeButton(tr("Show all templates"), u"allTemplates"_s);
    m_export = makeQuietButton(tr("Export CSV…"), u"exportUsage"_s);
    card->titleRow()->addWidget(m_allTemplates);
    card->titleRow()->addWidget(m_export);
    m_table = new TableView(u"usageTable"_s);
    m_table->setAccessibleName(tr("Use of templates"));
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setItemDelegate(new UsageDelegate(m_table));
    m_table->setModel(&m_usage);
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(TemplateUsageModel::AmountColumn, Qt::DescendingOrder);
    m_table->setColumnWidths({-1, 68, 92, 96, 104, 92, 68, 76, 84, 64, 72, 84, 116, 116},
                             {120, 60, 84, 88, 84, 84, 60, 78, 84, 60, 68, 80, 108, 108});
    m_table->setOptionalColumns({TemplateUsageModel::PerPassedColumn, TemplateUsageModel::RunTimeColumn,
                                 TemplateUsageModel::RunCostColumn, TemplateUsageModel::EndedColumn,
                                 TemplateUsageModel::PassedColumn, TemplateUsageModel::RunsColumn});
    m_usageEmpty = new EmptyState({}, {});
    m_usageStack = new QStackedWidget;
    m_usageStack->addWidget(m_table);
    m_usageStack->addWidget(m_usageEmpty);
    card->body()->addWidget(m_usageStack);
    const auto choose = [this](const QModelIndex &index) { filterBy(toQString(m_usage.at(index.row()).name)); };
    connect(m_table, &QTableView::clicked, this, choose);
    connect(m_table, &QTableView::activated, this, choose);
    connect(m_allTemplates, &QPushButton::clicked, this, [this] { filterBy({}); });
    connect(m_export, &QPushButton::clicked, this, &AnalyticsPage::exportUsage);
    return card;
}

void AnalyticsPage::filterBy(const QString &pattern)
{
    m_filter->setText(pattern);
    m_analytics.setTemplateFilter(pattern);
}

bool AnalyticsPage::isCurrent() const
{
    return m_analytics.isCurrent();
}

QString AnalyticsPage::subtitle() const
{
    const models::AnalysisPtr &analysis = m_analytics.latest();
    if (!analysis)
        return tr("adding up");
    const auto count = static_cast<std::int64_t>(analysis->templates.size());
    QString text = count == 1 ? tr("1 template, %1").arg(formatMoney(analysis->total))
                              : tr("%1 templates, %2").arg(formatCount(count), formatMoney(analysis->total));
    if (m_window.isFixed())
        text += u" · " + formatSpan(m_window.from(), m_window.to());
    return text;
}

void AnalyticsPage::focusSearch()
{
    m_filter->setFocus(Qt::ShortcutFocusReason);
    m_filter->selectAll();
}

void AnalyticsPage::refresh()
{
    m_analytics.refresh();
}

QByteArray AnalyticsPage::saveState() const
{
    return QByteArray::number(m_plan->currentIndex()) + ' ' + QByteArray::number(m_ownLimit->value());
}

void AnalyticsPage::restoreState(const QByteArray &state)
{
    const QList<QByteArray> parts = state.split(' ');
    if (const int own = parts.value(1).toInt(); own > 0)
        m_ownLimit->setValue(own);
    if (const int plan = parts.value(0).toInt(); plan > 0 && plan < m_plan->count())
        m_plan->setCurrentIndex(plan);
}

void AnalyticsPage::showEvent(QShowEvent *event)
{
    Page::showEvent(event);
    m_analytics.setActive(true);
}

void AnalyticsPage::hideEvent(QHideEvent *event)
{
    Page::hideEvent(event);
    m_analytics.setActive(false);
}

void AnalyticsPage::resizeEvent(QResizeEvent *event)
{
    Page::resizeEvent(event);
    const bool isNarrow = width() < narrowWidth;
    for (QBoxLayout *row : m_rows)
        row->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    m_runs->setNarrow(isNarrow);
}

void AnalyticsPage::updateLimit()
{
    const int index = m_plan->currentIndex();
    m_ownLimit->setVisible(index == ownLimitIndex());
    if (index == 0)
        return m_concurrency->setLimit(0, {});
    if (index == ownLimitIndex())
        return m_concurrency->setLimit(m_ownLimit->value(), tr("limit %1").arg(formatCount(m_ownLimit->value())));
    const cost::Plan &plan = cost::listPlans()[static_cast<std::size_t>(index - 1)];
    m_concurrency->setLimit(plan.maxConcurrent, tr("%1 %2").arg(toQString(plan.name), formatCount(plan.maxConcurrent)));
}

void AnalyticsPage::updateAll()
{
    updateTiles();
    updateCharts();
    updateUsage();
    QStringList problems;
    if (!m_analytics.failure().isEmpty())
        problems << tr("Older sandboxes are missing in these figures: %1.").arg(m_analytics.failure());
    if (m_analytics.latest() && m_analytics.latest()->leftOut > 0)
        problems << tr("%1 sandboxes are too many to be read and are left out; a shorter window has them all.")
                        .arg(formatCount(m_analytics.latest()->leftOut));
    m_problem->setText(problems.join(u' '));
    m_problem->setVisible(!problems.isEmpty());
    Q_EMIT subtitleChanged();
}

void AnalyticsPage::updateTiles()
{
    const models::AnalysisPtr &analysis = m_analytics.latest();
    if (!analysis) {
        for (StatTile *tile : {m_created, m_killed, m_lifetime, m_concurrent, m_failures, m_early}) {
            tile->setValue(u"—"_s);
            tile->setDetail(tr("adding up"));
        }
        return;
    }
    const auto ofEnded = [&] { return tr("of %1 ended").arg(formatCount(analysis->ended)); };
    m_created->setValue(formatCount(analysis->createdToday));
    m_created->setDetail(tr("%1 in window").arg(formatCount(analysis->created)));
    m_killed->setValue(formatCount(analysis->killedToday));
    m_killed->setDetail(tr("%1 ended in window").arg(formatCount(analysis->ended)));
    m_lifetime->setValue(lifetimeText(analysis->averageLifetime));
    m_lifetime->setDetail(analysis->medianLifetime ? tr("median %1").arg(lifetimeText(analysis->medianLifetime))
                                                   : tr("none ended"));
    m_concurrent->setValue(formatCount(analysis->runningNow));
    m_concurrent->setDetail(
        tr("peak %1 · %2 paused").arg(formatCount(analysis->mostRunning), formatCount(analysis->pausedNow)));
    m_failures->setValue(formatCount(analysis->failures));
    m_failures->setDetail(analysis->timeouts == 1 ? tr("1 timeout")
                                                  : tr("%1 timeouts").arg(formatCount(analysis->timeouts)));
    m_early->setValue(formatCount(analysis->early));
    m_early->setDetail(ofEnded());
}

void AnalyticsPage::updateCharts()
{
    const models::AnalysisPtr &analysis = m_analytics.latest();
    if (!analysis || !isVisible())
        return;
    m_concurrency->setData({analysis->chartFrom,
                            analysis->chartTo,
                            {{tr("running"), analysis->running}, {tr("paused"), analysis->paused}}});
    m_starts->setData({analysis->chartFrom, analysis->chartTo, {{tr("starts per minute"), analysis->startsPerMinute}}});
}

void AnalyticsPage::updateUsage()
{
    const QString filter = m_analytics.templateFilter();
    const int rows = m_usage.rowCount();
    if (!m_analytics.latest())
        m_usageEmpty->setTexts(tr("Adding up"), tr("The sandboxes of this window are being read."));
    else if (filter.isEmpty())
        m_usageEmpty->setTexts(tr("Nothing ran in this window"),
                               tr("Choose a longer window above, or start a sandbox."));
    else
        m_usageEmpty->setTexts(tr("No template like \"%1\" ran in this window").arg(filter),
                               tr("A name has to match as a whole; * stands for any letters, as in ml-*."));
    m_usageStack->setCurrentIndex(rows > 0 ? 0 : 1);
    m_usageStack->setFixedHeight(std::clamp(rows, fewestRows, mostRows) * metrics::rowHeight
                                 + m_table->horizontalHeader()->sizeHint().height() + 4);
    m_allTemplates->setVisible(!filter.isEmpty());
    m_export->setEnabled(rows > 0);
}

QByteArray AnalyticsPage::usageCsv() const
{
    QString text = csvRecord({u"template"_s, u"starts"_s, u"running_ms"_s, u"usd"_s, u"median_lifetime_ms"_s,
                              u"ended"_s, u"failures"_s, u"timeouts"_s, u"early_ends"_s, u"code_runs"_s,
                              u"runs_passed"_s, u"runs_failed"_s, u"runs_timed_out"_s, u"run_median_ms"_s,
                              u"run_p95_ms"_s, u"run_usd"_s, u"runs_unpriced"_s, u"usd_per_passed_run"_s});
    for (int row = 0; row < m_usage.rowCount(); ++row) {
        const models::TemplateUsage &usage = m_usage.at(row);
        const models::RunFigures &runs = usage.runs;
        text +=
            csvRecord({toQString(usage.name), QString::number(usage.starts), QString::number(usage.running.count()),
                       exactly(usage.cost), exactly(usage.medianLifetime), QString::number(usage.ended),
                       QString::number(usage.failures), QString::number(usage.timeouts), QString::number(usage.early),
                       QString::number(runs.count), QString::number(runs.passed), QString::number(runs.failed),
                       QString::number(runs.timedOut), exactly(runs.medianDuration), exactly(runs.p95Duration),
                       exactly(runs.cost), QString::number(runs.unpriced), exactly(runs.costPerPassed())});
    }
    return text.toUtf8();
}

void AnalyticsPage::exportUsage()
{
    askWhereToSave(this, tr("Export the use of templates"), u"sandglass-templates.csv"_s, tr("CSV files (*.csv)"),
                   [this](const QString &path) {
                       exportTo(this, path, usageCsv(), [this](const QString &told) { Q_EMIT toast(told); });
                   });
}

} // namespace sandglass::ui
