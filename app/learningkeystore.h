#pragma once

#include "services/core/keystore.h"

#include <memory>

namespace sandglass::app {

/// Passes everything on to `inner` and tells the log's redactor each secret that comes by, whatever it looks like.
[[nodiscard]] std::unique_ptr<KeyStore> learningSecrets(std::unique_ptr<KeyStore> inner);

} // namespace sandglass::app
