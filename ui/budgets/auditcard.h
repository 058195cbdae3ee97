#pragma once

#include "services/core/result.h"

#include <QWidget>

class QPushButton;
class QStackedWidget;

namespace sandglass::models {
class AuditModel;
class GuardDesk;
} // namespace sandglass::models

namespace sandglass::ui {

class TableView;

/// What the guard did: a table, the undo of a pause, and the way into a file.
class AuditCard final : public QWidget
{
    Q_OBJECT
public:
    AuditCard(models::AuditModel &audit, models::GuardDesk &desk, QWidget *parent = nullptr);

    /// Every entry that the table holds, as CSV with UTC times.
    [[nodiscard]] QByteArray csv() const;

Q_SIGNALS:
    void toast(const QString &text);

private:
    void resumeSelected();
    void exportAll();
    void update();

    models::AuditModel &m_audit;
    models::GuardDesk &m_desk;
    QStackedWidget *m_stack;
    TableView *m_table;
    QPushButton *m_resume;
    QPushButton *m_export;
};

} // namespace sandglass::ui
