#include "services/engine/images/hostprogram.h"

#include "services/core/pipe.h"
#include "services/core/uniquefd.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace sandglass::engine {

namespace {

constexpr int kLookMs = 100; ///< how often it is asked whether to go on
constexpr std::chrono::seconds kGrace{5};
constexpr std::size_t kPiece = 256U << 10;
constexpr std::size_t kMostLine = 2000;

tl::unexpected<Error> cannot(const HostProgram &program)
{
    return failure(Error::Kind::Local, "cannot run " + program.path + ": " + std::strerror(errno));
}

bool makeOutput(UniqueFd &ours, UniqueFd &theirs)
{
    return makePipe(ours, theirs) && fcntl(ours.get(), F_SETFL, O_NONBLOCK) == 0;
}

/// After fork() in a process with threads: system calls only.
[[noreturn]] void become(char **arguments, int nothing, int output, int errors)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setsid();
    dup2(nothing, 0);
    dup2(output, 1);
    dup2(errors, 2);
    close_range(3, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD})
        ::signal(number, SIG_DFL);
    execve(arguments[0], arguments, environ);
    _exit(127);
}

class Run
{
public:
    Run(const HostProgram &program, const std::atomic<bool> &isCancelled)
        : m_program(program), m_isCancelled(isCancelled)
    {}

    Result<int> toItsEnd();

private:
    bool start();
    void read(UniqueFd &from, bool isErrors);
    void lines(std::string_view bytes);
    void stop();

    const HostProgram &m_program;
    const std::atomic<bool> &m_isCancelled;
    UniqueFd m_output, m_errors, m_ended;
    pid_t m_pid = -1;
    std::string m_line;
    bool m_isOver = false; ///< a carriage return came last
    std::vector<char> m_buffer = std::vector<char>(kPiece);
    bool m_isStopped = false;
    std::chrono::steady_clock::time_point m_killAt;
};

bool Run::start()
{
    UniqueFd output, errors;
    const UniqueFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nothing || !makeOutput(m_output, output) || !makeOutput(m_errors, errors))
        return false;
    std::vector<std::string> texts{m_program.path};
    texts.insert(texts.end(), m_program.arguments.begin(), m_program.arguments.end());
    std::vector<char *> arguments;
    for (std::string &text : texts)
        arguments.push_back(text.data());
    arguments.push_back(nullptr);
    m_pid = fork();
    if (m_pid == 0)
        become(arguments.data(), nothing.get(), output.get(), errors.get());
    if (m_pid > 0)
        m_ended.reset(static_cast<int>(syscall(SYS_pidfd_open, m_pid, 0)));
    return m_pid > 0;
}

void Run::stop()
{
    const auto now = std::chrono::steady_clock::now();
    if (!std::exchange(m_isStopped, true)) {
        m_killAt = now + kGrace;
        ::kill(-m_pid, SIGTERM);
    } else if (now >= m_killAt) {
        ::kill(-m_pid, SIGKILL);
    }
}

void Run::lines(std::string_view bytes)
{
    for (const char c : bytes) {
        if (c != '\n' && std::exchange(m_isOver, c == '\r')) // what follows is written over it
            m_line.clear();
        if (c != '\n') {
            m_line += c != '\r' && m_line.size() < kMostLine ? std::string(1, c) : std::string();
        } else if (std::string line = std::exchange(m_line, {}); !line.empty() && m_program.onLine) {
            m_program.onLine(std::move(line));
        }
    }
}

void Run::read(UniqueFd &from, bool isErrors)
{
    const ssize_t count = ::read(from.get(), m_buffer.data(), m_buffer.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0)
        return from.reset();
    const std::string_view bytes(m_buffer.data(), static_cast<std::size_t>(count));
    if (isErrors)
        lines(bytes);
    else if (!m_isStopped && m_program.onOutput && !m_program.onOutput(bytes))
        stop();
}

Result<int> Run::toItsEnd()
{
    if (!start())
        return cannot(m_program);
    bool hasEnded = !m_ended;
    while (m_output || m_errors || !hasEnded) {
        std::array<pollfd, 3> waiting{
            {{m_output.get(), POLLIN, 0}, {m_errors.get(), POLLIN, 0}, {hasEnded ? -1 : m_ended.get(), POLLIN, 0}}};
        // What it has left in the background may keep the pipes open for ever.
        const int count = poll(waiting.data(), waiting.size(), hasEnded ? 0 : kLookMs);
        if (m_isCancelled || m_isStopped)
            stop();
        if (hasEnded && count <= 0)
            break;
        if (waiting[0].revents != 0)
            read(m_output, false);
        if (waiting[1].revents != 0)
            read(m_errors, true);
        if (waiting[2].revents != 0)
            hasEnded = true;
    }
    lines("\n");
    ::kill(-m_pid, SIGKILL);
    int status = 0;
    while (waitpid(m_pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

std::optional<std::string> findHostProgram(const std::string &name)
{
    const char *path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
    while (!rest.empty()) {
        const std::string_view folder = rest.substr(0, rest.find(':'));
        rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
        std::string program = std::string(folder) + "/" + name;
        if (folder.starts_with('/') && access(program.c_str(), X_OK) == 0)
            return program;
    }
    return std::nullopt;
}

Result<int> runHostProgram(const HostProgram &program, const std::atomic<bool> &isCancelled)
{
    return Run(program, isCancelled).toItsEnd();
}

} // namespace sandglass::engine
