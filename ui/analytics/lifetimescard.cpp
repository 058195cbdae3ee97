#include "ui/analytics/lifetimescard.h"

#include "models/analytics/analytics.h"
#include "ui/text/format.h"
#include "ui/widgets/card.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/segmentedcontrol.h"
#include "ui/widgets/tableview.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QStackedWidget>
#include <QStandardItemModel>
#include <QVBoxLayout>

#include <numeric>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

namespace {

enum Column { LifetimeColumn, CountColumn, ShareColumn, UpToColumn, ColumnCount };

QString percent(std::int64_t part, std::int64_t whole)
{
    return u"%1 %"_s.arg(100.0 * static_cast<double>(part) / static_cast<double>(whole), 0, 'f', 1);
}

} // namespace

LifetimesCard::LifetimesCard(models::Analytics &analytics, QWidget *parent)
    : QWidget(parent)
    , m_analytics(analytics)
    , m_view(new SegmentedControl({tr("Chart"), tr("Table")}, u"lifetimesView"_s))
    , m_chart(new LifetimeChart(tr("Lifetimes"), u"lifetimesChart"_s))
    , m_table(new QStandardItemModel(0, ColumnCount, this))
    , m_stack(new QStackedWidget)
{
    auto *card = new Card(tr("Lifetimes"));
    card->setHint(tr("created to ended, of those that ended in this window"));
    card->titleRow()->addWidget(m_view);
    m_table->setHorizontalHeaderLabels({tr("Lifetime"), tr("Sandboxes"), tr("Share"), tr("So long or shorter")});
    for (int column = CountColumn; column < ColumnCount; ++column)
        m_table->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    auto *table = new TableView(u"lifetimesTable"_s);
    table->setAccessibleName(tr("Lifetimes"));
    table->setModel(m_table);
    table->setColumnWidths({-1, 100, 90, 150});
    m_stack->addWidget(m_chart);
    m_stack->addWidget(table);
    m_empty = new EmptyState({}, {});
    m_stack->addWidget(m_empty);
    m_view->setCurrentIndex(0);
    card->body()->addWidget(m_stack);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(card);
    connect(m_view, &SegmentedControl::currentChanged, this, &LifetimesCard::fill);
    connect(&m_analytics, &models::Analytics::changed, this, &LifetimesCard::fill);
    fill();
}

void LifetimesCard::fill()
{
    const models::AnalysisPtr &analysis = m_analytics.latest();
    const LifetimeChart::Counts counts = analysis ? analysis->lifetimes : LifetimeChart::Counts{};
    m_chart->setCounts(counts);
    const bool isEmpty = std::accumulate(counts.begin(), counts.end(), std::int64_t{0}) == 0;
    if (analysis)
        m_empty->setTexts(tr("No sandbox ended in this window"),
                          tr("How long sandboxes live is told here once they have ended."));
    else
        m_empty->setTexts(tr("Adding up"), tr("The sandboxes of this window are being read."));
    m_stack->setCurrentIndex(isEmpty ? 2 : m_view->currentIndex());
    fillTable(counts);
}

void LifetimesCard::fillTable(const LifetimeChart::Counts &counts)
{
    const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
    if (total == 0)
        return m_table->setRowCount(0);
    m_table->setRowCount(static_cast<int>(counts.size()));
    std::int64_t upTo = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        upTo += counts[i];
        const auto set = [this, row = static_cast<int>(i)](int column, const QString &text) {
            const QModelIndex index = m_table->index(row, column);
            m_table->setData(index, text);
            if (column != LifetimeColumn)
                m_table->setData(index, static_cast<int>(Qt::AlignRight | Qt::AlignVCenter), Qt::TextAlignmentRole);
        };
        set(LifetimeColumn, LifetimeChart::rangeText(i));
        set(CountColumn, formatCount(counts[i]));
        set(ShareColumn, percent(counts[i], total));
        set(UpToColumn, percent(upTo, total));
    }
}

} // namespace sandglass::ui
