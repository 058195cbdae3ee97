#pragma once

#include "models/sandboxes/sandboxlogmodel.h"
#include "models/sandboxes/sandboxuse.h"

#include <QObject>

namespace sandglass::models {
class ConnectionsModel;
class FileCheck;
} // namespace sandglass::models
namespace sandglass::ui {
class SandboxesPage;
}

namespace sandglass::app {

/// The look inside one sandbox of the active connection.
class Inspecting final : public QObject
{
    Q_OBJECT
public:
    Inspecting(e2b::Client &client, models::ConnectionsModel &connections); ///< which must outlive it

    void showIn(ui::SandboxesPage &page, models::FileCheck &files); ///< with what became of its files

private:
    models::SandboxUse m_use;
    models::SandboxLogModel m_log;
};

} // namespace sandglass::app
