#pragma once

#include "models/webhooks/webhooklistmodel.h"

#include <QDialog>

#include <vector>

class QCheckBox;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;

namespace sandglass::ui {

class EventChoice;
class SigningSecretField;

/// Makes a webhook or changes one: name, URL, events, secret. Stays open until the service has said yes.
class WebhookDialog final : public QDialog
{
    Q_OBJECT
public:
    WebhookDialog(models::WebhookListModel &webhooks, QWidget *parent);

    /// Offered for a new one: this program's receiver with its secret.
    void setReceiver(const QString &url, const QString &secret);
    void edit(const e2b::WebhookInfo &info); ///< instead of making one

Q_SIGNALS:
    void tunnelRequested();

private:
    [[nodiscard]] QLayout *buildForm();
    [[nodiscard]] QLayout *buildButtons();
    void check();
    void submit();
    void onDone(models::WebhookListModel::Verb verb, const QString &id, const Result<> &outcome);
    void setBusy(bool isBusy);
    [[nodiscard]] bool isNew() const { return m_id.isEmpty(); }
    [[nodiscard]] std::vector<std::string> chosenEvents() const;
    [[nodiscard]] QString problem() const; ///< empty when it can be sent

    models::WebhookListModel &m_webhooks;
    QString m_id;
    QString m_receiverUrl;
    QString m_receiverSecret;
    std::vector<std::string> m_otherEvents; ///< of a type unknown here: kept as they are
    QLineEdit *m_name;
    QLineEdit *m_url;
    QLabel *m_reach;
    QPushButton *m_tunnel;
    EventChoice *m_events;
    SigningSecretField *m_secret;
    QCheckBox *m_enabled;
    QLabel *m_problem;
    QProgressBar *m_progress;
    QPushButton *m_save;
    QPushButton *m_cancel;
    bool m_isBusy = false;
};

/// A secret that no API will ever tell again.
class SecretDialog final : public QDialog
{
    Q_OBJECT
public:
    SecretDialog(const QString &webhookName, const QString &secret, QWidget *parent);
};

} // namespace sandglass::ui
