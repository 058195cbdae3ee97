#include "ui/costs/costspage.h"

#include "models/costs/costtablemodel.h"
#include "models/costs/liveseries.h"
#include "models/costs/timewindow.h"
#include "ui/charts/timechart.h"
#include "ui/costs/costcsv.h"
#include "ui/costs/costdelegate.h"
#include "ui/costs/timewindowcontrol.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/row.h"
#include "ui/widgets/savedialog.h"
#include "ui/widgets/segmentedcontrol.h"
#include "ui/widgets/tableview.h"

#include <QHBoxLayout>
#include <QSaveFile>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::CostTableModel;

namespace {

constexpr int roomForBoth = 1'240; ///< pixels: two tables with all their columns

} // namespace

CostsPage::CostsPage(models::TimeWindow &window, models::LiveSeries &series, CostTableModel &byTemplate,
                     CostTableModel &bySandbox, QWidget *parent)
    : Page(parent), m_window(window), m_series(series), m_byTemplate(byTemplate), m_bySandbox(bySandbox)
{
    setObjectName(QStringLiteral("costsPage"));
    buildTools();
    auto *chartCard = new Card(tr("Cost over time"));
    chartCard->setHint(tr("by template"));
    m_chart =
        new TimeChart(TimeChart::Kind::StackedArea, tr("Cost over time by template"), QStringLiteral("costsChart"));
    m_chart->setFormatter(
        [](double dollars) { return formatMoney(Money::fromPicoDollars(static_cast<std::int64_t>(dollars * 1e12))); });
    chartCard->body()->addWidget(m_chart);
    m_charts = new QHBoxLayout;
    m_charts->setSpacing(metrics::cardGap);
    m_charts->addWidget(chartCard, 3);
    auto *tables = new QHBoxLayout;
    tables->setSpacing(metrics::cardGap);
    m_templates = buildTable(m_byTemplate, tr("By template"), QStringLiteral("costByTemplate"), false);
    m_sandboxes = buildTable(m_bySandbox, tr("By sandbox"), QStringLiteral("costBySandbox"), true);
    tables->addWidget(m_templates, 1);
    tables->addWidget(m_sandboxes, 1);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 20, metrics::pageMargin, metrics::pageMargin);
    layout->setSpacing(metrics::cardGap);
    layout->addLayout(m_charts, 2);
    layout->addLayout(tables, 3);
    connect(m_chart, &TimeChart::rangeSelected, &m_window, &models::TimeWindow::select);
    connect(m_chart, &TimeChart::resetRequested, &m_window, &models::TimeWindow::reset);
    connect(&m_window, &models::TimeWindow::changed, this, &Page::subtitleChanged);
    connect(&m_series, &models::LiveSeries::changed, this, &CostsPage::updateChart);
    connect(&m_byTemplate, &CostTableModel::totalChanged, this, &Page::subtitleChanged);
    connect(m_grouping, &SegmentedControl::currentChanged, this, &CostsPage::arrangeTables);
    arrangeTables();
}

void CostsPage::showForecast(QWidget *card)
{
    m_charts->addWidget(card, 2);
}

void CostsPage::buildTools()
{
    m_tools = new QWidget(this);
    auto *layout = makeRow(m_tools, 10);
    m_grouping = new SegmentedControl({tr("Templates"), tr("Sandboxes")}, QStringLiteral("costGrouping"));
    m_grouping->setCurrentIndex(0);
    layout->addWidget(m_grouping);
    layout->addWidget(new TimeWindowControl(m_window, QStringLiteral("costWindow")));
    QPushButton *exporter = makeButton(tr("Export CSV…"), QStringLiteral("exportCosts"));
    layout->addWidget(exporter);
    connect(exporter, &QPushButton::clicked, this, &CostsPage::exportCsv);
}

QWidget *CostsPage::buildTable(CostTableModel &model, const QString &title, const QString &objectName, bool monoNames)
{
    auto *card = new Card(title);
    card->setFlush();
    auto *table = new TableView(objectName);
    table->setAccessibleName(title);
    table->setItemDelegate(new CostDelegate(monoNames, table));
    table->setModel(&model);
    table->setColumnWidths({-1, 88, 104, 96, 98, 92}, {monoNames ? 172 : 120, 0, 0, 0, 0, 0});
    card->body()->addWidget(table);
    connect(&model, &CostTableModel::readingChanged, card, [card, &model] {
        card->setHint(!model.failure().isEmpty() ? tr("earlier sandboxes cannot be read: %1").arg(model.failure())
                          : model.isReading()    ? tr("reading earlier sandboxes…")
                                                 : QString());
    });
    return card;
}

bool CostsPage::isCurrent() const
{
    return m_byTemplate.isCurrent() && m_bySandbox.isCurrent();
}

void CostsPage::resizeEvent(QResizeEvent *event)
{
    Page::resizeEvent(event);
    arrangeTables();
}

void CostsPage::arrangeTables()
{
    const bool isWide = width() >= roomForBoth;
    m_grouping->setVisible(!isWide);
    m_templates->setVisible(isWide || m_grouping->currentIndex() == 0);
    m_sandboxes->setVisible(isWide || m_grouping->currentIndex() == 1);
}

QString CostsPage::subtitle() const
{
    if (!m_byTemplate.isCurrent())
        return tr("adding up");
    const QString total = formatMoney(m_byTemplate.total());
    return m_window.isFixed() ? tr("%1 from %2").arg(total, formatSpan(m_window.from(), m_window.to()))
                              : tr("%1 in this window").arg(total);
}

void CostsPage::refresh()
{
    m_byTemplate.refresh();
    m_bySandbox.refresh();
}

QByteArray CostsPage::saveState() const
{
    return QByteArray::number(static_cast<qint64>(m_window.followed().count()));
}

void CostsPage::restoreState(const QByteArray &state)
{
    bool isNumber = false;
    const std::chrono::milliseconds length(state.toLongLong(&isNumber));
    if (isNumber && (length == models::TimeWindow::today || length >= models::TimeWindow::shortest))
        m_window.follow(length);
}

void CostsPage::showEvent(QShowEvent *event)
{
    Page::showEvent(event);
    m_series.setActive(true);
    m_byTemplate.setActive(true);
    m_bySandbox.setActive(true);
}

void CostsPage::hideEvent(QHideEvent *event)
{
    Page::hideEvent(event);
    m_series.setActive(false);
    m_byTemplate.setActive(false);
    m_bySandbox.setActive(false);
}

void CostsPage::updateChart()
{
    if (!isVisible())
        return;
    ChartData chart{m_series.from(), m_series.to(), {}, m_series.knownUntil()};
    for (const auto &line : m_series.cost())
        chart.series.push_back({line.name, line.values});
    m_chart->setData(std::move(chart));
}

void CostsPage::exportCsv()
{
    askWhereToSave(this, tr("Export costs"), QStringLiteral("sandglass-costs.csv"), tr("CSV files (*.csv)"),
                   [this](const QString &path) { writeCsv(path); });
}

void CostsPage::writeCsv(const QString &path)
{
    const QString text = costCsvHeader() + costCsv(m_byTemplate) + costCsv(m_bySandbox);
    QSaveFile file(path);
    const bool written = file.open(QIODevice::WriteOnly) && file.write(text.toUtf8()) >= 0 && file.commit();
    Q_EMIT toast(written ? tr("Exported to %1").arg(path)
                         : tr("%1 cannot be written: %2").arg(path, file.errorString()));
}

} // namespace sandglass::ui
