#include "app/settling.h"

#include "app/receiving.h"
#include "models/sandboxes/sandboxactions.h"
#include "services/e2b/client.h"
#include "services/lifecycle/tracker.h"

#include <algorithm>
#include <chrono>

using namespace std::chrono_literals;

namespace sandglass::app {

Settling::Settling(Around around, QObject *parent) : QObject(parent), m_around(around)
{
    m_limit.setSingleShot(true);
    m_limit.setInterval(3s);
    m_newsLimit.setSingleShot(true);
    m_newsLimit.setInterval(1s); // they come within milliseconds, or not at all
    connect(&m_limit, &QTimer::timeout, this, &Settling::end);
    connect(&m_newsLimit, &QTimer::timeout, this, &Settling::goOn);
    connect(&m_around.client, &e2b::Client::killAnswered, this, [this](const std::string &sandboxId) {
        if (m_phase != Phase::Idle)
            m_killed.insert(sandboxId);
        goOn();
    });
    connect(&m_around.actions, &models::SandboxActions::done, this, &Settling::goOn);
    connect(&m_around.tracker, &lifecycle::Tracker::sandboxesChanged, this, &Settling::goOn);
    connect(&m_around.receiving, &Receiving::settled, this, &Settling::goOn);
}

void Settling::begin()
{
    if (m_phase != Phase::Idle)
        return;
    m_phase = Phase::Answers;
    m_limit.start();
    goOn();
    if (m_phase != Phase::Idle)
        m_lock = std::make_unique<QEventLoopLocker>();
}

bool Settling::isAnswered() const
{
    return m_around.actions.openCount() == 0 && m_around.client.killsUnderWay() == 0;
}

bool Settling::isTold() const
{
    return !m_around.receiving.isRegistered() || std::ranges::none_of(m_killed, [this](const std::string &id) {
        const lifecycle::Sandbox *sandbox = m_around.tracker.fold().find(id);
        return sandbox != nullptr && !sandbox->endedAt;
    });
}

void Settling::goOn()
{
    if (m_phase == Phase::Answers && isAnswered()) {
        m_phase = Phase::News;
        m_newsLimit.start();
    }
    if (m_phase == Phase::News && (isTold() || !m_newsLimit.isActive())) {
        m_phase = Phase::Registrations;
        m_around.receiving.end(); // after the news: a webhook that is removed brings none any more
    }
    if (m_phase == Phase::Registrations && m_around.receiving.isSettled())
        end();
}

void Settling::end()
{
    m_phase = Phase::Idle;
    m_killed.clear();
    m_limit.stop();
    m_newsLimit.stop();
    m_lock.reset();
}

} // namespace sandglass::app
