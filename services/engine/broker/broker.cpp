#include "services/engine/broker/broker.h"

#include "services/engine/broker/account.h"
#include "services/engine/broker/names.h"
#include "services/engine/sandboxd/wire.h"
#include "services/engine/templates/baselayer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace sandglass::engine {
namespace {

void raiseSoftLimit(decltype(RLIMIT_NOFILE) resource)
{
    rlimit limit{};
    if (getrlimit(resource, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(resource, &limit);
    }
}

tl::unexpected<Error> invalid(std::string message)
{
    return failure(Error::Kind::Local, std::move(message), 0, "invalid_argument");
}

} // namespace

void removeScratch(const std::string &directory)
{
    std::error_code failed;
    chmod((directory + "/work/work").c_str(), 0700); // the kernel makes it without any permission
    fs::remove_all(directory, failed);
}

Broker::Broker(UniqueFd engine, UniqueFd daemon, pid_t enginePid)
    : m_engine(std::move(engine)), m_daemon(std::move(daemon)), m_enginePid(enginePid)
{}

int Broker::run()
{
    raiseSoftLimit(RLIMIT_NOFILE);
    raiseSoftLimit(RLIMIT_NPROC);
    IsolationTier tier;
    if (auto prepared = prepare(); prepared) {
        ProbeResult result = probe(m_filter, m_daemon.get());
        m_mode = result.mode.value_or(RootMode::ReadOnly);
        tier = std::move(result.tier);
    } else {
        tier.summary = "Tier 6: no sandbox can run on this machine";
        tier.reasons.push_back(prepared.error().message);
    }
    sayHello(tier);
    return serve();
}

Result<> Broker::prepare()
{
    for (const char *directory : {layersDirectory, sandboxesDirectory}) {
        if (mkdir(directory, 0755) != 0 && errno != EEXIST)
            return failure(Error::Kind::Local, std::string("cannot make ") + directory + ": " + std::strerror(errno));
    }
    if (auto left = leaveRoot(); !left)
        return left;
    prctl(PR_SET_PDEATHSIG, SIGKILL); // after the change of account, which clears it
    if (getppid() != m_enginePid)
        return failure(Error::Kind::Local, "the engine ended");
    std::error_code failed;
    for (fs::directory_iterator it(sandboxesDirectory, failed), end; !failed && it != end; it.increment(failed))
        removeScratch(it->path().string()); // of an engine that was killed
    auto filter = SyscallFilter::compile();
    if (!filter)
        return tl::unexpected(filter.error());
    m_filter = std::move(*filter);
    return ensureBaseLayer(layersDirectory);
}

void Broker::sayHello(const IsolationTier &tier)
{
    (void)wire::send(m_engine.get(),
                     {{"event", "hello"},
                      {"tier", tier.tier},
                      {"summary", tier.summary},
                      {"reasons", tier.reasons},
                      {"cures", tier.cures}});
}

int Broker::serve()
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    const UniqueFd signals(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    for (;;) {
        std::array<pollfd, 2> waiting{{{m_engine.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}}};
        if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR)
            break;
        if (waiting[1].revents != 0) {
            signalfd_siginfo info{};
            while (read(signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
            }
            reap();
        }
        if (waiting[0].revents != 0 && !readRequests())
            break;
    }
    killAll();
    return 0;
}

bool Broker::readRequests()
{
    const wire::Incoming incoming = wire::receive(m_engine.get());
    if (incoming.state == wire::Incoming::State::Closed)
        return false;
    const std::string operation = stringOr(incoming.body, "op");
    if (operation == "launch")
        launchOne(incoming.body);
    else if (operation == "kill")
        killOne(intOr(incoming.body, "token"));
    return true;
}

Result<LaunchPlan> Broker::planOf(const Json &request)
{
    LaunchPlan plan;
    const std::string id = stringOr(request, "sandbox");
    if (!isPlainName(id))
        return invalid("'" + id + "' is no sandbox id");
    plan.limits = DaemonLimits::fromJson(memberOr(request, "limits"));
    plan.limits.firstCpu = m_launches++;
    plan.hostname = stringOr(request, "hostname", "sandbox").substr(0, 63);
    plan.root.mode = m_mode;
    plan.root.directory = std::string(sandboxesDirectory) + "/" + id;
    plan.root.diskMb = std::max(16, plan.limits.diskMb);
    plan.root.sharedMemoryMb = std::clamp(plan.limits.memoryMb / 2, 16, 512);
    for (const Json &layer : memberOr(request, "layers")) {
        const std::string name = layer.is_string() ? layer.get<std::string>() : std::string();
        const std::string path = std::string(layersDirectory) + "/" + name;
        if (!isPlainName(name) || !fs::is_directory(path))
            return failure(Error::Kind::Local, "template layer '" + name + "' does not exist", 0, "not_found");
        plan.root.layers.push_back(path);
    }
    if (plan.root.layers.empty())
        return invalid("a sandbox needs at least one template layer");
    return plan;
}

void Broker::launchOne(const Json &request)
{
    const std::int64_t token = intOr(request, "token");
    const Result<LaunchPlan> plan = planOf(request);
    if (!plan)
        return refuse(token, plan.error());
    const std::string &directory = plan->root.directory;
    if (mkdir(directory.c_str(), 0755) != 0)
        return refuse(token,
                      {Error::Kind::Local, 0, std::string("sandbox directory: ") + std::strerror(errno),
                       errno == EEXIST ? "already_exists" : "resource_exhausted"});
    Result<Launched> launched = launch(*plan, m_filter, m_daemon.get());
    if (!launched) {
        removeScratch(directory);
        return refuse(token, launched.error());
    }
    (void)wire::send(m_engine.get(), {{"event", "launched"}, {"token", token}}, {launched->control.get()});
    m_running[launched->pid] = {token, directory, std::move(launched->pidFd)};
}

void Broker::refuse(std::int64_t token, const Error &error)
{
    (void)wire::send(m_engine.get(),
                     {{"event", "refused"}, {"token", token}, {"code", error.code}, {"message", error.message}});
}

void Broker::killOne(std::int64_t token)
{
    for (const auto &[pid, running] : m_running) {
        if (running.token == token)
            kill(pid, SIGKILL);
    }
}

void Broker::reap()
{
    for (pid_t pid = waitpid(-1, nullptr, WNOHANG); pid > 0; pid = waitpid(-1, nullptr, WNOHANG)) {
        const auto found = m_running.find(pid);
        if (found == m_running.end())
            continue;
        removeScratch(found->second.directory);
        (void)wire::send(m_engine.get(), {{"event", "ended"}, {"token", found->second.token}});
        m_running.erase(found);
    }
}

void Broker::killAll()
{
    for (const auto &[pid, running] : m_running)
        kill(pid, SIGKILL);
    for (const auto &[pid, running] : m_running) {
        waitpid(pid, nullptr, 0);
        removeScratch(running.directory);
    }
    m_running.clear();
}

} // namespace sandglass::engine
