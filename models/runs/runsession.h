#pragma once

#include "models/budgets/startgate.h"
#include "models/runs/attemptsmodel.h"
#include "models/runs/outputmodel.h"
#include "models/runs/refining.h"
#include "services/core/error.h"
#include "services/refine/refinesession.h"

#include <QObject>

#include <optional>

namespace sandglass::models {

/// The editor's counterpart: a refine::RefineSession as rows, lines of output, places of errors and words.
class RunSession final : public QObject
{
    Q_OBJECT
public:
    enum class State { Idle, Asking, Proposing, CreatingSandbox, Running, Stopping };
    Q_ENUM(State)

    explicit RunSession(e2b::Client &client, QObject *parent = nullptr);

    /// Once the budgets let it; ignored unless Idle. `isAnyway`: the person has read their refusal.
    void run(const QString &code, bool isAnyway = false);
    /// Has `generator` propose the code of attempts, `name` says whose they are; see Refining. Ignored unless Idle.
    void refine(std::unique_ptr<refine::Generator> generator, refine::LoopLimits limits, const QString &name,
                bool isAnyway = false);
    void stop();       ///< interrupts the run, and a refinement; the sandbox and its context stay
    void endSession(); ///< kills the sandbox; attempts and output stay
    void
    breakOff(const Error &why); ///< the server is gone: as endSession(), but a run on its way is Broken, not Stopped

    /// Goes on with the attempts of another session, oldest first; the next run is numbered after the last of them.
    /// Only when Idle; ends the sandbox.
    void takeUp(const QString &templateName, AttemptsModel::Rows rows);

    [[nodiscard]] State state() const;
    [[nodiscard]] const Refining &refining() const { return m_refining; }
    [[nodiscard]] StartGate &gate() { return m_gate; } ///< asked before each attempt
    [[nodiscard]] AttemptsModel *attempts() { return &m_attempts; }
    [[nodiscard]] OutputModel *output() { return &m_output; }
    [[nodiscard]] const std::optional<ErrorPlace> &error() const { return m_error; }
    [[nodiscard]] const std::vector<e2b::ExecutionResult> &results() const
    {
        return m_session.newest().results;
    } ///< of the newest attempt

    [[nodiscard]] const refine::Attempt &newest() const { return m_session.newest(); } ///< see RefineSession

    [[nodiscard]] QString templateName() const;
    void setTemplate(const QString &name);       ///< another template ends the sandbox; the next run creates a new one
    void setExpectedOutput(const QString &text); ///< of the runs to come; empty: no check
    void setRunTimeout(int seconds) { m_session.setRunTimeout(seconds); }
    void setSandboxTimeout(int seconds) { m_session.setSandboxTimeout(seconds); }
    void setRateCard(cost::RateCard card)
    {
        m_session.setRateCard(std::move(card));
    } ///< prices of the attempts to come

    /// See RefineSession::setPreparation().
    void setPreparation(refine::RefineSession::Preparation preparation)
    {
        m_session.setPreparation(std::move(preparation));
    }
    [[nodiscard]] std::map<std::string, std::string> metadata() const { return m_session.metadata(); }
    /// What there is to say of the session's own webhook; empty = nothing.
    void setWebhookNote(const QString &note);
    [[nodiscard]] const QString &webhookNote() const { return m_webhookNote; }

    [[nodiscard]] QString sandboxId() const; ///< empty before the first run and after the end
    [[nodiscard]] std::optional<std::chrono::nanoseconds> firstOutputAfter() const
    {
        return m_session.newest().firstOutputAfter;
    }
    /// Why the last run could not be made at all (engine gone, no key, sandbox not created).
    [[nodiscard]] const std::optional<Error> &trouble() const { return m_trouble; }

Q_SIGNALS:
    void stateChanged();   ///< or how far a refinement is
    void sandboxChanged(); ///< id, context, time to first output or what is said of its webhook
    void ended();          ///< its sandbox is killed
    void errorChanged();
    void resultsChanged();
    void troubleChanged();
    void attemptFinished(int number);
    void attemptPriced(int number); ///< a finished one, whose cost became known late; attempts() has it

private:
    void beginRow(const refine::Attempt &attempt);
    [[nodiscard]] PlannedStart planned() const;
    void takeState();
    void takeAttempt();
    void setTrouble(std::optional<Error> trouble);
    void onOutput(const QList<refine::OutputPiece> &pieces);
    void onRaised(const e2b::ExecutionError &error);
    void onNotice(refine::RefineSession::Notice notice);
    [[nodiscard]] AttemptRow newAttempt(const refine::Attempt &attempt) const;
    [[nodiscard]] QString conclusion(const refine::Attempt &attempt); ///< the reason; notes go to the output

    StartGate m_gate;
    AttemptsModel m_attempts;
    OutputModel m_output;
    AttemptRow m_attempt; ///< the newest
    std::optional<ErrorPlace> m_error;
    std::optional<Error> m_trouble;
    QString m_webhookNote;
    refine::RefineSession m_session; ///< reports to the models above
    Refining m_refining;             ///< last: works on the session
};

} // namespace sandglass::models
