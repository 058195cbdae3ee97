#pragma once

#include <string>
#include <string_view>

namespace sandglass::telemetry {

/// Takes out of `text` what looks like a key of one of the usual services ("sk-…", "ghp_…", "AKIA…", a JSON web token,
/// a private key in PEM), and values that stand behind a name that says so: `API_KEY=…`, `"password": "…"`. Only for
/// texts that leave the machine for other people: it takes out too much rather than too little. What is put in their
/// place ("ghp_***", "***") is not taken out again. Adds the number of places to `places`. Linear in the text.
[[nodiscard]] std::string withoutKeyShapes(std::string_view text, int &places);

} // namespace sandglass::telemetry
