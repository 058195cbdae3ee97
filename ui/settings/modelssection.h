#pragma once

#include "services/refine/modelconnection.h"
#include "ui/settings/section.h"

class QComboBox;
class QLineEdit;
class QListView;
class QPushButton;
class QSpinBox;
class QTableView;

namespace sandglass::models {
class ModelListModel;
class ModelPricesModel;
} // namespace sandglass::models

namespace sandglass::ui {

/// The models that can write code: list at the left, the chosen one's address, key and test at the right, its prices
/// below.
class ModelsSection final : public Section
{
    Q_OBJECT
public:
    ModelsSection(models::ModelListModel &models, models::ModelPricesModel &prices, QWidget *parent);

    void startNew(); ///< an empty form

private:
    QWidget *buildList();
    QWidget *buildForm();
    QWidget *buildPrices();
    void wire();
    void showCurrent();
    void showStatus();
    void showPrices();
    void save();
    void showProblem(const QString &text);
    [[nodiscard]] QString currentId() const;
    [[nodiscard]] refine::ModelConnection fields() const;

    models::ModelListModel &m_models;
    models::ModelPricesModel &m_prices;
    QListView *m_list;
    QLabel *m_empty;
    QLineEdit *m_name;
    QComboBox *m_protocol;
    QComboBox *m_address;
    QLineEdit *m_model;
    QLineEdit *m_key;
    QSpinBox *m_tokens;
    QLabel *m_problem;
    QLabel *m_result;
    QPushButton *m_add;
    QPushButton *m_test;
    QPushButton *m_save;
    QPushButton *m_remove;
    QWidget *m_priceBox;
    QTableView *m_table;
    QLabel *m_origin;
    QLabel *m_priceProblem;
    QPushButton *m_addPrice;
    QPushButton *m_removePrice;
    QPushButton *m_free;
    QPushButton *m_reset;
    bool m_isNew = false;
};

} // namespace sandglass::ui
