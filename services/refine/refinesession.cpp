#include "services/refine/refinesession.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/cost/meter.h"

#include <QPointer>

#include <algorithm>
#include <utility>

namespace sandglass::refine {
namespace {

constexpr std::size_t resultsLimit = 100;
constexpr std::size_t resultBytesLimit = 32U << 20;
constexpr qsizetype pieceOverhead = 64;
constexpr qsizetype pendingLimit = 1 << 20;

std::size_t sizeOf(const e2b::ExecutionResult &result)
{
    std::size_t size = 0;
    for (const auto &[key, value] : result.formats)
        size += key.size() + value.size();
    return size;
}

std::size_t sizeOf(const Attempt &attempt)
{
    std::size_t size = attempt.code.size() + attempt.output.memoryBytes();
    for (const e2b::ExecutionResult &result : attempt.results)
        size += sizeOf(result);
    return size;
}

/// The code has not run, and no later code will in this sandbox: it is gone (404, 502), or its interpreter is (502).
bool isRefusal(const Error &error)
{
    return error.status == 404 || error.status == 502;
}

} // namespace

RefineSession::RefineSession(e2b::Client &client, std::string sessionId, QObject *parent)
    : QObject(parent), m_client(client), m_sessionId(std::move(sessionId)), m_trace(m_sessionId)
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

const Attempt &RefineSession::newest() const
{
    return m_state != State::Idle || m_attempts.empty() ? m_attempt : m_attempts.back();
}

void RefineSession::startAttempt(const std::string &code, Attempt::Author author, std::optional<ModelUse> model)
{
    m_attempt = Attempt{};
    m_attempt.number = ++m_made;
    m_attempt.author = author;
    m_attempt.code = code;
    m_attempt.model = std::move(model);
    m_attempt.startedAt = systemNow();
    m_trace.beginAttempt(m_attempt.number, author, m_template);
    m_trace.endStep(); // its code has been proposed
    m_checkRun = CheckRun(m_check);
    m_resultBytes = 0;
    Q_EMIT attemptStarted(m_attempt);
}

bool RefineSession::recordWithoutCode(const Error &why, const ModelUse &model)
{
    if (m_state != State::Idle)
        return false;
    startAttempt({}, Attempt::Author::Model, model);
    m_attempt.trouble = why;
    conclude(why.kind == Error::Kind::Cancelled ? Verdict::Stopped : Verdict::Broken);
    return true;
}

bool RefineSession::run(const std::string &code, Attempt::Author author, std::optional<ModelUse> model)
{
    if (m_state != State::Idle)
        return false;
    startAttempt(code, author, std::move(model));
    if (m_sandbox) {
        m_isFresh = false;
        // When the sandbox is gone the run itself finds out.
        const telemetry::Scope scope(m_trace.current());
        (void)m_client.setTimeout(m_sandbox->sandboxId, sandboxSeconds());
        startRun();
    } else {
        createSandbox();
    }
    return true;
}

std::map<std::string, std::string> RefineSession::metadata() const
{
    return {{"sandglass.session", m_sessionId}};
}

void RefineSession::createSandbox()
{
    setState(State::Creating);
    m_isFresh = true;
    m_trace.beginStep("refine.create");
    if (m_isCreating) // stopped while a sandbox was on its way: it serves this run
        return;
    m_isCreating = true;
    if (!m_prepare)
        return requestSandbox();
    m_prepare([self = QPointer<RefineSession>(this), generation = m_generation] {
        if (self && self->m_generation == generation)
            self->requestSandbox();
    });
}

void RefineSession::requestSandbox()
{
    if (m_state != State::Creating) { // stopped meanwhile, and no other run waits for it
        m_isCreating = false;
        return;
    }
    e2b::SandboxSpec spec;
    spec.templateId = m_template;
    spec.timeoutSeconds = sandboxSeconds();
    spec.metadata = metadata();
    const telemetry::Scope scope(m_trace.current());
    // Received by the client, which outlives the session: a sandbox nobody wants any more must still be killed.
    whenDone(m_client.createSandbox(spec), &m_client,
             [client = &m_client, self = QPointer<RefineSession>(this),
              generation = m_generation](Result<e2b::SandboxInfo> created) {
                 if (self && self->m_generation == generation)
                     self->onCreated(std::move(created));
                 else if (created)
                     (void)client->killSandbox(created->sandboxId);
             });
}

void RefineSession::onCreated(Result<e2b::SandboxInfo> created)
{
    m_isCreating = false;
    if (m_state != State::Creating) { // stopped meanwhile, and no other run waits for it
        if (created)
            (void)m_client.killSandbox(created->sandboxId);
        return;
    }
    if (!created) {
        m_attempt.trouble = created.error();
        conclude(Verdict::Broken);
        return;
    }
    m_sandbox = std::move(*created);
    learnSize();
    startRun();
    Q_EMIT sandboxChanged();
}

void RefineSession::learnSize()
{
    const std::string id = m_sandbox->sandboxId;
    const telemetry::Scope scope(m_trace.current());
    whenDone(m_client.sandbox(id), this, [this, id](const Result<e2b::SandboxInfo> &info) {
        if (!info || !m_sandbox || m_sandbox->sandboxId != id)
            return;
        m_sandbox->cpuCount = info->cpuCount;
        m_sandbox->memoryMb = info->memoryMb;
        for (Attempt &attempt : m_attempts) { // runs that were faster than this answer
            if (attempt.cost || attempt.sandboxId != id)
                continue;
            attempt.cost = costOf(attempt);
            if (attempt.cost)
                Q_EMIT attemptPriced(attempt.number);
        }
    });
}

void RefineSession::startRun()
{
    m_attempt.sandboxId = m_sandbox->sandboxId;
    e2b::CodeSpec spec;
    spec.code = m_attempt.code;
    spec.timeoutSeconds = m_runTimeout;
    m_trace.beginStep("refine.execute");
    const telemetry::Scope scope(m_trace.current());
    m_clock.start();
    m_run = m_client.runCode(*m_sandbox, spec, this);
    connect(m_run, &e2b::CodeRun::stdoutText, this, [this](const QString &text) { onText(false, text); });
    connect(m_run, &e2b::CodeRun::stderrText, this, [this](const QString &text) { onText(true, text); });
    connect(m_run, &e2b::CodeRun::result, this, &RefineSession::onResult);
    connect(m_run, &e2b::CodeRun::raised, this, &RefineSession::onRaised);
    connect(m_run, &e2b::CodeRun::finished, this, &RefineSession::onRunFinished);
    setState(State::Running);
}

void RefineSession::noteFirstOutput()
{
    if (m_attempt.firstOutputAfter)
        return;
    m_attempt.firstOutputAfter = std::chrono::nanoseconds(m_clock.nsecsElapsed());
    Q_EMIT sandboxChanged();
}

void RefineSession::onText(bool isStderr, const QString &text)
{
    if (text.isEmpty())
        return;
    noteFirstOutput();
    const std::string utf8 = toUtf8(text);
    m_attempt.output.append(utf8);
    if (!isStderr)
        m_checkRun.addStdout(utf8);
    if (!m_pending.isEmpty() && m_pending.back().isStderr == isStderr)
        m_pending.back().text += text;
    else {
        m_pending.push_back({isStderr, text});
        m_pendingSize += pieceOverhead;
    }
    m_pendingSize += text.size();
    if (m_pendingSize >= pendingLimit)
        flushOutput();
    else if (!m_batch.isActive())
        m_batch.start();
}

void RefineSession::onResult(const e2b::ExecutionResult &result)
{
    noteFirstOutput();
    if (const auto value = result.formats.find("text"); result.isMainResult && value != result.formats.end())
        m_checkRun.addValue(value->second);
    const std::size_t size = sizeOf(result);
    if (m_attempt.results.size() >= resultsLimit || m_resultBytes + size > resultBytesLimit) {
        flushOutput();
        if (++m_attempt.resultsLeftOut == 1)
            Q_EMIT notice(Notice::ResultLeftOut);
        return;
    }
    m_resultBytes += size;
    m_attempt.results.push_back(result);
    Q_EMIT resultArrived(result);
}

void RefineSession::onRaised(const e2b::ExecutionError &error)
{
    m_attempt.error = error;
    m_attempt.errorLine = findErrorLine(error);
    flushOutput();
    Q_EMIT raised(error);
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
    case End::Failed:
        conclude(Verdict::Raised);
        return;
    case End::TimedOut:
        conclude(Verdict::TimedOut);
        return;
    case End::Cancelled:
        conclude(Verdict::Stopped);
        return;
    case End::Broken:
        break;
    }
    onBroken(Error(m_run->error())); // a copy: the run may be dropped
}

