#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/telemetry/rotatingfile.h"

#include <QtGlobal>

#include <filesystem>
#include <string>
#include <string_view>

class QLoggingCategory;

namespace sandglass::telemetry {

enum class LogFormat { Text, Json };

/// Puts itself in the place of Qt's message handler: every qCWarning of the program passes here and leaves without
/// secrets. Thread-safe. A JSON line to standard error or a file is one write.
class Log final
{
public:
    [[nodiscard]] static Log &instance();

    void install();                   ///< once; text goes on to the handler that was there
    void uninstall();                 ///< for tests
    void setFormat(LogFormat format); ///< of standard error
    /// Whether the program's own infos go to standard error, too; at first they do.
    void setInfosOnStandardError(bool isWanted);
    /// Also JSON lines in `folder`/`name`.jsonl from now on. Error: the folder cannot be written.
    [[nodiscard]] Result<> openFile(const std::filesystem::path &folder, const std::string &name,
                                    RotatingFile::Limits limits = {});
    void closeFile();

private:
    Log();
    struct Private;
    Private *d; ///< never deleted: other threads log until the very end
};

/// Switches the categories of the program on and off for "debug", "info" or "warning" (all else: warning) on standard
/// error. A file gets infos in every case.
void setLogLevels(std::string_view level, bool hasFile);

/// A line with fields: telemetry::note(logRefine(), QtInfoMsg, "attempt finished", {{"number", 3}}). In text the fields
/// follow the message as JSON. Nothing when the category is off for that level.
void note(const QLoggingCategory &category, QtMsgType level, std::string_view message, const Json &fields);

} // namespace sandglass::telemetry
