#pragma once

#include <QWidget>

class QLabel;

namespace sandglass::models {
class DeliveriesModel;
class WebhookListModel;
} // namespace sandglass::models

namespace sandglass::ui {

class DetailsLabel;
class EmptyState;
class SegmentedControl;
class TablePane;
class TableView;

/// The delivery log of the webhook that is chosen among the registrations, and each attempt of the chosen delivery.
class DeliveriesPanel final : public QWidget
{
    Q_OBJECT
public:
    DeliveriesPanel(models::DeliveriesModel &deliveries, const models::WebhookListModel &webhooks,
                    QWidget *parent = nullptr);

private:
    void updateState();
    void updateDetails();

    models::DeliveriesModel &m_deliveries;
    const models::WebhookListModel &m_webhooks;
    QLabel *m_which = nullptr;
    SegmentedControl *m_filter = nullptr;
    TablePane *m_pane = nullptr;
    TableView *m_table = nullptr;
    DetailsLabel *m_details = nullptr;
    EmptyState *m_empty = nullptr;
};

} // namespace sandglass::ui
