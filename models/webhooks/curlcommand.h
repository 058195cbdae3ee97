#pragma once

#include "services/lifecycle/quarantine.h"

#include <QString>

namespace sandglass::models {

/// The delivery as one command for a POSIX shell with ANSI quotes (bash, zsh), to be sent once more to `receiverUrl`
/// (scheme, host and port are taken from it). Headers whose values were kept secret are left out; a body kept in part
/// only is said so in a comment on the first line.
[[nodiscard]] QString curlCommand(const lifecycle::QuarantineEntry &entry, const QString &receiverUrl);

} // namespace sandglass::models
