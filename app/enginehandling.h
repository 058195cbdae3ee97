#pragma once

#include "models/diagnosis/enginelogmodel.h"

#include <QCoreApplication>
#include <QString>

class QWidget;

namespace sandglass::e2b {
struct Connection;
}
namespace sandglass::ui {
class SettingsPage;
}

namespace sandglass::app {

class EngineSupervisor;

/// What Settings tells about the local engine: state, isolation, addresses and log; and its restart by hand.
class EngineHandling final
{
    Q_DECLARE_TR_FUNCTIONS(EngineHandling)
public:
    /// `isOurs`: false for an engine that runs elsewhere, whose log is not here. `engine` must outlive this.
    EngineHandling(EngineSupervisor &engine, bool isOurs);

    void attachTo(ui::SettingsPage &page); ///< once; this must outlive it
    /// `local`: where the engine is reached.
    void show(const e2b::Connection &local, const QString &apiKey);
    /// Asks over `asker` first when `sandboxes` would end by it.
    void restart(int sandboxes, QWidget *asker);

private:
    EngineSupervisor &m_engine;
    bool m_isOurs;
    models::EngineLogModel m_log;
    ui::SettingsPage *m_page = nullptr;
};

} // namespace sandglass::app
