#include "app/keychainstore.h"

#include "services/core/qtstring.h"

#include <qt6keychain/keychain.h>

#include <QDBusConnection>
#include <QDBusConnectionInterface>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

constexpr auto serviceName = "Sandglass"_L1;

Error errorOf(const QKeychain::Job &job)
{
    return {Error::Kind::Local, 0, toUtf8(job.errorString()), {}};
}

bool hasSecretService()
{
    const QDBusConnection bus = QDBusConnection::sessionBus();
    if (!bus.isConnected() || bus.interface() == nullptr)
        return false;
    return bus.interface()->isServiceRegistered(u"org.freedesktop.secrets"_s)
        || bus.interface()->isServiceRegistered(u"org.kde.kwalletd5"_s);
}

} // namespace

KeychainStore::KeychainStore(QString prefix, QObject *parent) : QObject(parent), m_prefix(std::move(prefix)) {}

void KeychainStore::read(const std::string &name, std::function<void(Result<std::optional<std::string>>)> then)
{
    auto *job = new QKeychain::ReadPasswordJob(serviceName, this); // deletes itself
    job->setKey(m_prefix + toQString(name));
    connect(job, &QKeychain::Job::finished, this, [job, then = std::move(then)] {
        if (job->error() == QKeychain::EntryNotFound)
            return then(std::optional<std::string>{});
        if (job->error() != QKeychain::NoError)
            return then(failure(errorOf(*job)));
        then(std::optional(toUtf8(job->textData())));
    });
    job->start();
}

void KeychainStore::write(const std::string &name, const std::string &secret, std::function<void(Result<>)> then)
{
    auto *job = new QKeychain::WritePasswordJob(serviceName, this);
    job->setKey(m_prefix + toQString(name));
    job->setTextData(toQString(secret));
    connect(job, &QKeychain::Job::finished, this, [job, then = std::move(then)] {
        then(job->error() == QKeychain::NoError ? Result<>{} : failure(errorOf(*job)));
    });
    job->start();
}

void KeychainStore::remove(const std::string &name, std::function<void(Result<>)> then)
{
    auto *job = new QKeychain::DeletePasswordJob(serviceName, this);
    job->setKey(m_prefix + toQString(name));
    connect(job, &QKeychain::Job::finished, this, [job, then = std::move(then)] {
        const bool gone = job->error() == QKeychain::NoError || job->error() == QKeychain::EntryNotFound;
        then(gone ? Result<>{} : failure(errorOf(*job)));
    });
    job->start();
}

std::string KeychainStore::description() const
{
    return "the desktop's key store (Secret Service)";
}

std::unique_ptr<KeyStore> openKeyStore(const std::filesystem::path &configDirectory)
{
    if (hasSecretService())
        return std::make_unique<KeychainStore>(toQString(configDirectory.string()) + u'/');
    return std::make_unique<FileKeyStore>(configDirectory / "secrets.json");
}

} // namespace sandglass::app
