#pragma once

#include "services/lifecycle/fold.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

/// What matters of one event for the state and the billed stretches of its sandbox.
struct Fact
{
    Timestamp time{};
    EventType type = EventType::Unknown;
    std::uint64_t idHash = 0; ///< tells apart events of one sandbox, type and nanosecond: 64 bits are plenty
    std::string executionId;
    std::optional<Timestamp> startedAt; ///< start of the stretch as the provider tells it
    std::optional<std::int64_t> executionMs;
    int vcpuCount = 0; ///< 0 = not told
    int memoryMb = 0;
    bool isObservedRunning = false; ///< Observed: running, else paused

    [[nodiscard]] static Fact of(const Event &event);
    [[nodiscard]] bool hasSize() const { return vcpuCount > 0 && memoryMb > 0; }
};

/// The fold's order: own time, then a fixed rank of the types (ends before starts), then the id's hash.
[[nodiscard]] bool operator<(const Fact &a, const Fact &b);

/// State and stretches as a function of the set of facts.
struct Stretches
{
    SandboxState state = SandboxState::Unknown;
    std::vector<RunInterval> runs;
    std::optional<Timestamp> createdAt;
    std::optional<Timestamp> endedAt;
};

/// `facts` sorted. The rules:
/// - created and resumed start a stretch; events of one execution id belong to one stretch.
/// - paused and killed end theirs: by execution id, else by a start within 2 s of execution.started_at.
/// Without a
///   known start they make the stretch themselves. The first end is final for an execution id.
/// - An observed running stretch is a known one when the starts are within 2 s, or when it lies in a known
/// one that
///   has ended; else it is a stretch of its own, and what was open before it has ended by then.
/// - A stretch still open ends at the next start, at a killed event, at a paused event that fits no other
/// stretch, or
///   when it was observed paused or lost after the last time it was observed running.
/// - killed is final for the sandbox. lost is an inference: any later sign of life takes it back.
/// - A size told for a stretch is that stretch's; the last size told at all is that of the others.
[[nodiscard]] Stretches deriveStretches(const std::vector<Fact> &facts);

} // namespace sandglass::lifecycle
