#pragma once

#include "services/core/money.h"
#include "services/core/time.h"
#include "services/cost/forecast.h"
#include "services/cost/period.h"

#include <QObject>
#include <QTimer>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {
class Tracker;
}

namespace sandglass::models {

class GuardDesk;

/// Where spending leads, by services/cost/forecast.h: of all sandboxes until the end of the day and of the month, and
/// for money budgets the time at which each will be used up. Made anew once a minute while somebody looks.
class SpendForecast final : public QObject
{
    Q_OBJECT
public:
    struct Outlook
    {
        cost::Period period;
        Money spent;
        std::optional<cost::Forecast> forecast; ///< empty: fewer than three complete days
    };
    /// Steps of a curve of money, the first one at the start of the period or now.
    struct SpentStep
    {
        Timestamp at{};
        Money spent; ///< since the start of the period
        friend bool operator==(const SpentStep &, const SpentStep &) = default;
    };
    struct ForecastStep
    {
        Timestamp at{};
        Money expected, low, high;
        friend bool operator==(const ForecastStep &, const ForecastStep &) = default;
    };
    struct Curve
    {
        std::vector<SpentStep> spent;    ///< until now
        std::vector<ForecastStep> ahead; ///< from now to the end of the period; empty without a forecast
    };
    static constexpr int curveSteps = 60;

    SpendForecast(lifecycle::Tracker &tracker, GuardDesk &desk, QObject *parent = nullptr);

    void setActive(bool active); ///< counts: as often off as on
    void refresh();
    [[nodiscard]] const std::optional<Outlook> &today() const { return m_today; } ///< empty before the first refresh
    [[nodiscard]] const std::optional<Outlook> &month() const { return m_month; }
    [[nodiscard]] const Curve &todayCurve() const { return m_todayCurve; }
    [[nodiscard]] const Curve &monthCurve() const { return m_monthCurve; }
    /// By id of the budget: those for money over all sandboxes or one template, which the history can be asked for.
    [[nodiscard]] const std::map<std::string, Outlook> &budgets() const { return m_budgets; }

Q_SIGNALS:
    void changed();

private:
    struct History; ///< what each day has cost, in one time zone
    [[nodiscard]] History historyOf(const std::string &timeZone) const;
    [[nodiscard]] cost::ForecastInput inputOf(const cost::Period &period, Money spent, std::vector<Money> days,
                                              std::optional<Money> burnPerHour, Timestamp dayEnd,
                                              std::optional<Money> budget) const;
    [[nodiscard]] Curve curveOf(const Outlook &outlook, cost::ForecastInput input) const;

    lifecycle::Tracker &m_tracker;
    GuardDesk &m_desk;
    QTimer m_ticker;
    std::optional<Outlook> m_today;
    std::optional<Outlook> m_month;
    Curve m_todayCurve;
    Curve m_monthCurve;
    std::map<std::string, Outlook> m_budgets;
    int m_lookers = 0;
};

} // namespace sandglass::models
