#include "tests/services/engine/broker_fixture.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <unistd.h>

namespace sandglass::engine::test {

SpawnSpec shell(const std::string &script)
{
    SpawnSpec spec;
    spec.command = "/bin/bash";
    spec.arguments = {"-c", script};
    spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/home/user"}};
    return spec;
}

std::string daemonPath()
{
    return std::string(qgetenv("SANDGLASS_BIN_DIR").toStdString()) + "/sandglass-sandboxd";
}

std::vector<int> hostProcesses(const std::string &marker)
{
    std::vector<int> found;
    std::error_code ignored;
    for (const auto &entry : std::filesystem::directory_iterator("/proc", ignored)) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos)
            continue;
        std::ifstream file(entry.path() / "cmdline", std::ios::binary);
        std::stringstream text;
        text << file.rdbuf();
        if (text.str().find(marker) != std::string::npos)
            found.push_back(std::stoi(name));
    }
    return found;
}

void sortByAge(std::vector<int> &pids)
{
    std::vector<std::pair<unsigned long long, int>> started;
    for (const int pid : pids) {
        std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
        std::string text, field;
        std::getline(file, text);
        std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 1)));
        unsigned long long ticks = 0;
        for (int i = 3; i < 22; ++i) // proc(5): the state is the third field, the start the 22nd
            rest >> field;
        rest >> ticks;
        started.emplace_back(ticks, pid);
    }
    std::sort(started.begin(), started.end());
    std::transform(started.begin(), started.end(), pids.begin(), [](const auto &each) { return each.second; });
}

bool isOurs(int pid, int ancestor)
{
    ancestor = ancestor > 0 ? ancestor : ::getpid();
    while (pid > 1 && pid != ancestor) {
        std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
        std::string text;
        std::getline(file, text);
        std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 1)));
        std::string state;
        int parent = 0;
        if (!(rest >> state >> parent))
            return false;
        pid = parent;
    }
    return pid == ancestor;
}

ForkServerProcesses forkServerProcesses(int ancestor)
{
    const auto pidNamespace = [](int pid) {
        std::error_code gone;
        return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/pid", gone).string();
    };
    std::vector<int> all = hostProcesses("fork_server.py");
    std::erase_if(all, [ancestor](int pid) { return !isOurs(pid, ancestor); });
    sortByAge(all);
    ForkServerProcesses found;
    for (const int pid : all)
        (pidNamespace(pid) == pidNamespace(all.front()) ? found.servers : found.kernels).push_back(pid);
    return found;
}

std::string textOf(const std::vector<Json> &lines, const char *type)
{
    std::string text;
    for (const Json &line : lines) {
        if (stringOr(line, "type") == type)
            text += stringOr(line, "text");
    }
    return text;
}

const Json *lineOf(const std::vector<Json> &lines, const char *type)
{
    for (const Json &line : lines) {
        if (stringOr(line, "type") == type)
            return &line;
    }
    return nullptr;
}

QString Fixture::start()
{
    auto host = SandboxHost::start(stateDirectory(), daemonPath());
    if (!host)
        return QString::fromStdString(host.error().message);
    if (!(*host)->tier().canRun()) {
        QString why = QString::fromStdString((*host)->tier().summary);
        for (const std::string &reason : (*host)->tier().reasons)
            why += QStringLiteral("; ") + QString::fromStdString(reason);
        return why;
    }
    m_host = std::move(*host);
    m_host->attach(m_io);
    return {};
}

bool Fixture::useForkServer(std::vector<std::string> preimport)
{
    m_host->prepare({"base"}, preimport);
    m_preimport = preimport;
    return waitFor([&] { return m_host->canFork({"base"}, preimport); }, std::chrono::seconds(60));
}

bool Fixture::waitFor(const std::function<bool()> &done, std::chrono::seconds patience)
{
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!done()) {
        if (std::chrono::steady_clock::now() > deadline)
            return false;
        m_io.restart();
        m_io.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
}

