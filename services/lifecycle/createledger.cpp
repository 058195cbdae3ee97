#include "services/lifecycle/createledger.h"

#include "services/core/ids.h"
#include "services/core/json.h"
#include "services/core/whendone.h"
#include "services/lifecycle/poller.h"
#include "services/lifecycle/recordfile.h"

#include <QLoggingCategory>
#include <QPromise>

#include <algorithm>
#include <memory>
#include <utility>

namespace sandglass::lifecycle {
namespace {

Q_LOGGING_CATEGORY(logLedger, "sandglass.creates")

std::string installationOf(const std::filesystem::path &file)
{
    const auto stored = readRecord(file);
    if (stored && stored->is_object()) {
        if (std::string id = stringOr(*stored, "id"); !id.empty())
            return id;
    }
    std::string id = newUuid();
    if (const auto kept = writeRecord(file, {{"id", id}}); !kept)
        qCWarning(logLedger, "the installation's id lasts for this run alone: %s", kept.error().message.c_str());
    return id;
}

bool isRefusal(const Error &error)
{
    return error.status >= 400 && error.status < 500 && error.status != 408;
}

/// What `work` returns, made in the pool's thread.
template<typename T, typename Work>
QFuture<T> inThread(QThreadPool &pool, Work work)
{
    auto promise = std::make_shared<QPromise<T>>();
    promise->start();
    QFuture<T> future = promise->future();
    pool.start([promise, work = std::move(work)] {
        promise->addResult(work());
        promise->finish();
    });
    return future;
}

} // namespace

CreateLedger::CreateLedger(const std::filesystem::path &folder, Clock clock, QObject *parent)
    : QObject(parent)
    , m_clock(std::move(clock))
    , m_installation(installationOf(folder / "installation.json"))
    , m_intents(folder / "create-intents.json")
{
    m_disk.setMaxThreadCount(1);
    if (const auto &damage = m_intents.damage())
        qCWarning(logLedger, "create calls of an earlier run are not known: %s", damage->message.c_str());
    std::vector<std::string> old;
    for (const CreateIntent &intent : m_intents.open()) {
        if (m_clock() - intent.at > longestOpen)
            old.push_back(intent.id);
    }
    close(std::move(old));
}

CreateLedger::~CreateLedger()
{
    m_disk.waitForDone();
}

QFuture<Result<CreateIntent>> CreateLedger::begin(const std::string &connection, const std::string &templateId)
{
    auto promise = std::make_shared<QPromise<Result<CreateIntent>>>();
    promise->start();
    auto written = inThread<Result<CreateIntent>>(
        m_disk, [this, connection, templateId, at = m_clock()] { return m_intents.begin(connection, templateId, at); });
    whenDone(std::move(written), this, [this, promise](Result<CreateIntent> intent) {
        if (intent)
            m_awaited.insert(intent->id);
        promise->addResult(std::move(intent));
        promise->finish();
    });
    return promise->future();
}

std::map<std::string, std::string> CreateLedger::marksOf(const CreateIntent &intent) const
{
    return {{ownerKey, m_installation}, {intentKey, intent.id}};
}

void CreateLedger::settle(const CreateIntent &intent, const Result<std::string> &answer)
{
    m_awaited.erase(intent.id);
    if (answer && m_made.size() < mostMade)
        m_made.insert(*answer);
    if (answer || isRefusal(answer.error()))
        close({intent.id});
}

void CreateLedger::close(std::vector<std::string> ids)
{
    if (ids.empty())
        return;
    m_disk.start([this, ids = std::move(ids)] {
        for (const std::string &id : ids) {
            if (const auto closed = m_intents.finish(id); !closed)
                qCWarning(logLedger, "a create call stays open: %s", closed.error().message.c_str());
        }
    });
}

void CreateLedger::takeList(const std::string &connection, const std::vector<ObservedSandbox> &list)
{
    if (m_isResolving)
        return;
    m_isResolving = true;
    std::vector<ObservedSandbox> marked;
    for (const ObservedSandbox &row : list) {
        if (row.metadata.contains(intentKey))
            marked.push_back(row);
    }
    auto outcomes =
        inThread<std::vector<IntentOutcome>>(m_disk, [this, connection, marked = std::move(marked), at = m_clock()] {
            return m_intents.resolve(connection, marked, at);
        });
    whenDone(std::move(outcomes), this, [this](std::vector<IntentOutcome> known) {
        m_isResolving = false;
        std::erase_if(known, [this](const IntentOutcome &outcome) {
            return outcome.kind == IntentOutcome::Kind::Pending || m_awaited.contains(outcome.intent.id);
        });
        if (known.empty())
            return;
        std::vector<std::string> ids;
        for (const IntentOutcome &outcome : known)
            ids.push_back(outcome.intent.id);
        close(std::move(ids));
        Q_EMIT resolved(known);
    });
}

} // namespace sandglass::lifecycle
