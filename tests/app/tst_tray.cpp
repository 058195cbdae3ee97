// The real program under a window manager and a message bus with a tray of the test's own: the icon tells figures and
// alerts, closing asks once and is remembered, the window is never out of reach (acceptance S106).

#include "services/core/json.h"
#include "services/cost/budget.h"
#include "tests/app/fakepanel.h"
#include "tests/app/provider.h"
#include "tests/app/realinput.h"
#include "tests/support/fakewebhookapi.h"

#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using namespace std::chrono_literals;
using testsupport::FakeReply;

namespace {

constexpr qint64 pace = 1'000;   // ms; news to the panel come no faster
constexpr int patience = 30'000; // ms; sanitizers on a busy machine

/// Whether a window of exactly that title is on the screen.
bool isOnScreen(const QString &title)
{
    QProcess search;
    search.start(u"xdotool"_s, {u"search"_s, u"--onlyvisible"_s, u"--name"_s, u"^%1$"_s.arg(title)});
    return search.waitForFinished() && search.exitCode() == 0;
}

bool isActive(const QString &title)
{
    QProcess name;
    name.start(u"xdotool"_s, {u"getactivewindow"_s, u"getwindowname"_s});
    return name.waitForFinished() && QString::fromUtf8(name.readAll()).trimmed() == title;
}

} // namespace

class TestTray final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void tellsFigures();
    void tellsAlerts();
    void closeAsksOnceAndRemembers();
    void cancelKeepsTheWindow();
    void quitIsRememberedToo();
    void menuOpensAndQuits();
    void hiddenProgramSettlesBeforeItEnds();
    void clickHidesAndShows();
    void quitWhileADialogIsOpen();
    void withoutATrayCloseQuits();
    void hiddenWindowComesBackWithoutTheTray();
    void panelMayStartAnew();
    void panelMayComeLater();
    void canBeSwitchedOff();
    void nobodyIsAsked_data();
    void nobodyIsAsked();

private:
    void run(const QStringList &more = {}, const QString &platform = u"xcb"_s);
    void setInStore(const QString &path, const QVariant &value) { store().setValue(path, value); }
    [[nodiscard]] QSettings &store();
    [[nodiscard]] QString profile(const QString &file) const { return m_profile->filePath(file); }
    [[nodiscard]] bool hasEnded() const { return m_program->state() == QProcess::NotRunning; }
    void closeWindow();
    void hideByClosing(); ///< with the answer already in the settings

    test::PrivateBus m_bus;
    test::RealInput m_input;
    test::Provider m_provider;
    std::unique_ptr<testsupport::FakeE2bServer> m_server;
    std::unique_ptr<testsupport::FakeWebhookApi> m_webhooks;
    std::unique_ptr<test::FakePanel> m_panel;
    std::unique_ptr<QTemporaryDir> m_profile;
    std::unique_ptr<QSettings> m_store;
    std::unique_ptr<QProcess> m_program;
    std::string m_receiver;
    QString m_apiKey; ///< empty: the program has none, and so registers and asks nothing
};

void TestTray::initTestCase()
{
    const QByteArray problem = m_bus.start();
    QVERIFY2(problem.isEmpty(), problem.constData());
    QVERIFY(m_input.start());
    test::Provider::giveSecretToPrograms();
}

void TestTray::init()
{
    m_apiKey.clear();
    m_profile = std::make_unique<QTemporaryDir>();
    QVERIFY(QDir(m_profile->path()).mkpath(u"config"_s));
    m_server = std::make_unique<testsupport::FakeE2bServer>();
    m_webhooks = std::make_unique<testsupport::FakeWebhookApi>(*m_server);
    m_server->script("GET /sandboxes", {FakeReply::json(200, "[]")});
    m_panel = std::make_unique<test::FakePanel>(m_bus);
}

void TestTray::cleanup()
{
    if (m_program) {
        m_program->kill();
        m_program->waitForFinished();
    }
    m_program.reset();
    m_panel.reset();
    m_webhooks.reset();
    m_server.reset();
    m_store.reset();
    m_profile.reset();
}

QSettings &TestTray::store()
{
    if (!m_store)
        m_store = std::make_unique<QSettings>(profile(u"config/settings.ini"_s), QSettings::IniFormat);
    m_store->sync();
    return *m_store;
}

