#include "services/engine/broker/forkserver.h"

#include "services/core/base64.h"
#include "services/core/pipe.h"
#include "services/engine/sandboxd/processlimits.h"
#include "services/engine/sandboxd/wire.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandglass::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto startPatience = 60s;    // imports from a cold disk
constexpr auto answerPatience = 5s;    // a hundred times what a fork takes on a busy machine
constexpr std::size_t mostPending = 8; // more wait here, where a full socket cannot lose them
constexpr std::size_t mostWaiting = 4096;
constexpr std::size_t mostLastWords = 2048;
constexpr unsigned otherNamespaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

/// The end the kernel gets, and ours, which is non-blocking.
struct Ends
{
    UniqueFd theirs, ours;
};

bool makeOutput(Ends &ends)
{
    return makePipe(ends.ours, ends.theirs) && fcntl(ends.ours.get(), F_SETFL, O_NONBLOCK) == 0;
}

bool makeChannel(Ends &ends)
{
    std::array<int, 2> fds{-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0)
        return false;
    ends = {UniqueFd(fds[1]), UniqueFd(fds[0])};
    return fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0;
}

Json orderJson(std::int64_t number, const ForkOrder &order)
{
    Json limits = Json::array();
    for (const auto &[which, value] : processLimits(order.limits))
        limits.push_back({which, value});
    return {{"n", number}, {"rlimits", std::move(limits)}, {"cpus", processorsFor(order.limits)}};
}

} // namespace

Json ForkServer::greeting(const SyscallFilter &filter, const std::vector<std::string> &preimport)
{
    return {{"filter", base64Encode(filter.bytes())},
            {"calls", {{"capset", SYS_capset}, {"seccomp", SYS_seccomp}}},
            {"spaces", {{"pid", CLONE_NEWPID}, {"user", CLONE_NEWUSER}, {"others", otherNamespaces}}},
            {"preimport", preimport},
            {"nice", sandboxNiceness}};
}

ForkServer::ForkServer(LaunchedForkServer process, Listener listener)
    : m_process(std::move(process)), m_listener(std::move(listener))
{}

ForkServer::~ForkServer()
{
    // Kernels live on. Who reaps it is the broker, which may have done so already.
    syscall(SYS_pidfd_send_signal, m_process.pidFd.get(), SIGKILL, nullptr, 0);
    for (const Pending &pending : m_pending)
        m_listener.refused(pending.kernel.token, "the fork-server ended");
    for (const ForkOrder &order : m_waiting)
        m_listener.refused(order.token, "the fork-server ended");
}

bool ForkServer::greet(const Json &greeting)
{
    return wire::send(m_process.control.get(), greeting);
}

void ForkServer::fork(ForkOrder order)
{
    if (!m_ready || m_waiting.size() >= mostWaiting)
        return m_listener.refused(order.token, m_ready ? "too many kernels wait" : "not ready yet");
    m_waiting.push_back(std::move(order));
    sendWaiting();
}

void ForkServer::sendWaiting()
{
    while (!m_waiting.empty() && m_pending.size() < mostPending) {
        const ForkOrder order = std::move(m_waiting.front());
        m_waiting.pop_front();
        if (!sendOne(order))
            m_listener.refused(order.token, std::string("the order could not be sent: ") + std::strerror(errno));
    }
}

bool ForkServer::sendOne(const ForkOrder &order)
{
    Ends output;
    Ends errors;
    Ends channel;
    if (!makeOutput(output) || !makeOutput(errors) || !makeChannel(channel))
        return false;
    const std::int64_t number = m_nextNumber++;
    if (!wire::send(m_process.control.get(), orderJson(number, order),
                    {order.sandbox.get(), output.theirs.get(), errors.theirs.get(), channel.theirs.get()}))
        return false;
    ForkedKernel kernel{order.token, 0, 0, {}, {}, {}};
    kernel.output = std::move(output.ours);
    kernel.errors = std::move(errors.ours);
    kernel.channel = std::move(channel.ours);
    m_pending.push_back({number, std::move(kernel), Clock::now()});
    return true;
}

bool ForkServer::readAnswers()
{
    for (;;) {
        const wire::Incoming incoming = wire::receive(m_process.control.get());
        if (incoming.state == wire::Incoming::State::Nothing)
            return true;
        if (incoming.state != wire::Incoming::State::Message)
            return false;
        answered(incoming.body);
    }
}

void ForkServer::answered(const Json &answer)
{
    m_lastAnswer = Clock::now();
    const std::string event = stringOr(answer, "event");
    if (event == "ready" && !m_ready) {
        m_ready = true;
        return m_listener.ready();
    }
    if (event == "exited")
        return exited(static_cast<pid_t>(intOr(answer, "outer")), answer);
    const auto found = std::find_if(m_pending.begin(), m_pending.end(),
                                    [number = intOr(answer, "n")](const Pending &p) { return p.number == number; });
    if (found == m_pending.end())
        return; // refused for being late: with our ends closed, that kernel ends by itself
    if (event == "forked") {
        found->kernel.outer = static_cast<pid_t>(intOr(answer, "outer"));
    } else if (event == "began") {
        found->kernel.inner = static_cast<int>(intOr(answer, "inner"));
    } else {
        m_listener.refused(found->kernel.token, stringOr(answer, "error", "the fork-server refused"));
        m_pending.erase(found);
        return sendWaiting();
    }
    if (found->kernel.outer > 0 && found->kernel.inner > 0)
        complete(found);
}

void ForkServer::complete(std::deque<Pending>::iterator pending)
{
    ForkedKernel kernel = std::move(pending->kernel);
    m_pending.erase(pending);
    m_listener.forked(std::move(kernel));
    sendWaiting();
}

void ForkServer::exited(pid_t outer, const Json &answer)
{
    const auto unborn =
        std::find_if(m_pending.begin(), m_pending.end(), [outer](const Pending &p) { return p.kernel.outer == outer; });
    if (unborn == m_pending.end())
        return m_listener.exited(outer, static_cast<int>(intOr(answer, "status")), intOr(answer, "cpuMs"));
    m_listener.refused(unborn->kernel.token, "the kernel ended before it began");
    m_pending.erase(unborn);
    sendWaiting();
}

void ForkServer::readErrors()
{
    std::array<char, 1024> buffer{};
    ssize_t n = 0;
    while ((n = read(m_process.errors.get(), buffer.data(), buffer.size())) > 0) {
        m_lastWords.append(buffer.data(), static_cast<std::size_t>(n));
        if (m_lastWords.size() > mostLastWords)
            m_lastWords.erase(0, m_lastWords.size() - mostLastWords);
    }
    if (n == 0)
        m_process.errors.reset(); // its end is told by the other socket
}

bool ForkServer::checkPatience(Clock::time_point now)
{
    if (!m_ready)
        return now < m_started + startPatience;
    if (m_pending.empty() || now < m_pending.front().sent + answerPatience)
        return true;
    if (m_lastAnswer <= m_pending.front().sent)
        return false;
    const ForkedKernel lost = std::move(m_pending.front().kernel); // others go on
    m_pending.pop_front();
    m_listener.refused(lost.token, "the fork-server did not answer");
    sendWaiting();
    return true;
}

ForkServer::Clock::time_point ForkServer::nextDeadline() const
{
    if (!m_ready)
        return m_started + startPatience;
    return m_pending.empty() ? Clock::time_point::max() : m_pending.front().sent + answerPatience;
}

} // namespace sandglass::engine
