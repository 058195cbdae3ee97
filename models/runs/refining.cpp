#include "models/runs/refining.h"

#include <utility>

namespace sandglass::models {

Refining::Refining(refine::RefineSession &session, StartGate &gate, std::function<PlannedStart()> planned,
                   QObject *parent)
    : QObject(parent), m_session(session), m_gate(gate), m_planned(std::move(planned))
{
    connect(&m_gate, &StartGate::changed, this, &Refining::onGate);
    connect(&m_session, &refine::RefineSession::attemptStarted, this, [this] { m_progress.reset(); });
}

Refining::~Refining() = default;

bool Refining::isProposing() const
{
    return isRunning() && m_session.state() == refine::RefineSession::State::Idle
        && m_gate.state() != StartGate::State::Asking;
}

void Refining::start(std::unique_ptr<refine::Generator> generator, refine::LoopLimits limits, const QString &name,
                     bool isAnyway)
{
    if (isRunning())
        return;
    m_name = name;
    m_isAnyway = isAnyway;
    m_progress.reset();
    m_end.reset();
    m_error.reset();
    m_loop = std::make_unique<refine::RefineLoop>(m_session, std::move(generator), limits);
    m_loop->setPermission([this](std::function<void()> go) {
        m_gate.pass(m_planned(), std::exchange(m_isAnyway, false), std::move(go));
    });
    connect(m_loop.get(), &refine::RefineLoop::finished, this, &Refining::onFinished);
    connect(m_loop.get(), &refine::RefineLoop::progressed, this, [this](const refine::ModelProgress &progress) {
        m_progress = progress;
        Q_EMIT changed();
    });
    m_loop->start();
    Q_EMIT changed();
}

void Refining::stop()
{
    m_gate.cancel(); // while it asks
    if (m_loop)
        m_loop->stop();
}

void Refining::forget()
{
    if (isRunning() || !m_end)
        return;
    m_end.reset();
    m_error.reset();
    Q_EMIT changed();
}

void Refining::onGate()
{
    if (m_loop && m_gate.state() == StartGate::State::Refused)
        m_loop->refuse();
}

void Refining::onFinished(End end)
{
    m_progress.reset();
    m_end = end;
    if (end == End::Failed)
        m_error = m_loop->error();
    Q_EMIT changed();
}

} // namespace sandglass::models
