#include "app/guarding.h"

#include "app/desktopnotices.h"
#include "app/waking.h"
#include "app/watching.h"
#include "models/settings/connectionsmodel.h"
#include "models/templates/templatelistmodel.h"
#include "services/core/qtstring.h"
#include "services/e2b/client.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/restapi.h"
#include "services/lifecycle/tracker.h"
#include "ui/budgets/budgetspage.h"
#include "ui/budgets/guardnotice.h"
#include "ui/costs/forecastcard.h"
#include "ui/settings/settingspage.h"
#include "ui/shell/mainwindow.h"

using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

Guarding::Guarding(lifecycle::Tracker &tracker, const lifecycle::Journal &journal, Watching &watching,
                   e2b::Client &client, models::ConnectionsModel &connections, const ProfilePaths &paths)
    : m_connections(connections)
    , m_actions(client)
    , m_desk(tracker, m_actions,
             {paths.config / "budgets.json", paths.state / "guard.json", paths.state / "audit.jsonl", journal.file()})
    , m_budgets(m_desk)
    , m_planned(m_desk)
    , m_audit(m_desk)
    , m_forecast(tracker, m_desk)
    , m_waking(std::make_unique<Waking>())
{
    const auto useConnection = [this] { m_desk.setConnection(toQString(m_connections.active().name)); };
    useConnection();
    connect(&m_connections, &models::ConnectionsModel::activeChanged, this, useConnection);
    connect(&watching, &Watching::listed, &m_desk, &models::GuardDesk::confirmFacts);
    // Nothing known before a sleep is true after it until the provider has listed its sandboxes again.
    connect(m_waking.get(), &Waking::fallingAsleep, &m_desk, &models::GuardDesk::doubtFacts);
    connect(m_waking.get(), &Waking::woke, &m_desk, &models::GuardDesk::doubtFacts);
    connect(m_waking.get(), &Waking::woke, &watching, &Watching::catchUp);
}

Guarding::~Guarding() = default;

void Guarding::start()
{
    m_waking->start();
}

ui::Page *Guarding::makePage(const models::TemplateListModel &templates)
{
    const auto templateNames = [&templates] {
        QStringList names;
        for (int row = 0; row < templates.rowCount(); ++row)
            names << models::TemplateListModel::displayName(templates.at(row));
        return names;
    };
    const auto connectionNames = [this] {
        QStringList names;
        for (int row = 0; row < m_connections.rowCount(); ++row)
            names << toQString(m_connections.at(row).connection.name);
        return names;
    };
    m_page = new ui::BudgetsPage({m_desk, m_budgets, m_planned, m_audit, m_forecast}, templateNames, connectionNames);
    return m_page;
}

QWidget *Guarding::makeForecastCard()
{
    return new ui::ForecastCard(m_forecast, m_desk);
}

void Guarding::follow(lifecycle::RestApi &rest)
{
    const auto tell = [this, &rest] {
        const models::RunawayPolicy &policy = m_desk.runawayPolicy();
        const bool isOff = policy.response == models::RunawayPolicy::Response::Off;
        rest.setRunawayRules(isOff ? std::nullopt : std::optional(policy.rules));
    };
    tell();
    connect(&m_desk, &models::GuardDesk::runawayPolicyChanged, this, tell);
}

void Guarding::record(const models::ClientSandboxActions &actions)
{
    connect(&actions, &models::ClientSandboxActions::audited, &m_desk, &models::GuardDesk::note);
}

void Guarding::attachTo(ui::MainWindow &window, models::Settings &settings, ui::SettingsPage &settingsPage)
{
    m_notices = std::make_unique<DesktopNotices>(m_desk, settings);
    m_notices->showIn(settingsPage.notices());
    m_notices->raiseOnClick(window);
    auto *notice = new ui::GuardNotice(m_desk, m_planned, &window);
    notice->setPage(m_page);
    connect(notice, &ui::GuardNotice::showRequested, &window, [&window] { window.showPage(u"budgets"_s); });
}

} // namespace sandglass::app
