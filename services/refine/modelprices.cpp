#include "services/refine/modelprices.h"

#include "services/core/qtstring.h"

#include <QUrl>

#include <algorithm>

namespace sandglass::refine {

namespace {

constexpr int perMillionDigits = 6; // of a dollar: a pico-dollar for a token
constexpr std::int64_t tokensOfPrice = 1'000'000;

tl::unexpected<Error> fault(std::size_t index, const char *member, const char *expected)
{
    return failure(Error::Kind::Decode,
                   "prices[" + std::to_string(index) + "]." + std::string(member) + ": " + expected);
}

Result<ModelPrice> readPrice(const Json &json, std::size_t index)
{
    constexpr const char *wanted = "a text of dollars per million tokens is needed, such as \"0.15\"";
    ModelPrice price;
    const auto from = timeOr(json, "valid_from");
    if (!from)
        return fault(index, "valid_from", "an RFC 3339 time is needed");
    price.validFrom = *from;
    price.source = stringOr(json, "source");
    for (const auto &[member, target] : {std::pair("usd_per_million_input", &price.picoPerInput),
                                         std::pair("usd_per_million_output", &price.picoPerOutput)}) {
        const auto pico = parsePerMillion(stringOr(json, member));
        if (!pico)
            return fault(index, member, wanted);
        *target = *pico;
    }
    for (const auto &[member, target] : {std::pair("usd_per_million_cached_input", &price.picoPerCachedInput),
                                         std::pair("usd_per_million_cache_write", &price.picoPerCacheWrite)}) {
        if (memberOr(json, member).is_null())
            continue;
        *target = parsePerMillion(stringOr(json, member));
        if (!*target)
            return fault(index, member, wanted);
    }
    return price;
}

/// What follows the name of a model in that of one of its versions: "-2024-07-18", "-20251001", "-latest".
bool isVersion(std::string_view rest)
{
    return rest == "-latest" || (rest.size() >= 9 && rest.front() == '-' && std::ranges::all_of(rest, [](char c) {
                                     return c == '-' || (c >= '0' && c <= '9');
                                 }));
}

} // namespace

std::optional<std::int64_t> parsePerMillion(std::string_view dollars)
{
    const auto point = dollars.find('.');
    if (dollars.starts_with('-') || (point != std::string_view::npos && dollars.size() - point - 1 > perMillionDigits))
        return {};
    const auto money = Money::parse(dollars);
    if (!money || *money > Money::fromPicoDollars(ModelPrice::most).scaled(tokensOfPrice, 1))
        return {};
    return money->toPicoDollars() / tokensOfPrice;
}

std::string perMillionText(std::int64_t picoPerToken)
{
    std::string text = Money::fromPicoDollars(picoPerToken).scaled(tokensOfPrice, 1).toFixed(perMillionDigits);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.'))
        text.pop_back();
    return text;
}

Result<ModelPrices> ModelPrices::fromJson(const Json &list)
{
    if (!list.is_array())
        return failure(Error::Kind::Decode, "prices: an array is needed");
    std::vector<ModelPrice> prices;
    for (std::size_t i = 0; i < list.size(); ++i) {
        auto price = readPrice(list[i], i);
        if (!price)
            return failure(std::move(price.error()));
        prices.push_back(std::move(*price));
    }
    return fromList(std::move(prices));
}

Result<ModelPrices> ModelPrices::fromList(std::vector<ModelPrice> prices)
{
    if (prices.empty())
        return failure(Error::Kind::Decode, "at least one price is needed");
    std::ranges::stable_sort(prices, {}, &ModelPrice::validFrom);
    if (const auto twin = std::ranges::adjacent_find(prices, {}, &ModelPrice::validFrom); twin != prices.end())
        return failure(Error::Kind::Decode, "two prices are valid from " + formatRfc3339(twin->validFrom, 0));
    const auto isSound = [](std::int64_t pico) { return pico >= 0 && pico <= ModelPrice::most; };
    for (const ModelPrice &price : prices) {
        if (!isSound(price.picoPerInput) || !isSound(price.picoPerOutput)
            || !isSound(price.picoPerCachedInput.value_or(0)) || !isSound(price.picoPerCacheWrite.value_or(0)))
            return failure(Error::Kind::Decode, "a price is from 0 to 10000 dollars per million tokens");
    }
    ModelPrices result;
    result.m_prices = std::move(prices);
    return result;
}

Json ModelPrices::toJson() const
{
    Json list = Json::array();
    for (const ModelPrice &price : m_prices) {
        Json entry = {{"valid_from", formatRfc3339(price.validFrom, 9)},
                      {"usd_per_million_input", perMillionText(price.picoPerInput)},
                      {"usd_per_million_output", perMillionText(price.picoPerOutput)},
                      {"source", price.source}};
        if (price.picoPerCachedInput)
            entry["usd_per_million_cached_input"] = perMillionText(*price.picoPerCachedInput);
        if (price.picoPerCacheWrite)
            entry["usd_per_million_cache_write"] = perMillionText(*price.picoPerCacheWrite);
        list.push_back(std::move(entry));
    }
    return list;
}

const ModelPrice *ModelPrices::at(Timestamp time) const
{
    if (m_prices.empty())
        return nullptr;
    const auto after = std::ranges::upper_bound(m_prices, time, {}, &ModelPrice::validFrom);
    return after == m_prices.begin() ? &m_prices.front() : &*std::prev(after);
}

std::optional<Money> ModelPrices::costOf(const std::optional<TokenUsage> &tokens, Timestamp time) const
{
    const ModelPrice *price = at(time);
    if (price == nullptr || !tokens)
        return std::nullopt;
    const auto of = [](std::int64_t count, std::int64_t pico) { return Money::fromPicoDollars(pico).scaled(count, 1); };
    return of(tokens->input, price->picoPerInput)
        + of(tokens->cachedInput, price->picoPerCachedInput.value_or(price->picoPerInput))
        + of(tokens->cacheWrite, price->picoPerCacheWrite.value_or(price->picoPerInput))
        + of(tokens->output, price->picoPerOutput);
}

Result<ModelPriceList> ModelPriceList::fromJson(std::string_view text)
{
    const auto json = parseJson(text);
    if (!json)
        return failure(Error::Kind::Decode, "the list of model prices is not JSON");
    if (stringOr(*json, "currency") != "USD")
        return failure(Error::Kind::Decode, "currency: only \"USD\" is known");
    const Json &models = memberOr(*json, "models");
    if (!models.is_array())
        return failure(Error::Kind::Decode, "models: an array is needed");
    ModelPriceList list;
    for (const Json &entry : models) {
        const std::string host = stringOr(entry, "host");
        const std::string model = stringOr(entry, "model");
        auto prices = ModelPrices::fromJson(memberOr(entry, "prices"));
        if (host.empty() || model.empty() || !prices)
            return failure(Error::Kind::Decode,
                           "models: \"" + model
                               + "\": " + (prices ? "host or model is missing" : prices.error().message));
        list.m_prices[{host, model}] = std::move(*prices);
    }
    return list;
}

const ModelPrices *ModelPriceList::find(std::string_view baseUrl, std::string_view model) const
{
    const std::string host = toUtf8(QUrl(toQString(baseUrl)).host());
    const ModelPrices *found = nullptr;
    std::size_t length = 0;
    for (const auto &[key, prices] : m_prices) {
        const std::string &name = key.second;
        if (key.first != host || !model.starts_with(name) || name.size() < length)
            continue;
        if (const std::string_view rest = model.substr(name.size()); rest.empty() || isVersion(rest)) {
            found = &prices;
            length = name.size();
        }
    }
    return found;
}

} // namespace sandglass::refine
