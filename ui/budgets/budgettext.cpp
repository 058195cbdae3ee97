#include "ui/budgets/budgettext.h"

#include "services/core/displayzone.h"
#include "services/core/qtstring.h"
#include "ui/text/format.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QStringList>

#include <algorithm>
#include <cmath>

using namespace Qt::Literals::StringLiterals;
using std::chrono::milliseconds;

namespace sandglass::ui {

namespace {

constexpr double mostMinutes = 10 * 366 * 24 * 60;

QString tr(const char *text)
{
    return QCoreApplication::translate("BudgetText", text);
}

QStringList parts(const QString &text)
{
    QStringList trimmed;
    const QStringList pieces = text.split(u',', Qt::SkipEmptyParts);
    for (const QString &piece : pieces) {
        if (const QString part = piece.trimmed(); !part.isEmpty())
            trimmed << part;
    }
    return trimmed;
}

/// What the limit is about, after "3 of 2".
QString spanText(const cost::Budget &budget)
{
    if (budget.measure == cost::Budget::Measure::Concurrent)
        return tr("at once");
    return budget.period == cost::PeriodKind::Day ? tr("today")
        : budget.period == cost::PeriodKind::Week ? tr("this week")
                                                  : tr("this month");
}

} // namespace

QString exceptionsText(const std::vector<cost::Scope> &scopes)
{
    QStringList texts;
    for (const cost::Scope &scope : scopes) {
        const QString value = toQString(scope.value);
        switch (scope.kind) {
        case cost::Scope::Kind::Template:
            texts << u"template:"_s + value;
            break;
        case cost::Scope::Kind::Connection:
            texts << u"connection:"_s + value;
            break;
        case cost::Scope::Kind::Team:
            texts << u"team:"_s + value;
            break;
        case cost::Scope::Kind::Metadata:
            texts << (value.isEmpty() ? toQString(scope.key) : toQString(scope.key) + u'=' + value);
            break;
        case cost::Scope::Kind::All:
            break; // everything excepted: nobody types that
        }
    }
    return texts.join(u", "_s);
}

Result<std::vector<cost::Scope>> exceptionsFromText(const QString &text)
{
    using Kind = cost::Scope::Kind;
    std::vector<cost::Scope> scopes;
    const QStringList all = parts(text);
    for (const QString &part : all) {
        cost::Scope scope;
        if (part.startsWith(u"template:"_s))
            scope = {Kind::Template, {}, toUtf8(part.sliced(9).trimmed())};
        else if (part.startsWith(u"connection:"_s))
            scope = {Kind::Connection, {}, toUtf8(part.sliced(11).trimmed())};
        else if (part.startsWith(u"team:"_s))
            scope = {Kind::Team, {}, toUtf8(part.sliced(5).trimmed())};
        else
            scope = {Kind::Metadata, toUtf8(part.section(u'=', 0, 0).trimmed()),
                     toUtf8(part.section(u'=', 1).trimmed())};
        if (scope.kind == Kind::Metadata ? scope.key.empty() : scope.value.empty())
            return failure(Error::Kind::Local, toUtf8(tr("Exceptions: \"%1\" is not understood.").arg(part)));
        scopes.push_back(std::move(scope));
    }
    return scopes;
}

std::optional<std::vector<int>> percentsFromText(const QString &text)
{
    std::vector<int> percents;
    QString plain = text;
    const QStringList all = parts(plain.remove(u'%'));
    for (const QString &part : all) {
        bool isNumber = false;
        percents.push_back(part.toInt(&isNumber));
        if (!isNumber)
            return {};
    }
    std::ranges::sort(percents);
    percents.erase(std::ranges::unique(percents).begin(), percents.end());
    return percents;
}

QString percentsText(const std::vector<int> &percents)
{
    QStringList texts;
    for (const int percent : percents)
        texts << QString::number(percent);
    return texts.join(u", "_s);
}

QString minutesText(milliseconds time)
{
    return QString::number(std::chrono::duration<double, std::ratio<60>>(time).count(), 'g', 10);
}

std::optional<milliseconds> minutesFromText(const QString &text)
{
    bool isNumber = false;
    const double minutes = text.trimmed().toDouble(&isNumber);
    if (!isNumber || !std::isfinite(minutes) || minutes <= 0 || minutes > mostMinutes)
        return {};
    return milliseconds(std::llround(minutes * 60'000));
}

QString thresholdsText(const Thresholds &thresholds)
{
    QStringList texts;
    for (const auto &[name, threshold] : thresholds)
        texts << toQString(name) + u'=' + minutesText(threshold);
    return texts.join(u", "_s);
}

Result<Thresholds> thresholdsFromText(const QString &text)
{
    Thresholds thresholds;
    const QStringList all = parts(text);
    for (const QString &part : all) {
        const auto minutes = minutesFromText(part.section(u'=', 1));
        const QString name = part.section(u'=', 0, 0).trimmed();
        if (!minutes || name.isEmpty())
            return failure(Error::Kind::Local,
                           toUtf8(tr("Per template: \"%1\" is not like \"name=minutes\".").arg(part)));
        thresholds[toUtf8(name)] = *minutes;
    }
    return thresholds;
}

QString momentText(Timestamp time)
{
    return DisplayZone::at(time).toString(u"d MMM HH:mm:ss"_s);
}

QString dayText(Timestamp time)
{
    return DisplayZone::at(time).toString(u"d MMM HH:mm"_s);
}

QString usedOfLimit(const cost::Budget &budget, const cost::BudgetUsage &usage)
{
    switch (budget.measure) {
    case cost::Budget::Measure::Money:
        return tr("%1 of %2").arg(formatMoney(usage.spent), formatMoney(budget.moneyLimit));
    case cost::Budget::Measure::Age:
        return tr("%1 of %2")
            .arg(formatAge(std::chrono::seconds(usage.count)), formatAge(std::chrono::seconds(budget.countLimit)));
    default:
        return tr("%1 of %2").arg(formatCount(usage.count), formatCount(budget.countLimit));
    }
}

QString startText(const cost::StartFinding &finding)
{
    using Why = cost::StartFinding::Why;
    const cost::Budget &budget = finding.budget;
    const bool isMoney = budget.measure == cost::Budget::Measure::Money;
    const QString name = toQString(budget.name);
    const QString amount = usedOfLimit(budget, finding.usage) + u' ' + spanText(budget);
    switch (finding.why) {
    case Why::Unknown:
        return tr("Whether the budget “%1” is used up is not known yet: its sum is still being made.").arg(name);
    case Why::UsedUp:
        return finding.isRefusal ? tr("The budget “%1” is used up (%2) and stops new starts.").arg(name, amount)
                                 : tr("The budget “%1” is used up (%2).").arg(name, amount);
    case Why::WouldExceed:
        return isMoney ? tr("This may use up the budget “%1” (now %2).").arg(name, amount)
                       : tr("This exceeds the budget “%1” (now %2).").arg(name, amount);
    case Why::Near:
        break;
    }
    if (finding.threshold == 0)
        return tr("The budget “%1” is nearly used up (%2).").arg(name, amount);
    return (isMoney ? tr("This may take the budget “%1” past %2 % (now %3).")
                    : tr("This takes the budget “%1” past %2 % (now %3)."))
        .arg(name)
        .arg(finding.threshold)
        .arg(amount);
}

QString forecastMethodText()
{
    return tr("How this is reckoned: the daily rate is the mean of the last complete days (28 at most), "
              "in which a day weighs half as much as the one five days after it. The rest of today goes "
              "on at the present burn rate, the days after at the daily rate. The range is 95 %, by how "
              "much these days differ. Fewer than three complete days make no forecast.");
}

} // namespace sandglass::ui
