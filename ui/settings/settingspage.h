#pragma once

#include "ui/settings/collectorssection.h"
#include "ui/settings/diagnosticssection.h"
#include "ui/settings/enginesection.h"
#include "ui/settings/noticessection.h"
#include "ui/settings/receiversection.h"
#include "ui/settings/streamsection.h"
#include "ui/settings/traysection.h"
#include "ui/shell/page.h"

class QScrollArea;
class QVBoxLayout;

namespace sandglass::models {
class ConnectionsModel;
class ModelListModel;
class ModelPricesModel;
class RateCardModel;
class Settings;
} // namespace sandglass::models

namespace sandglass::ui {

class ModelsSection;

/// Connections, engine, receiver, prices, appearance, diagnostics. Gets values and models; services stay out of sight.
class SettingsPage final : public Page
{
    Q_OBJECT
public:
    SettingsPage(models::Settings &settings, models::ConnectionsModel &connections, models::RateCardModel &rates,
                 QWidget *parent = nullptr);

    [[nodiscard]] QString title() const override;
    void showModels(models::ModelListModel &models, models::ModelPricesModel &prices); ///< once, below the connections
    void startNewModel();                                                              ///< scrolls to the form for it
    void setEngine(const EngineView &engine) { m_engine->setEngine(engine); }
    void offerEngineLog(models::EngineLogModel &log) { m_engine->offerLog(log); } ///< which must outlive this
    void setReceiver(const ReceiverView &receiver) { m_receiver->setReceiver(receiver); }
    [[nodiscard]] StreamSection &stream() { return *m_stream; }
    [[nodiscard]] CollectorsSection &collectors() { return *m_collectors; }
    [[nodiscard]] DiagnosticsSection &diagnostics() { return *m_diagnostics; }
    [[nodiscard]] NoticesSection &notices() { return *m_notices; }
    [[nodiscard]] TraySection &tray() { return *m_tray; }

Q_SIGNALS:
    void engineRestartRequested();
    void receiverRestartRequested();            ///< its settings are others now
    void receiverTokenRequested(bool isWanted); ///< a new one, or none

private:
    QVBoxLayout *m_cards = nullptr;
    QScrollArea *m_scroll = nullptr;
    ModelsSection *m_models = nullptr;
    EngineSection *m_engine;
    ReceiverSection *m_receiver;
    StreamSection *m_stream;
    CollectorsSection *m_collectors;
    DiagnosticsSection *m_diagnostics;
    NoticesSection *m_notices;
    TraySection *m_tray;
};

} // namespace sandglass::ui
