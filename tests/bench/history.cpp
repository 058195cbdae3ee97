#include "tests/bench/history.h"

#include "services/core/time.h"
#include "services/lifecycle/journal.h"

#include <condition_variable>
#include <mutex>
#include <string>

namespace sandglass::bench {

constexpr std::int64_t dayMs = 86'400'000;

bool fillJournal(const std::filesystem::path &file, int eventCount)
{
    auto journal = lifecycle::Journal::open(file);
    if (!journal)
        return false;
    std::mutex mutex;
    std::condition_variable settled;
    int waiting = 0;
    int stored = 0;
    const std::int64_t now = toUnixMs(systemNow());
    for (int i = 0; i < eventCount; ++i) {
        const int sandbox = i / 2;
        const bool killed = i % 2 == 1;
        lifecycle::Event event;
        event.id = "bench-" + std::to_string(i);
        event.typeName = killed ? "sandbox.lifecycle.killed" : "sandbox.lifecycle.created";
        event.type = lifecycle::eventTypeFromName(event.typeName);
        event.sandboxId = "ibench" + std::to_string(sandbox);
        event.executionId = "run-" + std::to_string(sandbox);
        event.templateId = "template-" + std::to_string(sandbox % 8);
        const std::int64_t start = now - dayMs + sandbox * (dayMs - 60'000) / (eventCount / 2);
        event.timestamp = fromUnixMs(killed ? start + 60'000 : start);
        if (killed) {
            event.execution = lifecycle::Execution{fromUnixMs(start), 2, 512, 60'000};
            event.killReason = "timeout";
        }
        event.receivedAt = event.timestamp;
        event.raw = lifecycle::encodeEvent(event);
        std::unique_lock lock(mutex);
        settled.wait(lock, [&] { return waiting < 2'000; });
        ++waiting;
        lock.unlock();
        (*journal)->append(std::move(event), [&](lifecycle::Journal::Outcome outcome) {
            const std::lock_guard guard(mutex);
            --waiting;
            stored += outcome == lifecycle::Journal::Outcome::Stored ? 1 : 0;
            settled.notify_one();
        });
    }
    std::unique_lock lock(mutex);
    settled.wait(lock, [&] { return waiting == 0; });
    return stored == eventCount;
}

} // namespace sandglass::bench
