#pragma once

#include <QWidget>

class QLabel;
class QPushButton;
class QTableView;

namespace sandglass::models {
class ModelPricesModel;
}

namespace sandglass::ui {

/// The prices of one model, dated; where they come from, and buttons to change them.
class ModelPricesBox final : public QWidget
{
    Q_OBJECT
public:
    explicit ModelPricesBox(models::ModelPricesModel &prices, QWidget *parent = nullptr);

private:
    void buildTable();
    void showPrices();

    models::ModelPricesModel &m_prices;
    QTableView *m_table;
    QLabel *m_origin;
    QLabel *m_problem;
    QPushButton *m_add;
    QPushButton *m_free;
    QPushButton *m_remove;
    QPushButton *m_reset;
};

} // namespace sandglass::ui
