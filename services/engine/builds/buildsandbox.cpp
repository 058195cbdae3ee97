#include "services/engine/builds/buildsandbox.h"

#include "services/core/ids.h"
#include "services/engine/api/await.h"
#include "services/engine/api/sandboxnetwork.h"

#include <boost/asio/io_context.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sandglass::engine {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMostLine = 8U << 10;

Error gone()
{
    return {Error::Kind::Service, 0, "the sandbox of the build has ended", "unavailable"};
}

Result<> copyFile(const std::string &source, const UniqueFd &to)
{
    const UniqueFd from(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
    std::string piece(1U << 20, '\0');
    for (;;) {
        const ssize_t count = from ? ::read(from.get(), piece.data(), piece.size()) : -1;
        if (count == 0)
            return {};
        if (count < 0 && from && errno == EINTR)
            continue;
        if (count < 0)
            return failure(Error::Kind::Local,
                           "cannot read the uploaded archive: " + std::string(std::strerror(errno)));
        for (ssize_t done = 0; done < count;) {
            const ssize_t written = ::write(to.get(), piece.data() + done, static_cast<std::size_t>(count - done));
            if (written < 0 && errno != EINTR)
                return failure(Error::Kind::Local,
                               "cannot write into the sandbox: " + std::string(std::strerror(errno)));
            done += std::max<ssize_t>(written, 0);
        }
    }
}

} // namespace

/// Cuts a process's output into lines and tells how it ends.
class BuildSandbox::Reader final : public RunningProcess::Listener
{
public:
    Reader(OnLines onLines, std::function<void(Result<Ended>)> onEnd)
        : m_onLines(std::move(onLines)), m_onEnd(std::move(onEnd))
    {}

    void data(Output kind, std::string_view bytes) override
    {
        std::string &rest = kind == Output::Stderr ? m_errors : m_text;
        std::vector<Line> lines;
        while (!bytes.empty()) {
            const auto end = bytes.find('\n');
            rest.append(bytes.substr(0, end));
            bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
            if (end != bytes.npos || rest.size() > kMostLine)
                lines.push_back({kind, lastState(std::exchange(rest, {}))});
        }
        if (!lines.empty())
            m_onLines(std::move(lines));
    }
    void end(const ExitStatus &status) override
    {
        for (const Output kind : {Output::Stdout, Output::Stderr}) {
            std::string &rest = kind == Output::Stderr ? m_errors : m_text;
            if (!rest.empty())
                m_onLines({{kind, lastState(std::exchange(rest, {}))}});
        }
        finish(Ended{status.exited ? status.code : 128 + status.code, status.reason});
    }
    void fail(const Error &error) override { finish(failure(error)); }
    [[nodiscard]] bool isFull() override { return false; }

private:
    /// Of a line that was written over with carriage returns, what was to be seen last.
    static std::string lastState(std::string line)
    {
        while (line.ends_with('\r'))
            line.pop_back();
        const auto last = line.rfind('\r');
        return last == line.npos ? line : line.substr(last + 1);
    }
    void finish(Result<Ended> result)
    {
        if (const auto told = std::exchange(m_onEnd, nullptr))
            told(std::move(result));
    }

    OnLines m_onLines;
    std::function<void(Result<Ended>)> m_onEnd;
    std::string m_text, m_errors;
};

BuildSandbox::BuildSandbox(asio::io_context &io, http::IoThread &worker, std::shared_ptr<Sandbox> sandbox)
    : m_io(io), m_worker(worker), m_sandbox(std::move(sandbox))
{
    Environment environment = proxyEnvironment();
    // The base has the Python and Node.js of the machine: packages go beside them.
    environment["PIP_BREAK_SYSTEM_PACKAGES"] = "1";
    environment["NPM_CONFIG_PREFIX"] = "/usr/local";
    environment["NODE_EXTRA_CA_CERTS"] = "/etc/ssl/certs/ca-certificates.crt"; // as all other programs have it
    if (m_sandbox->hasOwnSystem())
        environment["PIP_CERT"] = environment["NODE_EXTRA_CA_CERTS"]; // else pip trusts a list of its own
    m_processes =
        std::make_shared<ProcessTable>(m_io, m_sandbox, std::move(environment), std::make_shared<SandboxLog>());
    m_sandbox->onExit([table = std::weak_ptr(m_processes)](int pid, const ExitStatus &status) {
        if (const auto processes = table.lock())
            processes->exited(pid, status);
    });
    m_sandbox->onGone([table = std::weak_ptr(m_processes)](const std::string &) {
        if (const auto processes = table.lock())
            processes->failAll(gone());
    });
}

BuildSandbox::~BuildSandbox()
{
    kill();
}

void BuildSandbox::kill()
{
    if (!m_sandbox)
        return;
    m_egress.reset();
    m_processes->failAll(gone());
    const auto sandbox = m_sandbox;
    sandbox->kill([sandbox] {});
}

