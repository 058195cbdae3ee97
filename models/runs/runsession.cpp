#include "models/runs/runsession.h"

#include "models/runs/linediff.h"
#include "services/core/ids.h"
#include "services/core/qtstring.h"

#include <QRegularExpression>

#include <algorithm>
#include <utility>

namespace sandglass::models {

using Verdict = AttemptRow::Verdict;
using Kind = OutputModel::Kind;
using refine::RefineSession;

namespace {

Verdict verdictOf(const refine::Attempt &attempt)
{
    switch (attempt.verdict) {
    case refine::Verdict::Passed:
        return attempt.check.isChecked ? Verdict::Passed : Verdict::Ran;
    case refine::Verdict::CheckFailed:
        return Verdict::CheckFailed;
    case refine::Verdict::Raised:
        return Verdict::Raised;
    case refine::Verdict::TimedOut:
        return Verdict::TimedOut;
    case refine::Verdict::Stopped:
        return Verdict::Stopped;
    case refine::Verdict::Broken:
        break;
    }
    return Verdict::Broken;
}

/// A model has answered, but nothing could be run.
bool isWithoutCode(const refine::Attempt &attempt)
{
    return attempt.model && attempt.code.empty();
}

} // namespace

RunSession::RunSession(e2b::Client &client, QObject *parent)
    : QObject(parent)
    , m_gate(this)
    , m_session(client, newUuid())
    , m_refining(m_session, m_gate, [this] { return planned(); })
{
    connect(&m_session, &RefineSession::attemptStarted, this, &RunSession::beginRow);
    connect(&m_refining, &Refining::changed, this, &RunSession::stateChanged);
    connect(&m_gate, &StartGate::changed, this, &RunSession::stateChanged);
    connect(&m_session, &RefineSession::stateChanged, this, &RunSession::takeState);
    connect(&m_session, &RefineSession::sandboxChanged, this, &RunSession::sandboxChanged);
    connect(&m_session, &RefineSession::ended, this, &RunSession::ended);
    connect(&m_session, &RefineSession::outputAppended, this, &RunSession::onOutput);
    connect(&m_session, &RefineSession::resultArrived, this, &RunSession::resultsChanged);
    connect(&m_session, &RefineSession::raised, this, &RunSession::onRaised);
    connect(&m_session, &RefineSession::notice, this, &RunSession::onNotice);
    connect(&m_session, &RefineSession::attemptFinished, this, [this](int number) {
        if (m_attempt.verdict == Verdict::Running) // it never left Idle
            takeAttempt();
        Q_EMIT attemptFinished(number);
    });
    connect(&m_session, &RefineSession::attemptPriced, this, [this](int number) {
        const AttemptRow *row = m_attempts.byNumber(number);
        const auto priced = std::ranges::find(m_session.attempts(), number, &refine::Attempt::number);
        if (row == nullptr || priced == m_session.attempts().end())
            return;
        AttemptRow changed = *row;
        changed.cost = priced->cost;
        m_attempts.put(std::move(changed));
        Q_EMIT attemptPriced(number);
    });
}

RunSession::State RunSession::state() const
{
    if (m_gate.state() == StartGate::State::Asking)
        return State::Asking;
    switch (m_session.state()) {
    case RefineSession::State::Creating:
        return State::CreatingSandbox;
    case RefineSession::State::Running:
        return State::Running;
    case RefineSession::State::Stopping:
        return State::Stopping;
    case RefineSession::State::Idle:
        break;
    }
    return m_refining.isRunning() ? State::Proposing : State::Idle;
}

void RunSession::setTrouble(std::optional<Error> trouble)
{
    if (m_trouble == trouble)
        return;
    m_trouble = std::move(trouble);
    Q_EMIT troubleChanged();
}

void RunSession::setWebhookNote(const QString &note)
{
    if (std::exchange(m_webhookNote, note) != note)
        Q_EMIT sandboxChanged();
}

QString RunSession::sandboxId() const
{
    return m_session.sandbox() ? toQString(m_session.sandbox()->sandboxId) : QString();
}

QString RunSession::templateName() const
{
    return toQString(m_session.templateId());
}

void RunSession::setTemplate(const QString &name)
{
    if (!name.isEmpty())
        m_session.setTemplate(toUtf8(name));
}

void RunSession::setExpectedOutput(const QString &text)
{
    m_session.setCheck(text.isEmpty() ? refine::Check{} : refine::Check::outputContains(toUtf8(text)));
}

AttemptRow RunSession::newAttempt(const refine::Attempt &started) const
{
    AttemptRow attempt;
    attempt.number = started.number;
    attempt.author = started.model                          ? toQString(started.model->model)
        : started.author == refine::Attempt::Author::Person ? tr("you")
                                                            : m_refining.name();
    attempt.code = toQString(started.code);
    attempt.model = started.model;
    compareWithLast(m_attempts.rows(), attempt);
    return attempt;
}

PlannedStart RunSession::planned() const
{
    return {m_session.templateId(), m_session.metadata(), m_session.sandboxSeconds(), toUtf8(sandboxId())};
}

void RunSession::run(const QString &code, bool isAnyway)
{
    if (state() != State::Idle)
        return;
    m_gate.pass(planned(), isAnyway, [this, code] {
        m_session.run(toUtf8(code));
        Q_EMIT resultsChanged();
    });
}

void RunSession::refine(std::unique_ptr<refine::Generator> generator, refine::LoopLimits limits, const QString &name,
                        bool isAnyway)
{
    if (state() == State::Idle && generator)
        m_refining.start(std::move(generator), limits, name, isAnyway);
}

void RunSession::beginRow(const refine::Attempt &attempt)
{
    setTrouble({});
    m_output.clear();
    m_error.reset();
    Q_EMIT errorChanged();
    m_attempt = newAttempt(attempt);
    m_attempts.put(m_attempt);
    Q_EMIT resultsChanged();
}

void RunSession::stop()
{
    m_gate.cancel(); // while it asks
    m_session.stop();
    m_refining.stop(); // it has ended with the run, if there was one
}

void RunSession::breakOff(const Error &why)
{
    m_gate.cancel();
    m_session.breakOff(why);
    m_refining.stop();
}

void RunSession::endSession()
{
    m_gate.cancel();
    m_refining.stop();
    m_session.endSession();
}

void RunSession::takeUp(const QString &templateName, AttemptsModel::Rows rows)
{
    if (state() != State::Idle)
        return;
    setTemplate(templateName);
    m_refining.forget();
    m_session.startAfter(rows.empty() ? 0 : rows.back()->number);
    m_attempt = rows.empty() ? AttemptRow() : *rows.back();
    m_output.setLines(m_attempt.output);
    m_error = m_attempt.error;
    setTrouble({});
    Q_EMIT resultsChanged();
    m_attempts.setRows(std::move(rows));
    Q_EMIT sandboxChanged();
    Q_EMIT errorChanged();
}

void RunSession::onOutput(const QList<refine::OutputPiece> &pieces)
{
    for (const refine::OutputPiece &piece : pieces)
        m_output.append(piece.isStderr ? Kind::Stderr : Kind::Stdout, piece.text);
    m_output.flush(); // the session has collected it already
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
    const auto &place = m_session.newest().errorLine;
    m_error = ErrorPlace{place ? place->line - 1 : -1, name, message};
}

void RunSession::onNotice(RefineSession::Notice notice)
{
    switch (notice) {
    case RefineSession::Notice::SandboxReplaced:
        m_output.appendLine(Kind::Note, tr("The sandbox had ended. A new one runs the code, with an empty context."));
        break;
    case RefineSession::Notice::ResultLeftOut:
        m_output.appendLine(Kind::Note, tr("A result was left out: there are too many, or it is too large."));
        break;
    }
}

QString RunSession::conclusion(const refine::Attempt &attempt)
{
    switch (attempt.verdict) {
    case refine::Verdict::Passed:
        break;
    case refine::Verdict::CheckFailed:
        return tr("“%1” is not in the output").arg(toQString(attempt.check.expected).left(60));
    case refine::Verdict::Raised:
        if (m_error && !m_error->message.isEmpty())
            return m_error->name % QStringLiteral(": ") % m_error->message.left(200);
        return m_error ? m_error->name : QString();
    case refine::Verdict::TimedOut:
        m_output.appendLine(Kind::Note,
                            tr("Interrupted after %1 s. The session stays usable.").arg(m_session.runTimeout()));
        return tr("after %1 s").arg(m_session.runTimeout());
    case refine::Verdict::Stopped:
        if (isWithoutCode(attempt)) {
            m_output.appendLine(Kind::Note, tr("Stopped while the model answered. What it had begun may cost."));
            return {};
        }
        m_output.appendLine(Kind::Note, tr("Stopped."));
        break;
    case refine::Verdict::Broken: {
        const QString why = attempt.trouble ? toQString(attempt.trouble->message) : QString();
        if (isWithoutCode(attempt)) {
            m_output.appendLine(Kind::Note, tr("No code came: %1").arg(why));
            return why.left(200);
        }
        const bool hasRun = !attempt.sandboxId.empty();
        m_output.appendLine(Kind::Note,
                            (hasRun ? tr("The run broke off: %1") : tr("No sandbox could be created: %1")).arg(why));
        return hasRun ? why.left(200) : tr("no sandbox");
    }
    }
    return {};
}

void RunSession::takeState()
{
    const bool isOver = m_session.state() == RefineSession::State::Idle;
    if (isOver)
        takeAttempt();
    Q_EMIT stateChanged();
    if (!isOver)
        return;
    Q_EMIT sandboxChanged();
    Q_EMIT errorChanged();
}

void RunSession::takeAttempt()
{
    const refine::Attempt &made = m_session.newest();
    m_attempt.verdict = verdictOf(made);
    m_attempt.reason = conclusion(made);
    if (!made.sandboxId.empty())
        m_attempt.duration = made.duration;
    m_attempt.sandboxId = toQString(made.sandboxId);
    m_attempt.startedAt = made.startedAt;
    if (made.error)
        m_attempt.traceback = toQString(refine::withoutAnsi(made.error->traceback)).left(AttemptRow::tracebackLimit);
    m_attempt.cost = made.cost;
    m_output.flush();
    m_attempt.output = m_output.snapshot();
    m_attempt.results = made.results;
    m_attempt.error = m_error;
    m_attempts.put(m_attempt);
    setTrouble(isWithoutCode(made) ? std::nullopt : made.trouble);
}

} // namespace sandglass::models
