#pragma once

#include "services/core/json.h"
#include "services/engine/broker/sandbox.h"
#include "services/engine/kernels/kernel.h"

#include <QTemporaryDir>
#include <QTest>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Real sandboxes for tests: one broker per test program, the loop turned by the waiting test itself.
namespace sandglass::engine::test {

struct CommandResult
{
    std::string out, err;
    ExitStatus status;
    int pid = 0;
};

class Fixture final
{
public:
    /// Empty when sandboxes can run here; else why not. Set `CI` in the environment to make that a failure.
    QString start();
    [[nodiscard]] boost::asio::io_context &io() { return m_io; }
    [[nodiscard]] const IsolationTier &tier() const { return m_host->tier(); }
    [[nodiscard]] std::string stateDirectory() const { return m_directory.path().toStdString(); }

    /// Turns the loop until `done`; false after `patience`.
    bool waitFor(const std::function<bool()> &done, std::chrono::seconds patience = std::chrono::seconds(30));

    /// Calls something that ends in a Then<T>, and waits for its answer.
    template<typename T, typename Call>
    Result<T> wait(Call &&call)
    {
        auto answer = std::make_shared<std::optional<Result<T>>>();
        call([answer](Result<T> result) { *answer = std::move(result); });
        if (!waitFor([answer] { return answer->has_value(); }))
            return failure(Error::Kind::Timeout, "no answer");
        return std::move(**answer);
    }

    /// Starts a fork-server, waits until it serves, and has the sandboxes launched from now on use it.
    bool useForkServer(std::vector<std::string> preimport = {});
    [[nodiscard]] SandboxHost &host() { return *m_host; }

    std::shared_ptr<Sandbox> launch(SandboxLimits limits = {});
    Result<std::shared_ptr<Sandbox>> tryLaunch(LaunchSpec spec);
    void kill(std::shared_ptr<Sandbox> &sandbox);
    /// Runs `script` in bash to its end.
    CommandResult run(Sandbox &sandbox, const std::string &script,
                      std::chrono::seconds patience = std::chrono::seconds(30));
    /// Runs `code` with the host's Python, without the kernel.
    CommandResult python(Sandbox &sandbox, const std::string &code);
    Result<SpawnedProcess> spawn(Sandbox &sandbox, SpawnSpec spec);
    /// Reads what is there until end of file or `until` appears.
    std::string readUntil(int fd, const std::string &until = {},
                          std::chrono::seconds patience = std::chrono::seconds(30));

    std::shared_ptr<Kernel> kernel(const std::shared_ptr<Sandbox> &sandbox, const std::string &directory = {},
                                   std::map<std::string, std::string> environment = {});
    /// All lines of one execution; fails the test by an empty answer when it does not end.
    std::vector<Json> execute(Kernel &kernel, const std::string &code,
                              std::map<std::string, std::string> environment = {},
                              std::chrono::seconds patience = std::chrono::seconds(60));

private:
    QTemporaryDir m_directory;
    boost::asio::io_context m_io;
    std::unique_ptr<SandboxHost> m_host;
    std::optional<std::vector<std::string>> m_preimport;
    int m_launched = 0;
};

[[nodiscard]] SpawnSpec shell(const std::string &script);
[[nodiscard]] std::string daemonPath();
/// Processes of the whole machine whose command line holds `marker`.
[[nodiscard]] std::vector<int> hostProcesses(const std::string &marker);
/// Oldest first. Numbers of processes begin anew some time: they do not tell the age.
void sortByAge(std::vector<int> &pids);
/// Whether `pid` descends from `ancestor`; 0: from this process.
[[nodiscard]] bool isOurs(int pid, int ancestor = 0);
/// The processes below this one that began as a fork-server: itself, and the kernels, which live in
/// the pid namespaces of their sandboxes.
struct ForkServerProcesses
{
    std::vector<int> servers, kernels;
};
[[nodiscard]] ForkServerProcesses forkServerProcesses(int ancestor = 0);
[[nodiscard]] std::string textOf(const std::vector<Json> &lines, const char *type); ///< all "text" of that type
[[nodiscard]] const Json *lineOf(const std::vector<Json> &lines, const char *type);

} // namespace sandglass::engine::test

/// Skips every test function loudly where the machine cannot run sandboxes; there a CI run fails.
#define START_OR_SKIP(fixture)                                                                                         \
    do {                                                                                                               \
        const QString why = (fixture).start();                                                                         \
        if (!why.isEmpty() && qEnvironmentVariableIsSet("CI"))                                                         \
            QFAIL(qPrintable(why));                                                                                    \
        if (!why.isEmpty())                                                                                            \
            QSKIP(qPrintable(QStringLiteral("no local sandbox can run here: ") + why));                                \
    } while (false)
