#pragma once

#include "services/core/json.h"
#include "services/core/result.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandglass::e2b {

/// Reads members of one JSON object and keeps the first complaint, with its path. Private to the room.
class Fields final
{
public:
    Fields(const Json &object, std::string_view path);

    void text(const char *key, std::string &to);
    void number(const char *key, int &to);
    void number(const char *key, std::int64_t &to);
    void number(const char *key, double &to); ///< finite
    void boolean(const char *key, bool &to);
    void time(const char *key, std::optional<Timestamp> &to);
    void texts(const char *key, std::vector<std::string> &to);
    void map(const char *key, std::map<std::string, std::string> &to);
    void require(const char *key, const std::string &value); ///< complains when `value` stayed empty

    [[nodiscard]] const std::optional<Error> &error() const { return m_error; }

private:
    [[nodiscard]] const Json *find(const char *key) const; ///< null when absent or JSON null
    void complain(const std::string &where, const Json &value, std::string_view expected);

    const Json &m_object;
    std::string m_path;
    std::optional<Error> m_error;
};

/// "$ is a string, not an array" and the like.
[[nodiscard]] Error wrongType(std::string_view path, const Json &value, std::string_view expected);

/// Each row of an array by `decodeOne(row, path of the row)`; the first complaint fails the whole.
template<typename T, typename DecodeOne>
[[nodiscard]] Result<std::vector<T>> decodeArray(const Json &value, std::string_view path, DecodeOne decodeOne)
{
    constexpr std::size_t mostRows = 1'000'000;
    if (!value.is_array())
        return failure(wrongType(path, value, "an array"));
    if (value.size() > mostRows)
        return failure(Error::Kind::Decode, "the list holds more than a million rows");
    std::vector<T> result;
    result.reserve(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
        auto row = decodeOne(value[i], std::string(path) + "[" + std::to_string(i) + "]");
        if (!row)
            return failure(row.error());
        result.push_back(std::move(*row));
    }
    return result;
}

} // namespace sandglass::e2b
