#include "app/composition.h"

#include "app/keychainstore.h"
#include "app/learningkeystore.h"
#include "app/listprices.h"
#include "models/templates/newsandboxsession.h"
#include "services/core/json.h"
#include "services/core/qtstring.h"
#include "ui/costs/costspage.h"
#include "ui/events/eventspage.h"
#include "ui/overview/overviewpage.h"
#include "ui/refine/refinepage.h"
#include "ui/sandboxes/sandboxespage.h"
#include "ui/settings/appearancesection.h"
#include "ui/settings/settingspage.h"
#include "ui/templates/newsandboxdialog.h"
#include "ui/templates/templatespage.h"
#include "ui/text/format.h"
#include "ui/timeline/timelinepage.h"
#include "ui/webhooks/webhookspage.h"
#include "ui/widgets/toast.h"

#include <QCoreApplication>
#include <QFile>
#include <QLoggingCategory>
#include <QProcessEnvironment>
#include <QSaveFile>
#include <QUrl>

#include <ctime>
#include <unistd.h>
#include <utility>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logApp, "sandglass.app")

/// From exec to now, as the kernel counts it (in steps of 10 ms).
double millisecondsSinceExec()
{
    QFile file(u"/proc/self/stat"_s);
    timespec now = {};
    if (!file.open(QIODevice::ReadOnly) || ::clock_gettime(CLOCK_BOOTTIME, &now) != 0)
        return -1;
    const QByteArray line = file.readAll();
    const double ticks = line.mid(line.lastIndexOf(')') + 2).split(' ').value(19).toDouble();
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6
        - ticks * 1e3 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

QString engineProgram(const CommandLine &options)
{
    return options.engineProgram.isEmpty() ? QCoreApplication::applicationDirPath() + u"/sandglass-engine"_s
                                           : options.engineProgram;
}

QString settingsFile(const ProfilePaths &paths)
{
    return toQString((paths.config / "settings.ini").string());
}

/// The journal is opened before the program and its settings are made.
int keepDays(const ProfilePaths &paths)
{
    QSettings store(settingsFile(paths), QSettings::IniFormat);
    return models::Settings(store).number(models::Settings::Key::KeepDays);
}

} // namespace

Result<std::unique_ptr<Composition>> Composition::create(const CommandLine &options, ui::Theme &theme)
{
    const ProfilePaths paths = ProfilePaths::forDirectory(options.profile.toStdString());
    for (const auto &directory : {paths.config, paths.data, paths.state, paths.runtime}) {
        if (!ensurePrivateDirectory(directory))
            return failure(Error::Kind::Local, "the folder " + directory.string() + " cannot be used");
    }
    auto prices = loadListPrices();
    if (!prices)
        return failure(prices.error());
    lifecycle::Journal::Options limits;
    limits.keepFor = std::chrono::days(keepDays(paths));
    auto journal = lifecycle::Journal::open(paths.data / "journal.db", limits);
    if (!journal)
        return failure(journal.error());
    const ui::Theme::Hold hold(theme);
    return std::unique_ptr<Composition>(
        new Composition(options, theme, paths, std::move(*journal), std::move(*prices)));
}

