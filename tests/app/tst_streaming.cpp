// The live stream in the desktop: switched on in Settings or by the command line; collectors added by hand.

#include "app/streaming.h"
#include "models/settings/connectionsmodel.h"
#include "models/settings/ratecardmodel.h"
#include "models/settings/settings.h"
#include "services/core/keystore.h"
#include "services/lifecycle/tracker.h"
#include "tests/app/collectorprocess.h"
#include "tests/services/lifecycle/journalhelp.h"
#include "tests/services/stream/streamlistener.h"
#include "ui/settings/settingspage.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPromise>
#include <QPushButton>
#include <QScrollArea>
#include <QSettings>
#include <QSpinBox>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace sandglass::lifecycle;
using namespace Qt::Literals::StringLiterals;
using sandglass::test::CollectorProcess;
using sandglass::test::RawClient;
using sandglass::test::signedDelivery;
using sandglass::test::StreamListener;

namespace {

/// Everything around Streaming, on the files of one folder.
struct Desk
{
    explicit Desk(const QString &folder, std::optional<int> port = {})
        : store(folder + u"/settings.ini"_s, QSettings::IniFormat)
        , settings(store)
        , keys(folder.toStdString() + "/secrets.json")
        , journal(std::move(*Journal::open(folder.toStdString() + "/journal.db")))
        , tracker(*journal, {})
        , connections(settings, keys, {}, [](const e2b::Connection &) { return QPromise<Result<>>().future(); })
        , prices(settings, {})
        , rates(prices)
        , page(settings, connections, rates)
        , streaming(*journal, tracker, settings, keys, folder.toStdString(), port)
    {
        streaming.showIn(page);
        page.resize(1024, 600);
        page.show();
        tracker.start();
        streaming.start();
    }

    template<typename Widget>
    [[nodiscard]] Widget *find(const char *name)
    {
        return page.findChild<Widget *>(QString::fromLatin1(name));
    }
    [[nodiscard]] QString stateText() { return find<QLabel>("streamState")->text(); }

    QSettings store;
    models::Settings settings;
    FileKeyStore keys;
    std::unique_ptr<Journal> journal;
    Tracker tracker;
    models::ConnectionsModel connections;
    models::PriceBook prices;
    models::RateCardModel rates;
    ui::SettingsPage page;
    app::Streaming streaming;
};

} // namespace

class TestStreaming final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        Q_INIT_RESOURCE(resources); // lies in a static library
        m_theme = new ui::Theme(*qApp);
    }
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }

    void offUntilAskedFor();
    void portIsRemembered();
    void collectorsByHand();
    void programWithAStreamPort();
    void programReadsItsCollectors();
    void looks();

private:
    [[nodiscard]] QString folder() const { return m_dir->path(); }

    std::unique_ptr<QTemporaryDir> m_dir;
    ui::Theme *m_theme = nullptr;
};

