#pragma once

#include "services/engine/api/livesandbox.h"
#include "services/engine/api/metricsampler.h"
#include "services/engine/api/sandboxrecorder.h"
#include "services/engine/api/sparesandbox.h"
#include "services/engine/api/teamactivity.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sandglass::engine {

struct RegistryOptions
{
    int maxSandboxes = 20; ///< running ones, as E2B's free plan
    std::int64_t maxTimeoutSeconds = 3600;
    std::chrono::milliseconds metricInterval{5'000};
    std::size_t maxEndedLogs = 32;
    /// Imported in the fork-server that Python kernels come from; unset: they start cold.
    std::optional<std::vector<std::string>> preimport = std::vector<std::string>{"numpy", "pandas", "matplotlib"};
};

/// Every sandbox that lives, and what may happen to it. Each transition becomes one event in the store before it is
/// answered. io thread only; callbacks come exactly once.
class SandboxRegistry final
{
public:
    using LivePtr = std::shared_ptr<LiveSandbox>;
    template<typename T>
    using Then = std::function<void(Result<T>)>;

    /// `recorded` is called after each event.
    SandboxRegistry(boost::asio::io_context &io, SandboxHost &host, TemplateCatalog &catalog, EventStore &events,
                    RegistryOptions options, std::function<void()> recorded);
    ~SandboxRegistry();
    SandboxRegistry(const SandboxRegistry &) = delete;
    SandboxRegistry &operator=(const SandboxRegistry &) = delete;

    /// Killed events for sandboxes that died with an engine before this one.
    void recordOrphans() { m_recorder.recordOrphans(); }
    /// Looks volumes up by their names and says whether they can be written to: for every sandbox that is created or
    /// resumed with any.
    using ResolveVolumes = std::function<Result<>(std::vector<VolumeMount> &)>;
    void useVolumes(ResolveVolumes resolve) { m_resolveVolumes = std::move(resolve); }
    /// What header rules of sandboxes may name.
    void useSecrets(SecretLookup secret) { m_secret = std::move(secret); }
    /// Starts the fork-servers of all templates in the background.
    void prepareKernels();

    void create(CreateRequest request, Then<LivePtr> then);
    /// From `blueprint`, whatever template the request names.
    void createFrom(const Template &blueprint, CreateRequest request, Then<LivePtr> then);
    void kill(const std::string &id, const char *reason, Then<void> then);
    void pause(const std::string &id, Then<void> then);
    struct Connected
    {
        LivePtr live;
        bool resumed = false;
    };
    /// Extends a running one, resumes a paused one.
    void connect(const std::string &id, std::int64_t timeoutSeconds, Then<Connected> then);
    /// endAt = now + seconds; with `onlyExtend` an earlier end changes nothing.
    [[nodiscard]] Result<> setTimeout(const std::string &id, std::int64_t seconds, bool onlyExtend);
    /// In place of the rules so far; connections that stand go on.
    void setEgress(const std::string &id, EgressRules rules, Json network, Then<void> then);
    void killAll(const char *reason, std::function<void()> then);

    /// LiveSandbox::isBeingSaved is over: an end that came meanwhile takes place now.
    void saved(const std::string &id);
    void noteCheckpoint(const std::string &id);
    /// What sandboxes stand on, those included that are being launched.
    [[nodiscard]] std::set<std::string> layersInUse() const;
    /// Likewise, by their ids; with or without those of paused ones.
    [[nodiscard]] std::set<std::string> volumesInUse(bool ofPausedOnes = true) const;

    /// Running or paused; null for one that is not (any more). Accepts "ID-CLIENTID".
    [[nodiscard]] LivePtr find(std::string_view id) const;
    [[nodiscard]] std::vector<LivePtr> all() const;
    /// Of a sandbox that lives, or was among the last that ended; else null.
    [[nodiscard]] std::shared_ptr<SandboxLog> log(std::string_view id) const;
    [[nodiscard]] const TeamActivity &activity() const { return m_activity; }
    [[nodiscard]] const RegistryOptions &options() const { return m_options; }

private:
    void launched(const LivePtr &live, Result<std::shared_ptr<Sandbox>> sandbox, const Then<LivePtr> &then);
    void settle(const LivePtr &live, std::shared_ptr<Sandbox> sandbox);
    void resume(const LivePtr &live, std::int64_t timeoutSeconds, Then<Connected> then);
    void paused(const LivePtr &live, Timestamp when, Timestamp former, const Result<> &done, const Then<void> &then);
    void gone(const std::string &id, const char *reason);
    void armDeadline(const LivePtr &live);
    void deadlinePassed(const std::string &id);
    [[nodiscard]] Result<> checkTimeout(std::int64_t seconds) const;
    [[nodiscard]] int runningCount() const;
    [[nodiscard]] Result<> checkRoom() const; ///< for one more that runs
    [[nodiscard]] Result<> resolveVolumes(std::vector<VolumeMount> &mounts) const;

    boost::asio::io_context &m_io;
    SandboxHost &m_host;
    TemplateCatalog &m_catalog;
    RegistryOptions m_options;
    ResolveVolumes m_resolveVolumes;
    SecretLookup m_secret;
    SandboxRecorder m_recorder;
    std::map<std::string, LivePtr, std::less<>> m_sandboxes;
    std::deque<std::pair<std::string, std::shared_ptr<SandboxLog>>> m_endedLogs; ///< by id, the newest last
    std::set<LivePtr> m_launching;
    bool m_closing = false;
    SpareSandbox m_spare;
    TeamActivity m_activity;
    MetricSampler m_sampler;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace sandglass::engine
