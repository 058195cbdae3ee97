// Alerts of the guard as notifications of the desktop: over a real message bus, to a service of the test's own.

#include "app/desktopnotices.h"

#include "models/budgets/guarddesk.h"
#include "models/sandboxes/sandboxactions.h"
#include "models/settings/settings.h"
#include "services/e2b/client.h"
#include "tests/app/privatebus.h"
#include "tests/models/livefixture.h"
#include "tests/support/fakee2bserver.h"
#include "ui/settings/noticessection.h"
#include "ui/shell/mainwindow.h"
#include "ui/shell/page.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QCheckBox>
#include <QLabel>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <atomic>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;
using app::DesktopNotices;
using models::GuardAlert;
namespace sample = lifecycle::sample;

namespace {

constexpr auto serviceName = "org.freedesktop.Notifications"_L1;
constexpr int patience = 20'000; // ms; several paces on a busy machine

class PlainPage final : public ui::Page
{
public:
    explicit PlainPage(QString title) : m_title(std::move(title)) {}
    [[nodiscard]] QString title() const override { return m_title; }

private:
    QString m_title;
};

} // namespace

/// What a desktop has to show notifications with.
class FakeNotifications final : public QObject
{
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.Notifications")
public:
    struct Call
    {
        uint replaces = 0;
        uint id = 0;
        QString summary, body;
        QStringList actions;
        QVariantMap hints;
    };
    QList<Call> calls;
    QStringList capabilities{u"body"_s, u"body-markup"_s, u"actions"_s};

public Q_SLOTS:
    uint Notify(const QString & /*name*/, uint replaces, const QString & /*icon*/, const QString &summary, // NOLINT
                const QString &body, const QStringList &actions, const QVariantMap &hints, int /*expires*/)
    {
        calls << Call{replaces, replaces != 0 ? replaces : ++m_lastId, summary, body, actions, hints};
        return calls.last().id;
    }
    QStringList GetCapabilities() { return capabilities; }                                  // NOLINT
    QString GetServerInformation(QString &vendor, QString &version, QString &specification) // NOLINT
    {
        vendor = u"Test"_s;
        version = u"1"_s;
        specification = u"1.2"_s;
        return u"Test desktop"_s;
    }

Q_SIGNALS:
    void ActionInvoked(uint id, const QString &action);  // NOLINT
    void NotificationClosed(uint id, uint reason);       // NOLINT
    void ActivationToken(uint id, const QString &token); // NOLINT

private:
    uint m_lastId = 40;
};

class TestDesktopNotices final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void runawayIsTold();
    void deedsOfTheGuardAreTold();
    void stormIsOneNotification();
    void closedOneIsNotReplaced();
    void textIsNoMarkup();
    void clickBringsUpTheBudgets();
    void canBeSwitchedOff();
    void serviceMayComeLater();
    void silentWithoutABus();

private:
    void serve(); ///< the desktop's service
    void open();
    void raise(const char *budget, int threshold);
    [[nodiscard]] cost::AuditEntry entry(const char *verb, const char *target, const char *answer) const
    {
        return {m_desk->now(), "guard", verb, target, "budget 'Daily' is used up", answer};
    }

    test::PrivateBus m_bus;
    int m_connections = 0;
    test::LiveFixture m_live;
    std::atomic<std::int64_t> m_nowNs = 0;
    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<testsupport::FakeE2bServer> m_server;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<models::ClientSandboxActions> m_actions;
    std::unique_ptr<models::GuardDesk> m_desk;
    std::unique_ptr<QSettings> m_store;
    std::unique_ptr<models::Settings> m_settings;
    std::unique_ptr<FakeNotifications> m_service;
    std::optional<QDBusConnection> m_serviceBus;
    std::unique_ptr<DesktopNotices> m_notices;
};

void TestDesktopNotices::initTestCase()
{
    Q_INIT_RESOURCE(resources);
    new ui::Theme(*qApp);
    const QByteArray problem = m_bus.start();
    QVERIFY2(problem.isEmpty(), problem.constData());
}

void TestDesktopNotices::init()
{
    QVERIFY(m_live.open());
    m_nowNs = toUnixNs(m_live.now);
    m_directory = std::make_unique<QTemporaryDir>();
    m_server = std::make_unique<testsupport::FakeE2bServer>();
    e2b::Connection connection;
    connection.apiUrl = m_server->url();
    m_client = std::make_unique<e2b::Client>(connection);
    m_actions = std::make_unique<models::ClientSandboxActions>(*m_client);
    const auto file = [this](const char *name) {
        return std::filesystem::path(m_directory->filePath(QString::fromLatin1(name)).toStdString());
    };
    m_desk = std::make_unique<models::GuardDesk>(
        m_live.tracker(), *m_actions,
        models::GuardFiles{file("budgets.json"), file("guard.json"), file("audit.jsonl"), {}},
        [this] { return fromUnixNs(m_nowNs); });
    QTRY_VERIFY(m_desk->isCurrent());
    m_store = std::make_unique<QSettings>(m_directory->filePath(u"s.ini"_s), QSettings::IniFormat);
    m_settings = std::make_unique<models::Settings>(*m_store);
    m_service = std::make_unique<FakeNotifications>();
}

