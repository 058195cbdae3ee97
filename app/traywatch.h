#pragma once

#include "app/desktopnotices.h"

#include <QDBusConnection>
#include <QObject>

namespace sandglass::app {

/// Whether the desktop has a tray that takes icons over the session bus (StatusNotifierItem), from the first answer on
/// for as long as this lives. Never waits for an answer.
class TrayWatch final : public QObject
{
    Q_OBJECT
public:
    explicit TrayWatch(QDBusConnection bus = DesktopNotices::sessionBus(), QObject *parent = nullptr);

    [[nodiscard]] bool isThere() const { return m_isThere; }

Q_SIGNALS:
    void changed();

private Q_SLOTS:
    void ask();

private:
    void take(bool isThere);

    QDBusConnection m_bus;
    int m_asked = 0; ///< the newest question; answers to earlier ones are out of date
    bool m_isThere = false;
};

} // namespace sandglass::app
