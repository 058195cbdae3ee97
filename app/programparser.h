#pragma once

#include <QCommandLineParser>
#include <QString>
#include <QStringList>

#include <optional>

namespace sandglass::app {

/// What a command line leads to when it does not lead to the program's work.
struct Ending
{
    /// Set: print it and end with `exitCode` (help and version: 0 on standard output, misuse: 2 on standard error).
    std::optional<QString> message;
    int exitCode = 0;
};

/// The part of a command line that is alike in the desktop and in the collector: --log, --log-format, --help and
/// --version, how misuse is told, and what counts as a number or a path. Needs no application object.
class ProgramParser final
{
public:
    static constexpr int highestPort = 65'535;

    explicit ProgramParser(const QString &name) : m_name(name) {}

    [[nodiscard]] QCommandLineParser &parser() { return m_parser; } ///< to describe what the program has besides
    /// Reads `arguments`, the program's name first. Without a message in the answer they are understood.
    [[nodiscard]] Ending parse(const QStringList &arguments);
    [[nodiscard]] Ending misuse(const QString &reason) const;

    [[nodiscard]] bool isSet(const QString &option) const { return m_parser.isSet(option); }
    [[nodiscard]] QString value(const QString &option) const { return m_parser.value(option); } ///< empty: not given
    /// A whole number from 0 to `highest`; empty: not given, or something else.
    [[nodiscard]] std::optional<int> number(const QString &option, int highest) const;

    // What is wrong, in words; empty: nothing, or the option is not given.
    [[nodiscard]] QString faultOfNumber(const QString &option, int highest) const;
    [[nodiscard]] QString faultOfPath(const QString &option) const;
    [[nodiscard]] QString faultOfLog() const;

private:
    QString m_name;
    QCommandLineParser m_parser;
};

} // namespace sandglass::app