void TestStreaming::offUntilAskedFor()
{
    Desk desk(folder());
    QVERIFY(desk.streaming.isSettled());
    QVERIFY(desk.streaming.url().empty());
    QVERIFY(desk.stateText().contains(u"Off"_s));
    QVERIFY(!desk.find<QPushButton>("copyStreamToken")->isEnabled());

    desk.settings.set(models::Settings::Key::StreamPort, 0);
    desk.find<QCheckBox>("streamEnabled")->click();
    QTRY_VERIFY(desk.stateText().startsWith(u"ws://127.0.0.1:"_s));
    desk.find<QPushButton>("copyStreamToken")->click();
    const std::string token = QApplication::clipboard()->text().toStdString();
    QVERIFY(token.size() >= 32);
    StreamListener listener(desk.streaming.url(), token);
    QTRY_VERIFY(listener.isLive);
    sample::appendAll(*desk.journal, {sample::created(0)});
    QTRY_COMPARE(listener.count(), 1U);
    QTRY_COMPARE_WITH_TIMEOUT(desk.find<QLabel>("streamClients")->text(), u"1"_s, 5'000);

    desk.find<QCheckBox>("streamEnabled")->click();
    QTRY_VERIFY(listener.isClosed);
    QVERIFY(desk.stateText().contains(u"Off"_s));
}

void TestStreaming::portIsRemembered()
{
    QTcpServer taken;
    QVERIFY(taken.listen(QHostAddress::LocalHost));
    std::string token;
    {
        Desk desk(folder());
        desk.settings.set(models::Settings::Key::StreamPort, taken.serverPort());
        desk.find<QCheckBox>("streamEnabled")->click();
        QVERIFY(desk.stateText().contains(u"Not listening"_s)); // and says why
        QVERIFY(desk.stateText().contains(QString::number(taken.serverPort())));
        taken.close();
        desk.find<QSpinBox>("streamPort")->setValue(0);
        QVERIFY(desk.stateText().startsWith(u"ws://"_s));
        desk.find<QPushButton>("copyStreamToken")->click();
        token = QApplication::clipboard()->text().toStdString();
    }
    Desk again(folder()); // on, with the same token
    QVERIFY(again.stateText().startsWith(u"ws://"_s));
    StreamListener listener(again.streaming.url(), token);
    QTRY_VERIFY(listener.isLive);
}

void TestStreaming::collectorsByHand()
{
    CollectorProcess collector(folder() + u"/collector"_s);
    QVERIFY(collector.start().isEmpty());
    RawClient sender(collector.receiverPort);
    for (int n = 1; n <= 5; ++n) {
        QVERIFY(sender.send(signedDelivery(n)));
        QCOMPARE(sender.reply().status, 200);
    }
    Desk desk(folder());
    auto *list = desk.find<QListWidget>("collectorList");
    QVERIFY(desk.find<QLabel>("noCollectors")->isVisible());
    const auto add = [&desk](const QString &url, const std::string &token) {
        desk.find<QLineEdit>("collectorUrl")->setText(url);
        desk.find<QLineEdit>("collectorToken")->setText(QString::fromStdString(token));
        desk.find<QPushButton>("addCollector")->click();
    };
    add(u"ws://collector.example.org"_s, collector.token());
    QVERIFY(desk.find<QLabel>("collectorProblem")->isVisible());
    QVERIFY(desk.find<QLabel>("collectorProblem")->text().contains(u"wss"_s));
    QCOMPARE(list->count(), 0);

    const QString url = u"ws://127.0.0.1:%1"_s.arg(collector.streamPort);
    add(url, "not-the-token-0123456789");
    QTRY_COMPARE(list->count(), 1);
    QTRY_VERIFY2(list->item(0)->text().contains(u"does not accept the token"_s), qPrintable(list->item(0)->text()));
    add(url, collector.token()); // once more, with the right one
    QTRY_COMPARE(desk.journal->count(), 5);
    QTRY_VERIFY(list->item(0)->text().contains(u"live"_s));
    QTRY_VERIFY(list->item(0)->text().contains(u"taken over: 5"_s));
    QCOMPARE(list->count(), 1);
    QFile stored(folder() + u"/settings.ini"_s);
    desk.store.sync();
    QVERIFY(stored.open(QIODevice::ReadOnly));
    QVERIFY(!stored.readAll().contains(QByteArray::fromStdString(collector.token())));

    list->setCurrentRow(0);
    desk.find<QPushButton>("removeCollector")->click();
    QTRY_COMPARE(list->count(), 0);
    QVERIFY(sender.send(signedDelivery(6)));
    QCOMPARE(sender.reply().status, 200);
    QTest::qWait(200);
    QCOMPARE(desk.journal->count(), 5);
}

void TestStreaming::programWithAStreamPort()
{
    QProcessEnvironment environment = CollectorProcess::environment();
    environment.insert(u"SANDGLASS_STREAM_TOKEN"_s, QString::fromStdString(test::collectorToken));
    QProcess program;
    program.setProcessEnvironment(environment);
    program.setProcessChannelMode(QProcess::ForwardedChannels);
    const QString readyFile = folder() + u"/ready.json"_s;
    program.start(qEnvironmentVariable("SANDGLASS_BIN_DIR") + u"/sandglass"_s,
                  {u"--profile"_s, folder() + u"/profile"_s, u"--receiver-port"_s, u"0"_s, u"--stream-port"_s, u"0"_s,
                   u"--engine-api"_s, u"http://127.0.0.1:9"_s, u"--ready-file"_s, readyFile});
    QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(readyFile), 20'000);
    QFile file(readyFile);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const Json ready = *parseJson(file.readAll().toStdString());
    const std::string url = stringOr(ready, "stream_url");
    QVERIFY2(url.starts_with("ws://127.0.0.1:"), url.c_str());
    StreamListener listener(url, test::collectorToken);
    QTRY_VERIFY(listener.isLive);
    const QUrl receiver(QString::fromStdString(stringOr(ready, "receiver_url")));
    RawClient sender(static_cast<std::uint16_t>(receiver.port()));
    for (int n = 1; n <= 3; ++n) {
        QVERIFY(sender.send(signedDelivery(n)));
        QCOMPARE(sender.reply().status, 200);
    }
    QTRY_COMPARE(listener.count(), 3U);
    QTRY_VERIFY(!listener.costs.empty() && intOr(listener.costs.back(), "running") == 3);
    program.kill();
    program.waitForFinished();
}

void TestStreaming::programReadsItsCollectors()
{
    CollectorProcess collector(folder() + u"/collector"_s);
    QVERIFY(collector.start().isEmpty());
    RawClient sender(collector.receiverPort);
    QVERIFY(sender.send(signedDelivery(1)));
    QCOMPARE(sender.reply().status, 200);
    const QString url = u"ws://127.0.0.1:%1"_s.arg(collector.streamPort);
    {
        Desk desk(folder());
        desk.find<QLineEdit>("collectorUrl")->setText(url);
        desk.find<QLineEdit>("collectorToken")->setText(QString::fromStdString(collector.token()));
        desk.find<QPushButton>("addCollector")->click();
        QTRY_COMPARE(desk.journal->count(), 1);
    }
    QVERIFY(sender.send(signedDelivery(2))); // nobody listens
    QCOMPARE(sender.reply().status, 200);
    Desk again(folder());
    QTRY_COMPARE(again.journal->count(), 2);
    auto *list = again.find<QListWidget>("collectorList");
    QTRY_COMPARE(list->count(), 1); // shown a moment after it is stored
    QTRY_VERIFY(list->item(0)->text().contains(u"taken over: 1"_s));
}

void TestStreaming::looks()
{
    const QString pictures = qEnvironmentVariable("SANDGLASS_PICTURES", folder());
    Desk desk(folder(), 0);
    desk.find<QPushButton>("addCollector")->setFocus();
    desk.page.collectors().setCollectors(
        {{u"wss://collector.example.org:8001"_s, ui::CollectorLine::State::Live, {}, 12'345},
         {u"wss://other.example.org"_s, ui::CollectorLine::State::Waiting, u"it does not accept the token"_s, 0}});
    for (const bool isDark : {false, true}) {
        m_theme->setMode(isDark ? ui::Theme::Mode::Dark : ui::Theme::Mode::Light);
        QTest::qWait(50);
        auto *scroll = desk.page.findChild<QScrollArea *>();
        scroll->ensureWidgetVisible(desk.find<QCheckBox>("streamEnabled"), 0, 120);
        scroll->ensureWidgetVisible(desk.find<QPushButton>("addCollector"), 0, 40);
        QTest::qWait(50);
        QVERIFY(desk.page.grab().save(pictures + (isDark ? u"/stream-dark.png"_s : u"/stream-light.png"_s)));
    }
}

QTEST_MAIN(TestStreaming)
#include "tst_streaming.moc"
