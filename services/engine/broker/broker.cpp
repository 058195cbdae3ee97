#include "services/engine/broker/broker.h"

#include "services/engine/broker/account.h"
#include "services/engine/broker/names.h"
#include "services/engine/broker/nesting.h"
#include "services/engine/sandboxd/wire.h"
#include "services/engine/templates/baselayer.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
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

constexpr std::chrono::seconds endPatience{5}; // of a sandbox that was killed: a hundred times what it takes

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

Result<> layOut(const Json &layers, RootPlan &root)
{
    std::vector<std::string> names;
    for (const Json &layer : layers)
        names.push_back(layer.is_string() ? layer.get<std::string>() : std::string());
    if (names.empty())
        return invalid("a sandbox needs at least one template layer");
    root.hasOwnSystem = hasOwnSystem(names);
    if (root.hasOwnSystem)
        names.insert(names.begin() + 1, guestLayerName);
    for (const std::string &name : names) {
        root.layers.push_back(std::string(layersDirectory) + "/" + name);
        if (!isPlainName(name) || !fs::is_directory(root.layers.back()))
            return failure(Error::Kind::Local, "template layer '" + name + "' does not exist", 0, "not_found");
    }
    return {};
}

} // namespace

void removeScratch(const std::string &directory)
{
    std::error_code failed;
    chmod((directory + "/work/work").c_str(), 0700); // the kernel makes it without any permission
    fs::remove_all(directory, failed);
}

Broker::Broker(UniqueFd engine, UniqueFd daemon, pid_t enginePid)
    : m_engine(std::move(engine))
    , m_daemon(std::move(daemon))
    , m_enginePid(enginePid)
    , m_forkServers({[this](ForkedKernel kernel) { forked(std::move(kernel)); },
                     [this](pid_t outer, int status, std::int64_t cpuMs) { ended(outer, status, cpuMs); },
                     [this](std::int64_t token, const std::string &why) { notForked(token, why); },
                     [this](const std::string &key, bool ready, const std::string &why) {
                         (void)wire::send(m_engine.get(),
                                          {{"event", "fork-server"}, {"key", key}, {"ready", ready}, {"why", why}});
                     }})
{}

