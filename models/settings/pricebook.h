#pragma once

#include "services/core/result.h"
#include "services/cost/ratecard.h"

#include <QObject>
#include <QString>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sandglass::models {

class Settings;

/// Whose prices hold for what: the list prices that come with the program, the person's own in their place, and those
/// of single connections. A sandbox tells its team, and a connection's list of sandboxes tells whose teams these are. The
/// prices are kept in Settings, the teams by who learns them.
class PriceBook final : public QObject
{
    Q_OBJECT
public:
    PriceBook(Settings &settings, cost::RateCard listPrices, QObject *parent = nullptr);

    /// For all sandboxes, each by its team; what is of no team that is known has the prices of all connections.
    [[nodiscard]] const cost::RateCard &card() const { return m_card; }
    /// Of one connection, by its id; empty: of all that have none of their own.
    [[nodiscard]] const cost::RateCard &cardOf(const QString &connection) const;
    /// Whether the person has set it: differs from the list prices, or from those of all connections.
    [[nodiscard]] bool isOwn(const QString &connection) const;

    /// Error: two of the same date, or none at all.
    [[nodiscard]] Result<> setRates(const QString &connection, std::vector<cost::Rate> rates);
    void reset(const QString &connection); ///< back to the list prices, or to those of all connections
    /// The connection's list of sandboxes holds some of these teams. A thousand are kept.
    void learnTeams(const QString &connection, const std::set<std::string> &teams);

Q_SIGNALS:
    void changed();

private:
    void load();
    void save();
    void compose();

    Settings &m_settings;
    cost::RateCard m_listPrices;
    cost::RateCard m_ofAll;
    bool m_isOwn = false;
    std::map<QString, cost::RateCard> m_ofConnections;
    std::map<std::string, QString> m_teams; ///< team -> connection
    cost::RateCard m_card;
};

} // namespace sandglass::models
