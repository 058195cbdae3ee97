#include "models/settings/pricebook.h"

#include "models/settings/settings.h"
#include "services/core/json.h"
#include "services/core/qtstring.h"

#include <utility>

namespace sandglass::models {

namespace {

constexpr std::size_t mostTeams = 1'000;

} // namespace

PriceBook::PriceBook(Settings &settings, cost::RateCard listPrices, QObject *parent)
    : QObject(parent), m_settings(settings), m_listPrices(std::move(listPrices)), m_ofAll(m_listPrices)
{
    load();
    compose();
}

void PriceBook::load()
{
    if (auto own = cost::RateCard::fromJson(toUtf8(m_settings.text(Settings::Key::RateCard)))) {
        m_ofAll = std::move(*own);
        m_isOwn = true;
    }
    const auto stored = parseJson(toUtf8(m_settings.text(Settings::Key::RateCardsOfConnections)));
    if (!stored || !stored->is_object())
        return;
    for (const auto &[connection, text] : stored->items()) {
        if (auto card = cost::RateCard::fromJson(dumpJson(text)))
            m_ofConnections[toQString(connection)] = std::move(*card);
    }
}

void PriceBook::save()
{
    if (m_isOwn)
        m_settings.set(Settings::Key::RateCard, toQString(m_ofAll.toJson()));
    else
        m_settings.reset(Settings::Key::RateCard);
    Json cards = Json::object();
    for (const auto &[connection, card] : m_ofConnections)
        cards[toUtf8(connection)] = parseJson(card.toJson()).value_or(Json());
    m_settings.set(Settings::Key::RateCardsOfConnections, toQString(dumpJson(cards)));
}

void PriceBook::compose()
{
    cost::RateCard::Teams teams;
    for (const auto &[team, connection] : m_teams) {
        if (const auto own = m_ofConnections.find(connection); own != m_ofConnections.end())
            teams.emplace(team, own->second);
    }
    m_card = m_ofAll;
    m_card.setTeams(std::move(teams));
}

const cost::RateCard &PriceBook::cardOf(const QString &connection) const
{
    const auto own = m_ofConnections.find(connection);
    return own == m_ofConnections.end() ? m_ofAll : own->second;
}

bool PriceBook::isOwn(const QString &connection) const
{
    return connection.isEmpty() ? m_isOwn : m_ofConnections.contains(connection);
}

Result<> PriceBook::setRates(const QString &connection, std::vector<cost::Rate> rates)
{
    auto card = cost::RateCard::fromRates(std::move(rates));
    if (!card)
        return failure(std::move(card.error()));
    if (connection.isEmpty()) {
        m_ofAll = std::move(*card);
        m_isOwn = true;
    } else {
        m_ofConnections[connection] = std::move(*card);
    }
    compose();
    save();
    Q_EMIT changed();
    return {};
}

void PriceBook::reset(const QString &connection)
{
    if (!isOwn(connection))
        return;
    if (connection.isEmpty()) {
        m_ofAll = m_listPrices;
        m_isOwn = false;
    } else {
        m_ofConnections.erase(connection);
    }
    compose();
    save();
    Q_EMIT changed();
}

void PriceBook::learnTeams(const QString &connection, const std::set<std::string> &teams)
{
    bool isNew = false;
    for (const std::string &team : teams) {
        const auto known = m_teams.find(team);
        if (team.empty() || (known == m_teams.end() && m_teams.size() >= mostTeams)
            || (known != m_teams.end() && known->second == connection))
            continue;
        m_teams[team] = connection;
        isNew = true;
    }
    if (!isNew || m_ofConnections.empty())
        return; // prices nothing differently
    compose();
    Q_EMIT changed();
}

} // namespace sandglass::models
