#include "ui/overview/overviewpage.h"

#include "models/costs/livefigures.h"
#include "models/costs/liveseries.h"
#include "models/costs/timewindow.h"
#include "models/events/eventlistmodel.h"
#include "ui/charts/timechart.h"
#include "ui/costs/timewindowcontrol.h"
#include "ui/events/eventdelegate.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/row.h"
#include "ui/widgets/scrollarea.h"
#include "ui/widgets/segmentedcontrol.h"
#include "ui/widgets/stattile.h"
#include "ui/widgets/tableview.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <chrono>
#include <cmath>
#include <utility>

namespace sandglass::ui {

using models::EventListModel;

namespace {

constexpr int rateMeasure = 1; ///< segment of the chart of costs

} // namespace

OverviewPage::OverviewPage(models::LiveFigures &figures, models::TimeWindow &window, models::LiveSeries &series,
                           EventListModel &events, QWidget *parent)
    : Page(parent), m_figures(figures), m_window(window), m_series(series), m_events(events)
{
    setObjectName(QStringLiteral("overviewPage"));
    buildTools();
    auto *charts = new QHBoxLayout;
    charts->setSpacing(metrics::cardGap);
    charts->addWidget(buildCostChart(), 2);
    charts->addWidget(buildActiveChart(), 1);
    auto *column = new QWidget;
    auto *cards = new QVBoxLayout(column);
    cards->setContentsMargins(metrics::pageMargin, 20, metrics::pageMargin, metrics::pageMargin);
    cards->setSpacing(metrics::cardGap);
    cards->addWidget(buildTiles());
    cards->addLayout(charts, 3);
    cards->addWidget(buildEvents(), 3);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(makeScrollArea(column));
    for (TimeChart *chart : {m_cost, m_activeChart}) {
        connect(chart, &TimeChart::rangeSelected, &m_window, &models::TimeWindow::select);
        connect(chart, &TimeChart::resetRequested, &m_window, &models::TimeWindow::reset);
    }
    connect(&m_figures, &models::LiveFigures::changed, this, &OverviewPage::updateTiles);
    connect(&m_series, &models::LiveSeries::changed, this, &OverviewPage::updateCharts);
    connect(&m_events, &EventListModel::countsChanged, this, &OverviewPage::updateEvents);
    setReadOnly({});
    updateTiles();
    updateEvents();
}

void OverviewPage::setReadOnly(const QString &why)
{
    m_newSandbox->setEnabled(why.isEmpty());
    m_newSandbox->setToolTip(why);
    if (why.isEmpty())
        m_nothingRan->setTexts(tr("Nothing ran in this window"),
                               tr("Start a sandbox, or run the example in Refine, and watch its cost grow here."),
                               tr("New sandbox"));
    else
        m_nothingRan->setTexts(tr("Nothing had run in this window"), tr("Choose a longer window or another moment."));
}

void OverviewPage::buildTools()
{
    m_tools = new QWidget(this);
    auto *layout = makeRow(m_tools, 12);
    layout->addWidget(new TimeWindowControl(m_window, QStringLiteral("overviewWindow")));
    m_newSandbox = makePrimaryButton(tr("New sandbox"), QStringLiteral("overviewNewSandbox"));
    layout->addWidget(m_newSandbox);
    connect(m_newSandbox, &QPushButton::clicked, this, &OverviewPage::newSandboxRequested);
}

QWidget *OverviewPage::buildTiles()
{
    auto *row = new QWidget;
    m_active = new StatTile(tr("Active now"), QStringLiteral("tileActive"));
    m_burnRate = new StatTile(tr("Burn rate"), QStringLiteral("tileBurnRate"));
    m_today = new StatTile(tr("Cost today"), QStringLiteral("tileToday"));
    m_eventsPerMinute = new StatTile(tr("Events per minute"), QStringLiteral("tileEvents"));
    makeRow(row, metrics::cardGap, {m_active, m_burnRate, m_today, m_eventsPerMinute});
    return row;
}

QWidget *OverviewPage::buildCostChart()
{
    auto *card = new Card(tr("Cost over time"));
    m_measure = new SegmentedControl({tr("Cost"), tr("Burn rate")}, QStringLiteral("costMeasure"));
    card->titleRow()->addWidget(m_measure);
    connect(m_measure, &SegmentedControl::currentChanged, this, &OverviewPage::chooseMeasure);
    m_cost = new TimeChart(TimeChart::Kind::StackedArea, tr("Cost over time by template"), QStringLiteral("costChart"));
    m_costStack = new QStackedWidget;
    m_costStack->addWidget(m_cost);
    m_nothingRan = new EmptyState({}, {});
    connect(m_nothingRan, &EmptyState::actionTriggered, this, &OverviewPage::newSandboxRequested);
    m_costStack->addWidget(m_nothingRan);
    card->body()->addWidget(m_costStack);
    chooseMeasure();
    return card;
}

QWidget *OverviewPage::buildActiveChart()
{
    auto *card = new Card(tr("Active sandboxes"));
    m_activeChart = new TimeChart(TimeChart::Kind::Lines, tr("Active sandboxes"), QStringLiteral("activeChart"));
    m_activeChart->setFormatter([](double count) {
        const bool isBroken = count < 4 && count != std::floor(count);
        return isBroken ? QString::number(count, 'f', 1) : formatCount(std::llround(count));
    });
    m_activeChart->setLegendVisible(false);
    card->body()->addWidget(m_activeChart);
    return card;
}

QWidget *OverviewPage::buildEvents()
{
    auto *card = new Card(tr("Events"));
    card->setFlush();
    m_eventTable = new TableView(QStringLiteral("overviewEvents"));
    m_eventTable->setAccessibleName(tr("Recent events"));
    m_eventTable->setItemDelegate(new EventDelegate(m_eventTable));
    m_eventTable->setModel(&m_events);
    m_eventTable->horizontalHeader()->hide();
    m_eventTable->setSelectionMode(QAbstractItemView::NoSelection);
    m_eventTable->setFocusPolicy(Qt::NoFocus);
    m_eventTable->setColumnWidths({84, 102, 172, -1, -1, 112}, {78, 98, 0, 90, 200, 98});
    m_eventTable->setMinimumHeight(3 * metrics::rowHeight);
    m_eventStack = new QStackedWidget;
    m_eventStack->addWidget(m_eventTable);
    m_eventStack->addWidget(new EmptyState(
        tr("No events yet"),
        tr("They arrive by signed webhook as soon as a sandbox is created, paused, resumed or killed.")));
    card->body()->addWidget(m_eventStack);
    return card;
}

void OverviewPage::showEvent(QShowEvent *event)
{
    Page::showEvent(event);
    m_series.setActive(true);
}

void OverviewPage::hideEvent(QHideEvent *event)
{
    Page::hideEvent(event);
    m_series.setActive(false);
}

void OverviewPage::updateTiles()
{
    m_active->setValue(formatCount(m_figures.runningCount() + m_figures.pausedCount()));
    m_active->setDetail(
        tr("%1 running · %2 paused").arg(formatCount(m_figures.runningCount()), formatCount(m_figures.pausedCount())));
    m_burnRate->setValue(formatRate(m_figures.burnRate()));
    m_burnRate->setDetail(
        m_figures.allocatedVcpu() == 0
            ? tr("nothing allocated")
            : tr("allocated %1 vCPU · %2")
                  .arg(formatCount(m_figures.allocatedVcpu()),
                       formatBytes(static_cast<std::int64_t>(m_figures.allocatedMib()) * 1024 * 1024)));
    m_today->setValue(formatMoney(m_figures.costToday()));
    m_today->setDetail(tr("since midnight, by list price"));
    m_eventsPerMinute->setValue(formatCount(m_figures.eventsPerMinute()));
    m_eventsPerMinute->setDetail(tr("%1 in the journal").arg(formatCount(m_figures.journalCount())));
}

void OverviewPage::chooseMeasure()
{
    const bool isRate = m_measure->currentIndex() == rateMeasure;
    m_cost->setFormatter([isRate](double dollars) {
        const Money amount = Money::fromPicoDollars(std::llround(dollars * 1e12));
        return isRate ? formatRate(amount) : formatMoney(amount);
    });
    updateCharts();
}

QByteArray OverviewPage::saveState() const
{
    return QByteArray::number(m_measure->currentIndex());
}

void OverviewPage::restoreState(const QByteArray &state)
{
    m_measure->setCurrentIndex(state.toInt() == rateMeasure ? rateMeasure : 0);
    chooseMeasure();
}

void OverviewPage::updateCharts()
{
    if (!isVisible())
        return;
    ChartData cost{m_series.from(), m_series.to(), {}, m_series.knownUntil()};
    // What a bucket cost, as if an hour went on like it.
    const std::chrono::duration<double, std::ratio<3600>> bucket =
        (m_series.to() - m_series.from()) / models::LiveSeries::bucketCount;
    const double factor = m_measure->currentIndex() == rateMeasure && bucket.count() > 0 ? 1 / bucket.count() : 1;
    for (const auto &line : m_series.cost()) {
        ChartData::Series series{line.name, line.values};
        for (double &value : series.values)
            value *= factor;
        cost.series.push_back(std::move(series));
    }
    m_cost->setData(std::move(cost));
    m_activeChart->setData({m_series.from(), m_series.to(), {{tr("active"), m_series.active()}}});
    m_costStack->setCurrentIndex(m_series.isEmpty() ? 1 : 0);
}

void OverviewPage::updateEvents()
{
    m_eventStack->setCurrentIndex(m_events.rowCount() > 0 ? 0 : 1);
}

} // namespace sandglass::ui
