// Makes a profile with the history a busy team leaves behind, to look at every page at size:
//   sandglass-busy-history PROFILE [EVENTS=1000000] [LIVE=10000]
// Two weeks with days and nights, a dozen templates of unequal use and size, every way to end, pauses, runs of code,
// metadata and sandboxes whose size nobody told. The same numbers make the same history, up to the present moment.

#include "services/core/time.h"
#include "services/lifecycle/codeexecution.h"
#include "tests/bench/filler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <numbers>
#include <random>
#include <string>
#include <thread>

using namespace sandglass;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds span = std::chrono::days(14);

struct Template
{
    const char *id;
    int share; ///< of all sandboxes, in 100
    int vcpu;  ///< 0: nobody tells
    int memoryMb;
    double meanSeconds;
};

constexpr std::array templates = {
    Template{"code-interpreter-v1", 34, 2, 1'024, 45},
    Template{"base", 18, 2, 512, 20},
    Template{"tta-ml-minimal", 14, 4, 4'096, 180},
    Template{"claude_code_reviewer", 9, 2, 2'048, 240},
    Template{"3xmp0rmfztawhlpysu4v", 7, 8, 8'192, 300},
    Template{"browser-automation-with-a-rather-long-name", 6, 4, 4'096, 90},
    Template{"data-analysis", 5, 2, 4'096, 120},
    Template{"swarm-worker", 3, 1, 512, 15},
    Template{"trading-backtest", 2, 8, 16'384, 600},
    Template{"nightly-evals", 1, 4, 2'048, 900},
    Template{"unmeasured", 1, 0, 0, 60},
};

class History final
{
public:
    History(bench::Filler &filler, Timestamp end) : m_filler(filler), m_end(end) {}

    /// One whole life, over by the history's end; the number of events it left. To begin 10 minutes before the end at
    /// the latest.
    int addEnded(Timestamp start)
    {
        const int number = m_number++;
        const Template &kind = pick();
        Life life = begin(kind, number, start);
        const auto pause = 5min;
        const auto length =
            std::min(duration(kind.meanSeconds), std::chrono::floor<std::chrono::milliseconds>(m_end - start - pause));
        int count = 1;
        if (chance(8)) { // a break in the middle
            add(life, "paused", start + length / 2, length / 2);
            nextRun(life, start + length / 2 + pause);
            count += 2;
        }
        if (chance(30)) {
            addCodeRun(life, life.runStart + length / 3);
            ++count;
        }
        const auto rest = start == life.runStart ? length : length / 2;
        lifecycle::Event killed = make(life, "killed", life.runStart + rest, rest);
        killed.killReason = chance(70) ? "request" : chance(80) ? "timeout" : "out_of_memory";
        m_filler.append(std::move(killed));
        return count + 1;
    }

    /// One that lives on, running or (one in twenty) paused; the number of events.
    int addLive(Timestamp start)
    {
        const int number = m_number++;
        Life life = begin(pick(), number, start);
        const auto beforePause = 90s;
        add(life, "paused", start + beforePause, beforePause); // tells the size
        if (chance(5))
            return 2;
        nextRun(life, start + beforePause + 30s);
        return 3;
    }

private:
    struct Life
    {
        const Template *kind = nullptr;
        std::string id, executionId;
        int number = 0;
        Timestamp runStart{};
    };

    [[nodiscard]] std::string newId(char first)
    {
        static constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
        std::string id(1, first);
        for (int i = 0; i < 20; ++i)
            id += letters[m_random() % (sizeof(letters) - 1)];
        return id;
    }
    [[nodiscard]] bool chance(int percent) { return static_cast<int>(m_random() % 100) < percent; }
    [[nodiscard]] const Template &pick()
    {
        int left = static_cast<int>(m_random() % 100);
        return *std::ranges::find_if(templates, [&left](const Template &kind) { return (left -= kind.share) < 0; });
    }
    [[nodiscard]] std::chrono::milliseconds duration(double meanSeconds)
    {
        const double share = (static_cast<double>(m_random() % 10'000) + 1) / 10'001;
        return std::chrono::milliseconds(std::llround(-std::log(share) * meanSeconds * 1'000)) + 900ms;
    }

    Life begin(const Template &kind, int number, Timestamp start)
    {
        Life life{&kind, newId('i'), newId('e'), number, start};
        add(life, "created", start, {});
        return life;
    }
    void nextRun(Life &life, Timestamp at)
    {
        life.executionId = newId('e');
        life.runStart = at;
        add(life, "resumed", at, {});
    }
    [[nodiscard]] lifecycle::Event make(const Life &life, const char *what, Timestamp at, std::chrono::milliseconds ran)
    {
        static constexpr std::array agents = {"planner", "coder", "reviewer", "tester"};
        lifecycle::Event event;
        event.typeName = fmt::format("sandbox.lifecycle.{}", what);
        event.type = lifecycle::eventTypeFromName(event.typeName);
        event.id = fmt::format("busy-{}-{}-{}", life.number, life.executionId, what);
        event.sandboxId = life.id;
        event.executionId = life.executionId;
        event.templateId = life.kind->id;
        event.teamId = "team-of-a-busy-history";
        event.timestamp = event.receivedAt = at;
        if (life.number % 3 == 0)
            event.metadata = {{"agent", agents[static_cast<std::size_t>(life.number / 3) % agents.size()]},
                              {"customer", fmt::format("customer-{:03}", life.number % 211)}};
        if (ran > 0ms)
            event.execution = lifecycle::Execution{life.runStart, life.kind->vcpu, life.kind->memoryMb, ran.count()};
        return event;
    }
    void addCodeRun(const Life &life, Timestamp at)
    {
        using Outcome = lifecycle::RunOutcome;
        lifecycle::CodeExecution run;
        run.sandboxId = life.id;
        run.templateId = life.kind->id;
        run.durationMs = duration(1.5).count();
        run.outcome = chance(74) ? Outcome::Passed
            : chance(55)         ? Outcome::Raised
            : chance(40)         ? Outcome::CheckFailed
            : chance(50)         ? Outcome::TimedOut
            : chance(70)         ? Outcome::Stopped
                                 : Outcome::Broken;
        if (life.kind->vcpu > 0)
            run.cost = Money::ofUsage(*run.durationMs, life.kind->vcpu, life.kind->memoryMb, 14'000'000, 4'500'000);
        lifecycle::Event event = lifecycle::codeExecutedEvent(run, at);
        event.id = fmt::format("busy-{}-{}-code", life.number, life.executionId);
        m_filler.append(std::move(event));
    }
    void add(const Life &life, const char *what, Timestamp at, std::chrono::milliseconds ran)
    {
        m_filler.append(make(life, what, at, ran));
    }

    bench::Filler &m_filler;
    Timestamp m_end;
    std::mt19937 m_random{20'260'101};
    int m_number = 0;
};

/// Where `share` (0-1) of the work is done: less by night, more in the second week.
Timestamp timeOf(double share, Timestamp end)
{
    const double days = 14.0 * std::pow(share, 0.8);
    const double wave = 0.11 * std::sin(2 * std::numbers::pi * days);
    return end - span + std::chrono::milliseconds(std::llround(std::clamp(days + wave, 0.0, 14.0) * 86'400'000));
}

int numberOr(const char *text, int otherwise)
{
    int value = otherwise;
    if (text != nullptr)
        (void)std::from_chars(text, text + std::strlen(text), value);
    return value;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc < 2 || argv[1][0] == '-') { // a question for help is no folder
        std::fputs("usage: sandglass-busy-history PROFILE [EVENTS=1000000] [LIVE=10000]\n", stderr);
        return 2;
    }
    const int events = numberOr(argc > 2 ? argv[2] : nullptr, 1'000'000);
    const int live = numberOr(argc > 3 ? argv[3] : nullptr, 10'000);
    const std::filesystem::path data = std::filesystem::path(argv[1]) / "data";
    std::error_code problem;
    std::filesystem::create_directories(data, problem);
    auto journal = lifecycle::Journal::open(data / "journal.db");
    if (!journal) {
        std::fprintf(stderr, "sandglass-busy-history: %s\n", journal.error().message.c_str());
        return 1;
    }
    (*journal)->setBulk(true);
    bench::Filler filler(**journal);
    const Timestamp now = systemNow();
    History history(filler, now);
    int count = 0;
    // The live ones of the last two days among the ended, so that the journal's order is the order of time.
    const Timestamp firstLive = now - 48h;
    int alive = 0;
    while (count < events - 3 * (live - alive)) {
        const double share = static_cast<double>(count) / events;
        const Timestamp at = timeOf(share, now - 20min);
        count += history.addEnded(at);
        const double due = static_cast<double>((at - firstLive) / 1ms) / static_cast<double>((now - firstLive) / 1ms);
        for (; alive < live && alive < due * live; ++alive)
            count += history.addLive(at);
    }
    for (; alive < live; ++alive)
        count += history.addLive(now - 15min + std::chrono::milliseconds(alive % 600'000));
    const bool isWhole = filler.finish();
    (*journal)->setBulk(false);
    // Else the first start would have to.
    while ((*journal)->foldedSeq() < (*journal)->lastSeq())
        std::this_thread::sleep_for(50ms);
    std::printf("%d events, %d live sandboxes in %s\n", count, alive, data.c_str());
    return isWhole ? 0 : 1;
}
