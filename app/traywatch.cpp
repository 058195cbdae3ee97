#include "app/traywatch.h"

#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusServiceWatcher>
#include <QDBusVariant>

#include <utility>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

namespace {

constexpr auto busName = "org.kde.StatusNotifierWatcher"_L1;
constexpr auto objectPath = "/StatusNotifierWatcher"_L1;

} // namespace

TrayWatch::TrayWatch(QDBusConnection bus, QObject *parent) : QObject(parent), m_bus(std::move(bus))
{
    if (!m_bus.isConnected())
        return;
    m_bus.connect(busName, objectPath, busName, u"StatusNotifierHostRegistered"_s, this, SLOT(ask()));
    m_bus.connect(busName, objectPath, busName, u"StatusNotifierHostUnregistered"_s, this, SLOT(ask()));
    auto *watcher = new QDBusServiceWatcher(busName, m_bus, QDBusServiceWatcher::WatchForOwnerChange, this);
    connect(watcher, &QDBusServiceWatcher::serviceOwnerChanged, this, [this] {
        take(false); // the new owner knows nothing of our icon
        ask();
    });
    ask();
}

void TrayWatch::ask()
{
    QDBusMessage question =
        QDBusMessage::createMethodCall(busName, objectPath, u"org.freedesktop.DBus.Properties"_s, u"Get"_s);
    question << QString(busName) << u"IsStatusNotifierHostRegistered"_s;
    question.setAutoStartService(false);
    auto *pending = new QDBusPendingCallWatcher(m_bus.asyncCall(question), this);
    connect(pending, &QDBusPendingCallWatcher::finished, this, [this, pending, number = ++m_asked] {
        pending->deleteLater();
        const QDBusPendingReply<QDBusVariant> reply = *pending;
        if (number == m_asked)
            take(!reply.isError() && reply.value().variant().toBool());
    });
}

void TrayWatch::take(bool isThere)
{
    if (std::exchange(m_isThere, isThere) != isThere)
        Q_EMIT changed();
}

} // namespace sandglass::app
