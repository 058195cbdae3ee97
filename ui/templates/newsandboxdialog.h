#pragma once

#include "services/core/time.h"
#include "services/cost/ratecard.h"
#include "services/e2b/types.h"

#include <QDialog>

#include <optional>

class QCheckBox;
class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QRadioButton;

namespace sandglass::models {
class NewSandboxSession;
class TemplateListModel;
} // namespace sandglass::models

namespace sandglass::ui {

class PairTable;
class StartNotice;
class TimeoutEdit;

/// Asks for everything a new sandbox needs, says what it can cost at most and what budgets say to it, creates it
/// without blocking and shows failures where the input is. Closes itself when the sandbox is there, or waits for a free
/// place.
class NewSandboxDialog final : public QDialog
{
    Q_OBJECT
public:
    NewSandboxDialog(models::TemplateListModel &templates, models::NewSandboxSession &session, cost::RateCard card,
                     QWidget *parent = nullptr);

    void setTemplate(const QString &templateIdOrName);
    void setTimeoutSeconds(int seconds);
    void setPausesOnTimeout(bool pauses);
    void setConnectionName(const QString &name); ///< shown, so that nobody creates in the wrong place
    /// Says so where a start would break limits of the provider's plans, while `running` sandboxes run there; empty:
    /// not known. For a connection that has plans.
    void warnOfPlanLimits(std::optional<int> running);
    [[nodiscard]] e2b::SandboxSpec spec() const;

    void reject() override; ///< while creating: cancels, and the sandbox with it

Q_SIGNALS:
    void budgetsRequested(); ///< the dialog has closed: the person wants to see the budgets

private:
    void layOut();
    void wire();
    QWidget *buildForm();
    void fillTemplates();
    void onStateChanged();
    void updateCost();
    void updateLimits();
    void updateEnds();
    void updateBudgets();
    void submit(bool isAnyway);
    void showProblem(const QString &text);

    models::TemplateListModel &m_templates;
    models::NewSandboxSession &m_session;
    cost::RateCard m_card;
    QString m_wanted;
    QComboBox *m_template;
    TimeoutEdit *m_timeout;
    PairTable *m_metadata;
    PairTable *m_variables;
    QRadioButton *m_kill;
    QRadioButton *m_pause;
    QLabel *m_killCost;
    QLabel *m_pauseCost;
    QCheckBox *m_internet;
    QLabel *m_connection;
    QLabel *m_cost;
    QLabel *m_limits;
    bool m_hasPlans = false;
    std::optional<int> m_running;
    StartNotice *m_notice;
    QLabel *m_problem;
    QProgressBar *m_progress;
    QPushButton *m_create;
    QPushButton *m_cancel;
    QWidget *m_form;
};

} // namespace sandglass::ui
