#include "services/refine/refinesession.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/cost/meter.h"

#include <QPointer>

#include <algorithm>

namespace sandglass::refine {
namespace {

constexpr std::size_t resultsLimit = 64U << 20;
constexpr qsizetype pendingLimit = 1 << 20;

std::size_t sizeOf(const e2b::ExecutionResult &result)
{
    std::size_t size = 0;
    for (const auto &[key, value] : result.formats)
        size += key.size() + value.size();
    return size;
}

} // namespace

RefineSession::RefineSession(e2b::Client &client, std::string sessionId, QObject *parent)
    : QObject(parent), m_client(client), m_sessionId(std::move(sessionId))
{
    m_batch.setSingleShot(true);
    m_batch.setInterval(50);
    connect(&m_batch, &QTimer::timeout, this, &RefineSession::flushOutput);
}

RefineSession::~RefineSession()
{
    const QSignalBlocker quiet(this);
    endSession();
}

void RefineSession::setTemplate(const std::string &templateId)
{
    if (templateId == m_template)
        return;
    endSession();
    m_template = templateId;
}

bool RefineSession::run(const std::string &code, Attempt::Author author)
{
    if (m_state != State::Idle)
        return false;
    m_attempt = Attempt{};
    m_attempt.number = ++m_made;
    m_attempt.author = author;
    m_attempt.code = code;
    m_attempt.startedAt = systemNow();
    m_checkRun = CheckRun(m_check);
    m_resultBytes = 0;
    if (m_sandbox) {
        m_isFresh = false;
        // The sandbox shall not end in the middle of the run; when it is gone the run itself finds out.
        (void)m_client.setTimeout(m_sandbox->sandboxId, std::max(m_sandboxTimeout, m_runTimeout + 30));
        startRun();
    } else {
        createSandbox();
    }
    return true;
}

void RefineSession::createSandbox()
{
    setState(State::Creating);
    m_isFresh = true;
    if (m_isCreating) // stopped while a sandbox was on its way: it serves this run
        return;
    m_isCreating = true;
    e2b::SandboxSpec spec;
    spec.templateId = m_template;
    spec.timeoutSeconds = std::max(m_sandboxTimeout, m_runTimeout + 30);
    spec.metadata = {{"sandglass.session", m_sessionId}};
    // Received by the client, which outlives the session: a sandbox nobody wants any more must still be killed.
    whenDone(m_client.createSandbox(spec), &m_client,
             [client = &m_client, self = QPointer<RefineSession>(this), generation = m_generation](
                 Result<e2b::SandboxInfo> created) {
                 if (self && self->m_generation == generation)
                     self->onCreated(std::move(created));
                 else if (created)
                     (void)client->killSandbox(created->sandboxId);
             });
}

void RefineSession::onCreated(Result<e2b::SandboxInfo> created)
{
    m_isCreating = false;
    if (created) {
        m_sandbox = std::move(*created);
        learnSize();
        Q_EMIT sandboxChanged();
    }
    if (m_state != State::Creating) // stopped meanwhile: the sandbox waits for the next run
        return;
    if (created) {
        startRun();
        return;
    }
    m_attempt.trouble = created.error();
    conclude(Verdict::Broken);
}

void RefineSession::learnSize()
{
    const std::string id = m_sandbox->sandboxId;
    whenDone(m_client.sandbox(id), this, [this, id](const Result<e2b::SandboxInfo> &info) {
        if (!info || !m_sandbox || m_sandbox->sandboxId != id)
            return;
        m_sandbox->cpuCount = info->cpuCount;
        m_sandbox->memoryMb = info->memoryMb;
    });
}

void RefineSession::startRun()
{
    m_attempt.sandboxId = m_sandbox->sandboxId;
    e2b::CodeSpec spec;
    spec.code = m_attempt.code;
    spec.timeoutSeconds = m_runTimeout;
    m_clock.start();
    m_run = m_client.runCode(*m_sandbox, spec, this);
    connect(m_run, &e2b::CodeRun::stdoutText, this, [this](const QString &text) { onText(false, text); });
    connect(m_run, &e2b::CodeRun::stderrText, this, [this](const QString &text) { onText(true, text); });
    connect(m_run, &e2b::CodeRun::result, this, &RefineSession::onResult);
    connect(m_run, &e2b::CodeRun::raised, this, [this](const e2b::ExecutionError &error) {
        m_attempt.error = error;
        m_attempt.errorLine = findErrorLine(error);
    });
    connect(m_run, &e2b::CodeRun::finished, this, &RefineSession::onRunFinished);
    setState(State::Running);
}

void RefineSession::onText(bool isStderr, const QString &text)
{
    if (!m_attempt.firstOutputAfter)
        m_attempt.firstOutputAfter = std::chrono::nanoseconds(m_clock.nsecsElapsed());
    const std::string utf8 = toUtf8(text);
    m_attempt.output.append(utf8);
    if (!isStderr)
        m_checkRun.addStdout(utf8);
    if (!m_pending.isEmpty() && m_pending.back().isStderr == isStderr)
        m_pending.back().text += text;
    else
        m_pending.push_back({isStderr, text});
    m_pendingSize += text.size();
    if (m_pendingSize >= pendingLimit)
        flushOutput();
    else if (!m_batch.isActive())
        m_batch.start();
}

void RefineSession::onResult(const e2b::ExecutionResult &result)
{
    if (!m_attempt.firstOutputAfter)
        m_attempt.firstOutputAfter = std::chrono::nanoseconds(m_clock.nsecsElapsed());
    m_resultBytes += sizeOf(result);
    if (m_resultBytes > resultsLimit)
        return;
    m_attempt.results.push_back(result);
    Q_EMIT resultArrived(result);
}

void RefineSession::onRunFinished(e2b::CodeRun::End end)
{
    using End = e2b::CodeRun::End;
    m_attempt.duration = std::chrono::nanoseconds(m_clock.nsecsElapsed());
    switch (end) {
    case End::Completed:
        m_attempt.check = m_checkRun.outcome();
        conclude(m_attempt.check.isPassed ? Verdict::Passed : Verdict::CheckFailed);
        return;
    case End::Failed: conclude(Verdict::Raised); return;
    case End::TimedOut: conclude(Verdict::TimedOut); return;
    case End::Cancelled: conclude(Verdict::Stopped); return;
    case End::Broken: break;
    }
    const Error error = m_run->error();
    if (replaceGoneSandbox(error))
        return;
    m_attempt.trouble = error;
    conclude(Verdict::Broken);
}

bool RefineSession::replaceGoneSandbox(const Error &error)
{
    if (error.code != "sandbox_not_found" && error.code != "sandbox_silent")
        return false;
    m_sandbox.reset();
    Q_EMIT sandboxChanged();
    // Only an answer that says "no such sandbox" proves that the code did not run.
    if (m_isFresh || error.code != "sandbox_not_found" || m_attempt.firstOutputAfter)
        return false;
    dropRun();
    Q_EMIT notice(QStringLiteral("The sandbox is gone; a new one takes its place and its variables start afresh."));
    createSandbox();
    return true;
}

void RefineSession::stop()
{
    if (m_state == State::Running)
        m_run->cancel();
    else if (m_state == State::Creating)
        conclude(Verdict::Stopped);
}

void RefineSession::endSession()
{
    stop();
    if (m_sandbox) {
        (void)m_client.killSandbox(m_sandbox->sandboxId);
        m_sandbox.reset();
        Q_EMIT sandboxChanged();
    }
    m_isCreating = false;
    ++m_generation; // the answer to a create on its way is for nobody
}

void RefineSession::conclude(Verdict verdict)
{
    dropRun();
    flushOutput();
    m_attempt.verdict = verdict;
    m_attempt.output.settle();
    m_attempt.cost = costOf(m_attempt);
    const int number = m_attempt.number;
    if (m_attempts.size() == mostAttempts)
        m_attempts.erase(m_attempts.begin());
    m_attempts.push_back(std::move(m_attempt));
    m_attempt = Attempt{};
    setState(State::Idle);
    Q_EMIT attemptFinished(number); // last: a receiver may start the next one
}

void RefineSession::dropRun()
{
    if (m_run == nullptr)
        return;
    m_run->disconnect(this);
    m_run->deleteLater(); // it may be the sender
    m_run = nullptr;
}

void RefineSession::flushOutput()
{
    m_batch.stop();
    m_pendingSize = 0;
    if (!m_pending.isEmpty())
        Q_EMIT outputAppended(std::exchange(m_pending, {}));
}

std::optional<Money> RefineSession::costOf(const Attempt &attempt) const
{
    if (!m_sandbox || m_sandbox->cpuCount == 0)
        return std::nullopt;
    return cost::priceOf({attempt.startedAt, attempt.startedAt + attempt.duration, std::nullopt, m_sandbox->cpuCount,
                          m_sandbox->memoryMb}, m_card);
}

void RefineSession::setState(State state)
{
    if (state == m_state)
        return;
    m_state = state;
    Q_EMIT stateChanged();
}

} // namespace sandglass::refine
