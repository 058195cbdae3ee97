#pragma once

#include <QObject>

class QDBusVariant;

namespace sandglass::ui {

/// Whether the desktop prefers dark, from the XDG settings portal, else from the palette's lightness. Qt 6.4 has no
/// QStyleHints::colorScheme(). Never blocks: the portal is asked asynchronously.
class SystemScheme final : public QObject
{
    Q_OBJECT
public:
    explicit SystemScheme(QObject *parent = nullptr);
    [[nodiscard]] bool isDark() const { return m_isDark; }

Q_SIGNALS:
    void changed();

private Q_SLOTS:
    void onSettingChanged(const QString &group, const QString &key, const QDBusVariant &value);

private:
    void take(uint scheme);
    bool m_isDark = true;
};

} // namespace sandglass::ui
