#pragma once

#include "services/core/json.h"
#include "services/engine/api/eventstore.h"
#include "services/engine/api/interpreter.h"
#include "services/engine/api/processtable.h"
#include "services/engine/api/samplehistory.h"
#include "services/engine/api/sandboxlog.h"
#include "services/engine/api/templatecatalog.h"
#include "services/engine/api/watchservice.h"
#include "services/engine/broker/sandbox.h"
#include "services/engine/network/egressproxy.h"

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::engine {

/// A volume that a sandbox has at `path`.
struct VolumeMount
{
    std::string name, path;
    std::string id; ///< once it was looked up
};

/// POST /sandboxes, read and checked.
struct CreateRequest
{
    std::string templateReference;
    std::int64_t timeoutSeconds = 15;
    bool autoPause = false, autoResume = false, secure = true;
    std::optional<bool> allowInternet;
    std::map<std::string, std::string> metadata;
    Environment environment;
    std::vector<VolumeMount> volumeMounts;
    Json network; ///< as sent, without the egress proxy's password; told again by GET
    EgressRules egress;
    std::string maskRequestHost;    ///< empty, or the Host that servers in the sandbox see; "${PORT}" stands for theirs
    bool allowPublicTraffic = true; ///< false: ports but envd's need the sandbox's traffic token
};
[[nodiscard]] Result<CreateRequest> parseCreateRequest(std::string_view body);

struct MetricSample
{
    Timestamp timestamp;
    ResourceUsage usage;

    void raise(const MetricSample &other); ///< the greater of each figure
};

/// A sandbox the engine answers for, running or paused. Owned by SandboxRegistry; io thread only.
struct LiveSandbox
{
    enum class State { Running, Pausing, Paused, Resuming };

    explicit LiveSandbox(boost::asio::io_context &io) : deadline(io) {}

    std::string id, executionId, accessToken;
    std::string trafficToken; ///< empty: none is asked for
    Template blueprint;
    CreateRequest request;
    State state = State::Running;
    bool isBeingSaved = false;           ///< stands still for a snapshot, whatever its state
    Timestamp startedAt;                 ///< of the sandbox
    Timestamp endAt;                     ///< for a paused one, when it was paused
    Timestamp executionStartedAt;        ///< of the present stretch of running
    SampleHistory<MetricSample> metrics; ///< every 5 s

    std::shared_ptr<SandboxLog> log = std::make_shared<SandboxLog>(); ///< outlives it for a while

    std::shared_ptr<Sandbox> sandbox;
    std::shared_ptr<ProcessTable> processes;
    std::shared_ptr<Interpreter> interpreter;
    std::unique_ptr<EgressProxy> egress;      ///< soon after the start
    std::shared_ptr<PolledWatchers> watchers; ///< made with the first
    boost::asio::steady_timer deadline;

    [[nodiscard]] bool isRunning() const { return state == State::Running; }
    [[nodiscard]] ExecutionSpan executionUntil(Timestamp now) const;
    [[nodiscard]] SandboxTrace trace(Timestamp now) const;
};

/// "Sandbox" of the specification: the answer to create and connect.
[[nodiscard]] Json sandboxJson(const LiveSandbox &live);
[[nodiscard]] Json listedSandboxJson(const LiveSandbox &live);
[[nodiscard]] Json sandboxDetailJson(const LiveSandbox &live);
[[nodiscard]] Json metricJson(const LiveSandbox &live, const MetricSample &sample);

} // namespace sandglass::engine
