#include "app/watching.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"
#include "services/e2b/webhookclient.h"
#include "services/lifecycle/recordfile.h"
#include "services/lifecycle/tracker.h"

#include <QCryptographicHash>
#include <QLoggingCategory>
#include <QPromise>

#include <algorithm>
#include <memory>
#include <utility>

using namespace std::chrono_literals;

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logWatching, "sandglass.watching")

/// Between lists that news ask for: a list is compared with all live sandboxes on the UI thread, and a flood brings
/// news every 50 ms.
constexpr std::chrono::milliseconds soonGap = 500ms;

/// The answer of an API call in the shape that a lifecycle service wants.
template<typename To, typename From, typename Convert>
QFuture<Result<To>> converted(QFuture<Result<From>> future, QObject *context, Convert convert)
{
    auto promise = std::make_shared<QPromise<Result<To>>>();
    promise->start();
    whenDone(std::move(future), context, [promise, convert](Result<From> answer) {
        Result<To> result = answer ? Result<To>(convert(std::move(*answer))) : Result<To>(failure(answer.error()));
        promise->addResult(std::move(result));
        promise->finish();
    });
    return promise->future();
}

lifecycle::Poller::List toList(std::vector<e2b::SandboxInfo> sandboxes)
{
    lifecycle::Poller::List list;
    list.reserve(sandboxes.size());
    for (e2b::SandboxInfo &info : sandboxes)
        list.push_back({info.sandboxId, info.templateId, info.alias, info.state, info.startedAt, info.endAt,
                        info.cpuCount, info.memoryMb, std::move(info.metadata)});
    return list;
}

lifecycle::Backfill::Page toPage(e2b::EventPage page)
{
    return {std::move(page.events), page.unreadable};
}

std::string fingerprintOf(const std::string &text)
{
    const QByteArray bytes = QByteArray::fromStdString(text);
    return QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex().left(8).toStdString();
}

/// What has been read is one key's: another key of the same connection is another team with other events.
std::string sourceOf(const e2b::Connection &connection)
{
    return connection.id + "/" + fingerprintOf(connection.apiUrl + '\n' + connection.apiKey);
}

/// The local engine keeps its key, but not its port.
std::string teamsOf(const e2b::Connection &connection)
{
    return connection.id + "/" + fingerprintOf(connection.apiKey);
}

/// The connection's id in what teamsOf() made.
std::string connectionOf(std::string_view key)
{
    return std::string(key.substr(0, key.rfind('/')));
}

constexpr std::size_t mostTeams = 16; ///< of one key; more cannot be right

std::set<std::string> namesIn(const Json &list)
{
    std::set<std::string> names;
    for (const Json &name : list.is_array() ? list : Json::array()) {
        if (name.is_string() && names.size() < mostTeams)
            names.insert(name.get<std::string>());
    }
    return names;
}

} // namespace

Watching::Watching(e2b::Client &client, lifecycle::Journal &journal, lifecycle::Tracker &tracker,
                   const std::filesystem::path &state, QObject *parent)
    : QObject(parent)
    , m_client(client)
    , m_journal(journal)
    , m_tracker(tracker)
    , m_marks(state / "backfill.json")
    , m_gaps(state / "history-gaps.json")
    , m_teamsFile(state / "teams.json")
{
    m_soon.setSingleShot(true);
    connect(&m_soon, &QTimer::timeout, this, [this] {
        m_sinceSoon.start();
        if (m_poller)
            m_poller->pollNow();
    });
    // Created, updated …: the list tells size and readable name, which no webhook carries.
    connect(&m_tracker, &lifecycle::Tracker::eventsRecorded, this, [this] {
        if (m_soon.isActive())
            return;
        const std::chrono::milliseconds since(m_sinceSoon.isValid() ? m_sinceSoon.elapsed() : soonGap.count());
        m_soon.start(std::max(m_soonDelay, soonGap - since));
    });
}

Watching::~Watching() = default;

void Watching::stop()
{
    m_soon.stop();
    m_poller.reset();
    m_backfill.reset();
}

