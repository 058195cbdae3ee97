#include "models/sandboxes/sandboxactions.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"

#include <utility>

namespace sandglass::models {

namespace {

constexpr const char *byHand = "by hand";

const char *nameOf(SandboxActions::Verb verb)
{
    switch (verb) {
    case SandboxActions::Verb::Pause:
        return "pause";
    case SandboxActions::Verb::Resume:
        return "resume";
    case SandboxActions::Verb::Kill:
        return "kill";
    case SandboxActions::Verb::Extend:
        break;
    }
    return "extend";
}

std::string byHandFor(int seconds)
{
    const std::string time = seconds % 60 == 0 ? std::to_string(seconds / 60) + " min" : std::to_string(seconds) + " s";
    return std::string(byHand) + ", for " + time;
}

} // namespace

ClientSandboxActions::ClientSandboxActions(e2b::Client &client, Clock clock, QObject *parent)
    : SandboxActions(parent), m_client(client), m_clock(std::move(clock))
{}

void ClientSandboxActions::finish(Verb verb, const QString &id, std::string why, const Result<> &outcome)
{
    --m_open;
    Q_EMIT audited({{m_clock(), "person", nameOf(verb), toUtf8(id), std::move(why),
                     outcome ? std::string("ok") : outcome.error().message}});
    Q_EMIT done(verb, id, outcome);
}

void ClientSandboxActions::pause(const QStringList &ids)
{
    for (const QString &id : ids) {
        ++m_open;
        const auto send = [this, id] {
            whenDone(m_client.pauseSandbox(toUtf8(id)), this,
                     [this, id](const Result<> &answer) { finish(Verb::Pause, id, byHand, answer); });
        };
        if (m_beforePause)
            m_beforePause(id, send);
        else
            send();
    }
}

void ClientSandboxActions::resume(const QStringList &ids, int timeoutSeconds)
{
    for (const QString &id : ids) {
        ++m_open;
        whenDone(m_client.connectSandbox(toUtf8(id), timeoutSeconds), this,
                 [this, id, timeoutSeconds](const Result<e2b::SandboxInfo> &answer) {
                     finish(Verb::Resume, id, byHandFor(timeoutSeconds), answer ? Result<>{} : failure(answer.error()));
                 });
    }
}

void ClientSandboxActions::kill(const QStringList &ids)
{
    for (const QString &id : ids) {
        ++m_open;
        whenDone(m_client.killSandbox(toUtf8(id)), this,
                 [this, id](const Result<> &answer) { finish(Verb::Kill, id, byHand, answer); });
    }
}

void ClientSandboxActions::extend(const QStringList &ids, int seconds)
{
    for (const QString &id : ids) {
        ++m_open;
        whenDone(m_client.setTimeout(toUtf8(id), seconds), this,
                 [this, id, seconds](const Result<> &answer) { finish(Verb::Extend, id, byHandFor(seconds), answer); });
    }
}

} // namespace sandglass::models
