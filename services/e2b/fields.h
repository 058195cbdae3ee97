#pragma once

#include "services/core/json.h"
#include "services/core/result.h"

#include <map>
#include <string>
#include <string_view>
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

} // namespace sandglass::e2b