int Broker::run()
{
    raiseSoftLimit(RLIMIT_NOFILE);
    raiseSoftLimit(RLIMIT_NPROC);
    IsolationTier tier;
    if (auto prepared = prepare(); prepared) {
        ProbeResult result = probe(m_filters, m_daemon.get());
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
    m_nested = nest();
    std::error_code failed;
    for (fs::directory_iterator it(sandboxesDirectory, failed), end; !failed && it != end; it.increment(failed))
        removeScratch(it->path().string()); // of an engine that was killed
    if (auto ready = prepareFilters(); !ready)
        return ready;
    if (auto made = ensureBaseLayer(layersDirectory); !made)
        return made;
    return ensureGuestLayer(layersDirectory);
}

Result<> Broker::prepareFilters()
{
    auto filter = SyscallFilter::compile();
    auto root = SyscallFilter::compile(Confined::Root);
    auto daemon = SyscallFilter::compile(Confined::Daemon);
    auto forkServer = SyscallFilter::compile(Confined::ForkServer);
    for (const auto *each : {&filter, &root, &daemon, &forkServer}) {
        if (!*each)
            return tl::unexpected(each->error());
    }
    auto file = filter->toFile();
    auto rootFile = root->toFile();
    if (!file || !rootFile)
        return tl::unexpected((file ? rootFile : file).error());
    m_filters = {std::move(*daemon), std::move(*file), std::move(*rootFile)};
    m_forkServers.use(std::move(*filter), std::move(*forkServer));
    return {};
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
        std::vector<pollfd> waiting{{m_engine.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}};
        m_forkServers.watch(waiting);
        if (poll(waiting.data(), waiting.size(), waitMilliseconds()) < 0 && errno != EINTR)
            break;
        m_forkServers.handle(waiting);
        if (waiting[1].revents != 0) {
            signalfd_siginfo info{};
            while (read(signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
            }
            m_forkServers.readAnswers();
            reap();
        }
        m_forkServers.tick();
        checkOverdue();
        if (waiting[0].revents != 0 && !readRequests())
            break;
    }
    killAll();
    return 0;
}

int Broker::waitMilliseconds() const
{
    auto next = m_forkServers.nextDeadline();
    for (const auto &[pid, running] : m_running)
        next = std::min(next, running.overdue.value_or(next));
    if (next == ForkServers::Clock::time_point::max())
        return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - ForkServers::Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

/// Pid 1 has not ended before every process of its namespace is reaped, the kernels by the fork-server.
void Broker::checkOverdue()
{
    for (auto &[pid, running] : m_running) {
        if (!running.overdue || ForkServers::Clock::now() < *running.overdue)
            continue;
        running.overdue.reset();
        m_forkServers.replaceStuck(*running.forks);
    }
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
    else if (operation == "fork")
        forkOne(incoming.body);
    else if (operation == "prepare" && m_nested)
        m_forkServers.prepare(ForkServers::Settings::fromJson(incoming.body));
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
    if (auto laid = layOut(memberOr(request, "layers"), plan.root); !laid)
        return tl::unexpected(laid.error());
    for (const Json &volume : memberOr(request, "volumes")) {
        const std::string source = std::string(volumesDirectory) + "/" + stringOr(volume, "id");
        const std::string target = stringOr(volume, "path");
        if (!isPlainName(stringOr(volume, "id")) || !fs::is_directory(source) || whyNoMountPath(target) != nullptr)
            return invalid("no volume can be mounted at '" + target + "'");
        plan.root.volumes.push_back({source, target});
    }
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
    Result<Launched> launched = launch(*plan, m_filters, m_daemon.get());
    if (!launched) {
        removeScratch(directory);
        return refuse(token, launched.error());
    }
    (void)wire::send(m_engine.get(), {{"event", "launched"}, {"token", token}}, {launched->control.get()});
    Running &running = m_running[launched->pid];
    running.token = token;
    running.directory = directory;
    running.pidFd = std::move(launched->pidFd);
    running.limits = plan->limits;
    // A fork-server keeps a right below the broker, so what it runs has to be the machine's own.
    if (m_nested && !plan->root.hasOwnSystem && memberOr(request, "preimport").is_array()) {
        running.forks = ForkServers::Settings::fromJson(request);
        order(token, running); // whoever makes a sandbox runs code in it: the kernel grows while mounts are made
    }
}

void Broker::refuse(std::int64_t token, const Error &error)
{
    (void)wire::send(m_engine.get(),
                     {{"event", "refused"}, {"token", token}, {"code", error.code}, {"message", error.message}});
}

void Broker::killOne(std::int64_t token)
{
    for (auto &[pid, running] : m_running) {
        if (running.token != token)
            continue;
        kill(pid, SIGKILL);
        if (running.forks)
            running.overdue = ForkServers::Clock::now() + endPatience;
    }
}

Broker::Running *Broker::find(std::int64_t token)
{
    const auto found = std::find_if(m_running.begin(), m_running.end(),
                                    [token](const auto &each) { return each.second.token == token; });
    return found != m_running.end() ? &found->second : nullptr;
}

void Broker::forkOne(const Json &request)
{
    const std::int64_t token = intOr(request, "token");
    const std::int64_t number = intOr(request, "request");
    Running *running = find(token);
    if (running == nullptr)
        return unforked(token, number, "the sandbox is gone");
    if (!running->forks)
        return unforked(token, number, m_nested ? "no fork-server was asked for" : "user namespaces do not nest here");
    if (!running->waiting.empty()) {
        handOver(number, running->waiting.front());
        running->waiting.pop_front();
        return;
    }
    running->wanted.push_back(number);
    if (running->ordered < running->wanted.size())
        order(token, *running);
}

void Broker::order(std::int64_t token, Running &running)
{
    ForkOrder order{token, UniqueFd(fcntl(running.pidFd.get(), F_DUPFD_CLOEXEC, 0)), running.limits};
    ++running.ordered;
    m_forkServers.fork(*running.forks, std::move(order));
}

void Broker::forked(ForkedKernel kernel)
{
    m_kernels[kernel.outer] = {kernel.token, kernel.inner};
    Running *running = find(kernel.token);
    if (running == nullptr)
        return; // and so is the kernel
    --running->ordered;
    if (running->wanted.empty())
        return running->waiting.push_back(std::move(kernel));
    handOver(running->wanted.front(), kernel);
    running->wanted.pop_front();
}

void Broker::notForked(std::int64_t token, const std::string &why)
{
    Running *running = find(token);
    if (running == nullptr)
        return;
    --running->ordered;
    if (running->wanted.empty())
        return; // nobody has asked yet; who asks has another ordered
    unforked(token, running->wanted.front(), why);
    running->wanted.pop_front();
}

void Broker::handOver(std::int64_t request, const ForkedKernel &kernel)
{
    (void)wire::send(m_engine.get(),
                     {{"event", "forked"}, {"token", kernel.token}, {"request", request}, {"pid", kernel.inner}},
                     {kernel.output.get(), kernel.errors.get(), kernel.channel.get()});
}

void Broker::unforked(std::int64_t token, std::int64_t request, const std::string &why)
{
    (void)wire::send(m_engine.get(), {{"event", "unforked"}, {"token", token}, {"request", request}, {"message", why}});
}

void Broker::reap()
{
    int status = 0;
    rusage used{};
    for (pid_t pid = wait4(-1, &status, WNOHANG, &used); pid > 0; pid = wait4(-1, &status, WNOHANG, &used)) {
        const auto milliseconds = [](const timeval &time) {
            return static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_usec / 1000;
        };
        ended(pid, status, milliseconds(used.ru_utime) + milliseconds(used.ru_stime));
    }
}

void Broker::ended(pid_t pid, int status, std::int64_t cpuMs)
{
    if (const auto kernel = m_kernels.find(pid); kernel != m_kernels.end()) {
        (void)wire::send(m_engine.get(),
                         {{"event", "exited"},
                          {"token", kernel->second.token},
                          {"pid", kernel->second.inner},
                          {"status", status},
                          {"cpuMs", cpuMs}});
        if (Running *running = find(kernel->second.token))
            std::erase_if(running->waiting, [pid](const ForkedKernel &each) { return each.outer == pid; });
        m_kernels.erase(kernel);
        return;
    }
    if (m_forkServers.reaped(pid))
        return;
    const auto found = m_running.find(pid);
    if (found == m_running.end())
        return;
    removeScratch(found->second.directory);
    (void)wire::send(m_engine.get(), {{"event", "ended"}, {"token", found->second.token}});
    m_running.erase(found);
}

void Broker::killAll()
{
    m_forkServers.stopAll();
    for (const auto &[pid, running] : m_running)
        kill(pid, SIGKILL);
    // Whoever ends first: a sandbox has not ended before the kernels that were forked into it are reaped.
    while (!m_running.empty()) {
        const pid_t pid = waitpid(-1, nullptr, 0);
        if (pid < 0 && errno != EINTR)
            break;
        if (const auto found = m_running.find(pid); found != m_running.end()) {
            removeScratch(found->second.directory);
            m_running.erase(found);
        }
    }
}

} // namespace sandglass::engine
