#include "services/e2b/fields.h"

#include <limits>

namespace sandglass::e2b {

Error wrongType(std::string_view path, const Json &value, std::string_view expected)
{
    return {Error::Kind::Decode,
            0,
            std::string(path) + " is of type " + value.type_name() + ", expected " + std::string(expected),
            {}};
}

Fields::Fields(const Json &object, std::string_view path) : m_object(object), m_path(path)
{
    if (!object.is_object())
        complain(m_path, object, "an object");
}

const Json *Fields::find(const char *key) const
{
    if (!m_object.is_object())
        return nullptr;
    const auto it = m_object.find(key);
    return it == m_object.end() || it->is_null() ? nullptr : &*it;
}

void Fields::complain(const std::string &where, const Json &value, std::string_view expected)
{
    if (!m_error)
        m_error = wrongType(where, value, expected);
}

void Fields::text(const char *key, std::string &to)
{
    const Json *value = find(key);
    if (value == nullptr)
        return;
    if (value->is_string())
        to = value->get<std::string>();
    else
        complain(m_path + "." + key, *value, "a string");
}

void Fields::number(const char *key, std::int64_t &to)
{
    const Json *value = find(key);
    if (value == nullptr)
        return;
    if (value->is_number_integer())
        to = value->get<std::int64_t>();
    else
        complain(m_path + "." + key, *value, "a whole number");
}

void Fields::number(const char *key, double &to)
{
    const Json *value = find(key);
    if (value == nullptr)
        return;
    if (value->is_number())
        to = value->get<double>(); // JSON has neither NaN nor infinity
    else
        complain(m_path + "." + key, *value, "a number");
}

void Fields::number(const char *key, int &to)
{
    std::int64_t wide = to;
    number(key, wide);
    if (wide >= std::numeric_limits<int>::min() && wide <= std::numeric_limits<int>::max())
        to = static_cast<int>(wide);
    else
        complain(m_path + "." + key, *find(key), "a number of 32 bits");
}

void Fields::boolean(const char *key, bool &to)
{
    const Json *value = find(key);
    if (value == nullptr)
        return;
    if (value->is_boolean())
        to = value->get<bool>();
    else
        complain(m_path + "." + key, *value, "true or false");
}

void Fields::time(const char *key, std::optional<Timestamp> &to)
{
    const Json *value = find(key);
    if (value == nullptr)
        return;
    if (value->is_string())
        to = parseRfc3339(value->get_ref<const std::string &>());
    if (!to)
        complain(m_path + "." + key, *value, "an RFC 3339 time");
}

void Fields::texts(const char *key, std::vector<std::string> &to)
{
    const Json *value = find(key);
    if (value == nullptr)
        return;
    if (!value->is_array()) {
        complain(m_path + "." + key, *value, "an array");
        return;
    }
    for (std::size_t i = 0; i < value->size(); ++i) {
        const Json &entry = (*value)[i];
        if (entry.is_string())
            to.push_back(entry.get<std::string>());
        else
            complain(m_path + "." + key + "[" + std::to_string(i) + "]", entry, "a string");
    }
}

void Fields::map(const char *key, std::map<std::string, std::string> &to)
{
    const Json *value = find(key);
    if (value == nullptr)
        return;
    if (!value->is_object()) {
        complain(m_path + "." + key, *value, "an object");
        return;
    }
    for (const auto &[name, entry] : value->items()) {
        if (entry.is_string())
            to[name] = entry.get<std::string>();
        else
            complain(m_path + "." + key + "." + name, entry, "a string");
    }
}

void Fields::require(const char *key, const std::string &value)
{
    if (!m_error && value.empty())
        m_error = Error{Error::Kind::Decode, 0, m_path + "." + key + " is missing", {}};
}

} // namespace sandglass::e2b
