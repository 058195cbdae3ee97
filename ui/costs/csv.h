#pragma once

#include <QStringList>

namespace sandglass::ui {

/// One record of RFC 4180 with its CRLF: fields with commas, quotes or line breaks are quoted.
[[nodiscard]] QString csvRecord(const QStringList &fields);

} // namespace sandglass::ui
