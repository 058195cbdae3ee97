#pragma once

#include "models/runs/attemptsmodel.h"
#include "models/runs/outputmodel.h"
#include "services/core/error.h"
#include "services/core/result.h"
#include "services/cost/ratecard.h"
#include "services/e2b/types.h"

#include <QElapsedTimer>
#include <QObject>

#include <optional>

namespace sandglass::e2b {
class Client;
class CodeRun;
}

namespace sandglass::models {

/// The editor's counterpart: one sandbox, one context, a growing list of attempts. Nothing of it blocks; a run ends at
/// its own timeout, by stop(), or because the sandbox or the engine went away - the attempts stay in every case.
class RunSession final : public QObject
{
    Q_OBJECT
public:
    enum class State { Idle, CreatingSandbox, Running, Stopping };
    Q_ENUM(State)

    explicit RunSession(e2b::Client &client, QObject *parent = nullptr);
    ~RunSession() override; ///< ends the session

    void run(const QString &code); ///< ignored unless Idle
    void stop();                   ///< interrupts the run; the sandbox and its context stay
    void endSession();             ///< kills the sandbox; attempts and output stay

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] AttemptsModel *attempts() { return &m_attempts; }
    [[nodiscard]] OutputModel *output() { return &m_output; }
    [[nodiscard]] const std::optional<ErrorPlace> &error() const { return m_error; }
    [[nodiscard]] const std::vector<e2b::ExecutionResult> &results() const { return m_results; } ///< of the newest attempt

    [[nodiscard]] QString templateName() const { return m_template; }
    void setTemplate(const QString &name); ///< another template ends the sandbox; the next run creates a new one
    void setRequirement(const QString &text) { m_requirement = text; }
    void setExpectedOutput(const QString &text) { m_expected = text; } ///< empty: no check
    void setRunTimeout(int seconds) { m_runTimeout = seconds; }
    void setSandboxTimeout(int seconds) { m_sandboxTimeout = seconds; }
    void setRateCard(cost::RateCard card) { m_card = std::move(card); } ///< prices of the attempts to come

    [[nodiscard]] QString sandboxId() const; ///< empty before the first run and after the end
    [[nodiscard]] std::optional<std::chrono::nanoseconds> firstOutputAfter() const { return m_firstOutput; }
    /// Why the last run could not be made at all (engine gone, no key, sandbox not created).
    [[nodiscard]] const std::optional<Error> &trouble() const { return m_trouble; }

Q_SIGNALS:
    void stateChanged();
    void sandboxChanged();  ///< id, context or time to first output
    void errorChanged();
    void resultsChanged();
    void troubleChanged();
    void attemptFinished(int number);

private:
    void setState(State state);
    void setTrouble(std::optional<Error> trouble);
    void createSandbox();
    void takeSandbox(Result<e2b::SandboxInfo> answer);
    void startRun();
    void wireRun();
    void onOutput(OutputModel::Kind kind, const QString &text);
    void onRaised(const e2b::ExecutionError &error);
    void onResult(const e2b::ExecutionResult &result);
    void onRunFinished(int end);
    void conclude(AttemptRow::Verdict verdict, const QString &reason);
    void dropRun();
    [[nodiscard]] bool isSandboxGone(const Error &error) const;
    [[nodiscard]] AttemptRow newAttempt(const QString &code) const;
    [[nodiscard]] std::optional<Money> priceOfRun(std::chrono::nanoseconds duration) const;

    e2b::Client &m_client;
    AttemptsModel m_attempts;
    OutputModel m_output;
    State m_state = State::Idle;
    QString m_template = QStringLiteral("code-interpreter-v1");
    QString m_requirement;
    QString m_expected;
    int m_runTimeout = 30;
    int m_sandboxTimeout = 300;
    cost::RateCard m_card;

    std::optional<e2b::SandboxInfo> m_sandbox;
    e2b::CodeRun *m_run = nullptr; ///< child while Running or Stopping
    AttemptRow m_attempt;          ///< the one being made
    QElapsedTimer m_clock;         ///< since the request of the run
    QString m_matched;             ///< end of the standard output, as far as the check needs it
    bool m_isMatched = false;
    bool m_wasFresh = false;       ///< the sandbox was made for this run
    bool m_isRetry = false;
    std::size_t m_resultBytes = 0;
    quint64 m_generation = 0;      ///< answers to an older request are not wanted

    std::optional<ErrorPlace> m_error;
    std::vector<e2b::ExecutionResult> m_results;
    std::optional<std::chrono::nanoseconds> m_firstOutput;
    std::optional<Error> m_trouble;
};

} // namespace sandglass::models
