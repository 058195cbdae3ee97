#pragma once

#include "services/engine/api/livesandbox.h"

#include <functional>

namespace sandglass::engine {

inline constexpr const char *kCreated = "sandbox.lifecycle.created", *kResumed = "sandbox.lifecycle.resumed",
                            *kPaused = "sandbox.lifecycle.paused", *kKilled = "sandbox.lifecycle.killed",
                            *kUpdated = "sandbox.lifecycle.updated", *kCheckpointed = "sandbox.lifecycle.checkpointed";

/// Writes what happens to sandboxes into the store and into their own logs. io thread only.
class SandboxRecorder final
{
public:
    /// `recorded` is called after each event.
    SandboxRecorder(EventStore &events, std::function<void()> recorded);

    /// `livesOn`: the sandbox is still there after it.
    void record(const LiveSandbox &live, const char *type, Json data, bool livesOn);
    /// Killed events for sandboxes that died with an engine before this one.
    void recordOrphans();
    /// So that an orphan's execution time is known to a few seconds.
    void touch() { m_events.touchSandboxes(systemNow()); }

private:
    EventStore &m_events;
    std::function<void()> m_recorded;
};

} // namespace sandglass::engine
