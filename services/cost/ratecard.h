#pragma once

#include "services/core/money.h"
#include "services/core/result.h"
#include "services/core/time.h"

#include <string>
#include <string_view>
#include <vector>

namespace sandglass::cost {

/// Prices valid from a date on.
struct Rate
{
    Timestamp validFrom{};
    std::int64_t picoPerVcpuSecond = 0;
    std::int64_t picoPerGibSecond = 0;
    std::string source; ///< where the figures come from, shown in Settings
};

/// Dated list prices as data (resources/ratecard.json holds E2B's). Rates are sorted by validFrom.
class RateCard final
{
public:
    RateCard() = default;
    /// {"currency": "USD", "rates": [{"valid_from", "usd_per_vcpu_second": "0.000014", "usd_per_gib_second":
    /// "0.0000045", "source"}]}
    [[nodiscard]] static Result<RateCard> fromJson(std::string_view text);
    [[nodiscard]] std::string toJson() const;

    /// The rate valid at `time`; the first one also covers all time before it. Null when the card is empty.
    [[nodiscard]] const Rate *at(Timestamp time) const;
    [[nodiscard]] const std::vector<Rate> &rates() const { return m_rates; }

private:
    std::vector<Rate> m_rates;
};

} // namespace sandglass::cost
