#pragma once

#include "services/cost/runaway.h"
#include "services/http/server.h"
#include "services/lifecycle/restapilive.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

// What each endpoint of RestApi answers: pure functions of the picture and the journal, any thread.

namespace sandglass::lifecycle {

class Journal;
class OpenMetrics;
using RunawayRules = std::optional<cost::RunawayRules>; ///< empty: nothing counts as a runaway

[[nodiscard]] http::Response activeAnswer(const LiveSnapshot &snapshot);
[[nodiscard]] http::Response runawayAnswer(const LiveSnapshot &snapshot, const RunawayRules &rules);
[[nodiscard]] http::Response costAnswer(const LivePicture::SandboxReport &report);
[[nodiscard]] http::Response metricsAnswer(const LiveSnapshot &snapshot, const Journal &journal);
[[nodiscard]] http::Response metricsTextAnswer(const LiveSnapshot &snapshot, const Journal &journal,
                                               const RunawayRules &runaways,
                                               const std::function<void(OpenMetrics &)> &more);
[[nodiscard]] http::Response eventsAnswer(const Journal &journal, std::string_view query);

/// How long the sandbox has been running until `now`, pauses left out.
[[nodiscard]] std::chrono::milliseconds runningTime(const Sandbox &sandbox, Timestamp now);
/// "2026-08-20T10:15:30.500000+00:00": what Python's datetime.fromisoformat reads, too.
[[nodiscard]] std::string isoTime(Timestamp time);

} // namespace sandglass::lifecycle
