#pragma once

#include "models/webhooks/callbacklistmodel.h"

#include <QWidget>

class QLabel;
class QPushButton;

namespace sandglass::ui {

class TablePane;
class TableView;
class Toast;

/// URLs that this program passes events on to, and what became of them. Removing one waits five seconds for Undo.
class CallbacksPanel final : public QWidget
{
    Q_OBJECT
public:
    explicit CallbacksPanel(models::CallbackListModel &callbacks, QWidget *parent = nullptr);

    void openNewDialog();
    void settle(); ///< does a removal that still waits for Undo

Q_SIGNALS:
    void toast(const QString &text);

private:
    [[nodiscard]] QWidget *buildBar();
    [[nodiscard]] QWidget *buildTable();
    void buildActions();
    void update();
    void editCurrent();
    void toggleCurrent();
    void testCurrent();
    void removeCurrent();
    void onTested(const QString &id, const Result<e2b::TestDeliveryReport> &report);

    models::CallbackListModel &m_callbacks;
    QPushButton *m_test = nullptr;
    QPushButton *m_edit = nullptr;
    QPushButton *m_toggle = nullptr;
    QPushButton *m_remove = nullptr;
    QLabel *m_problem = nullptr;
    QLabel *m_detail = nullptr;
    TablePane *m_pane = nullptr;
    TableView *m_table = nullptr;
    Toast *m_toast = nullptr;
};

} // namespace sandglass::ui
