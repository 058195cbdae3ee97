#pragma once

#include "services/core/result.h"
#include "services/core/uniquefd.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace sandglass::engine {

struct SandboxLimits
{
    int vcpuCount = 2;
    int memoryMb = 512;
    int diskMb = 1024; ///< size of the writable layer
    int maxProcesses = 256;
    int maxOpenFiles = 4096;
};

/// A folder of the state directory's volumes/ that the sandbox has at `path`.
struct SandboxVolume
{
    std::string id, path;
    friend bool operator==(const SandboxVolume &, const SandboxVolume &) = default;
};

struct LaunchSpec
{
    std::string sandboxId;
    std::vector<std::string> layers; ///< overlay layers by name in the state directory's layers/, lowest first
    SandboxLimits limits;
    std::string hostname = "sandbox";
    /// Set: Python kernels are forked from a fork-server that has these libraries imported (SandboxHost::prepare).
    std::optional<std::vector<std::string>> preimport;
    std::vector<SandboxVolume> volumes = {};
};

struct SpawnSpec
{
    std::string command;
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment; ///< complete: nothing is inherited
    std::string workingDirectory;                   ///< empty = home of the user
    std::string user = "user";
    bool wantStdin = false; ///< false = /dev/null
    struct PtySize
    {
        int columns = 80, rows = 24;
    };
    std::optional<PtySize> pty; ///< set: one pty instead of three pipes
    bool wantChannel = false;   ///< a socketpair on descriptor 3 of the child (kernels)
};

/// Our ends of a child's descriptors, non-blocking. Read to end of file; the exit is told by Sandbox::onExit.
struct SpawnedProcess
{
    int pid = 0; ///< in the sandbox's pid namespace
    UniqueFd stdinFd, stdoutFd, stderrFd, ptyFd, channelFd;
};

struct ExitStatus
{
    bool exited = true; ///< false = by signal
    int code = 0;       ///< exit code, or the signal's number
    std::string reason; ///< "memory limit", "process limit" … when the engine ended it, else empty
};

inline const std::string kMetadataPrefix = "user.e2b.";

struct FileEntry
{
    std::string name;
    std::string path;
    enum class Type { Unknown, File, Directory, Symlink } type = Type::Unknown; ///< of the target for live symlinks
    std::int64_t size = 0;
    std::uint32_t mode = 0;  ///< permission bits
    std::string permissions; ///< Go's rendering: "-rw-r--r--", "drwxr-xr-x", "Lrwxrwxrwx"
    std::string owner, group;
    std::int64_t modifiedUnixNs = 0;
    std::optional<std::string> symlinkTarget;
    std::map<std::string, std::string> metadata; ///< extended attributes kMetadataPrefix + key
};

/// The entry in the words of sandglass-sandboxd; what is missing or odd there stays as it is made here.
[[nodiscard]] FileEntry fileEntryFrom(const nlohmann::json &json);

struct ResourceUsage
{
    double cpuUsedPercent = 0; ///< of all allotted processors, since the last call
    std::int64_t memoryUsed = 0, memoryTotal = 0, diskUsed = 0, diskTotal = 0;
    int processes = 0;
};

/// A running local sandbox: its pid 1 (sandglass-sandboxd) behind a socketpair. Every call is asynchronous; callbacks
/// come on the engine's io thread, exactly once, with Error code as Connect names it (not_found, already_exists,
/// invalid_argument, permission_denied, unavailable when the sandbox is gone …).
/// Paths are resolved inside the sandbox by its own daemon, so no path can name a file of the host.
class Sandbox
{
public:
    virtual ~Sandbox() = default; ///< kills
    template<typename T>
    using Then = std::function<void(Result<T>)>;

    [[nodiscard]] virtual const std::string &id() const = 0;
    /// Whether its programs are those of an image: then none of this machine's is there.
    [[nodiscard]] virtual bool hasOwnSystem() const { return false; }

    virtual void spawn(SpawnSpec spec, Then<SpawnedProcess> then) = 0;
    /// As spawn() of the Python runner with a channel, but forked from the template's fork-server; it begins once it
    /// has read a line {"environment": {}, "directory": text} there. Error "unavailable" where there is none, or none
    /// yet.
    virtual void forkPython(Then<SpawnedProcess> then) = 0;
    /// `pid` below 0: the process group of the spawned process -pid, as in kill(2).
    virtual void signal(int pid, int signalNumber, Then<void> then) = 0;
    /// Answers when the new size has held for a moment; see Terminal.
    virtual void resizePty(int pid, SpawnSpec::PtySize size, Then<void> then) = 0;
    /// Adds a listener: called for every spawned process when it has been reaped.
    virtual void onExit(std::function<void(int pid, ExitStatus status)> callback) = 0;
    /// Adds a listener: called once when the whole sandbox has ended without kill() (its daemon died).
    virtual void onGone(std::function<void(std::string reason)> callback) = 0;

