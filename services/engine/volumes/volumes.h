#pragma once

#include "services/engine/api/registry.h"
#include "services/engine/volumes/volumestore.h"
#include "services/engine/volumes/volumewatch.h"

#include <map>
#include <string>
#include <string_view>

namespace sandglass::engine {

/// The volumes and what sandboxes do with them. A volume that holds more than it may has every sandbox paused that
/// could write more, and none resumed or created with it until something is removed. io thread only.
class Volumes final
{
public:
    /// All outlive it. `bytes`: what one volume may hold.
    Volumes(boost::asio::io_context &io, http::IoThread &worker, VolumeStore &store, SandboxRegistry &registry,
            std::int64_t bytes);
    ~Volumes();
    Volumes(const Volumes &) = delete;
    Volumes &operator=(const Volumes &) = delete;

    [[nodiscard]] VolumeStore &store() { return m_store; }
    [[nodiscard]] std::int64_t mostBytes() const { return m_bytes; }
    /// Error 404, and 409 while a sandbox has it.
    [[nodiscard]] Result<> remove(const std::string &id);
    /// What a volume was found to hold.
    void note(const std::string &id, const VolumeUse &use);

private:
    [[nodiscard]] Result<> resolve(std::vector<VolumeMount> &mounts);
    [[nodiscard]] bool isFull(const std::string &id) const;
    [[nodiscard]] std::map<std::string, std::string> mounted() const;
    void pauseWriters(const Volume &volume);

    http::IoThread &m_worker;
    VolumeStore &m_store;
    SandboxRegistry &m_registry;
    const std::int64_t m_bytes;
    std::map<std::string, VolumeUse> m_uses; ///< as last seen
    VolumeWatch m_watch;
};

} // namespace sandglass::engine
