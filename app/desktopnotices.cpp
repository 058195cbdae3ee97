#include "app/desktopnotices.h"

#include "models/budgets/guarddesk.h"
#include "models/settings/settings.h"
#include "services/core/qtstring.h"
#include "ui/budgets/guardnotice.h"
#include "ui/settings/noticessection.h"
#include "ui/shell/mainwindow.h"

#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusServiceWatcher>
#include <QLoggingCategory>
#include <QVariantMap>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

using namespace Qt::Literals::StringLiterals;
using sandglass::models::Settings;

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logNotices, "sandglass.notices")

constexpr auto busName = "org.freedesktop.Notifications"_L1;
constexpr auto objectPath = "/org/freedesktop/Notifications"_L1;
constexpr auto desktopName = "io.github.sandglass.Sandglass"_L1; // of the desktop file and the icon
constexpr auto defaultAction = "default"_L1;                     // a click on the notification itself
constexpr int fullPercent = 100;
enum Urgency : uchar { Normal = 1, Critical = 2 };

/// What the audit log says of one action of the guard.
enum class Deed { Planned, Done, Failed };

std::optional<Deed> deedOf(const cost::AuditEntry &entry)
{
    if (entry.who != "guard" || (entry.verb != "pause" && entry.verb != "kill"))
        return {};
    if (entry.answer == "planned")
        return Deed::Planned;
    if (entry.answer.starts_with("ok"))
        return Deed::Done;
    if (entry.answer.starts_with("not needed") || entry.answer.starts_with("left alone"))
        return {};
    return Deed::Failed;
}

} // namespace

DesktopNotices::DesktopNotices(models::GuardDesk &desk, Settings &settings, QDBusConnection bus, QObject *parent)
    : QObject(parent), m_desk(desk), m_settings(settings), m_bus(std::move(bus)), m_since(desk.now()), m_soon(this)
{
    m_soon.setSingleShot(true);
    m_soon.setTimerType(Qt::PreciseTimer); // a coarse one may come a twentieth too early
    connect(&m_soon, &QTimer::timeout, this, &DesktopNotices::send);
    connect(&m_settings, &Settings::changed, this, [this](Settings::Key key) {
        if (key != Settings::Key::DesktopNotices)
            return;
        if (!m_settings.value(key).toBool())
            forget();
        show();
    });
    connect(&m_desk, &models::GuardDesk::alertRaised, this,
            qOverload<const models::GuardAlert &>(&DesktopNotices::take));
    connect(&m_desk, &models::GuardDesk::auditAdded, this,
            qOverload<const std::vector<cost::AuditEntry> &>(&DesktopNotices::take));
    if (!m_bus.isConnected())
        return;
    m_bus.connect(busName, objectPath, busName, u"ActionInvoked"_s, this, SLOT(onAction(uint, QString)));
    m_bus.connect(busName, objectPath, busName, u"NotificationClosed"_s, this, SLOT(onClosed(uint, uint)));
    m_bus.connect(busName, objectPath, busName, u"ActivationToken"_s, this, SLOT(onToken(uint, QString)));
    auto *watcher = new QDBusServiceWatcher(busName, m_bus, QDBusServiceWatcher::WatchForOwnerChange, this);
    connect(watcher, &QDBusServiceWatcher::serviceOwnerChanged, this, [this] {
        m_id = 0; // another service knows nothing of it
        m_shown.clear();
        setService({});
        ask();
    });
    ask();
}

QDBusConnection DesktopNotices::sessionBus()
{
    const bool isThere =
        qEnvironmentVariableIsSet("DBUS_SESSION_BUS_ADDRESS") || qEnvironmentVariableIsSet("XDG_RUNTIME_DIR");
    return isThere ? QDBusConnection::sessionBus() : QDBusConnection(u"sandglass-no-bus"_s);
}

