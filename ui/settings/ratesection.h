#pragma once

#include "ui/settings/section.h"

class QComboBox;
class QPushButton;
class QTableView;

namespace sandglass::models {
class ConnectionsModel;
class RateCardModel;
} // namespace sandglass::models

namespace sandglass::ui {

/// The dated prices the costs are computed with: of all connections, or of one.
class RateSection final : public Section
{
    Q_OBJECT
public:
    RateSection(models::RateCardModel &rates, const models::ConnectionsModel &connections, QWidget *parent);

private:
    void buildLayout(QPushButton *add);
    void update();
    void listConnections();

    models::RateCardModel &m_rates;
    const models::ConnectionsModel &m_connections;
    QComboBox *m_whose;
    QTableView *m_table;
    QLabel *m_problem;
    QLabel *m_formula;
    QLabel *m_origin;
    QPushButton *m_remove;
    QPushButton *m_reset;
};

} // namespace sandglass::ui
