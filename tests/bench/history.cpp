#include "tests/bench/history.h"

#include "services/core/time.h"
#include "services/lifecycle/journal.h"
#include "tests/bench/filler.h"

#include <string>
#include <utility>

namespace sandglass::bench {

constexpr std::int64_t dayMs = 86'400'000;

namespace {

lifecycle::Event eventOf(const char *type, const std::string &sandboxId, const std::string &executionId, int number,
                         Timestamp at)
{
    lifecycle::Event event;
    event.typeName = type;
    event.type = lifecycle::eventTypeFromName(event.typeName);
    event.id = "bench-" + sandboxId + "-" + executionId + "-" + type;
    event.sandboxId = sandboxId;
    event.executionId = executionId;
    event.templateId = "template-" + std::to_string(number % 8);
    event.timestamp = event.receivedAt = at;
    return event;
}

} // namespace

std::string liveId(int number)
{
    return "ilive" + std::to_string(number);
}

bool fillJournal(const std::filesystem::path &file, int eventCount, int liveCount)
{
    auto journal = lifecycle::Journal::open(file);
    if (!journal)
        return false;
    Filler filler(**journal);
    const std::int64_t now = toUnixMs(systemNow());
    const auto startOf = [now](int number, int count) {
        return fromUnixMs(now - dayMs + number * (dayMs - 60'000) / count);
    };
    for (int i = 0; i < eventCount / 2; ++i) {
        const std::string id = "ibench" + std::to_string(i), run = "run-" + std::to_string(i);
        const Timestamp start = startOf(i, eventCount / 2);
        filler.append(eventOf("sandbox.lifecycle.created", id, run, i, start));
        lifecycle::Event killed = eventOf("sandbox.lifecycle.killed", id, run, i, start + std::chrono::minutes(1));
        killed.execution = lifecycle::Execution{start, 2, 512, 60'000};
        killed.killReason = "timeout";
        filler.append(std::move(killed));
    }
    for (int i = 0; i < liveCount; ++i) {
        const Timestamp start = startOf(i, liveCount);
        filler.append(eventOf("sandbox.lifecycle.created", liveId(i), "before", i, start - std::chrono::seconds(60)));
        // Paused once: that tells the size.
        lifecycle::Event paused = eventOf("sandbox.lifecycle.paused", liveId(i), "before", i, start);
        paused.execution = lifecycle::Execution{start - std::chrono::seconds(60), 2, 512, 60'000};
        filler.append(std::move(paused));
        filler.append(eventOf("sandbox.lifecycle.resumed", liveId(i), liveId(i), i, start));
    }
    return filler.finish();
}

} // namespace sandglass::bench
