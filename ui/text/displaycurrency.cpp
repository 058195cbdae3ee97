#include "ui/text/displaycurrency.h"

#include "services/core/qtstring.h"

#include <algorithm>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

namespace {

constexpr std::int64_t rateUnit = 1'000'000; ///< steps of a rate in one

struct Present
{
    QString symbol = u"$"_s;
    std::int64_t rate = rateUnit;
};

Present &present()
{
    static Present one;
    return one;
}

QString symbolOf(const QString &code)
{
    if (code == u"EUR")
        return u"€"_s;
    if (code == u"GBP")
        return u"£"_s;
    if (code == u"JPY")
        return u"¥"_s;
    return code + QChar::Nbsp;
}

} // namespace

bool DisplayCurrency::set(const QString &code, const QString &perDollar)
{
    if (code.isEmpty() || code == u"USD") {
        present() = {};
        return true;
    }
    const bool isCode = code.size() == 3 && std::ranges::all_of(code, [](QChar c) { return c >= u'A' && c <= u'Z'; });
    const auto rate = Money::parse(toUtf8(perDollar)); // a decimal number is read as the amount is
    if (!isCode || !rate || *rate < Money::fromPicoDollars(rateUnit) || *rate >= *Money::parse("1000000"))
        return false;
    present() = {symbolOf(code), rate->toPicoDollars() / rateUnit};
    return true;
}

QString DisplayCurrency::symbol()
{
    return present().symbol;
}

Money DisplayCurrency::converted(Money dollars)
{
    return present().rate == rateUnit ? dollars : dollars.scaled(present().rate, rateUnit);
}

} // namespace sandglass::ui
