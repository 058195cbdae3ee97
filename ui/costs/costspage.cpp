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
#include "ui/widgets/elidedlabel.h"
#include "ui/widgets/filedialogs.h"
#include "ui/widgets/row.h"
#include "ui/widgets/segmentedcontrol.h"
#include "ui/widgets/tableview.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::CostTableModel;

namespace {

constexpr int dayItem = 1;             ///< of the groupings
constexpr int roomForBoth = 1'380;     ///< pixels: two tables with all their columns
const QByteArray daysChosen = "\nday"; ///< in the page's state; no key begins with a new line
const QList<int> columnWidths = {-1, 92, 104, 94, 92, 88};

QList<int> leastWidths(int name)
{
    return {name, 0, 0, 0, 0, 0};
}

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
    m_groupCard = buildTable(m_byTemplate, tr("Grouped by"), QStringLiteral("costByTemplate"), false);
    m_groupTable = m_groupCard->findChild<TableView *>();
    m_groupTable->setAccessibleName(tr("By template"));
    m_grouping = new QComboBox;
    m_grouping->setObjectName(QStringLiteral("costGrouping"));
    m_grouping->setAccessibleName(tr("Group costs by"));
    m_grouping->setToolTip(tr("Template, day, or a key of the sandboxes' metadata"));
    m_grouping->addItem(tr("Template"));
    m_groupCard->titleRow()->addWidget(m_grouping);
    tables->addWidget(m_groupCard, 1);
    m_sandboxCard = buildTable(m_bySandbox, tr("By sandbox"), QStringLiteral("costBySandbox"), true);
    m_sandboxCard->titleRow()->addStrut(m_grouping->sizeHint().height()); // both tables begin at one height
    tables->addWidget(m_sandboxCard, 1);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 20, metrics::pageMargin, metrics::pageMargin);
    layout->setSpacing(metrics::cardGap);
    m_figures = new ElidedLabel;
    m_figures->setObjectName(QStringLiteral("costFigures"));
    m_figures->setProperty("role", QStringLiteral("muted"));
    layout->addLayout(m_charts, 2);
    auto *lower = new QVBoxLayout;
    lower->setSpacing(8); // the line belongs to the tables, whose height is scarce in a small window
    lower->addWidget(m_figures);
    lower->addLayout(tables, 1);
    layout->addLayout(lower, 3);
    connect(m_chart, &TimeChart::rangeSelected, &m_window, &models::TimeWindow::select);
    connect(m_chart, &TimeChart::resetRequested, &m_window, &models::TimeWindow::reset);
    connect(&m_window, &models::TimeWindow::changed, this, &Page::subtitleChanged);
    connect(&m_series, &models::LiveSeries::changed, this, &CostsPage::updateChart);
    connect(&m_byTemplate, &CostTableModel::totalChanged, this, &Page::subtitleChanged);
    connect(m_tables, &SegmentedControl::currentChanged, this, &CostsPage::arrangeTables);
    arrangeTables();
    connect(&m_byTemplate, &CostTableModel::totalChanged, this, &CostsPage::updateFigures);
    updateFigures();
}

void CostsPage::showForecast(QWidget *card)
{
    m_charts->addWidget(card, 2);
}

void CostsPage::buildTools()
{
    m_tools = new QWidget(this);
    auto *layout = makeRow(m_tools, 10);
    m_tables = new SegmentedControl({tr("Groups"), tr("Sandboxes")}, QStringLiteral("costTables"));
    m_tables->setCurrentIndex(0);
    layout->addWidget(m_tables);
    layout->addWidget(new TimeWindowControl(m_window, QStringLiteral("costWindow")));
    QPushButton *exporter = makeButton(tr("Export CSV…"), QStringLiteral("exportCosts"));
    layout->addWidget(exporter);
    connect(exporter, &QPushButton::clicked, this, &CostsPage::exportCsv);
}

Card *CostsPage::buildTable(CostTableModel &model, const QString &title, const QString &objectName, bool monoNames)
{
    auto *card = new Card(title);
    card->setFlush();
    auto *table = new TableView(objectName);
    table->setAccessibleName(title);
    table->setItemDelegate(new CostDelegate(monoNames, table));
    table->setModel(&model);
    table->setColumnWidths(columnWidths, leastWidths(monoNames ? 172 : 120));
    card->body()->addWidget(table);
    tellReading(*card, model);
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
    m_tables->setVisible(!isWide);
    m_groupCard->setVisible(isWide || m_tables->currentIndex() == 0);
    m_sandboxCard->setVisible(isWide || m_tables->currentIndex() == 1);
}

void CostsPage::tellReading(Card &card, const CostTableModel &model)
{
    connect(&model, &CostTableModel::readingChanged, &card, [&card, &model] {
        card.setHint(!model.failure().isEmpty() ? tr("earlier sandboxes cannot be read: %1").arg(model.failure())
                         : model.isReading()    ? tr("reading earlier sandboxes…")
                                                : QString());
    });
}