Composition::Composition(CommandLine options, ui::Theme &theme, ProfilePaths paths,
                         std::unique_ptr<lifecycle::Journal> journal, cost::RateCard listPrices)
    : m_options(std::move(options))
    , m_theme(theme)
    , m_paths(std::move(paths))
    , m_store(settingsFile(m_paths), QSettings::IniFormat)
    , m_settings(m_store)
    , m_keys(learningSecrets(openKeyStore(m_paths.config)))
    , m_observing(m_settings, *m_keys, m_paths, m_options.logLevel)
    , m_journal(std::move(journal))
    , m_tracker(*m_journal, listPrices)
    , m_picture(m_tracker)
    , m_rest(std::make_shared<lifecycle::RestApi>(*m_journal, m_picture.picture()))
    , m_engine(engineProgram(m_options), toQString((m_paths.state / "engine").string()))
    , m_engineHandling(m_engine, m_options.engineApi.isEmpty())
    , m_localClient(e2b::Connection{"local", "Local engine", e2b::Connection::Kind::Local, {}, {}, {}, {}})
    , m_client(m_localClient.connection())
    , m_receiving({*m_journal, m_rest, m_settings, *m_keys, m_paths, m_options.receiverPort, m_localClient, m_client})
    , m_watching(m_client, *m_journal, m_tracker, m_paths.state)
    , m_streaming(*m_journal, m_tracker, m_settings, *m_keys, m_paths.state, m_options.streamPort)
    , m_connections(m_settings, *m_keys, models::EnvironmentConnection::from(QProcessEnvironment::systemEnvironment()),
                    models::networkTester(this))
    , m_pricing(m_settings, m_connections, std::move(listPrices))
    , m_actions(m_client)
    , m_travelling(m_tracker, *m_journal)
    , m_sandboxes(m_travelling.viewpoint())
    , m_eventHistory(m_journal->file())
    , m_events(m_travelling.viewpoint(), &m_eventHistory)
    , m_timeWindow([this] { return m_travelling.viewpoint().now(); })
    , m_figures(m_tracker)
    , m_series(m_travelling.viewpoint(), m_timeWindow)
    , m_costing(m_travelling.viewpoint(), *m_journal, m_timeWindow, m_series)
    , m_timeline(m_travelling.viewpoint(), m_timeWindow)
    , m_templates([this] { return m_client.listTemplates(); })
    , m_document(toQString((m_paths.state / "refine-autosave.py").string()))
    , m_runSession(m_client)
    , m_guarding(m_tracker, *m_journal, m_watching, m_client, m_connections, m_paths)
    , m_asking(m_guarding.desk(), m_templates, [this] { return m_pricing.inUse(); })
    , m_analysing(m_travelling.viewpoint(), *m_journal, m_timeWindow)
    , m_reconciling(m_tracker, m_client, m_watching, m_connections, m_guarding.desk(), m_paths)
    , m_publishing(m_tracker, *m_journal, m_runSession, *m_keys, m_paths)
    , m_inspecting(m_client, m_connections)
    , m_modelling(m_settings, *m_keys)
    , m_fileChecking(m_client, m_actions, m_settings, m_paths.data / "filechecks")
    , m_starting(m_client, m_tracker, m_connections)
    , m_settling({m_client, m_actions, m_tracker, m_receiving})
    , m_selfChecking({*m_journal, m_receiving, m_engine, m_options.engineApi.isEmpty(), m_connections, *m_keys})
{
    m_runSession.setTemplate(m_settings.text(models::Settings::Key::RefineTemplate));
    m_receiving.serve(m_runSession);
    buildPages();
    wireModels();
    wireWindow();
    ui::applyAppearance(m_settings);
    ui::applyTimeZone(m_settings);
    ui::applyCurrency(m_settings);
    m_window->restoreState(m_store);
    if (!m_options.page.isEmpty())
        m_window->showPage(m_options.page);
}

Composition::~Composition()
{
    m_watching.stop();
    m_receiving.stop();
}

void Composition::buildPages()
{
    auto *overview = new ui::OverviewPage(m_travelling.figures(), m_timeWindow, m_series, m_events);
    auto *sandboxes = m_sandboxesPage = new ui::SandboxesPage(m_sandboxes, m_actions);
    m_templatesPage = new ui::TemplatesPage(m_templates);
    m_refinePage = new ui::RefinePage(m_runSession, m_document, m_settings, m_templates);
    auto *events = m_eventsPage = new ui::EventsPage(m_events);
    m_refinePage->keepSessionIn(toQString((m_paths.state / "refine-session.sandglass.json").string()));
    ui::CostsPage *costs = m_costing.makePage();
    QWidget *forecast = m_guarding.makeForecastCard();
    costs->showForecast(forecast);
    connect(&m_travelling.viewpoint(), &models::Viewpoint::travelled, forecast, [this, forecast] {
        forecast->setVisible(!m_travelling.viewpoint().isInPast());
    }); // it looks ahead from now
    m_settingsPage = new ui::SettingsPage(m_settings, m_connections, m_pricing.table());
    m_streaming.showIn(*m_settingsPage);
    m_observing.showIn(*m_settingsPage, m_connections);
    auto *timeline = new ui::TimelinePage(m_timeWindow, m_timeline);
    ui::Page *budgets = m_guarding.makePage(m_templates);
    ui::WebhooksPage *webhooks = m_receiving.makePage();
    m_publishing.showIn(*webhooks);
    const std::vector<ui::PageEntry> pages = {
        {u"overview"_s, overview},
        {u"sandboxes"_s, sandboxes},
        {u"templates"_s, m_templatesPage},
        {u"refine"_s, m_refinePage},
        {u"events"_s, events},
        {u"webhooks"_s, webhooks},
        {u"costs"_s, costs},
        {u"analytics"_s, m_analysing.makePage()},
        {u"budgets"_s, budgets},
        {u"timeline"_s, timeline},
        {u"settings"_s, m_settingsPage},
    };
    m_window = std::make_unique<ui::MainWindow>(pages, m_theme);
    m_asking.standBefore(m_runSession, *m_refinePage, *m_window);
    m_modelling.showIn(*m_settingsPage, *m_refinePage, *m_window);
    m_guarding.attachTo(*m_window, m_settings, *m_settingsPage);
    m_travelling.attachTo(*m_window, *overview, *sandboxes, m_timeWindow);
    m_storing = std::make_unique<Storing>(*m_journal, *m_window);
    m_reconciling.showIn(*m_sandboxesPage);
    m_selfChecking.attachTo(*m_window);
    m_inspecting.showIn(*m_sandboxesPage, m_fileChecking.check());
    m_fileChecking.attachTo(*m_window);
    m_starting.showIn(*m_sandboxesPage, *m_window);
    wirePages(*overview, *timeline);
    openFiles(m_options.files);
}

