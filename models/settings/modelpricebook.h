#pragma once

#include "services/core/result.h"
#include "services/refine/modelconnection.h"
#include "services/refine/modelprices.h"

#include <QObject>
#include <QString>

#include <map>
#include <vector>

namespace sandglass::models {

class Settings;

/// What the models' tokens cost: by the list that comes with the program, or by the person's own prices in its place,
/// each for one model of the person's list. What neither knows has no price, which is not nothing.
class ModelPriceBook final : public QObject
{
    Q_OBJECT
public:
    ModelPriceBook(Settings &settings, refine::ModelPriceList list, QObject *parent = nullptr);

    [[nodiscard]] const refine::ModelPrices &pricesOf(const refine::ModelConnection &model) const; ///< maybe empty
    [[nodiscard]] bool isOwn(const QString &id) const;
    /// Error: two of the same date, none at all, or one that is too high.
    [[nodiscard]] Result<> setPrices(const QString &id, std::vector<refine::ModelPrice> prices);
    void reset(const QString &id); ///< back to the list

Q_SIGNALS:
    void changed();

private:
    void save();

    Settings &m_settings;
    refine::ModelPriceList m_list;
    std::map<QString, refine::ModelPrices> m_own; ///< by the model's id
};

} // namespace sandglass::models