void Watching::catchUp()
{
    if (m_poller) {
        m_poller->stop(); // an answer from before the sleep is no news, and its connection may be dead
        m_poller->start();
    }
    if (m_backfill)
        m_backfill->runNow();
}

void Watching::follow()
{
    stop();
    m_running.reset();
    readTeams();
    startPolling();
    if (!m_client.connection().apiKey.empty())
        startFilling();
}

void Watching::startPolling()
{
    const bool isLocal = m_client.connection().kind == e2b::Connection::Kind::Local;
    m_soonDelay = isLocal ? 0ms : 3s;
    lifecycle::PollerOptions options;
    if (isLocal)
        options.interval = 2s; // it answers in a millisecond
    else
        options.relaxedInterval = 60s;
    const auto list = [this] { return converted<lifecycle::Poller::List>(m_client.listSandboxes(), this, toList); };
    // A sandbox that ended while nobody looked has been in no list of this run.
    options.isOurs = [this](const lifecycle::Sandbox &sandbox) { return m_teams.contains(sandbox.teamId); };
    m_poller = std::make_unique<lifecycle::Poller>(m_journal, m_tracker, list, options);
    connect(m_poller.get(), &lifecycle::Poller::listed, this, &Watching::learnTeams);
    connect(m_poller.get(), &lifecycle::Poller::listed, this, &Watching::sandboxesListed);
    connect(m_poller.get(), &lifecycle::Poller::polled, this, &Watching::listed);
    m_poller->start();
}

void Watching::readTeams()
{
    m_teams.clear();
    const auto stored = lifecycle::readRecord(m_teamsFile);
    if (stored && stored->is_object())
        m_teams = namesIn(memberOr(*stored, teamsOf(m_client.connection()).c_str()));
}

void Watching::tellTeams()
{
    const auto stored = lifecycle::readRecord(m_teamsFile);
    if (!stored || !stored->is_object())
        return;
    for (const auto &[key, teams] : stored->items())
        Q_EMIT teamsKnown(toQString(connectionOf(key)), namesIn(teams));
}

void Watching::learnTeams(const lifecycle::Poller::List &list)
{
    m_running = static_cast<int>(std::ranges::count(list, "running", &lifecycle::ObservedSandbox::state));
    const std::size_t before = m_teams.size();
    for (const lifecycle::ObservedSandbox &row : list) {
        const lifecycle::Sandbox *known = m_tracker.fold().find(row.sandboxId);
        if (known != nullptr && !known->teamId.empty() && m_teams.size() < mostTeams)
            m_teams.insert(known->teamId);
    }
    if (m_teams.size() == before)
        return;
    Q_EMIT teamsKnown(toQString(m_client.connection().id), m_teams);
    m_disk.post([file = m_teamsFile, key = teamsOf(m_client.connection()), teams = m_teams] {
        auto stored = lifecycle::readRecord(file);
        Json all = stored && stored->is_object() ? std::move(*stored) : Json::object();
        all[key] = teams;
        if (const auto kept = lifecycle::writeRecord(file, all); !kept)
            qCWarning(logWatching, "the team of a key could not be noted: %s", kept.error().message.c_str());
    });
}

void Watching::startFilling()
{
    const auto page = [this](std::int64_t offset, int limit) {
        e2b::EventQuery query;
        query.offset = offset;
        query.limit = limit;
        return converted<lifecycle::Backfill::Page>(m_client.webhooks().events(query), this, toPage);
    };
    m_backfill = std::make_unique<lifecycle::Backfill>(m_journal, m_marks, sourceOf(m_client.connection()), page);
    connect(m_backfill.get(), &lifecycle::Backfill::finished, this, &Watching::onFilled);
    connect(m_backfill.get(), &lifecycle::Backfill::failed, this,
            [](const Error &error) { qCInfo(logWatching, "events could not be fetched: %s", error.message.c_str()); });
    m_backfill->start();
}

void Watching::onFilled(const lifecycle::BackfillReport &report)
{
    if (!report.gap)
        return;
    if (const auto kept = m_gaps.add(*report.gap); !kept)
        qCWarning(logWatching, "a gap in the history could not be noted: %s", kept.error().message.c_str());
    Q_EMIT gapsChanged();
}

} // namespace sandglass::app