void TestTray::run(const QStringList &more, const QString &platform)
{
    if (m_store)
        m_store->sync();
    const QString ready = profile(u"ready.json"_s);
    m_program = std::make_unique<QProcess>();
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"DBUS_SESSION_BUS_ADDRESS"_s, m_bus.address());
    environment.insert(u"QT_QPA_PLATFORM"_s, platform);
    if (!m_apiKey.isEmpty()) {
        environment.insert(u"E2B_API_KEY"_s, m_apiKey);
        environment.insert(u"E2B_API_URL"_s, QString::fromStdString(m_server->url())); // nothing leaves this machine
    }
    m_program->setProcessEnvironment(environment);
    m_program->setProcessChannelMode(QProcess::ForwardedChannels);
    m_program->start(qEnvironmentVariable("SANDGLASS_BIN_DIR") + u"/sandglass"_s,
                     QStringList{u"--profile"_s, m_profile->path(), u"--receiver-port"_s, u"0"_s, u"--engine-api"_s,
                                 QString::fromStdString(m_server->url()), u"--ready-file"_s, ready}
                         + more);
    QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(ready), patience);
    QFile file(ready);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto values = parseJson(file.readAll().toStdString());
    QVERIFY(values);
    m_receiver = stringOr(*values, "receiver_url");
    if (platform == u"xcb")
        QTRY_VERIFY_WITH_TIMEOUT(isActive(u"Sandglass"_s), patience);
}

void TestTray::closeWindow()
{
    QTRY_VERIFY_WITH_TIMEOUT(isActive(u"Sandglass"_s), patience);
    // To the window manager, which asks the program.
    QVERIFY(m_input.keyUntil(
        u"alt+F4"_s, [this] { return hasEnded() || !isOnScreen(u"Sandglass"_s) || isOnScreen(u"Close Sandglass"_s); }));
}

void TestTray::hideByClosing()
{
    setInStore(u"tray/windowClosed"_s, u"tray"_s);
    run();
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, patience);
    closeWindow();
    QTRY_VERIFY_WITH_TIMEOUT(!isOnScreen(u"Sandglass"_s), patience);
    QVERIFY(!hasEnded());
}

void TestTray::tellsFigures()
{
    QVERIFY(m_panel->appear());
    run();
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, patience);
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->toolTip(), u"Sandglass: 0 running · $0.00/h · $0.00 today"_s, patience);
    const QImage none = m_panel->icon(22);
    QCOMPARE(none.size(), QSize(22, 22));
    const auto isQuiet = [this] {
        const int toolTips = m_panel->newToolTips;
        const int icons = m_panel->newIcons;
        QTest::qWait(2'500); // figures come twice a second, all the same
        return m_panel->newToolTips == toolTips && m_panel->newIcons == icons;
    };
    QVERIFY(isQuiet() || isQuiet()); // the first ones may have been on their way
    const int toolTips = m_panel->newToolTips;
    const int icons = m_panel->newIcons;

    QElapsedTimer timer;
    timer.start();
    const int sandboxes = 12;
    for (int i = 0; i < sandboxes; ++i) {
        test::TestRun life;
        life.sandbox = "itray" + std::to_string(i);
        life.start = systemNow() - 10s;
        QVERIFY(m_provider.deliverStart(m_receiver, life));
        QTest::qWait(300);
    }
    QTRY_VERIFY_WITH_TIMEOUT(m_panel->toolTip().startsWith(u"Sandglass: 12 running · "_s), patience);
    QTRY_VERIFY(m_panel->icon(22) != none);
    const qint64 most = timer.elapsed() / pace + 1;
    QVERIFY2(
        m_panel->newToolTips - toolTips <= most && m_panel->newIcons - icons <= most,
        qPrintable(u"%1 and %2 in %3"_s.arg(m_panel->newToolTips - toolTips).arg(m_panel->newIcons - icons).arg(most)));
    QCOMPARE(m_panel->entry(u"12"_s), u"12 running"_s);
    QVERIFY(m_panel->entry(u"$"_s).endsWith(u" today"_s));
    QVERIFY(!m_panel->choose(u"12 running"_s)); // tells, does nothing
    QCOMPARE(m_panel->entry(u"_Alert"_s), QString());
}

void TestTray::tellsAlerts()
{
    cost::Budget budget;
    budget.id = "b1";
    budget.name = "one_at_once";
    budget.measure = cost::Budget::Measure::Concurrent;
    budget.countLimit = 1;
    budget.thresholds = {100};
    QFile file(profile(u"config/budgets.json"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray::fromStdString(cost::budgetsToText({budget})));
    file.close();
    QVERIFY(m_panel->appear());
    run();
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, patience);
    for (const char *name : {"ione", "itwo"}) {
        test::TestRun life;
        life.sandbox = name;
        life.start = systemNow() - 1s;
        QVERIFY(m_provider.deliverStart(m_receiver, life));
    }
    QTRY_VERIFY_WITH_TIMEOUT(m_panel->toolTip().endsWith(u"alert: see Budgets"_s), patience);
    QTRY_VERIFY(m_panel->toolTip().contains(u"2 running"_s));
    const QColor corner = m_panel->icon(32).pixelColor(30, 30); // square, and red
    QVERIFY2(corner.red() > 150 && corner.green() < 140, qPrintable(corner.name()));
    QVERIFY2(m_panel->entry(u"_Alert"_s).startsWith(u"_Alert: one__at__once: 2 of 1"_s),
             qPrintable(m_panel->entry(u"_Alert"_s)));
    QVERIFY(m_panel->choose(u"_Alert"_s)); // and so somebody has looked
    QTRY_VERIFY_WITH_TIMEOUT(!m_panel->toolTip().contains(u"alert"_s), patience);
    QTRY_COMPARE(m_panel->icon(32).pixelColor(31, 31).alpha(), 0); // round again
    QVERIFY(m_panel->choose(u"_Quit"_s));
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), patience);
    QCOMPARE(store().value(u"window/page"_s).toString(), u"budgets"_s);
}