void CostsPage::offerDays(CostTableModel &byDay)
{
    m_byDay = &byDay;
    m_grouping->insertItem(dayItem, tr("Day"));
    tellReading(*m_groupCard, byDay);
    connect(m_grouping, &QComboBox::currentIndexChanged, this, &CostsPage::chooseGrouping);
    if (m_wantsDays)
        m_grouping->setCurrentIndex(dayItem);
}

bool CostsPage::showsDays() const
{
    return m_byDay != nullptr && m_grouping->currentIndex() == dayItem;
}

void CostsPage::offerMetadata(CostTableModel &byMetadata)
{
    m_byMetadata = &byMetadata;
    tellReading(*m_groupCard, byMetadata);
    connect(&byMetadata, &CostTableModel::keysChanged, this, &CostsPage::updateGroupings);
    if (m_byDay == nullptr)
        connect(m_grouping, &QComboBox::currentIndexChanged, this, &CostsPage::chooseGrouping);
    updateGroupings();
}

void CostsPage::updateGroupings()
{
    for (const QString &key : m_byMetadata->keys()) {
        if (m_grouping->findData(key) < 0)
            m_grouping->addItem(key, key);
    }
    if (const int index = m_grouping->findData(m_wantedKey); index > 0 && !m_wantedKey.isEmpty()) {
        m_wantedKey.clear();
        m_grouping->setCurrentIndex(index);
    }
}

void CostsPage::chooseGrouping()
{
    const QString key = m_grouping->currentData().toString();
    if (m_byMetadata != nullptr)
        m_byMetadata->setKey(key);
    if (m_byDay != nullptr)
        m_byDay->setActive(showsDays() && isVisible());
    m_groupTable->setModel(showsDays() ? m_byDay : key.isEmpty() ? &m_byTemplate : m_byMetadata);
    m_groupTable->setColumnWidths(columnWidths, leastWidths(120));
    m_groupTable->setAccessibleName(showsDays()         ? tr("By day")
                                        : key.isEmpty() ? tr("By template")
                                                        : tr("By %1").arg(key));
}

void CostsPage::updateFigures()
{
    const CostTableModel::Figures &figures = m_byTemplate.figures();
    QString text =
        tr("Confirmed %1 · estimated %2").arg(formatMoney(figures.confirmed), formatMoney(figures.estimated));
    if (figures.running == 0)
        text += tr(" · nothing reserved: nothing runs");
    else if (figures.withoutEnd == figures.running)
        text += tr(" · reserved: unknown, no timeout of %1 running is known").arg(formatCount(figures.running));
    else
        text += tr(" · reserved until the timeouts of %1 running: at most %2 more")
                    .arg(formatCount(figures.running - figures.withoutEnd), formatMoney(figures.reserved));
    if (figures.withoutEnd > 0 && figures.withoutEnd < figures.running)
        text += tr(", and unknown for %1").arg(formatCount(figures.withoutEnd));
    m_figures->setText(text);
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
    if (m_byMetadata != nullptr)
        m_byMetadata->refresh();
    if (showsDays())
        m_byDay->refresh();
}

QByteArray CostsPage::saveState() const
{
    const QString key = m_grouping->currentData().toString();
    return QByteArray::number(static_cast<qint64>(m_window.followed().count())) + '\n'
        + (showsDays() ? daysChosen : (key.isEmpty() ? m_wantedKey : key).toUtf8());
}

void CostsPage::restoreState(const QByteArray &state)
{
    const auto lineEnd = state.indexOf('\n');
    bool isNumber = false;
    const std::chrono::milliseconds length(state.left(lineEnd).toLongLong(&isNumber));
    if (isNumber && (length == models::TimeWindow::today || length >= models::TimeWindow::shortest))
        m_window.follow(length);
    const QByteArray chosen = lineEnd < 0 ? QByteArray() : state.mid(lineEnd + 1);
    m_wantsDays = chosen == daysChosen;
    if (m_wantsDays && m_byDay != nullptr)
        m_grouping->setCurrentIndex(dayItem);
    else if (!m_wantsDays && lineEnd >= 0)
        m_wantedKey = QString::fromUtf8(chosen);
    if (m_byMetadata != nullptr)
        updateGroupings();
}

void CostsPage::showEvent(QShowEvent *event)
{
    Page::showEvent(event);
    m_series.setActive(true);
    m_byTemplate.setActive(true);
    m_bySandbox.setActive(true);
    if (m_byMetadata != nullptr)
        m_byMetadata->setActive(true);
    if (showsDays())
        m_byDay->setActive(true);
}

void CostsPage::hideEvent(QHideEvent *event)
{
    Page::hideEvent(event);
    m_series.setActive(false);
    m_byTemplate.setActive(false);
    m_bySandbox.setActive(false);
    if (m_byMetadata != nullptr)
        m_byMetadata->setActive(false);
    if (m_byDay != nullptr)
        m_byDay->setActive(false);
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
    QString text = costCsvHeader() + costCsv(m_byTemplate) + costCsv(m_bySandbox);
    if (showsDays())
        text += costCsv(*m_byDay);
    if (m_byMetadata != nullptr && !m_byMetadata->key().isEmpty())
        text += costCsv(*m_byMetadata);
    exportTo(this, path, text.toUtf8(), [this](const QString &told) { Q_EMIT toast(told); });
}

} // namespace sandglass::ui
