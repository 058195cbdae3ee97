#include "services/core/money.h"

#include <algorithm>

namespace sandglass {

namespace {

__extension__ using Wide = __int128;

constexpr int picoDigits = 12;

Wide pow10(int exponent)
{
    Wide value = 1;
    for (; exponent > 0; --exponent)
        value *= 10;
    return value;
}

Wide divideRounded(Wide value, Wide divisor)
{
    const Wide half = divisor / 2;
    return value >= 0 ? (value + half) / divisor : -((-value + half) / divisor);
}

std::string digitsOf(Wide value)
{
    if (value == 0)
        return "0";
    std::string text;
    for (; value > 0; value /= 10)
        text += static_cast<char>('0' + static_cast<int>(value % 10));
    std::ranges::reverse(text);
    return text;
}

} // namespace

std::optional<Money> Money::parse(std::string_view dollars)
{
    const bool negative = !dollars.empty() && dollars.front() == '-';
    if (negative)
        dollars.remove_prefix(1);
    const auto point = dollars.find('.');
    const std::string_view whole = dollars.substr(0, point);
    const std::string_view fraction = point == std::string_view::npos ? std::string_view{} : dollars.substr(point + 1);
    const auto isDigits = [](std::string_view text) {
        return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    };
    if (whole.empty() || whole.size() > 12 || fraction.size() > picoDigits || !isDigits(whole) || !isDigits(fraction)
        || (point != std::string_view::npos && fraction.empty()))
        return {};
    Wide pico = 0;
    for (const char c : whole)
        pico = pico * 10 + (c - '0');
    for (const char c : fraction)
        pico = pico * 10 + (c - '0');
    pico *= pow10(picoDigits - static_cast<int>(fraction.size()));
    return Money((negative ? -pico : pico) * unitsPerPico);
}

std::int64_t Money::toPicoDollars() const
{
    return static_cast<std::int64_t>(divideRounded(m_units, unitsPerPico));
}

double Money::toDollars() const
{
    return static_cast<double>(m_units) / (static_cast<double>(unitsPerPico) * 1e12);
}

std::string Money::toFixed(int fractionDigits) const
{
    fractionDigits = std::clamp(fractionDigits, 0, picoDigits);
    const Wide rounded = divideRounded(m_units, Wide{unitsPerPico} * pow10(picoDigits - fractionDigits));
    std::string text = digitsOf(rounded < 0 ? -rounded : rounded);
    const auto digits = static_cast<std::size_t>(fractionDigits);
    if (text.size() <= digits)
        text.insert(0, digits + 1 - text.size(), '0');
    if (digits > 0)
        text.insert(text.size() - digits, 1, '.');
    if (rounded < 0)
        text.insert(0, 1, '-');
    return text;
}

std::string Money::toSignificant(int digits) const
{
    const Wide magnitude = m_units < 0 ? -m_units : m_units;
    // Position of the first significant digit behind the point, 0 when the amount is a dollar or more.
    int leading = 0;
    const Wide dollar = Wide{unitsPerPico} * pow10(picoDigits);
    if (magnitude > 0) {
        for (Wide scaled = magnitude; scaled < dollar && leading < picoDigits; scaled *= 10)
            ++leading;
    }
    int wholeDigits = magnitude >= dollar ? static_cast<int>(digitsOf(magnitude / dollar).size()) : 0;
    const int fraction = magnitude >= dollar ? digits - wholeDigits : leading + digits - 1;
    return toFixed(std::clamp(fraction, 2, picoDigits));
}

} // namespace sandglass
