#include "models/settings/modelpricebook.h"

#include "models/settings/settings.h"
#include "services/core/qtstring.h"

#include <utility>

namespace sandglass::models {

ModelPriceBook::ModelPriceBook(Settings &settings, refine::ModelPriceList list, QObject *parent)
    : QObject(parent), m_settings(settings), m_list(std::move(list))
{
    const auto stored = parseJson(toUtf8(m_settings.text(Settings::Key::ModelPrices)));
    if (!stored || !stored->is_object())
        return;
    for (const auto &[id, prices] : stored->items()) {
        if (auto own = refine::ModelPrices::fromJson(prices)) // a person may have edited the file
            m_own[toQString(id)] = std::move(*own);
    }
}

const refine::ModelPrices &ModelPriceBook::pricesOf(const refine::ModelConnection &model) const
{
    static const refine::ModelPrices unknown;
    if (const auto own = m_own.find(toQString(model.id)); own != m_own.end())
        return own->second;
    const refine::ModelPrices *listed = m_list.find(model.baseUrl, model.model);
    return listed != nullptr ? *listed : unknown;
}

bool ModelPriceBook::isOwn(const QString &id) const
{
    return m_own.contains(id);
}

Result<> ModelPriceBook::setPrices(const QString &id, std::vector<refine::ModelPrice> prices)
{
    auto checked = refine::ModelPrices::fromList(std::move(prices));
    if (!checked)
        return failure(std::move(checked.error()));
    m_own[id] = std::move(*checked);
    save();
    Q_EMIT changed();
    return {};
}

void ModelPriceBook::reset(const QString &id)
{
    if (m_own.erase(id) == 0)
        return;
    save();
    Q_EMIT changed();
}

void ModelPriceBook::save()
{
    Json own = Json::object();
    for (const auto &[id, prices] : m_own)
        own[toUtf8(id)] = prices.toJson();
    m_settings.set(Settings::Key::ModelPrices, own.empty() ? QString() : toQString(dumpJson(own)));
}

} // namespace sandglass::models
