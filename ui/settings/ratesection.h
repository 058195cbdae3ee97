#pragma once

#include "ui/settings/section.h"

class QPushButton;
class QTableView;

namespace sandglass::models {
class RateCardModel;
}

namespace sandglass::ui {

/// The dated prices the costs are computed with.
class RateSection final : public Section
{
    Q_OBJECT
public:
    RateSection(models::RateCardModel &rates, QWidget *parent);

private:
    void update();

    models::RateCardModel &m_rates;
    QTableView *m_table;
    QLabel *m_problem;
    QLabel *m_formula;
    QLabel *m_origin;
    QPushButton *m_remove;
    QPushButton *m_reset;
};

} // namespace sandglass::ui
