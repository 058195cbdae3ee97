#pragma once

#include "models/settings/pricebook.h"

#include <QAbstractTableModel>

#include <vector>

namespace sandglass::models {

/// The dated prices of all connections, or of one, as an editable table. The first change to a connection's gives it
/// prices of its own.
class RateCardModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { FromColumn, VcpuColumn, GibColumn, SourceColumn, ColumnCount };

    explicit RateCardModel(PriceBook &book, QObject *parent = nullptr);

    void setConnection(const QString &id); ///< empty: of all that have none of their own
    [[nodiscard]] const QString &connection() const { return m_connection; }

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex &index) const final;
    bool setData(const QModelIndex &index, const QVariant &value, int role) final;

    [[nodiscard]] const cost::RateCard &card() const { return m_book.cardOf(m_connection); }
    [[nodiscard]] bool isOwn() const { return m_book.isOwn(m_connection); }
    void addRate();           ///< a copy of the last one, valid from today
    void removeRate(int row); ///< the last remaining one stays
    void reset();             ///< to the list prices, or those of all connections

Q_SIGNALS:
    void cardChanged();
    void refused(const QString &reason); ///< an edit that makes no sense

private:
    bool replaceRates(std::vector<cost::Rate> rates);

    PriceBook &m_book;
    QString m_connection;
};

} // namespace sandglass::models
