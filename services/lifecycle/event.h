#pragma once

#include "services/core/result.h"
#include "services/core/time.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sandglass::lifecycle {

/// E2B's lifecycle types, and two of our own for what no webhook told us.
enum class EventType : std::uint8_t {
    Created,
    Updated,
    Paused,
    Resumed,
    Killed,
    Checkpointed,
    Observed, ///< "sandglass.observed": the list API shows a sandbox or a change no event has told us of
    Lost,     ///< "sandglass.lost": a sandbox vanished from the list without a killed event
    Unknown,  ///< anything else: stored, shown, counted; state unchanged
};

/// Where an event came from.
enum class EventSource : std::uint8_t { Webhook, Poll, Import };

/// One stretch of running as the provider measured it (event_data.execution of paused and killed).
struct Execution
{
    std::optional<Timestamp> startedAt;
    int vcpuCount = 0; ///< 0 = not told
    int memoryMb = 0;  ///< MiB, 0 = not told
    std::int64_t executionTimeMs = 0;
    friend bool operator==(const Execution &, const Execution &) = default;
};

/// A lifecycle event of any payload generation (e2b-protocol.md 3.4), normalised.
struct Event
{
    std::string id; ///< payload id; derived from type, sandbox, execution and time where the payload has none
    EventType type = EventType::Unknown;
    std::string typeName;  ///< as received, or built from category + label: "sandbox.lifecycle.created"
    Timestamp timestamp{}; ///< the event's own time
    std::string sandboxId;
    std::string executionId;
    std::string templateId;
    std::string buildId;
    std::string teamId;
    std::map<std::string, std::string> metadata; ///< event_data.sandbox_metadata
    std::optional<Execution> execution;          ///< paused, killed; Observed: size and start of the running stretch
    std::string killReason;                      ///< killed: request, timeout, …
    std::optional<Timestamp> newEnd;             ///< updated: set_timeout; Observed: endAt
    std::string observedState;                   ///< Observed: "running" or "paused"
    std::string templateAlias;                   ///< Observed: the readable name
    EventSource source = EventSource::Webhook;
    Timestamp receivedAt{};
    /// Of POST /webhooks/e2b/{session}: the name in the path it came by; empty = none. Like the source, it says how the
    /// event came and is no part of the body. An event that came by several ways has the session of the first of them.
    std::string session;
    std::string raw; ///< the body as received, kept unchanged
    friend bool operator==(const Event &, const Event &) = default;
};

/// Decodes one webhook body or events-API row: v2 (snake case), v1 (camel case), v0 (no id, no type).
/// Unknown fields are ignored, unknown types kept. Error (Decode) names the member that is missing or of the wrong
/// type.
[[nodiscard]] Result<Event> decodeEvent(std::string_view body, EventSource source, Timestamp receivedAt);

/// The present wire form (v2) of an event; decodeEvent(encodeEvent(e)) == e but for raw, source, receivedAt, session.
[[nodiscard]] std::string encodeEvent(const Event &event);

/// 1 to 128 of A-Z a-z 0-9 . _ - ~ : @, and not "." or "..": what stands in a URL's path unchanged.
[[nodiscard]] bool isSessionName(std::string_view text);

[[nodiscard]] std::string_view toString(EventType type); ///< "created", … as in the type's last part
[[nodiscard]] EventType eventTypeFromName(std::string_view typeName);

} // namespace sandglass::lifecycle
