#include "app/inspecting.h"

#include "models/settings/connectionsmodel.h"
#include "services/e2b/client.h"
#include "ui/sandboxes/sandboxespage.h"
#include "ui/sandboxes/sandboxinspector.h"

namespace sandglass::app {

Inspecting::Inspecting(e2b::Client &client, models::ConnectionsModel &connections) : m_use(client)
{
    // Queued: the client follows the same signal.
    connect(&connections, &models::ConnectionsModel::activeChanged, &m_use, &models::SandboxUse::forget,
            Qt::QueuedConnection);
}

void Inspecting::showIn(ui::SandboxesPage &page)
{
    page.setInspector(new ui::SandboxInspector(m_use));
}

} // namespace sandglass::app
