#pragma once

#include "app/programparser.h"
#include "services/core/time.h"

#include <QString>
#include <QStringList>

#include <optional>

namespace sandglass::app {

/// What the person asked for on the command line.
struct CommandLine
{
    QStringList files;
    QString profile;                 ///< empty: the XDG folders
    std::optional<int> receiverPort; ///< 0 = any free
    std::optional<int> streamPort;   ///< given: serve the live stream there, whatever the settings say
    QString readyFile;
    QString engineApi;     ///< an engine that runs elsewhere; empty: start our own
    QString engineProgram; ///< sandglass-engine; empty: the one beside this program
    QString tourDirectory; ///< not empty: take the tour, then end
    QString page;
    QString exportKind;            ///< "costs", "events", "sandboxes"; empty: no export
    QString outFile;               ///< of the export
    std::optional<Timestamp> from; ///< of the export; empty: from the beginning
    std::optional<Timestamp> to;
    QString importFile; ///< empty: no import
    QString logLevel;   ///< "debug", "info", "warning"
    QString logFormat;  ///< "text", "json"; empty: text
};

/// What main() is to do with it.
struct ParsedCommandLine : Ending
{
    CommandLine options;
};

/// `arguments` with the program's name first. Needs no application object.
[[nodiscard]] ParsedCommandLine parseCommandLine(const QStringList &arguments);

} // namespace sandglass::app
