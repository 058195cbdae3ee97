#include "services/core/time.h"

#include <fmt/format.h>

namespace sandglass {

namespace {

/// Reads exactly `count` digits from the front of `text`.
std::optional<int> takeDigits(std::string_view &text, std::size_t count)
{
    if (text.size() < count)
        return {};
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9')
            return {};
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool takeChar(std::string_view &text, std::string_view anyOf)
{
    if (text.empty() || anyOf.find(text.front()) == std::string_view::npos)
        return false;
    text.remove_prefix(1);
    return true;
}

/// Fraction digits as nanoseconds; digits beyond the ninth are cut.
std::optional<std::int64_t> takeFraction(std::string_view &text)
{
    std::int64_t nanos = 0;
    int digits = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        if (digits < 9)
            nanos = nanos * 10 + (text.front() - '0');
        ++digits;
        text.remove_prefix(1);
    }
    if (digits == 0)
        return {};
    for (; digits < 9; ++digits)
        nanos *= 10;
    return nanos;
}

/// Offset of the zone in minutes: "Z", "+02:00", "-0530" is refused as RFC 3339 wants the colon.
std::optional<int> takeZone(std::string_view &text)
{
    if (takeChar(text, "Zz"))
        return 0;
    if (text.empty() || (text.front() != '+' && text.front() != '-'))
        return {};
    const int sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto hours = takeDigits(text, 2);
    if (!hours || !takeChar(text, ":"))
        return {};
    const auto minutes = takeDigits(text, 2);
    if (!minutes || *hours > 23 || *minutes > 59)
        return {};
    return sign * (*hours * 60 + *minutes);
}

} // namespace

Timestamp systemNow()
{
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

std::optional<Timestamp> parseRfc3339(std::string_view text)
{
    const auto year = takeDigits(text, 4);
    if (!year || !takeChar(text, "-"))
        return {};
    const auto month = takeDigits(text, 2);
    if (!month || !takeChar(text, "-"))
        return {};
    const auto day = takeDigits(text, 2);
    if (!day || !takeChar(text, "Tt "))
        return {};
    const auto hour = takeDigits(text, 2);
    if (!hour || !takeChar(text, ":"))
        return {};
    const auto minute = takeDigits(text, 2);
    if (!minute || !takeChar(text, ":"))
        return {};
    const auto second = takeDigits(text, 2);
    if (!second)
        return {};
    std::int64_t nanos = 0;
    if (takeChar(text, ".")) {
        const auto fraction = takeFraction(text);
        if (!fraction)
            return {};
        nanos = *fraction;
    }
    const auto zone = takeZone(text);
    if (!zone || !text.empty())
        return {};

    using namespace std::chrono;
    const year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                              std::chrono::day{static_cast<unsigned>(*day)}};
    // 60 is a leap second: it falls on the next minute, as POSIX time has none.
    if (!date.ok() || *year < 1678 || *year > 2261 || *hour > 23 || *minute > 59 || *second > 60)
        return {};
    return sys_days{date} + hours{*hour} + minutes{*minute - *zone} + seconds{*second} + nanoseconds{nanos};
}

std::string formatRfc3339(Timestamp time, int fractionDigits)
{
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                   clock.hours().count(), clock.minutes().count(), clock.seconds().count());
    if (fractionDigits > 0) {
        const std::string nanos = fmt::format("{:09}", clock.subseconds().count());
        text += '.';
        text += nanos.substr(0, static_cast<std::size_t>(std::min(fractionDigits, 9)));
    }
    text += 'Z';
    return text;
}

} // namespace sandglass
