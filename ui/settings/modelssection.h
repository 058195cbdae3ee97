#pragma once

#include "services/refine/modelconnection.h"
#include "ui/settings/keyedlistsection.h"

class QComboBox;
class QSpinBox;

namespace sandglass::models {
class ModelListModel;
class ModelPricesModel;
} // namespace sandglass::models

namespace sandglass::ui {

class ModelPricesBox;

/// The models that can write code: list at the left, the chosen one's address, key and test at the right, its prices
/// below.
class ModelsSection final : public KeyedListSection
{
    Q_OBJECT
public:
    ModelsSection(models::ModelListModel &models, models::ModelPricesModel &prices, QWidget *parent);

    void startNew() override;

private:
    void addFields();
    void showCurrent() override;
    void showStatus() override;
    void save() override;
    void test(const QString &id) override;
    void remove(const QString &id) override;
    [[nodiscard]] refine::ModelConnection fields() const;

    models::ModelListModel &m_models;
    models::ModelPricesModel &m_prices;
    QLabel *m_empty;
    QLineEdit *m_name;
    QComboBox *m_protocol;
    QComboBox *m_address;
    QLineEdit *m_model;
    QSpinBox *m_tokens;
    ModelPricesBox *m_priceBox;
};

} // namespace sandglass::ui
