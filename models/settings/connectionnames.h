#pragma once

#include <QString>

#include <functional>
#include <string>

namespace sandglass::models {

/// An http or https address that names a host, and no user.
[[nodiscard]] bool isHttpUrl(const std::string &text);

/// An id that is not taken, from a name for people: "team-server", "team-server-2".
[[nodiscard]] QString freshId(const QString &name, const QString &fallback,
                              const std::function<bool(const QString &)> &isTaken);

} // namespace sandglass::models
