#pragma once

#include "services/core/json.h"
#include "services/core/mailbox.h"
#include "services/core/result.h"
#include "services/core/time.h"
#include "services/core/workthread.h"
#include "services/e2b/filelist.h"

#include <QFuture>
#include <QObject>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::e2b {

class ApiCaller;
struct SandboxInfo;

/// One sample of what a sandbox uses; services take one every 5 s while it runs.
struct SandboxMetric
{
    Timestamp time;
    int cpuCount = 0;
    double cpuUsedPercent = 0; ///< of all processors it was given together
    std::int64_t memoryUsed = 0, memoryTotal = 0, diskUsed = 0, diskTotal = 0; ///< bytes
    friend bool operator==(const SandboxMetric &, const SandboxMetric &) = default;
};
[[nodiscard]] Result<std::vector<SandboxMetric>> decodeMetrics(const Json &value);

enum class LogLevel { Debug, Info, Warn, Error };

/// One line that a sandbox's processes or its service wrote.
struct SandboxLogEntry
{
    Timestamp time;
    LogLevel level = LogLevel::Info; ///< Info for a word that is not known
    std::string message;
    std::map<std::string, std::string> fields; ///< "logger", "event_type", "pid" …
    friend bool operator==(const SandboxLogEntry &, const SandboxLogEntry &) = default;
};
/// The answer of GET /v2/sandboxes/{id}/logs, in its order.
[[nodiscard]] Result<std::vector<SandboxLogEntry>> decodeLogs(const Json &value);

struct SandboxLogQuery
{
    /// Forward: from then on; backward: up to then; cut to whole milliseconds. Empty: from the beginning, or the end.
    std::optional<Timestamp> cursor;
    bool forward = false;      ///< oldest first; else newest first
    std::size_t limit = 1'000; ///< 1-1000
    LogLevel least = LogLevel::Debug;
    std::string search; ///< in the message, case counts; cut to 256 bytes
};

/// What an API tells about the inside of a sandbox. Error{code "not_supported"} where an installation has no such
/// route; 404 with the service's words for a sandbox that it does not know (any more). Owned by Client; its thread.
class SandboxReadings final : public QObject
{
    Q_OBJECT
public:
    explicit SandboxReadings(ApiCaller &api, QObject *parent = nullptr);

    /// Oldest first; without a sample yet an empty list. `since` is cut to whole seconds; empty = all that is kept.
    [[nodiscard]] QFuture<Result<std::vector<SandboxMetric>>> metrics(const std::string &sandboxId,
                                                                      std::optional<Timestamp> since);
    [[nodiscard]] QFuture<Result<std::vector<SandboxLogEntry>>> logs(const std::string &sandboxId,
                                                                     const SandboxLogQuery &query);
    /// What lies in the home of the sandbox's user and below, to a depth of 12 folders; read in another thread than
    /// this one's. `sandbox` as create, connect or get returned it. Errors also when it takes longer than `limit`.
    [[nodiscard]] QFuture<Result<FileList>> homeFiles(const SandboxInfo &sandbox, std::chrono::milliseconds limit);

private:
    [[nodiscard]] WorkThread &decoder();

    ApiCaller &m_api;
    Mailbox m_decoded;
    std::unique_ptr<WorkThread> m_decoder; ///< once there is work; last: posts to the mailbox
};

} // namespace sandglass::e2b
