#pragma once

#include "models/settings/keyedlistmodel.h"
#include "services/core/result.h"
#include "services/e2b/types.h"

#include <QFuture>
#include <QString>
#include <QStringList>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

class QProcessEnvironment;

namespace sandglass::models {

class Settings;

/// What the SDKs' environment variables say; each empty when not set. E2B_API_KEY wins over E2B_KEY.
struct EnvironmentConnection
{
    QString apiKey, apiKeyVariable, domain, apiUrl, sandboxUrl;
    [[nodiscard]] static EnvironmentConnection from(const QProcessEnvironment &environment);
    [[nodiscard]] QStringList variables() const; ///< names of those that are set
};

/// The E2B installations one can work with: the local engine and E2B cloud are always there, self-hosted ones are added
/// by the person. Addresses are kept in Settings, keys in the KeyStore only. Environment variables win for E2B cloud,
/// as in the SDKs.
class ConnectionsModel final : public KeyedListModel
{
    Q_OBJECT
public:
    enum class KeySource { None, Engine, Environment, KeyStore };
    enum class TestState { NotTested, Testing, Works, Failed };
    Q_ENUM(KeySource)
    Q_ENUM(TestState)

    struct Row
    {
        e2b::Connection connection; ///< with the key once it has been read
        KeySource keySource = KeySource::None;
        QStringList fromEnvironment; ///< names of variables in force
        TestState testState = TestState::NotTested;
        Error testError;
        std::chrono::milliseconds testDuration{};
        [[nodiscard]] bool isReady() const; ///< has an address and a key
    };

    /// Proves that address and key work; must not change anything there.
    using Tester = std::function<QFuture<Result<>>(const e2b::Connection &)>;

    ConnectionsModel(Settings &settings, KeyStore &keys, EnvironmentConnection environment, Tester tester,
                     QObject *parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const final;
    [[nodiscard]] const Row &at(int row) const { return m_rows[static_cast<std::size_t>(row)]; }

    [[nodiscard]] const e2b::Connection &active() const;
    [[nodiscard]] QString activeId() const;
    void setActive(const QString &id);

    /// The engine is up (or down: empty addresses).
    void setLocalEngine(const QString &apiUrl, const QString &sandboxUrl, const QString &apiKey);

    /// Adds a self-hosted connection and keeps its key; the id on success. Errors: name, address or key of wrong shape.
    [[nodiscard]] Result<QString> add(e2b::Connection connection, const QString &key);
    [[nodiscard]] Result<> update(const QString &id, const e2b::Connection &connection); ///< addresses, not the key
    [[nodiscard]] Result<> setKey(const QString &id, const QString &key);                ///< empty removes
    void remove(const QString &id);                                                      ///< built-in ones stay
    void test(const QString &id);

    [[nodiscard]] static Result<> check(const e2b::Connection &connection); ///< names and addresses
    [[nodiscard]] static Result<> checkKey(const QString &key);

Q_SIGNALS:
    void activeChanged(); ///< another connection, or other values of the same

private:
    void load();
    void save();
    [[nodiscard]] std::string idOf(int row) const final { return at(row).connection.id; }
    [[nodiscard]] std::string nameOf(int row) const final { return at(row).connection.name; }
    void keyRead(int row, std::string key) final;
    void rowChanged(int row);
    void applyEnvironment(Row &cloud);

    Settings &m_settings;
    EnvironmentConnection m_environment;
    Tester m_tester;
    std::vector<Row> m_rows;
};

/// A tester on the network: asks for the sandbox list, which needs a valid key.
[[nodiscard]] ConnectionsModel::Tester networkTester(QObject *owner);

} // namespace sandglass::models
