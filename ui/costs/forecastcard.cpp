#include "ui/costs/forecastcard.h"

#include "models/budgets/guarddesk.h"
#include "models/budgets/spendforecast.h"
#include "services/core/displayzone.h"
#include "services/core/qtstring.h"
#include "ui/budgets/budgettext.h"
#include "ui/charts/forecastchart.h"
#include "ui/text/format.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmentedcontrol.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::ui {

namespace {

constexpr int leastHeight = 210; ///< chart and a sentence of two lines

constexpr auto soon = 48h; ///< until then the hour matters

QString dateText(Timestamp time)
{
    return DisplayZone::at(time).toString(u"d MMM"_s);
}

/// When the budget will be used up, in words.
QString hitText(const cost::Forecast &forecast, const cost::Period &period, Timestamp now)
{
    if (!forecast.hitAt || *forecast.hitAt >= period.to)
        return ForecastCard::tr("not reached by then");
    if (*forecast.hitAt <= now)
        return ForecastCard::tr("used up");
    const auto text = *forecast.hitAt - now < soon ? dayText : dateText;
    const QString at = text(*forecast.hitAt);
    const QString earliest = forecast.hitEarliest ? text(*forecast.hitEarliest) : QString();
    const QString latest = forecast.hitLatest ? text(*forecast.hitLatest) : QString();
    if (earliest.isEmpty() || earliest == latest)
        return ForecastCard::tr("used up %1").arg(at);
    return latest.isEmpty() ? ForecastCard::tr("used up %1 (%2 or later)").arg(at, earliest)
                            : ForecastCard::tr("used up %1 (%2 to %3)").arg(at, earliest, latest);
}

} // namespace

ForecastCard::ForecastCard(models::SpendForecast &forecast, const models::GuardDesk &desk, QWidget *parent)
    : QWidget(parent)
    , m_forecast(forecast)
    , m_desk(desk)
    , m_period(new SegmentedControl({tr("Day"), tr("Month")}, u"forecastPeriod"_s))
    , m_chart(new ForecastChart(tr("Forecast"), u"forecastChart"_s))
    , m_sentence(makeMuted({}))
    , m_method(makeMuted(forecastMethodText()))
{
    auto *card = new Card(tr("Forecast"));
    QPushButton *method = makeQuietButton(tr("Method"), u"forecastMethod"_s);
    method->setCheckable(true);
    method->setToolTip(tr("How this is reckoned"));
    card->titleRow()->addWidget(method);
    card->titleRow()->addWidget(m_period);
    m_period->setCurrentIndex(1);
    m_sentence->setObjectName(u"forecastSentence"_s);
    m_method->setObjectName(u"forecastMethodText"_s);
    for (QLabel *label : {m_sentence, m_method}) {
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    m_method->hide();
    setMinimumHeight(leastHeight);
    card->body()->addWidget(m_chart, 1);
    card->body()->addWidget(m_sentence);
    card->body()->addWidget(m_method);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(card);
    connect(method, &QPushButton::toggled, m_method, &QLabel::setVisible);
    connect(method, &QPushButton::toggled, m_chart, &QWidget::setHidden); // there is room for one of them
    connect(m_period, &SegmentedControl::currentChanged, this, &ForecastCard::fill);
    connect(&m_forecast, &models::SpendForecast::changed, this, &ForecastCard::fill);
    fill();
}

bool ForecastCard::isMonth() const
{
    return m_period->currentIndex() == 1;
}

void ForecastCard::setMonth(bool month)
{
    m_period->setCurrentIndex(month ? 1 : 0);
    fill();
}

void ForecastCard::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    m_forecast.setActive(true);
}

void ForecastCard::hideEvent(QHideEvent *event)
{
    QWidget::hideEvent(event);
    m_forecast.setActive(false);
}

const cost::Budget *ForecastCard::budget() const
{
    const auto &outlook = isMonth() ? m_forecast.month() : m_forecast.today();
    const cost::Budget *lowest = nullptr;
    for (const cost::Budget &budget : m_desk.budgets()) {
        const auto found = m_forecast.budgets().find(budget.id);
        if (!outlook || found == m_forecast.budgets().end() || found->second.period != outlook->period
            || budget.scope.kind != cost::Scope::Kind::All)
            continue;
        if (lowest == nullptr || budget.moneyLimit < lowest->moneyLimit)
            lowest = &budget;
    }
    return lowest;
}

void ForecastCard::fill()
{
    const auto &outlook = isMonth() ? m_forecast.month() : m_forecast.today();
    const cost::Budget *limit = budget();
    if (outlook) {
        ForecastChart::Data shown{
            outlook->period, isMonth() ? m_forecast.monthCurve() : m_forecast.todayCurve(), {}, {}};
        if (limit != nullptr) {
            const auto &forecast = m_forecast.budgets().at(limit->id).forecast;
            shown.budget = limit->moneyLimit;
            shown.hitAt = forecast ? forecast->hitAt : std::nullopt;
        }
        m_chart->setData(std::move(shown));
    }
    m_sentence->setText(sentence(limit));
}

QString ForecastCard::sentence(const cost::Budget *limit) const
{
    const auto &outlook = isMonth() ? m_forecast.month() : m_forecast.today();
    if (!outlook)
        return tr("Adding up.");
    const QString spent = tr("%1 spent").arg(formatMoney(outlook->spent));
    if (!outlook->forecast)
        return tr("Not enough data: a forecast needs three complete days. %1 so far.").arg(spent);
    const cost::Forecast &forecast = *outlook->forecast;
    const QString low = formatMoney(forecast.low);
    const QString high = formatMoney(forecast.high);
    const QString until =
        isMonth() ? tr("by the end of %1").arg(dateText(outlook->period.to - 1ms)) : tr("by midnight");
    QString text = low == high
        ? tr("%1 %2, %3.").arg(formatMoney(forecast.expected), until, spent)
        : tr("%1 (%2 to %3) %4, %5.").arg(formatMoney(forecast.expected), low, high, until, spent);
    if (limit == nullptr)
        return text;
    const auto &own = m_forecast.budgets().at(limit->id);
    if (own.forecast)
        text += u' '
            + tr("%1, %2: %3.")
                  .arg(toQString(limit->name), formatMoney(limit->moneyLimit),
                       hitText(*own.forecast, own.period, m_desk.now()));
    return text;
}

} // namespace sandglass::ui
