#include "ui/costs/costformula.h"

#include "ui/text/format.h"

#include <QCoreApplication>
#include <QStringList>

namespace sandglass::ui {

namespace {

constexpr int allDigits = 15; ///< of thousandths of seconds and of GiB in MiB

QString rateText(std::int64_t pico)
{
    return formatMoneyExact(Money::fromPicoDollars(pico));
}

} // namespace

QString costFormula(const std::vector<cost::CostPart> &parts)
{
    QStringList terms;
    for (const cost::CostPart &part : parts) {
        const QString seconds = QString::number(static_cast<double>(part.ms) / 1'000, 'g', allDigits);
        const QString gib = QString::number(part.memoryMb / 1'024.0, 'g', allDigits);
        terms << QCoreApplication::translate("CostFormula", "%1 vCPU × %2 s × %3")
                     .arg(QString::number(part.vcpuCount), seconds, rateText(part.picoPerVcpuSecond))
              << QCoreApplication::translate("CostFormula", "%1 GiB × %2 s × %3")
                     .arg(gib, seconds, rateText(part.picoPerGibSecond));
    }
    return terms.join(QStringLiteral(" + "));
}

QString costEquation(const std::vector<cost::CostPart> &parts)
{
    Money sum;
    for (const cost::CostPart &part : parts)
        sum += part.amount();
    const bool isWhole = Money::fromPicoDollars(sum.toPicoDollars()) == sum;
    return costFormula(parts) + (isWhole ? QStringLiteral(" = ") : QStringLiteral(" ≈ ")) + formatMoneyExact(sum);
}

} // namespace sandglass::ui