QDBusMessage DesktopNotices::callOf(const QString &method) const
{
    return QDBusMessage::createMethodCall(busName, objectPath, busName, method);
}

/// Only of a service that runs: one that does not is started by the first notification.
void DesktopNotices::ask()
{
    QDBusMessage information = callOf(u"GetServerInformation"_s);
    QDBusMessage capabilities = callOf(u"GetCapabilities"_s);
    information.setAutoStartService(false);
    capabilities.setAutoStartService(false);
    auto *known = new QDBusPendingCallWatcher(m_bus.asyncCall(capabilities), this);
    connect(known, &QDBusPendingCallWatcher::finished, this, [this, known] {
        known->deleteLater();
        const QDBusPendingReply<QStringList> reply = *known;
        m_hasMarkup = !reply.isError() && reply.value().contains("body-markup"_L1);
    });
    // Answers come in the order of the questions: whoever has a name has told what it can.
    auto *named = new QDBusPendingCallWatcher(m_bus.asyncCall(information), this);
    connect(named, &QDBusPendingCallWatcher::finished, this, [this, named] {
        named->deleteLater();
        const QDBusPendingReply<QString, QString, QString, QString> reply = *named;
        setService(reply.isError() ? QString() : reply.argumentAt<0>());
    });
}

void DesktopNotices::setService(const QString &service)
{
    m_failure.clear();
    m_service = service;
    show();
    Q_EMIT serviceChanged();
}

void DesktopNotices::take(const models::GuardAlert &alert)
{
    const bool isRunaway = alert.kind == models::GuardAlert::Kind::Runaway;
    tell({isRunaway ? tr("Runaway sandbox") : tr("Budget"),
          ui::GuardNotice::textOf(alert, m_desk.find(alert.budget.budgetId)),
          !isRunaway && alert.budget.threshold >= fullPercent});
}

/// Those of one cause in one sentence: a guard that stops a thousand sandboxes says so once.
void DesktopNotices::take(const std::vector<cost::AuditEntry> &entries)
{
    struct Group
    {
        const cost::AuditEntry *first = nullptr;
        int count = 0;
    };
    std::map<std::tuple<Deed, std::string, std::string>, Group> groups; // by deed, verb and cause
    for (const cost::AuditEntry &entry : entries) {
        const auto deed = deedOf(entry);
        if (!deed || entry.at < m_since)
            continue;
        Group &group = groups[{*deed, entry.verb, entry.why}];
        group.first = &entry;
        ++group.count;
    }
    for (const auto &[key, group] : groups) {
        const bool isKill = group.first->verb == "kill";
        const QString what =
            group.count == 1 ? toQString(group.first->target) : tr("%n sandboxes", nullptr, group.count);
        const QString why = toQString(group.first->why);
        switch (std::get<Deed>(key)) {
        case Deed::Planned:
            tell({isKill ? tr("About to kill") : tr("About to pause"), tr("%1: %2").arg(what, why), true});
            break;
        case Deed::Done:
            tell({isKill ? tr("Killed") : tr("Paused"), tr("%1: %2").arg(what, why), false});
            break;
        case Deed::Failed:
            tell({isKill ? tr("Not killed") : tr("Not paused"),
                  tr("%1: %2 (%3)").arg(what, toQString(group.first->answer), why), true});
            break;
        }
    }
}

void DesktopNotices::tell(Line line)
{
    if (!m_bus.isConnected() || !m_settings.value(Settings::Key::DesktopNotices).toBool())
        return;
    m_news.push_front(std::move(line));
    if (m_news.size() > mostLines) {
        m_news.pop_back();
        ++m_more;
    }
    sendSoon();
}

void DesktopNotices::sendSoon()
{
    if (m_news.empty() || m_isSending || m_soon.isActive())
        return;
    const auto since = m_sinceSent.isValid() ? std::chrono::milliseconds(m_sinceSent.elapsed()) : pace;
    m_soon.start(std::max(std::chrono::milliseconds(0), pace - since));
}

