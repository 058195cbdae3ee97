#include "services/refine/refineloop.h"

#include "services/refine/answercode.h"

#include <QPointer>

#include <chrono>

namespace sandglass::refine {

namespace {

constexpr std::chrono::milliseconds pricePatience{2'000};

} // namespace

RefineLoop::RefineLoop(RefineSession &session, std::unique_ptr<Generator> generator, LoopLimits limits, QObject *parent)
    : QObject(parent), m_session(session), m_generator(std::move(generator)), m_limits(limits)
{
    m_patience.setSingleShot(true);
    m_patience.setInterval(pricePatience);
    connect(&m_patience, &QTimer::timeout, this, [this] { reckon(true); });
    connect(&m_session, &RefineSession::attemptFinished, this, &RefineLoop::onAttempt);
    connect(&m_session, &RefineSession::attemptPriced, this, &RefineLoop::onPriced);
    m_generator->onProgress([this](const ModelProgress &progress) { Q_EMIT progressed(progress); });
}

RefineLoop::~RefineLoop()
{
    (void)m_generator->cancel();
    if (m_isRunning && m_session.state() == RefineSession::State::Idle)
        m_session.trace().dropAttempt(Error{.kind = Error::Kind::Cancelled, .message = "the loop has ended"});
}

void RefineLoop::start()
{
    if (m_isRunning)
        return;
    m_isRunning = true;
    m_made = 0;
    m_spent = {};
    m_error.reset();
    m_isErrorOfProposal = false;
    next();
}

void RefineLoop::stop()
{
    if (!m_isRunning)
        return;
    if (m_session.state() != RefineSession::State::Idle) {
        m_session.stop(); // ends in onAttempt()
        return;
    }
    const Error why{.kind = Error::Kind::Cancelled, .message = "stopped while code was proposed"};
    const auto use = m_generator->cancel();
    if (use && m_session.recordWithoutCode(why, *use))
        return; // ended in onAttempt()
    m_session.trace().dropAttempt(why);
    finish(End::Stopped);
}

void RefineLoop::refuse()
{
    if (m_isRunning && m_session.state() == RefineSession::State::Idle)
        finish(End::Refused);
}

void RefineLoop::next()
{
    if (m_made >= m_limits.attempts)
        return finish(End::LimitReached);
    if (!m_permission)
        return propose();
    m_permission([self = QPointer<RefineLoop>(this)] {
        if (self && self->m_isRunning)
            self->propose();
    });
}

void RefineLoop::propose()
{
    RefineTrace &trace = m_session.trace();
    trace.beginAttempt(m_session.attemptsMade() + 1, m_generator->author(), m_session.templateId());
    trace.beginStep("refine.generate");
    const telemetry::Scope scope(trace.current());
    m_generator->propose(m_session.attempts(), [self = QPointer<RefineLoop>(this)](const Proposal &proposal) {
        if (self && self->m_isRunning)
            self->onProposal(proposal);
    });
}

void RefineLoop::onProposal(const Proposal &proposal)
{
    if (proposal.model)
        m_session.trace().describeModel(*proposal.model);
    bool isTaken = true;
    if (proposal.code) {
        isTaken = m_session.run(*proposal.code, m_generator->author(), proposal.model);
    } else if (proposal.model) {
        m_session.trace().endStep(proposal.code.error());
        isTaken = m_session.recordWithoutCode(proposal.code.error(), *proposal.model);
    } else {
        m_session.trace().dropAttempt(proposal.code.error());
        m_error = proposal.code.error();
        m_isErrorOfProposal = true;
        return finish(End::Failed);
    }
    if (!isTaken) {
        m_error = Error{Error::Kind::Local, 0, "the session is busy with another run", "busy"};
        finish(End::Failed);
    }
}

void RefineLoop::onAttempt()
{
    if (!m_isRunning)
        return;
    ++m_made;
    const Attempt &last = m_session.attempts().back();
    switch (last.verdict) {
    case Verdict::Passed:
        finish(End::Passed);
        return;
    case Verdict::Stopped:
        finish(End::Stopped);
        return;
    case Verdict::Broken:
        if (last.trouble && isFaultOfAnswer(*last.trouble))
            break;
        m_error = last.trouble;
        m_isErrorOfProposal = last.model && last.code.empty();
        finish(End::Failed);
        return;
    case Verdict::CheckFailed:
    case Verdict::Raised:
    case Verdict::TimedOut:
        break;
    }
    reckon(false);
}

void RefineLoop::onPriced(int number)
{
    if (m_patience.isActive() && number == m_session.attempts().back().number)
        reckon(true);
}

/// What has been spent, and whether another attempt may follow.
void RefineLoop::reckon(bool isFinal)
{
    m_patience.stop();
    if (!m_isRunning)
        return;
    if (!m_limits.money || m_made >= m_limits.attempts)
        return next();
    const Attempt &last = m_session.attempts().back();
    const auto cost = last.wholeCost();
    const bool mayComeLate = !last.model || last.model->cost; // the sandbox's part
    if (!cost && mayComeLate && !isFinal)
        return m_patience.start();
    if (!cost)
        return finish(End::CostUnknown);
    m_spent += *cost;
    if (m_spent >= *m_limits.money)
        return finish(End::MoneySpent);
    next();
}

void RefineLoop::finish(End end)
{
    m_isRunning = false;
    m_patience.stop();
    Q_EMIT finished(end); // last: a receiver may delete this
}

} // namespace sandglass::refine
