#include "models/budgets/guarddesk.h"

#include "models/budgets/guardworker.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/recordfile.h"
#include "services/lifecycle/tracker.h"

#include <algorithm>
#include <utility>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::models {

namespace {

constexpr std::size_t sandboxesPerPart = 500;

} // namespace

GuardDesk::GuardDesk(lifecycle::Tracker &tracker, SandboxActions &actions, GuardFiles files, Clock clock,
                     QObject *parent)
    : QObject(parent)
    , m_tracker(tracker)
    , m_actions(actions)
    , m_files(std::move(files))
    , m_clock(std::move(clock))
    , m_scan(tracker,
             {[this] { beginScan(); }, [this](const lifecycle::Sandbox &sandbox) { found(sandbox); },
              [this] { endScan(); }})
    , m_worker(new GuardWorker(m_files, m_clock))
{
    m_inbox.subscribe(m_worker, &GuardWorker::reported, [this](const GuardReportPtr &report) { take(report); });
    m_inbox.subscribe(m_worker, &GuardWorker::auditAdded, std::bind_front(&GuardDesk::auditAdded, this));
    m_inbox.subscribe(m_worker, &GuardWorker::rescanWanted, std::bind_front(&GuardDesk::startScan, this));
    m_inbox.subscribe(m_worker, &GuardWorker::actionWanted, std::bind_front(&GuardDesk::act, this));
    m_inbox.subscribe(m_worker, &GuardWorker::failed, std::bind_front(&GuardDesk::setFailure, this));
    connect(&m_actions, &SandboxActions::done, this, &GuardDesk::onDone);
    connect(&m_tracker, &lifecycle::Tracker::replayed, this, &GuardDesk::startScan);
    connect(&m_tracker, &lifecycle::Tracker::rateCardChanged, this, &GuardDesk::startScan);
    connect(&m_tracker, &lifecycle::Tracker::sandboxesChanged, this,
            qOverload<const std::vector<std::string> &>(&GuardDesk::take));
    connect(&m_tracker, &lifecycle::Tracker::eventsRecorded, this, &GuardDesk::learn);
    m_worker->moveToThread(&m_thread);
    m_thread.setObjectName(u"guard"_s);
    m_thread.start();
    load();
    tell([](GuardWorker &worker) { worker.open(); });
    startScan();
}

GuardDesk::~GuardDesk()
{
    m_worker->stop();
    endWorker(m_worker, m_thread, [this] { m_worker->close(); });
}

template<typename Call>
void GuardDesk::tell(Call &&call)
{
    m_worker->inbox().post([worker = m_worker, run = std::forward<Call>(call)]() mutable { run(*worker); });
}

void GuardDesk::load()
{
    const auto record = lifecycle::readRecord(m_files.config);
    auto config = record ? guardConfigFromJson(*record) : Result<GuardConfig>(sandglass::failure(record.error()));
    if (config) {
        m_config = std::move(*config);
        return;
    }
    // The next save would overwrite what somebody may still want to repair.
    std::filesystem::path kept = m_files.config;
    kept += ".damaged";
    std::error_code ec;
    std::filesystem::rename(m_files.config, kept, ec);
    m_failure = tr("The budgets could not be read (%1). The file is kept as %2.")
                    .arg(toQString(config.error().message), toQString(kept.string()));
}

const cost::Budget *GuardDesk::find(const std::string &id) const
{
    const auto found = std::ranges::find(m_config.budgets, id, &cost::Budget::id);
    return found == m_config.budgets.end() ? nullptr : &*found;
}

Result<> GuardDesk::setBudget(const cost::Budget &budget, std::size_t row)
{
    if (std::string fault = cost::faultOf(budget); !fault.empty())
        return sandglass::failure(Error::Kind::Local, std::move(fault));
    auto &budgets = m_config.budgets;
    if (const auto found = std::ranges::find(budgets, budget.id, &cost::Budget::id); found != budgets.end())
        *found = budget;
    else
        budgets.insert(budgets.begin() + static_cast<std::ptrdiff_t>(std::min(row, budgets.size())), budget);
    saveAndRestart();
    return {};
}

void GuardDesk::removeBudget(const std::string &id)
{
    if (std::erase_if(m_config.budgets, [&](const cost::Budget &budget) { return budget.id == id; }) > 0)
        saveAndRestart();
}

void GuardDesk::saveAndRestart()
{
    tell([config = toJson(m_config)](GuardWorker &worker) { worker.saveConfig(config); });
    Q_EMIT budgetsChanged();
    startScan();
}

Result<> GuardDesk::setRunawayPolicy(const RunawayPolicy &policy)
{
    if (std::string fault = faultOf(policy); !fault.empty())
        return sandglass::failure(Error::Kind::Local, std::move(fault));
    m_config.runaways = policy;
    tell([config = toJson(m_config), policy](GuardWorker &worker) {
        worker.saveConfig(config);
        worker.setPolicy(policy);
    });
    Q_EMIT runawayPolicyChanged();
    return {};
}

void GuardDesk::setConnection(const QString &name)
{
    m_connection = name;
}

void GuardDesk::confirmFacts()
{
    tell([at = m_clock()](GuardWorker &worker) { worker.confirmFacts(at); });
}

void GuardDesk::doubtFacts()
{
    tell([](GuardWorker &worker) { worker.doubtFacts(); });
}

void GuardDesk::undo(const std::string &cause, const std::string &sandboxId)
{
    tell([cause, sandboxId](GuardWorker &worker) { worker.undo(cause, sandboxId); });
}

