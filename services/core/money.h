#pragma once

#ifndef Q_MOC_RUN // moc of Qt 6.4 cannot read <concepts>, which <compare> includes
#include <compare>
#endif
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sandglass {

/// US dollars, exact. The unit is a pico-dollar / 1,024,000, which makes
/// milliseconds x vCPU x (pico-dollar per vCPU-second) and milliseconds x MiB x (pico-dollar per GiB-second)
/// whole numbers: a sum of any number of runs has no rounding error. "Unknown" is std::optional without a value,
/// never zero.
class Money final
{
public:
    constexpr Money() = default;

    [[nodiscard]] static constexpr Money fromPicoDollars(std::int64_t pico)
    {
        return Money(Units{pico} * unitsPerPico);
    }

    /// Price of holding `vcpu` processors and `memoryMib` MiB for `ms` milliseconds.
    /// Rates in pico-dollars per vCPU-second and per GiB-second.
    [[nodiscard]] static constexpr Money ofUsage(std::int64_t ms, std::int64_t vcpu, std::int64_t memoryMib,
                                                 std::int64_t picoPerVcpuSecond, std::int64_t picoPerGibSecond)
    {
        return Money(Units{ms} * (Units{vcpu} * picoPerVcpuSecond * 1024 + Units{memoryMib} * picoPerGibSecond));
    }

    /// Decimal dollars such as "0.000014", at most 12 fraction digits; empty when malformed.
    [[nodiscard]] static std::optional<Money> parse(std::string_view dollars);

    /// Pico-dollars, rounded half away from zero. The exact value needs toDecimal().
    [[nodiscard]] std::int64_t toPicoDollars() const;
    [[nodiscard]] double toDollars() const; ///< for charts and ratios only

    /// Rounded half away from zero to `fractionDigits` (0-12), no sign of currency: "0.0027".
    [[nodiscard]] std::string toFixed(int fractionDigits) const;
    /// At least `digits` significant digits and at least two decimals: 4 -> "0.00001513", "12.34", "0.0000" never.
    [[nodiscard]] std::string toSignificant(int digits) const;

    [[nodiscard]] constexpr bool isZero() const { return m_units == 0; }
    [[nodiscard]] constexpr Money scaled(std::int64_t numerator, std::int64_t denominator) const
    {
        return Money(m_units * numerator / denominator);
    }

    constexpr Money &operator+=(Money other)
    {
        m_units += other.m_units;
        return *this;
    }
    constexpr Money &operator-=(Money other)
    {
        m_units -= other.m_units;
        return *this;
    }
    friend constexpr Money operator+(Money a, Money b) { return a += b; }
    friend constexpr Money operator-(Money a, Money b) { return a -= b; }
    friend constexpr bool operator==(Money a, Money b) { return a.m_units == b.m_units; }
    friend constexpr std::strong_ordering operator<=>(Money a, Money b)
    {
        return a.m_units < b.m_units ? std::strong_ordering::less
            : a.m_units > b.m_units  ? std::strong_ordering::greater
                                     : std::strong_ordering::equal;
    }

private:
    __extension__ using Units = __int128;
    static constexpr std::int64_t unitsPerPico = 1'024'000;

    constexpr explicit Money(Units units) : m_units(units) {}

    Units m_units = 0;
};

} // namespace sandglass
