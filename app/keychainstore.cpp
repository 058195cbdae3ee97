#include "app/keychainstore.h"

#include "app/keyplaces.h"
#include "services/core/qtstring.h"

#include <qt6keychain/keychain.h>

#include <QAbstractEventDispatcher>
#include <QDBusConnection>
#include <QDBusConnectionInterface>
#include <QDBusMetaType>
#include <QDBusObjectPath>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusServiceWatcher>
#include <QLibrary>
#include <QTimer>

#include <algorithm>
#include <utility>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

constexpr auto serviceName = "Sandglass"_L1; // every entry's "server"
constexpr auto busName = "org.freedesktop.secrets"_L1;

using Attributes = QMap<QString, QString>;
using Paths = QList<QDBusObjectPath>;

Error locked()
{
    return {Error::Kind::Local, 0, "the desktop's key store is locked", {}};
}

Error errorOf(const QKeychain::Job &job)
{
    if (job.error() == QKeychain::AccessDenied || job.error() == QKeychain::AccessDeniedByUser)
        return locked();
    return {Error::Kind::Local, 0, "the desktop's key store: " + toUtf8(job.errorString()), {}};
}

Error lateAfter(std::chrono::milliseconds patience)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience).count();
    return {Error::Kind::Timeout,
            0,
            "the desktop's key store has not answered for " + std::to_string(seconds)
                + " s; is it waiting to be unlocked?",
            {}};
}

/// libsecret keeps the session it had with a service that has ended, and every call would fail for good.
void forgetSession()
{
    const auto disconnect =
        reinterpret_cast<void (*)()>(QLibrary::resolve(u"secret-1"_s, 0, "secret_service_disconnect"));
    if (disconnect != nullptr)
        disconnect();
}

/// QtKeychain loads libsecret by name, and libsecret calls back by GLib's loop.
bool isReachable()
{
    QLibrary library(u"secret-1"_s, 0);
    const QAbstractEventDispatcher *loop = QAbstractEventDispatcher::instance();
    return library.load() && loop != nullptr && loop->inherits("QEventDispatcherGlib");
}

} // namespace

KeychainStore::KeychainStore(QString prefix, std::chrono::milliseconds patience, QObject *parent)
    : QObject(parent), m_prefix(std::move(prefix)), m_patience(patience)
{
    qDBusRegisterMetaType<Attributes>();
    auto *watcher =
        new QDBusServiceWatcher(busName, QDBusConnection::sessionBus(), QDBusServiceWatcher::WatchForOwnerChange, this);
    connect(watcher, &QDBusServiceWatcher::serviceOwnerChanged, this, &forgetSession);
    forgetSession(); // of a store before this one
}

bool KeychainStore::isThere(bool mayWake)
{
    const QDBusConnection bus = QDBusConnection::sessionBus();
    if (!bus.isConnected() || bus.interface() == nullptr || !isReachable())
        return false;
    return bus.interface()->isServiceRegistered(busName)
        || (mayWake && bus.interface()->activatableServiceNames().value().contains(busName));
}

QString KeychainStore::keyOf(const std::string &name) const
{
    return m_prefix + toQString(name);
}

/// `then` is called once: when the job ends or when patience is over.
void KeychainStore::run(QKeychain::Job *job, std::function<void(Result<const QKeychain::Job *>)> then)
{
    // The job has no parent and deletes itself: libsecret holds a bare pointer to it until it ends.
    const auto answer = std::make_shared<decltype(then)>(std::move(then));
    auto *limit = new QTimer(this);
    connect(job, &QKeychain::Job::finished, this, [answer, limit](const QKeychain::Job *ended) {
        limit->deleteLater();
        if (*answer)
            std::exchange(*answer, nullptr)(ended);
    });
    limit->setSingleShot(true);
    connect(limit, &QTimer::timeout, this, [this, answer] {
        if (*answer)
            std::exchange(*answer, nullptr)(failure(lateAfter(m_patience)));
    });
    limit->start(m_patience);
    job->start();
}

