#include "services/telemetry/redactor.h"

#include "services/core/json.h"
#include "services/core/secret.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace sandglass::telemetry {

void Redactor::learn(std::string_view secret)
{
    const bool mayBeJson = secret.starts_with('[') || secret.starts_with('{');
    const Json parsed = mayBeJson ? Json::parse(secret, nullptr, false) : Json(Json::value_t::discarded);
    if (parsed.is_discarded())
        return learnOne(std::string(secret));
    const Json texts = parsed.flatten();
    for (const auto &[path, value] : texts.items()) {
        if (value.is_string())
            learnOne(value.get<std::string>());
    }
}

void Redactor::learnOne(std::string secret)
{
    const std::unique_lock lock(m_mutex);
    if (secret.size() < shortest || m_known.size() >= most || std::ranges::find(m_known, secret) != m_known.end())
        return;
    const auto place = std::ranges::lower_bound(m_known, secret.size(), std::greater(), &std::string::size);
    m_known.insert(place, std::move(secret));
}

std::string Redactor::withoutKnown(std::string_view text, int &places) const
{
    std::string out(text);
    const std::shared_lock lock(m_mutex);
    for (const std::string &secret : m_known) {
        for (auto at = out.find(secret); at != std::string::npos; at = out.find(secret, at + 3)) {
            out.replace(at, secret.size(), "***");
            ++places;
        }
    }
    return out;
}

std::string Redactor::clean(std::string_view text) const
{
    int places = 0;
    return redacted(withoutKnown(text, places));
}

std::string Redactor::clean(std::string_view text, int &places) const
{
    // Stars of the text itself step aside for a byte that no UTF-8 has: each "***" that comes back is a place.
    constexpr char aside = '\xff';
    std::string out = withoutKnown(text, places);
    std::ranges::replace(out, '*', aside);
    out = redacted(out);
    for (auto at = out.find("***"); at != std::string::npos; at = out.find("***", at + 3))
        ++places;
    std::ranges::replace(out, aside, '*');
    return out;
}

Redactor &redactor()
{
    static auto *const instance = new Redactor; // threads log while the program's statics go
    return *instance;
}

} // namespace sandglass::telemetry
