#pragma once

#include "models/runs/proposers.h"
#include "models/settings/modellistmodel.h"
#include "models/settings/modelpricebook.h"
#include "models/settings/modelpricesmodel.h"
#include "services/core/result.h"

namespace sandglass::ui {
class MainWindow;
class RefinePage;
class SettingsPage;
} // namespace sandglass::ui

namespace sandglass::app {

/// The list prices of models that come with the program (resources/modelprices.json).
[[nodiscard]] Result<refine::ModelPriceList> loadModelPrices();

/// The language models in the program: their settings, and who proposes code in Refine.
class Modelling final
{
public:
    Modelling(models::Settings &settings, KeyStore &keys);

    void showIn(ui::SettingsPage &settings, ui::RefinePage &refine, ui::MainWindow &window);

private:
    models::ModelPriceBook m_book;
    models::ModelPricesModel m_prices;
    models::ModelListModel m_models;
    models::Proposers m_proposers;
};

} // namespace sandglass::app
