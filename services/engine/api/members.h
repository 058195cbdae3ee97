#pragma once

#include "services/core/json.h"

#include <string>

// Members of a request, read strictly. Absent and null give the fallback; anything else of another type is an error
// with status 400 and code "invalid_argument" that names the member: taken for absent, it would stand for a default
// that nobody asked for.

namespace sandglass::engine {

[[nodiscard]] Result<bool> flagMember(const Json &object, const char *key, bool fallback = false);
/// Checked with plainText().
[[nodiscard]] Result<std::string> textMember(const Json &object, const char *key, std::string fallback = {});
/// A number, or its decimal digits in a text, as protobuf writes numbers in JSON.
[[nodiscard]] Result<std::int64_t> numberMember(const Json &object, const char *key, std::int64_t fallback = 0);
/// An object, or null.
[[nodiscard]] Result<> checkObject(const Json &object, const char *key);

/// A text that ends up as a path, an argument or a variable: refused when it holds a NUL, where the system would end
/// it. The error is as of a member of that name.
[[nodiscard]] Result<std::string> plainText(std::string text, const std::string &name);

} // namespace sandglass::engine
