#pragma once

#include "services/core/result.h"
#include "services/e2b/types.h"
#include "services/lifecycle/event.h"

#include <QFuture>
#include <QObject>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace sandglass::lifecycle {
class CreateLedger;
}

namespace sandglass::e2b {

class ApiCaller;
class SandboxReadings;
class WebhookClient;

/// A code execution in progress. Deleting it cancels. Signals come on the client's thread.
class CodeRun : public QObject
{
    Q_OBJECT
public:
    enum class End { Completed, Failed /**< the code raised */, TimedOut, Cancelled, Broken /**< see error() */ };
    Q_ENUM(End)
    using QObject::QObject;
    virtual void cancel() = 0;
    [[nodiscard]] virtual const Error &error() const = 0; ///< after Broken

Q_SIGNALS:
    void stdoutText(const QString &text);
    void stderrText(const QString &text);
    void result(const sandglass::e2b::ExecutionResult &result);
    void raised(const sandglass::e2b::ExecutionError &error);
    void executionCount(int count);
    void finished(sandglass::e2b::CodeRun::End end); ///< exactly once
};

/// A command in a sandbox (envd process.Process/Start). Deleting it leaves the process running.
class CommandRun : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;
    virtual void kill() = 0;
    [[nodiscard]] virtual int pid() const = 0;

Q_SIGNALS:
    void started(int pid);
    void stdoutData(const QByteArray &data);
    void stderrData(const QByteArray &data);
    void finished(const sandglass::Result<int> &exitCode);
};

/// One E2B API, whichever it is. Asynchronous and cancellable; idempotent calls are retried with back-off. When the
/// service asks one call to wait (429, Retry-After), all calls to it wait.
/// 404 on kill is success ("gone" is what was asked for). Webhook and event calls answer 404/405 with
/// Error{code "not_supported"} where the installation has none (self-hosted E2B).
class Client final : public QObject
{
    Q_OBJECT
public:
    explicit Client(Connection connection, QObject *parent = nullptr);
    ~Client() override;

    [[nodiscard]] const Connection &connection() const;
    void setConnection(Connection connection);
    /// From now on each create call is written down before it is sent, and marked by its metadata; what cannot be
    /// written down is not sent. The ledger must outlive the client.
    void setCreateLedger(lifecycle::CreateLedger *ledger) { m_ledger = ledger; }

    [[nodiscard]] QFuture<Result<>> health();
    /// Cancelling the future does not take the call back.
    [[nodiscard]] QFuture<Result<SandboxInfo>> createSandbox(const SandboxSpec &spec);
    [[nodiscard]] QFuture<Result<std::vector<SandboxInfo>>> listSandboxes(); ///< all pages, running and paused
    [[nodiscard]] QFuture<Result<SandboxInfo>> sandbox(const std::string &sandboxId);
    [[nodiscard]] QFuture<Result<>> killSandbox(const std::string &sandboxId);
    [[nodiscard]] int killsUnderWay() const { return m_killsUnderWay; } ///< without an answer yet
    [[nodiscard]] QFuture<Result<>> pauseSandbox(const std::string &sandboxId);
    [[nodiscard]] QFuture<Result<SandboxInfo>> connectSandbox(const std::string &sandboxId, int timeoutSeconds);
    [[nodiscard]] QFuture<Result<>> setTimeout(const std::string &sandboxId, int timeoutSeconds);
    [[nodiscard]] QFuture<Result<std::vector<TemplateInfo>>> listTemplates();

    /// What sandboxes use and log.
    [[nodiscard]] SandboxReadings &readings() { return *m_readings; }

    /// Webhooks, deliveries and events in full; the calls below are its most used.
    [[nodiscard]] WebhookClient &webhooks() { return *m_webhooks; }
    [[nodiscard]] QFuture<Result<std::vector<WebhookInfo>>> listWebhooks();
    [[nodiscard]] QFuture<Result<WebhookInfo>> createWebhook(const WebhookSpec &spec);
    [[nodiscard]] QFuture<Result<WebhookInfo>> updateWebhook(const std::string &webhookId, const WebhookSpec &spec);
    [[nodiscard]] QFuture<Result<>> deleteWebhook(const std::string &webhookId); ///< already gone is success

    /// The newest lifecycle events of the team, newest first. `limit` 1-100.
    [[nodiscard]] QFuture<Result<std::vector<lifecycle::Event>>> events(int offset, int limit);

    /// `sandbox` as create or connect returned it (its access token is needed). The caller owns the run.
    [[nodiscard]] CodeRun *runCode(const SandboxInfo &sandbox, const CodeSpec &spec, QObject *parent);
    [[nodiscard]] CommandRun *runCommand(const SandboxInfo &sandbox, const std::string &command, QObject *parent);
    [[nodiscard]] QFuture<Result<std::string>> readFile(const SandboxInfo &sandbox, const std::string &path);
    [[nodiscard]] QFuture<Result<>> writeFile(const SandboxInfo &sandbox, const std::string &path, std::string data);

    /// Silence of a running execution after which the interpreter's health is asked. 20 s.
    void setPatience(std::chrono::milliseconds patience) { m_patience = patience; }

Q_SIGNALS:
    void killAnswered(const std::string &sandboxId); ///< done, refused or out of reach

private:
    [[nodiscard]] QFuture<Result<SandboxInfo>> postSandbox(const SandboxSpec &spec);

    std::unique_ptr<ApiCaller> m_api;
    std::unique_ptr<WebhookClient> m_webhooks;
    std::unique_ptr<SandboxReadings> m_readings;
    int m_killsUnderWay = 0;
    lifecycle::CreateLedger *m_ledger = nullptr;
    std::chrono::milliseconds m_patience{20'000};
};

} // namespace sandglass::e2b
