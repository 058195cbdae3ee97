#include "app/programparser.h"

using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

constexpr int usageError = 2;

} // namespace

Ending ProgramParser::parse(const QStringList &arguments)
{
    m_parser.addOptions({
        {u"log"_s, u"Log level: debug, info or warning (warning)."_s, u"LEVEL"_s},
        {u"log-format"_s, u"Log as text or json, one object a line (text)."_s, u"FORMAT"_s},
        {QStringList{u"h"_s, u"help"_s}, u"Show this help and end."_s},
        {QStringList{u"v"_s, u"version"_s}, u"Show the version and end."_s},
    });
    if (!m_parser.parse(arguments))
        return misuse(m_parser.errorText());
    if (m_parser.isSet(u"help"_s))
        return {m_parser.helpText().replace(u"<executable_name>"_s, m_name).trimmed(), 0};
    if (m_parser.isSet(u"version"_s))
        return {m_name + QStringLiteral(" " SANDGLASS_VERSION), 0};
    return {};
}

Ending ProgramParser::misuse(const QString &reason) const
{
    return {u"%1: %2\nTry: %1 --help"_s.arg(m_name, reason), usageError};
}

std::optional<int> ProgramParser::number(const QString &option, int highest) const
{
    bool isNumber = false;
    const int number = m_parser.value(option).toInt(&isNumber);
    if (!isNumber || number < 0 || number > highest)
        return std::nullopt;
    return number;
}

QString ProgramParser::faultOfNumber(const QString &option, int highest) const
{
    if (!isSet(option) || number(option, highest))
        return {};
    return u"--%1 takes a number from 0 to %2"_s.arg(option).arg(highest);
}

QString ProgramParser::faultOfPath(const QString &option) const
{
    return isSet(option) && value(option).isEmpty() ? u"--%1 takes a path"_s.arg(option) : QString();
}

QString ProgramParser::faultOfLog() const
{
    if (isSet(u"log"_s) && !QStringList{u"debug"_s, u"info"_s, u"warning"_s}.contains(value(u"log"_s)))
        return u"--log takes debug, info or warning"_s;
    if (isSet(u"log-format"_s) && !QStringList{u"text"_s, u"json"_s}.contains(value(u"log-format"_s)))
        return u"--log-format takes text or json"_s;
    return {};
}

} // namespace sandglass::app
