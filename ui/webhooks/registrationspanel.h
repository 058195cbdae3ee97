#pragma once

#include "models/webhooks/webhooklistmodel.h"

#include <QWidget>

class QLabel;
class QPushButton;

namespace sandglass::ui {

class EmptyState;
class TablePane;
class TableView;
class Toast;

/// The webhooks of the active connection and what can be done to them. Removing one waits five seconds for Undo.
class RegistrationsPanel final : public QWidget
{
    Q_OBJECT
public:
    explicit RegistrationsPanel(models::WebhookListModel &webhooks, QWidget *parent = nullptr);

    /// For new webhooks and tests: where this program receives, and with which secret.
    void setReceiver(const QString &url, const QString &secret);
    void openNewDialog();
    void settle(); ///< sends a removal that still waits for Undo

Q_SIGNALS:
    void toast(const QString &text);
    void currentChanged(const QString &webhookId); ///< empty = none
    void deliveriesRequested();
    void tunnelRequested();

private:
    [[nodiscard]] QWidget *buildBar();
    [[nodiscard]] QWidget *buildTable();
    void buildActions();
    void updateState();
    void updateSelection();
    void editCurrent();
    void toggleCurrent();
    void rotateCurrent();
    void testCurrent();
    void removeCurrent();
    void onDone(models::WebhookListModel::Verb verb, const QString &id, const Result<> &outcome);
    [[nodiscard]] QString currentId() const;
    [[nodiscard]] const models::WebhookListModel::Row *currentRow() const;
    [[nodiscard]] bool isCloud() const;

    models::WebhookListModel &m_webhooks;
    QString m_url;
    QString m_secret;
    QLabel *m_problem = nullptr;
    QPushButton *m_test = nullptr;
    QPushButton *m_edit = nullptr;
    QPushButton *m_toggle = nullptr;
    QPushButton *m_rotate = nullptr;
    QPushButton *m_remove = nullptr;
    TablePane *m_pane = nullptr;
    TableView *m_table = nullptr;
    EmptyState *m_empty = nullptr;
    Toast *m_toast = nullptr;
    QString m_selected; ///< kept over model resets
};

} // namespace sandglass::ui
