#pragma once

#include "models/budgets/auditmodel.h"
#include "models/budgets/budgetlistmodel.h"
#include "models/budgets/guarddesk.h"
#include "models/budgets/plannedmodel.h"
#include "models/budgets/spendforecast.h"
#include "models/sandboxes/sandboxactions.h"
#include "services/core/paths.h"

#include <QObject>

#include <memory>

class QWidget;

namespace sandglass::e2b {
class Client;
}
namespace sandglass::lifecycle {
class Journal;
class RestApi;
} // namespace sandglass::lifecycle
namespace sandglass::models {
class ConnectionsModel;
class Settings;
class TemplateListModel;
} // namespace sandglass::models
namespace sandglass::ui {
class MainWindow;
class Page;
class SettingsPage;
} // namespace sandglass::ui

namespace sandglass::app {

class DesktopNotices;
class Waking;
class Watching;

/// Budgets and the guard in the program: acts through the active connection, trusts what the provider has just listed.
class Guarding final : public QObject
{
    Q_OBJECT
public:
    Guarding(lifecycle::Tracker &tracker, const lifecycle::Journal &journal, Watching &watching, e2b::Client &client,
             models::ConnectionsModel &connections, const ProfilePaths &paths);

    ~Guarding() override;

    /// Listens for the system's sleep; after the first frame.
    void start();
    /// For the window, which owns it.
    [[nodiscard]] ui::Page *makePage(const models::TemplateListModel &templates);
    /// Where spending leads, for the page of costs, which owns it.
    [[nodiscard]] QWidget *makeForecastCard();
    /// The endpoints tell runaways by the person's rules, from now on. `rest` must outlive this.
    void follow(lifecycle::RestApi &rest);
    /// What a person does by these is in the audit log from now on.
    void record(const models::ClientSandboxActions &actions);
    /// Alerts and countdowns over the window's pages, and as notifications of the desktop as `settings` say.
    void attachTo(ui::MainWindow &window, models::Settings &settings, ui::SettingsPage &settingsPage);
    [[nodiscard]] models::GuardDesk &desk() { return m_desk; }

private:
    models::ConnectionsModel &m_connections;
    models::ClientSandboxActions m_actions; ///< its own: what a person does on a page is told there
    models::GuardDesk m_desk;
    models::BudgetListModel m_budgets;
    models::PlannedModel m_planned;
    models::AuditModel m_audit;
    models::SpendForecast m_forecast;
    std::unique_ptr<Waking> m_waking;
    std::unique_ptr<DesktopNotices> m_notices; ///< once there is a window
    ui::Page *m_page = nullptr;                ///< the window's
};

} // namespace sandglass::app