    /// Opens a regular file and hands out the descriptor. `forWriting`: created with its parents, truncated.
    virtual void openFile(std::string path, std::string user, bool forWriting, Then<UniqueFd> then) = 0;
    virtual void stat(std::string path, std::string user, Then<FileEntry> then) = 0;
    virtual void listDirectory(std::string path, std::string user, int depth, Then<std::vector<FileEntry>> then) = 0;
    virtual void makeDirectory(std::string path, std::string user, Then<FileEntry> then) = 0;
    virtual void move(std::string source, std::string destination, std::string user, Then<FileEntry> then) = 0;
    virtual void remove(std::string path, std::string user, Then<void> then) = 0;
    struct WatchSpec
    {
        std::string path, user;
        bool recursive = false, withEntries = false;
    };
    /// A pipe with a line of JSON for every change in a directory, as sandboxd/watch.h has it; closing it ends the
    /// watch. The lines come out of the sandbox: they may be anything.
    virtual void watchDirectory(WatchSpec spec, Then<UniqueFd> then) = 0;

    /// The folder in which the overlay keeps what was written in the sandbox, as the engine sees it. It holds the
    /// sandbox's memory as long as it is open. Error "unimplemented": this tier has no such layer.
    virtual void writableLayer(Then<UniqueFd> then) = 0;
    /// Stops / continues every process of the sandbox.
    virtual void pause(Then<void> then) = 0;
    virtual void resume(Then<void> then) = 0;
    /// A TCP connection to 127.0.0.1:port inside, or a listening socket there: the way in and out with network off.
    virtual void connectPort(std::uint16_t port, Then<UniqueFd> then) = 0;
    virtual void listenPort(std::uint16_t port, Then<UniqueFd> then) = 0;
    virtual void usage(Then<ResourceUsage> then) = 0;
    /// Ends all processes and frees everything. `then` when nothing is left.
    virtual void kill(std::function<void()> then) = 0;
};

/// What this machine can do, tried for real (engine.md 12).
struct IsolationTier
{
    int tier = 6;                     ///< 1 best … 6 none
    std::string summary;              ///< "Tier 2: namespaces and overlay; memory limit is approximate"
    std::vector<std::string> reasons; ///< what is missing for a better tier
    std::vector<std::string> cures;   ///< what to install or to switch on: "apt install python3-ipython"
    [[nodiscard]] bool canRun() const { return tier <= 3; }
};

/// Launches sandboxes through a broker process that was forked before any thread was started.
class SandboxHost
{
public:
    virtual ~SandboxHost() = default; ///< kills every sandbox and the broker

    /// Forks the broker. Call first thing in main, before threads and before any other descriptor is open.
    /// `stateDirectory` gets layers/ and sandboxes/; `daemon` is the path of sandglass-sandboxd.
    [[nodiscard]] static Result<std::unique_ptr<SandboxHost>> start(const std::string &stateDirectory,
                                                                    const std::string &daemon);
    /// Binds the host to the engine's loop; before launch().
    virtual void attach(boost::asio::io_context &io) = 0;
    [[nodiscard]] virtual const IsolationTier &tier() const = 0;

    virtual void launch(LaunchSpec spec, std::function<void(Result<std::shared_ptr<Sandbox>>)> then) = 0;

    /// Keeps a fork-server for sandboxes of these layers: started in the background, and again when it ends.
    /// `preimport`: any of "numpy", "pandas", "matplotlib"; what the template lacks is left out.
    virtual void prepare(std::vector<std::string> layers, std::vector<std::string> preimport) = 0;
    /// Whether kernels of such sandboxes are forked at this moment.
    [[nodiscard]] virtual bool canFork(const std::vector<std::string> &layers,
                                       const std::vector<std::string> &preimport) const = 0;
    /// Called when a fork-server serves, or with the reason why it does not.
    virtual void onForkServer(std::function<void(bool ready, const std::string &why)> callback) = 0;
};

} // namespace sandglass::engine
