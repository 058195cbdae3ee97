#include "app/modelling.h"

#include "ui/refine/refinepage.h"
#include "ui/settings/settingspage.h"
#include "ui/shell/mainwindow.h"

#include <QFile>
#include <QLoggingCategory>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logModels, "sandglass.models")

/// Without a list the program is as good; what models cost is not known then.
refine::ModelPriceList listOrNone()
{
    auto list = loadModelPrices();
    if (list)
        return std::move(*list);
    qCWarning(logModels, "no list prices of models: %s", list.error().message.c_str());
    return {};
}

} // namespace

Result<refine::ModelPriceList> loadModelPrices()
{
    QFile file(u":/sandglass/modelprices.json"_s);
    if (!file.open(QIODevice::ReadOnly))
        return failure(Error::Kind::Local, "the built-in list is missing");
    return refine::ModelPriceList::fromJson(file.readAll().toStdString());
}

Modelling::Modelling(models::Settings &settings, KeyStore &keys)
    : m_book(settings, listOrNone())
    , m_prices(m_book)
    , m_models(settings, keys, m_book)
    , m_proposers(settings, m_models, m_book)
{}

void Modelling::showIn(ui::SettingsPage &settings, ui::RefinePage &refine, ui::MainWindow &window)
{
    settings.showModels(m_models, m_prices);
    refine.setProposers(m_proposers);
    QObject::connect(&refine, &ui::RefinePage::modelsRequested, &window, [&settings, &window] {
        window.showPage(u"settings"_s);
        settings.startNewModel();
    });
}

} // namespace sandglass::app
