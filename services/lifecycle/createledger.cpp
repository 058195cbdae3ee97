#include "services/lifecycle/createledger.h"

#include "services/core/ids.h"
#include "services/core/json.h"
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

} // namespace

CreateLedger::CreateLedger(const std::filesystem::path &folder, Clock clock, QObject *parent)
    : QObject(parent)
    , m_clock(std::move(clock))
    , m_installation(installationOf(folder / "installation.json"))
    , m_intents(folder / "create-intents.json")
{
    if (const auto &damage = m_intents.damage())
        qCWarning(logLedger, "create calls of an earlier run are not known: %s", damage->message.c_str());
    std::vector<std::string> old;
    for (const CreateIntent &intent : m_intents.open()) {
        if (m_clock() - intent.at > longestOpen)
            old.push_back(intent.id);
    }
    close(std::move(old));
}

CreateLedger::~CreateLedger() = default;

QFuture<Result<CreateIntent>> CreateLedger::begin(const std::string &connection, const std::string &templateId)
{
    auto promise = std::make_shared<QPromise<Result<CreateIntent>>>();
    promise->start();
    m_disk.post([this, promise, connection, templateId, at = m_clock()] {
        m_inbox.post([this, promise, intent = m_intents.begin(connection, templateId, at)] {
            if (intent)
                m_awaited.insert(intent->id);
            promise->addResult(intent);
            promise->finish();
        });
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
    m_disk.post([this, ids = std::move(ids)] {
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
    m_disk.post([this, connection, marked = std::move(marked), at = m_clock()] {
        m_inbox.post([this, outcomes = m_intents.resolve(connection, marked, at)] { takeOutcomes(outcomes); });
    });
}

void CreateLedger::takeOutcomes(std::vector<IntentOutcome> outcomes)
{
    m_isResolving = false;
    std::erase_if(outcomes, [this](const IntentOutcome &outcome) {
        return outcome.kind == IntentOutcome::Kind::Pending || m_awaited.contains(outcome.intent.id);
    });
    if (outcomes.empty())
        return;
    std::vector<std::string> ids;
    for (const IntentOutcome &outcome : outcomes)
        ids.push_back(outcome.intent.id);
    close(std::move(ids));
    Q_EMIT resolved(outcomes);
}

} // namespace sandglass::lifecycle
