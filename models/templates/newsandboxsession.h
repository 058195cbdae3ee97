#pragma once

#include "models/budgets/startgate.h"
#include "services/core/money.h"
#include "services/core/result.h"
#include "services/cost/ratecard.h"
#include "services/e2b/types.h"

#include <QFuture>
#include <QObject>

#include <functional>
#include <optional>

namespace sandglass::models {

class StartQueue;

/// Creating one sandbox, as the dialog shows it, unless the budgets refuse. Cancelling does not abort the request,
/// because the other side may already have acted: the sandbox is killed as soon as its id is known, so nothing runs
/// (and costs) unseen. Keep the session alive until it is idle.
class NewSandboxSession final : public QObject
{
    Q_OBJECT
public:
    enum class State {
        Editing,
        Asking,  ///< the budgets
        Refused, ///< by a budget
        Creating,
        Cancelling,
        Created,
        Queued, ///< the provider takes no more at present: the queue has it now
        Failed,
        Cancelled,
    };
    Q_ENUM(State)
    using Creator = std::function<QFuture<Result<e2b::SandboxInfo>>(const e2b::SandboxSpec &)>;
    using Killer = std::function<QFuture<Result<>>(const std::string &sandboxId)>;

    NewSandboxSession(Creator creator, Killer killer, QObject *parent = nullptr);
    /// From now on what is refused at the provider's limit waits there, and all others behind it. Must outlive this.
    void setQueue(StartQueue *queue) { m_queue = queue; }

    /// Names, sizes and ranges the API would refuse anyway, said before asking. Timeout 1 s - 24 h.
    [[nodiscard]] static Result<> check(const e2b::SandboxSpec &spec);
    /// What the sandbox costs when it runs until its timeout; empty when the template's size is not known.
    [[nodiscard]] static std::optional<Money> worstCase(const e2b::TemplateInfo &info, int timeoutSeconds,
                                                        const cost::RateCard &card, Timestamp now);

    /// An invalid spec fails at once; then the budgets are asked. `isAnyway`: the person has read their refusal.
    void create(const e2b::SandboxSpec &spec, bool isAnyway = false);
    void cancel();
    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const Error &error() const { return m_error; } ///< after Failed
    [[nodiscard]] bool isBusy() const
    {
        return m_state == State::Asking || m_state == State::Creating || m_state == State::Cancelling;
    }
    [[nodiscard]] StartGate &gate() { return m_gate; }
    [[nodiscard]] static PlannedStart startOf(const e2b::SandboxSpec &spec);

Q_SIGNALS:
    void stateChanged();
    void created(const sandglass::e2b::SandboxInfo &sandbox);

private:
    void send(const e2b::SandboxSpec &spec);
    void take(Result<e2b::SandboxInfo> answer);
    void setState(State state);
    void wait(const e2b::SandboxSpec &spec, const std::string &refusal); ///< the service's words; empty: not asked

    Creator m_creator;
    Killer m_killer;
    StartQueue *m_queue = nullptr;
    e2b::SandboxSpec m_spec;
    StartGate m_gate;
    State m_state = State::Editing;
    Error m_error;
};

} // namespace sandglass::models
