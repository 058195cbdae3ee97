#pragma once

#include "services/cost/budget.h"
#include "ui/shell/page.h"

#include <functional>

class QLabel;
class QPushButton;
class QStackedWidget;

namespace sandglass::models {
class AuditModel;
class BudgetListModel;
class GuardDesk;
class PlannedModel;
class SpendForecast;
} // namespace sandglass::models

namespace sandglass::ui {

class Card;
class TableView;
class Toast;

/// Limits, how far they are used up and where spending leads; runaways; what the guard is about to do and has done.
class BudgetsPage final : public Page
{
    Q_OBJECT
public:
    struct Models
    {
        models::GuardDesk &desk;
        models::BudgetListModel &budgets;
        models::PlannedModel &planned;
        models::AuditModel &audit;
        models::SpendForecast &forecast;
    };
    /// Names that a budget's scope can be about, asked for when its dialog opens.
    using Names = std::function<QStringList()>;

    explicit BudgetsPage(Models models, Names templates = {}, Names connections = {}, QWidget *parent = nullptr);

    [[nodiscard]] QString title() const override { return tr("Budgets"); }
    [[nodiscard]] QString subtitle() const override;
    [[nodiscard]] QWidget *headerTools() override { return m_tools; }
    void refresh() override;
    [[nodiscard]] QByteArray saveState() const override;
    void restoreState(const QByteArray &state) override;

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void buildTools();
    [[nodiscard]] QWidget *buildBudgets();
    [[nodiscard]] QWidget *buildPresets();
    [[nodiscard]] QWidget *buildPlanned();
    void openDialog(const cost::Budget &budget, bool isNew);
    void editCurrent();
    void removeCurrent();
    void take(const cost::Budget &budget);
    void keepPlanned();
    void updateBudgets();
    void updatePlanned();
    void updateProblem();

    Models m_models;
    Names m_templates;
    Names m_connections;
    QWidget *m_tools = nullptr;
    QPushButton *m_edit = nullptr;
    QPushButton *m_remove = nullptr;
    QLabel *m_problem = nullptr;
    QStackedWidget *m_stack = nullptr;
    TableView *m_table = nullptr;
    QWidget *m_plannedCard = nullptr;
    TableView *m_plannedTable = nullptr;
    QPushButton *m_keep = nullptr;
    Toast *m_toast = nullptr;
};

} // namespace sandglass::ui
