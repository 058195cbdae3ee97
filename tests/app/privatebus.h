#pragma once

#include <QDBusConnection>
#include <QProcess>
#include <QString>
#include <QTest>

namespace sandglass::test {

/// A message bus of the test's own: the real dbus-daemon, which ends with this object.
class PrivateBus final
{
public:
    PrivateBus() = default;
    ~PrivateBus()
    {
        m_daemon.kill();
        m_daemon.waitForFinished();
    }
    PrivateBus(const PrivateBus &) = delete;
    PrivateBus &operator=(const PrivateBus &) = delete;

    /// Empty, or why there is none.
    [[nodiscard]] QByteArray start()
    {
        m_daemon.start(QStringLiteral("dbus-daemon"),
                       {QStringLiteral("--session"), QStringLiteral("--nofork"), QStringLiteral("--nopidfile"),
                        QStringLiteral("--print-address=1")});
        if (!m_daemon.waitForStarted() || !m_daemon.waitForReadyRead())
            return "dbus-daemon does not start (package dbus-daemon): " + m_daemon.errorString().toUtf8()
                + m_daemon.readAllStandardError();
        m_address = QString::fromUtf8(m_daemon.readLine()).trimmed();
        return {};
    }
    [[nodiscard]] const QString &address() const { return m_address; } ///< for programs: DBUS_SESSION_BUS_ADDRESS
    /// Each name is a connection, and so a program, of its own.
    [[nodiscard]] QDBusConnection connectAs(const QString &name) const
    {
        return QDBusConnection::connectToBus(m_address, name);
    }

private:
    QProcess m_daemon;
    QString m_address;
};

} // namespace sandglass::test
