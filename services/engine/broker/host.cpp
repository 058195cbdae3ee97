#include "services/engine/broker/host.h"

#include "services/core/paths.h"
#include "services/engine/broker/broker.h"
#include "services/engine/broker/forkservers.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace sandglass::engine {
namespace {

constexpr int helloPatienceMs = 30'000; // the first start copies the base layer

tl::unexpected<Error> cannot(const std::string &what)
{
    return failure(Error::Kind::Local, "cannot " + what + ": " + std::strerror(errno), 0, "unavailable");
}

IsolationTier tierFrom(const Json &hello)
{
    IsolationTier tier;
    tier.tier = static_cast<int>(intOr(hello, "tier", 6));
    tier.summary = stringOr(hello, "summary");
    const auto texts = [&hello](const char *key) {
        std::vector<std::string> all;
        for (const Json &text : memberOr(hello, key))
            all.push_back(text.is_string() ? text.get<std::string>() : std::string());
        return all;
    };
    tier.reasons = texts("reasons");
    tier.cures = texts("cures");
    return tier;
}

/// The broker's life. It keeps standard error for its last words and nothing else of the engine's.
[[noreturn]] void runBroker(int socket, int daemon, const std::string &stateDirectory, pid_t engine)
{
    prctl(PR_SET_NAME, "sandglass-broker");
    setsid(); // Ctrl+C is for the engine; the broker leaves when its socket closes
    const int socketCopy = fcntl(socket, F_DUPFD_CLOEXEC, 3);
    const int daemonCopy = fcntl(daemon, F_DUPFD_CLOEXEC, 3);
    dup2(socketCopy, 3);
    dup2(daemonCopy, 4);
    fcntl(3, F_SETFD, FD_CLOEXEC);
    fcntl(4, F_SETFD, FD_CLOEXEC);
    close_range(5, ~0U, 0);
    if (chdir(stateDirectory.c_str()) != 0)
        _exit(1);
    _exit(Broker(UniqueFd(3), UniqueFd(4), engine).run());
}

} // namespace

Result<std::unique_ptr<SandboxHost>> SandboxHost::start(const std::string &stateDirectory, const std::string &daemon)
{
    if (!ensurePrivateDirectory(stateDirectory))
        return cannot("make the state directory " + stateDirectory);
    const UniqueFd program(open(daemon.c_str(), O_RDONLY | O_CLOEXEC));
    if (!program)
        return cannot("open " + daemon);
    UniqueFd ours;
    UniqueFd theirs;
    if (!wire::socketPair(ours, theirs))
        return cannot("make the broker's socket");
    const pid_t engine = getpid();
    const pid_t broker = fork();
    if (broker < 0)
        return cannot("start the broker");
    if (broker == 0)
        runBroker(theirs.get(), program.get(), stateDirectory, engine);
    theirs.reset();

    pollfd waiting{ours.get(), POLLIN, 0};
    wire::Incoming hello;
    if (poll(&waiting, 1, helloPatienceMs) == 1)
        hello = wire::receive(ours.get());
    if (stringOr(hello.body, "event") != "hello") {
        kill(broker, SIGKILL);
        waitpid(broker, nullptr, 0);
        return failure(Error::Kind::Local, "the broker process did not start", 0, "unavailable");
    }
    return std::make_unique<LocalHost>(std::move(ours), broker, tierFrom(hello.body));
}

LocalHost::LocalHost(UniqueFd socket, pid_t broker, IsolationTier tier)
    : m_socket(std::move(socket)), m_broker(broker), m_tier(std::move(tier))
{}

LocalHost::~LocalHost()
{
    m_socket.reset();
    if (m_channel)
        m_channel->close();
    waitpid(m_broker, nullptr, 0); // it ends every sandbox first
    for (auto &[token, weak] : std::exchange(m_sandboxes, {})) {
        if (const auto sandbox = weak.lock())
            sandbox->ended();
    }
}

void LocalHost::attach(boost::asio::io_context &io)
{
    m_io = &io;
    m_channel = std::make_shared<Channel>(io, std::move(m_socket));
    m_channel->start([this](wire::Incoming message) { received(std::move(message)); }, [this] { brokerGone(); });
}

void LocalHost::later(Then then, Error error)
{
    boost::asio::post(*m_io, [then = std::move(then), error = std::move(error)] { then(failure(error)); });
}

