#include "models/sandboxes/sandboxactions.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"

namespace sandglass::models {

ClientSandboxActions::ClientSandboxActions(e2b::Client &client, QObject *parent)
    : SandboxActions(parent), m_client(client)
{}

void ClientSandboxActions::finish(Verb verb, const QString &id, const Result<> &outcome)
{
    --m_open;
    Q_EMIT done(verb, id, outcome);
}

void ClientSandboxActions::pause(const QStringList &ids)
{
    for (const QString &id : ids) {
        ++m_open;
        whenDone(m_client.pauseSandbox(toUtf8(id)), this,
                 [this, id](const Result<> &answer) { finish(Verb::Pause, id, answer); });
    }
}

void ClientSandboxActions::resume(const QStringList &ids, int timeoutSeconds)
{
    for (const QString &id : ids) {
        ++m_open;
        whenDone(m_client.connectSandbox(toUtf8(id), timeoutSeconds), this,
                 [this, id](const Result<e2b::SandboxInfo> &answer) {
                     finish(Verb::Resume, id, answer ? Result<>{} : failure(answer.error()));
                 });
    }
}

void ClientSandboxActions::kill(const QStringList &ids)
{
    for (const QString &id : ids) {
        ++m_open;
        whenDone(m_client.killSandbox(toUtf8(id)), this,
                 [this, id](const Result<> &answer) { finish(Verb::Kill, id, answer); });
    }
}

void ClientSandboxActions::extend(const QStringList &ids, int seconds)
{
    for (const QString &id : ids) {
        ++m_open;
        whenDone(m_client.setTimeout(toUtf8(id), seconds), this,
                 [this, id](const Result<> &answer) { finish(Verb::Extend, id, answer); });
    }
}

} // namespace sandglass::models
