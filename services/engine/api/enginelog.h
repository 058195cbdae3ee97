#pragma once

#include "services/core/json.h"
#include "services/core/result.h"

#include <filesystem>
#include <string_view>

namespace sandglass::engine {

enum class NoteLevel { Info, Warning, Error };

/// From now on what the engine notes goes to `folder`/engine.jsonl, set aside when it is full, as lines of
/// telemetry::logLine. Error: the folder cannot be written.
[[nodiscard]] Result<> openEngineLog(const std::filesystem::path &folder);

/// What a person who runs the engine would want to read later: what lived and ended, and what went wrong beside a
/// request. Warnings and errors go to standard error, too. Secrets are taken out. Any thread.
void note(NoteLevel level, std::string_view message, const Json &fields = {});

} // namespace sandglass::engine
