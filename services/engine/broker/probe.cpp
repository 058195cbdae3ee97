#include "services/engine/broker/probe.h"

#include "services/engine/broker/names.h"
#include "services/engine/sandboxd/wire.h"
#include "services/engine/templates/baselayer.h"

#include <csignal>
#include <filesystem>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

constexpr int patienceMs = 10'000;

struct Trial
{
    bool works = false;
    std::string step, error;
};

Trial tryOnce(RootMode mode, bool onlyRoot, const SandboxFilters &filters, int daemonFd)
{
    LaunchPlan plan;
    plan.root = {
        mode, std::string(sandboxesDirectory) + "/probe", {std::string(layersDirectory) + "/" + baseLayerName}, 32, 16};
    plan.hostname = "probe";
    plan.onlyTryRoot = onlyRoot;
    mkdir(plan.root.directory.c_str(), 0755);
    Trial trial;
    if (Result<Launched> launched = launch(plan, filters, daemonFd); !launched) {
        trial = {false, "make namespaces", launched.error().message};
    } else {
        trial = {false, "start sandglass-sandboxd", "no answer"};
        pollfd waiting{launched->control.get(), POLLIN, 0};
        std::string event = "layer"; // comes on the way
        while (event == "layer" && poll(&waiting, 1, patienceMs) == 1) {
            const wire::Incoming said = wire::receive(launched->control.get());
            event = stringOr(said.body, "event");
            trial = {event == "ready", stringOr(said.body, "step"), stringOr(said.body, "error")};
        }
        kill(launched->pid, SIGKILL);
        waitpid(launched->pid, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(plan.root.directory, ignored);
    return trial;
}

/// What a kernel or distribution switch stands behind a failure, in words a person can act on.
std::string cureFor(const std::string &step)
{
    if (step == "make namespaces" || step == "map the user id" || step == "separate mounts")
        return "allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1 "
               "user.max_user_namespaces=15000"
               " (Ubuntu 24.04 and later: kernel.apparmor_restrict_unprivileged_userns=0)";
    if (step == "mount /proc")
        return "run outside a container, or in one whose /proc is not masked";
    if (step == "mount overlay")
        return "use Linux 5.11 or later for overlay file systems of users";
    return {};
}

void nameMissingTools(IsolationTier &tier)
{
    struct Tool
    {
        const char *path, *package, *use;
    };
    constexpr Tool tools[] = {
        {"/usr/bin/bash", "bash", "commands"},
        {"/usr/bin/python3", "python3", "Python code"},
        {"/usr/lib/python3/dist-packages/IPython/__init__.py", "python3-ipython", "Python code"},
        {"/usr/lib/python3/dist-packages/matplotlib/__init__.py", "python3-matplotlib", "plots"},
    };
    for (const Tool &tool : tools) {
        if (access(tool.path, R_OK) == 0)
            continue;
        tier.reasons.push_back(std::string(tool.use) + " cannot run in sandboxes: " + tool.package
                               + " is not installed");
        tier.cures.push_back(std::string("apt install ") + tool.package);
    }
}

} // namespace

ProbeResult probe(const SandboxFilters &filters, int daemonFd)
{
    ProbeResult result;
    std::vector<std::string> &reasons = result.tier.reasons;
    Trial trial = tryOnce(RootMode::OverlayInMemory, true, filters, daemonFd);
    if (trial.works)
        result.mode = RootMode::OverlayInMemory;
    else if (trial.step == "replace a directory")
        result.mode = RootMode::OverlayOnDisk;
    else if (trial.step == "mount overlay")
        result.mode = RootMode::ReadOnly;
    if (result.mode) {
        const std::string before = trial.works ? std::string() : trial.step + ": " + trial.error;
        trial = tryOnce(*result.mode, false, filters, daemonFd);
        if (!before.empty())
            reasons.push_back(before);
    }
    if (!trial.works) {
        result.mode.reset();
        result.tier.tier = trial.step == "mount /proc" ? 4 : 6;
        result.tier.summary = "Tier " + std::to_string(result.tier.tier) + ": no sandbox can run on this machine";
        reasons.push_back(trial.step + ": " + trial.error);
        if (std::string cure = cureFor(trial.step); !cure.empty())
            result.tier.cures.push_back(std::move(cure));
        return result;
    }
    const bool writable = *result.mode != RootMode::ReadOnly;
    result.tier.tier = writable ? 2 : 3;
    result.tier.summary = writable ? "Tier 2: own namespaces and writable overlay; memory limit is approximate"
                                   : "Tier 3: own namespaces, read-only template; memory limit is approximate";
    if (*result.mode == RootMode::OverlayOnDisk)
        reasons.emplace_back("the writable layer lies on the disk and is not bounded (Linux before 6.6)");
    reasons.emplace_back("limits are kept by rlimits and a watchdog, not by a control group");
    nameMissingTools(result.tier);
    return result;
}

} // namespace sandglass::engine
