#include "services/refine/refineloop.h"

#include <QPointer>

namespace sandglass::refine {

RefineLoop::RefineLoop(RefineSession &session, std::unique_ptr<Generator> generator, int limit, QObject *parent)
    : QObject(parent), m_session(session), m_generator(std::move(generator)), m_limit(limit)
{
    connect(&m_session, &RefineSession::attemptFinished, this, &RefineLoop::onAttempt);
}

RefineLoop::~RefineLoop()
{
    m_generator->cancel();
    if (m_isRunning && m_session.state() == RefineSession::State::Idle)
        m_session.trace().dropAttempt(Error{.kind = Error::Kind::Cancelled, .message = "the loop has ended"});
}

void RefineLoop::start()
{
    if (m_isRunning)
        return;
    m_isRunning = true;
    m_made = 0;
    m_error.reset();
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
    m_generator->cancel();
    m_session.trace().dropAttempt(Error{.kind = Error::Kind::Cancelled, .message = "stopped while code was proposed"});
    finish(End::Stopped);
}

void RefineLoop::next()
{
    if (m_made >= m_limit) {
        finish(End::LimitReached);
        return;
    }
    RefineTrace &trace = m_session.trace();
    trace.beginAttempt(m_session.attemptsMade() + 1, Attempt::Author::Scripted, m_session.templateId());
    trace.beginStep("refine.generate");
    const telemetry::Scope scope(trace.current());
    const QPointer<RefineLoop> self(this);
    m_generator->propose(m_session.attempts(), [self](const Result<std::string> &code) {
        if (!self || !self->m_isRunning)
            return;
        if (!code) {
            self->m_session.trace().dropAttempt(code.error());
            self->m_error = code.error();
            self->finish(End::Failed);
        } else if (!self->m_session.run(*code, Attempt::Author::Scripted)) {
            self->m_error = Error{Error::Kind::Local, 0, "the session is busy with another run", "busy"};
            self->finish(End::Failed);
        }
    });
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
        m_error = last.trouble;
        finish(End::Failed);
        return;
    case Verdict::CheckFailed:
    case Verdict::Raised:
    case Verdict::TimedOut:
        break;
    }
    next();
}

void RefineLoop::finish(End end)
{
    m_isRunning = false;
    Q_EMIT finished(end); // last: a receiver may delete this
}

} // namespace sandglass::refine
