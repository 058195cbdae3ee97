#pragma once

#include "services/core/money.h"

#include <QString>

namespace sandglass::ui {

/// The currency in which formatMoney() writes amounts, at a rate that a person has set. What is computed, stored and
/// exported stays in exact US dollars. UI thread.
class DisplayCurrency final
{
public:
    /// `code`: three letters; "USD" or empty for dollars as they are. `perDollar`: decimal, such as "0.92". False, and
    /// nothing changes, when there is no such currency or the rate is not above zero and below a million.
    static bool set(const QString &code, const QString &perDollar);

    [[nodiscard]] static QString symbol(); ///< to be put before the number: "$", "€", "CHF "
    [[nodiscard]] static Money converted(Money dollars);
};

} // namespace sandglass::ui
