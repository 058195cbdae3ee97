#pragma once

#include <QFile>

#include <string>
#include <string_view>

/// What the tests of the server send, and what they weigh.
namespace sandglass::test {

inline const std::string get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

inline std::string post(std::string_view headers, std::string_view body)
{
    return std::string("POST /a HTTP/1.1\r\nHost: x\r\n").append(headers).append("\r\n\r\n").append(body);
}

/// Memory of this process that is in use; -1: not known.
inline qint64 residentKb()
{
    QFile file(QStringLiteral("/proc/self/status"));
    if (!file.open(QIODevice::ReadOnly))
        return -1;
    const QByteArray text = file.readAll();
    const qsizetype at = text.indexOf("VmRSS:");
    return text.mid(at + 6).trimmed().split(' ').first().toLongLong();
}

} // namespace sandglass::test