void TestDesktopNotices::cleanup()
{
    m_notices.reset();
    if (m_serviceBus) {
        m_serviceBus->unregisterService(serviceName);
        QDBusConnection::disconnectFromBus(m_serviceBus->name());
        m_serviceBus.reset();
    }
    m_service.reset();
    m_settings.reset();
    m_store.reset();
    m_desk.reset();
    m_actions.reset();
    m_client.reset();
    m_server.reset();
    m_directory.reset();
    m_live.close();
}

void TestDesktopNotices::serve()
{
    m_serviceBus = m_bus.connectAs(u"service%1"_s.arg(++m_connections));
    QVERIFY(m_serviceBus->isConnected());
    QVERIFY(m_serviceBus->registerObject(u"/org/freedesktop/Notifications"_s, m_service.get(),
                                         QDBusConnection::ExportAllSlots | QDBusConnection::ExportAllSignals));
    QVERIFY(m_serviceBus->registerService(serviceName));
}

void TestDesktopNotices::open()
{
    const QDBusConnection bus = m_bus.connectAs(u"program%1"_s.arg(++m_connections));
    QVERIFY(bus.isConnected());
    m_notices = std::make_unique<DesktopNotices>(*m_desk, *m_settings, bus);
}

void TestDesktopNotices::raise(const char *budget, int threshold)
{
    GuardAlert alert;
    alert.budgetName = budget;
    alert.budget.threshold = threshold;
    Q_EMIT m_desk->alertRaised(alert);
}

void TestDesktopNotices::runawayIsTold()
{
    serve();
    open();
    QTRY_COMPARE(m_notices->service(), u"Test desktop"_s);
    QVERIFY(m_live.record({sample::created(0, "e1", "sleepless")})); // ten minutes ago, to the second
    m_nowNs = toUnixNs(sample::at(601));
    m_desk->evaluateNow();
    QTRY_COMPARE(m_service->calls.size(), 1);
    const FakeNotifications::Call &call = m_service->calls.front();
    QCOMPARE(call.replaces, 0U);
    QCOMPARE(call.summary, u"Runaway sandbox"_s);
    QCOMPARE(call.body, u"sleepless runs longer than meant"_s);
    QCOMPARE(call.actions.value(0), u"default"_s);
    QCOMPARE(call.hints.value(u"urgency"_s).value<uchar>(), uchar(1));
    QCOMPARE(call.hints.value(u"desktop-entry"_s).toString(), u"io.github.sandglass.Sandglass"_s);
}

void TestDesktopNotices::deedsOfTheGuardAreTold()
{
    m_desk->note({entry("pause", "history", "ok")});
    m_nowNs += 1'000'000'000; // of an earlier start, although it is read after this one
    serve();
    open();
    m_desk->note({entry("pause", "a", "ok"),
                  entry("pause", "b", "ok"),
                  entry("kill", "c", "E2B says no"),
                  entry("would kill", "d", "dry run"),
                  entry("pause", "e", "left alone: on the allow-list"),
                  {m_desk->now(), "person", "kill", "f", "by hand", "ok"}});
    QTRY_COMPARE(m_service->calls.size(), 1);
    const FakeNotifications::Call &call = m_service->calls.front();
    QCOMPARE(call.summary, u"Sandglass: 2 alerts"_s);
    QVERIFY2(call.body.contains(u"Paused · 2 sandboxes: budget"_s), qPrintable(call.body));
    QVERIFY2(call.body.contains(u"Not killed · c: E2B says no"_s), qPrintable(call.body));
    QCOMPARE(call.body.count(u'\n'), 1);
    QVERIFY(!call.body.contains(u"history"_s));
    QCOMPARE(call.hints.value(u"urgency"_s).value<uchar>(), uchar(2));
}

