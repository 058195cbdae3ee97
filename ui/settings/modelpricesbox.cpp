#include "ui/settings/modelpricesbox.h"

#include "models/settings/modelpricesmodel.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/row.h"

#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace sandglass::ui {

using models::ModelPricesModel;

ModelPricesBox::ModelPricesBox(ModelPricesModel &prices, QWidget *parent)
    : QWidget(parent)
    , m_prices(prices)
    , m_table(new QTableView(this))
    , m_origin(makeLabel({}, "muted", this))
    , m_problem(makeLabel({}, "error", this))
    , m_add(makeButton(tr("Add a price"), QStringLiteral("addModelPrice"), this))
    , m_free(makeButton(tr("It costs nothing"), QStringLiteral("freeModel"), this))
    , m_remove(makeButton(tr("Remove price"), QStringLiteral("removeModelPrice"), this))
    , m_reset(makeButton(tr("Reset to list prices"), QStringLiteral("resetModelPrices"), this))
{
    buildTable();
    m_origin->setObjectName(QStringLiteral("modelPriceOrigin"));
    m_free->setToolTip(tr("For models on this machine"));
    for (QLabel *label : {m_origin, m_problem})
        label->setWordWrap(true);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_origin);
    layout->addWidget(m_table);
    layout->addWidget(m_problem);
    layout->addWidget(makeButtonBar({m_add, m_free, m_remove, m_reset}));
    connect(m_add, &QPushButton::clicked, &m_prices, &ModelPricesModel::addPrice);
    connect(m_remove, &QPushButton::clicked, this, [this] { m_prices.removePrice(m_table->currentIndex().row()); });
    connect(m_free, &QPushButton::clicked, &m_prices, &ModelPricesModel::makeFree);
    connect(m_reset, &QPushButton::clicked, &m_prices, &ModelPricesModel::reset);
    connect(&m_prices, &ModelPricesModel::pricesChanged, this, &ModelPricesBox::showPrices);
    connect(&m_prices, &ModelPricesModel::refused, this, [this](const QString &reason) {
        m_problem->setText(reason);
        m_problem->show();
    });
}

void ModelPricesBox::buildTable()
{
    m_table->setObjectName(QStringLiteral("modelPrices"));
    m_table->setAccessibleName(tr("Prices of the model"));
    m_table->setModel(&m_prices);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(metrics::rowHeight);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    const int widths[] = {140, 90, 120, 110, 90};
    for (int column = 0; column < 5; ++column)
        m_table->setColumnWidth(column, widths[column]);
}

void ModelPricesBox::showPrices()
{
    const int rows = m_prices.rowCount();
    m_problem->hide();
    m_table->setVisible(rows > 0);
    m_table->setFixedHeight(std::clamp(rows, 1, 4) * metrics::rowHeight
                            + m_table->horizontalHeader()->sizeHint().height() + 4);
    const QString unit = tr("Dollars per million tokens; an empty price of the cache is that of input.");
    m_origin->setText(m_prices.isOwn() ? tr("Your own prices. %1").arg(unit)
                          : rows > 0   ? tr("Prices: double-click to change. %1").arg(unit)
                                       : tr("The price of this model is not known, so the cost of its attempts is not, "
                                              "either."));
    m_remove->setVisible(rows > 0 && m_prices.isOwn());
    m_free->setVisible(rows == 0);
    m_reset->setVisible(m_prices.isOwn());
}

} // namespace sandglass::ui
