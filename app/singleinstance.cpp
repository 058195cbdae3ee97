#include "app/singleinstance.h"

#include "services/core/filelock.h"
#include "services/core/qtstring.h"

#include <QDeadlineTimer>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocalSocket>
#include <QLoggingCategory>
#include <QThread>
#include <QTimer>

#include <chrono>

using namespace std::chrono_literals;
using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logApp, "sandglass.app")

constexpr auto patience = 5'000ms; ///< with a program that is starting, or ending
constexpr unsigned long pauseMs = 50;
constexpr qint64 wishLimit = 1 << 20; ///< bytes
const QByteArray taken = QByteArrayLiteral("taken\n");

QByteArray encode(const SingleInstance::Wish &wish)
{
    const QJsonObject object{{u"files"_s, QJsonArray::fromStringList(wish.files)}, {u"page"_s, wish.page}};
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

SingleInstance::Wish decode(const QByteArray &line)
{
    const QJsonObject object = QJsonDocument::fromJson(line).object();
    return {object.value("files"_L1).toVariant().toStringList(), object.value("page"_L1).toString()};
}

/// True once the program that listens there has taken the wish.
bool handOver(const QString &socketPath, const SingleInstance::Wish &wish, QDeadlineTimer end)
{
    const auto left = [&end] { return static_cast<int>(end.remainingTime()); };
    QLocalSocket socket;
    socket.connectToServer(socketPath);
    if (!socket.waitForConnected(left()))
        return false;
    socket.write(encode(wish));
    while (!socket.canReadLine()) {
        if (!socket.waitForReadyRead(left()))
            return false;
    }
    return socket.readLine() == taken;
}

} // namespace

Result<std::unique_ptr<SingleInstance>> SingleInstance::take(const ProfilePaths &paths, const Wish &wish)
{
    for (const auto &directory : {paths.state, paths.runtime}) {
        if (!ensurePrivateDirectory(directory))
            return failure(Error::Kind::Local, "the folder " + directory.string() + " cannot be used");
    }
    const QString socketPath = toQString((paths.runtime / "window.sock").string());
    const QDeadlineTimer end(patience);
    for (;;) {
        auto lock = lockFile(paths.state / "window.lock");
        if (lock) {
            std::unique_ptr<SingleInstance> taken(new SingleInstance(std::move(*lock)));
            taken->listen(socketPath);
            return taken;
        }
        if (lock.error().code != "locked")
            return failure(std::move(lock.error()));
        if (handOver(socketPath, wish, end))
            return std::unique_ptr<SingleInstance>();
        if (end.hasExpired())
            return failure(Error::Kind::Local,
                           "another Sandglass uses the profile of " + paths.state.string() + " and does not answer");
        QThread::msleep(pauseMs);
    }
}

SingleInstance::SingleInstance(UniqueFd lock) : m_lock(std::move(lock))
{
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    connect(&m_server, &QLocalServer::newConnection, this, &SingleInstance::answer);
}

/// Without it a second start finds nobody who answers, and says so: no reason not to go on.
void SingleInstance::listen(const QString &path)
{
    QLocalServer::removeServer(path); // a program that was killed has left it
    if (!m_server.listen(path))
        qCWarning(logApp, "a second start will not be answered: %s: %s", qPrintable(path),
                  qPrintable(m_server.errorString()));
}

void SingleInstance::answer()
{
    while (QLocalSocket *socket = m_server.nextPendingConnection()) {
        socket->setReadBufferSize(wishLimit);
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
        QTimer::singleShot(patience, socket, &QLocalSocket::abort);
        const auto read = [this, socket] {
            if (!socket->canReadLine())
                return;
            const Wish wish = decode(socket->readLine());
            socket->write(taken);
            socket->disconnectFromServer();
            Q_EMIT asked(wish);
        };
        connect(socket, &QLocalSocket::readyRead, this, read);
        read(); // what came with the connection
    }
}

} // namespace sandglass::app
