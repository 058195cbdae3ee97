#pragma once

#include "services/core/json.h"
#include "services/core/money.h"
#include "services/core/result.h"
#include "services/core/time.h"
#include "services/refine/modeluse.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandglass::refine {

/// What tokens cost from a date on, in pico-dollars each: a dollar per million tokens is a million of them.
struct ModelPrice
{
    Timestamp validFrom{};
    std::int64_t picoPerInput = 0;
    std::int64_t picoPerOutput = 0;
    std::optional<std::int64_t> picoPerCachedInput; ///< empty: as input
    std::optional<std::int64_t> picoPerCacheWrite;  ///< empty: as input
    std::string source;                             ///< where the figures come from, shown in Settings

    static constexpr std::int64_t most = 10'000'000'000; ///< 10,000 dollars per million: more is a slip of the hand
};

/// "0.15", dollars per million tokens, as pico-dollars for one; at most six decimals. Empty when it is no such price.
[[nodiscard]] std::optional<std::int64_t> parsePerMillion(std::string_view dollars);
[[nodiscard]] std::string perMillionText(std::int64_t picoPerToken); ///< as short as the value allows: "0.15"

/// The dated prices of one model, oldest first. Without any, nothing is known of what it costs.
class ModelPrices final
{
public:
    ModelPrices() = default;
    /// [{"valid_from", "usd_per_million_input": "0.15", "usd_per_million_output": "0.60",
    /// "usd_per_million_cached_input"?, "usd_per_million_cache_write"?, "source"?}]
    [[nodiscard]] static Result<ModelPrices> fromJson(const Json &list);
    /// Error: none, two valid from the same time, or one beyond ModelPrice::most.
    [[nodiscard]] static Result<ModelPrices> fromList(std::vector<ModelPrice> prices);
    [[nodiscard]] Json toJson() const;

    [[nodiscard]] const std::vector<ModelPrice> &all() const { return m_prices; }
    /// The price valid at `time`; the first one also covers all time before it. Null when there is none.
    [[nodiscard]] const ModelPrice *at(Timestamp time) const;
    /// Empty when the tokens or the price are not known.
    [[nodiscard]] std::optional<Money> costOf(const std::optional<TokenUsage> &tokens, Timestamp time) const;

private:
    std::vector<ModelPrice> m_prices;
};

/// List prices as data (resources/modelprices.json): of models at hosts, for the same name costs elsewhere something
/// else, or nothing.
class ModelPriceList final
{
public:
    /// {"currency": "USD", "models": [{"host": "api.openai.com", "model": "gpt-4o-mini", "prices": […]}]}
    [[nodiscard]] static Result<ModelPriceList> fromJson(std::string_view text);
    /// Of a dated version ("gpt-4o-mini-2024-07-18", "claude-haiku-4-5-20251001"), those of the model. Null: not known.
    [[nodiscard]] const ModelPrices *find(std::string_view baseUrl, std::string_view model) const;

private:
    std::map<std::pair<std::string, std::string>, ModelPrices> m_prices; ///< by host and model
};

} // namespace sandglass::refine
