#pragma once

#include "services/core/result.h"
#include "services/core/time.h"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace sandglass {

using Json = nlohmann::json;

/// Parses without exceptions; the error says where the text stopped being JSON.
[[nodiscard]] inline Result<Json> parseJson(std::string_view text)
{
    Json value = Json::parse(text, nullptr, false);
    if (value.is_discarded())
        return failure(Error::Kind::Decode, "the answer is not JSON: " + std::string(text.substr(0, 80)));
    return value;
}

/// Serialises anything, replacing bytes that are not UTF-8 instead of throwing.
[[nodiscard]] inline std::string dumpJson(const Json &value, int indent = -1)
{
    return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// Member readers that never throw: a missing or differently typed member gives the fallback.
[[nodiscard]] inline std::string stringOr(const Json &object, const char *key, std::string fallback = {})
{
    if (!object.is_object())
        return fallback;
    const auto it = object.find(key);
    return it != object.end() && it->is_string() ? it->get<std::string>() : fallback;
}

[[nodiscard]] inline std::int64_t intOr(const Json &object, const char *key, std::int64_t fallback = 0)
{
    if (!object.is_object())
        return fallback;
    const auto it = object.find(key);
    return it != object.end() && it->is_number_integer() ? it->get<std::int64_t>() : fallback;
}

[[nodiscard]] inline double doubleOr(const Json &object, const char *key, double fallback = 0)
{
    if (!object.is_object())
        return fallback;
    const auto it = object.find(key);
    return it != object.end() && it->is_number() ? it->get<double>() : fallback;
}

[[nodiscard]] inline bool boolOr(const Json &object, const char *key, bool fallback = false)
{
    if (!object.is_object())
        return fallback;
    const auto it = object.find(key);
    return it != object.end() && it->is_boolean() ? it->get<bool>() : fallback;
}

/// The member as an object, array, …, or a null value.
[[nodiscard]] inline const Json &memberOr(const Json &object, const char *key)
{
    static const Json null;
    if (!object.is_object())
        return null;
    const auto it = object.find(key);
    return it != object.end() ? *it : null;
}

[[nodiscard]] inline std::optional<Timestamp> timeOr(const Json &object, const char *key)
{
    return parseRfc3339(stringOr(object, key));
}

} // namespace sandglass
