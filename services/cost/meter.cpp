#include "services/cost/meter.h"

#include <algorithm>

namespace sandglass::cost {

namespace {

// No machine is larger; figures above come from broken or hostile input and would leave 128 bits.
constexpr int maxVcpus = 1 << 16;
constexpr int maxMemoryMb = 1 << 30;
constexpr Timestamp farFuture = Timestamp::max();

bool isKnownSize(int vcpuCount, int memoryMb)
{
    return vcpuCount > 0 && memoryMb > 0 && vcpuCount <= maxVcpus && memoryMb <= maxMemoryMb;
}

/// start + ms without leaving the range of Timestamp.
Timestamp plusMs(Timestamp start, std::int64_t ms)
{
    const auto room =
        std::chrono::floor<std::chrono::milliseconds>(farFuture - std::max(start, Timestamp{})).count();
    return start + std::chrono::milliseconds(std::clamp<std::int64_t>(ms, 0, room));
}

Timestamp endOf(const Usage &usage)
{
    return usage.confirmedMs ? plusMs(usage.start, *usage.confirmedMs) : usage.end;
}

/// Whole milliseconds of the stretch passed until `time`. Pieces of a stretch are differences of these, so
/// they add up to the whole whatever the cuts.
std::int64_t elapsedMs(const Usage &usage, Timestamp time)
{
    using namespace std::chrono;
    const auto wide = [](Timestamp t) { return t.time_since_epoch().count(); };
    __extension__ using Wide = __int128;
    const Wide span = Wide{wide(time)} - Wide{wide(usage.start)};
    return static_cast<std::int64_t>(span / nanoseconds(milliseconds(1)).count());
}

} // namespace

std::optional<Money> priceOf(const Usage &usage, const RateCard &card, Timestamp from, Timestamp to)
{
    if (card.rates().empty() || !isKnownSize(usage.vcpuCount, usage.memoryMb))
        return {};
    Timestamp cursor = std::max(usage.start, from);
    const Timestamp end = std::min(endOf(usage), to);
    Money sum;
    const auto &rates = card.rates();
    const Rate *rate = card.at(cursor);
    while (cursor < end) {
        const Rate *next = rate + 1 == rates.data() + rates.size() ? nullptr : rate + 1;
        const Timestamp until = next ? std::min(end, next->validFrom) : end;
        if (until > cursor) {
            sum += Money::ofUsage(elapsedMs(usage, until) - elapsedMs(usage, cursor), usage.vcpuCount,
                                  usage.memoryMb, rate->picoPerVcpuSecond, rate->picoPerGibSecond);
            cursor = until;
        }
        if (!next)
            break;
        rate = next;
    }
    return sum;
}

std::optional<Money> priceOf(const Usage &usage, const RateCard &card)
{
    return priceOf(usage, card, Timestamp::min(), farFuture);
}

std::optional<Money> hourlyRate(int vcpuCount, int memoryMb, const RateCard &card, Timestamp time)
{
    const Rate *rate = card.at(time);
    if (!rate || !isKnownSize(vcpuCount, memoryMb))
        return {};
    return Money::ofUsage(3'600'000, vcpuCount, memoryMb, rate->picoPerVcpuSecond, rate->picoPerGibSecond);
}

} // namespace sandglass::cost
