#include "app/engine/options.h"
#include "services/core/filelock.h"
#include "services/core/json.h"
#include "services/core/paths.h"
#include "services/engine/api/apikey.h"
#include "services/engine/api/engine.h"
#include "services/engine/api/enginelog.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

namespace {

using namespace sandglass;
using engineapp::Options;

int fail(const std::string &message)
{
    std::cerr << "sandglass-engine: " << message << '\n';
    return 1;
}

std::string daemonPath()
{
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    return (self.parent_path() / "sandglass-sandboxd").string();
}

/// Two engines on one state directory would take each other's sandboxes for orphans.
Result<UniqueFd> lockState(const std::filesystem::path &directory, std::chrono::milliseconds patience)
{
    auto lock = lockFile(directory / "engine.lock", patience);
    if (!lock && lock.error().code == "locked")
        return failure(Error::Kind::Local, "another engine is using " + directory.string());
    return lock;
}

void printTier(const engine::IsolationTier &tier, std::ostream &out)
{
    out << tier.summary << '\n';
    for (const std::string &reason : tier.reasons)
        out << "  missing: " << reason << '\n';
    for (const std::string &cure : tier.cures)
        out << "  cure: " << cure << '\n';
}

int doctor(const engine::SandboxHost &host)
{
    printTier(host.tier(), std::cout);
    std::cout << (host.tier().canRun() ? "Sandboxes can run on this machine." : "Sandboxes cannot run on this machine.")
              << '\n';
    return host.tier().canRun() ? 0 : 1;
}

int printEnvironment(const Options &options)
{
    const auto key = engine::loadApiKey(options.stateDirectory / "api-key");
    if (!key)
        return fail(key.error().message);
    std::cout << "E2B_API_URL=http://127.0.0.1:" << options.apiPort
              << "\nE2B_SANDBOX_URL=http://127.0.0.1:" << options.sandboxPort << "\nE2B_API_KEY=" << *key
              << "\nE2B_VOLUME_API_URL=http://127.0.0.1:" << options.apiPort << '\n';
    return 0;
}

Result<> writeReadyFile(const Options &options, const engine::Engine &engine)
{
    if (options.readyFile.empty())
        return {};
    std::vector<std::string> reasons = engine.tier().reasons;
    reasons.insert(reasons.end(), engine.tier().cures.begin(), engine.tier().cures.end());
    const Json ready{{"pid", ::getpid()},
                     {"api_url", engine.apiUrl()},
                     {"sandbox_url", engine.sandboxUrl()},
                     {"api_key_file", engine.apiKeyFile()},
                     {"tier", engine.tier().tier},
                     {"tier_summary", engine.tier().summary},
                     {"tier_reasons", reasons}};
    return engine::writeFileAtomically(options.readyFile, dumpJson(ready) + "\n");
}

int serve(const Options &options, std::unique_ptr<engine::SandboxHost> host)
{
    if (!host->tier().canRun())
        printTier(host->tier(), std::cerr);
    if (!options.logDirectory.empty()) {
        if (const auto opened = engine::openEngineLog(options.logDirectory); !opened) // no reason not to serve
            engine::note(engine::NoteLevel::Warning, opened.error().message);
    }
    boost::asio::io_context io;
    boost::asio::signal_set signals(io, SIGTERM, SIGINT);
    engine::EngineOptions wishes;
    wishes.stateDirectory = options.stateDirectory;
    wishes.apiPort = options.apiPort;
    wishes.sandboxPort = options.sandboxPort;
    wishes.registry.maxSandboxes = options.maxSandboxes;
    wishes.registry.maxTimeoutSeconds = options.maxTimeoutSeconds;
    wishes.rootArchives = options.rootArchives;
    wishes.volumeBytes = std::int64_t{options.volumeMb} << 20;
    wishes.registry.preimport = options.forkServer ? std::optional(options.preimport) : std::nullopt;
    wishes.deliverer.retryInterval = std::chrono::milliseconds(options.retryIntervalMs);
    auto engine = engine::Engine::create(io, std::move(host), std::move(wishes));
    if (!engine)
        return fail(engine.error().message);
    if (const auto written = writeReadyFile(options, **engine); !written)
        return fail(written.error().message);
    std::cout << "sandglass-engine: API " << (*engine)->apiUrl() << ", sandboxes " << (*engine)->sandboxUrl()
              << ", key in " << (*engine)->apiKeyFile() << "\n"
              << (*engine)->tier().summary << std::endl;
    engine::note(engine::NoteLevel::Info, "Serving; " + (*engine)->tier().summary,
                 {{"version", SANDGLASS_VERSION}, {"api", (*engine)->apiUrl()}});
    signals.async_wait([&](const boost::system::error_code &error, int) {
        if (error)
            return;
        engine::note(engine::NoteLevel::Info, "Ending as asked");
        (*engine)->shutDown([&io] { io.stop(); });
    });
    io.run();
    if (!options.readyFile.empty())
        ::unlink(options.readyFile.c_str());
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    const auto parsed = engineapp::parseOptions(argc, argv);
    const Options &options = parsed.options;
    if (!parsed.fault.empty()) {
        std::cerr << "sandglass-engine: " << parsed.fault << "\n\n" << engineapp::usageText();
        return 2;
    }
    if (options.action == Options::Action::Help) {
        std::cout << engineapp::usageText();
        return 0;
    }
    if (options.action == Options::Action::Version) {
        std::cout << "sandglass-engine " SANDGLASS_VERSION << '\n';
        return 0;
    }
    if (options.dieWithParent) {
        const pid_t parent = ::getppid();
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != parent)
            return 0; // it went away while we asked
    }
    ::signal(SIGPIPE, SIG_IGN);
    if (!ensurePrivateDirectory(options.stateDirectory))
        return fail("cannot use the state directory " + options.stateDirectory.string());
    if (options.action == Options::Action::PrintEnvironment)
        return printEnvironment(options);
    // A window that was killed leaves an engine that is still ending its sandboxes; the next window's waits for that.
    const auto patience = options.dieWithParent ? std::chrono::seconds(15) : std::chrono::seconds(0);
    const auto lock =
        options.action == Options::Action::Serve ? lockState(options.stateDirectory, patience) : Result<UniqueFd>();
    if (!lock)
        return fail(lock.error().message);
    // Before the first thread: it forks the broker.
    // The doctor works beside a running engine, whose sandboxes it must not sweep away.
    const bool trial = options.action == Options::Action::Doctor;
    const auto workplace = trial ? options.stateDirectory / "doctor" : options.stateDirectory;
    auto host = ensurePrivateDirectory(workplace)
        ? engine::SandboxHost::start(workplace.string(), daemonPath())
        : Result<std::unique_ptr<engine::SandboxHost>>(
            failure(Error::Kind::Local, "cannot use the state directory " + workplace.string()));
    if (!host)
        return fail(host.error().message);
    return trial ? doctor(**host) : serve(options, std::move(*host));
}
