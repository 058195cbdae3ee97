#pragma once

#include "services/core/money.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sandglass::refine {

/// What a provider has counted for one answer. The four do not overlap, however the provider tells them.
struct TokenUsage
{
    std::int64_t input = 0;       ///< of the question, neither read from a cache nor written to one
    std::int64_t cachedInput = 0; ///< of the question, read from the provider's cache
    std::int64_t cacheWrite = 0;  ///< of the question, written to that cache
    std::int64_t output = 0;      ///< of the answer, with what the model thought

    [[nodiscard]] std::int64_t question() const { return input + cachedInput + cacheWrite; }
    friend bool operator==(const TokenUsage &, const TokenUsage &) = default;

    static constexpr std::int64_t most = 1'000'000'000; ///< of each; a provider that tells more is not believed
};

/// A model was asked for the code of an attempt: what that took.
struct ModelUse
{
    std::string model;                ///< as asked for
    std::string protocol;             ///< "openai" or "anthropic"
    std::optional<TokenUsage> tokens; ///< empty: the provider did not tell
    std::optional<Money> cost;        ///< tokens x price of that day; empty: tokens or price are not known
    std::chrono::nanoseconds duration{};
    friend bool operator==(const ModelUse &, const ModelUse &) = default;
};

/// What an attempt cost as a whole. Empty when a part of it is not known: half a cost is none.
[[nodiscard]] inline std::optional<Money> wholeCost(const std::optional<ModelUse> &model, bool hasSandbox,
                                                    const std::optional<Money> &sandbox)
{
    if ((model && !model->cost) || (hasSandbox && !sandbox))
        return std::nullopt;
    return (model ? *model->cost : Money{}) + (hasSandbox ? *sandbox : Money{});
}

} // namespace sandglass::refine