void RefineSession::onBroken(const Error &error)
{
    // Only a refusal proves that the code did not run; anything else must not run it twice.
    if (isRefusal(error) && !m_isFresh && !m_attempt.firstOutputAfter) {
        dropRun();
        m_trace.endStep(error);
        m_trace.note("sandbox replaced");
        dropSandbox();
        m_attempt.sandboxId.clear();
        m_attempt.duration = {};
        Q_EMIT notice(Notice::SandboxReplaced);
        createSandbox();
        return;
    }
    m_attempt.trouble = error;
    m_attempt.cost = costOf(m_attempt);
    if (isRefusal(error) || error.code == "sandbox_silent")
        dropSandbox(); // else it may well live, with the person's variables; the next run finds out
    conclude(Verdict::Broken);
}

void RefineSession::dropSandbox()
{
    if (!m_sandbox)
        return;
    const telemetry::Scope scope(m_trace.current());
    (void)m_client.killSandbox(m_sandbox->sandboxId); // it may live without answering, and cost until its timeout
    m_sandbox.reset();
    Q_EMIT sandboxChanged();
}

void RefineSession::stop()
{
    if (m_state == State::Running) {
        setState(State::Stopping);
        m_run->cancel();
    } else if (m_state == State::Creating) {
        conclude(Verdict::Stopped);
    }
}

