#pragma once

#include "tests/models/livefixture.h"

#include <vector>

/// A few lives whose figures are reckoned by hand, all of 20 August 2026 but "e". Sizes 2 vCPU and 512 MiB, $0.00003025
/// a second, except "f", of which no size is told.
namespace sandglass::test {

inline lifecycle::Event ofTemplate(lifecycle::Event event, const char *name)
{
    event.templateId = name;
    return event;
}

inline lifecycle::Event killedFor(const char *reason, double seconds, const char *execution, double started,
                                  const char *id)
{
    lifecycle::Event event = lifecycle::sample::ended(lifecycle::EventType::Killed, seconds, execution, started, id);
    event.killReason = reason;
    return event;
}

/// | life | template | ran                | ended                                          |
/// | a    | ml-full  | 0-120 s            | by its timeout                                 |
/// | b    | ml-full  | 60-100, 200-260 s  | asked to                                       |
/// | c    | ml-mini  | 300 s-             |                                                |
/// | d    | ml-mini  | 300-310 s          | orphaned, 90 s before its planned end          |
/// | e    | web      | an hour, yesterday | asked to                                       |
/// | f    | web      | 500 s-             |                                                |
inline std::vector<lifecycle::Event> usageSample()
{
    using lifecycle::EventType;
    namespace sample = lifecycle::sample;
    lifecycle::Event size = sample::observedRunning(301, 300);
    size.sandboxId = "c";
    size.id = "c/observed";
    lifecycle::Event plan = sample::bare(EventType::Updated, 301, "d1", "d");
    plan.newEnd = sample::at(400);
    return {ofTemplate(sample::created(-86'400, "e1", "e"), "web"),
            killedFor("request", -82'800, "e1", -86'400, "e"),
            ofTemplate(sample::created(0, "a1", "a"), "ml-full"),
            killedFor("timeout", 120, "a1", 0, "a"),
            ofTemplate(sample::created(60, "b1", "b"), "ml-full"),
            sample::ended(EventType::Paused, 100, "b1", 60, "b"),
            sample::resumed(200, "b2", "b"),
            killedFor("request", 260, "b2", 200, "b"),
            ofTemplate(sample::created(300, "c1", "c"), "ml-mini"),
            size,
            ofTemplate(sample::created(300, "d1", "d"), "ml-mini"),
            plan,
            killedFor("orphaned", 310, "d1", 300, "d"),
            ofTemplate(sample::created(500, "f1", "f"), "web")};
}

} // namespace sandglass::test
