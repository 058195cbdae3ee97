#pragma once

#include "models/budgets/guardtypes.h"
#include "services/core/time.h"

#include <QDBusConnection>
#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QStringList>
#include <QTimer>

#include <chrono>
#include <deque>

namespace sandglass::models {
class GuardDesk;
class Settings;
} // namespace sandglass::models
namespace sandglass::ui {
class MainWindow;
class NoticesSection;
} // namespace sandglass::ui

namespace sandglass::app {

/// What the guard has to say, as notifications of the desktop (org.freedesktop.Notifications), for whoever does not
/// look at the window: passed thresholds, runaways, what it is about to do, has done or could not do. There is one
/// notification at a time, with the newest sentences; news replaces it every `pace` at most. Calls do not wait for
/// their answer. Without a bus or a service it is silent.
class DesktopNotices final : public QObject
{
    Q_OBJECT
public:
    static constexpr std::chrono::milliseconds pace{3'000};
    static constexpr std::size_t mostLines = 5; ///< sentences in one notification; the others are counted

    /// `desk` and `settings` must outlive this.
    DesktopNotices(models::GuardDesk &desk, models::Settings &settings, QDBusConnection bus = sessionBus(),
                   QObject *parent = nullptr);

    void showIn(ui::NoticesSection &section);
    /// A click brings up `window` with its page of budgets.
    void raiseOnClick(ui::MainWindow &window);
    /// What shows the notifications, in its own words; empty: nobody has answered.
    [[nodiscard]] const QString &service() const { return m_service; }
    [[nodiscard]] bool isShown() const { return m_id != 0; } ///< one that nobody has closed
    /// Not connected where there is none: asking for it would start one.
    [[nodiscard]] static QDBusConnection sessionBus();

Q_SIGNALS:
    void activated(); ///< somebody has clicked on it
    void serviceChanged();

private Q_SLOTS:
    void onAction(uint id, const QString &action);
    void onClosed(uint id, uint reason);
    void onToken(uint id, const QString &token);

private:
    struct Line
    {
        QString title;
        QString text;
        bool isUrgent = false;
    };
    [[nodiscard]] QDBusMessage callOf(const QString &method) const;
    void ask();
    void take(const models::GuardAlert &alert);
    void take(const std::vector<cost::AuditEntry> &entries);
    void tell(Line line);
    void sendSoon();
    void send();
    void forget();
    void setService(const QString &service);
    void show();

    models::GuardDesk &m_desk;
    models::Settings &m_settings;
    QDBusConnection m_bus;
    const Timestamp m_since; ///< older entries of the audit log are history
    QString m_service;
    QString m_failure;
    bool m_hasMarkup = false;
    std::deque<Line> m_news;  ///< newest first, not yet sent
    std::deque<Line> m_shown; ///< newest first, on the screen
    int m_more = 0;           ///< that did not fit
    uint m_id = 0;            ///< of the notification on the screen; 0 = none
    bool m_isSending = false; ///< without an answer yet
    QElapsedTimer m_sinceSent;
    QTimer m_soon;
    QPointer<ui::NoticesSection> m_section;
};

} // namespace sandglass::app
