#pragma once

#include "app/programparser.h"

#include <QString>
#include <QStringList>

#include <cstdint>
#include <filesystem>
#include <string>

namespace sandglass::collectorapp {

struct Options
{
    std::filesystem::path profile; ///< never empty after parsing
    std::string address = "127.0.0.1";
    std::uint16_t receiverPort = 8000, streamPort = 8001; ///< 0 = any free
    std::filesystem::path certificateFile, keyFile;       ///< of the receiver and the stream
    bool allowPlainText = false;
    std::filesystem::path tokenFile;  ///< empty: one in the profile
    std::filesystem::path secretFile; ///< of the webhooks; empty: the environment, else one in the profile
    int keepDays = 0;                 ///< 0 = for ever
    int runawayMinutes = 10;          ///< of running, after which /sandboxes/runaway lists a sandbox; 0 = none
    std::filesystem::path readyFile;
    QString logLevel = QStringLiteral("warning");
    bool isLogJson = false;
};

struct ParsedOptions : app::Ending
{
    Options options;
};

/// `arguments` with the program's name first.
[[nodiscard]] ParsedOptions parseOptions(const QStringList &arguments);

} // namespace sandglass::collectorapp