/// What a page asks of the others.
void Composition::wirePages(const ui::OverviewPage &overview, const ui::TimelinePage &timeline)
{
    const auto newSandbox = [this] { openNewSandboxDialog({}); };
    connect(&overview, &ui::OverviewPage::newSandboxRequested, this, newSandbox);
    connect(m_sandboxesPage, &ui::SandboxesPage::newSandboxRequested, this, newSandbox);
    connect(m_window.get(), &ui::MainWindow::newSandboxRequested, this, newSandbox);
    connect(&timeline, &ui::TimelinePage::sandboxActivated, this, [this](const QString &id) {
        m_sandboxesPage->showSandbox(id);
        m_window->showPage(u"sandboxes"_s);
    });
    connect(m_templatesPage, &ui::TemplatesPage::newSandboxRequested, this, &Composition::openNewSandboxDialog);
    connect(m_templatesPage, &ui::TemplatesPage::openInRefineRequested, this, [this](const QString &name) {
        m_refinePage->setTemplate(name);
        m_window->showPage(u"refine"_s);
    });
}

void Composition::wireModels()
{
    m_pricing.attach(m_tracker, m_runSession, m_watching);
    m_guarding.follow(*m_rest);
    m_guarding.record(m_actions);
    connect(&m_connections, &models::ConnectionsModel::activeChanged, this, &Composition::useConnection);
    connect(&m_engine, &EngineSupervisor::stateChanged, this, &Composition::onEngineState);
    connect(&m_streaming, &Streaming::settled, this, &Composition::tellServing);
    connect(&m_figures, &models::LiveFigures::changed, this, &Composition::updateStatus);
    connect(&m_figures, &models::LiveFigures::changed, this, &Composition::updateViews);
    m_receiving.attach(*m_settingsPage);
    m_engineHandling.attachTo(*m_settingsPage);
    connect(&m_receiving, &Receiving::known, this, &Composition::tellServing);
    connect(&m_receiving, &Receiving::known, this, &Composition::updateStatus);
    const auto showGaps = [this] {
        m_series.setGaps(m_watching.gaps().all());
        m_analysing.setGaps(m_watching.gaps().all());
        m_eventsPage->setHistoryGaps(m_watching.gaps().all());
    };
    showGaps();
    connect(&m_watching, &Watching::gapsChanged, this, showGaps);
}

void Composition::wireWindow()
{
    connect(m_window.get(), &ui::MainWindow::firstPainted, this,
            [this] { QTimer::singleShot(0, this, &Composition::startServices); });
    connect(m_window.get(), &ui::MainWindow::aboutToClose, this, &Composition::saveWindow);
    connect(m_window.get(), &ui::MainWindow::aboutToClose, this, [this] {
        m_sandboxesPage->settle();
        m_settling.begin();
    });
    connect(m_window.get(), &ui::MainWindow::bannerActionTriggered, &m_engine, &EngineSupervisor::restart);
    connect(m_window.get(), &ui::MainWindow::restartEngineRequested, this, &Composition::restartEngine);
    connect(m_window.get(), &ui::MainWindow::tourRequested, this, &Composition::tourRequested);
    connect(m_settingsPage, &ui::SettingsPage::engineRestartRequested, this, &Composition::restartEngine);
    connect(m_refinePage, &ui::RefinePage::engineRestartRequested, &m_engine, &EngineSupervisor::restart);
    connect(&m_keepsWindow, &QTimer::timeout, this, [this] { m_window->saveState(m_store); });
    m_tray = std::make_unique<Tray>(
        Tray::Around{*m_window, m_settings, m_settingsPage->tray(), m_figures, m_guarding.desk(), m_runSession});
    updateConnections();
    updateStatus();
}

QString Composition::tourDirectory() const
{
    return toQString((m_paths.state / "tour").string());
}

