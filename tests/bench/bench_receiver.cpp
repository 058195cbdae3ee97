// Journal and receiver in this process, the load in another: how many verified, durable events a second are
// acknowledged on 32 keep-alive connections, and how long one waits when 1,000 a second come. Prints the median run as
// one JSON line.

#include "services/core/ids.h"
#include "services/core/json.h"
#include "services/core/uniquefd.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "tests/bench/cputime.h"

#include <linux/magic.h>
#include <spawn.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

using namespace sandglass;

namespace {

namespace fs = std::filesystem;

/// Under /var/tmp, which is on a disk where /tmp is often not: fsync has to mean something here.
class DiskFolder final
{
public:
    DiskFolder() { m_ok = ::mkdtemp(m_name.data()) != nullptr; }
    ~DiskFolder()
    {
        std::error_code ec;
        if (m_ok)
            fs::remove_all(m_name.data(), ec);
    }
    DiskFolder(const DiskFolder &) = delete;
    DiskFolder &operator=(const DiskFolder &) = delete;

    [[nodiscard]] bool isOnDisk() const
    {
        struct statfs info
        {};
        return m_ok && ::statfs(m_name.data(), &info) == 0 && info.f_type != TMPFS_MAGIC;
    }
    [[nodiscard]] fs::path path() const { return m_name.data(); }

private:
    std::array<char, 40> m_name{"/var/tmp/sandglass-bench-XXXXXX"};
    bool m_ok = false;
};

/// Runs the program and returns what it prints; empty when it fails.
std::string outputOf(const std::vector<std::string> &command)
{
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0)
        return {};
    UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_addclose(&actions, reading.get());
    std::vector<std::string> words = command;
    std::vector<char *> argv;
    for (std::string &word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    writing.reset();
    if (error != 0)
        return {};
    std::string output;
    std::array<char, 4096> bytes;
    for (ssize_t count = 0; (count = ::read(reading.get(), bytes.data(), bytes.size())) > 0;)
        output.append(bytes.data(), static_cast<std::size_t>(count));
    int status = 0;
    const bool waited = ::waitpid(pid, &status, 0) == pid;
    return waited && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? output : std::string();
}

int fail(const std::string &why)
{
    std::fprintf(stderr, "bench_receiver: %s\n", why.c_str());
    return 1;
}

int measure(const fs::path &programs, const fs::path &folder)
{
    auto journal = lifecycle::Journal::open(folder / "journal.db");
    if (!journal)
        return fail(journal.error().message);
    lifecycle::ReceiverOptions options;
    options.port = 0;
    options.secret = newWebhookSecret();
    lifecycle::Receiver receiver(**journal, options);
    if (const auto started = receiver.start(); !started)
        return fail(started.error().message);

    constexpr int runs = 5;
    const auto load = [&](const char *seconds, const char *rate = "0") {
        return outputOf({programs / "sandglass-receiver-load", "--url", receiver.url(), "--secret", options.secret,
                         "--connections", "32", "--seconds", seconds, "--rate", rate});
    };
    std::int64_t acknowledged = 0;
    std::vector<Json> results;
    double cpu = 0;
    for (int run = 0; run <= runs; ++run) {
        const double before = bench::cpuSeconds();
        const auto result = parseJson(load(run == 0 ? "1" : "3")); // the first warms up
        if (!result)
            return fail("the load generator failed");
        acknowledged += intOr(*result, "acknowledged");
        if (run == 0)
            continue;
        cpu += (bench::cpuSeconds() - before) / static_cast<double>(intOr(*result, "acknowledged", 1));
        results.push_back(*result);
    }
    const auto paced = parseJson(load("10", "1000"));
    if (!paced)
        return fail("the load generator failed at 1,000 a second");
    acknowledged += intOr(*paced, "acknowledged");
    if ((*journal)->count() != acknowledged)
        return fail("acknowledged " + std::to_string(acknowledged) + " events, stored "
                    + std::to_string((*journal)->count()));
    const auto byRate = [](const Json &a, const Json &b) {
        return doubleOr(a, "events_per_second") < doubleOr(b, "events_per_second");
    };
    std::ranges::sort(results, byRate);
    Json median = results[results.size() / 2];
    median["events_per_second_lowest"] = results.front()["events_per_second"];
    median["events_per_second_highest"] = results.back()["events_per_second"];
    median["cpu_us_per_event"] = cpu / runs * 1e6;
    median["connections"] = 32;
    median["p50_ms_at_1000"] = doubleOr(*paced, "p50_ms");
    median["p99_ms_at_1000"] = doubleOr(*paced, "p99_ms");
    median["runs"] = runs;
    std::puts(dumpJson(median).c_str());
    return 0;
}

} // namespace

int main()
{
    std::error_code ec;
    const fs::path programs = fs::read_symlink("/proc/self/exe", ec).parent_path();
    const DiskFolder folder;
    if (!folder.isOnDisk())
        return fail("/var/tmp is not on a disk: durable would mean nothing");
    return measure(programs, folder.path());
}
