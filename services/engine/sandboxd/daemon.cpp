#include "services/engine/sandboxd/daemon.h"

#include "services/engine/sandboxd/entry.h"
#include "services/engine/sandboxd/files.h"
#include "services/engine/sandboxd/ports.h"
#include "services/engine/sandboxd/procfs.h"
#include "services/engine/sandboxd/spawn.h"
#include "services/engine/sandboxd/watch.h"
#include "services/engine/sandboxd/wire.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto connectPatience = 10s;
constexpr int connectTickMs = 500;

void watch(int poll, int fd, std::uint32_t events)
{
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

Error unknownOperation(const std::string &operation)
{
    return {Error::Kind::Service, 0, "sandglass-sandboxd does not know '" + operation + "'", "unimplemented"};
}

bool isSlow(const std::string &operation)
{
    return operation == "list" || operation == "remove" || operation == "move";
}

Json exitJson(const Processes::Exit &exit)
{
    const bool exited = WIFEXITED(exit.waitStatus);
    return {{"pid", exit.pid},
            {"exited", exited},
            {"code", exited ? WEXITSTATUS(exit.waitStatus) : WTERMSIG(exit.waitStatus)},
            {"reason", exit.reason}};
}

bool isForRoot(const Json &request)
{
    return files::accountOf(stringOr(request, "user")) == files::Account::Root;
}

Error unknownUser(const std::string &name)
{
    return {Error::Kind::Service, 0, "invalid username: '" + name + "'", "unauthenticated"};
}

/// The system would take what stands before it: another file, another argument.
bool holdsNul(const Json &value)
{
    if (const auto *text = value.get_ptr<const std::string *>())
        return text->find('\0') != std::string::npos;
    const auto items = value.items();
    return value.is_structured() && std::any_of(items.begin(), items.end(), [&](const auto &each) {
               return holdsNul(each.value()) || (value.is_object() && each.key().find('\0') != std::string::npos);
           });
}

std::string pathOf(const Json &request, const char *key = "path")
{
    return files::absolutePath(stringOr(request, key));
}

} // namespace

Daemon::Daemon(UniqueFd control, const DaemonLimits &limits, Rights rights)
    : m_control(std::move(control))
    , m_poll(epoll_create1(EPOLL_CLOEXEC))
    , m_limits(limits)
    , m_rights(std::move(rights))
    , m_watchdog(static_cast<std::int64_t>(limits.memoryMb) << 20)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    m_signals.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    watch(m_poll.get(), m_control.get(), EPOLLIN);
    watch(m_poll.get(), m_signals.get(), EPOLLIN);
}

int Daemon::run()
{
    if (!wire::send(m_control.get(), {{"event", "ready"}}))
        return 1;
    for (;;) {
        std::array<epoll_event, 16> events{};
        const int count = epoll_wait(m_poll.get(), events.data(), static_cast<int>(events.size()), waitMilliseconds());
        if (count < 0 && errno != EINTR)
            return 1;
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == m_signals.get())
                reapChildren();
            else if (fd != m_control.get())
                finishConnect(fd);
            else if (!readRequests())
                return 0; // the engine is gone: pid 1 leaves and takes everything along
        }
        if (const auto killed = m_watchdog.look())
            m_processes.blame(*killed, "memory limit");
        dropLateConnects();
    }
}

int Daemon::waitMilliseconds() const
{
    const int look = m_watchdog.millisecondsToNextLook();
    if (m_connects.empty())
        return look;
    return look < 0 ? connectTickMs : std::min(look, connectTickMs);
}

bool Daemon::readRequests()
{
    wire::Incoming incoming = wire::receive(m_control.get());
    if (incoming.state == wire::Incoming::State::Closed)
        return false;
    if (incoming.state == wire::Incoming::State::Message)
        dispatch(incoming.body);
    return true;
}

void Daemon::dispatch(const Json &request)
{
    const std::string operation = stringOr(request, "op");
    const std::int64_t number = intOr(request, "n");
    const files::Account account = files::accountOf(stringOr(request, "user"));
    if (account == files::Account::Unknown)
        return answer(number, failure(unknownUser(stringOr(request, "user"))));
    if (holdsNul(request))
        return answer(number, failure(Error::Kind::Service, "a text must not contain NUL", 0, "invalid_argument"));
    if (operation == "connect")
        return connectPort(number, static_cast<std::uint16_t>(intOr(request, "port")), false);
    if (operation == "watch")
        return startWatch(request);
    if (isSlow(operation))
        return runWorker(operation, request);
    std::vector<UniqueFd> fds;
    const Reply reply = answerNow(operation, request, fds);
    answer(number, reply, fds);
}

