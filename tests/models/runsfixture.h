#pragma once

#include "services/lifecycle/codeexecution.h"
#include "tests/models/usagefixture.h"

#include <optional>
#include <string>
#include <vector>

/// Runs of code in the sandboxes of usageSample(), whose figures are reckoned by hand.
namespace sandglass::test {

using lifecycle::RunOutcome;

inline lifecycle::Event ran(double seconds, const char *sandbox, const char *templateId, RunOutcome outcome,
                            std::int64_t ms, const char *dollars)
{
    lifecycle::CodeExecution execution{sandbox, templateId, ms, outcome, {}, {}};
    if (*dollars != 0)
        execution.cost = Money::parse(dollars);
    return lifecycle::codeExecutedEvent(execution, lifecycle::sample::at(seconds));
}

/// As earlier versions of the program wrote them; `data` empty: none at all.
inline lifecycle::Event ranEarlier(double seconds, const char *sandbox, const char *templateId, const std::string &data)
{
    lifecycle::Event event = ran(seconds, sandbox, templateId, RunOutcome::Unknown, 0, "");
    event.raw = R"({"version":"v2","id":")" + event.id + R"(","type":"sandbox.code_executed","timestamp":")"
        + formatRfc3339(event.timestamp) + R"(","sandbox_id":")" + sandbox + R"(","sandbox_template_id":")" + templateId
        + '"' + (data.empty() ? std::string() : R"(,"event_data":)" + data) + '}';
    return event;
}

/// | at         | sandbox, template | ended                    | took     | cost       |
/// | 10 s       | a, ml-full        | passed                   | 100 ms   | $0.000001  |
/// | 20 s       | a, ml-full        | raised                   | 300 ms   | $0.000002  |
/// | 70 s       | b, ml-full        | timed out                | 30 s     | $0.0009    |
/// | 305 s      | d, ml-mini        | nobody tells             |          |            |
/// | 320 s      | c, ml-mini        | passed                   | 200 ms   | $0.000003  |
/// | 330 s      | c, ml-mini        | not the output expected  | 400 ms   | unknown    |
/// | 340 s      | c, ml-mini        | stopped                  | 50 ms    | $0.0000005 |
/// | 350 s      | unknown, "gone"   | passed (an older event)  |          |            |
/// | yesterday  | e, web            | passed                   | 1 s      | $1         |
/// The template that a run of "c" names is not its sandbox's: that of the sandbox counts.
inline std::vector<lifecycle::Event> runsSample()
{
    return {ran(-85'000, "e", "web", RunOutcome::Passed, 1'000, "1"),
            ran(10, "a", "ml-full", RunOutcome::Passed, 100, "0.000001"),
            ran(20, "a", "ml-full", RunOutcome::Raised, 300, "0.000002"),
            ran(70, "b", "ml-full", RunOutcome::TimedOut, 30'000, "0.0009"),
            ran(320, "c", "alias-of-ml-mini", RunOutcome::Passed, 200, "0.000003"),
            ran(330, "c", "ml-mini", RunOutcome::CheckFailed, 400, ""),
            ran(340, "c", "ml-mini", RunOutcome::Stopped, 50, "0.0000005"),
            ranEarlier(350, "nobody-knows", "gone", R"({"success":true})"),
            ranEarlier(305, "d", "ml-mini", {})};
}

} // namespace sandglass::test
