#pragma once

#include "models/analytics/analysis.h"

#include <QWidget>

#include <array>

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QPushButton;
class QSpinBox;

namespace sandglass::models {
class Analytics;
}

namespace sandglass::ui {

/// What the runs of the time window would have cost with another size, idle timeout, plan or number at once: as it was,
/// as it would have been, and the difference.
class WhatIfPanel final : public QWidget
{
    Q_OBJECT
public:
    explicit WhatIfPanel(models::Analytics &analytics, QWidget *parent = nullptr);

private:
    void build();
    [[nodiscard]] QWidget *buildFields();
    [[nodiscard]] QWidget *buildFigures();
    [[nodiscard]] cost::WhatIf change() const;
    void ask();
    void reset();
    void fill(const models::AnalysisPtr &analysis);
    [[nodiscard]] QString notes(const models::Analysis &analysis) const;

    models::Analytics &m_analytics;
    QSpinBox *m_vcpu = nullptr;      ///< 0: as it was
    QSpinBox *m_memory = nullptr;    ///< MiB; 0: as it was
    QDoubleSpinBox *m_was = nullptr; ///< minutes
    QDoubleSpinBox *m_now = nullptr; ///< minutes; 0: as it was
    QComboBox *m_plan = nullptr;     ///< 0: as it was, then cost::listPlans()
    QSpinBox *m_atOnce = nullptr;    ///< 0: as it was
    QPushButton *m_reset = nullptr;
    std::array<QLabel *, 3> m_figures{}; ///< was, would be, difference
    QLabel *m_notes = nullptr;
};

} // namespace sandglass::ui
