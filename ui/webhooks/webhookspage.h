#pragma once

#include "ui/shell/page.h"
#include "ui/webhooks/receiverview.h"

#include <QTimer>

class QStackedWidget;

namespace sandglass::models {
class CallbackListModel;
class DeliveriesModel;
class QuarantineModel;
class TunnelSession;
class WebhookListModel;
} // namespace sandglass::models

namespace sandglass::ui {

class CallbacksPanel;
class DeliveriesPanel;
class ReceiverCard;
class RefusedPanel;
class RegistrationsPanel;
class SegmentedControl;
class TunnelPanel;

/// Deliveries of lifecycle events: this program's receiver, the webhooks of the active connection with their delivery
/// log, what was refused and why, and a tunnel for the cloud.
class WebhooksPage final : public Page
{
    Q_OBJECT
public:
    enum Part { Registrations, Deliveries, Refused, Tunnel, Callbacks /**< after setCallbacks() */ };

    WebhooksPage(models::WebhookListModel &webhooks, models::DeliveriesModel &deliveries,
                 models::QuarantineModel &quarantine, models::TunnelSession &tunnel, QWidget *parent = nullptr);

    [[nodiscard]] QString title() const override { return tr("Webhooks"); }
    [[nodiscard]] bool isCurrent() const final;
    [[nodiscard]] QString subtitle() const override;
    [[nodiscard]] QWidget *headerTools() override { return m_tools; }
    void refresh() override;
    void setReceiver(const ReceiverView &receiver);
    /// Once. `callbacks` must outlive the page.
    void setCallbacks(models::CallbackListModel &callbacks);
    void settle(); ///< does what still waits for Undo
    void showPart(Part part);

Q_SIGNALS:
    void rotateSecretRequested();
    void endOverlapRequested();

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void countRefused();

    models::WebhookListModel &m_webhooks;
    models::DeliveriesModel &m_deliveries;
    models::QuarantineModel &m_quarantine;
    QWidget *m_tools = nullptr;
    ReceiverCard *m_receiver = nullptr;
    SegmentedControl *m_parts = nullptr;
    QStackedWidget *m_stack = nullptr;
    RegistrationsPanel *m_registrationsPanel = nullptr;
    DeliveriesPanel *m_deliveriesPanel = nullptr;
    RefusedPanel *m_refusedPanel = nullptr;
    TunnelPanel *m_tunnelPanel = nullptr;
    CallbacksPanel *m_callbacksPanel = nullptr; ///< null before setCallbacks()
    QTimer m_refresh;                           ///< while somebody looks
};

} // namespace sandglass::ui
