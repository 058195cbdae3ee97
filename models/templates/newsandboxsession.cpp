#include "models/templates/newsandboxsession.h"

#include "models/templates/startqueue.h"
#include "services/core/whendone.h"
#include "services/cost/meter.h"

#include <algorithm>
#include <string_view>

namespace sandglass::models {

namespace {

constexpr std::size_t valueLimit = 32U << 10;
constexpr std::size_t rowLimit = 100;

bool isEnvironmentName(std::string_view name)
{
    const auto isLetter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    return !name.empty() && name.size() <= 256 && isLetter(name.front())
        && std::ranges::all_of(name, [&](char c) { return isLetter(c) || (c >= '0' && c <= '9'); });
}

tl::unexpected<Error> wrong(std::string message)
{
    return failure(Error::Kind::Local, std::move(message), 0, "invalid_input");
}

} // namespace

NewSandboxSession::NewSandboxSession(Creator creator, Killer killer, QObject *parent)
    : QObject(parent), m_creator(std::move(creator)), m_killer(std::move(killer)), m_gate(this)
{
    connect(&m_gate, &StartGate::changed, this, [this] {
        if (m_gate.state() == StartGate::State::Refused)
            setState(State::Refused);
        else if (m_gate.state() == StartGate::State::Asking)
            setState(State::Asking);
    });
}

PlannedStart NewSandboxSession::startOf(const e2b::SandboxSpec &spec)
{
    return {spec.templateId, spec.metadata, spec.timeoutSeconds, {}};
}

Result<> NewSandboxSession::check(const e2b::SandboxSpec &spec)
{
    if (spec.templateId.empty())
        return wrong("Choose a template.");
    if (spec.timeoutSeconds < 1 || spec.timeoutSeconds > 86'400)
        return wrong("The timeout lies between 1 second and 24 hours.");
    if (spec.metadata.size() > rowLimit || spec.envVars.size() > rowLimit)
        return wrong("At most 100 rows.");
    for (const auto &[key, value] : spec.metadata) {
        if (key.empty())
            return wrong("A metadata row has a value but no key.");
        if (key.size() > 256 || value.size() > valueLimit)
            return wrong("The metadata of \"" + key.substr(0, 40) + "\" is too long.");
    }
    for (const auto &[name, value] : spec.envVars) {
        if (!isEnvironmentName(name))
            return wrong(
                "\"" + name.substr(0, 40)
                + "\" is no name for an environment variable: letters, digits and _, not starting with a digit.");
        if (value.size() > valueLimit || value.find('\0') != std::string::npos)
            return wrong("The value of " + name + " is too long.");
    }
    return {};
}

std::optional<Money> NewSandboxSession::worstCase(const e2b::TemplateInfo &info, int timeoutSeconds,
                                                  const cost::RateCard &card, Timestamp now)
{
    if (info.cpuCount <= 0 || info.memoryMb <= 0)
        return std::nullopt;
    return cost::priceOf({.start = now,
                          .end = now + std::chrono::seconds(timeoutSeconds),
                          .confirmedMs = std::nullopt,
                          .vcpuCount = info.cpuCount,
                          .memoryMb = info.memoryMb},
                         card);
}

void NewSandboxSession::setState(State state)
{
    m_state = state;
    Q_EMIT stateChanged();
}

void NewSandboxSession::create(const e2b::SandboxSpec &spec, bool isAnyway)
{
    if (isBusy())
        return;
    if (auto fine = check(spec); !fine) {
        m_error = fine.error();
        setState(State::Failed);
        return;
    }
    m_gate.pass(startOf(spec), isAnyway, [this, spec] { send(spec); });
}

void NewSandboxSession::send(const e2b::SandboxSpec &spec)
{
    m_spec = spec;
    if (m_queue != nullptr && !m_queue->entries().empty()) // who came first is served first
        return wait(spec, {});
    setState(State::Creating);
    whenDone(m_creator(spec), this, [this](Result<e2b::SandboxInfo> answer) { take(std::move(answer)); });
}

void NewSandboxSession::wait(const e2b::SandboxSpec &spec, const std::string &refusal)
{
    if (m_queue->add(spec, refusal))
        return setState(State::Queued);
    m_error = Error{Error::Kind::Service, 429,
                    "every place is taken, and " + std::to_string(StartQueue::mostWaiting)
                        + " starts wait already, which is the most",
                    "resource_exhausted"};
    setState(State::Failed);
}

void NewSandboxSession::cancel()
{
    if (m_state == State::Creating) {
        setState(State::Cancelling);
    } else if (m_state == State::Asking) {
        m_gate.cancel();
        setState(State::Cancelled);
    }
}

void NewSandboxSession::take(Result<e2b::SandboxInfo> answer)
{
    if (m_state == State::Cancelling) {
        if (!answer)
            return setState(State::Cancelled);
        whenDone(m_killer(answer->sandboxId), this, [this](Result<> killed) {
            if (killed)
                return setState(State::Cancelled);
            m_error = killed.error();
            setState(State::Failed);
        });
    } else if (!answer && m_queue != nullptr && StartQueue::isLimit(answer.error())) {
        wait(m_spec, answer.error().message);
    } else if (!answer) {
        m_error = answer.error();
        setState(State::Failed);
    } else {
        setState(State::Created);
        Q_EMIT created(*answer);
    }
}

} // namespace sandglass::models