void KeychainStore::read(const std::string &name, std::function<void(Result<std::optional<std::string>>)> then)
{
    auto *job = new QKeychain::ReadPasswordJob(serviceName);
    job->setKey(keyOf(name));
    run(job, [this, job, name, then = std::move(then)](Result<const QKeychain::Job *> ended) {
        if (!ended)
            return then(failure(ended.error()));
        if (job->error() == QKeychain::NoError)
            return then(std::optional(toUtf8(job->textData())));
        if (job->error() != QKeychain::EntryNotFound)
            return then(failure(errorOf(*job)));
        // Also the answer when the person has declined to unlock.
        find(name, [then](const Result<Found> &found) {
            if (!found)
                then(failure(found.error()));
            else if (found->isLocked)
                then(failure(locked()));
            else
                then(std::optional<std::string>{});
        });
    });
}

void KeychainStore::write(const std::string &name, const std::string &secret, std::function<void(Result<>)> then)
{
    auto *job = new QKeychain::WritePasswordJob(serviceName);
    job->setKey(keyOf(name));
    job->setTextData(toQString(secret));
    run(job, [job, then = std::move(then)](Result<const QKeychain::Job *> ended) {
        if (!ended)
            return then(failure(ended.error()));
        then(job->error() == QKeychain::NoError ? Result<>{} : failure(errorOf(*job)));
    });
}

void KeychainStore::remove(const std::string &name, std::function<void(Result<>)> then)
{
    auto *job = new QKeychain::DeletePasswordJob(serviceName);
    job->setKey(keyOf(name));
    run(job, [this, job, name, then = std::move(then)](Result<const QKeychain::Job *> ended) {
        if (!ended)
            return then(failure(ended.error()));
        if (job->error() != QKeychain::NoError && job->error() != QKeychain::EntryNotFound)
            return then(failure(errorOf(*job)));
        // What is locked is left out without a word.
        find(name, [then](const Result<Found> &found) {
            if (!found)
                then(failure(found.error()));
            else
                then(found->isLocked || found->isOpen ? failure(locked()) : Result<>{});
        });
    });
}

void KeychainStore::find(const std::string &name, std::function<void(Result<Found>)> then)
{
    QDBusMessage question = QDBusMessage::createMethodCall(busName, u"/org/freedesktop/secrets"_s,
                                                           u"org.freedesktop.Secret.Service"_s, u"SearchItems"_s);
    question << QVariant::fromValue(Attributes{{u"user"_s, keyOf(name)}, {u"server"_s, serviceName}});
    const auto limit =
        static_cast<int>(std::min<std::chrono::milliseconds>(m_patience, std::chrono::seconds(25)).count());
    auto *watcher = new QDBusPendingCallWatcher(QDBusConnection::sessionBus().asyncCall(question, limit), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [watcher, then = std::move(then)] {
        watcher->deleteLater();
        const QDBusPendingReply<Paths, Paths> reply = *watcher;
        if (reply.isError())
            return then(failure(Error::Kind::Local, "the desktop's key store: " + toUtf8(reply.error().message())));
        then(Found{!reply.argumentAt<0>().isEmpty(), !reply.argumentAt<1>().isEmpty()});
    });
}

std::string KeychainStore::description() const
{
    return "the desktop's key store (Secret Service)";
}

std::unique_ptr<KeyStore> openKeyStore(const std::filesystem::path &configDirectory)
{
    // Where keys are in it already, it is woken; else nobody is asked to unlock a key store he does not use.
    std::unique_ptr<KeyStore> desktop;
    if (KeychainStore::isThere(KeyPlaces::hasMoved(configDirectory)))
        desktop = std::make_unique<KeychainStore>(toQString(configDirectory.string()) + u'/');
    return std::make_unique<KeyPlaces>(std::move(desktop), configDirectory);
}

} // namespace sandglass::app
