#include "services/engine/kernels/runnerkernel.h"

#include "services/core/json.h"
#include "services/core/time.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

namespace sandglass::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto interruptEvery = 500ms; // a cell may swallow one: a shell command inside it, for instance
constexpr int interruptAttempts = 4;   // then it is killed: 2 s after the first
constexpr auto forkedPatience = 20s;   // a forked process serves within milliseconds, or never
constexpr std::size_t maxStartErrors = 4096;

bool isType(const std::string &line, std::string_view type)
{
    const std::string head = "{\"type\": \"" + std::string(type) + "\"";
    return line.starts_with(head);
}

} // namespace

RunnerKernel::RunnerKernel(std::shared_ptr<Sandbox> sandbox, boost::asio::io_context &io, KernelProfile profile,
                           std::string workingDirectory, std::map<std::string, std::string> environment)
    : m_sandbox(std::move(sandbox))
    , m_io(io)
    , m_profile(std::move(profile))
    , m_workingDirectory(workingDirectory.empty() ? "/home/user" : std::move(workingDirectory))
    , m_environment(std::move(environment))
    , m_grace(io)
{}

RunnerKernel::~RunnerKernel()
{
    if (m_process)
        m_process->abandon();
}

SpawnSpec RunnerKernel::spawnSpec() const
{
    SpawnSpec spec;
    spec.command = m_profile.command;
    spec.arguments = m_profile.arguments;
    spec.environment = m_profile.environment;
    for (const auto &[name, value] : m_environment)
        spec.environment[name] = value;
    spec.workingDirectory = m_workingDirectory;
    return spec;
}

KernelProcess::Callbacks RunnerKernel::callbacks()
{
    const auto weak = weak_from_this();
    const std::uint64_t generation = m_generation;
    const auto alive = [weak, generation] {
        auto self = weak.lock();
        return self && self->m_generation == generation ? self : nullptr;
    };
    return {
        [alive](std::string line) {
            if (const auto self = alive())
                self->received(std::move(line));
        },
        [alive](bool isStderr, std::string bytes) {
            if (const auto self = alive())
                self->receivedRaw(isStderr, std::move(bytes));
        },
        [alive] {
            const auto self = alive();
            return !self || !self->m_current || self->m_current->cancelled || !self->m_current->sink.canTakeMore
                || self->m_current->sink.canTakeMore();
        },
        [alive](const std::string &reason) {
            if (const auto self = alive())
                self->ended(reason);
        },
        m_profile.pipesFirst,
    };
}

void RunnerKernel::start(std::function<void(Result<>)> then)
{
    if (then)
        m_startWaiters.push_back(std::move(then));
    if (std::exchange(m_starting, true))
        return;
    m_ready = false;
    ++m_generation;
    m_startErrors.clear();
    const bool isForked = m_profile.canFork && !m_forkFailed;
    const auto birth = isForked ? KernelProcess::Birth::Forked : KernelProcess::Birth::Cold;
    KernelProcess::start(
        m_sandbox, m_io, spawnSpec(), birth, callbacks(),
        [weak = weak_from_this(), generation = m_generation](Result<std::shared_ptr<KernelProcess>> process) {
            const auto self = weak.lock();
            if (!self || self->m_generation != generation) {
                if (process)
                    (*process)->abandon();
                return;
            }
            if (process)
                self->adopt(std::move(*process));
            else
                self->started(tl::unexpected(process.error()));
        });
}

void RunnerKernel::adopt(std::shared_ptr<KernelProcess> process)
{
    m_process = std::move(process);
    armForkPatience();
}

void RunnerKernel::armForkPatience()
{
    if (m_frozen || !m_process || m_process->birth() == KernelProcess::Birth::Cold)
        return;
    m_grace.expires_after(forkedPatience);
    m_grace.async_wait([weak = weak_from_this(), generation = m_generation](const boost::system::error_code &error) {
        const auto self = weak.lock();
        if (!error && self && self->m_starting && self->m_generation == generation && self->m_process)
            self->m_process->signal(SIGKILL, {}); // ended() starts a cold one
    });
}

void RunnerKernel::started(Result<> result)
{
    const auto self = shared_from_this();
    m_starting = false;
    m_grace.cancel();
    m_ready = result.has_value();
    for (const auto &waiter : std::exchange(m_startWaiters, {}))
        waiter(result);
    if (!result)
        failWaiting(result.error());
    pump();
}

std::uint64_t RunnerKernel::execute(ExecuteSpec spec, Execution sink)
{
    const std::uint64_t handle = m_nextHandle++;
    m_waiting.push_back({handle, std::move(spec), std::move(sink), false});
    boost::asio::post(m_io, [weak = weak_from_this()] {
        if (const auto self = weak.lock())
            self->pump();
    });
    return handle;
}

