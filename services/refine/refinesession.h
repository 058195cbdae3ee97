#pragma once

#include "services/core/result.h"
#include "services/cost/ratecard.h"
#include "services/e2b/client.h"
#include "services/refine/attempt.h"
#include "services/refine/refinetrace.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::refine {

struct OutputPiece
{
    bool isStderr = false;
    QString text;
    friend bool operator==(const OutputPiece &, const OutputPiece &) = default;
};

/// One sandbox and the attempts made in it, without a window. The sandbox is created by the first run, used again while
/// it lives, replaced with a notice when it is gone, and killed by endSession() or the destructor. A run ends at its
/// own timeout, by stop(), or because sandbox or engine went away; the attempts stay and the next run() works in every
/// case. All on one thread; the client must outlive the session.
class RefineSession final : public QObject
{
    Q_OBJECT
public:
    enum class State { Idle, Creating, Running, Stopping };
    Q_ENUM(State)
    enum class Notice { SandboxReplaced, ResultLeftOut /**< the first of the run */ };
    Q_ENUM(Notice)

    RefineSession(e2b::Client &client, std::string sessionId, QObject *parent = nullptr);
    ~RefineSession() override;

    void setTemplate(const std::string &templateId); ///< a change ends the sandbox of the old one
    void setCheck(Check check) { m_check = std::move(check); }
    void setRunTimeout(int seconds) { m_runTimeout = seconds; }         ///< 30
    void setSandboxTimeout(int seconds) { m_sandboxTimeout = seconds; } ///< 300, renewed with every run
    void setRateCard(cost::RateCard card) { m_card = std::move(card); }

    /// Asked before each sandbox is created; that waits until `then` is called, which has to come, once.
    using Preparation = std::function<void(std::function<void()> then)>;
    void setPreparation(Preparation preparation) { m_prepare = std::move(preparation); }

    /// False (and nothing happens) unless Idle. `model` wrote the code.
    bool run(const std::string &code, Attempt::Author author = Attempt::Author::Person,
             std::optional<ModelUse> model = {});
    /// An attempt that nothing can be run of: a model has answered, and `why` there is no code. Ends as Broken at once,
    /// as Stopped where that is Cancelled, and stays in the account. False (and nothing happens) unless Idle.
    bool recordWithoutCode(const Error &why, const ModelUse &model);
    void stop(); ///< the attempt ends as Stopped; the sandbox stays, one on its way is killed unless a run takes it
    void endSession(); ///< stops and kills the sandbox; the attempts stay
    /// The sandbox's server is gone: as endSession(), but an attempt on its way ends as Broken with `why`, since nobody
    /// stopped it.
    void breakOff(const Error &why);
    /// Goes on where another session stood: no attempts of its own yet, the next one is number `made` + 1. Only when
    /// Idle; ends the sandbox.
    void startAfter(int made);

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const std::string &templateId() const { return m_template; }
    [[nodiscard]] int runTimeout() const { return m_runTimeout; }
    /// For how many seconds a run keeps its sandbox: no sandbox shall end in the middle of one.
    [[nodiscard]] int sandboxSeconds() const { return std::max(m_sandboxTimeout, m_runTimeout + 30); }
    [[nodiscard]] std::map<std::string, std::string> metadata() const;                ///< of its sandboxes
    [[nodiscard]] const std::vector<Attempt> &attempts() const { return m_attempts; } ///< oldest first
    /// The attempt being made, else the last one; an empty one before the first run.
    [[nodiscard]] const Attempt &newest() const;
    [[nodiscard]] int attemptsMade() const { return m_made; } ///< the number of newest()
    [[nodiscard]] const std::optional<e2b::SandboxInfo> &sandbox() const { return m_sandbox; }

    /// For the loop, whose attempts begin with a proposal.
    [[nodiscard]] RefineTrace &trace() { return m_trace; }

    static constexpr std::size_t mostAttempts = 200;            ///< the oldest leave
    static constexpr std::size_t mostBytes = 64U << 20;         ///< of output and results of all; the oldest leave
    void keepAtMost(std::size_t bytes) { m_mostBytes = bytes; } ///< in place of mostBytes

Q_SIGNALS:
    void attemptStarted(const sandglass::refine::Attempt &attempt); ///< before anything else of it
    void stateChanged();
    /// Collected for at most 50 ms, or a megabyte.
    void outputAppended(const QList<sandglass::refine::OutputPiece> &pieces);
    void resultArrived(const sandglass::e2b::ExecutionResult &result);
    /// What was printed before has been given out by outputAppended().
    void raised(const sandglass::e2b::ExecutionError &error);
    void attemptFinished(int number); ///< after the state is Idle
    void attemptPriced(int number);   ///< a finished one: the size of its sandbox became known late
    void sandboxChanged();            ///< id, or the time to first output
    void notice(sandglass::refine::RefineSession::Notice notice);
    void ended(); ///< endSession() has killed the sandbox, if there was one

private:
    void setState(State state);
    void startAttempt(const std::string &code, Attempt::Author author, std::optional<ModelUse> model);
    void createSandbox();
    void requestSandbox();
    void onCreated(Result<e2b::SandboxInfo> created);
    void learnSize();
    void startRun();
    void onText(bool isStderr, const QString &text);
    void onResult(const e2b::ExecutionResult &result);
    void onRaised(const e2b::ExecutionError &error);
    void noteFirstOutput();
    void onRunFinished(e2b::CodeRun::End end);
    void onBroken(const Error &error);
    void dropSandbox();
    void conclude(Verdict verdict);
    void keepAttempt();
    void flushOutput();
    void dropRun();
    [[nodiscard]] std::optional<Money> costOf(const Attempt &attempt) const;

    e2b::Client &m_client;
    const std::string m_sessionId;
    RefineTrace m_trace;
    std::string m_template = "code-interpreter-v1";
    Check m_check;
    int m_runTimeout = 30;
    int m_sandboxTimeout = 300;
    cost::RateCard m_card;
    Preparation m_prepare;

    State m_state = State::Idle;
    std::vector<Attempt> m_attempts;
    Attempt m_attempt; ///< the one being made
    CheckRun m_checkRun{Check{}};
    int m_made = 0;
    std::size_t m_mostBytes = mostBytes;
    std::optional<e2b::SandboxInfo> m_sandbox;
    bool m_isCreating = false; ///< a create is on its way, wanted or not
    quint64 m_generation = 0;  ///< of the session's sandboxes; endSession() begins a new one
    bool m_isFresh = false;    ///< the sandbox was made for this run
    e2b::CodeRun *m_run = nullptr;
    QElapsedTimer m_clock;
    QTimer m_batch;
    QList<OutputPiece> m_pending;
    qsizetype m_pendingSize = 0;
    std::size_t m_resultBytes = 0;
};

} // namespace sandglass::refine
