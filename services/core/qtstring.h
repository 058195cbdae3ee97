#pragma once

#include <QString>

#include <string>
#include <string_view>

namespace sandglass {

/// Services speak UTF-8 std::string; Qt speaks UTF-16. These two stand at the border.
[[nodiscard]] inline QString toQString(std::string_view utf8)
{
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

[[nodiscard]] inline std::string toUtf8(const QString &text)
{
    return text.toStdString();
}

} // namespace sandglass
