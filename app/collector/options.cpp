#include "app/collector/options.h"

#include "services/core/paths.h"
#include "services/core/qtstring.h"

#include <array>
#include <utility>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::collectorapp {

namespace {

constexpr int mostDays = 36'500;
constexpr int mostMinutes = 525'600; // a year

void describe(QCommandLineParser &parser)
{
    parser.setApplicationDescription(
        u"Receives signed webhooks of code sandboxes, keeps them in a durable journal, and serves them to the desktop "
        "as REST and as a live stream. Every GET and the stream need the token."_s);
    parser.addOptions({
        {u"profile"_s, u"Keep the journal, the token and the webhook secret in DIR."_s, u"DIR"_s},
        {u"bind"_s, u"Listen on ADDRESS (127.0.0.1). Others need a certificate or --allow-plain-text."_s, u"ADDRESS"_s},
        {u"receiver-port"_s, u"Port of the webhooks and the REST endpoints (8000; 0 = any)."_s, u"N"_s},
        {u"stream-port"_s, u"Port of the live stream (8001; 0 = any)."_s, u"N"_s},
        {u"certificate"_s, u"Serve https and wss with the certificate in FILE (PEM with the chain)."_s, u"FILE"_s},
        {u"key"_s, u"The certificate's key (PEM)."_s, u"FILE"_s},
        {u"allow-plain-text"_s, u"Go without TLS behind a proxy that speaks it."_s},
        {u"token-file"_s, u"Take the token from FILE (16 or more characters)."_s, u"FILE"_s},
        {u"secret-file"_s, u"Take the webhook secret from FILE (32 or more characters)."_s, u"FILE"_s},
        {u"keep-days"_s, u"Remove events older than N days; what they cost stays (0 = never)."_s, u"N"_s},
        {u"runaway-minutes"_s, u"List sandboxes that run longer than N minutes as runaways (10; 0 = none)."_s, u"N"_s},
        {u"ready-file"_s, u"Write a JSON object to FILE once the program serves."_s, u"FILE"_s},
    });
}

/// Paths that are given go to where they belong. What is wrong with one, in words; empty: nothing.
QString takePaths(const app::ProgramParser &program, Options &options)
{
    const std::array places = {std::pair(u"profile"_s, &options.profile),
                               std::pair(u"certificate"_s, &options.certificateFile),
                               std::pair(u"key"_s, &options.keyFile),
                               std::pair(u"token-file"_s, &options.tokenFile),
                               std::pair(u"secret-file"_s, &options.secretFile),
                               std::pair(u"ready-file"_s, &options.readyFile)};
    for (const auto &[name, into] : places) {
        if (const QString fault = program.faultOfPath(name); !fault.isEmpty())
            return fault;
        if (program.isSet(name))
            *into = std::filesystem::absolute(toUtf8(program.value(name)));
    }
    return {};
}

/// The same for ports, days and minutes.
QString takeNumbers(const app::ProgramParser &program, Options &options)
{
    const auto take = [&program](const QString &option, int highest, auto &into) {
        using Number = std::remove_reference_t<decltype(into)>;
        into = static_cast<Number>(program.number(option, highest).value_or(into));
        return program.faultOfNumber(option, highest);
    };
    for (const QString &fault : {take(u"receiver-port"_s, app::ProgramParser::highestPort, options.receiverPort),
                                 take(u"stream-port"_s, app::ProgramParser::highestPort, options.streamPort),
                                 take(u"keep-days"_s, mostDays, options.keepDays),
                                 take(u"runaway-minutes"_s, mostMinutes, options.runawayMinutes)}) {
        if (!fault.isEmpty())
            return fault;
    }
    return {};
}

} // namespace

ParsedOptions parseOptions(const QStringList &arguments)
{
    app::ProgramParser program(u"sandglass-collector"_s);
    describe(program.parser());
    if (const app::Ending ending = program.parse(arguments); ending.message)
        return {ending, {}};
    const auto misuse = [&program](const QString &reason) -> ParsedOptions { return {program.misuse(reason), {}}; };
    if (const QStringList others = program.parser().positionalArguments(); !others.isEmpty())
        return misuse(u"unexpected argument '%1'"_s.arg(others.constFirst()));

    Options options;
    for (const QString &fault : {takePaths(program, options), takeNumbers(program, options), program.faultOfLog()}) {
        if (!fault.isEmpty())
            return misuse(fault);
    }
    if (options.certificateFile.empty() != options.keyFile.empty())
        return misuse(u"--certificate and --key go together"_s);
    if (program.isSet(u"bind"_s))
        options.address = toUtf8(program.value(u"bind"_s));
    if (program.isSet(u"log"_s))
        options.logLevel = program.value(u"log"_s);
    options.isLogJson = program.value(u"log-format"_s) == "json"_L1;
    options.allowPlainText = program.isSet(u"allow-plain-text"_s);
    if (options.profile.empty())
        options.profile = ProfilePaths::forDirectory({}).state / "collector";
    return {{}, options};
}

} // namespace sandglass::collectorapp
