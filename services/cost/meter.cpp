#include "services/cost/meter.h"

#include <algorithm>

namespace sandglass::cost {

namespace {

// No machine is larger; figures above come from broken or hostile input and would leave 128 bits.
constexpr int maxVcpus = 1 << 16;
constexpr int maxMemoryMb = 1 << 30;

bool isKnownSize(int vcpuCount, int memoryMb)
{
    return vcpuCount > 0 && memoryMb > 0 && vcpuCount <= maxVcpus && memoryMb <= maxMemoryMb;
}

/// Whole milliseconds of the stretch passed until `time`, which is not before its start. Pieces of a stretch
/// are differences of these, so they add up to the whole whatever the cuts.
std::int64_t elapsedMs(const Usage &usage, Timestamp time)
{
    // Unsigned: the two may be further apart than a signed 64-bit count of nanoseconds holds.
    const auto span = static_cast<std::uint64_t>(toUnixNs(time)) - static_cast<std::uint64_t>(toUnixNs(usage.start));
    return static_cast<std::int64_t>(span / 1'000'000);
}

/// Calls `take(rate, milliseconds)` for each price that holds within the part of `usage` in [from, to). The card is not
/// empty.
template<typename Take>
void forEachPrice(const Usage &usage, const RateCard &card, Timestamp from, Timestamp to, Take &&take)
{
    Timestamp cursor = std::max(usage.start, from);
    const Timestamp end = std::min(usage.effectiveEnd(), to);
    const auto &rates = card.rates();
    const Rate *rate = card.at(cursor);
    while (cursor < end) {
        const Rate *next = rate + 1 == rates.data() + rates.size() ? nullptr : rate + 1;
        const Timestamp until = next ? std::min(end, next->validFrom) : end;
        if (until > cursor) {
            take(*rate, elapsedMs(usage, until) - elapsedMs(usage, cursor));
            cursor = until;
        }
        if (!next)
            break;
        rate = next;
    }
}

} // namespace

Timestamp Usage::effectiveEnd() const
{
    if (!confirmedMs)
        return end;
    // Stays within the range of Timestamp whatever the figure.
    const auto room = std::chrono::floor<std::chrono::milliseconds>(Timestamp::max() - std::max(start, Timestamp{}));
    return start + std::chrono::milliseconds(std::clamp<std::int64_t>(*confirmedMs, 0, room.count()));
}

std::optional<Money> priceOf(const Usage &usage, const RateCard &card, Timestamp from, Timestamp to)
{
    if (card.rates().empty() || !isKnownSize(usage.vcpuCount, usage.memoryMb))
        return {};
    Money sum;
    forEachPrice(usage, card, from, to, [&](const Rate &rate, std::int64_t ms) {
        sum += Money::ofUsage(ms, usage.vcpuCount, usage.memoryMb, rate.picoPerVcpuSecond, rate.picoPerGibSecond);
    });
    return sum;
}

std::vector<CostPart> partsOf(const std::vector<Usage> &usages, const RateCard &card)
{
    std::vector<CostPart> parts;
    if (card.rates().empty())
        return parts;
    for (const Usage &usage : usages) {
        if (!isKnownSize(usage.vcpuCount, usage.memoryMb))
            continue;
        forEachPrice(usage, card, Timestamp::min(), Timestamp::max(), [&](const Rate &rate, std::int64_t ms) {
            const auto same = std::ranges::find_if(parts, [&](const CostPart &part) {
                return part.vcpuCount == usage.vcpuCount && part.memoryMb == usage.memoryMb
                    && part.picoPerVcpuSecond == rate.picoPerVcpuSecond
                    && part.picoPerGibSecond == rate.picoPerGibSecond;
            });
            if (same != parts.end())
                same->ms += ms;
            else
                parts.push_back({usage.vcpuCount, usage.memoryMb, ms, rate.picoPerVcpuSecond, rate.picoPerGibSecond});
        });
    }
    return parts;
}

std::optional<Money> priceOf(const Usage &usage, const RateCard &card)
{
    return priceOf(usage, card, Timestamp::min(), Timestamp::max());
}

std::optional<Money> hourlyRate(int vcpuCount, int memoryMb, const RateCard &card, Timestamp time)
{
    const Rate *rate = card.at(time);
    if (!rate || !isKnownSize(vcpuCount, memoryMb))
        return {};
    return Money::ofUsage(3'600'000, vcpuCount, memoryMb, rate->picoPerVcpuSecond, rate->picoPerGibSecond);
}

} // namespace sandglass::cost