void LocalHost::launch(LaunchSpec spec, Then then)
{
    if (!m_tier.canRun())
        return later(std::move(then), {Error::Kind::Local, 0, m_tier.summary, "failed_precondition"});
    const SandboxLimits &limits = spec.limits;
    const std::int64_t token = m_nextToken++;
    Json body = {{"op", "launch"},
                 {"token", token},
                 {"sandbox", spec.sandboxId},
                 {"layers", spec.layers},
                 {"hostname", spec.hostname},
                 {"limits",
                  {{"vcpuCount", limits.vcpuCount},
                   {"memoryMb", limits.memoryMb},
                   {"diskMb", limits.diskMb},
                   {"maxProcesses", limits.maxProcesses},
                   {"maxOpenFiles", limits.maxOpenFiles}}}};
    if (spec.preimport)
        body["preimport"] = *spec.preimport;
    for (const SandboxVolume &volume : spec.volumes)
        body["volumes"].push_back({{"id", volume.id}, {"path", volume.path}});
    const bool sent = m_channel->send(std::move(body));
    if (!sent)
        return later(std::move(then), {Error::Kind::Local, 0, "the sandbox broker is gone", "unavailable"});
    m_launching[token] = {std::move(spec), std::move(then)};
}

void LocalHost::received(wire::Incoming message)
{
    const std::string event = stringOr(message.body, "event");
    const std::int64_t token = intOr(message.body, "token");
    if (event == "launched")
        return launched(token, message.takeFd(0));
    if (event == "refused")
        return refused(token, message.body);
    if (event == "fork-server")
        return forkServerChanged(message.body);
    if (event == "forked" || event == "unforked" || event == "exited")
        return aboutKernel(token, event, std::move(message));
    if (event != "ended")
        return;
    const auto found = m_sandboxes.find(token);
    if (found == m_sandboxes.end())
        return;
    const auto sandbox = found->second.lock();
    m_sandboxes.erase(found);
    if (sandbox)
        sandbox->ended();
}

void LocalHost::launched(std::int64_t token, UniqueFd control)
{
    const auto found = m_launching.find(token);
    if (found == m_launching.end() || !control)
        return;
    Launching launching = std::move(found->second);
    m_launching.erase(found);
    const std::weak_ptr<Channel> channel = m_channel;
    auto sandbox = std::make_shared<LocalSandbox>(*m_io, std::move(control), std::move(launching.spec),
                                                  [channel, token](Json body) {
                                                      const auto open = channel.lock();
                                                      body["token"] = token;
                                                      return open && open->send(std::move(body));
                                                  });
    m_sandboxes[token] = sandbox;
    LocalSandbox *starting = sandbox.get();
    starting->start([sandbox = std::move(sandbox), then = std::move(launching.then)](Result<> ready) {
        if (ready)
            then(std::shared_ptr<Sandbox>(sandbox));
        else
            then(tl::unexpected(ready.error()));
    });
}

void LocalHost::refused(std::int64_t token, const Json &message)
{
    const auto found = m_launching.find(token);
    if (found == m_launching.end())
        return;
    const Then then = std::move(found->second.then);
    m_launching.erase(found);
    then(failure(Error::Kind::Local, stringOr(message, "message"), 0, stringOr(message, "code", "unavailable")));
}

void LocalHost::aboutKernel(std::int64_t token, const std::string &event, wire::Incoming message)
{
    const auto found = m_sandboxes.find(token);
    const auto sandbox = found != m_sandboxes.end() ? found->second.lock() : nullptr;
    if (!sandbox)
        return; // its descriptors close here, which ends the kernel
    if (event == "exited")
        sandbox->kernelExited(message.body);
    else
        sandbox->forkAnswered(std::move(message));
}

void LocalHost::forkServerChanged(const Json &message)
{
    const bool ready = boolOr(message, "ready");
    if (ready)
        m_forkServers.insert(stringOr(message, "key"));
    else
        m_forkServers.erase(stringOr(message, "key"));
    if (m_onForkServer)
        m_onForkServer(ready, stringOr(message, "why"));
}

void LocalHost::prepare(std::vector<std::string> layers, std::vector<std::string> preimport)
{
    if (m_tier.canRun())
        (void)m_channel->send({{"op", "prepare"}, {"layers", std::move(layers)}, {"preimport", std::move(preimport)}});
}

bool LocalHost::canFork(const std::vector<std::string> &layers, const std::vector<std::string> &preimport) const
{
    return m_forkServers.contains(ForkServers::Settings{layers, preimport}.key());
}

void LocalHost::onForkServer(std::function<void(bool, const std::string &)> callback)
{
    m_onForkServer = std::move(callback);
}

void LocalHost::brokerGone()
{
    for (auto &[token, launching] : std::exchange(m_launching, {}))
        launching.then(failure(Error::Kind::Local, "the sandbox broker is gone", 0, "unavailable"));
    for (auto &[token, weak] : std::exchange(m_sandboxes, {})) {
        if (const auto sandbox = weak.lock())
            sandbox->ended();
    }
}

} // namespace sandglass::engine
