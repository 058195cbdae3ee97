#include "ui/webhooks/webhookspage.h"

#include "models/webhooks/deliveriesmodel.h"
#include "models/webhooks/quarantinemodel.h"
#include "models/webhooks/tunnelsession.h"
#include "models/webhooks/webhooklistmodel.h"
#include "services/core/qtstring.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/callbackspanel.h"
#include "ui/webhooks/deliveriespanel.h"
#include "ui/webhooks/receivercard.h"
#include "ui/webhooks/refusedpanel.h"
#include "ui/webhooks/registrationspanel.h"
#include "ui/webhooks/tunnelpanel.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/segmentedcontrol.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace sandglass::ui {

using namespace std::chrono_literals;

WebhooksPage::WebhooksPage(models::WebhookListModel &webhooks, models::DeliveriesModel &deliveries,
                           models::QuarantineModel &quarantine, models::TunnelSession &tunnel, QWidget *parent)
    : Page(parent), m_webhooks(webhooks), m_deliveries(deliveries), m_quarantine(quarantine)
{
    setObjectName(QStringLiteral("webhooksPage"));
    m_tools = new QWidget(this);
    auto *tools = new QHBoxLayout(m_tools);
    tools->setContentsMargins(0, 0, 0, 0);
    tools->addStretch(1);
    QPushButton *fresh = makePrimaryButton(tr("New webhook"), QStringLiteral("newWebhook"));
    tools->addWidget(fresh);

    m_receiver = new ReceiverCard;
    m_parts = new SegmentedControl({tr("Registrations"), tr("Deliveries"), tr("Refused"), tr("Tunnel")},
                                   QStringLiteral("webhookParts"));
    m_registrationsPanel = new RegistrationsPanel(webhooks);
    m_deliveriesPanel = new DeliveriesPanel(deliveries, webhooks);
    m_refusedPanel = new RefusedPanel(quarantine);
    m_tunnelPanel = new TunnelPanel(tunnel);
    m_stack = new QStackedWidget;
    for (QWidget *panel :
         std::initializer_list<QWidget *>{m_registrationsPanel, m_deliveriesPanel, m_refusedPanel, m_tunnelPanel})
        m_stack->addWidget(panel);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 16, metrics::pageMargin, metrics::pageMargin);
    layout->setSpacing(12);
    layout->addWidget(m_receiver);
    layout->addWidget(m_parts, 0, Qt::AlignLeft);
    layout->addWidget(m_stack, 1);

    connect(fresh, &QPushButton::clicked, m_registrationsPanel, &RegistrationsPanel::openNewDialog);
    connect(m_parts, &SegmentedControl::currentChanged, m_stack, &QStackedWidget::setCurrentIndex);
    connect(m_receiver, &ReceiverCard::rotateRequested, this, &WebhooksPage::rotateSecretRequested);
    connect(m_receiver, &ReceiverCard::endOverlapRequested, this, &WebhooksPage::endOverlapRequested);
    connect(m_receiver, &ReceiverCard::toast, this, &Page::toast);
    connect(m_registrationsPanel, &RegistrationsPanel::toast, this, &Page::toast);
    connect(m_refusedPanel, &RefusedPanel::toast, this, &Page::toast);
    connect(m_tunnelPanel, &TunnelPanel::toast, this, &Page::toast);
    connect(m_registrationsPanel, &RegistrationsPanel::tunnelRequested, this, [this] { showPart(Tunnel); });
    connect(m_registrationsPanel, &RegistrationsPanel::currentChanged, &m_deliveries, &models::DeliveriesModel::show);
    connect(m_registrationsPanel, &RegistrationsPanel::deliveriesRequested, this, [this] { showPart(Deliveries); });
    connect(&webhooks, &models::WebhookListModel::stateChanged, this, &Page::subtitleChanged);
    connect(&quarantine, &models::QuarantineModel::countsChanged, this, &WebhooksPage::countRefused);
    m_refresh.setInterval(15s);
    connect(&m_refresh, &QTimer::timeout, &m_webhooks, &models::WebhookListModel::refresh);
    showPart(Registrations);
}

bool WebhooksPage::isCurrent() const
{
    return m_webhooks.isCurrent();
}

QString WebhooksPage::subtitle() const
{
    using State = models::WebhookListModel::State;
    const QString name = toQString(m_webhooks.connection().name);
    if (m_webhooks.state() != State::Loaded)
        return name;
    const int count = m_webhooks.rowCount();
    return count == 1 ? tr("1 at %1").arg(name) : tr("%1 at %2").arg(formatCount(count), name);
}

void WebhooksPage::refresh()
{
    m_webhooks.refresh();
    m_deliveries.refresh();
    m_quarantine.refresh();
}

void WebhooksPage::setReceiver(const ReceiverView &receiver)
{
    m_receiver->setReceiver(receiver);
    m_registrationsPanel->setReceiver(receiver.url, receiver.secret);
}

void WebhooksPage::setCallbacks(models::CallbackListModel &callbacks)
{
    m_callbacksPanel = new CallbacksPanel(callbacks);
    m_stack->addWidget(m_callbacksPanel);
    m_parts->addSegment(tr("Callbacks"));
    connect(m_callbacksPanel, &CallbacksPanel::toast, this, &Page::toast);
}

void WebhooksPage::settle()
{
    if (m_callbacksPanel != nullptr)
        m_callbacksPanel->settle();
    m_registrationsPanel->settle();
    m_refusedPanel->settle();
}

void WebhooksPage::showPart(Part part)
{
    m_parts->setCurrentIndex(part);
    m_stack->setCurrentIndex(part);
}

void WebhooksPage::countRefused()
{
    const int kept = m_quarantine.rowCount();
    Q_EMIT badgeChanged(kept > 0 ? formatCount(kept) : QString());
}

void WebhooksPage::showEvent(QShowEvent *event)
{
    Page::showEvent(event);
    m_webhooks.refresh();
    m_refresh.start();
}

void WebhooksPage::hideEvent(QHideEvent *event)
{
    Page::hideEvent(event);
    m_refresh.stop();
}

} // namespace sandglass::ui
