#pragma once

#include "services/core/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace sandglass::engine {

/// How to get at a private image. Never stored and never logged.
struct ImageLogin
{
    std::string username, password;
};

/// Whether the image is what the engine's own base stands for: E2B's default images, or none.
[[nodiscard]] bool isHostBase(std::string_view image);

/// Error 400 for what is no reference of an image, so that no program takes it for an option.
[[nodiscard]] Result<> checkImageName(std::string_view image);

/// "debian", "debian:12", "debian:bookworm-slim": the suite to make that Debian from. Nothing for other images.
[[nodiscard]] std::optional<std::string> debianSuite(std::string_view image);

/// With registry, as Docker completes it: "docker.io/library/python:3.12" for "python:3.12".
[[nodiscard]] std::string withRegistry(const std::string &image);
[[nodiscard]] std::string registryOf(const std::string &image);

} // namespace sandglass::engine
