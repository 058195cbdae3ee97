#include "app/inspecting.h"

#include "models/settings/connectionsmodel.h"
#include "services/e2b/client.h"
#include "ui/sandboxes/sandboxespage.h"
#include "ui/sandboxes/sandboxinspector.h"

namespace sandglass::app {

Inspecting::Inspecting(e2b::Client &client, models::ConnectionsModel &connections) : m_use(client), m_log(client)
{
    // Queued: the client follows the same signal.
    connect(
        &connections, &models::ConnectionsModel::activeChanged, this,
        [this] {
            m_use.forget();
            m_log.forget();
        },
        Qt::QueuedConnection);
}

void Inspecting::showIn(ui::SandboxesPage &page, models::FileCheck &files)
{
    auto *inspector = new ui::SandboxInspector(m_use, m_log);
    inspector->showFiles(files);
    page.setInspector(inspector);
}

} // namespace sandglass::app
