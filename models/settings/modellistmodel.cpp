#include "models/settings/modellistmodel.h"

#include "models/settings/connectionnames.h"
#include "models/settings/modelpricebook.h"
#include "models/settings/settings.h"
#include "services/core/qtstring.h"
#include "services/refine/modelcall.h"
#include "services/refine/modelgenerator.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sandglass::models {

namespace {

using refine::ModelConnection;
using Protocol = ModelConnection::Protocol;

constexpr std::chrono::seconds testPatience(90); ///< a local server may have to load the model first
constexpr int leastTokens = 16;
constexpr int mostTokens = 1'000'000;

QVariantMap toMap(const ModelConnection &model)
{
    return {{QStringLiteral("id"), toQString(model.id)},
            {QStringLiteral("name"), toQString(model.name)},
            {QStringLiteral("protocol"), QString::fromLatin1(refine::toString(model.protocol))},
            {QStringLiteral("baseUrl"), toQString(model.baseUrl)},
            {QStringLiteral("model"), toQString(model.model)},
            {QStringLiteral("mostTokens"), model.mostTokens}};
}

ModelConnection fromMap(const QVariantMap &map)
{
    const auto text = [&map](const char *key) { return toUtf8(map.value(QString::fromLatin1(key)).toString()); };
    ModelConnection model;
    model.id = text("id");
    model.name = text("name");
    model.protocol = text("protocol") == "anthropic" ? Protocol::Anthropic : Protocol::OpenAi;
    model.baseUrl = text("baseUrl");
    model.model = text("model");
    model.mostTokens = map.value(QStringLiteral("mostTokens"), model.mostTokens).toInt();
    return model;
}

} // namespace

ModelListModel::ModelListModel(Settings &settings, KeyStore &keys, ModelPriceBook &prices, QObject *parent)
    : KeyedListModel(keys, "model-key/", parent), m_settings(settings), m_prices(prices)
{
    load();
}

ModelListModel::~ModelListModel() = default;

void ModelListModel::load()
{
    const QVariantList stored = m_settings.value(Settings::Key::Models).toList();
    for (const QVariant &entry : stored) {
        ModelConnection model = fromMap(entry.toMap());
        if (model.id.empty() || !check(model) || rowOf(toQString(model.id)) >= 0)
            continue; // a person may have edited the file
        m_rows.push_back({std::move(model), {}, {}, {}});
    }
    for (const Row &row : m_rows) // answers change rows in place, never their number
        readKey(toQString(row.connection.id));
}

void ModelListModel::keyRead(int row, std::string key)
{
    Row &target = m_rows[static_cast<std::size_t>(row)];
    if (!target.connection.apiKey.empty())
        return; // entered meanwhile
    target.connection.apiKey = std::move(key);
    rowChanged(row);
}

int ModelListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

void ModelListModel::rowChanged(int row)
{
    Q_EMIT dataChanged(index(row), index(row));
}

Result<> ModelListModel::check(const ModelConnection &connection)
{
    if (auto fine = checkName(connection.name); !fine)
        return fine;
    if (!isHttpUrl(connection.baseUrl))
        return failure(Error::Kind::Local, "The base URL starts with https:// or http:// and names a host.");
    const QString model = toQString(connection.model);
    const bool isPlain = std::ranges::all_of(model, [](QChar c) { return c.isPrint(); });
    if (model.trimmed().isEmpty() || model.size() > 200 || !isPlain)
        return failure(Error::Kind::Local, "The model needs its name as the provider writes it.");
    if (connection.mostTokens < leastTokens || connection.mostTokens > mostTokens)
        return failure(Error::Kind::Local, "An answer has 16 to 1000000 tokens.");
    return {};
}

Result<> ModelListModel::checkKey(const QString &key)
{
    const bool isPlain = std::ranges::all_of(key, [](QChar c) { return c.unicode() > 0x20 && c.unicode() < 0x7f; });
    if (isPlain && key.size() <= 1'000)
        return {};
    return failure(Error::Kind::Local, "A key is one word of plain letters, digits and signs.");
}

Result<QString> ModelListModel::add(ModelConnection connection, const QString &key)
{
    if (auto fine = check(connection); !fine)
        return failure(fine.error());
    if (auto fine = checkKey(key); !fine)
        return failure(fine.error());
    const QString id = freshId(toQString(connection.name), QStringLiteral("model"),
                               [this](const QString &taken) { return rowOf(taken) >= 0; });
    connection.id = toUtf8(id);
    connection.apiKey.clear();
    beginInsertRows({}, rowCount(), rowCount());
    m_rows.push_back({std::move(connection), {}, {}, {}});
    endInsertRows();
    save();
    if (auto kept = setKey(id, key); !kept)
        return failure(kept.error());
    return id;
}

Result<> ModelListModel::update(const QString &id, ModelConnection connection)
{
    if (auto fine = check(connection); !fine)
        return fine;
    const int row = rowOf(id);
    if (row < 0)
        return failure(Error::Kind::Local, "This model is not in the list any more.");
    Row &target = m_rows[static_cast<std::size_t>(row)];
    connection.id = target.connection.id;
    connection.apiKey = target.connection.apiKey;
    target.connection = std::move(connection);
    target.testState = TestState::NotTested;
    save();
    rowChanged(row);
    return {};
}

Result<> ModelListModel::setKey(const QString &id, const QString &key)
{
    if (auto fine = checkKey(key); !fine)
        return fine;
    const int row = rowOf(id);
    if (row < 0)
        return failure(Error::Kind::Local, "This model is not in the list any more.");
    Row &target = m_rows[static_cast<std::size_t>(row)];
    if (key.isEmpty() && target.connection.apiKey.empty())
        return {};
    target.connection.apiKey = toUtf8(key);
    target.testState = TestState::NotTested;
    keepKey(id, key);
    rowChanged(row);
    return {};
}

void ModelListModel::remove(const QString &id)
{
    const int row = rowOf(id);
    if (row < 0)
        return;
    (void)setKey(id, {});
    beginRemoveRows({}, row, row);
    m_rows.erase(m_rows.begin() + row);
    endRemoveRows();
    save();
    m_prices.reset(id);
}

void ModelListModel::save()
{
    QVariantList list;
    for (const Row &row : m_rows)
        list.append(toMap(row.connection));
    m_settings.set(Settings::Key::Models, list);
}

void ModelListModel::test(const QString &id)
{
    const int row = rowOf(id);
    if (row < 0 || at(row).testState == TestState::Testing)
        return;
    m_rows[static_cast<std::size_t>(row)].testState = TestState::Testing;
    rowChanged(row);
    const ModelConnection asked = at(row).connection;
    refine::ModelLimits limits;
    limits.tries = 1; // somebody waits, and can try again
    limits.firstAnswer = limits.whole = testPatience;
    auto *call = new refine::ModelCall(refine::ModelCall::makeClient(), asked,
                                       {"Answer with the one word that is asked for.", "Say: ready"}, limits, this);
    connect(call, &refine::ModelCall::finished, this, [this, call, id, asked](const refine::ModelOutcome &outcome) {
        call->deleteLater();
        const int now = rowOf(id);
        if (now < 0)
            return;
        Row &target = m_rows[static_cast<std::size_t>(now)];
        const bool isSame = target.connection == asked; // edited meanwhile: the answer says nothing
        target.testState = !isSame ? TestState::NotTested : outcome.error ? TestState::Failed : TestState::Works;
        target.testError = outcome.error.value_or(Error{});
        target.testUse = refine::useOf(asked, m_prices.pricesOf(asked), outcome);
        rowChanged(now);
    });
    call->start();
}

} // namespace sandglass::models
