#pragma once

#include "services/core/result.h"
#include "services/cost/ratecard.h"

#include <QAbstractTableModel>

#include <vector>

namespace sandglass::models {

class Settings;

/// The dated prices as an editable table; the person's card is kept in Settings, the list prices come with the program.
class RateCardModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { FromColumn, VcpuColumn, GibColumn, SourceColumn, ColumnCount };

    RateCardModel(Settings &settings, cost::RateCard listPrices, QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex &index) const final;
    bool setData(const QModelIndex &index, const QVariant &value, int role) final;

    [[nodiscard]] const cost::RateCard &card() const { return m_card; }
    [[nodiscard]] bool isOwn() const { return m_isOwn; } ///< differs from the list prices
    void addRate();                                      ///< a copy of the last one, valid from today
    void removeRate(int row);                            ///< the last remaining one stays
    void resetToListPrices();

Q_SIGNALS:
    void cardChanged();
    void refused(const QString &reason); ///< an edit that makes no sense

private:
    bool replaceRates(std::vector<cost::Rate> rates);

    Settings &m_settings;
    cost::RateCard m_listPrices;
    cost::RateCard m_card;
    bool m_isOwn = false;
};

} // namespace sandglass::models
