#pragma once

#include "models/budgets/startcheck.h"

namespace sandglass::models {

/// Stands before one thing that a person can start: lets it through, or holds it until the budgets have answered.
/// Without a check it is always open.
class StartGate final : public QObject
{
    Q_OBJECT
public:
    enum class State { Open, Asking, Refused };
    using Go = std::function<void()>;

    explicit StartGate(QObject *parent = nullptr) : QObject(parent) {}

    void setCheck(StartCheck *check); ///< must outlive this
    /// Calls `go` when the budgets let it start: at once, or later; never when they refuse or cancel() comes first.
    /// `isAnyway`: the person has read why not; that goes into the audit log. Ignored while Asking.
    void pass(const PlannedStart &start, bool isAnyway, Go go);
    void cancel(); ///< forgets the question, and what the budgets have said

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const StartVerdict &verdict() const { return m_verdict; } ///< of the last question
    [[nodiscard]] StartVerdict look(const PlannedStart &start) const;       ///< see StartCheck

Q_SIGNALS:
    void changed();        ///< state or verdict
    void outlookChanged(); ///< look() may answer otherwise

private:
    void settle(State state, const StartVerdict &verdict);

    QPointer<StartCheck> m_check;
    State m_state = State::Open;
    StartVerdict m_verdict;
    Go m_go; ///< while Asking
    quint64 m_asked = 0;
};

} // namespace sandglass::models