void Composition::showWindow()
{
    m_window->show();
}

void Composition::open(const QStringList &files, const QString &page)
{
    m_window->bringUp();
    openFiles(files);
    if (!page.isEmpty())
        m_window->showPage(page);
}

void Composition::openFiles(const QStringList &files)
{
    for (const QString &file : files) {
        m_refinePage->openFile(file);
        m_window->showPage(u"refine"_s);
    }
}

void Composition::quitUnasked()
{
    m_tray->quitUnasked();
}

void Composition::startServices()
{
    if (qEnvironmentVariableIsSet("SANDGLASS_TRACE_START"))
        std::fprintf(stderr, "first frame %.1f ms\n", millisecondsSinceExec());
    m_tracker.start();
    m_receiving.start();
    m_streaming.start();
    m_guarding.start();
    if (m_options.tourDirectory.isEmpty()) // which nobody answers for
        m_tray->start();
    startEngine();
    m_keepsWindow.start(10s);
}

void Composition::startEngine()
{
    if (m_options.engineApi.isEmpty())
        return m_engine.start();
    // An engine that runs elsewhere: its key and sandbox address come as the SDKs read them.
    adoptEngine(m_options.engineApi, qEnvironmentVariable("E2B_SANDBOX_URL"), qEnvironmentVariable("E2B_API_KEY"));
    tellServing();
}

void Composition::restartEngine()
{
    const bool isInUse = m_connections.active().kind == e2b::Connection::Kind::Local;
    m_engineHandling.restart(isInUse ? m_figures.runningCount() + m_figures.pausedCount() : 0, m_window.get());
}

void Composition::onEngineState(EngineSupervisor::State state)
{
    if (state == EngineSupervisor::State::Ready) {
        QFile keyFile(m_engine.address().apiKeyFile);
        const bool isOpen = keyFile.open(QIODevice::ReadOnly);
        adoptEngine(m_engine.address().apiUrl, m_engine.address().sandboxUrl,
                    isOpen ? QString::fromUtf8(keyFile.readAll()).trimmed() : QString());
        m_window->hideBanner();
        m_engineWasReady = true;
        tellServing();
    } else if (state == EngineSupervisor::State::Failed) {
        // Before the connection goes: that would look as if the person had stopped the run.
        if (m_connections.active().kind == e2b::Connection::Kind::Local)
            m_runSession.breakOff({.kind = Error::Kind::Transport, .message = toUtf8(m_engine.failure())});
        m_connections.setLocalEngine({}, {}, {});
        m_window->showBanner(m_engineWasReady
                                 ? tr("The local engine ended: %1. Your history is intact.").arg(m_engine.failure())
                                 : tr("The local engine could not start: %1").arg(m_engine.failure()),
                             tr("Start the engine again"));
        tellServing();
    }
    updateConnections();
    updateViews();
}

void Composition::adoptEngine(const QString &apiUrl, const QString &sandboxUrl, const QString &apiKey)
{
    e2b::Connection local = m_localClient.connection();
    local.apiUrl = toUtf8(apiUrl);
    local.sandboxUrl = toUtf8(sandboxUrl);
    local.apiKey = toUtf8(apiKey);
    m_localClient.setConnection(local);
    m_localKey = apiKey;
    m_connections.setLocalEngine(apiUrl, sandboxUrl, apiKey);
    useConnection();
    m_receiving.engineAdopted();
}

void Composition::useConnection()
{
    m_runSession.endSession(); // a sandbox of the connection before
    m_client.setConnection(m_connections.active());
    m_templates.forget();
    m_templates.refresh();
    m_watching.follow();
    m_receiving.useConnection();
    updateConnections();
}

void Composition::updateConnections()
{
    QList<ui::ConnectionLine> lines;
    for (int row = 0; row < m_connections.rowCount(); ++row) {
        const auto &entry = m_connections.at(row);
        const bool isLocal = entry.connection.kind == e2b::Connection::Kind::Local;
        ui::ConnectionLine line;
        line.name = toQString(entry.connection.name);
        using State = ui::ConnectionLine::State;
        if (isLocal && m_options.engineApi.isEmpty() && m_engine.state() == EngineSupervisor::State::Starting) {
            line.state = State::Starting;
            line.detail = tr("starting");
        } else if (entry.isReady()) {
            line.state = State::Connected;
            line.detail = isLocal && !m_engine.address().tier.isEmpty() ? tr("tier %1").arg(m_engine.address().tier)
                                                                        : tr("ready");
        } else {
            line.detail = isLocal ? tr("offline") : tr("no key");
        }
        lines << line;
    }
    m_window->setConnections(lines);
}