void TestTray::closeAsksOnceAndRemembers()
{
    QVERIFY(m_panel->appear());
    run();
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, patience);
    closeWindow();
    QTRY_VERIFY_WITH_TIMEOUT(isActive(u"Close Sandglass"_s), patience);
    QVERIFY(m_input.key(u"Return"_s)); // keep watching
    QTRY_VERIFY_WITH_TIMEOUT(!isOnScreen(u"Sandglass"_s) && !isOnScreen(u"Close Sandglass"_s), patience);
    QVERIFY(!hasEnded());

    // It goes on: the receiver takes an event, the icon tells it.
    test::TestRun life;
    life.sandbox = "ihidden";
    life.start = systemNow() - 1s;
    QVERIFY(m_provider.deliverStart(m_receiver, life));
    QTRY_VERIFY_WITH_TIMEOUT(m_panel->toolTip().contains(u"1 running"_s), patience);

    QVERIFY(m_panel->choose(u"_Open"_s));
    closeWindow(); // waits until it is there and active
    QTRY_VERIFY_WITH_TIMEOUT(!isOnScreen(u"Sandglass"_s), patience);
    QVERIFY(!isOnScreen(u"Close Sandglass"_s));
    QVERIFY(!hasEnded());
    QVERIFY(m_panel->choose(u"_Quit"_s));
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), patience);
    QCOMPARE(m_program->exitStatus(), QProcess::NormalExit);
    QCOMPARE(m_program->exitCode(), 0);
    QCOMPARE(store().value(u"tray/windowClosed"_s).toString(), u"tray"_s);
    QVERIFY(!store().value(u"window/geometry"_s).toByteArray().isEmpty()); // the way of every end
}

void TestTray::cancelKeepsTheWindow()
{
    QVERIFY(m_panel->appear());
    run();
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, patience);
    closeWindow();
    QTRY_VERIFY_WITH_TIMEOUT(isActive(u"Close Sandglass"_s), patience);
    QVERIFY(m_input.key(u"Escape"_s));
    QTRY_VERIFY_WITH_TIMEOUT(!isOnScreen(u"Close Sandglass"_s), patience);
    QVERIFY(isOnScreen(u"Sandglass"_s));
    QVERIFY(!store().contains(u"tray/windowClosed"_s));
    closeWindow(); // and it is asked again
    QTRY_VERIFY_WITH_TIMEOUT(isActive(u"Close Sandglass"_s), patience);
}

void TestTray::quitIsRememberedToo()
{
    QVERIFY(m_panel->appear());
    run();
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, patience);
    closeWindow();
    QTRY_VERIFY_WITH_TIMEOUT(isActive(u"Close Sandglass"_s), patience);
    QVERIFY(m_input.key(u"shift+Tab"_s)); // from the first answer to the one before
    QVERIFY(m_input.key(u"space"_s));
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), patience);
    QCOMPARE(m_program->exitCode(), 0);
    QCOMPARE(store().value(u"tray/windowClosed"_s).toString(), u"quit"_s);
    m_program.reset();
    QVERIFY(QFile::remove(profile(u"ready.json"_s)));
    run();
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 2, patience);
    closeWindow();
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), patience);
    QCOMPARE(m_program->exitCode(), 0);
}

void TestTray::menuOpensAndQuits()
{
    QVERIFY(m_panel->appear());
    hideByClosing();
    QVERIFY(m_panel->choose(u"_New sandbox"_s));
    QTRY_VERIFY_WITH_TIMEOUT(isActive(u"New sandbox"_s), patience);
    QVERIFY(isOnScreen(u"Sandglass"_s));
    QVERIFY(m_input.key(u"Escape"_s));
    QTRY_VERIFY_WITH_TIMEOUT(!isOnScreen(u"New sandbox"_s), patience);
    QTRY_VERIFY_WITH_TIMEOUT(isActive(u"Sandglass"_s), patience);
    QVERIFY(m_input.key(u"ctrl+q"_s)); // is the end, whatever a close means
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), patience);
    QCOMPARE(m_program->exitCode(), 0);
}

