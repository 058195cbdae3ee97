#include "services/engine/broker/localsandbox.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <utility>

namespace sandglass::engine {
namespace {

constexpr const char *endedText = "the sandbox ended unexpectedly";

Error goneError()
{
    return {Error::Kind::Service, 0, "the sandbox is gone", "unavailable"};
}

SpawnedProcess processFrom(wire::Incoming answer)
{
    SpawnedProcess process;
    process.pid = static_cast<int>(intOr(answer.body, "pid"));
    std::size_t index = 0;
    for (const Json &name : memberOr(answer.body, "fds")) {
        UniqueFd fd = answer.takeFd(index++);
        if (name == "stdin")
            process.stdinFd = std::move(fd);
        else if (name == "stdout")
            process.stdoutFd = std::move(fd);
        else if (name == "stderr")
            process.stderrFd = std::move(fd);
        else if (name == "pty")
            process.ptyFd = std::move(fd);
        else if (name == "channel")
            process.channelFd = std::move(fd);
    }
    return process;
}

} // namespace

FileEntry fileEntryFrom(const Json &json)
{
    FileEntry entry;
    entry.name = stringOr(json, "name");
    entry.path = stringOr(json, "path");
    const std::string type = stringOr(json, "type");
    entry.type = type == "file" ? FileEntry::Type::File
        : type == "directory"   ? FileEntry::Type::Directory
        : type == "symlink"     ? FileEntry::Type::Symlink
                                : FileEntry::Type::Unknown;
    entry.size = intOr(json, "size");
    entry.mode = static_cast<std::uint32_t>(intOr(json, "mode"));
    entry.permissions = stringOr(json, "permissions");
    entry.owner = stringOr(json, "owner");
    entry.group = stringOr(json, "group");
    entry.modifiedUnixNs = intOr(json, "mtime");
    if (json.is_object() && json.contains("target"))
        entry.symlinkTarget = stringOr(json, "target");
    for (const auto &[key, value] : memberOr(json, "metadata").items()) {
        if (value.is_string())
            entry.metadata[key] = value.get<std::string>();
    }
    return entry;
}

LocalSandbox::LocalSandbox(boost::asio::io_context &io, UniqueFd control, LaunchSpec spec,
                           std::function<bool(Json)> tellBroker)
    : m_io(io)
    , m_channel(std::make_shared<Channel>(io, std::move(control)))
    , m_spec(std::move(spec))
    , m_tellBroker(std::move(tellBroker))
{}

LocalSandbox::~LocalSandbox()
{
    if (!m_ended)
        requestKill();
    m_channel->close();
    for (auto &[number, then] : m_forks)
        boost::asio::post(m_io, [then = std::move(then)] { then(failure(goneError())); });
    for (auto &[number, answer] : m_answers)
        boost::asio::post(m_io, [answer = std::move(answer)] { answer(failure(goneError())); });
}

void LocalSandbox::start(std::function<void(Result<>)> ready)
{
    m_ready = std::move(ready);
    m_channel->start(
        [weak = weak_from_this()](wire::Incoming message) {
            if (const auto self = weak.lock())
                self->received(std::move(message));
        },
        [weak = weak_from_this()] {
            // The daemon closed the socket but may still live: make sure that it does not.
            if (const auto self = weak.lock(); self && !self->m_ended)
                self->requestKill();
        });
}

void LocalSandbox::received(wire::Incoming message)
{
    const std::string event = stringOr(message.body, "event");
    if (event == "ready" && m_ready)
        return std::exchange(m_ready, nullptr)({});
    if (event == "failed" && m_ready)
        return std::exchange(m_ready, nullptr)(
            failure(Error::Kind::Local, stringOr(message.body, "step") + ": " + stringOr(message.body, "error"), 0,
                    "unavailable"));
    if (event == "layer" && m_ready && !m_writableLayer) {
        m_writableLayer = message.takeFd(0);
        return;
    }
    if (event == "exit")
        return processEnded(message.body);
    const auto found = m_answers.find(intOr(message.body, "n"));
    if (found == m_answers.end())
        return;
    const Answer answer = std::move(found->second);
    m_answers.erase(found);
    const Json &error = memberOr(message.body, "error");
    if (error.is_object())
        return answer(
            failure(Error::Kind::Service, stringOr(error, "message"), 0, stringOr(error, "code", "internal")));
    Json ok = memberOr(message.body, "ok");
    message.body = std::move(ok);
    answer(std::move(message));
}

void LocalSandbox::processEnded(const Json &event)
{
    const int pid = static_cast<int>(intOr(event, "pid"));
    m_ptys.erase(pid);
    const ExitStatus status{boolOr(event, "exited"), static_cast<int>(intOr(event, "code")), stringOr(event, "reason")};
    const auto listeners = m_exitListeners; // a listener may add another
    for (const auto &listener : listeners)
        listener(pid, status);
}

void LocalSandbox::ended()
{
    const auto self = shared_from_this(); // a callback may drop the last owner
    m_ended = true;
    m_channel->takeRest(); // its last words, such as why it could not start; the broker's may come first
    m_writableLayer.reset();
    closeAll();
    if (!m_killRequested) {
        for (const auto &listener : std::exchange(m_goneListeners, {}))
            listener(endedText);
    }
    for (const auto &waiter : std::exchange(m_killWaiters, {}))
        waiter();
    m_exitListeners.clear();
}

void LocalSandbox::closeAll()
{
    m_channel->close();
    m_ptys.clear();
    if (m_ready)
        std::exchange(m_ready,
                      nullptr)(failure(Error::Kind::Local, "the sandbox ended while starting", 0, "unavailable"));
    for (auto &[number, answer] : std::exchange(m_answers, {}))
        answer(failure(goneError()));
    for (auto &[number, then] : std::exchange(m_forks, {}))
        then(failure(goneError()));
}

void LocalSandbox::kill(std::function<void()> then)
{
    if (m_ended) {
        boost::asio::post(m_io, std::move(then));
        return;
    }
    // Holds the sandbox until ended(), whoever else lets go of it.
    m_killWaiters.push_back([self = shared_from_this(), then = std::move(then)] { then(); });
    if (!std::exchange(m_killRequested, true))
        requestKill();
}

void LocalSandbox::request(Json body, Answer answer)
{
    const std::int64_t number = m_nextRequest++;
    body["n"] = number;
    if (m_ended || m_killRequested || !m_channel->send(std::move(body))) {
        boost::asio::post(m_io, [answer = std::move(answer)] { answer(failure(goneError())); });
        return;
    }
    m_answers[number] = std::move(answer);
}

void LocalSandbox::requestVoid(Json body, Then<void> then)
{
    request(std::move(body), [then = std::move(then)](Result<wire::Incoming> answer) {
        if (answer)
            then({});
        else
            then(tl::unexpected(answer.error()));
    });
}

void LocalSandbox::requestFd(Json body, Then<UniqueFd> then)
{
    request(std::move(body), [then = std::move(then)](Result<wire::Incoming> answer) {
        if (!answer)
            return then(tl::unexpected(answer.error()));
        UniqueFd fd = answer->takeFd(0);
        if (!fd)
            return then(failure(Error::Kind::Decode, "the sandbox sent no descriptor", 0, "internal"));
        then(std::move(fd));
    });
}

void LocalSandbox::requestEntry(Json body, Then<FileEntry> then)
{
    request(std::move(body), [then = std::move(then)](Result<wire::Incoming> answer) {
        if (answer)
            then(fileEntryFrom(answer->body));
        else
            then(tl::unexpected(answer.error()));
    });
}

void LocalSandbox::spawn(SpawnSpec spec, Then<SpawnedProcess> then)
{
    Json body = {{"op", "spawn"},
                 {"command", spec.command},
                 {"arguments", spec.arguments},
                 {"environment", Json::object()},
                 {"directory", spec.workingDirectory},
                 {"user", spec.user},
                 {"stdin", spec.wantStdin},
                 {"channel", spec.wantChannel}};
    for (const auto &[name, value] : spec.environment)
        body["environment"][name] = value;
    if (spec.pty)
        body["pty"] = {{"columns", spec.pty->columns}, {"rows", spec.pty->rows}};
    request(std::move(body), [this, then = std::move(then)](Result<wire::Incoming> answer) {
        if (!answer)
            return then(tl::unexpected(answer.error()));
        SpawnedProcess process = processFrom(std::move(*answer));
        if (process.ptyFd)
            m_ptys[process.pid] =
                std::make_shared<Terminal>(m_io, UniqueFd(fcntl(process.ptyFd.get(), F_DUPFD_CLOEXEC, 0)));
        then(std::move(process));
    });
}

void LocalSandbox::forkPython(Then<SpawnedProcess> then)
{
    const std::int64_t number = m_nextRequest++;
    if (!m_spec.preimport || m_ended || m_killRequested || !m_tellBroker({{"op", "fork"}, {"request", number}})) {
        const Error error{Error::Kind::Local, 0, "there is no fork-server for this sandbox", "unavailable"};
        boost::asio::post(m_io, [then = std::move(then), error] { then(failure(error)); });
        return;
    }
    m_forks[number] = std::move(then);
}

void LocalSandbox::forkAnswered(wire::Incoming message)
{
    const auto found = m_forks.find(intOr(message.body, "request"));
    if (found == m_forks.end())
        return;
    const Then<SpawnedProcess> then = std::move(found->second);
    m_forks.erase(found);
    if (stringOr(message.body, "event") != "forked")
        return then(failure(Error::Kind::Local, stringOr(message.body, "message"), 0, "unavailable"));
    SpawnedProcess process;
    process.pid = static_cast<int>(intOr(message.body, "pid"));
    process.stdoutFd = message.takeFd(0);
    process.stderrFd = message.takeFd(1);
    process.channelFd = message.takeFd(2);
    // Before any signal that `then` may send. The daemon did not start this process, but counts and signals it.
    requestVoid({{"op", "adopt"}, {"pid", process.pid}}, [](const Result<> &) {});
    then(std::move(process));
}

void LocalSandbox::kernelExited(const Json &event)
{
    // The daemon knows whether its watchdog was the cause.
    request({{"op", "departed"},
             {"pid", intOr(event, "pid")},
             {"status", intOr(event, "status")},
             {"cpuMs", intOr(event, "cpuMs")}},
            [this](const Result<wire::Incoming> &answer) {
                if (answer) // else the sandbox has ended, which its kernels hear by themselves
                    processEnded(answer->body);
            });
}

void LocalSandbox::signal(int pid, int signalNumber, Then<void> then)
{
    requestVoid({{"op", "signal"}, {"pid", pid}, {"signal", signalNumber}}, std::move(then));
}

void LocalSandbox::resizePty(int pid, SpawnSpec::PtySize size, Then<void> then)
{
    if (const auto found = m_ptys.find(pid); found != m_ptys.end())
        return found->second->resize(size, std::move(then));
    boost::asio::post(m_io, [then = std::move(then), pid] {
        then(failure(Error::Kind::Service, "process with pid " + std::to_string(pid) + " has no terminal", 0,
                     "not_found"));
    });
}

void LocalSandbox::onExit(std::function<void(int, ExitStatus)> callback)
{
    m_exitListeners.push_back(std::move(callback));
}

void LocalSandbox::onGone(std::function<void(std::string)> callback)
{
    if (m_ended && !m_killRequested) { // between its launch and whoever adds a listener
        boost::asio::post(m_io, [callback = std::move(callback)] { callback(endedText); });
        return;
    }
    m_goneListeners.push_back(std::move(callback));
}

void LocalSandbox::openFile(std::string path, std::string user, bool forWriting, Then<UniqueFd> then)
{
    requestFd({{"op", "open"}, {"path", path}, {"user", user}, {"write", forWriting}}, std::move(then));
}

void LocalSandbox::stat(std::string path, std::string user, Then<FileEntry> then)
{
    requestEntry({{"op", "stat"}, {"path", path}, {"user", user}}, std::move(then));
}

void LocalSandbox::listDirectory(std::string path, std::string user, int depth, Then<std::vector<FileEntry>> then)
{
    request({{"op", "list"}, {"path", path}, {"user", user}, {"depth", depth}},
            [then = std::move(then)](Result<wire::Incoming> answer) {
                if (!answer)
                    return then(tl::unexpected(answer.error()));
                std::vector<FileEntry> entries;
                for (const Json &entry : answer->body)
                    entries.push_back(fileEntryFrom(entry));
                then(std::move(entries));
            });
}

void LocalSandbox::makeDirectory(std::string path, std::string user, Then<FileEntry> then)
{
    requestEntry({{"op", "mkdir"}, {"path", path}, {"user", user}}, std::move(then));
}

void LocalSandbox::move(std::string source, std::string destination, std::string user, Then<FileEntry> then)
{
    requestEntry({{"op", "move"}, {"path", source}, {"destination", destination}, {"user", user}}, std::move(then));
}

void LocalSandbox::remove(std::string path, std::string user, Then<void> then)
{
    requestVoid({{"op", "remove"}, {"path", path}, {"user", user}}, std::move(then));
}

void LocalSandbox::watchDirectory(WatchSpec spec, Then<UniqueFd> then)
{
    requestFd({{"op", "watch"},
               {"path", spec.path},
               {"user", spec.user},
               {"recursive", spec.recursive},
               {"entries", spec.withEntries}},
              std::move(then));
}

void LocalSandbox::writableLayer(Then<UniqueFd> then)
{
    UniqueFd copy(m_writableLayer ? fcntl(m_writableLayer.get(), F_DUPFD_CLOEXEC, 0) : -1);
    auto answer = copy ? Result<UniqueFd>(std::move(copy))
        : m_ended      ? failure(goneError())
                  : failure(Error::Kind::Local, "this machine's isolation has no writable layer", 0, "unimplemented");
    boost::asio::post(m_io, [then = std::move(then), shared = std::make_shared<decltype(answer)>(std::move(answer))] {
        then(std::move(*shared));
    });
}

void LocalSandbox::pause(Then<void> then)
{
    requestVoid({{"op", "pause"}}, std::move(then));
}

void LocalSandbox::resume(Then<void> then)
{
    requestVoid({{"op", "resume"}}, std::move(then));
}

void LocalSandbox::connectPort(std::uint16_t port, Then<UniqueFd> then)
{
    requestFd({{"op", "connect"}, {"port", port}}, std::move(then));
}

void LocalSandbox::listenPort(std::uint16_t port, Then<UniqueFd> then)
{
    requestFd({{"op", "listen"}, {"port", port}}, std::move(then));
}

void LocalSandbox::usage(Then<ResourceUsage> then)
{
    request({{"op", "usage"}}, [this, then = std::move(then)](Result<wire::Incoming> answer) {
        if (answer)
            then(usageFrom(answer->body));
        else
            then(tl::unexpected(answer.error()));
    });
}

ResourceUsage LocalSandbox::usageFrom(const Json &sample)
{
    ResourceUsage usage;
    const auto now = std::chrono::steady_clock::now();
    const double elapsedMs = std::chrono::duration<double, std::milli>(now - m_lastUsage).count();
    const std::int64_t cpuMs = intOr(sample, "cpuMs");
    const auto spent = static_cast<double>(std::max<std::int64_t>(0, cpuMs - m_lastCpuMs));
    if (elapsedMs > 0)
        usage.cpuUsedPercent = std::min(100.0, 100.0 * spent / elapsedMs / std::max(1, m_spec.limits.vcpuCount));
    m_lastCpuMs = cpuMs;
    m_lastUsage = now;
    usage.memoryUsed = intOr(sample, "memory");
    usage.memoryTotal = std::int64_t{m_spec.limits.memoryMb} << 20;
    usage.diskUsed = intOr(sample, "diskUsed");
    usage.diskTotal = std::min(intOr(sample, "diskTotal"), std::int64_t{m_spec.limits.diskMb} << 20);
    usage.processes = static_cast<int>(intOr(sample, "processes"));
    return usage;
}

} // namespace sandglass::engine
