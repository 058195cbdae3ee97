#include "services/engine/api/enginelog.h"

#include "services/core/time.h"
#include "services/telemetry/logline.h"
#include "services/telemetry/redactor.h"
#include "services/telemetry/rotatingfile.h"

#include <iostream>
#include <mutex>
#include <optional>

namespace sandglass::engine {

namespace {

struct Notebook
{
    std::mutex mutex;
    std::optional<telemetry::RotatingFile> file;
    bool isFailing = false; ///< the disk's trouble has been told
};

Notebook &notebook()
{
    static Notebook notes;
    return notes;
}

const char *wordOf(NoteLevel level)
{
    switch (level) {
    case NoteLevel::Info:
        return "info";
    case NoteLevel::Warning:
        return "warning";
    case NoteLevel::Error:
        break;
    }
    return "error";
}

} // namespace

Result<> openEngineLog(const std::filesystem::path &folder)
{
    auto file = telemetry::RotatingFile::open(folder, "engine", {.bytes = 4U << 20, .files = 3});
    if (!file)
        return failure(std::move(file.error()));
    const std::lock_guard lock(notebook().mutex);
    notebook().file = std::move(*file);
    return {};
}

void note(NoteLevel level, std::string_view message, const Json &fields)
{
    if (level != NoteLevel::Info)
        std::cerr << "sandglass-engine: " << telemetry::redactor().clean(message) << std::endl;
    const std::lock_guard lock(notebook().mutex);
    if (!notebook().file)
        return;
    const std::string line = telemetry::logLine({systemNow(), wordOf(level), "sandglass.engine", message, {}, fields});
    const auto written = notebook().file->write(line);
    if (!written && !notebook().isFailing)
        std::cerr << "sandglass-engine: " << written.error().message << '\n';
    notebook().isFailing = !written;
}

} // namespace sandglass::engine