Daemon::Reply Daemon::answerNow(const std::string &operation, const Json &request, std::vector<UniqueFd> &fds)
{
    const auto handOut = [&fds](Result<UniqueFd> fd) -> Reply {
        if (!fd)
            return tl::unexpected(fd.error());
        fds.push_back(std::move(*fd));
        return Json::object();
    };
    if (operation == "spawn")
        return spawn(request, fds);
    if (operation == "adopt")
        return adopt(request);
    if (operation == "departed")
        return departed(request);
    if (operation == "signal")
        return m_processes.signal(intOr(request, "pid"), static_cast<int>(intOr(request, "signal")));
    if (operation == "open")
        return handOut(files::openRegular(pathOf(request), boolOr(request, "write"), isForRoot(request)));
    if (operation == "stat")
        return describeEntry(pathOf(request));
    if (operation == "mkdir")
        return files::makeDirectory(pathOf(request), isForRoot(request));
    if (operation == "list")
        return files::list(pathOf(request),
                           static_cast<int>(std::clamp<std::int64_t>(intOr(request, "depth"), 1, 1000)));
    if (operation == "move")
        return files::move(pathOf(request), pathOf(request, "destination"));
    if (operation == "remove")
        return files::remove(pathOf(request));
    if (operation == "pause" || operation == "resume")
        return setPaused(operation == "pause");
    if (operation == "listen")
        return handOut(ports::listenOn(static_cast<std::uint16_t>(intOr(request, "port"))));
    if (operation == "usage")
        return usage();
    return failure(unknownOperation(operation));
}

Daemon::Reply Daemon::spawn(const Json &request, std::vector<UniqueFd> &fds)
{
    if (m_paused)
        return failure(Error::Kind::Service, "the sandbox is paused", 0, "failed_precondition");
    Result<Spawned> spawned = spawnChild(request, m_limits, m_rights);
    if (!spawned)
        return tl::unexpected(spawned.error());
    m_processes.add(spawned->pid);
    m_watchdog.wake();
    fds = std::move(spawned->fds);
    return Json{{"pid", spawned->pid}, {"fds", spawned->names}};
}

Daemon::Reply Daemon::adopt(const Json &request)
{
    const auto pid = static_cast<pid_t>(intOr(request, "pid"));
    if (pid <= 1)
        return failure(Error::Kind::Service, "no process", 0, "invalid_argument");
    m_processes.add(pid);
    m_watchdog.wake();
    if (m_paused)
        kill(pid, SIGSTOP); // it came while all others were being stopped
    return Json::object();
}

Daemon::Reply Daemon::departed(const Json &request)
{
    m_departedCpuMs += intOr(request, "cpuMs");
    return exitJson(
        m_processes.departed(static_cast<pid_t>(intOr(request, "pid")), static_cast<int>(intOr(request, "status"))));
}

Daemon::Reply Daemon::setPaused(bool paused)
{
    kill(-1, paused ? SIGSTOP : SIGCONT); // everyone but pid 1; ESRCH only says that there is nobody
    m_paused = paused;
    m_watchdog.setPaused(paused);
    if (!paused)
        m_watchdog.wake();
    return Json::object();
}

Daemon::Reply Daemon::usage() const
{
    std::vector<ProcessSample> samples = sampleProcesses();
    countShares(samples);
    std::int64_t memory = 0;
    for (const ProcessSample &sample : samples)
        memory += sample.bytes;
    struct statvfs disk
    {};
    statvfs("/home", &disk);
    const auto block = static_cast<std::int64_t>(disk.f_frsize);
    return Json{{"cpuMs", cpuTicksOfNamespace() * 1000 / sysconf(_SC_CLK_TCK) + m_departedCpuMs},
                {"memory", memory},
                {"processes", samples.size()},
                {"diskUsed", static_cast<std::int64_t>(disk.f_blocks - disk.f_bfree) * block},
                {"diskTotal", static_cast<std::int64_t>(disk.f_blocks) * block}};
}

