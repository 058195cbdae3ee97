#include "ui/webhooks/deliveriespanel.h"

#include "models/webhooks/deliveriesmodel.h"
#include "models/webhooks/webhooklistmodel.h"
#include "services/core/qtstring.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/detailslabel.h"
#include "ui/webhooks/tablepane.h"
#include "ui/webhooks/webhookdelegate.h"
#include "ui/webhooks/webhooktext.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmentedcontrol.h"
#include "ui/widgets/tableview.h"

#include <QHBoxLayout>
#include <QItemSelectionModel>
#include <QLabel>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::DeliveriesModel;

DeliveriesPanel::DeliveriesPanel(DeliveriesModel &deliveries, const models::WebhookListModel &webhooks, QWidget *parent)
    : QWidget(parent), m_deliveries(deliveries), m_webhooks(webhooks)
{
    auto *bar = new QHBoxLayout;
    m_which = makeMuted({});
    m_filter = new SegmentedControl({tr("All"), tr("Failed")}, QStringLiteral("deliveryFilter"));
    m_filter->setCurrentIndex(0);
    bar->addWidget(m_filter);
    bar->addWidget(m_which, 1);
    m_table = new TableView(QStringLiteral("deliveryTable"));
    m_table->setAccessibleName(tr("Deliveries"));
    m_table->setItemDelegate(new DeliveryDelegate(m_table));
    m_table->setModel(&m_deliveries);
    m_table->setColumnWidths({110, 120, -1, 84, 170, 90});
    m_empty = new EmptyState({}, {});
    m_pane = new TablePane(m_table, m_empty);
    m_details = new DetailsLabel(QStringLiteral("deliveryDetails"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(metrics::gap);
    layout->addLayout(bar);
    layout->addWidget(m_pane, 1);
    layout->addWidget(m_details);
    connect(m_filter, &SegmentedControl::currentChanged, this,
            [this](int index) { m_deliveries.setFailedOnly(index == 1); });
    connect(&m_deliveries, &DeliveriesModel::stateChanged, this, &DeliveriesPanel::updateState);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &DeliveriesPanel::updateDetails);
    connect(m_empty, &EmptyState::actionTriggered, &m_deliveries, &DeliveriesModel::refresh);
    updateState();
}

void DeliveriesPanel::updateState()
{
    using State = DeliveriesModel::State;
    const int row = m_webhooks.rowOf(m_deliveries.webhookId());
    const QString name = row < 0 ? QString() : toQString(m_webhooks.at(row).info.name);
    m_which->setText(name.isEmpty() ? QString() : tr("to %1, of the last 7 days at most").arg(name));
    switch (m_deliveries.state()) {
    case State::NothingChosen:
        m_empty->setTexts(tr("No webhook is chosen"), tr("Choose one among the registrations to see what was sent."));
        break;
    case State::Loading:
        m_empty->setTexts(tr("Asking for the deliveries…"), name);
        break;
    case State::Loaded:
        m_empty->setTexts(m_deliveries.isFailedOnly() ? tr("None has failed") : tr("Nothing was sent yet"), name);
        break;
    case State::Failed:
        m_empty->setTexts(tr("The deliveries could not be read"), webhookErrorText(m_deliveries.error()),
                          tr("Try again"));
        break;
    }
    const bool hasRows = m_deliveries.rowCount() > 0 && m_deliveries.state() != State::NothingChosen;
    m_pane->showTable(hasRows);
    updateDetails();
}

void DeliveriesPanel::updateDetails()
{
    const int row = m_pane->currentRow();
    QStringList lines;
    if (row >= 0) {
        int number = 0;
        for (const e2b::WebhookDelivery &attempt : m_deliveries.at(row).attempts)
            lines << tr("Attempt %1 at %2: %3")
                         .arg(++number)
                         .arg(attempt.timestamp ? formatClock(*attempt.timestamp) : tr("an unknown time"),
                              attemptText(attempt));
    }
    m_details->showText(lines.join(u'\n'));
}

} // namespace sandglass::ui
