#include "models/budgets/startgate.h"

#include <utility>

namespace sandglass::models {

void StartGate::setCheck(StartCheck *check)
{
    m_check = check;
    connect(m_check, &StartCheck::changed, this, &StartGate::outlookChanged);
    Q_EMIT outlookChanged();
}

void StartGate::pass(const PlannedStart &start, bool isAnyway, Go go)
{
    if (m_state == State::Asking)
        return;
    if (!m_check || isAnyway) {
        if (m_check)
            m_check->noteAnyway(start);
        m_go = std::move(go);
        return settle(State::Open, {});
    }
    m_go = std::move(go);
    m_verdict = {};
    m_state = State::Asking;
    m_check->ask(start, this, [this, asked = ++m_asked](const StartVerdict &verdict) {
        if (asked == m_asked && m_state == State::Asking)
            settle(verdict.isRefused() ? State::Refused : State::Open, verdict);
    });
    if (m_state == State::Asking) // else it has been answered at once
        Q_EMIT changed();
}

void StartGate::cancel()
{
    m_go = {};
    if (m_state != State::Open || !m_verdict.findings.empty())
        settle(State::Open, {});
}

StartVerdict StartGate::look(const PlannedStart &start) const
{
    return m_check ? m_check->look(start) : StartVerdict{};
}

void StartGate::settle(State state, const StartVerdict &verdict)
{
    m_state = state;
    m_verdict = verdict;
    const Go go = std::exchange(m_go, {});
    // Before anybody hears of it: what starts is not idle in between.
    if (go && state == State::Open)
        go();
    Q_EMIT changed();
}

} // namespace sandglass::models
