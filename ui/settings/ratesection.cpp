#include "ui/settings/ratesection.h"

#include "models/settings/ratecardmodel.h"
#include "ui/costs/costformula.h"
#include "ui/theme/theme.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::RateCardModel;

RateSection::RateSection(RateCardModel &rates, QWidget *parent)
    : Section(
        tr("Rate card"),
        tr("Prices per second, each valid from its date on. Double-click to change; past costs are computed again."),
        parent)
    , m_rates(rates)
    , m_table(new QTableView(this))
    , m_problem(makeText("error"))
    , m_formula(makeText("muted"))
    , m_origin(makeText("muted"))
    , m_remove(new QPushButton(tr("Remove"), this))
    , m_reset(new QPushButton(tr("Reset to list prices"), this))
{
    m_table->setObjectName(QStringLiteral("rateTable"));
    m_table->setAccessibleName(tr("Rate card"));
    m_table->setModel(&m_rates);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(metrics::rowHeight);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->setShowGrid(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    const int widths[] = {140, 160, 150};
    for (int column = 0; column < 3; ++column)
        m_table->setColumnWidth(column, widths[column]);
    auto *add = new QPushButton(tr("Add a price"), this);
    add->setObjectName(QStringLiteral("addRate"));
    m_reset->setObjectName(QStringLiteral("resetRates"));
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(add);
    buttons->addWidget(m_remove);
    buttons->addWidget(m_reset);
    buttons->addStretch();
    buttons->addWidget(m_origin);
    body()->addWidget(m_table);
    body()->addWidget(m_problem);
    m_formula->setObjectName(QStringLiteral("costFormula"));
    m_formula->setWordWrap(true);
    m_formula->setTextInteractionFlags(Qt::TextSelectableByMouse);
    body()->addWidget(m_formula);
    body()->addLayout(buttons);
    connect(add, &QPushButton::clicked, &m_rates, &RateCardModel::addRate);
    connect(m_remove, &QPushButton::clicked, this, [this] { m_rates.removeRate(m_table->currentIndex().row()); });
    connect(m_reset, &QPushButton::clicked, &m_rates, &RateCardModel::resetToListPrices);
    connect(&m_rates, &RateCardModel::refused, this, [this](const QString &reason) {
        m_problem->setText(reason);
        m_problem->show();
    });
    connect(&m_rates, &RateCardModel::cardChanged, this, &RateSection::update);
    update();
}

void RateSection::update()
{
    m_problem->hide();
    m_origin->setText(m_rates.isOwn() ? tr("Your own prices") : tr("List prices"));
    if (const cost::Rate *rate = m_rates.card().at(systemNow()))
        m_formula->setText(
            tr("Cost = vCPU × seconds × price per vCPU-second + GiB × seconds × price per GiB-second. "
               "Seconds are those of running, to the millisecond; a pause costs nothing, storage is "
               "included. An hour of 2 vCPU with 512 MiB now: %1.")
                .arg(costEquation({{2, 512, 3'600'000, rate->picoPerVcpuSecond, rate->picoPerGibSecond}})));
    m_reset->setEnabled(m_rates.isOwn());
    m_remove->setEnabled(m_rates.rowCount() > 1);
    const int rows = std::clamp(m_rates.rowCount(), 1, 6);
    m_table->setFixedHeight(rows * metrics::rowHeight + m_table->horizontalHeader()->sizeHint().height() + 4);
}

} // namespace sandglass::ui
