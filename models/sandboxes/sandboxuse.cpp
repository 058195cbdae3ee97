#include "models/sandboxes/sandboxuse.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"

#include <utility>

namespace sandglass::models {

namespace {

constexpr std::chrono::hours kKept{1};
constexpr std::size_t kMostSamples = 720; ///< an hour of them
constexpr int kSlowerAfterError = 6;      ///< intervals

} // namespace

SandboxUse::SandboxUse(e2b::Client &client, Clock clock, QObject *parent)
    : QObject(parent), m_client(client), m_clock(std::move(clock))
{
    m_next.setSingleShot(true);
    connect(&m_next, &QTimer::timeout, this, &SandboxUse::ask);
}

void SandboxUse::setInterval(std::chrono::milliseconds interval)
{
    m_interval = interval;
}

void SandboxUse::setSandbox(const QString &id, bool isRunning)
{
    const bool isOther = m_id != toUtf8(id);
    const bool hasChanged = m_isRunning != isRunning;
    m_id = toUtf8(id);
    m_isRunning = isRunning;
    if (isOther)
        begin();
    else if (hasChanged && m_isWatched && !m_id.empty())
        ask();
}

void SandboxUse::setWatched(bool watched)
{
    if (std::exchange(m_isWatched, watched) == watched)
        return;
    m_next.stop();
    if (watched && !m_id.empty())
        ask();
}

void SandboxUse::forget()
{
    begin();
}

void SandboxUse::begin()
{
    ++m_round;
    m_isAsking = false;
    m_samples.clear();
    m_error = {};
    m_state = State::Idle;
    m_next.stop();
    if (m_isWatched && !m_id.empty())
        ask();
    Q_EMIT changed();
}

void SandboxUse::ask()
{
    if (m_isAsking || m_state == State::Unsupported)
        return;
    m_isAsking = true;
    m_next.stop();
    if (m_state == State::Idle) {
        m_state = State::Asking;
        Q_EMIT changed();
    }
    const Timestamp since = m_samples.empty() ? m_clock() - kKept : m_samples.back().time;
    whenDone(m_client.readings().metrics(m_id, since), this,
             [this, round = m_round](Result<std::vector<e2b::SandboxMetric>> answer) {
                 if (round == m_round)
                     take(std::move(answer));
             });
}

void SandboxUse::take(Result<std::vector<e2b::SandboxMetric>> answer)
{
    m_isAsking = false;
    if (answer) {
        add(*answer);
        m_error = {};
        m_state = m_samples.empty() ? State::Waiting : State::Known;
    } else {
        m_error = answer.error();
        m_state = m_error.code == "not_supported" ? State::Unsupported : State::Failed;
    }
    if (m_isWatched && m_isRunning && m_state != State::Unsupported)
        m_next.start(answer ? m_interval : m_interval * kSlowerAfterError);
    Q_EMIT changed();
}

void SandboxUse::add(const std::vector<e2b::SandboxMetric> &fresh)
{
    for (const e2b::SandboxMetric &sample : fresh) { // asked from a whole second: the last ones come again
        if (m_samples.empty() || sample.time > m_samples.back().time)
            m_samples.push_back(sample);
    }
    if (m_samples.size() > kMostSamples)
        m_samples.erase(m_samples.begin(), m_samples.end() - static_cast<std::ptrdiff_t>(kMostSamples));
}

} // namespace sandglass::models
