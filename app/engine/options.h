#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::engineapp {

struct Options
{
    enum class Action { Serve, Doctor, PrintEnvironment, Version, Help };

    Action action = Action::Serve;
    std::filesystem::path stateDirectory; ///< never empty after parsing
    std::uint16_t apiPort = 8710, sandboxPort = 8711;
    std::filesystem::path readyFile;
    std::filesystem::path logDirectory; ///< empty: no log is kept
    bool dieWithParent = false;
    int retryIntervalMs = 10'000; ///< of webhook deliveries
    int maxSandboxes = 20;
    std::int64_t maxTimeoutSeconds = 3600;           ///< of one sandbox
    int volumeMb = 1024;                             ///< what one volume may hold
    std::map<std::string, std::string> rootArchives; ///< images by name, and the archives of their files
    bool forkServer = true;
    std::vector<std::string> preimport = {"numpy", "pandas", "matplotlib"};
};

/// The command line, or what is wrong with it.
struct ParsedOptions
{
    Options options;
    std::string fault; ///< empty when all is well
};
[[nodiscard]] ParsedOptions parseOptions(int argc, char **argv);
[[nodiscard]] const char *usageText();

} // namespace sandglass::engineapp
