#pragma once

#include "models/webhooks/webhooklistmodel.h"

#include <QDialog>

class QLabel;
class QLineEdit;
class QPushButton;

namespace sandglass::ui {

/// Sends a signed test delivery from this machine to a webhook's URL and tells what came back.
class TestDialog final : public QDialog
{
    Q_OBJECT
public:
    /// `secret`: what is known of it; empty = the person gives it.
    TestDialog(models::WebhookListModel &webhooks, const e2b::WebhookInfo &webhook, const QString &secret,
               QWidget *parent);

private:
    void send();
    void show(const Result<e2b::TestDeliveryReport> &report);
    void check();

    models::WebhookListModel &m_webhooks;
    QString m_id;
    QString m_url;
    QLineEdit *m_secret;
    QLabel *m_answer;
    QPushButton *m_send;
    bool m_isSending = false;
};

} // namespace sandglass::ui