void DesktopNotices::send()
{
    m_shown.insert(m_shown.begin(), m_news.begin(), m_news.end());
    m_news.clear();
    while (m_shown.size() > mostLines) {
        m_shown.pop_back();
        ++m_more;
    }
    const Line &newest = m_shown.front();
    const bool isOneKind = std::ranges::all_of(m_shown, [&](const Line &line) { return line.title == newest.title; });
    QStringList body;
    for (const Line &line : m_shown) {
        const QString text = isOneKind ? line.text : line.title + u" · " + line.text;
        body << (m_hasMarkup ? text.toHtmlEscaped() : text);
    }
    if (m_more > 0)
        body << tr("and %n more", nullptr, m_more);
    const bool isUrgent = std::ranges::any_of(m_shown, &Line::isUrgent);
    const QVariantMap hints = {
        {u"urgency"_s, QVariant::fromValue(isUrgent ? uchar(Critical) : uchar(Normal))},
        {u"desktop-entry"_s, QString(desktopName)},
    };
    constexpr int asTheDesktopLikes = -1;
    QDBusMessage call = callOf(u"Notify"_s);
    call << u"Sandglass"_s << m_id << QString(desktopName)
         << (isOneKind ? newest.title : tr("Sandglass: %n alerts", nullptr, static_cast<int>(m_shown.size()) + m_more))
         << body.join(u'\n') << QStringList{defaultAction, tr("Show budgets")} << hints << asTheDesktopLikes;
    m_isSending = true;
    m_sinceSent.start();
    auto *watcher = new QDBusPendingCallWatcher(m_bus.asyncCall(call), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher] {
        watcher->deleteLater();
        m_isSending = false;
        const QDBusPendingReply<uint> reply = *watcher;
        m_id = reply.isError() ? 0 : reply.value();
        m_failure = reply.isError() ? reply.error().message() : QString();
        if (reply.isError())
            qCInfo(logNotices, "the desktop shows no notification: %s", qPrintable(m_failure));
        show();
        sendSoon();
    });
}

void DesktopNotices::forget()
{
    m_soon.stop();
    m_news.clear();
    m_shown.clear();
    m_more = 0;
}

void DesktopNotices::onAction(uint id, const QString &action)
{
    if (id == 0 || id != m_id || action != defaultAction)
        return;
    m_shown.clear();
    m_more = 0;
    Q_EMIT activated();
}

void DesktopNotices::onClosed(uint id, uint /*reason*/)
{
    if (id == 0 || id != m_id)
        return;
    m_id = 0;
    m_shown.clear();
    m_more = 0;
}

void DesktopNotices::onToken(uint id, const QString &token)
{
    if (id != 0 && id == m_id)
        qputenv("XDG_ACTIVATION_TOKEN", token.toUtf8()); // Wayland lets a window come up that shows it; read once by Qt
}

void DesktopNotices::raiseOnClick(ui::MainWindow &window)
{
    connect(this, &DesktopNotices::activated, &window, [&window] {
        window.bringUp();
        window.showPage(u"budgets"_s);
    });
}

void DesktopNotices::showIn(ui::NoticesSection &section)
{
    m_section = &section;
    connect(&section, &ui::NoticesSection::testRequested, this, [this] {
        tell({tr("Sandglass"), tr("This is how an alert looks."), false});
    });
    show();
}

void DesktopNotices::show()
{
    if (!m_section)
        return;
    if (!m_bus.isConnected())
        return m_section->setState(tr("this session has no message bus: alerts stay in the window"), false);
    if (!m_failure.isEmpty())
        return m_section->setState(tr("the desktop has refused the last one: %1").arg(m_failure), true);
    m_section->setState(m_service.isEmpty() ? tr("no service for them runs now; the first alert asks for one")
                                            : tr("shown by %1").arg(m_service),
                        true);
}

} // namespace sandglass::app
