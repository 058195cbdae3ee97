#include "ui/settings/ratesection.h"

#include "models/settings/connectionsmodel.h"
#include "models/settings/ratecardmodel.h"
#include "services/core/qtstring.h"
#include "ui/costs/costformula.h"
#include "ui/theme/theme.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace sandglass::ui {

using models::RateCardModel;

RateSection::RateSection(RateCardModel &rates, const models::ConnectionsModel &connections, QWidget *parent)
    : Section(
        tr("Rate card"),
        tr("Prices per second, each valid from its date on. Double-click to change; past costs are computed again."),
        parent)
    , m_rates(rates)
    , m_connections(connections)
    , m_whose(new QComboBox(this))
    , m_table(new QTableView(this))
    , m_problem(makeText("error"))
    , m_formula(makeText("muted"))
    , m_origin(makeText("muted"))
    , m_remove(new QPushButton(tr("Remove"), this))
    , m_reset(new QPushButton(this))
{
    m_whose->setObjectName(QStringLiteral("rateConnection"));
    m_whose->setAccessibleName(tr("Connection whose prices are shown"));
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
    m_formula->setObjectName(QStringLiteral("costFormula"));
    m_formula->setWordWrap(true);
    m_formula->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_origin->setObjectName(QStringLiteral("rateOrigin"));
    m_reset->setObjectName(QStringLiteral("resetRates"));
    auto *add = new QPushButton(tr("Add a price"), this);
    add->setObjectName(QStringLiteral("addRate"));
    buildLayout(add);
    connect(add, &QPushButton::clicked, &m_rates, &RateCardModel::addRate);
    connect(m_remove, &QPushButton::clicked, this, [this] { m_rates.removeRate(m_table->currentIndex().row()); });
    connect(m_reset, &QPushButton::clicked, &m_rates, &RateCardModel::reset);
    connect(m_whose, &QComboBox::activated, this, [this] { m_rates.setConnection(m_whose->currentData().toString()); });
    connect(&m_rates, &RateCardModel::refused, this, [this](const QString &reason) {
        m_problem->setText(reason);
        m_problem->show();
    });
    connect(&m_rates, &RateCardModel::cardChanged, this, &RateSection::update);
    using models::ConnectionsModel;
    connect(&m_connections, &ConnectionsModel::modelReset, this, &RateSection::listConnections);
    connect(&m_connections, &ConnectionsModel::rowsInserted, this, &RateSection::listConnections);
    connect(&m_connections, &ConnectionsModel::rowsRemoved, this, &RateSection::listConnections);
    connect(&m_connections, &ConnectionsModel::dataChanged, this, &RateSection::listConnections);
    listConnections();
}

void RateSection::buildLayout(QPushButton *add)
{
    auto *whose = new QHBoxLayout;
    whose->addWidget(makeText("muted", tr("Prices of")));
    whose->addWidget(m_whose);
    whose->addStretch();
    whose->addWidget(m_origin);
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(add);
    buttons->addWidget(m_remove);
    buttons->addWidget(m_reset);
    buttons->addStretch();
    body()->addLayout(whose);
    body()->addWidget(m_table);
    body()->addWidget(m_problem);
    body()->addWidget(m_formula);
    body()->addLayout(buttons);
}

/// Names change, connections come and go: the one that is chosen stays as long as it is there.
void RateSection::listConnections()
{
    QList<std::pair<QString, QString>> wanted{{tr("All connections"), QString()}};
    for (int row = 0; row < m_connections.rowCount(); ++row) {
        const e2b::Connection &connection = m_connections.at(row).connection;
        wanted.append({toQString(connection.name), toQString(connection.id)});
    }
    QList<std::pair<QString, QString>> listed;
    for (int i = 0; i < m_whose->count(); ++i)
        listed.append({m_whose->itemText(i), m_whose->itemData(i).toString()});
    if (wanted == listed)
        return; // news of a connection that change nothing here leave an open list alone
    m_whose->clear();
    for (const auto &[name, id] : wanted)
        m_whose->addItem(name, id);
    const int chosen = m_whose->findData(m_rates.connection());
    if (chosen < 0)
        return m_rates.setConnection({}); // comes back through update()
    m_whose->setCurrentIndex(chosen);
    update();
}

void RateSection::update()
{
    m_problem->hide();
    m_whose->setCurrentIndex(std::max(0, m_whose->findData(m_rates.connection())));
    const bool isOfAll = m_rates.connection().isEmpty();
    m_origin->setText(m_rates.isOwn() ? isOfAll ? tr("Your own prices") : tr("Prices of this connection")
                          : isOfAll ? tr("List prices")
                                      : tr("As all connections; a change makes them its own"));
    m_reset->setText(isOfAll ? tr("Reset to list prices") : tr("Use those of all connections"));
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
