#pragma once

#include "services/core/money.h"
#include "services/core/result.h"
#include "services/core/time.h"

#include <map>
#include <memory>
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

/// Dated list prices as data (resources/ratecard.json holds E2B's). Rates are sorted by validFrom. A team may have
/// prices of its own: what is priced for a sandbox asks the card of its team first. Cheap to copy.
class RateCard final
{
public:
    using Teams = std::map<std::string, RateCard, std::less<>>;

    RateCard() = default;
    /// {"currency": "USD", "rates": [{"valid_from", "usd_per_vcpu_second": "0.000014", "usd_per_gib_second":
    /// "0.0000045", "source"}]}
    [[nodiscard]] static Result<RateCard> fromJson(std::string_view text);
    /// Error: none, or two valid from the same time.
    [[nodiscard]] static Result<RateCard> fromRates(std::vector<Rate> rates);
    [[nodiscard]] std::string toJson() const; ///< without those of teams

    /// The rate valid at `time`; the first one also covers all time before it. Null when the card is empty.
    [[nodiscard]] const Rate *at(Timestamp time) const;
    [[nodiscard]] const std::vector<Rate> &rates() const { return m_rates; }

    /// Cards without teams of their own.
    void setTeams(Teams teams);
    /// The card of the team; this one where it has none, or where the team is not known (empty).
    [[nodiscard]] const RateCard &of(std::string_view team) const;
    /// When any price changes, of this card or a team's; in order, each once.
    [[nodiscard]] std::vector<Timestamp> changes() const;

private:
    std::vector<Rate> m_rates;
    std::shared_ptr<const Teams> m_teams;
};

} // namespace sandglass::cost