void RefineSession::breakOff(const Error &why)
{
    if (m_state != State::Idle) {
        if (m_run != nullptr) {
            m_attempt.duration = std::chrono::nanoseconds(m_clock.nsecsElapsed());
            m_run->disconnect(this);
            m_run->cancel();
        }
        m_attempt.trouble = why;
        conclude(Verdict::Broken);
    }
    endSession();
}

void RefineSession::endSession()
{
    stop();
    m_isCreating = false;
    ++m_generation; // the answer to a create on its way is for nobody
    dropSandbox();
    m_trace.endSession();
    Q_EMIT ended();
}

void RefineSession::startAfter(int made)
{
    if (m_state != State::Idle)
        return;
    endSession();
    m_attempts.clear();
    m_attempt = Attempt{};
    m_made = made;
}

void RefineSession::conclude(Verdict verdict)
{
    dropRun();
    flushOutput();
    m_attempt.verdict = verdict;
    m_attempt.output.settle();
    if (!m_attempt.cost)
        m_attempt.cost = costOf(m_attempt);
    m_trace.endAttempt(m_attempt);
    const int number = m_attempt.number;
    keepAttempt();
    setState(State::Idle);
    Q_EMIT attemptFinished(number); // last: a receiver may start the next one
}

void RefineSession::keepAttempt()
{
    m_attempts.push_back(std::exchange(m_attempt, Attempt{}));
    std::size_t bytes = 0;
    std::size_t kept = 0;
    for (; kept < std::min(m_attempts.size(), mostAttempts); ++kept) {
        bytes += sizeOf(m_attempts[m_attempts.size() - 1 - kept]);
        if (bytes > m_mostBytes && kept > 0)
            break;
    }
    m_attempts.erase(m_attempts.begin(), m_attempts.end() - static_cast<std::ptrdiff_t>(kept));
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
    if (!m_sandbox || attempt.sandboxId != m_sandbox->sandboxId || m_sandbox->cpuCount <= 0 || m_sandbox->memoryMb <= 0)
        return std::nullopt;
    // Rounded up to a millisecond: a run of microseconds holds the sandbox all the same.
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(attempt.duration).count();
    return cost::priceOf({.start = attempt.startedAt,
                          .end = attempt.startedAt + attempt.duration,
                          .confirmedMs = ms,
                          .vcpuCount = m_sandbox->cpuCount,
                          .memoryMb = m_sandbox->memoryMb},
                         m_card);
}

void RefineSession::setState(State state)
{
    if (state == m_state)
        return;
    m_state = state;
    Q_EMIT stateChanged();
}

} // namespace sandglass::refine
