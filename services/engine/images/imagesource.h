#pragma once

#include "services/core/result.h"
#include "services/engine/images/imagename.h"
#include "services/engine/images/systemsetup.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace sandglass::engine {

/// Where the systems come from that templates can stand on. Everything here blocks, for threads that may, tells its
/// progress line by line, and ends soon after `isCancelled` is set. A folder that is made half is left to the caller.
struct ImageWork
{
    const std::atomic<bool> &isCancelled;
    std::function<void(std::string)> onLine;
};

/// Unpacks the archive of a root file system into `folder`, which it makes, and sets it up. Gives the bytes of its
/// files.
[[nodiscard]] Result<std::int64_t> unpackArchive(const std::string &archive, const std::string &folder,
                                                 const ImageSettings &settings, const ImageWork &work);

/// Makes a small Debian of that suite. `program` is mmdebstrap.
[[nodiscard]] Result<std::int64_t> makeDebian(const std::string &program, const std::string &suite,
                                              const std::string &folder, const ImageSettings &settings,
                                              const ImageWork &work);

/// Images by way of podman.
class Podman final
{
public:
    struct Image
    {
        std::string id;
        ImageSettings settings;
    };

    explicit Podman(std::string program) : m_program(std::move(program)) {}

    /// An image that podman has; nothing when it has none of that name.
    [[nodiscard]] Result<std::optional<Image>> find(const std::string &name, const ImageWork &work) const;
    /// Gets it from its registry. The password goes by a file that only this account can read, and that is gone
    /// afterwards: `scratch` is a folder for it. It is neither in an argument nor in a line of progress.
    [[nodiscard]] Result<> pull(const std::string &image, const std::optional<ImageLogin> &login,
                                const std::string &scratch, const ImageWork &work) const;
    /// As unpackArchive(), from the image's files.
    [[nodiscard]] Result<std::int64_t> unpack(const Image &image, const std::string &folder,
                                              const ImageWork &work) const;
    void forget(const std::string &image) const; ///< what pull() got is needed no more

private:
    const std::string m_program;
};

} // namespace sandglass::engine
