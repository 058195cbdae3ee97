#pragma once

#include "tests/app/privatebus.h"

#include <QDBusContext>
#include <QImage>
#include <QObject>
#include <QStringList>

#include <optional>

namespace sandglass::test {

/// The tray of a desktop as StatusNotifierItem knows it: a watcher with a host, which reads and uses the items that
/// register over a real message bus. The programs that own them must be others than this one: calls wait.
class FakePanel final : public QObject, protected QDBusContext
{
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.kde.StatusNotifierWatcher")
    Q_PROPERTY(bool IsStatusNotifierHostRegistered READ hasHost)
    Q_PROPERTY(QStringList RegisteredStatusNotifierItems READ items)
    Q_PROPERTY(int ProtocolVersion READ protocolVersion)
public:
    explicit FakePanel(const PrivateBus &bus);
    ~FakePanel() override;

    [[nodiscard]] bool appear(); ///< takes the watcher's name
    void vanish();
    /// The host comes or goes while the watcher stays.
    void setHost(bool isThere);

    [[nodiscard]] bool hasHost() const { return m_hasHost; }
    [[nodiscard]] QStringList items() const { return m_items; } ///< bus names; those that ended included
    [[nodiscard]] int protocolVersion() const { return 0; }

    /// Of the newest item; empty when it does not answer.
    [[nodiscard]] QString toolTip() const;
    [[nodiscard]] QImage icon(int side) const;
    struct Entry
    {
        int id = 0;
        QString label;
        bool isEnabled = true, isVisible = true, isSeparator = false;
    };
    [[nodiscard]] QList<Entry> menu() const;
    /// The label of a visible entry that begins so; empty: none.
    [[nodiscard]] QString entry(const QString &beginning) const;
    bool choose(const QString &beginning); ///< false: no such entry, or disabled
    void click();                          ///< with the left button, on the icon

    int newIcons = 0; ///< times that an item has told of another picture
    int newToolTips = 0;

public Q_SLOTS:
    void RegisterStatusNotifierItem(const QString &service); // NOLINT
    void RegisterStatusNotifierHost(const QString &) {}      // NOLINT

Q_SIGNALS:
    void StatusNotifierHostRegistered();   // NOLINT
    void StatusNotifierHostUnregistered(); // NOLINT

private Q_SLOTS:
    void onNewIcon() { ++newIcons; }
    void onNewToolTip() { ++newToolTips; }

private:
    [[nodiscard]] QDBusMessage call(const char *path, const char *interface, const char *method,
                                    const QVariantList &arguments) const;
    [[nodiscard]] QVariant property(const char *name) const;

    QDBusConnection m_bus;
    QStringList m_items;
    bool m_hasHost = true;
};

} // namespace sandglass::test