void Daemon::answer(std::int64_t request, const Reply &reply, const std::vector<UniqueFd> &fds)
{
    std::vector<int> numbers;
    for (const UniqueFd &fd : fds)
        numbers.push_back(fd.get());
    Json body = {{"n", request}};
    if (reply)
        body["ok"] = *reply;
    else
        body["error"] = {{"code", reply.error().code}, {"message", reply.error().message}};
    if (!wire::send(m_control.get(), body, numbers)) {
        const Json tooBig = {{"code", "resource_exhausted"}, {"message", "the answer could not be sent"}};
        (void)wire::send(m_control.get(), {{"n", request}, {"error", tooBig}});
    }
}

/// Walks over big trees in a child, so that exits and other requests are not kept waiting.
void Daemon::runWorker(const std::string &operation, const Json &request)
{
    const pid_t pid = fork();
    if (pid == 0) {
        std::vector<UniqueFd> fds;
        answer(intOr(request, "n"), answerNow(operation, request, fds));
        _exit(0);
    }
    if (pid < 0) { // the sandbox used up its processes: slowly, but answered
        std::vector<UniqueFd> fds;
        return answer(intOr(request, "n"), answerNow(operation, request, fds));
    }
    m_workers[pid] = intOr(request, "n");
    m_processes.add(pid);
}

/// A child watches, answers, and goes on until its reader is gone.
void Daemon::startWatch(const Json &request)
{
    const std::int64_t number = intOr(request, "n");
    const pid_t pid = fork();
    if (pid < 0)
        return answer(
            number,
            failure(Error::Kind::Service, "the sandbox has no process left for a watch", 0, "resource_exhausted"));
    if (pid > 0) {
        m_workers[pid] = number;
        return m_processes.add(pid);
    }
    auto watch = DirectoryWatch::open(pathOf(request), boolOr(request, "recursive"), boolOr(request, "entries"));
    if (!watch) {
        answer(number, tl::unexpected(watch.error()));
        _exit(0);
    }
    std::vector<UniqueFd> fds;
    fds.push_back(watch->takeReader());
    answer(number, Json::object(), fds);
    fds.clear();
    watch->run();
    _exit(0);
}

void Daemon::connectPort(std::int64_t request, std::uint16_t port, bool version6)
{
    Result<UniqueFd> socket = ports::beginConnect(port, version6);
    if (!socket) {
        if (!version6)
            return connectPort(request, port, true); // servers on "localhost" may listen on ::1 alone
        return answer(request, tl::unexpected(socket.error()));
    }
    const int fd = socket->get();
    m_connects[fd] = {request, std::move(*socket), port, version6, std::chrono::steady_clock::now() + connectPatience};
    watch(m_poll.get(), fd, EPOLLOUT);
}

void Daemon::finishConnect(int socket)
{
    const auto found = m_connects.find(socket);
    if (found == m_connects.end())
        return;
    PendingConnect pending = std::move(found->second);
    m_connects.erase(found);
    epoll_ctl(m_poll.get(), EPOLL_CTL_DEL, socket, nullptr);
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0 && !pending.version6)
        return connectPort(pending.request, pending.port, true);
    if (error != 0)
        return answer(pending.request, failure(ports::connectError(error, pending.port)));
    std::vector<UniqueFd> fds;
    fds.push_back(std::move(pending.socket));
    answer(pending.request, Json::object(), fds);
}

void Daemon::dropLateConnects()
{
    for (auto it = m_connects.begin(); it != m_connects.end();) {
        if (std::chrono::steady_clock::now() < it->second.deadline) {
            ++it;
            continue;
        }
        answer(it->second.request, failure(ports::connectError(ETIMEDOUT, it->second.port)));
        epoll_ctl(m_poll.get(), EPOLL_CTL_DEL, it->first, nullptr); // a worker may hold a copy: closing is not enough
        it = m_connects.erase(it);
    }
}

void Daemon::reapChildren()
{
    signalfd_siginfo info{};
    while (read(m_signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    }
    for (const Processes::Exit &exit : m_processes.reap()) {
        const bool exited = WIFEXITED(exit.waitStatus);
        if (const auto worker = m_workers.find(exit.pid); worker != m_workers.end()) {
            if (!exited)
                answer(worker->second,
                       failure(Error::Kind::Service, "the operation was killed inside the sandbox", 0, "aborted"));
            m_workers.erase(worker);
            continue;
        }
        Json event = exitJson(exit);
        event["event"] = "exit";
        (void)wire::send(m_control.get(), event);
    }
}

} // namespace sandglass::engine