Result<std::shared_ptr<Sandbox>> Fixture::tryLaunch(LaunchSpec spec)
{
    return wait<std::shared_ptr<Sandbox>>([&](auto then) { m_host->launch(std::move(spec), std::move(then)); });
}

std::shared_ptr<Sandbox> Fixture::launch(SandboxLimits limits)
{
    LaunchSpec spec;
    spec.sandboxId = "sandbox" + std::to_string(++m_launched);
    spec.layers = {"base"};
    spec.limits = limits;
    spec.preimport = m_preimport;
    auto sandbox = tryLaunch(std::move(spec));
    if (!sandbox)
        qWarning("launch: %s", sandbox.error().message.c_str());
    return sandbox.value_or(nullptr);
}

void Fixture::kill(std::shared_ptr<Sandbox> &sandbox)
{
    bool gone = false;
    sandbox->kill([&gone] { gone = true; });
    sandbox.reset();
    waitFor([&gone] { return gone; });
}

Result<SpawnedProcess> Fixture::spawn(Sandbox &sandbox, SpawnSpec spec)
{
    return wait<SpawnedProcess>([&](auto then) { sandbox.spawn(std::move(spec), std::move(then)); });
}

std::string Fixture::readUntil(int fd, const std::string &until, std::chrono::seconds patience)
{
    std::string text;
    waitFor(
        [&] {
            std::vector<char> buffer(64U << 10);
            const ssize_t n = ::read(fd, buffer.data(), buffer.size());
            if (n > 0)
                text.append(buffer.data(), static_cast<std::size_t>(n));
            const bool ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
            return ended || (!until.empty() && text.find(until) != std::string::npos);
        },
        patience);
    return text;
}

CommandResult Fixture::run(Sandbox &sandbox, const std::string &script, std::chrono::seconds patience)
{
    CommandResult result;
    auto ended = std::make_shared<std::map<int, ExitStatus>>();
    sandbox.onExit([ended](int pid, ExitStatus status) { (*ended)[pid] = std::move(status); });
    auto process = spawn(sandbox, shell(script));
    if (!process) {
        result.err = process.error().message;
        result.status = {true, -1, process.error().code};
        return result;
    }
    result.pid = process->pid;
    result.out = readUntil(process->stdoutFd.get(), {}, patience);
    result.err = readUntil(process->stderrFd.get(), {}, patience);
    if (waitFor([&] { return ended->contains(result.pid); }, patience))
        result.status = ended->at(result.pid);
    else
        result.status = {true, -2, "did not end"};
    return result;
}

CommandResult Fixture::python(Sandbox &sandbox, const std::string &code)
{
    return run(sandbox, "exec /usr/bin/python3 - <<'PYTHON_END'\n" + code + "\nPYTHON_END\n");
}

std::shared_ptr<Kernel> Fixture::kernel(const std::shared_ptr<Sandbox> &sandbox, const std::string &directory,
                                        std::map<std::string, std::string> environment)
{
    std::shared_ptr<Kernel> starting;
    auto kernel = wait<std::shared_ptr<Kernel>>([&](auto then) {
        starting = startKernel(sandbox, m_io, "python", directory, std::move(environment), std::move(then));
    });
    if (!kernel)
        qWarning("kernel: %s", kernel.error().message.c_str());
    return kernel.value_or(nullptr);
}

std::vector<Json> Fixture::execute(Kernel &kernel, const std::string &code,
                                   std::map<std::string, std::string> environment, std::chrono::seconds patience)
{
    struct Collected
    {
        std::vector<Json> lines;
        bool ended = false;
    };
    auto collected = std::make_shared<Collected>();
    Kernel::Execution sink;
    sink.onLine = [collected](std::string line) {
        collected->lines.push_back(Json::parse(line, nullptr, false));
        collected->ended = stringOr(collected->lines.back(), "type") == "end_of_execution";
    };
    kernel.execute({code, std::move(environment)}, std::move(sink));
    if (!waitFor([collected] { return collected->ended; }, patience))
        return {};
    return collected->lines;
}

} // namespace sandglass::engine::test