void TestTray::hiddenProgramSettlesBeforeItEnds()
{
    m_apiKey = u"e2b_0123456789abcdef0123456789abcdef01234567"_s;
    QVERIFY(m_panel->appear());
    hideByClosing();
    QTRY_COMPARE_WITH_TIMEOUT(m_webhooks->webhooks.size(), 1, patience);
    m_webhooks->answerDelayMs = 1'000;
    QElapsedTimer timer;
    timer.start();
    QVERIFY(m_panel->choose(u"_Quit"_s));
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), patience);
    QCOMPARE(m_program->exitCode(), 0);
    QVERIFY(m_webhooks->webhooks.isEmpty());               // the receiver has taken it back
    QVERIFY(timer.elapsed() >= m_webhooks->answerDelayMs); // and has heard that it is so
}

void TestTray::clickHidesAndShows()
{
    QVERIFY(m_panel->appear());
    run();
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, patience);
    m_panel->click();
    QTRY_VERIFY_WITH_TIMEOUT(!isOnScreen(u"Sandglass"_s), patience);
    QTest::qWait(500);
    QVERIFY(!hasEnded());
    m_panel->click();
    QTRY_VERIFY_WITH_TIMEOUT(isActive(u"Sandglass"_s), patience);
}

void TestTray::quitWhileADialogIsOpen()
{
    QVERIFY(m_panel->appear());
    run();
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, patience);
    QVERIFY(m_panel->choose(u"_New sandbox"_s));
    QTRY_VERIFY_WITH_TIMEOUT(isActive(u"New sandbox"_s), patience);
    m_panel->click(); // a window that waits for an answer is not hidden
    QTest::qWait(500);
    QVERIFY(isOnScreen(u"Sandglass"_s));
    QVERIFY(m_panel->choose(u"_Quit"_s));
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), patience);
    QCOMPARE(m_program->exitCode(), 0);
}

void TestTray::withoutATrayCloseQuits()
{
    setInStore(u"tray/windowClosed"_s, u"tray"_s); // of another desktop, maybe
    run();
    closeWindow();
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), patience);
    QCOMPARE(m_program->exitCode(), 0);
}

void TestTray::hiddenWindowComesBackWithoutTheTray()
{
    QVERIFY(m_panel->appear());
    hideByClosing();
    m_panel->vanish();
    QTRY_VERIFY_WITH_TIMEOUT(isOnScreen(u"Sandglass"_s), patience);
    closeWindow();
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), patience);
    QCOMPARE(m_program->exitCode(), 0);
}

void TestTray::panelMayStartAnew()
{
    QVERIFY(m_panel->appear());
    hideByClosing();
    m_panel->vanish();
    QTest::qWait(300);
    QVERIFY(m_panel->appear());
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, patience);
    QTest::qWait(4'000); // longer than it waits for a panel
    QVERIFY(!isOnScreen(u"Sandglass"_s));
    QVERIFY(m_panel->toolTip().startsWith(u"Sandglass: 0 running"_s));
    QVERIFY(m_panel->choose(u"_Open"_s));
    QTRY_VERIFY_WITH_TIMEOUT(isActive(u"Sandglass"_s), patience);
}

void TestTray::panelMayComeLater()
{
    run();
    m_panel->setHost(false);
    QVERIFY(m_panel->appear());
    QTest::qWait(500);
    QVERIFY(m_panel->items().isEmpty()); // nobody would show it
    m_panel->setHost(true);
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, patience);
    QTRY_VERIFY_WITH_TIMEOUT(!m_panel->icon(22).isNull(), patience);
}

void TestTray::canBeSwitchedOff()
{
    setInStore(u"tray/icon"_s, false);
    QVERIFY(m_panel->appear());
    run();
    QTest::qWait(1'000);
    QVERIFY(m_panel->items().isEmpty());
    closeWindow();
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), patience);
    QVERIFY(!store().contains(u"tray/windowClosed"_s)); // nothing to ask
}

void TestTray::nobodyIsAsked_data()
{
    QTest::addColumn<QString>("platform");
    QTest::addColumn<bool>("isTour");
    QTest::newRow("guided tour") << u"xcb"_s << true;
    QTest::newRow("offscreen") << u"offscreen"_s << false;
}

void TestTray::nobodyIsAsked()
{
    QFETCH(QString, platform);
    QFETCH(bool, isTour);
    QVERIFY(m_panel->appear());
    run(isTour ? QStringList{u"--tour"_s, profile(u"pictures"_s)} : QStringList(), platform);
    QTest::qWait(1'000);
    QVERIFY(m_panel->items().isEmpty());
    if (!isTour)
        return;
    closeWindow();
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), patience);
    QVERIFY(!isOnScreen(u"Close Sandglass"_s));
}

QTEST_MAIN(TestTray) // a client of the display all the time: one without any begins anew and refuses the next
#include "tst_tray.moc"
