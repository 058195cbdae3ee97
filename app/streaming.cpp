#include "app/streaming.h"

#include "models/settings/settings.h"
#include "services/core/ids.h"
#include "services/core/keystore.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/tracker.h"
#include "ui/settings/settingspage.h"

#include <QLoggingCategory>

#include <utility>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logStreaming, "sandglass.streaming")

constexpr const char *tokenName = "stream-token";
constexpr const char *tokenVariable = "SANDGLASS_STREAM_TOKEN";

std::string nameOfToken(const QString &collectorUrl)
{
    return "collector-token/" + toUtf8(collectorUrl);
}

/// In the words of Settings; what the collector itself said stays as it is.
QString reasonOf(const Error &error)
{
    if (error.status == 401)
        return Streaming::tr("it does not accept the token");
    if (error.code == "tls")
        return Streaming::tr("its certificate is not trusted: %1").arg(toQString(error.message));
    if (error.kind == Error::Kind::Timeout)
        return Streaming::tr("it does not answer");
    return toQString(error.message);
}

ui::CollectorLine lineOf(const stream::CollectorStatus &status)
{
    using From = stream::CollectorState;
    using To = ui::CollectorLine::State;
    ui::CollectorLine line;
    line.url = toQString(status.url);
    line.events = status.stored;
    if (status.error)
        line.reason = reasonOf(*status.error);
    switch (status.state) {
    case From::Connecting:
        line.state = To::Connecting;
        break;
    case From::CatchingUp:
        line.state = To::CatchingUp;
        break;
    case From::Live:
        line.state = To::Live;
        break;
    case From::Waiting:
        line.state = To::Waiting;
        break;
    case From::Refused:
        line.state = To::Refused;
        break;
    }
    return line;
}

} // namespace

Streaming::Streaming(lifecycle::Journal &journal, lifecycle::Tracker &tracker, models::Settings &settings,
                     KeyStore &keys, const std::filesystem::path &stateDirectory, std::optional<int> port,
                     QObject *parent)
    : QObject(parent)
    , m_journal(journal)
    , m_tracker(tracker)
    , m_settings(settings)
    , m_keys(keys)
    , m_state(stateDirectory)
    , m_port(port)
{
    const auto wake = [this] {
        if (m_server)
            m_server->eventsArrived();
    };
    connect(&m_tracker, &lifecycle::Tracker::eventsRecorded, this, wake);
    connect(&m_tracker, &lifecycle::Tracker::replayed, this, wake);
    connect(&m_tracker, &lifecycle::Tracker::rateCardChanged, this, [this] {
        if (m_server)
            m_server->setRateCard(m_tracker.rateCard());
    });
    connect(&m_tracker, &lifecycle::Tracker::sandboxesChanged, this, [this](const std::vector<std::string> &ids) {
        for (const std::string &id : ids)
            nameTemplateOf(m_tracker.fold().find(id));
    });
    connect(&m_settings, &models::Settings::changed, this, [this](models::Settings::Key key) {
        using Key = models::Settings::Key;
        if (m_isSettled && (key == Key::StreamEnabled || key == Key::StreamPort))
            follow();
    });
    connect(&m_showTimer, &QTimer::timeout, this, &Streaming::show);
}

Streaming::~Streaming() = default;

bool Streaming::isWanted() const
{
    return m_port || m_settings.value(models::Settings::Key::StreamEnabled).toBool();
}

void Streaming::showIn(ui::SettingsPage &page)
{
    using Key = models::Settings::Key;
    m_page = &page;
    connect(&page.stream(), &ui::StreamSection::enabledChanged, this,
            [this](bool isEnabled) { m_settings.set(Key::StreamEnabled, isEnabled); });
    connect(&page.stream(), &ui::StreamSection::portChanged, this,
            [this](int port) { m_settings.set(Key::StreamPort, port); });
    connect(&page.collectors(), &ui::CollectorsSection::addRequested, this, &Streaming::addCollector);
    connect(&page.collectors(), &ui::CollectorsSection::removeRequested, this, &Streaming::removeCollector);
    show();
}

void Streaming::start()
{
    follow();
    readCollectors();
}

void Streaming::follow()
{
    m_ticker.reset();
    m_server.reset();
    m_failure.clear();
    if (!isWanted())
        return settle();
    if (!m_token.empty())
        return serve();
    readToken([this] {
        if (isWanted() && !m_server) // still
            serve();
    });
}

void Streaming::readToken(std::function<void()> then)
{
    if (const QByteArray given = qgetenv(tokenVariable); !given.isEmpty()) {
        m_token = given.toStdString();
        return then();
    }
    m_keys.read(tokenName, [this, then = std::move(then)](const Result<std::optional<std::string>> &answer) {
        if (answer && *answer && !(*answer)->empty()) {
            m_token = **answer;
            return then();
        }
        m_token = newWebhookSecret();
        if (!answer) { // one may be there
            qCWarning(logStreaming, "the stream has a token for this run only: %s", answer.error().message.c_str());
            return then();
        }
        // A store that cannot keep it costs the clients a new token at the next start, no more.
        m_keys.write(tokenName, m_token, [](const Result<> &kept) {
            if (!kept)
                qCWarning(logStreaming, "the stream's token could not be kept: %s", kept.error().message.c_str());
        });
        then();
    });
}

