#include "app/collector/options.h"

#include "services/core/paths.h"
#include "services/core/qtstring.h"

#include <QCommandLineParser>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::collectorapp {

namespace {

constexpr int usageError = 2;
constexpr int highestPort = 65'535;
constexpr int mostDays = 36'500;

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
        {u"ready-file"_s, u"Write a JSON object to FILE once the program serves."_s, u"FILE"_s},
        {u"log"_s, u"Log level: debug, info or warning (warning)."_s, u"LEVEL"_s},
        {u"log-format"_s, u"Log as text or json, one object a line (text)."_s, u"FORMAT"_s},
        {QStringList{u"h"_s, u"help"_s}, u"Show this help and end."_s},
        {QStringList{u"v"_s, u"version"_s}, u"Show the version and end."_s},
    });
}

ParsedOptions misuse(const QString &reason)
{
    return {{}, u"sandglass-collector: "_s + reason + u"\nTry: sandglass-collector --help"_s, usageError};
}

/// What is given within the range goes to `into`; false: something else was given.
template<typename Number>
bool takeNumber(const QCommandLineParser &parser, const QString &option, int highest, Number &into)
{
    if (!parser.isSet(option))
        return true;
    bool isNumber = false;
    const int number = parser.value(option).toInt(&isNumber);
    into = static_cast<Number>(number);
    return isNumber && number >= 0 && number <= highest;
}

} // namespace

ParsedOptions parseOptions(const QStringList &arguments)
{
    QCommandLineParser parser;
    describe(parser);
    if (!parser.parse(arguments))
        return misuse(parser.errorText());
    if (parser.isSet(u"help"_s))
        return {{}, parser.helpText().replace(u"<executable_name>"_s, u"sandglass-collector"_s).trimmed(), 0};
    if (parser.isSet(u"version"_s))
        return {{}, QStringLiteral("sandglass-collector " SANDGLASS_VERSION), 0};
    if (!parser.positionalArguments().isEmpty())
        return misuse(u"unexpected argument '%1'"_s.arg(parser.positionalArguments().constFirst()));

    Options options;
    for (const auto &[name, into] : {std::pair(u"profile"_s, &options.profile),
                                     {u"certificate"_s, &options.certificateFile},
                                     {u"key"_s, &options.keyFile},
                                     {u"token-file"_s, &options.tokenFile},
                                     {u"secret-file"_s, &options.secretFile},
                                     {u"ready-file"_s, &options.readyFile}}) {
        if (parser.isSet(name) && parser.value(name).isEmpty())
            return misuse(u"--%1 takes a path"_s.arg(name));
        if (parser.isSet(name))
            *into = std::filesystem::absolute(toUtf8(parser.value(name)));
    }
    if (!takeNumber(parser, u"receiver-port"_s, highestPort, options.receiverPort)
        || !takeNumber(parser, u"stream-port"_s, highestPort, options.streamPort))
        return misuse(u"ports are numbers from 0 to 65535"_s);
    if (!takeNumber(parser, u"keep-days"_s, mostDays, options.keepDays))
        return misuse(u"--keep-days takes a number from 0 to %1"_s.arg(mostDays));
    if (options.certificateFile.empty() != options.keyFile.empty())
        return misuse(u"--certificate and --key go together"_s);
    if (parser.isSet(u"bind"_s))
        options.address = toUtf8(parser.value(u"bind"_s));
    if (parser.isSet(u"log"_s))
        options.logLevel = parser.value(u"log"_s);
    if (!QStringList{u"debug"_s, u"info"_s, u"warning"_s}.contains(options.logLevel))
        return misuse(u"--log takes debug, info or warning"_s);
    const QString format = parser.isSet(u"log-format"_s) ? parser.value(u"log-format"_s) : u"text"_s;
    if (format != "text"_L1 && format != "json"_L1)
        return misuse(u"--log-format takes text or json"_s);
    options.isLogJson = format == "json"_L1;
    options.allowPlainText = parser.isSet(u"allow-plain-text"_s);
    if (options.profile.empty())
        options.profile = ProfilePaths::forDirectory({}).state / "collector";
    return {options, {}, 0};
}

} // namespace sandglass::collectorapp
