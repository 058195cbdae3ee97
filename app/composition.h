#pragma once

#include "app/analysing.h"
#include "app/asking.h"
#include "app/commandline.h"
#include "app/costing.h"
#include "app/enginehandling.h"
#include "app/enginesupervisor.h"
#include "app/filechecking.h"
#include "app/guarding.h"
#include "app/inspecting.h"
#include "app/modelling.h"
#include "app/observing.h"
#include "app/pricing.h"
#include "app/publishing.h"
#include "app/receiving.h"
#include "app/reconciling.h"
#include "app/selfchecking.h"
#include "app/settling.h"
#include "app/starting.h"
#include "app/storing.h"
#include "app/streaming.h"
#include "app/timetravelling.h"
#include "app/tray.h"
#include "app/watching.h"
#include "models/costs/livefigures.h"
#include "models/costs/liveseries.h"
#include "models/costs/timewindow.h"
#include "models/events/eventlistmodel.h"
#include "models/runs/codedocument.h"
#include "models/runs/runsession.h"
#include "models/sandboxes/sandboxactions.h"
#include "models/sandboxes/sandboxlistmodel.h"
#include "models/sandboxes/timelinemodel.h"
#include "models/settings/connectionsmodel.h"
#include "models/settings/settings.h"
#include "models/templates/templatelistmodel.h"
#include "services/core/keystore.h"
#include "services/core/paths.h"
#include "services/core/result.h"
#include "services/e2b/client.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/restapi.h"
#include "services/lifecycle/restapilive.h"
#include "services/lifecycle/tracker.h"
#include "ui/shell/mainwindow.h"

#include <QObject>
#include <QSettings>
#include <QTimer>

#include <memory>

namespace sandglass::ui {
class EventsPage;
class OverviewPage;
class RefinePage;
class SandboxesPage;
class SettingsPage;
class TemplatesPage;
class TimelinePage;
class Theme;
} // namespace sandglass::ui

namespace sandglass::app {

/// The program: services, models, pages and the window as members, built in this order and torn down in the reverse.
/// Servers and the engine start after the first frame.
class Composition final : public QObject
{
    Q_OBJECT
public:
    /// Error: the profile cannot be used (not writable, journal of a newer version …).
    [[nodiscard]] static Result<std::unique_ptr<Composition>> create(const CommandLine &options, ui::Theme &theme);
    ~Composition() override;

    void showWindow();
    /// Brings the window up with these files in Refine, on that page if one is named.
    void open(const QStringList &files, const QString &page = {});
    /// As the person's Quit, but without a question: nobody may be there to answer.
    void quitUnasked();

    [[nodiscard]] ui::MainWindow &window() { return *m_window; }
    [[nodiscard]] ui::Theme &theme() { return m_theme; }
    [[nodiscard]] ui::RefinePage &refinePage() { return *m_refinePage; }
    [[nodiscard]] models::RunSession &runSession() { return m_runSession; }
    [[nodiscard]] models::TemplateListModel &templates() { return m_templates; }
    [[nodiscard]] const EngineSupervisor &engine() const { return m_engine; }
    [[nodiscard]] const Receiving &receiving() const { return m_receiving; }
    [[nodiscard]] const models::Analytics &analytics() const { return m_analysing.analytics(); }
    [[nodiscard]] lifecycle::Tracker &tracker() { return m_tracker; }
    [[nodiscard]] TimeTravelling &travelling() { return m_travelling; }
    [[nodiscard]] const models::LiveFigures &figures() const { return m_figures; }
    [[nodiscard]] const lifecycle::Journal &journal() const { return *m_journal; }
    [[nodiscard]] QString tourDirectory() const; ///< where Help > Take the tour leaves its pictures
    [[nodiscard]] const lifecycle::Receiver *receiver() const { return m_receiving.receiver(); }
    [[nodiscard]] models::SelfCheck &selfCheck() { return m_selfChecking.check(); }
    [[nodiscard]] e2b::Client &localClient() { return m_localClient; }

Q_SIGNALS:
    /// Receiver listening (or failed) and engine ready (or failed, or not ours): the program serves.
    void serving();
    void tourRequested();

private:
    Composition(CommandLine options, ui::Theme &theme, ProfilePaths paths, std::unique_ptr<lifecycle::Journal> journal,
                cost::RateCard listPrices);

    void buildPages();
    void wirePages(const ui::OverviewPage &overview, const ui::TimelinePage &timeline);
    void openFiles(const QStringList &files);
    void wireModels();
    void wireWindow();
    void startServices(); ///< after the first frame
    void startEngine();
    void restartEngine();
    void onEngineState(EngineSupervisor::State state);
    void useConnection();
    void adoptEngine(const QString &apiUrl, const QString &sandboxUrl, const QString &apiKey);
    void updateConnections();
    void updateStatus();
    void updateViews();
    void writeReadyFile();
    void tellServing();
    void openNewSandboxDialog(const QString &templateId);
    void saveWindow();

    CommandLine m_options;
    ui::Theme &m_theme;
    ProfilePaths m_paths;
    QSettings m_store;
    models::Settings m_settings;
    std::unique_ptr<KeyStore> m_keys;
    Observing m_observing; ///< before all that makes spans
    std::unique_ptr<lifecycle::Journal> m_journal;
    lifecycle::Tracker m_tracker;
    lifecycle::TrackerPicture m_picture;
    std::shared_ptr<lifecycle::RestApi> m_rest; ///< the receiver's GET endpoints
    EngineSupervisor m_engine;
    EngineHandling m_engineHandling;
    e2b::Client m_localClient; ///< the engine, whichever connection is active
    e2b::Client m_client;      ///< the active connection
    Receiving m_receiving;
    Watching m_watching;
    Streaming m_streaming;

    models::ConnectionsModel m_connections;
    Pricing m_pricing;
    models::ClientSandboxActions m_actions;
    TimeTravelling m_travelling;
    models::SandboxListModel m_sandboxes;
    models::EventHistory m_eventHistory;
    models::EventListModel m_events;
    models::TimeWindow m_timeWindow;
    models::LiveFigures m_figures;
    models::LiveSeries m_series;
    Costing m_costing;
    models::TimelineModel m_timeline;
    models::TemplateListModel m_templates;
    models::CodeDocument m_document;
    models::RunSession m_runSession;
    Guarding m_guarding;
    Asking m_asking;
    Analysing m_analysing;
    Reconciling m_reconciling;
    Publishing m_publishing;
    Inspecting m_inspecting;
    Modelling m_modelling;
    FileChecking m_fileChecking;
    Starting m_starting;
    Settling m_settling;
    SelfChecking m_selfChecking;

    std::unique_ptr<ui::MainWindow> m_window; ///< owns the pages
    std::unique_ptr<Storing> m_storing;       ///< speaks through the window
    std::unique_ptr<Tray> m_tray;             ///< likewise
    ui::EventsPage *m_eventsPage = nullptr;
    ui::RefinePage *m_refinePage = nullptr;
    ui::TemplatesPage *m_templatesPage = nullptr;
    ui::SettingsPage *m_settingsPage = nullptr;
    ui::SandboxesPage *m_sandboxesPage = nullptr;

    QTimer m_keepsWindow; ///< so that it comes back as it was after a crash, too
    QString m_localKey;
    bool m_hasServed = false;
    bool m_engineWasReady = false;
};

} // namespace sandglass::app
