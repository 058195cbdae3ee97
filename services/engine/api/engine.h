#pragma once

#include "services/core/result.h"
#include "services/engine/api/deliverer.h"
#include "services/engine/api/registry.h"
#include "services/engine/broker/sandbox.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace sandglass::engine {

struct EngineOptions
{
    std::filesystem::path stateDirectory;
    std::uint16_t apiPort = 8710, sandboxPort = 8711; ///< 0 = any free
    RegistryOptions registry;
    std::int64_t volumeBytes = std::int64_t{1} << 30; ///< what one volume may hold
    DelivererOptions deliverer;
    std::map<std::string, std::string> rootArchives = {}; ///< names of images, and the tar archives of their files
};

/// The local engine: both listeners, the sandboxes and the webhooks, on the caller's loop.
class Engine final
{
public:
    /// Opens the database and the key, binds both ports. `host` was started before any thread.
    [[nodiscard]] static Result<std::unique_ptr<Engine>>
    create(boost::asio::io_context &io, std::unique_ptr<SandboxHost> host, EngineOptions options);
    ~Engine();
    Engine(const Engine &) = delete;
    Engine &operator=(const Engine &) = delete;

    [[nodiscard]] std::string apiUrl() const;
    [[nodiscard]] std::string sandboxUrl() const;
    [[nodiscard]] std::string apiKeyFile() const;
    [[nodiscard]] const IsolationTier &tier() const;

    /// Kills every sandbox, gives deliveries a moment, then calls `done`; what is still owed goes out at the next
    /// start.
    void shutDown(std::function<void()> done);

private:
    Engine();
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace sandglass::engine
