#pragma once

#include <map>
#include <string>

namespace sandglass::engine {

inline constexpr const char *pythonProgram = "/usr/bin/python3";

/// What a Python kernel finds in its environment before the sandbox's own variables. A fork-server starts with the
/// same, because libraries read some of them once.
[[nodiscard]] inline std::map<std::string, std::string> pythonEnvironment()
{
    return {
        {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        {"HOME", "/home/user"},
        {"USER", "user"},
        {"LOGNAME", "user"},
        {"LANG", "C.UTF-8"},
        {"MPLBACKEND", "module://matplotlib_inline.backend_inline"},
        {"MPLCONFIGDIR", "/tmp/.matplotlib"},
    };
}

} // namespace sandglass::engine