void RunnerKernel::pump()
{
    if (m_waiting.empty() || m_current || m_signalsUnderWay > 0 || m_starting)
        return;
    if (!m_ready)
        return start({});
    m_current = std::move(m_waiting.front());
    m_waiting.pop_front();
    m_process->send(m_profile.encode(m_current->spec));
    m_process->resumeReading();
}

void RunnerKernel::received(std::string line)
{
    if (!m_ready) {
        if (isType(line, "ready"))
            started({});
        return;
    }
    if (!m_current)
        return; // a thread that prints between executions has no listener
    const bool last = isType(line, "end_of_execution");
    const auto sink = m_current->cancelled ? Execution() : m_current->sink;
    if (last) {
        m_current.reset();
        m_grace.cancel();
    }
    if (sink.onLine)
        sink.onLine(std::move(line));
    if (last)
        pump();
}

void RunnerKernel::receivedRaw(bool isStderr, std::string bytes)
{
    if (!m_ready && isStderr && m_startErrors.size() < maxStartErrors)
        m_startErrors += bytes.substr(0, maxStartErrors);
    if (!m_ready || !m_current || m_current->cancelled || !m_current->sink.onLine)
        return;
    const auto sink = m_current->sink;
    sink.onLine(dumpJson({{"type", isStderr ? "stderr" : "stdout"},
                          {"text", std::move(bytes)},
                          {"timestamp", formatRfc3339(systemNow(), 6)}}));
}

void RunnerKernel::ended(const std::string &reason)
{
    const auto self = shared_from_this();
    const auto process = std::exchange(m_process, nullptr);
    m_grace.cancel();
    if (m_starting && process && process->birth() == KernelProcess::Birth::Forked) {
        m_forkFailed = true; // whatever its reason was: a program that starts from nothing does not share it
        m_starting = false;
        return start({});
    }
    if (m_starting)
        return started(failure(m_profile.startError(reason, m_startErrors)));
    m_ready = false;
    ++m_generation;
    finishCurrent("UnexpectedEndOfExecution", "the " + m_profile.title + " process ended: " + reason);
    start({}); // variables are gone, the context lives on
}

void RunnerKernel::finishCurrent(const std::string &errorName, const std::string &errorValue)
{
    if (!m_current)
        return;
    const Pending current = std::move(*m_current);
    m_current.reset();
    if (current.cancelled || !current.sink.onLine)
        return;
    current.sink.onLine(dumpJson({{"type", "error"}, {"name", errorName}, {"value", errorValue}, {"traceback", ""}}));
    current.sink.onLine(dumpJson({{"type", "end_of_execution"}}));
}

void RunnerKernel::failWaiting(const Error &error)
{
    for (Pending &pending : std::exchange(m_waiting, {})) {
        m_current = std::move(pending);
        finishCurrent("KernelStartError", error.message);
    }
}

void RunnerKernel::resumeReading()
{
    if (m_process)
        m_process->resumeReading();
}

void RunnerKernel::cancel(std::uint64_t handle)
{
    const auto waiting =
        std::find_if(m_waiting.begin(), m_waiting.end(), [handle](const Pending &p) { return p.handle == handle; });
    if (waiting != m_waiting.end()) {
        m_waiting.erase(waiting);
        return;
    }
    if (!m_current || m_current->handle != handle || m_current->cancelled || !m_process)
        return;
    m_current->cancelled = true;
    m_process->resumeReading(); // its output is dropped from here on
    if (!m_frozen)
        waitForInterrupt(1);
}

void RunnerKernel::setFrozen(bool frozen)
{
    if (std::exchange(m_frozen, frozen) == frozen)
        return;
    if (frozen)
        m_grace.cancel();
    else if (m_starting)
        armForkPatience();
    else if (m_current && m_current->cancelled && m_process)
        waitForInterrupt(1);
}

void RunnerKernel::sendInterrupt()
{
    // Counted: the next execution must not start while a signal for this one is still on its way.
    ++m_signalsUnderWay;
    m_process->signal(SIGINT, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            --self->m_signalsUnderWay;
            self->pump();
        }
    });
}

void RunnerKernel::waitForInterrupt(int attempt)
{
    sendInterrupt();
    m_grace.expires_after(interruptEvery);
    m_grace.async_wait([weak = weak_from_this(), attempt](const boost::system::error_code &error) {
        const auto self = weak.lock();
        if (!self || error || !self->m_current || !self->m_process)
            return;
        if (attempt < interruptAttempts)
            return self->waitForInterrupt(attempt + 1);
        self->m_process->signal(SIGKILL, {}); // ended() starts a new one
    });
}

void RunnerKernel::restart(std::function<void(Result<>)> then)
{
    m_grace.cancel();
    if (const auto process = std::exchange(m_process, nullptr))
        process->abandon();
    m_ready = false;
    m_starting = false;
    finishCurrent("ContextRestarting", "the context was restarted");
    start(std::move(then));
}

} // namespace sandglass::engine
