#include "models/runs/runsession.h"

#include "models/runs/linediff.h"
#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/cost/meter.h"
#include "services/e2b/client.h"
#include "services/refine/errorline.h"

#include <QRegularExpression>

#include <algorithm>

namespace sandglass::models {

using Verdict = AttemptRow::Verdict;
using Kind = OutputModel::Kind;

namespace {

constexpr std::size_t resultLimit = 100;            // results kept of one run
constexpr std::size_t resultBytesLimit = 32U << 20; // and their size

void countLines(AttemptRow &attempt)
{
    const auto count = [&attempt](DiffRow::Kind kind) {
        return static_cast<int>(std::ranges::count(attempt.diff, kind, &DiffRow::kind));
    };
    attempt.added = count(DiffRow::Kind::Added);
    attempt.removed = count(DiffRow::Kind::Removed);
}

} // namespace

RunSession::RunSession(e2b::Client &client, QObject *parent) : QObject(parent), m_client(client) {}

RunSession::~RunSession()
{
    delete m_run;
    if (m_sandbox)
        (void)m_client.killSandbox(m_sandbox->sandboxId);
}

void RunSession::setState(State state)
{
    if (m_state == state)
        return;
    m_state = state;
    Q_EMIT stateChanged();
}

void RunSession::setTrouble(std::optional<Error> trouble)
{
    if (m_trouble == trouble)
        return;
    m_trouble = std::move(trouble);
    Q_EMIT troubleChanged();
}

QString RunSession::sandboxId() const
{
    return m_sandbox ? toQString(m_sandbox->sandboxId) : QString();
}

void RunSession::setTemplate(const QString &name)
{
    if (name.isEmpty() || name == m_template)
        return;
    m_template = name;
    endSession();
}

AttemptRow RunSession::newAttempt(const QString &code) const
{
    AttemptRow attempt;
    const AttemptRow *before = m_attempts.rowCount() > 0 ? &m_attempts.at(0) : nullptr;
    attempt.number = before ? before->number + 1 : 1;
    attempt.author = tr("you");
    attempt.code = code;
    if (before)
        attempt.diff = lineDiff(before->code, code);
    countLines(attempt);
    return attempt;
}

void RunSession::run(const QString &code)
{
    if (m_state != State::Idle)
        return;
    setTrouble({});
    m_output.clear();
    m_results.clear();
    m_resultBytes = 0;
    m_error.reset();
    m_matched.clear();
    m_isMatched = false;
    m_isRetry = false;
    Q_EMIT errorChanged();
    Q_EMIT resultsChanged();
    m_attempt = newAttempt(code);
    m_attempts.put(m_attempt);
    m_wasFresh = false;
    if (m_sandbox)
        startRun();
    else
        createSandbox();
}

void RunSession::createSandbox()
{
    setState(State::CreatingSandbox);
    m_wasFresh = true;
    e2b::SandboxSpec spec;
    spec.templateId = toUtf8(m_template);
    spec.timeoutSeconds = m_sandboxTimeout;
    spec.metadata = {{"made-by", "sandglass-refine"}};
    const quint64 generation = ++m_generation;
    whenDone(m_client.createSandbox(spec), this, [this, generation](Result<e2b::SandboxInfo> answer) {
        if (generation == m_generation)
            takeSandbox(std::move(answer));
        else if (answer) // stopped or changed meanwhile: nobody will use it
            (void)m_client.killSandbox(answer->sandboxId);
    });
}

void RunSession::takeSandbox(Result<e2b::SandboxInfo> answer)
{
    if (!answer) {
        setTrouble(answer.error());
        m_output.appendLine(Kind::Note, tr("No sandbox could be created: %1").arg(toQString(answer.error().message)));
        conclude(Verdict::Broken, tr("no sandbox"));
        return;
    }
    m_sandbox = std::move(*answer);
    // The answer to a creation does not tell the size, without which an attempt has no price.
    whenDone(m_client.sandbox(m_sandbox->sandboxId), this, [this](Result<e2b::SandboxInfo> details) {
        if (details && m_sandbox && m_sandbox->sandboxId == details->sandboxId) {
            m_sandbox->cpuCount = details->cpuCount;
            m_sandbox->memoryMb = details->memoryMb;
        }
    });
    Q_EMIT sandboxChanged();
    startRun();
}

void RunSession::startRun()
{
    e2b::CodeSpec spec;
    spec.code = toUtf8(m_attempt.code);
    spec.timeoutSeconds = m_runTimeout;
    if (!m_wasFresh) // a session in use should not end under the person's hands
        (void)m_client.setTimeout(m_sandbox->sandboxId, m_sandboxTimeout);
    m_firstOutput.reset();
    m_clock.start();
    m_run = m_client.runCode(*m_sandbox, spec, this);
    wireRun();
    setState(State::Running);
    Q_EMIT sandboxChanged();
}

void RunSession::wireRun()
{
    connect(m_run, &e2b::CodeRun::stdoutText, this, [this](const QString &text) { onOutput(Kind::Stdout, text); });
    connect(m_run, &e2b::CodeRun::stderrText, this, [this](const QString &text) { onOutput(Kind::Stderr, text); });
    connect(m_run, &e2b::CodeRun::result, this, &RunSession::onResult);
    connect(m_run, &e2b::CodeRun::raised, this, &RunSession::onRaised);
    connect(m_run, &e2b::CodeRun::finished, this, [this](e2b::CodeRun::End end) { onRunFinished(static_cast<int>(end)); });
}

void RunSession::onOutput(Kind kind, const QString &text)
{
    if (!m_firstOutput && !text.isEmpty()) {
        m_firstOutput = std::chrono::nanoseconds(m_clock.nsecsElapsed());
        Q_EMIT sandboxChanged();
    }
    m_output.append(kind, text);
    if (kind != Kind::Stdout || m_expected.isEmpty() || m_isMatched)
        return;
    m_matched += text;
    m_isMatched = m_matched.contains(m_expected);
    m_matched = m_matched.right(m_expected.size() - 1); // a match may lie across two pieces
}

void RunSession::onResult(const e2b::ExecutionResult &result)
{
    std::size_t bytes = 0;
    for (const auto &[format, value] : result.formats)
        bytes += value.size();
    if (m_results.size() >= resultLimit || m_resultBytes + bytes > resultBytesLimit) {
        m_output.appendLine(Kind::Note, tr("A result was left out: there are too many, or it is too large."));
        return;
    }
    m_resultBytes += bytes;
    m_results.push_back(result);
    if (const auto text = result.formats.find("text"); result.isMainResult && text != result.formats.end()) {
        if (!m_expected.isEmpty() && toQString(text->second).contains(m_expected))
            m_isMatched = true;
    }
    Q_EMIT resultsChanged();
}

void RunSession::onRaised(const e2b::ExecutionError &error)
{
    const QString traceback = toQString(refine::withoutAnsi(error.traceback));
    const QString name = toQString(error.name);
    // A SyntaxError names IPython's own file for the cell, which says nothing to the person: the line is marked.
    static const QRegularExpression cellFile(QStringLiteral(R"( \((<[^>]*>|[^() ]*\.py), line \d+\)$)"));
    const QString message = toQString(error.value).remove(cellFile);
    const QString summary = message.isEmpty() ? name : QString(name % QStringLiteral(": ") % message);
    QStringList lines = traceback.split(u'\n');
    while (!lines.isEmpty() && (lines.last().trimmed().isEmpty() || lines.last().startsWith(name)))
        lines.removeLast(); // the summary follows as a line of its own kind
    for (const QString &line : std::as_const(lines))
        m_output.appendLine(Kind::Stderr, line);
    m_output.appendLine(Kind::Error, summary.left(2000));
    const auto place = refine::findErrorLine(error);
    m_error = ErrorPlace{place ? place->line - 1 : -1, name, message};
}

bool RunSession::isSandboxGone(const Error &error) const
{
    return error.status == 404 || error.status == 502;
}

void RunSession::onRunFinished(int endValue)
{
    using End = e2b::CodeRun::End;
    const auto end = static_cast<End>(endValue);
    if (end == End::Broken && !m_wasFresh && !m_isRetry && !m_firstOutput && isSandboxGone(m_run->error())) {
        dropRun();
        m_sandbox.reset();
        m_isRetry = true;
        m_output.appendLine(Kind::Note, tr("The sandbox had ended. A new one runs the code, with an empty context."));
        createSandbox();
        return;
    }
    switch (end) {
    case End::Completed:
        conclude(m_expected.isEmpty() ? Verdict::Ran : m_isMatched ? Verdict::Passed : Verdict::CheckFailed,
                 m_expected.isEmpty() || m_isMatched ? QString() : tr("“%1” is not in the output").arg(m_expected.left(60)));
        break;
    case End::Failed:
        conclude(Verdict::Raised, !m_error                      ? QString()
                                      : m_error->message.isEmpty() ? m_error->name
                                                                   : QString(m_error->name % QStringLiteral(": ") % m_error->message.left(200)));
        break;
    case End::TimedOut:
        m_output.appendLine(Kind::Note, tr("Interrupted after %1 s. The session stays usable.").arg(m_runTimeout));
        conclude(Verdict::TimedOut, tr("after %1 s").arg(m_runTimeout));
        break;
    case End::Cancelled:
        m_output.appendLine(Kind::Note, tr("Stopped."));
        conclude(Verdict::Stopped, {});
        break;
    case End::Broken: {
        const Error error = m_run->error();
        m_output.appendLine(Kind::Note, tr("The run broke off: %1").arg(toQString(error.message)));
        m_sandbox.reset(); // whether it still lives is unknown; the next run starts a new one
        setTrouble(error);
        conclude(Verdict::Broken, {});
        break;
    }
    }
}

void RunSession::dropRun()
{
    if (!m_run)
        return;
    m_run->disconnect(this);
    m_run->deleteLater();
    m_run = nullptr;
}

std::optional<Money> RunSession::priceOfRun(std::chrono::nanoseconds duration) const
{
    if (!m_sandbox || m_sandbox->cpuCount <= 0 || m_sandbox->memoryMb <= 0)
        return std::nullopt;
    const Timestamp end = systemNow();
    // Rounded up to a millisecond: a run of microseconds holds the sandbox all the same.
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
    return cost::priceOf({.start = end - duration,
                          .end = end,
                          .confirmedMs = ms,
                          .vcpuCount = m_sandbox->cpuCount,
                          .memoryMb = m_sandbox->memoryMb},
                         m_card);
}

void RunSession::conclude(Verdict verdict, const QString &reason)
{
    m_attempt.verdict = verdict;
    m_attempt.reason = reason;
    if (m_run) {
        const std::chrono::nanoseconds duration(m_clock.nsecsElapsed());
        m_attempt.duration = duration;
        m_attempt.cost = priceOfRun(duration);
    }
    m_output.flush();
    m_attempt.output = m_output.snapshot();
    m_attempt.results = m_results;
    m_attempt.error = m_error;
    dropRun();
    m_attempts.put(m_attempt);
    setState(State::Idle);
    Q_EMIT sandboxChanged();
    Q_EMIT errorChanged();
    Q_EMIT attemptFinished(m_attempt.number);
}

void RunSession::stop()
{
    if (m_state == State::CreatingSandbox) {
        ++m_generation; // the sandbox on its way is killed when it arrives
        m_output.appendLine(Kind::Note, tr("Stopped."));
        conclude(Verdict::Stopped, {});
    } else if (m_state == State::Running) {
        setState(State::Stopping);
        m_run->cancel();
    }
}

void RunSession::endSession()
{
    if (m_state != State::Idle) {
        ++m_generation;
        dropRun();
        conclude(Verdict::Stopped, {});
    }
    if (!m_sandbox)
        return;
    (void)m_client.killSandbox(m_sandbox->sandboxId);
    m_sandbox.reset();
    m_firstOutput.reset();
    Q_EMIT sandboxChanged();
}

} // namespace sandglass::models
