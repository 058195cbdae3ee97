#pragma once

#include <QDBusConnection>
#include <QFile>
#include <QProcess>
#include <QString>
#include <QTemporaryDir>
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
    [[nodiscard]] QByteArray start() { return start(QStringLiteral("--session")); }
    /// The same, but it starts no program of the machine's when somebody calls one that is not there.
    [[nodiscard]] QByteArray startAlone()
    {
        QFile file(m_folder.filePath(QStringLiteral("bus.conf")));
        if (!file.open(QIODevice::WriteOnly))
            return "the bus has no folder";
        file.write("<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
                   "\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\"><busconfig><type>session</type>"
                   "<listen>unix:dir="
                   + m_folder.path().toUtf8()
                   + "</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow send_destination=\"*\" "
                     "eavesdrop=\"true\"/>"
                     "<allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>");
        file.close();
        return start(QStringLiteral("--config-file=") + file.fileName());
    }
    [[nodiscard]] const QString &address() const { return m_address; } ///< for programs: DBUS_SESSION_BUS_ADDRESS
    /// Each name is a connection, and so a program, of its own.
    [[nodiscard]] QDBusConnection connectAs(const QString &name) const
    {
        return QDBusConnection::connectToBus(m_address, name);
    }

private:
    [[nodiscard]] QByteArray start(const QString &config)
    {
        m_daemon.start(
            QStringLiteral("dbus-daemon"),
            {config, QStringLiteral("--nofork"), QStringLiteral("--nopidfile"), QStringLiteral("--print-address=1")});
        if (!m_daemon.waitForStarted() || !m_daemon.waitForReadyRead())
            return "dbus-daemon does not start (package dbus-daemon): " + m_daemon.errorString().toUtf8()
                + m_daemon.readAllStandardError();
        m_address = QString::fromUtf8(m_daemon.readLine()).trimmed();
        return {};
    }

    QTemporaryDir m_folder;
    QProcess m_daemon;
    QString m_address;
};

} // namespace sandglass::test
