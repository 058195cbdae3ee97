#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/cost/auditlog.h"

#include <QObject>
#include <QStringList>

#include <functional>
#include <utility>
#include <vector>

namespace sandglass::e2b {
class Client;
}

namespace sandglass::models {

/// What a person can do to sandboxes. Each call answers once per id with done(); the rows change when the events of it
/// arrive, not before.
class SandboxActions : public QObject
{
    Q_OBJECT
public:
    enum class Verb { Pause, Resume, Kill, Extend };
    Q_ENUM(Verb)
    using QObject::QObject;

    virtual void pause(const QStringList &ids) = 0;
    virtual void resume(const QStringList &ids, int timeoutSeconds) = 0;
    virtual void kill(const QStringList &ids) = 0;
    /// Ends `seconds` from now instead of whenever it was to end.
    virtual void extend(const QStringList &ids, int seconds) = 0;

Q_SIGNALS:
    void done(sandglass::models::SandboxActions::Verb verb, const QString &id, const sandglass::Result<> &outcome);
};

/// The actions on a real API.
class ClientSandboxActions final : public SandboxActions
{
    Q_OBJECT
public:
    explicit ClientSandboxActions(e2b::Client &client, Clock clock = systemNow, QObject *parent = nullptr);

    void pause(const QStringList &ids) override;
    void resume(const QStringList &ids, int timeoutSeconds) override;
    void kill(const QStringList &ids) override;
    void extend(const QStringList &ids, int seconds) override;
    [[nodiscard]] int openCount() const { return m_open; } ///< requests without an answer yet
    /// What comes first for each sandbox that is to be paused; it calls `goOn` once, in any case.
    using BeforePause = std::function<void(const QString &id, std::function<void()> goOn)>;
    void setBeforePause(BeforePause before) { m_beforePause = std::move(before); }

Q_SIGNALS:
    /// Each answer as a person's deed, for the audit log.
    void audited(const std::vector<sandglass::cost::AuditEntry> &entries);

private:
    void finish(Verb verb, const QString &id, std::string why, const Result<> &outcome);

    e2b::Client &m_client;
    Clock m_clock;
    BeforePause m_beforePause;
    int m_open = 0;
};

} // namespace sandglass::models
