#pragma once

#include "models/budgets/guardtypes.h"

#include <QObject>
#include <QTimer>

#include <vector>

class QWidget;

namespace sandglass::models {
class GuardDesk;
class PlannedModel;
} // namespace sandglass::models

namespace sandglass::ui {

class Toast;

/// What the guard has to say at once, over whatever page is open: passed thresholds and runaways in a sentence, planned
/// actions with a countdown and "Keep running".
class GuardNotice final : public QObject
{
    Q_OBJECT
public:
    /// `window` carries the notice and owns this.
    GuardNotice(models::GuardDesk &desk, models::PlannedModel &planned, QWidget *window);

    /// While this page is seen the countdown is not: its table says the same.
    void setPage(QWidget *page);
    [[nodiscard]] static QString textOf(const models::GuardAlert &alert, const cost::Budget *budget);

Q_SIGNALS:
    void showRequested(); ///< the page of budgets

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void tellAlerts();
    void tellPlanned();

    models::GuardDesk &m_desk;
    models::PlannedModel &m_planned;
    QWidget *m_page = nullptr;
    Toast *m_toast;
    Toast *m_countdown;
    std::vector<models::GuardAlert> m_alerts; ///< of one evaluation
    QTimer m_collect;
};

} // namespace sandglass::ui
