#include "models/settings/connectionsmodel.h"

#include "models/settings/connectionnames.h"
#include "models/settings/settings.h"
#include "services/core/qtstring.h"
#include "services/core/secret.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"

#include <QElapsedTimer>
#include <QProcessEnvironment>
#include <QPromise>
#include <QRegularExpression>

#include <memory>

namespace sandglass::models {

namespace {

using Kind = e2b::Connection::Kind;

e2b::Connection builtIn(const char *id, const char *name, Kind kind)
{
    e2b::Connection connection;
    connection.id = id;
    connection.name = name;
    connection.kind = kind;
    return connection;
}

QVariantMap toMap(const e2b::Connection &connection)
{
    return {{QStringLiteral("id"), toQString(connection.id)},
            {QStringLiteral("name"), toQString(connection.name)},
            {QStringLiteral("domain"), toQString(connection.domain)},
            {QStringLiteral("apiUrl"), toQString(connection.apiUrl)},
            {QStringLiteral("sandboxUrl"), toQString(connection.sandboxUrl)}};
}

e2b::Connection fromMap(const QVariantMap &map)
{
    const auto text = [&map](const char *key) { return toUtf8(map.value(QString::fromLatin1(key)).toString()); };
    e2b::Connection connection;
    connection.id = text("id");
    connection.name = text("name");
    connection.kind = Kind::SelfHosted;
    connection.domain = text("domain");
    connection.apiUrl = text("apiUrl");
    connection.sandboxUrl = text("sandboxUrl");
    return connection;
}

} // namespace

EnvironmentConnection EnvironmentConnection::from(const QProcessEnvironment &environment)
{
    EnvironmentConnection result;
    for (const QString &name : {QStringLiteral("E2B_API_KEY"), QStringLiteral("E2B_KEY")}) {
        if (!result.apiKey.isEmpty() || environment.value(name).trimmed().isEmpty())
            continue;
        result.apiKey = environment.value(name).trimmed();
        result.apiKeyVariable = name;
    }
    result.domain = environment.value(QStringLiteral("E2B_DOMAIN")).trimmed();
    result.apiUrl = environment.value(QStringLiteral("E2B_API_URL")).trimmed();
    result.sandboxUrl = environment.value(QStringLiteral("E2B_SANDBOX_URL")).trimmed();
    return result;
}

QStringList EnvironmentConnection::variables() const
{
    QStringList names;
    if (!apiKey.isEmpty())
        names.append(apiKeyVariable);
    if (!domain.isEmpty())
        names.append(QStringLiteral("E2B_DOMAIN"));
    if (!apiUrl.isEmpty())
        names.append(QStringLiteral("E2B_API_URL"));
    if (!sandboxUrl.isEmpty())
        names.append(QStringLiteral("E2B_SANDBOX_URL"));
    return names;
}

bool ConnectionsModel::Row::isReady() const
{
    return !connection.apiKey.empty()
        && (!connection.apiUrl.empty() || (connection.kind != Kind::Local && !connection.domain.empty()));
}

ConnectionsModel::ConnectionsModel(Settings &settings, KeyStore &keys, EnvironmentConnection environment, Tester tester,
                                   QObject *parent)
    : KeyedListModel(keys, "api-key/", parent)
    , m_settings(settings)
    , m_environment(std::move(environment))
    , m_tester(std::move(tester))
{
    load();
}

void ConnectionsModel::load()
{
    m_rows.push_back({builtIn("local", "Local engine", Kind::Local), KeySource::None, {}, {}, {}, {}});
    m_rows.push_back({builtIn("cloud", "E2B cloud", Kind::Cloud), KeySource::None, {}, {}, {}, {}});
    applyEnvironment(m_rows.back());
    for (const QVariant &entry : m_settings.value(Settings::Key::Connections).toList()) {
        e2b::Connection connection = fromMap(entry.toMap());
        if (connection.id.empty() || !check(connection) || rowOf(toQString(connection.id)) >= 0)
            continue; // a person may have edited the file
        m_rows.push_back({std::move(connection), KeySource::None, {}, {}, {}, {}});
    }
    for (const Row &row : m_rows) { // answers change rows in place, never their number
        if (row.connection.kind != Kind::Local && row.keySource == KeySource::None)
            readKey(toQString(row.connection.id));
    }
}

void ConnectionsModel::applyEnvironment(Row &cloud)
{
    cloud.fromEnvironment = m_environment.variables();
    if (!m_environment.domain.isEmpty())
        cloud.connection.domain = toUtf8(m_environment.domain);
    cloud.connection.apiUrl = toUtf8(m_environment.apiUrl);
    cloud.connection.sandboxUrl = toUtf8(m_environment.sandboxUrl);
    if (!m_environment.apiKey.isEmpty()) {
        cloud.connection.apiKey = toUtf8(m_environment.apiKey);
        cloud.keySource = KeySource::Environment;
    }
}

void ConnectionsModel::keyRead(int row, std::string key)
{
    Row &target = m_rows[static_cast<std::size_t>(row)];
    if (target.keySource != KeySource::None)
        return;
    target.connection.apiKey = std::move(key);
    target.keySource = KeySource::KeyStore;
    rowChanged(row);
}

int ConnectionsModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QString ConnectionsModel::activeId() const
{
    const QString id = m_settings.text(Settings::Key::ActiveConnection);
    return rowOf(id) >= 0 ? id : QStringLiteral("local");
}

const e2b::Connection &ConnectionsModel::active() const
{
    return at(rowOf(activeId())).connection;
}

void ConnectionsModel::setActive(const QString &id)
{
    if (rowOf(id) < 0 || id == activeId())
        return;
    m_settings.set(Settings::Key::ActiveConnection, id);
    Q_EMIT dataChanged(index(0), index(rowCount() - 1));
    Q_EMIT activeChanged();
}

void ConnectionsModel::rowChanged(int row)
{
    Q_EMIT dataChanged(index(row), index(row));
    if (toQString(at(row).connection.id) == activeId())
        Q_EMIT activeChanged();
}

void ConnectionsModel::setLocalEngine(const QString &apiUrl, const QString &sandboxUrl, const QString &apiKey)
{
    Row &local = m_rows.front();
    e2b::Connection changed = local.connection;
    changed.apiUrl = toUtf8(apiUrl);
    changed.sandboxUrl = toUtf8(sandboxUrl);
    changed.apiKey = toUtf8(apiKey);
    if (changed == local.connection)
        return;
    local.connection = std::move(changed);
    local.keySource = apiKey.isEmpty() ? KeySource::None : KeySource::Engine;
    local.testState = TestState::NotTested;
    rowChanged(0);
}

Result<> ConnectionsModel::check(const e2b::Connection &connection)
{
    if (auto fine = checkName(connection.name); !fine)
        return fine;
    static const QRegularExpression domain(
        QStringLiteral(R"(^[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(:\d{1,5})?$)"));
    if (!connection.domain.empty() && !domain.match(toQString(connection.domain)).hasMatch())
        return failure(Error::Kind::Local, "The domain is a host name such as e2b.example.org, without https://.");
    if (connection.domain.empty() && connection.apiUrl.empty())
        return failure(Error::Kind::Local, "A domain or an API URL is needed.");
    if (!connection.apiUrl.empty() && !isHttpUrl(connection.apiUrl))
        return failure(Error::Kind::Local, "The API URL starts with https:// or http:// and names a host.");
    if (!connection.sandboxUrl.empty() && !isHttpUrl(connection.sandboxUrl))
        return failure(Error::Kind::Local, "The sandbox URL starts with https:// or http:// and names a host.");
    return {};
}

Result<> ConnectionsModel::checkKey(const QString &key)
{
    if (key.isEmpty() || isApiKeyShape(toUtf8(key)))
        return {};
    return failure(Error::Kind::Local, "An E2B API key is \"e2b_\" followed by hexadecimal digits.");
}

Result<QString> ConnectionsModel::add(e2b::Connection connection, const QString &key)
{
    if (auto fine = check(connection); !fine)
        return failure(fine.error());
    if (auto fine = checkKey(key); !fine)
        return failure(fine.error());
    const QString id = freshId(toQString(connection.name), QStringLiteral("connection"),
                               [this](const QString &taken) { return rowOf(taken) >= 0; });
    connection.id = toUtf8(id);
    connection.kind = Kind::SelfHosted;
    connection.apiKey.clear();
    beginInsertRows({}, rowCount(), rowCount());
    m_rows.push_back({std::move(connection), KeySource::None, {}, {}, {}, {}});
    endInsertRows();
    save();
    if (auto kept = setKey(id, key); !kept)
        return failure(kept.error());
    return id;
}

Result<> ConnectionsModel::update(const QString &id, const e2b::Connection &connection)
{
    if (auto fine = check(connection); !fine)
        return fine;
    const int row = rowOf(id);
    if (row < 0 || at(row).connection.kind != Kind::SelfHosted)
        return failure(Error::Kind::Local, "This connection is built in.");
    Row &target = m_rows[static_cast<std::size_t>(row)];
    target.connection.name = connection.name;
    target.connection.domain = connection.domain;
    target.connection.apiUrl = connection.apiUrl;
    target.connection.sandboxUrl = connection.sandboxUrl;
    target.testState = TestState::NotTested;
    save();
    rowChanged(row);
    return {};
}

Result<> ConnectionsModel::setKey(const QString &id, const QString &key)
{
    if (auto fine = checkKey(key); !fine)
        return fine;
    const int row = rowOf(id);
    if (row < 0 || at(row).connection.kind == Kind::Local || at(row).keySource == KeySource::Environment)
        return failure(Error::Kind::Local, "The key of this connection comes from elsewhere.");
    Row &target = m_rows[static_cast<std::size_t>(row)];
    if (key.isEmpty() && target.keySource == KeySource::None)
        return {};
    target.connection.apiKey = toUtf8(key);
    target.keySource = key.isEmpty() ? KeySource::None : KeySource::KeyStore;
    target.testState = TestState::NotTested;
    keepKey(id, key);
    rowChanged(row);
    return {};
}

void ConnectionsModel::remove(const QString &id)
{
    const int row = rowOf(id);
    if (row < 0 || at(row).connection.kind != Kind::SelfHosted)
        return;
    if (activeId() == id)
        setActive(QStringLiteral("local"));
    (void)setKey(id, {});
    beginRemoveRows({}, row, row);
    m_rows.erase(m_rows.begin() + row);
    endRemoveRows();
    save();
}

void ConnectionsModel::save()
{
    QVariantList list;
    for (const Row &row : m_rows) {
        if (row.connection.kind == Kind::SelfHosted)
            list.append(toMap(row.connection));
    }
    m_settings.set(Settings::Key::Connections, list);
}

void ConnectionsModel::test(const QString &id)
{
    const int row = rowOf(id);
    if (row < 0 || at(row).testState == TestState::Testing)
        return;
    m_rows[static_cast<std::size_t>(row)].testState = TestState::Testing;
    Q_EMIT dataChanged(index(row), index(row));
    QElapsedTimer clock;
    clock.start();
    const e2b::Connection asked = at(row).connection;
    whenDone(m_tester(asked), this, [this, id, clock, asked](Result<> answer) {
        const int now = rowOf(id);
        if (now < 0)
            return;
        Row &target = m_rows[static_cast<std::size_t>(now)];
        const bool isSame = target.connection == asked; // edited meanwhile: the answer says nothing
        target.testState = !isSame ? TestState::NotTested : answer ? TestState::Works : TestState::Failed;
        target.testError = answer ? Error{} : answer.error();
        target.testDuration = std::chrono::milliseconds(clock.elapsed());
        Q_EMIT dataChanged(index(now), index(now));
    });
}

ConnectionsModel::Tester networkTester(QObject *owner)
{
    return [owner](const e2b::Connection &connection) {
        auto *client = new e2b::Client(connection, owner);
        auto promise = std::make_shared<QPromise<Result<>>>();
        promise->start();
        whenDone(client->listSandboxes(), client, [client, promise](Result<std::vector<e2b::SandboxInfo>> answer) {
            promise->addResult(answer ? Result<>() : Result<>(failure(answer.error())));
            promise->finish();
            client->deleteLater();
        });
        return promise->future();
    };
}

} // namespace sandglass::models