void TestDesktopNotices::stormIsOneNotification()
{
    serve();
    open();
    QTRY_VERIFY(!m_notices->service().isEmpty());
    QElapsedTimer timer;
    timer.start();
    raise("First", 50);
    QTRY_COMPARE(m_service->calls.size(), 1);
    for (int i = 0; i < 1'000; ++i)
        raise(("Budget " + std::to_string(i)).c_str(), 100);
    QTRY_COMPARE_WITH_TIMEOUT(m_service->calls.size(), 2, patience);
    QVERIFY(timer.elapsed() >= DesktopNotices::pace.count());
    const FakeNotifications::Call &call = m_service->calls.back();
    QCOMPARE(call.replaces, m_service->calls.front().id); // in its place
    QCOMPARE(call.body.count(u'\n'), 5);                  // five of them, and how many more
    QVERIFY2(call.body.startsWith(u"Budget 999 "_s), qPrintable(call.body));
    QVERIFY2(call.body.endsWith(u"and 996 more"_s), qPrintable(call.body));
    QCOMPARE(call.summary, u"Budget"_s);
}

void TestDesktopNotices::closedOneIsNotReplaced()
{
    serve();
    open();
    raise("First", 50);
    QTRY_VERIFY(m_notices->isShown());
    Q_EMIT m_service->NotificationClosed(m_service->calls.front().id + 7, 2); // another program's
    Q_EMIT m_service->NotificationClosed(m_service->calls.front().id, 2);
    QTRY_VERIFY(!m_notices->isShown());
    raise("Second", 50);
    QTRY_COMPARE_WITH_TIMEOUT(m_service->calls.size(), 2, patience);
    QCOMPARE(m_service->calls.back().replaces, 0U);
    QVERIFY2(!m_service->calls.back().body.contains(u"First"_s), qPrintable(m_service->calls.back().body));
}

void TestDesktopNotices::textIsNoMarkup()
{
    serve();
    open();
    QTRY_VERIFY(!m_notices->service().isEmpty());
    raise("<b>R&D</b>", 50);
    QTRY_COMPARE(m_service->calls.size(), 1);
    QVERIFY2(m_service->calls.front().body.contains(u"&lt;b&gt;R&amp;D"_s), qPrintable(m_service->calls.front().body));
}

void TestDesktopNotices::clickBringsUpTheBudgets()
{
    ui::MainWindow window({{u"overview"_s, new PlainPage(u"Overview"_s)}, {u"budgets"_s, new PlainPage(u"Budgets"_s)}},
                          *ui::Theme::instance());
    window.showPage(u"overview"_s);
    window.showMinimized();
    serve();
    open();
    m_notices->raiseOnClick(window);
    raise("First", 50);
    QTRY_VERIFY(m_notices->isShown());
    const uint id = m_service->calls.front().id;
    QSignalSpy activated(m_notices.get(), &DesktopNotices::activated);
    Q_EMIT m_service->ActivationToken(id, u"a-token"_s);
    Q_EMIT m_service->ActionInvoked(id + 1, u"default"_s); // of another notification
    Q_EMIT m_service->ActionInvoked(id, u"default"_s);
    QTRY_COMPARE(activated.size(), 1);
    QCOMPARE(window.currentPage(), u"budgets"_s);
    QVERIFY(window.isVisible() && !window.isMinimized());
    QCOMPARE(qgetenv("XDG_ACTIVATION_TOKEN"), QByteArray("a-token"));
    qunsetenv("XDG_ACTIVATION_TOKEN");
}

void TestDesktopNotices::canBeSwitchedOff()
{
    serve();
    open();
    ui::NoticesSection section(*m_settings, nullptr);
    m_notices->showIn(section);
    auto *enabled = section.findChild<QCheckBox *>(u"desktopNotices"_s);
    auto *test = section.findChild<QPushButton *>(u"testNotice"_s);
    QVERIFY(enabled->isChecked()); // as long as nobody says otherwise
    QTRY_COMPARE(section.findChild<QLabel *>(u"desktopNoticesState"_s)->text(), u"shown by Test desktop"_s);
    enabled->click();
    QVERIFY(!m_settings->value(models::Settings::Key::DesktopNotices).toBool());
    QVERIFY(!test->isEnabled());
    raise("Unheard", 50);
    enabled->click();
    test->click();
    QTRY_COMPARE_WITH_TIMEOUT(m_service->calls.size(), 1, patience);
    QCOMPARE(m_service->calls.front().body, u"This is how an alert looks."_s); // and not the one before
}

void TestDesktopNotices::serviceMayComeLater()
{
    open();
    QSignalSpy changed(m_notices.get(), &DesktopNotices::serviceChanged);
    QTRY_VERIFY(!changed.isEmpty()); // nobody has answered
    QVERIFY(m_notices->service().isEmpty());
    serve();
    QTRY_COMPARE(m_notices->service(), u"Test desktop"_s);
    raise("First", 50);
    QTRY_COMPARE(m_service->calls.size(), 1);
    m_serviceBus->unregisterService(serviceName);
    QTRY_VERIFY(m_notices->service().isEmpty());
    QVERIFY(m_serviceBus->registerService(serviceName));
    QTRY_VERIFY(!m_notices->service().isEmpty());
    raise("Second", 50);
    QTRY_COMPARE_WITH_TIMEOUT(m_service->calls.size(), 2, patience);
    QCOMPARE(m_service->calls.back().replaces, 0U); // it is another desktop by now
}

void TestDesktopNotices::silentWithoutABus()
{
    m_notices =
        std::make_unique<DesktopNotices>(*m_desk, *m_settings, QDBusConnection(u"there is no such connection"_s));
    ui::NoticesSection section(*m_settings, nullptr);
    m_notices->showIn(section);
    raise("First", 100);
    QVERIFY(m_notices->service().isEmpty());
    QVERIFY(!section.findChild<QPushButton *>(u"testNotice"_s)->isEnabled());
    QVERIFY(section.findChild<QLabel *>(u"desktopNoticesState"_s)->text().contains(u"no message bus"_s));
}

QTEST_MAIN(TestDesktopNotices)
#include "tst_desktopnotices.moc"
