#pragma once

#include "models/settings/keyedlistmodel.h"
#include "services/core/result.h"
#include "services/refine/modelconnection.h"
#include "services/refine/modeluse.h"

#include <QString>

#include <string>
#include <vector>

namespace sandglass::refine {
class ModelCall;
}

namespace sandglass::models {

class ModelPriceBook;
class Settings;

/// The models that can be asked for code. Names and addresses are kept in Settings, keys in the KeyStore only.
class ModelListModel final : public KeyedListModel
{
    Q_OBJECT
public:
    enum class TestState { NotTested, Testing, Works, Failed };
    Q_ENUM(TestState)

    struct Row
    {
        refine::ModelConnection connection; ///< with the key once it has been read
        TestState testState = TestState::NotTested;
        Error testError;
        refine::ModelUse testUse; ///< of the question that was asked
    };

    ModelListModel(Settings &settings, KeyStore &keys, ModelPriceBook &prices, QObject *parent = nullptr);
    ~ModelListModel() override;

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] const Row &at(int row) const { return m_rows[static_cast<std::size_t>(row)]; }

    /// The id on success. Errors: name, address, model or key of wrong shape. An empty key: none is sent.
    [[nodiscard]] Result<QString> add(refine::ModelConnection connection, const QString &key);
    [[nodiscard]] Result<> update(const QString &id, refine::ModelConnection connection); ///< all but the key
    [[nodiscard]] Result<> setKey(const QString &id, const QString &key);                 ///< empty removes
    void remove(const QString &id); ///< with its key and its own prices
    void test(const QString &id);   ///< asks it for a word, which costs what it costs

    [[nodiscard]] static Result<> check(const refine::ModelConnection &connection);
    [[nodiscard]] static Result<> checkKey(const QString &key);

private:
    void load();
    void save();
    [[nodiscard]] std::string idOf(int row) const final { return at(row).connection.id; }
    [[nodiscard]] std::string nameOf(int row) const final { return at(row).connection.name; }
    void keyRead(int row, std::string key) final;
    void rowChanged(int row);

    Settings &m_settings;
    ModelPriceBook &m_prices;
    std::vector<Row> m_rows;
};

} // namespace sandglass::models
