#include "app/observing.h"

#include "models/settings/connectionsmodel.h"
#include "models/settings/outgoinghosts.h"
#include "models/settings/settings.h"
#include "services/core/keystore.h"
#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/net/httpclient.h"
#include "services/telemetry/log.h"
#include "services/telemetry/redactor.h"
#include "services/telemetry/span.h"
#include "ui/settings/settingspage.h"

#include <QDesktopServices>
#include <QElapsedTimer>
#include <QLoggingCategory>
#include <QUrl>

#include <utility>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logObserving, "sandglass.observing")

using Key = models::Settings::Key;

constexpr const char *headersName = "otlp-headers";

/// In the words of Settings.
QString reasonOf(const Error &error)
{
    const QString said = toQString(error.message);
    if (error.code == "unauthorized")
        return Observing::tr("It answers, but does not accept the headers (HTTP %1).").arg(error.status);
    if (error.code == "no_otlp")
        return Observing::tr("Something answers there, but no OpenTelemetry collector (HTTP %1). OTLP over HTTP is "
                             "usually at port 4318.")
            .arg(error.status);
    if (error.code == "partial_success")
        return Observing::tr("It leaves spans aside: %1").arg(said);
    if (error.status > 0)
        return Observing::tr("It answers with HTTP %1: %2").arg(error.status).arg(said);
    switch (error.kind) {
    case Error::Kind::Timeout:
        return Observing::tr("Nobody answers in time.");
    case Error::Kind::Local:
        return Observing::tr("This is no address to send to: %1").arg(said);
    default:
        return Observing::tr("Nobody can be reached there: %1").arg(said);
    }
}

} // namespace

Observing::Observing(models::Settings &settings, KeyStore &keys, const ProfilePaths &paths, const QString &logLevel,
                     QObject *parent)
    : QObject(parent)
    , m_settings(settings)
    , m_keys(keys)
    , m_logFolder(paths.state / "log")
    , m_logLevel(logLevel)
    , m_environment(telemetry::OtlpEnvironment::fromProcess())
{
    for (const char *name : {"SANDGLASS_WEBHOOK_SECRET", "SANDGLASS_STREAM_TOKEN", "E2B_API_KEY", "E2B_KEY"})
        telemetry::redactor().learn(qgetenv(name).toStdString());
    for (const std::string &complaint : m_environment.complaints)
        qCWarning(logObserving, "%s", complaint.c_str());
    if (auto caller = telemetry::parseTraceparent(m_environment.traceparent, m_environment.tracestate))
        telemetry::setRemoteParent(std::move(*caller));
    connect(&m_settings, &models::Settings::changed, this, [this](models::Settings::Key key) {
        if (key == Key::TracingEnabled || key == Key::TracingEndpoint)
            followTraces();
        else if (key == Key::LogToFile)
            followLog();
        show();
    });
    connect(&m_showTimer, &QTimer::timeout, this, &Observing::show);
    followLog();
    if (isTracing())
        readHeaders();
}

Observing::~Observing()
{
    m_exporter.reset();
    m_ender.reset(); // waits
    telemetry::setRemoteParent({});
    telemetry::Log::instance().closeFile();
}

/// Once, when they are needed or somebody looks: a key store may ask the person to unlock it.
void Observing::readHeaders()
{
    if (std::exchange(m_areHeadersAsked, true))
        return;
    if (m_environment.headers) {
        m_areHeadersKnown = true;
        return followTraces();
    }
    m_keys.read(headersName, [self = QPointer<Observing>(this)](const Result<std::optional<std::string>> &answer) {
        if (!self)
            return;
        if (answer && *answer)
            self->m_headers = telemetry::parseHeaders(**answer).value_or(net::HeaderList());
        else if (!answer)
            qCWarning(logObserving, "the headers for traces cannot be read: %s", answer.error().message.c_str());
        self->m_areHeadersKnown = true;
        self->followTraces();
        self->show();
    });
}

bool Observing::isTracing() const
{
    return m_environment.isWanted.value_or(m_settings.value(Key::TracingEnabled).toBool());
}

QString Observing::endpoint() const
{
    return m_environment.tracesUrl ? toQString(*m_environment.tracesUrl) : m_settings.text(Key::TracingEndpoint);
}

telemetry::OtlpOptions Observing::options() const
{
    telemetry::OtlpOptions options = m_environment.others;
    options.tracesUrl = m_environment.tracesUrl ? *m_environment.tracesUrl : telemetry::tracesUrlOf(toUtf8(endpoint()));
    options.headers = m_environment.headers.value_or(m_headers);
    return options;
}

void Observing::followTraces()
{
    if (!m_areHeadersKnown) // else the first batch would go without them
        return isTracing() ? readHeaders() : void();
    const telemetry::OtlpOptions wanted = options();
    if (m_exporter && isTracing() && m_exporter->options() == wanted)
        return;
    if (m_exporter) {
        telemetry::setSpanSink(nullptr); // at once; what waits is sent on another thread, which may take seconds
        m_ender->post(
            [old = std::shared_ptr<telemetry::OtlpExporter>(std::move(m_exporter))]() mutable { old.reset(); });
    }
    if (isTracing())
        m_exporter = std::make_unique<telemetry::OtlpExporter>(wanted);
    show();
}

