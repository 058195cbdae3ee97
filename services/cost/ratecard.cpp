#include "services/cost/ratecard.h"

#include "services/core/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sandglass::cost {

namespace {

// A rate above this is a typing error, and keeps all products within 128 bits.
constexpr std::int64_t maxPicoPerSecond = 1'000'000'000'000; // 1 dollar per second

std::optional<std::int64_t> readPrice(const Json &rate, const char *key)
{
    const std::string text = stringOr(rate, key);
    if (text.empty() || text.front() == '-')
        return {};
    const auto money = Money::parse(text);
    if (!money || *money > Money::fromPicoDollars(maxPicoPerSecond))
        return {};
    return money->toPicoDollars();
}

Result<Rate> readRate(const Json &json, std::size_t index)
{
    const auto fail = [index](const char *member, const char *expected) {
        return failure(Error::Kind::Decode, fmt::format("$.rates[{}].{}: {}", index, member, expected));
    };
    const auto validFrom = timeOr(json, "valid_from");
    if (!validFrom)
        return fail("valid_from", "an RFC 3339 time is needed");
    const auto vcpu = readPrice(json, "usd_per_vcpu_second");
    if (!vcpu)
        return fail("usd_per_vcpu_second", "a text of decimal dollars from 0 to 1 is needed, such as \"0.000014\"");
    const auto gib = readPrice(json, "usd_per_gib_second");
    if (!gib)
        return fail("usd_per_gib_second", "a text of decimal dollars from 0 to 1 is needed, such as \"0.0000045\"");
    return Rate{*validFrom, *vcpu, *gib, stringOr(json, "source")};
}

/// As short as the value allows: "0.000014", not "0.000014000000".
std::string priceText(std::int64_t pico)
{
    std::string text = Money::fromPicoDollars(pico).toFixed(12);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.'))
        text.pop_back();
    return text;
}

} // namespace

Result<RateCard> RateCard::fromJson(std::string_view text)
{
    auto json = parseJson(text);
    if (!json)
        return failure(Error::Kind::Decode, "the rate card is not JSON");
    if (const std::string currency = stringOr(*json, "currency"); currency != "USD")
        return failure(Error::Kind::Decode, "$.currency: only \"USD\" is known");
    const Json &rates = memberOr(*json, "rates");
    if (!rates.is_array() || rates.empty())
        return failure(Error::Kind::Decode, "$.rates: an array with at least one rate is needed");

    std::vector<Rate> read;
    read.reserve(rates.size());
    for (std::size_t i = 0; i < rates.size(); ++i) {
        auto rate = readRate(rates[i], i);
        if (!rate)
            return failure(std::move(rate.error()));
        read.push_back(std::move(*rate));
    }
    return fromRates(std::move(read));
}

Result<RateCard> RateCard::fromRates(std::vector<Rate> rates)
{
    if (rates.empty())
        return failure(Error::Kind::Decode, "a rate card needs at least one rate");
    std::ranges::stable_sort(rates, {}, &Rate::validFrom);
    const auto twin = std::ranges::adjacent_find(rates, {}, &Rate::validFrom);
    if (twin != rates.end())
        return failure(Error::Kind::Decode, "$.rates: two rates are valid from " + formatRfc3339(twin->validFrom, 0));
    RateCard card;
    card.m_rates = std::move(rates);
    return card;
}

std::string RateCard::toJson() const
{
    Json rates = Json::array();
    for (const Rate &rate : m_rates) {
        rates.push_back({{"valid_from", formatRfc3339(rate.validFrom, 9)},
                         {"usd_per_vcpu_second", priceText(rate.picoPerVcpuSecond)},
                         {"usd_per_gib_second", priceText(rate.picoPerGibSecond)},
                         {"source", rate.source}});
    }
    return dumpJson({{"currency", "USD"}, {"rates", std::move(rates)}}, 2);
}

const Rate *RateCard::at(Timestamp time) const
{
    if (m_rates.empty())
        return nullptr;
    const auto after = std::ranges::upper_bound(m_rates, time, {}, &Rate::validFrom);
    return after == m_rates.begin() ? &m_rates.front() : &*std::prev(after);
}

void RateCard::setTeams(Teams teams)
{
    m_teams = teams.empty() ? nullptr : std::make_shared<const Teams>(std::move(teams));
}

const RateCard &RateCard::of(std::string_view team) const
{
    if (!m_teams || team.empty())
        return *this;
    const auto found = m_teams->find(team);
    return found == m_teams->end() ? *this : found->second;
}

std::vector<Timestamp> RateCard::changes() const
{
    std::vector<Timestamp> times;
    const auto add = [&times](const RateCard &card) {
        for (const Rate &rate : card.m_rates)
            times.push_back(rate.validFrom);
    };
    add(*this);
    if (m_teams) {
        for (const auto &[team, card] : *m_teams)
            add(card);
    }
    std::ranges::sort(times);
    times.erase(std::ranges::unique(times).begin(), times.end());
    return times;
}

} // namespace sandglass::cost