void Composition::updateStatus()
{
    ui::StatusLine line;
    const lifecycle::Receiver *receiver = m_receiving.receiver();
    line.isReceiving = receiver != nullptr;
    line.receiver = receiver != nullptr   ? tr("Receiver %1").arg(QUrl(toQString(receiver->url())).authority())
        : m_receiving.failure().isEmpty() ? tr("Receiver starting")
                                          : tr("No receiver: %1").arg(m_receiving.failure());
    if (const auto last = m_figures.lastEventAt())
        line.lastEvent =
            tr("last event %1 ago")
                .arg(ui::formatLeft(std::chrono::duration_cast<std::chrono::milliseconds>(m_tracker.now() - *last)));
    line.journal = tr("journal %1 events").arg(ui::formatCount(m_journal->count()));
    line.burnRate = tr("burn %1").arg(ui::formatRate(m_figures.burnRate()));
    line.today = tr("today %1").arg(ui::formatMoney(m_figures.costToday()));
    m_window->setStatus(line);
}

void Composition::updateViews()
{
    m_engineHandling.show(m_localClient.connection(), m_localKey);
}

void Composition::tellServing()
{
    const bool engineKnown = !m_options.engineApi.isEmpty() || m_engine.state() == EngineSupervisor::State::Ready
        || m_engine.state() == EngineSupervisor::State::Failed;
    if (m_hasServed || !m_receiving.isKnown() || !engineKnown || !m_streaming.isSettled())
        return;
    m_hasServed = true;
    updateStatus();
    updateViews();
    writeReadyFile();
    Q_EMIT serving();
}

void Composition::writeReadyFile()
{
    if (m_options.readyFile.isEmpty())
        return;
    const e2b::Connection &local = m_localClient.connection();
    const Json ready = {{"pid", ::getpid()},
                        {"receiver_url", receiver() != nullptr ? receiver()->url() : ""},
                        {"stream_url", m_streaming.url()},
                        {"api_url", local.apiUrl},
                        {"sandbox_url", local.sandboxUrl},
                        {"api_key_file", toUtf8(m_engine.address().apiKeyFile)},
                        {"tier", toUtf8(m_engine.address().tier)}};
    QSaveFile file(m_options.readyFile); // renamed into place: who sees it sees all of it
    const bool written = file.open(QIODevice::WriteOnly)
        && file.write(QByteArray::fromStdString(dumpJson(ready) + "\n")) > 0 && file.commit();
    if (!written)
        qCWarning(logApp, "the ready file cannot be written: %s", qPrintable(file.errorString()));
}

void Composition::openNewSandboxDialog(const QString &templateId)
{
    if (const QString why = m_travelling.whyReadOnly(); !why.isEmpty())
        return m_window->toast().show(why);
    auto *session =
        new models::NewSandboxSession([this](const e2b::SandboxSpec &spec) { return m_client.createSandbox(spec); },
                                      [this](const std::string &id) { return m_client.killSandbox(id); }, this);
    m_starting.attach(*session);
    auto *dialog = new ui::NewSandboxDialog(m_templates, *session, m_pricing.inUse(), m_window.get());
    m_asking.standBefore(*session, *dialog, *m_window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setConnectionName(toQString(m_client.connection().name));
    dialog->setTimeoutSeconds(m_settings.number(models::Settings::Key::SandboxTimeoutSeconds));
    dialog->setPausesOnTimeout(m_settings.value(models::Settings::Key::PauseOnTimeout).toBool());
    connect(dialog, &QDialog::accepted, this,
            [this, dialog] { m_settings.set(models::Settings::Key::PauseOnTimeout, dialog->spec().autoPause); });
    if (m_client.connection().kind == e2b::Connection::Kind::Cloud)
        dialog->warnOfPlanLimits(m_watching.runningListed());
    if (!templateId.isEmpty())
        dialog->setTemplate(templateId);
    // A cancelled creation may still have to kill what it made: the session outlives the dialog until it is idle.
    connect(dialog, &QObject::destroyed, session, [session] {
        if (!session->isBusy())
            session->deleteLater();
        else
            connect(session, &models::NewSandboxSession::stateChanged, session, [session] {
                if (!session->isBusy())
                    session->deleteLater();
            });
    });
    connect(session, &models::NewSandboxSession::created, this, [this] { m_window->showPage(u"sandboxes"_s); });
    dialog->open();
}

void Composition::saveWindow()
{
    m_document.autosaveNow();
    m_refinePage->keepSession();
    m_window->saveState(m_store);
    m_runSession.endSession(); // its sandbox would cost until the timeout
}

} // namespace sandglass::app
