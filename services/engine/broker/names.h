#pragma once

#include <string_view>
#include <sys/types.h>

namespace sandglass::engine {

inline constexpr uid_t insideId = 1000;        ///< the account "user" and its group inside every sandbox
inline constexpr uid_t unprivilegedId = 61184; ///< what a broker started by root becomes: the range systemd keeps for
                                               ///< dynamic service accounts
inline constexpr const char *layersDirectory = "layers";
inline constexpr const char *sandboxesDirectory = "sandboxes";
inline constexpr const char *volumesDirectory = "volumes";
inline constexpr std::string_view imageLayerPrefix = "image-"; ///< of layers that hold a whole system

/// Whether a sandbox of such layers, lowest first, has programs of its own in the place of the machine's.
[[nodiscard]] constexpr bool hasOwnSystem(const auto &layers)
{
    return !layers.empty() && std::string_view(*layers.begin()).starts_with(imageLayerPrefix);
}

/// Sandbox ids and layer names become path components: letters, digits, '-', '_' and inner dots only.
[[nodiscard]] constexpr bool isPlainName(std::string_view name)
{
    if (name.empty() || name.size() > 128 || name.front() == '.')
        return false;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
            || c == '_' || c == '.';
        if (!plain)
            return false;
    }
    return true;
}

} // namespace sandglass::engine