void Observing::setHeaders(const QString &text)
{
    const auto headers = telemetry::parseHeaders(toUtf8(text));
    if (!headers)
        return m_page->diagnostics().showHeadersProblem(
            tr("Headers are written as name=value, with commas between them: %1")
                .arg(toQString(headers.error().message)));
    for (const auto &[name, value] : *headers)
        telemetry::redactor().learn(value);
    m_headers = *headers;
    m_areHeadersAsked = m_areHeadersKnown = true;
    const auto then = [self = QPointer<Observing>(this)](const Result<> &kept) {
        if (self && self->m_page && !kept)
            Q_EMIT self->m_page->toast(tr("The headers could not be kept: %1").arg(toQString(kept.error().message)));
    };
    if (text.isEmpty())
        m_keys.remove(headersName, then);
    else
        m_keys.write(headersName, toUtf8(text), then);
    m_page->diagnostics().showHeadersProblem({});
    followTraces();
    show();
}

void Observing::followLog()
{
    auto &log = telemetry::Log::instance();
    const bool isWanted = m_settings.value(Key::LogToFile).toBool();
    m_logProblem.clear();
    log.closeFile();
    if (isWanted) {
        if (const auto opened = log.openFile(m_logFolder, "sandglass"); !opened)
            m_logProblem = toQString(opened.error().message);
    }
    // The file is to tell what happened: infos go there although standard error does not ask for them.
    const bool hasFile = isWanted && m_logProblem.isEmpty();
    telemetry::setLogLevels(toUtf8(m_logLevel), hasFile);
    if (hasFile)
        telemetry::note(logObserving(), QtInfoMsg, "log opened", {{"version", SANDGLASS_VERSION}});
}

void Observing::showIn(ui::SettingsPage &page, models::ConnectionsModel &connections)
{
    m_page = &page;
    m_connections = &connections;
    ui::DiagnosticsSection &section = page.diagnostics();
    connect(&section, &ui::DiagnosticsSection::shown, this, &Observing::readHeaders);
    connect(&section, &ui::DiagnosticsSection::tracingChanged, this,
            [this](bool isOn) { m_settings.set(Key::TracingEnabled, isOn); });
    connect(&section, &ui::DiagnosticsSection::endpointChanged, this, [this](const QString &endpoint) {
        if (endpoint.isEmpty())
            m_settings.reset(Key::TracingEndpoint);
        else
            m_settings.set(Key::TracingEndpoint, endpoint);
        show();
    });
    connect(&section, &ui::DiagnosticsSection::headersEntered, this, &Observing::setHeaders);
    connect(&section, &ui::DiagnosticsSection::testRequested, this, &Observing::testReceiver);
    connect(&section, &ui::DiagnosticsSection::loggingChanged, this,
            [this](bool isOn) { m_settings.set(Key::LogToFile, isOn); });
    connect(&section, &ui::DiagnosticsSection::logFolderRequested, this, &Observing::openLogFolder);
    connect(&connections, &QAbstractItemModel::dataChanged, this, &Observing::show);
    connect(&connections, &QAbstractItemModel::rowsInserted, this, &Observing::show);
    connect(&connections, &QAbstractItemModel::rowsRemoved, this, &Observing::show);
    connect(&connections, &models::ConnectionsModel::activeChanged, this, &Observing::show);
    show();
}

void Observing::testReceiver()
{
    if (!m_http)
        m_http = std::make_unique<net::HttpClient>();
    auto clock = std::make_shared<QElapsedTimer>();
    clock->start();
    whenDone(telemetry::testReceiver(*m_http, options(), this), this, [this, clock](const Result<> &answer) {
        if (!m_page)
            return;
        m_page->diagnostics().showTestResult(answer.has_value(),
                                             answer ? tr("It takes traces: answered in %1 ms.").arg(clock->elapsed())
                                                    : reasonOf(answer.error()));
    });
}

void Observing::openLogFolder()
{
    const QString folder = toQString(m_logFolder.string());
    if (!QDesktopServices::openUrl(QUrl::fromLocalFile(folder)) && m_page)
        Q_EMIT m_page->toast(tr("No program opens folders here: %1").arg(folder));
}

void Observing::show()
{
    if (!m_page || !m_connections)
        return;
    if (!m_showTimer.isActive() && isTracing())
        m_showTimer.start(2s);
    else if (!isTracing())
        m_showTimer.stop();
    ui::DiagnosticsView view;
    view.isTracing = isTracing();
    view.isTracingGiven = m_environment.isWanted.has_value();
    view.endpoint = endpoint();
    view.isEndpointGiven = m_environment.tracesUrl.has_value();
    view.hasHeaders = !options().headers.empty();
    view.areHeadersGiven = m_environment.headers.has_value();
    view.keyPlace = toQString(m_keys.description());
    if (m_exporter) {
        const telemetry::ExportStatistics statistics = m_exporter->statistics();
        view.sent = statistics.sent;
        view.dropped = statistics.dropped;
        view.waiting = statistics.waiting;
        if (statistics.lastError)
            view.traceProblem = reasonOf(*statistics.lastError);
    }
    view.isLogging = m_settings.value(Key::LogToFile).toBool();
    view.logFolder = toQString(m_logFolder.string());
    view.logProblem = m_logProblem;
    view.hosts = models::outgoingHosts(*m_connections, m_settings, {view.endpoint, view.isTracing});
    m_page->diagnostics().setView(view);
}

} // namespace sandglass::app
