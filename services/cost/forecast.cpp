#include "services/cost/forecast.h"

#include <algorithm>
#include <cmath>

namespace sandglass::cost {

namespace {

constexpr std::size_t fewestDays = 3;
constexpr std::size_t mostDays = 28;
constexpr double halfLifeDays = 5;
constexpr double quantile95 = 1.96;
constexpr double farFuture = 36'500; // days: beyond it, never
using Days = std::chrono::duration<double, std::ratio<86'400>>;

struct Rate
{
    double mean = 0;   ///< dollars per day
    double spread = 0; ///< standard deviation of a day
};

Rate weightedRate(const std::vector<Money> &days)
{
    const std::size_t used = std::min(days.size(), mostDays);
    double weights = 0;
    double sum = 0;
    double squares = 0;
    for (std::size_t age = 0; age < used; ++age) {
        const double weight = std::exp2(-static_cast<double>(age) / halfLifeDays);
        const double dollars = days[days.size() - 1 - age].toDollars();
        weights += weight;
        sum += weight * dollars;
        squares += weight * dollars * dollars;
    }
    const double mean = sum / weights;
    return {mean, std::sqrt(std::max(0.0, squares / weights - mean * mean))};
}

Money dollars(double amount)
{
    return Money::fromPicoDollars(static_cast<std::int64_t>(std::llround(std::clamp(amount, 0.0, 9e6) * 1e12)));
}

/// What remains of today goes by the burn rate, when it is known.
struct Today
{
    double left = 0; ///< days
    double perDay = 0;
    [[nodiscard]] double dollars() const { return left * perDay; }
};

Today todayOf(const ForecastInput &input, Timestamp until)
{
    if (!input.burnPerHour)
        return {};
    return {std::max(0.0, Days(std::min(input.dayEnd, until) - input.now).count()),
            input.burnPerHour->toDollars() * 24};
}

/// The last moment before `missing` dollars are used up.
std::optional<Timestamp> hitTime(Timestamp now, const Today &today, double missing, double perDay)
{
    double days = 0;
    if (missing <= today.dollars())
        days = missing / today.perDay;
    else if (perDay > 0)
        days = today.left + (missing - today.dollars()) / perDay;
    else
        return {};
    if (days > farFuture)
        return {};
    return now + std::chrono::duration_cast<Timestamp::duration>(Days(days)) - std::chrono::milliseconds(1);
}

void addHits(Forecast &result, const ForecastInput &input, const Rate &rate)
{
    if (input.spentInPeriod >= *input.budget) {
        result.hitAt = result.hitEarliest = result.hitLatest = input.now;
        return;
    }
    const double missing = (*input.budget - input.spentInPeriod).toDollars();
    const Today today = todayOf(input, Timestamp::max());
    result.hitAt = hitTime(input.now, today, missing, rate.mean);
    if (!result.hitAt)
        return;
    // The error of a mean over the days until then.
    const double until = std::max(1.0, Days(*result.hitAt - input.now).count());
    const double error = quantile95 * rate.spread / std::sqrt(until);
    result.hitEarliest = hitTime(input.now, today, missing, rate.mean + error);
    result.hitLatest = hitTime(input.now, today, missing, rate.mean - error);
}

} // namespace

std::optional<Forecast> forecast(const ForecastInput &input)
{
    if (input.days.size() < fewestDays)
        return {};
    const Rate rate = weightedRate(input.days);
    const double left = std::max(0.0, Days(input.periodEnd - input.now).count());
    const double margin = quantile95 * rate.spread * std::sqrt(left);
    const Today today = todayOf(input, input.periodEnd);
    const double more = today.dollars() + rate.mean * (left - today.left);
    const auto at = [&](double amount) { return input.spentInPeriod + dollars(amount); };
    Forecast result{at(more), at(more - margin), at(more + margin), dollars(rate.mean), {}, {}, {}};
    if (input.budget)
        addHits(result, input, rate);
    return result;
}

} // namespace sandglass::cost
