#include "services/engine/api/members.h"

#include <charconv>

namespace sandglass::engine {

namespace {

tl::unexpected<Error> invalid(const std::string &name, const char *what)
{
    return failure(Error::Kind::Service, name + what, 400, "invalid_argument");
}

} // namespace

Result<bool> flagMember(const Json &object, const char *key, bool fallback)
{
    const Json &member = memberOr(object, key);
    if (member.is_null())
        return fallback;
    if (!member.is_boolean())
        return invalid(key, " has to be true or false");
    return member.get<bool>();
}

Result<std::string> textMember(const Json &object, const char *key, std::string fallback)
{
    const Json &member = memberOr(object, key);
    if (member.is_null())
        return fallback;
    if (!member.is_string())
        return invalid(key, " has to be a text");
    return plainText(member.get<std::string>(), key);
}

Result<std::int64_t> numberMember(const Json &object, const char *key, std::int64_t fallback)
{
    const Json &member = memberOr(object, key);
    if (member.is_null())
        return fallback;
    if (member.is_number_integer())
        return member.get<std::int64_t>();
    std::int64_t value = 0;
    const auto *text = member.is_string() ? member.get_ptr<const std::string *>() : nullptr;
    const char *end = text != nullptr ? text->data() + text->size() : nullptr;
    if (text == nullptr || text->empty() || std::from_chars(text->data(), end, value).ptr != end)
        return invalid(key, " has to be a whole number");
    return value;
}

Result<> checkObject(const Json &object, const char *key)
{
    const Json &member = memberOr(object, key);
    if (!member.is_null() && !member.is_object())
        return invalid(key, " has to be an object");
    return {};
}

Result<std::string> plainText(std::string text, const std::string &name)
{
    if (text.find('\0') != std::string::npos)
        return invalid(name, " must not contain NUL");
    return text;
}

} // namespace sandglass::engine