asio::awaitable<Result<std::shared_ptr<BuildSandbox>>> BuildSandbox::launch(asio::io_context &io,
                                                                            http::IoThread &worker, SandboxHost &host,
                                                                            std::vector<std::string> layers,
                                                                            SandboxLimits limits)
{
    LaunchSpec spec;
    spec.sandboxId = newSandboxId();
    spec.layers = std::move(layers);
    spec.limits = limits;
    using Launched = std::shared_ptr<Sandbox>;
    auto launched = co_await answerOf<Launched>([&](auto then) { host.launch(std::move(spec), std::move(then)); });
    if (!launched)
        co_return failure(launched.error());
    const std::shared_ptr<BuildSandbox> made(new BuildSandbox(io, worker, std::move(*launched)));
    if (const Result<> open = co_await made->openWayOut(); !open)
        co_return failure(open.error());
    co_return made;
}

asio::awaitable<Result<>> BuildSandbox::openWayOut()
{
    auto listening =
        co_await answerOf<UniqueFd>([this](auto then) { m_sandbox->listenPort(kEgressPort, std::move(then)); });
    if (!listening)
        co_return failure(listening.error());
    EgressRules rules;
    rules.internet = true;
    m_egress = std::make_unique<EgressProxy>(m_io, std::move(*listening), std::move(rules),
                                             [](const std::string &, const std::string &) {});
    co_return Result<>();
}

void BuildSandbox::start(Command command, std::shared_ptr<Reader> reader, std::function<void(Result<>)> then)
{
    ProcessStart wish;
    wish.command = "/bin/bash";
    wish.arguments = {"-l", "-c", std::move(command.text)};
    wish.environment = std::move(command.environment);
    wish.workingDirectory = std::move(command.directory);
    wish.wantStdin = false;
    wish.user = std::move(command.account);
    wish.config = {{"cmd", wish.command}};
    m_processes->start(std::move(wish), [reader = std::move(reader), then = std::move(then)](const auto &started) {
        if (!started)
            return then(failure(started.error()));
        (*started)->add(reader);
        (*started)->abandonOutputAtExit(); // what it left in the background does not hold the step up
        then({});
    });
}

asio::awaitable<Result<BuildSandbox::Ended>> BuildSandbox::run(Command command, OnLines onLines)
{
    const auto self = shared_from_this();
    co_return co_await answerOf<Ended>([&](std::function<void(Result<Ended>)> then) {
        const auto reader = std::make_shared<Reader>(std::move(onLines), then);
        start(std::move(command), reader, [then](const Result<> &started) {
            if (!started)
                then(failure(started.error()));
        });
    });
}

asio::awaitable<Result<>> BuildSandbox::begin(Command command, OnLines onLines, std::function<void(Ended)> onEnd)
{
    const auto self = shared_from_this();
    co_return co_await answerOf<void>([&](std::function<void(Result<>)> then) {
        const auto reader = std::make_shared<Reader>(std::move(onLines), [onEnd](const Result<Ended> &ended) {
            if (ended)
                onEnd(*ended);
        });
        start(std::move(command), reader, std::move(then));
    });
}

asio::awaitable<Result<>> BuildSandbox::put(std::string source, std::string target)
{
    const auto self = shared_from_this();
    auto opened = co_await answerOf<UniqueFd>(
        [&](auto then) { m_sandbox->openFile(target, kDefaultUser, true, std::move(then)); });
    if (!opened)
        co_return failure(opened.error());
    const auto to = std::make_shared<UniqueFd>(std::move(*opened));
    co_return co_await answerOf<void>([&](std::function<void(Result<>)> then) {
        m_worker.post([source, to, then = std::move(then)] { then(copyFile(source, *to)); });
    });
}

asio::awaitable<Result<bool>> BuildSandbox::isDirectory(std::string path)
{
    const auto self = shared_from_this();
    const auto entry =
        co_await answerOf<FileEntry>([&](auto then) { m_sandbox->stat(path, kDefaultUser, std::move(then)); });
    if (entry)
        co_return entry->type == FileEntry::Type::Directory;
    if (entry.error().code == "not_found")
        co_return false;
    co_return failure(entry.error());
}

asio::awaitable<Result<LayerSize>> BuildSandbox::save(std::string path, LayerLimits limits,
                                                      std::shared_ptr<std::atomic<bool>> isCancelled)
{
    const auto self = shared_from_this();
    const Result<> stopped = co_await answerOf<void>([this](auto then) { m_sandbox->pause(std::move(then)); });
    if (!stopped)
        co_return failure(stopped.error());
    auto upper = co_await answerOf<UniqueFd>([this](auto then) { m_sandbox->writableLayer(std::move(then)); });
    if (!upper)
        co_return failure(upper.error());
    const auto from = std::make_shared<UniqueFd>(std::move(*upper));
    co_return co_await answerOf<LayerSize>([&](std::function<void(Result<LayerSize>)> then) {
        m_worker.post([from, path, limits, isCancelled, then = std::move(then)] {
            auto size = copyLayer(from->get(), path, limits, *isCancelled);
            from->reset(); // it holds the sandbox's memory
            then(std::move(size));
        });
    });
}

} // namespace sandglass::engine
