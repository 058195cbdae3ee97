#pragma once

#include "services/core/result.h"
#include "services/lifecycle/event.h"

#include <chrono>
#include <string>
#include <utility>

/// Events for the tests of this room.
namespace sandglass::lifecycle::sample {

inline const Timestamp epoch = parseRfc3339("2026-08-20T10:00:00Z").value();

/// `seconds` after the common start of all tests.
inline Timestamp at(double seconds)
{
    return epoch + std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

inline const char *typeName(EventType type)
{
    switch (type) {
    case EventType::Created:
        return "sandbox.lifecycle.created";
    case EventType::Updated:
        return "sandbox.lifecycle.updated";
    case EventType::Paused:
        return "sandbox.lifecycle.paused";
    case EventType::Resumed:
        return "sandbox.lifecycle.resumed";
    case EventType::Killed:
        return "sandbox.lifecycle.killed";
    case EventType::Checkpointed:
        return "sandbox.lifecycle.checkpointed";
    case EventType::Observed:
        return "sandglass.observed";
    case EventType::Lost:
        return "sandglass.lost";
    case EventType::Unknown:
        break;
    }
    return "sandbox.lifecycle.mystery";
}

inline Event bare(EventType type, double seconds, std::string executionId = {}, std::string sandboxId = "sbx")
{
    Event e;
    e.type = type;
    e.typeName = typeName(type);
    e.timestamp = at(seconds);
    e.sandboxId = std::move(sandboxId);
    e.executionId = std::move(executionId);
    e.id = e.sandboxId + "/" + e.typeName + "/" + e.executionId + "/" + std::to_string(toUnixNs(e.timestamp));
    e.receivedAt = e.timestamp;
    return e;
}

inline Event created(double seconds, std::string executionId = "e1", std::string sandboxId = "sbx")
{
    Event e = bare(EventType::Created, seconds, std::move(executionId), std::move(sandboxId));
    e.templateId = "tpl";
    return e;
}

inline Event resumed(double seconds, std::string executionId, std::string sandboxId = "sbx")
{
    return bare(EventType::Resumed, seconds, std::move(executionId), std::move(sandboxId));
}

inline Execution execution(double startedAt, std::int64_t ms, int vcpu = 2, int memoryMb = 512)
{
    return {at(startedAt), vcpu, memoryMb, ms};
}

/// paused or killed, with what the provider measured since `startedAt`.
inline Event ended(EventType type, double seconds, std::string executionId, double startedAt,
                   std::string sandboxId = "sbx")
{
    Event e = bare(type, seconds, std::move(executionId), std::move(sandboxId));
    e.execution = execution(startedAt, static_cast<std::int64_t>((seconds - startedAt) * 1000));
    if (type == EventType::Killed)
        e.killReason = "request";
    return e;
}

inline Event observedRunning(double seconds, double startedAt, int vcpu = 2, int memoryMb = 512)
{
    Event e = bare(EventType::Observed, seconds);
    e.source = EventSource::Poll;
    e.observedState = "running";
    e.execution = execution(startedAt, 0, vcpu, memoryMb);
    return e;
}

inline Event observedPaused(double seconds)
{
    Event e = bare(EventType::Observed, seconds);
    e.source = EventSource::Poll;
    e.observedState = "paused";
    return e;
}

} // namespace sandglass::lifecycle::sample
