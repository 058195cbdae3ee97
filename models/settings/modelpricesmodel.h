#pragma once

#include "models/settings/modelpricebook.h"

#include <QAbstractTableModel>

#include <optional>
#include <vector>

namespace sandglass::models {

/// The dated prices of one model as an editable table. The first change makes them the person's own.
class ModelPricesModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { FromColumn, InputColumn, CachedColumn, WrittenColumn, OutputColumn, SourceColumn, ColumnCount };

    explicit ModelPricesModel(ModelPriceBook &book, QObject *parent = nullptr);

    void setModel(const refine::ModelConnection &model); ///< without an id: none

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex &index) const final;
    bool setData(const QModelIndex &index, const QVariant &value, int role) final;

    [[nodiscard]] bool isOwn() const;
    /// A copy of the last one, valid from today. The first one is empty, and counts once input and output are entered:
    /// until then the price is not known.
    void addPrice();
    void removePrice(int row); ///< without its last one the model has those of the list again
    void makeFree();           ///< one price of nothing, since ever
    void reset();              ///< to the list

Q_SIGNALS:
    void pricesChanged();
    void refused(const QString &reason); ///< an edit that makes no sense

private:
    [[nodiscard]] const std::vector<refine::ModelPrice> &prices() const { return m_book.pricesOf(m_model).all(); }
    bool replace(std::vector<refine::ModelPrice> prices);
    bool change(int column, const QString &text, refine::ModelPrice &price);

    ModelPriceBook &m_book;
    refine::ModelConnection m_model;
    bool m_isEditing = false;                  ///< what changes keeps its row
    std::optional<refine::ModelPrice> m_draft; ///< the only row while there is one; negative: not entered yet
};

} // namespace sandglass::models
