#include "app/commandline.h"

#include <QCommandLineParser>
#include <QUrl>

#include <algorithm>
#include <array>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

constexpr int usageError = 2;

const std::array exportKinds = {"costs"_L1, "events"_L1, "sandboxes"_L1};

const std::array pages = {"overview"_L1, "sandboxes"_L1, "templates"_L1, "refine"_L1,   "events"_L1,  "webhooks"_L1,
                          "costs"_L1,    "analytics"_L1, "budgets"_L1,   "timeline"_L1, "settings"_L1};

void describe(QCommandLineParser &parser)
{
    parser.setApplicationDescription(u"Native desktop cockpit for code sandboxes that speak the E2B API."_s);
    parser.addPositionalArgument(u"FILE"_s, u"Python files to open in Refine."_s, u"[FILE…]"_s);
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
        {u"log"_s, u"Log level: debug, info or warning (warning)."_s, u"LEVEL"_s},
        {u"log-format"_s, u"Log as text or json, one object a line (text)."_s, u"FORMAT"_s},
        {QStringList{u"h"_s, u"help"_s}, u"Show this help and end."_s},
        {QStringList{u"v"_s, u"version"_s}, u"Show the version and end."_s},
    });
}

ParsedCommandLine misuse(const QString &reason)
{
    return {{}, u"sandglass: "_s + reason + u"\nTry: sandglass --help"_s, usageError};
}

/// "2026-08-20" or a whole RFC 3339 time.
std::optional<Timestamp> timeOf(const QString &text)
{
    const std::string given = text.toStdString();
    return parseRfc3339(given.size() == 10 ? given + "T00:00:00Z" : given);
}

QString faultOfTransfer(const QCommandLineParser &parser)
{
    if (parser.isSet(u"export"_s) && std::ranges::find(exportKinds, parser.value(u"export"_s)) == exportKinds.end())
        return u"--export takes costs, events or sandboxes"_s;
    if (parser.isSet(u"export"_s) != parser.isSet(u"out"_s))
        return u"--export and --out go together"_s;
    if (parser.isSet(u"export"_s) && parser.isSet(u"import"_s))
        return u"--export and --import do not go together"_s;
    for (const QString &option : {u"from"_s, u"to"_s}) {
        if (parser.isSet(option) && !timeOf(parser.value(option)))
            return u"--%1 takes a date or an RFC 3339 time"_s.arg(option);
    }
    return {};
}

/// The first value that makes no sense, in words; empty when all do.
QString firstFault(const QCommandLineParser &parser)
{
    for (const QString &option : {u"receiver-port"_s, u"stream-port"_s}) {
        bool isNumber = false;
        const int port = parser.value(option).toInt(&isNumber);
        if (parser.isSet(option) && (!isNumber || port < 0 || port > 65535))
            return u"--%1 takes a number from 0 to 65535"_s.arg(option);
    }
    if (parser.isSet(u"engine-api"_s)) {
        const QUrl url(parser.value(u"engine-api"_s), QUrl::StrictMode);
        if (!url.isValid() || (url.scheme() != "http"_L1 && url.scheme() != "https"_L1) || url.host().isEmpty())
            return u"--engine-api takes an http or https URL"_s;
    }
    if (parser.isSet(u"page"_s) && std::ranges::find(pages, parser.value(u"page"_s)) == pages.end())
        return u"there is no page named '%1'"_s.arg(parser.value(u"page"_s));
    if (parser.isSet(u"log"_s) && !QStringList{u"debug"_s, u"info"_s, u"warning"_s}.contains(parser.value(u"log"_s)))
        return u"--log takes debug, info or warning"_s;
    if (parser.isSet(u"log-format"_s) && !QStringList{u"text"_s, u"json"_s}.contains(parser.value(u"log-format"_s)))
        return u"--log-format takes text or json"_s;
    for (const QString &option : {u"profile"_s, u"ready-file"_s, u"tour"_s, u"out"_s, u"import"_s}) {
        if (parser.isSet(option) && parser.value(option).isEmpty())
            return u"--%1 takes a path"_s.arg(option);
    }
    return faultOfTransfer(parser);
}

} // namespace

ParsedCommandLine parseCommandLine(const QStringList &arguments)
{
    QCommandLineParser parser;
    describe(parser);
    if (!parser.parse(arguments))
        return misuse(parser.errorText());
    if (parser.isSet(u"help"_s))
        return {{}, parser.helpText().replace(u"<executable_name>"_s, u"sandglass"_s).trimmed(), 0};
    if (parser.isSet(u"version"_s))
        return {{}, QStringLiteral("sandglass " SANDGLASS_VERSION), 0};
    if (const QString fault = firstFault(parser); !fault.isEmpty())
        return misuse(fault);
    CommandLine options;
    options.files = parser.positionalArguments();
    options.profile = parser.value(u"profile"_s);
    if (parser.isSet(u"receiver-port"_s))
        options.receiverPort = parser.value(u"receiver-port"_s).toInt();
    if (parser.isSet(u"stream-port"_s))
        options.streamPort = parser.value(u"stream-port"_s).toInt();
    options.readyFile = parser.value(u"ready-file"_s);
    options.engineApi = parser.value(u"engine-api"_s);
    options.tourDirectory = parser.value(u"tour"_s);
    options.page = parser.value(u"page"_s);
    options.exportKind = parser.value(u"export"_s);
    options.outFile = parser.value(u"out"_s);
    options.importFile = parser.value(u"import"_s);
    if (parser.isSet(u"from"_s))
        options.from = timeOf(parser.value(u"from"_s));
    if (parser.isSet(u"to"_s))
        options.to = timeOf(parser.value(u"to"_s));
    options.logLevel = parser.value(u"log"_s);
    options.logFormat = parser.value(u"log-format"_s);
    return {options, {}, 0};
}

} // namespace sandglass::app