void Streaming::serve()
{
    stream::StreamServerOptions options;
    options.port = static_cast<std::uint16_t>(m_port.value_or(m_settings.number(models::Settings::Key::StreamPort)));
    options.token = m_token;
    m_server = std::make_unique<stream::StreamServer>(m_journal, m_tracker.rateCard(), options);
    if (const auto started = m_server->start(); !started) {
        m_failure = toQString(started.error().message);
        qCWarning(logStreaming, "%s", started.error().message.c_str());
        m_server.reset();
    } else {
        m_ticker = std::make_unique<stream::CostTicker>(
            m_tracker, [this] { return m_server->statistics().clients > 0; },
            [this](const stream::CostTick &tick) { m_server->setCost(tick); });
        m_namedTemplates.clear();
        for (const auto &[id, sandbox] : m_tracker.fold().sandboxes())
            nameTemplateOf(&sandbox);
    }
    settle();
}

void Streaming::nameTemplateOf(const lifecycle::Sandbox *sandbox)
{
    constexpr std::size_t most = 10'000;
    if (!m_server || sandbox == nullptr || sandbox->templateAlias.empty() || m_namedTemplates.size() >= most)
        return;
    if (m_namedTemplates.emplace(sandbox->templateId, sandbox->templateAlias).second)
        m_server->setTemplateName(sandbox->templateId, sandbox->templateAlias);
}

void Streaming::settle()
{
    show();
    if (!std::exchange(m_isSettled, true))
        Q_EMIT settled();
}

QStringList Streaming::collectorUrls() const
{
    return m_settings.value(models::Settings::Key::Collectors).toStringList();
}

void Streaming::readCollectors()
{
    for (const QString &url : collectorUrls()) {
        m_keys.read(nameOfToken(url), [this, url](const Result<std::optional<std::string>> &answer) {
            if (!collectorUrls().contains(url))
                return; // removed meanwhile
            m_collectorTokens[url] = answer ? answer->value_or(std::string()) : std::string();
            connectCollectors();
        });
    }
}

void Streaming::addCollector(const QString &url, const QString &token)
{
    if (const auto usable = stream::collectorUrl(toUtf8(url)); !usable)
        return m_page->collectors().answerAdd(toQString(usable.error().message));
    m_collectorTokens[url] = toUtf8(token);
    m_keys.write(nameOfToken(url), toUtf8(token), [](const Result<> &kept) {
        if (!kept)
            qCWarning(logStreaming, "a collector's token could not be kept: %s", kept.error().message.c_str());
    });
    QVariantList urls = m_settings.value(models::Settings::Key::Collectors).toList();
    if (!urls.contains(url))
        m_settings.set(models::Settings::Key::Collectors, urls << url);
    m_page->collectors().answerAdd({});
    connectCollectors();
}

void Streaming::removeCollector(const QString &url)
{
    QVariantList urls = m_settings.value(models::Settings::Key::Collectors).toList();
    urls.removeAll(url);
    m_settings.set(models::Settings::Key::Collectors, urls);
    m_collectorTokens.erase(url);
    m_keys.remove(nameOfToken(url), [](const Result<> &) {}); // one that stays there opens nothing any more
    connectCollectors();
}

void Streaming::connectCollectors()
{
    std::vector<stream::CollectorAddress> addresses;
    for (const QString &url : collectorUrls()) {
        if (const auto token = m_collectorTokens.find(url); token != m_collectorTokens.end())
            addresses.push_back({toUtf8(url), token->second});
    }
    if (!m_feed && !addresses.empty()) {
        m_feed = std::make_unique<stream::CollectorFeed>(m_journal,
                                                         stream::CollectorFeedOptions{m_state / "collectors.json", {}});
        connect(m_feed.get(), &stream::CollectorFeed::changed, this, &Streaming::show);
    }
    if (m_feed)
        m_feed->setCollectors(std::move(addresses));
}

void Streaming::show()
{
    if (!m_page)
        return;
    if (!m_showTimer.isActive())
        m_showTimer.start(2s);
    ui::StreamView view;
    view.isEnabled = isWanted();
    view.isForced = m_port.has_value();
    view.port = m_port.value_or(m_settings.number(models::Settings::Key::StreamPort));
    view.failure = m_failure;
    view.token = toQString(m_token);
    view.isListening = m_server != nullptr;
    if (m_server) {
        const stream::StreamStatistics statistics = m_server->statistics();
        view.url = toQString(m_server->url());
        view.clients = statistics.clients;
        view.dropped = statistics.dropped;
    }
    m_page->stream().setStream(view);
    QList<ui::CollectorLine> lines;
    if (m_feed) {
        for (const stream::CollectorStatus &status : m_feed->status())
            lines << lineOf(status);
    }
    m_page->collectors().setCollectors(lines);
}

} // namespace sandglass::app
