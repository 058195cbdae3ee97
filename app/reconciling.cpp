#include "app/reconciling.h"

#include "app/watching.h"
#include "models/budgets/guarddesk.h"
#include "models/settings/connectionsmodel.h"
#include "services/e2b/client.h"
#include "services/lifecycle/tracker.h"
#include "ui/sandboxes/sandboxespage.h"

#include <QLoggingCategory>

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logReconciling, "sandglass.reconciling")

} // namespace

Reconciling::Reconciling(lifecycle::Tracker &tracker, e2b::Client &client, Watching &watching,
                         models::ConnectionsModel &connections, models::GuardDesk &desk, const ProfilePaths &paths)
    : m_client(client)
    , m_ledger(paths.state)
    , m_orphans({tracker, m_ledger.installation(), [this](const std::string &id) { return m_ledger.hasMade(id); },
                 [this](const std::string &id) { return m_client.killSandbox(id); }})
{
    m_client.setCreateLedger(&m_ledger);
    connect(&watching, &Watching::sandboxesListed, this, [this](const std::vector<lifecycle::ObservedSandbox> &list) {
        m_ledger.takeList(m_client.connection().id, list);
        m_orphans.takeList(list);
    });
    connect(&m_ledger, &lifecycle::CreateLedger::resolved, this, &Reconciling::onResolved);
    connect(&connections, &models::ConnectionsModel::activeChanged, &m_orphans, &models::OrphanListModel::forget);
    connect(&m_orphans, &models::OrphanListModel::audited, &desk, &models::GuardDesk::note);
}

Reconciling::~Reconciling()
{
    m_client.setCreateLedger(nullptr);
}

void Reconciling::showIn(ui::SandboxesPage &page)
{
    page.setOrphans(m_orphans);
}

void Reconciling::onResolved(const std::vector<lifecycle::IntentOutcome> &outcomes)
{
    for (const lifecycle::IntentOutcome &outcome : outcomes) {
        const bool isMade = outcome.kind == lifecycle::IntentOutcome::Kind::Created;
        if (isMade)
            m_orphans.noteLostAnswer(outcome.sandboxId);
        qCInfo(logReconciling, "a create call of template %s without an answer made %s",
               outcome.intent.templateId.c_str(), isMade ? outcome.sandboxId.c_str() : "nothing");
    }
}

} // namespace sandglass::app