void GuardDesk::resume(const std::string &sandboxId)
{
    const QString id = toQString(sandboxId);
    if (m_resuming.insert(id).second)
        m_actions.resume({id}, resumeSeconds);
}

void GuardDesk::note(const std::vector<cost::AuditEntry> &entries)
{
    tell([entries](GuardWorker &worker) { worker.note(entries); });
}

void GuardDesk::evaluateNow()
{
    tell([](GuardWorker &worker) { worker.evaluate(); });
}

/// Everything that matters to the present periods goes to the worker again.
void GuardDesk::startScan()
{
    if (!m_tracker.isReplayed())
        return;
    m_scan.cancel(); // what it asked for is out of date
    m_scan.start();
}

void GuardDesk::beginScan()
{
    m_found.clear();
    const Timestamp now = m_clock();
    m_earliest = now;
    for (const cost::Budget &budget : m_config.budgets)
        m_earliest = std::min(m_earliest, cost::periodAt(now, budget.period, budget.timeZone).from);
    tell([config = m_config, card = m_tracker.rateCard(), number = ++m_generation](GuardWorker &worker) mutable {
        worker.begin(number, std::move(config.budgets), std::move(config.runaways), std::move(card));
    });
}

void GuardDesk::found(const lifecycle::Sandbox &sandbox)
{
    if (sandbox.endedAt && *sandbox.endedAt < m_earliest)
        return;
    m_found.push_back(sandbox);
    if (m_found.size() >= sandboxesPerPart)
        tell([part = std::exchange(m_found, {})](GuardWorker &worker) { worker.take(part); });
}

void GuardDesk::endScan()
{
    tell([part = std::exchange(m_found, {})](GuardWorker &worker) {
        worker.take(part);
        worker.finish();
    });
}

void GuardDesk::take(const std::vector<std::string> &changed)
{
    std::vector<lifecycle::Sandbox> sandboxes;
    sandboxes.reserve(changed.size());
    for (const std::string &id : changed) {
        if (const lifecycle::Sandbox *sandbox = m_tracker.fold().find(id))
            sandboxes.push_back(*sandbox);
    }
    tell([part = std::move(sandboxes)](GuardWorker &worker) { worker.take(part); });
}

/// Deliveries tell that what is known is up to date; the poller's own events, whose list a sandbox is in.
void GuardDesk::learn(const std::vector<lifecycle::StoredEvent> &events)
{
    std::optional<Timestamp> heardAt;
    std::vector<std::string> listed;
    for (const lifecycle::StoredEvent &stored : events) {
        if (stored.event.source == lifecycle::EventSource::Webhook)
            heardAt = std::max(heardAt.value_or(Timestamp{}), stored.event.receivedAt);
        else if (stored.event.type == lifecycle::EventType::Observed && !m_connection.isEmpty())
            listed.push_back(stored.event.sandboxId);
    }
    if (!heardAt && listed.empty())
        return;
    // After the sandboxes themselves, which the tracker tells of in the same breath.
    QMetaObject::invokeMethod(
        this,
        [this, heardAt, listed = std::move(listed), name = toUtf8(m_connection)] {
            tell([heardAt, listed, name](GuardWorker &worker) {
                worker.belongs(listed, name);
                if (heardAt)
                    worker.hearOf(*heardAt);
            });
        },
        Qt::QueuedConnection);
}

void GuardDesk::act(quint64 token, bool isKill, const QString &sandboxId, const QString &connection)
{
    if (!connection.isEmpty() && connection != m_connection) {
        const Result<> refused = sandglass::failure(
            Error::Kind::Local, "it belongs to the connection '" + toUtf8(connection) + "', which is not in use");
        return tell([token, refused](GuardWorker &worker) { worker.takeAnswer(token, refused); });
    }
    const auto verb = isKill ? SandboxActions::Verb::Kill : SandboxActions::Verb::Pause;
    auto &tokens = m_underWay[{verb, sandboxId}];
    tokens.push_back(token);
    if (tokens.size() > 1)
        return; // two causes, one action
    if (isKill)
        m_actions.kill({sandboxId});
    else
        m_actions.pause({sandboxId});
}

void GuardDesk::onDone(SandboxActions::Verb verb, const QString &id, const Result<> &outcome)
{
    const QString known = id;
    if (verb == SandboxActions::Verb::Resume && m_resuming.erase(known) > 0) {
        cost::AuditEntry entry{m_clock(),
                               "person",
                               "resume",
                               toUtf8(known),
                               "undo of the guard's pause",
                               outcome ? "ok" : outcome.error().message};
        tell([entry = std::move(entry)](GuardWorker &worker) { worker.note({entry}); });
        if (!outcome)
            Q_EMIT resumeFailed(known, toQString(outcome.error().message));
        return;
    }
    const auto tokens = m_underWay.extract({verb, known});
    if (tokens.empty())
        return; // somebody else's
    for (const quint64 token : tokens.mapped())
        tell([token, outcome](GuardWorker &worker) { worker.takeAnswer(token, outcome); });
}

void GuardDesk::take(const GuardReportPtr &report)
{
    m_report = report;
    Q_EMIT reported();
    for (const GuardAlert &alert : report->alerts)
        Q_EMIT alertRaised(alert);
}

void GuardDesk::setFailure(const QString &failure)
{
    if (failure == m_failure)
        return;
    m_failure = failure;
    Q_EMIT failureChanged();
}

} // namespace sandglass::models
