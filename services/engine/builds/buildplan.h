#pragma once

#include "services/core/result.h"
#include "services/engine/images/imagename.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::engine {

/// POST /v3/templates (and the older POST /v2/templates), read and checked.
struct TemplateRequest
{
    std::string name;              ///< lower case, without namespace and tag
    std::vector<std::string> tags; ///< at least one
    int vcpuCount = 2;
    int memoryMb = 1024;
};
/// Error 400 with what is wrong.
[[nodiscard]] Result<TemplateRequest> parseTemplateRequest(std::string_view body);

/// A tag as names have it (e2b-protocol 6.5), in lower case. Error 400.
[[nodiscard]] Result<std::string> checkTag(std::string_view tag);

struct BuildStep
{
    enum class Kind { Run, Copy, Env, Workdir, User };
    Kind kind = Kind::Run;
    std::vector<std::string> arguments;
    std::string filesHash; ///< of a COPY
    bool force = false;    ///< this step and all after it run anew

    /// As it stands in logs: "RUN make", "COPY a b".
    [[nodiscard]] std::string text() const;
};

/// POST /v2/templates/{id}/builds/{build}: what to build.
struct BuildPlan
{
    std::string fromImage, fromTemplate; ///< at most one; neither = the engine's own base
    std::optional<ImageLogin> login;
    bool force = false;
    std::vector<BuildStep> steps;
    std::string startCommand, readyCommand;
};
/// Error 400 with the step that is wrong.
[[nodiscard]] Result<BuildPlan> parseBuildPlan(std::string_view body);

} // namespace sandglass::engine
