#include "app/commandline.h"

#include <QUrl>

#include <algorithm>
#include <array>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

const std::array exportKinds = {"costs"_L1, "events"_L1, "sandboxes"_L1};

const std::array pages = {"overview"_L1, "sandboxes"_L1, "templates"_L1, "refine"_L1,   "events"_L1,  "webhooks"_L1,
                          "costs"_L1,    "analytics"_L1, "budgets"_L1,   "timeline"_L1, "settings"_L1};

void describe(QCommandLineParser &parser)
{
    parser.setApplicationDescription(u"Native desktop cockpit for code sandboxes that speak the E2B API."_s);
    parser.addPositionalArgument(u"FILE"_s, u"Python files, or a saved session, to open in Refine."_s, u"[FILE…]"_s);
    parser.addOptions({
        {u"profile"_s, u"Keep settings, data, state and cache in DIR instead of the XDG folders."_s, u"DIR"_s},
        {u"receiver-port"_s, u"Port of the webhook receiver (8000; the next free one if taken; 0 = any)."_s, u"N"_s},
        {u"stream-port"_s, u"Serve the live stream on port N of this machine (0 = any)."_s, u"N"_s},
        {u"ready-file"_s, u"Write a JSON object to FILE once the program serves."_s, u"FILE"_s},
        {u"engine-api"_s, u"Use the engine at URL instead of starting one."_s, u"URL"_s},
        {u"tour"_s, u"Take the guided tour, leave pictures of every page in DIR, and end."_s, u"DIR"_s},
        {u"page"_s,
         u"Open the page NAME: overview, sandboxes, templates, refine, events, webhooks, costs, analytics, budgets, timeline, settings."_s,
         u"NAME"_s},
        {u"export"_s, u"Write costs, events or sandboxes to the file of --out, without a window."_s, u"KIND"_s},
        {u"from"_s, u"Begin of the export: a date or an RFC 3339 time (UTC without an offset)."_s, u"T"_s},
        {u"to"_s, u"End of the export, not included."_s, u"T"_s},
        {u"out"_s, u"File of the export: .csv, or JSON Lines for events by any other name."_s, u"FILE"_s},
        {u"import"_s, u"Take events of FILE (JSON Lines or CSV) into the journal, without a window."_s, u"FILE"_s},
    });
}

/// "2026-08-20" or a whole RFC 3339 time.
std::optional<Timestamp> timeOf(const QString &text)
{
    const std::string given = text.toStdString();
    return parseRfc3339(given.size() == 10 ? given + "T00:00:00Z" : given);
}

QString faultOfTransfer(const ProgramParser &program)
{
    if (program.isSet(u"export"_s) && std::ranges::find(exportKinds, program.value(u"export"_s)) == exportKinds.end())
        return u"--export takes costs, events or sandboxes"_s;
    if (program.isSet(u"export"_s) != program.isSet(u"out"_s))
        return u"--export and --out go together"_s;
    if (program.isSet(u"export"_s) && program.isSet(u"import"_s))
        return u"--export and --import do not go together"_s;
    for (const QString &option : {u"from"_s, u"to"_s}) {
        if (program.isSet(option) && !timeOf(program.value(option)))
            return u"--%1 takes a date or an RFC 3339 time"_s.arg(option);
    }
    return {};
}

QString faultOfEngine(const ProgramParser &program)
{
    if (!program.isSet(u"engine-api"_s))
        return {};
    const QUrl url(program.value(u"engine-api"_s), QUrl::StrictMode);
    const bool isHttp = url.isValid() && (url.scheme() == "http"_L1 || url.scheme() == "https"_L1);
    return isHttp && !url.host().isEmpty() ? QString() : u"--engine-api takes an http or https URL"_s;
}

QString faultOfPage(const ProgramParser &program)
{
    if (!program.isSet(u"page"_s) || std::ranges::find(pages, program.value(u"page"_s)) != pages.end())
        return {};
    return u"there is no page named '%1'"_s.arg(program.value(u"page"_s));
}

/// The first value that makes no sense, in words; empty when all do.
QString firstFault(const ProgramParser &program)
{
    QStringList faults;
    for (const QString &option : {u"receiver-port"_s, u"stream-port"_s})
        faults << program.faultOfNumber(option, ProgramParser::highestPort);
    faults << faultOfEngine(program) << faultOfPage(program) << program.faultOfLog();
    for (const QString &option : {u"profile"_s, u"ready-file"_s, u"tour"_s, u"out"_s, u"import"_s})
        faults << program.faultOfPath(option);
    faults << faultOfTransfer(program);
    faults.removeAll(QString());
    return faults.isEmpty() ? QString() : faults.constFirst();
}

} // namespace

ParsedCommandLine parseCommandLine(const QStringList &arguments)
{
    ProgramParser program(u"sandglass"_s);
    describe(program.parser());
    if (const Ending ending = program.parse(arguments); ending.message)
        return {ending, {}};
    if (const QString fault = firstFault(program); !fault.isEmpty())
        return {program.misuse(fault), {}};
    CommandLine options;
    options.files = program.parser().positionalArguments();
    options.profile = program.value(u"profile"_s);
    options.receiverPort = program.number(u"receiver-port"_s, ProgramParser::highestPort);
    options.streamPort = program.number(u"stream-port"_s, ProgramParser::highestPort);
    options.readyFile = program.value(u"ready-file"_s);
    options.engineApi = program.value(u"engine-api"_s);
    options.tourDirectory = program.value(u"tour"_s);
    options.page = program.value(u"page"_s);
    options.exportKind = program.value(u"export"_s);
    options.outFile = program.value(u"out"_s);
    options.importFile = program.value(u"import"_s);
    if (program.isSet(u"from"_s))
        options.from = timeOf(program.value(u"from"_s));
    if (program.isSet(u"to"_s))
        options.to = timeOf(program.value(u"to"_s));
    options.logLevel = program.value(u"log"_s);
    options.logFormat = program.value(u"log-format"_s);
    return {{}, options};
}

} // namespace sandglass::app
