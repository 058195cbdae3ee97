#include "services/engine/api/processtable.h"

#include "services/engine/api/connect.h"
#include "services/engine/api/members.h"
#include "services/engine/api/processlog.h"

namespace sandglass::engine {

namespace {

constexpr std::chrono::seconds kKeptAfterExit{30};

/// envd has a shell exec everything. The daemon tells of an unknown command as one would, a line on stderr and status
/// 127, so there is none here: it would take as long as a small command. What it would set is set.
SpawnSpec spawnSpec(const ProcessStart &wish, const Environment &global)
{
    SpawnSpec spec;
    spec.command = wish.command;
    spec.arguments = wish.arguments;
    spec.workingDirectory = expandPath(wish.workingDirectory, wish.user);
    spec.environment = processEnvironment(wish.user, global, wish.environment);
    spec.environment.insert_or_assign("PWD", spec.workingDirectory);
    spec.user = wish.user.name;
    spec.wantStdin = wish.wantStdin;
    spec.pty = wish.pty;
    return spec;
}

Error rephrased(Error error, const ProcessStart &wish)
{
    if (error.code == "unavailable")
        return error;
    error.message = "error starting process '" + wish.command + "': " + error.message;
    error.code = "invalid_argument";
    return error;
}

} // namespace

ProcessTable::ProcessTable(boost::asio::io_context &io, std::shared_ptr<Sandbox> sandbox, Environment global,
                           std::shared_ptr<SandboxLog> log)
    : m_io(io), m_sandbox(std::move(sandbox)), m_global(std::move(global)), m_log(std::move(log))
{}

void ProcessTable::applyDefaults(ProcessStart &wish, bool hasUser) const
{
    if (!m_defaults)
        return;
    if (!hasUser)
        wish.user = m_defaults->user;
    if (wish.workingDirectory.empty())
        wish.workingDirectory = m_defaults->directory;
}

void ProcessTable::start(ProcessStart wish, Then<std::shared_ptr<RunningProcess>> then)
{
    if (wish.workingDirectory.empty()) {
        spawn(std::move(wish), std::move(then));
        return;
    }
    const std::string directory = expandPath(wish.workingDirectory, wish.user);
    const std::string user = wish.user.name;
    m_sandbox->stat(directory, user,
                    [self = shared_from_this(), directory, wish = std::move(wish),
                     then = std::move(then)](const Result<FileEntry> &entry) mutable {
                        if (entry && entry->type == FileEntry::Type::Directory)
                            self->spawn(std::move(wish), std::move(then));
                        else if (entry)
                            then(rpcFailure("invalid_argument", "cwd '" + directory + "' is not a directory"));
                        else if (entry.error().code == "not_found")
                            then(rpcFailure("invalid_argument", "cwd '" + directory + "' does not exist"));
                        else
                            then(failure(entry.error()));
                    });
}

void ProcessTable::spawn(ProcessStart wish, Then<std::shared_ptr<RunningProcess>> then)
{
    ++m_spawning;
    SpawnSpec spec = spawnSpec(wish, m_global);
    m_sandbox->spawn(std::move(spec),
                     [self = shared_from_this(), wish = std::move(wish),
                      then = std::move(then)](Result<SpawnedProcess> spawned) mutable {
                         --self->m_spawning;
                         if (spawned)
                             self->adopt(std::move(*spawned), std::move(wish), then);
                         else
                             then(failure(rephrased(spawned.error(), wish)));
                         if (self->m_spawning == 0)
                             self->m_earlyExits.clear();
                     });
}

void ProcessTable::adopt(SpawnedProcess spawned, ProcessStart wish, const Then<std::shared_ptr<RunningProcess>> &then)
{
    const int pid = spawned.pid;
    auto process =
        std::make_shared<RunningProcess>(m_io, std::move(spawned), std::move(wish.config), std::move(wish.tag));
    m_processes[pid] = process;
    process->add(std::make_shared<ProcessLog>(m_log, pid, process->config()));
    then(process); // the listener joins before the first byte is read
    process->begin();
    if (const auto early = m_earlyExits.find(pid); early != m_earlyExits.end())
        exited(pid, early->second);
}

Result<std::shared_ptr<RunningProcess>> ProcessTable::select(const Json &selector) const
{
    const auto tag = textMember(selector, "tag");
    const auto wanted = numberMember(selector, "pid", -1);
    if (!tag || !wanted)
        return failure(tag ? wanted.error() : tag.error());
    if (!tag->empty()) {
        for (const auto &[pid, process] : m_processes) {
            if (process->tag() == *tag)
                return process;
        }
        return rpcFailure("not_found", "process with tag '" + *tag + "' not found");
    }
    const auto it =
        std::find_if(m_processes.begin(), m_processes.end(), [&](const auto &each) { return each.first == *wanted; });
    if (it == m_processes.end())
        return rpcFailure("not_found", "process with pid " + std::to_string(*wanted) + " not found");
    return it->second;
}

Json ProcessTable::list() const
{
    Json processes = Json::array();
    for (const auto &[pid, process] : m_processes) {
        if (process->hasEnded())
            continue;
        Json entry{{"config", process->config()}, {"pid", pid}};
        if (!process->tag().empty())
            entry["tag"] = process->tag();
        processes.push_back(std::move(entry));
    }
    return processes;
}

void ProcessTable::signal(const std::shared_ptr<RunningProcess> &process, int number, Then<void> then)
{
    if (process->hasEnded()) {
        then(rpcFailure("not_found", "process with pid " + std::to_string(process->pid()) + " not found"));
        return;
    }
    process->abandonOutputAtExit();
    m_sandbox->signal(process->pid(), number, std::move(then));
}

void ProcessTable::resize(const std::shared_ptr<RunningProcess> &process, SpawnSpec::PtySize size, Then<void> then)
{
    if (!process->hasPty())
        then(rpcFailure("internal", "tty not assigned to process"));
    else
        m_sandbox->resizePty(process->pid(), size, std::move(then));
}

void ProcessTable::exited(int pid, const ExitStatus &status)
{
    const auto it = m_processes.find(pid);
    if (it == m_processes.end()) {
        if (m_spawning > 0)
            m_earlyExits.insert_or_assign(pid, status);
        return;
    }
    it->second->setExit(status);
    forgetLater(pid);
}

void ProcessTable::forgetLater(int pid)
{
    auto timer = std::make_shared<boost::asio::steady_timer>(m_io, kKeptAfterExit);
    timer->async_wait([weak = weak_from_this(), timer, pid, process = m_processes[pid]](const auto &) {
        const auto self = weak.lock();
        // The pid may have been given anew; a descendant may still hold the pipes and with them the stream.
        if (self && self->m_processes[pid] == process && process->hasEnded())
            self->m_processes.erase(pid);
        else if (self && self->m_processes[pid] == process)
            self->forgetLater(pid);
    });
}

void ProcessTable::failAll(const Error &error)
{
    for (const auto &[pid, process] : std::exchange(m_processes, {}))
        process->failAll(error);
}

} // namespace sandglass::engine
