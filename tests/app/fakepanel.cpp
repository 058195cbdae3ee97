#include "tests/app/fakepanel.h"

#include <QDBusArgument>
#include <QDBusMessage>
#include <QDBusVariant>
#include <QVariantMap>
#include <QtEndian>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::test {

namespace {

constexpr auto watcherName = "org.kde.StatusNotifierWatcher"_L1;
constexpr const char *itemInterface = "org.kde.StatusNotifierItem";
constexpr const char *menuInterface = "com.canonical.dbusmenu";
constexpr int answersWithin = 10'000; // ms

} // namespace

FakePanel::FakePanel(const PrivateBus &bus) : m_bus(bus.connectAs(u"panel"_s))
{
    m_bus.registerObject(u"/StatusNotifierWatcher"_s, this,
                         QDBusConnection::ExportAllSlots | QDBusConnection::ExportAllSignals
                             | QDBusConnection::ExportAllProperties);
    m_bus.connect({}, u"/StatusNotifierItem"_s, QLatin1StringView(itemInterface), u"NewIcon"_s, this,
                  SLOT(onNewIcon()));
    m_bus.connect({}, u"/StatusNotifierItem"_s, QLatin1StringView(itemInterface), u"NewToolTip"_s, this,
                  SLOT(onNewToolTip()));
}

FakePanel::~FakePanel()
{
    QDBusConnection::disconnectFromBus(m_bus.name());
}

bool FakePanel::appear()
{
    m_items.clear();
    return m_bus.registerService(watcherName);
}

void FakePanel::vanish()
{
    m_bus.unregisterService(watcherName);
}

void FakePanel::setHost(bool isThere)
{
    m_hasHost = isThere;
    if (isThere)
        Q_EMIT StatusNotifierHostRegistered();
    else
        Q_EMIT StatusNotifierHostUnregistered();
}

void FakePanel::RegisterStatusNotifierItem(const QString &service)
{
    m_items << service;
}

QDBusMessage FakePanel::call(const char *path, const char *interface, const char *method,
                             const QVariantList &arguments) const
{
    QDBusMessage message = QDBusMessage::createMethodCall(m_items.isEmpty() ? u"org.example.Nobody"_s : m_items.last(),
                                                          QLatin1StringView(path), QLatin1StringView(interface),
                                                          QLatin1StringView(method));
    message.setArguments(arguments);
    return m_bus.call(message, QDBus::Block, answersWithin);
}

QVariant FakePanel::property(const char *name) const
{
    const QDBusMessage answer = call("/StatusNotifierItem", "org.freedesktop.DBus.Properties", "Get",
                                     {QString::fromLatin1(itemInterface), QString::fromLatin1(name)});
    return answer.type() == QDBusMessage::ReplyMessage ? answer.arguments().value(0).value<QDBusVariant>().variant()
                                                       : QVariant();
}

QString FakePanel::toolTip() const
{
    const QVariant value = property("ToolTip");
    if (!value.canConvert<QDBusArgument>())
        return {};
    const auto argument = value.value<QDBusArgument>();
    QString icon;
    QString title;
    argument.beginStructure();
    argument >> icon;
    argument.beginArray();
    while (!argument.atEnd()) {
        int width = 0;
        int height = 0;
        QByteArray bytes;
        argument.beginStructure();
        argument >> width >> height >> bytes;
        argument.endStructure();
    }
    argument.endArray();
    argument >> title;
    argument.endStructure();
    return title;
}

QImage FakePanel::icon(int side) const
{
    const QVariant value = property("IconPixmap");
    if (!value.canConvert<QDBusArgument>())
        return {};
    const auto argument = value.value<QDBusArgument>();
    QImage found;
    argument.beginArray();
    while (!argument.atEnd()) {
        int width = 0;
        int height = 0;
        QByteArray bytes;
        argument.beginStructure();
        argument >> width >> height >> bytes;
        argument.endStructure();
        if (width != side || bytes.size() != qsizetype{4} * width * height)
            continue;
        found = QImage(width, height, QImage::Format_ARGB32);
        for (int y = 0; y < height; ++y)
            qFromBigEndian<quint32>(bytes.constData() + qsizetype{4} * width * y, width, found.scanLine(y));
    }
    argument.endArray();
    return found;
}

QList<FakePanel::Entry> FakePanel::menu() const
{
    const QDBusMessage answer = call("/MenuBar", menuInterface, "GetLayout", {0, -1, QStringList()});
    if (answer.type() != QDBusMessage::ReplyMessage)
        return {};
    const auto argument = answer.arguments().value(1).value<QDBusArgument>();
    QList<Entry> entries;
    int rootId = 0;
    QVariantMap rootProperties;
    argument.beginStructure();
    argument >> rootId >> rootProperties;
    argument.beginArray();
    while (!argument.atEnd()) {
        QDBusVariant child;
        argument >> child;
        const auto node = child.variant().value<QDBusArgument>();
        Entry entry;
        QVariantMap properties;
        node.beginStructure();
        node >> entry.id >> properties;
        node.endStructure();
        entry.label = properties.value(u"label"_s).toString();
        entry.isEnabled = properties.value(u"enabled"_s, true).toBool();
        entry.isVisible = properties.value(u"visible"_s, true).toBool();
        entry.isSeparator = properties.value(u"type"_s).toString() == u"separator";
        entries << entry;
    }
    argument.endArray();
    argument.endStructure();
    return entries;
}

QString FakePanel::entry(const QString &beginning) const
{
    const QList<Entry> entries = menu();
    for (const Entry &entry : entries) {
        if (entry.isVisible && entry.label.startsWith(beginning))
            return entry.label;
    }
    return {};
}

bool FakePanel::choose(const QString &beginning)
{
    const QList<Entry> entries = menu();
    for (const Entry &entry : entries) {
        if (!entry.isVisible || !entry.isEnabled || !entry.label.startsWith(beginning))
            continue;
        const QVariant nothing = QVariant::fromValue(QDBusVariant(QString()));
        return call("/MenuBar", menuInterface, "Event", {entry.id, u"clicked"_s, nothing, 0U}).type()
            == QDBusMessage::ReplyMessage;
    }
    return false;
}

void FakePanel::click()
{
    (void)call("/StatusNotifierItem", itemInterface, "Activate", {0, 0});
}

} // namespace sandglass::test
