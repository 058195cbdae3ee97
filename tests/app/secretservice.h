#pragma once

#include <QDBusConnection>
#include <QDBusConnectionInterface>
#include <QDBusMessage>
#include <QDBusObjectPath>
#include <QDBusReply>
#include <QDir>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

namespace sandglass::test {

/// A Secret Service of the test's own: the real gnome-keyring-daemon, on the session's bus of this process, with its
/// keys in a folder of its own. Ends with this object.
class SecretService final
{
public:
    SecretService() = default;
    ~SecretService() { kill(); }
    SecretService(const SecretService &) = delete;
    SecretService &operator=(const SecretService &) = delete;

    [[nodiscard]] static bool isInstalled()
    {
        return !QStandardPaths::findExecutable(QStringLiteral("gnome-keyring-daemon")).isEmpty();
    }
    /// Empty, or why there is none. The keys of an earlier start are there again, open.
    [[nodiscard]] QByteArray start()
    {
        auto environment = QProcessEnvironment::systemEnvironment();
        for (const char *name : {"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"})
            environment.insert(QLatin1String(name), m_home.path());
        environment.remove(QStringLiteral("DISPLAY")); // nobody is asked
        environment.remove(QStringLiteral("WAYLAND_DISPLAY"));
        m_daemon.setProcessEnvironment(environment);
        m_daemon.start(
            QStringLiteral("gnome-keyring-daemon"),
            {QStringLiteral("--foreground"), QStringLiteral("--unlock"), QStringLiteral("--components=secrets")});
        if (!m_daemon.waitForStarted())
            return m_daemon.errorString().toUtf8();
        m_daemon.write("password of the test");
        m_daemon.closeWriteChannel();
        const bool isThere = QTest::qWaitFor([] { return isRegistered(); }, 20'000);
        return isThere ? QByteArray() : "no Secret Service: " + m_daemon.readAllStandardError();
    }
    void kill()
    {
        if (m_daemon.state() == QProcess::NotRunning)
            return;
        m_daemon.kill();
        m_daemon.waitForFinished();
    }
    void freeze() { signal(SIGSTOP); }
    void thaw() { signal(SIGCONT); }
    /// What a screen saver may do; whether it did.
    [[nodiscard]] static bool lock()
    {
        auto call = QDBusMessage::createMethodCall(
            QStringLiteral("org.freedesktop.secrets"), QStringLiteral("/org/freedesktop/secrets"),
            QStringLiteral("org.freedesktop.Secret.Service"), QStringLiteral("Lock"));
        call << QVariant::fromValue(
            QList<QDBusObjectPath>{QDBusObjectPath(QStringLiteral("/org/freedesktop/secrets/collection/login"))});
        const QDBusMessage answer = QDBusConnection::sessionBus().call(call);
        return answer.type() == QDBusMessage::ReplyMessage
            && answer.arguments().value(0).value<QDBusArgument>().currentType() == QDBusArgument::ArrayType;
    }
    [[nodiscard]] static bool isRegistered()
    {
        return QDBusConnection::sessionBus().interface()->isServiceRegistered(
            QStringLiteral("org.freedesktop.secrets"));
    }
    [[nodiscard]] QString folder() const { return m_home.path(); }

private:
    void signal(int number) { ::kill(static_cast<pid_t>(m_daemon.processId()), number); }

    QTemporaryDir m_home;
    QProcess m_daemon;
};

} // namespace sandglass::test
