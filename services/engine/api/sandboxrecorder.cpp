#include "services/engine/api/sandboxrecorder.h"

#include "services/core/ids.h"
#include "services/engine/api/enginelog.h"

#include <algorithm>
#include <utility>

namespace sandglass::engine {

namespace {

/// What a transition is called in the sandbox's own log.
std::string logText(const LiveSandbox &live, std::string_view type, const Json &data)
{
    if (type == kCreated)
        return "Sandbox created from " + (live.blueprint.name.empty() ? live.blueprint.id : live.blueprint.name);
    if (type == kResumed)
        return "Sandbox resumed";
    if (type == kPaused)
        return "Sandbox paused";
    if (type == kKilled)
        return "Sandbox killed: " + stringOr(data, "kill_reason");
    if (type == kCheckpointed)
        return "Files saved: what runs here is not part of the copy";
    if (data.contains("network_egress"))
        return "Network rules changed";
    return "Timeout set to " + stringOr(data, "set_timeout").substr(0, 19) + "Z"; // whole seconds
}

Json withMetadata(Json data, const std::map<std::string, std::string> &metadata)
{
    if (!metadata.empty())
        data["sandbox_metadata"] = metadata;
    return data;
}

} // namespace

SandboxRecorder::SandboxRecorder(EventStore &events, std::function<void()> recorded)
    : m_events(events), m_recorded(std::move(recorded))
{}

void SandboxRecorder::record(const LiveSandbox &live, const char *type, Json data, bool livesOn)
{
    const std::string text = logText(live, type, data);
    live.log->add({{}, LogLevel::Info, "system", type, 0, text});
    note(NoteLevel::Info, text, {{"sandbox", live.id}});
    const Timestamp now = systemNow();
    const LifecycleRecord event{newUuid(),
                                type,
                                now,
                                live.id,
                                live.executionId,
                                live.blueprint.id,
                                live.blueprint.buildId,
                                m_events.teamId(),
                                withMetadata(std::move(data), live.request.metadata)};
    const auto trace = livesOn ? std::optional(live.trace(now)) : std::nullopt;
    if (const auto done = m_events.append(event, trace); !done)
        note(NoteLevel::Error, done.error().message, {{"sandbox", live.id}});
    m_recorded();
}

void SandboxRecorder::recordOrphans()
{
    const auto traces = m_events.traces();
    if (!traces.empty())
        note(NoteLevel::Warning,
             "The engine before this one was ended in the middle of its work; so were its sandboxes",
             {{"sandboxes", traces.size()}});
    for (const SandboxTrace &trace : traces) {
        Json data = withMetadata({{"kill_reason", "orphaned"}}, trace.metadata);
        if (!trace.paused) {
            ExecutionSpan span = trace.execution;
            const auto length = std::chrono::floor<std::chrono::milliseconds>(trace.lastSeen - span.startedAt);
            span.milliseconds = std::max<std::int64_t>(length.count(), 0);
            data["execution"] = executionJson(span);
        }
        const LifecycleRecord event{newUuid(),       kKilled,           systemNow(),
                                    trace.sandboxId, trace.executionId, trace.templateId,
                                    trace.buildId,   m_events.teamId(), std::move(data)};
        if (const auto done = m_events.append(event, {}); !done)
            note(NoteLevel::Error, done.error().message, {{"sandbox", trace.sandboxId}});
    }
}

} // namespace sandglass::engine
