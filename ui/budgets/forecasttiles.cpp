#include "ui/budgets/forecasttiles.h"

#include "models/budgets/guarddesk.h"
#include "models/budgets/spendforecast.h"
#include "services/core/qtstring.h"
#include "ui/budgets/budgettext.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/row.h"
#include "ui/widgets/stattile.h"

using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

using cost::Budget;

namespace {

/// "$48.10 to $51.90 · ", or nothing where it is too narrow to be seen.
QString rangeText(const cost::Forecast &forecast)
{
    const QString low = formatMoney(forecast.low);
    const QString high = formatMoney(forecast.high);
    return low == high ? QString() : ForecastTiles::tr("%1 to %2 · ").arg(low, high);
}

} // namespace

ForecastTiles::ForecastTiles(models::SpendForecast &forecast, const models::GuardDesk &desk, QWidget *parent)
    : QWidget(parent)
    , m_forecast(forecast)
    , m_desk(desk)
    , m_today(new StatTile(tr("At the end of the day"), u"forecastDay"_s))
    , m_month(new StatTile(tr("At the end of the month"), u"forecastMonth"_s))
    , m_reached(new StatTile(tr("Next budget reached"), u"forecastReached"_s))
{
    makeRow(this, metrics::cardGap, {m_today, m_month, m_reached});
    connect(&m_forecast, &models::SpendForecast::changed, this, &ForecastTiles::update);
    update();
}

void ForecastTiles::update()
{
    const QString method = forecastMethodText();
    const auto show = [&](StatTile *tile, const std::optional<models::SpendForecast::Outlook> &outlook) {
        tile->setToolTip(outlook ? tr("%1 spent so far.").arg(formatMoney(outlook->spent)) + u"\n\n"_s + method
                                 : method);
        if (!outlook) {
            tile->setValue(u"—"_s);
            return tile->setDetail(tr("adding up"));
        }
        const QString spent = tr("%1 spent").arg(formatMoney(outlook->spent));
        tile->setValue(outlook->forecast ? formatMoney(outlook->forecast->expected) : u"—"_s);
        tile->setDetail(outlook->forecast ? rangeText(*outlook->forecast) + spent : tr("not enough data"));
    };
    show(m_today, m_forecast.today());
    show(m_month, m_forecast.month());
    updateReached();
}

void ForecastTiles::updateReached()
{
    // The first that will be used up; the tooltip has them all.
    QStringList lines;
    const Budget *first = nullptr;
    const cost::Forecast *hit = nullptr;
    bool hasForecast = false;
    for (const auto &[id, outlook] : m_forecast.budgets()) {
        const Budget *budget = m_desk.find(id);
        if (budget == nullptr || !outlook.forecast)
            continue;
        hasForecast = true;
        const bool isHit = outlook.forecast->hitAt && *outlook.forecast->hitAt < outlook.period.to;
        lines << tr("%1: %2").arg(toQString(budget->name),
                                  isHit ? dayText(*outlook.forecast->hitAt) : tr("not in its period"));
        if (isHit && (hit == nullptr || *outlook.forecast->hitAt < *hit->hitAt)) {
            first = budget;
            hit = &*outlook.forecast;
        }
    }
    m_reached->setToolTip((lines << forecastMethodText()).join(u"\n\n"_s));
    if (hit == nullptr) {
        m_reached->setValue(u"—"_s);
        return m_reached->setDetail(hasForecast ? tr("none in its period at this rate")
                                                : tr("needs a budget and 3 days"));
    }
    const bool isNow = *hit->hitAt <= m_desk.now();
    m_reached->setValue(isNow ? tr("now") : dayText(*hit->hitAt));
    const QString earliest = hit->hitEarliest ? dayText(*hit->hitEarliest) : QString();
    const QString latest = hit->hitLatest ? dayText(*hit->hitLatest) : QString();
    const QString name = toQString(first->name);
    m_reached->setDetail(isNow || earliest.isEmpty() || earliest == latest ? name
                             : latest.isEmpty()                            ? tr("%1, from %2 on").arg(name, earliest)
                                                : tr("%1, %2 to %3").arg(name, earliest, latest));
}

} // namespace sandglass::ui
