#include "models/budgets/spendforecast.h"

#include "models/budgets/guarddesk.h"
#include "services/lifecycle/tracker.h"

#include <algorithm>
#include <functional>

using namespace std::chrono_literals;

namespace sandglass::models {

namespace {

constexpr int mostDays = 28;

/// Days before the first that cost anything are no history.
std::vector<Money> sinceFirst(std::vector<Money> days)
{
    days.erase(days.begin(), std::ranges::find_if(days, [](Money day) { return !day.isZero(); }));
    return days;
}

} // namespace

struct SpendForecast::History
{
    cost::Period today;
    std::vector<cost::Period> days; ///< complete ones, oldest first
    std::vector<lifecycle::Tracker::Series> hours;

    /// Of one template, or of all.
    [[nodiscard]] std::vector<Money> costs(const std::string *templateName) const
    {
        std::vector<Money> sums(days.size());
        for (const auto &series : hours) {
            if (templateName != nullptr && series.templateName != *templateName)
                continue;
            std::size_t day = 0;
            for (std::size_t hour = 0; hour < series.buckets.size(); ++hour) {
                const Timestamp at = days.front().from + std::chrono::minutes(30) * hour;
                while (day + 1 < days.size() && at >= days[day].to)
                    ++day;
                sums[day] += series.buckets[hour];
            }
        }
        return sinceFirst(std::move(sums));
    }
};

SpendForecast::SpendForecast(lifecycle::Tracker &tracker, GuardDesk &desk, QObject *parent)
    : QObject(parent), m_tracker(tracker), m_desk(desk), m_ticker(this)
{
    m_ticker.setInterval(1min);
    connect(&m_ticker, &QTimer::timeout, this, &SpendForecast::refresh);
    const auto refreshIfSeen = [this] {
        if (m_ticker.isActive())
            refresh();
    };
    connect(&m_tracker, &lifecycle::Tracker::replayed, this, refreshIfSeen);
    connect(&m_tracker, &lifecycle::Tracker::rateCardChanged, this, refreshIfSeen);
    connect(&m_desk, &GuardDesk::budgetsChanged, this, refreshIfSeen);
}

void SpendForecast::setActive(bool active)
{
    m_lookers = std::max(0, m_lookers + (active ? 1 : -1));
    if (m_lookers == 0)
        return m_ticker.stop();
    m_ticker.start();
    refresh();
}

SpendForecast::History SpendForecast::historyOf(const std::string &timeZone) const
{
    History history;
    history.today = cost::periodAt(m_desk.now(), cost::PeriodKind::Day, timeZone);
    Timestamp end = history.today.from;
    for (int i = 0; i < mostDays; ++i) {
        history.days.push_back(cost::periodAt(end - 1ns, cost::PeriodKind::Day, timeZone));
        end = history.days.back().from;
    }
    std::ranges::reverse(history.days);
    // Half hours: days begin and end on them in every time zone, also where the clock changes.
    history.hours = m_tracker.costSeries(end, history.today.from, static_cast<int>((history.today.from - end) / 30min));
    return history;
}

cost::ForecastInput SpendForecast::inputOf(const cost::Period &period, Money spent, std::vector<Money> days,
                                           std::optional<Money> burnPerHour, Timestamp dayEnd,
                                           std::optional<Money> budget) const
{
    cost::ForecastInput input;
    input.days = std::move(days);
    input.spentInPeriod = spent;
    input.now = m_desk.now();
    input.periodEnd = period.to;
    input.burnPerHour = burnPerHour;
    input.dayEnd = dayEnd;
    input.budget = budget;
    return input;
}

/// The way there goes by the same method as its end: a forecast for each moment until then.
SpendForecast::Curve SpendForecast::curveOf(const Outlook &outlook, cost::ForecastInput input) const
{
    Curve curve;
    const auto toMs = [](Timestamp time) { return std::chrono::floor<std::chrono::milliseconds>(time); };
    const Timestamp from = outlook.period.from;
    const Timestamp now = toMs(input.now);
    curve.spent.push_back({from, {}});
    if (now - from >= std::chrono::milliseconds(curveSteps)) {
        std::vector<Money> steps(curveSteps);
        for (const auto &series : m_tracker.costSeries(from, now, curveSteps))
            std::ranges::transform(steps, series.buckets, steps.begin(), std::plus<>{});
        for (int i = 0; i < curveSteps; ++i)
            curve.spent.push_back({from + (now - from) * (i + 1) / curveSteps,
                                   curve.spent.back().spent + steps[static_cast<std::size_t>(i)]});
        curve.spent.back() = {now, outlook.spent}; // what fell between the last whole millisecond and now
    }
    if (!outlook.forecast)
        return curve;
    input.budget.reset();
    for (int i = 0; i <= curveSteps; ++i) {
        input.periodEnd = input.now + (outlook.period.to - input.now) * i / curveSteps;
        const auto step = cost::forecast(input);
        curve.ahead.push_back({input.periodEnd, step->expected, step->low, step->high});
    }
    return curve;
}

void SpendForecast::refresh()
{
    if (!m_tracker.isReplayed())
        return;
    const Timestamp now = m_desk.now();
    const Money burn = m_tracker.burnRate();
    std::map<std::string, History> histories;
    const auto historyIn = [&](const std::string &timeZone) -> const History & {
        const auto found = histories.find(timeZone);
        return found != histories.end() ? found->second
                                        : histories.emplace(timeZone, historyOf(timeZone)).first->second;
    };
    const History &own = historyIn({});
    const auto all = own.costs(nullptr);
    const cost::Period month = cost::periodAt(now, cost::PeriodKind::Month, {});
    const auto look = [&](const cost::Period &period, std::optional<Outlook> &outlook, Curve &curve) {
        const Money spent = m_tracker.costBetween(period.from, now);
        const auto input = inputOf(period, spent, all, burn, own.today.to, {});
        outlook = Outlook{period, spent, cost::forecast(input)};
        curve = curveOf(*outlook, input);
    };
    look(own.today, m_today, m_todayCurve);
    look(month, m_month, m_monthCurve);
    m_budgets.clear();
    for (const cost::Budget &budget : m_desk.budgets()) {
        const bool isAll = budget.scope.kind == cost::Scope::Kind::All;
        if (budget.measure != cost::Budget::Measure::Money || !budget.isEnabled
            || (!isAll && budget.scope.kind != cost::Scope::Kind::Template))
            continue;
        const cost::Period period = cost::periodAt(now, budget.period, budget.timeZone);
        const History &history = historyIn(budget.timeZone);
        Money spent;
        if (isAll) {
            spent = m_tracker.costBetween(period.from, now);
        } else {
            for (const auto &series : m_tracker.costSeries(period.from, now, 1))
                spent += series.templateName == budget.scope.value ? series.buckets.front() : Money{};
        }
        const auto input = inputOf(period, spent, history.costs(isAll ? nullptr : &budget.scope.value),
                                   isAll ? std::optional(burn) : std::nullopt, history.today.to, budget.moneyLimit);
        m_budgets.emplace(budget.id, Outlook{period, spent, cost::forecast(input)});
    }
    Q_EMIT changed();
}

} // namespace sandglass::models
