#pragma once

#include "services/cost/budget.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace sandglass::ui {

/// Asks for everything that a budget is; says beside the fields what makes no sense.
class BudgetDialog final : public QDialog
{
    Q_OBJECT
public:
    /// Names that are known already, offered for the scope.
    struct Names
    {
        QStringList templates, connections, teams;
    };
    /// `budget` as it is to be shown first; its id stays.
    BudgetDialog(const cost::Budget &budget, bool isNew, Names names, QWidget *parent = nullptr);

Q_SIGNALS:
    void saved(const sandglass::cost::Budget &budget); ///< one that makes sense

private:
    void build();
    void addLimitRows(QFormLayout *rows);
    void addScopeRow(QFormLayout *rows);
    void addActionRows(QFormLayout *rows);
    [[nodiscard]] QLayout *buildButtons();
    void fill();
    void updateFields();
    void submit();
    [[nodiscard]] Result<cost::Budget> read() const;
    [[nodiscard]] cost::Budget::Measure measure() const;

    cost::Budget m_budget;
    Names m_names;
    QLineEdit *m_name = nullptr;
    QComboBox *m_measure = nullptr;
    QLineEdit *m_limit = nullptr;
    QLabel *m_unit = nullptr;
    QComboBox *m_period = nullptr;
    QComboBox *m_zone = nullptr;
    QComboBox *m_scope = nullptr;
    QLineEdit *m_scopeKey = nullptr;
    QComboBox *m_scopeValue = nullptr;
    QLineEdit *m_thresholds = nullptr;
    QComboBox *m_action = nullptr;
    QCheckBox *m_dryRun = nullptr;
    QSpinBox *m_grace = nullptr;
    QLineEdit *m_exceptions = nullptr;
    QCheckBox *m_enabled = nullptr;
    QLabel *m_problem = nullptr;
    QPushButton *m_save = nullptr;
};

} // namespace sandglass::ui
