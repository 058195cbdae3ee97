#pragma once

#include "models/sandboxes/orphanlistmodel.h"
#include "services/core/paths.h"
#include "services/lifecycle/createledger.h"

#include <QObject>

namespace sandglass::e2b {
class Client;
}
namespace sandglass::models {
class ConnectionsModel;
class GuardDesk;
} // namespace sandglass::models
namespace sandglass::ui {
class SandboxesPage;
}

namespace sandglass::app {

class Watching;

/// What the provider lists against what this program knows: its own create calls are written down and marked, those
/// without an answer resolved by the next list, and sandboxes that nobody has told of are offered for a clean-up.
class Reconciling final : public QObject
{
    Q_OBJECT
public:
    /// All of it must outlive this. Kills are put into the guard's audit log.
    Reconciling(lifecycle::Tracker &tracker, e2b::Client &client, Watching &watching,
                models::ConnectionsModel &connections, models::GuardDesk &desk, const ProfilePaths &paths);
    ~Reconciling() override;

    void showIn(ui::SandboxesPage &page);
    [[nodiscard]] models::OrphanListModel &orphans() { return m_orphans; }

private:
    void onResolved(const std::vector<lifecycle::IntentOutcome> &outcomes);

    e2b::Client &m_client;
    lifecycle::CreateLedger m_ledger;
    models::OrphanListModel m_orphans;
};

} // namespace sandglass::app
