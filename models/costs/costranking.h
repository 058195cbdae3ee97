#pragma once

#include "services/core/money.h"
#include "services/lifecycle/coldusage.h"

#include <QString>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sandglass::models {

/// A row of CostTableModel.
struct CostRow
{
    enum class Kind {
        Named,
        Without, ///< sandboxes that have no value of the key
        More,    ///< groups too cheap for a row of their own
        Earlier, ///< sandboxes of which the sum alone is known
    };
    Kind kind = Kind::Named;
    QString name; ///< of Named
    lifecycle::ColdUsage::Group group;
    std::int64_t count = 0; ///< groups of More
};

/// What was added up of a window.
struct CostSums
{
    using Group = lifecycle::ColdUsage::Group;
    enum class Order { DearestFirst, LastNameFirst };

    Order order = Order::DearestFirst;
    std::unordered_map<std::string, Group> groups; ///< by name
    Group without;
    std::shared_ptr<const lifecycle::ColdUsage::Answer> cold; ///< other sandboxes; null: not known
    std::optional<Money> whole; ///< what all sandboxes have cost; empty: the sums here have all there is
};

struct RankedCosts
{
    std::vector<CostRow> rows; ///< `most` and what is left over; they add up to `total`
    Money total;
    Money confirmed;
};

/// Takes some tens of milliseconds for 30,000 groups, and gives back their memory: not for the UI thread.
[[nodiscard]] RankedCosts rankCosts(CostSums sums, std::size_t most);

} // namespace sandglass::models
