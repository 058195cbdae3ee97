// Settings > Diagnostics with a real OpenTelemetry receiver, a real log file and nothing sent until asked.

#include "app/learningkeystore.h"
#include "app/observing.h"
#include "models/settings/connectionsmodel.h"
#include "models/settings/ratecardmodel.h"
#include "models/settings/settings.h"
#include "services/core/ids.h"
#include "services/core/keystore.h"
#include "services/telemetry/log.h"
#include "services/telemetry/redactor.h"
#include "services/telemetry/span.h"
#include "tests/services/telemetry/otlpreceiver.h"
#include "ui/settings/settingspage.h"
#include "ui/theme/theme.h"

#include <QCheckBox>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QLoggingCategory>
#include <QPromise>
#include <QPushButton>
#include <QScrollArea>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using test::OtlpReceiver;

class TestObserving final : public QObject
{
    Q_OBJECT

    struct Program
    {
        explicit Program(const QString &folder)
            : store(folder + u"/settings.ini"_s, QSettings::IniFormat)
            , settings(store)
            , keys(app::learningSecrets(std::make_unique<FileKeyStore>(folder.toStdString() + "/keys.json")))
            , observing(std::make_unique<app::Observing>(settings, *keys,
                                                         ProfilePaths::forDirectory(folder.toStdString()), QString()))
            , connections(settings, *keys, {}, [](const e2b::Connection &) { return QPromise<Result<>>().future(); })
            , prices(settings, *cost::RateCard::fromJson(R"({"currency":"USD","rates":[
                {"valid_from":"2026-08-06T00:00:00Z","usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"l"}]})"))
            , rates(prices)
            , page(std::make_unique<ui::SettingsPage>(settings, connections, rates))
        {
            observing->showIn(*page, connections);
            page->resize(1000, 700);
            page->show();
        }
        template<typename T>
        [[nodiscard]] T *part(const char *name) const
        {
            T *found = page->findChild<T *>(QString::fromLatin1(name));
            if (found == nullptr)
                qFatal("no %s", name);
            return found;
        }
        void enter(const char *name, const QString &text) const
        {
            auto *edit = part<QLineEdit>(name);
            edit->setText(text);
            Q_EMIT edit->editingFinished();
        }
        [[nodiscard]] QString hosts() const
        {
            QStringList lines;
            for (const QLabel *label : part<QWidget>("outgoingHosts")->findChildren<QLabel *>())
                lines << label->text();
            return lines.join(u'\n');
        }

        QSettings store;
        models::Settings settings;
        std::unique_ptr<KeyStore> keys;
        std::unique_ptr<app::Observing> observing;
        models::ConnectionsModel connections;
        models::PriceBook prices;
        models::RateCardModel rates;
        std::unique_ptr<ui::SettingsPage> page;
    };

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<ui::Theme> m_theme;

private Q_SLOTS:
    void initTestCase()
    {
        Q_INIT_RESOURCE(resources); // lies in a static library
        m_theme = std::make_unique<ui::Theme>(*qApp);
        for (const char *name : {"OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "TRACEPARENT"})
            qunsetenv(name);
    }
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void cleanup()
    {
        qunsetenv("OTEL_TRACES_EXPORTER");
        qunsetenv("OTEL_EXPORTER_OTLP_ENDPOINT");
    }
    void offUntilAsked();
    void switchedOnAndOffAgain();
    void headersAreKeptAsSecrets();
    void testSaysWhatIsThere();
    void environmentDecides();
    void logFileOnAndOff();
    void hostsFollowTheSettings();
    void pictures_data();
    void pictures();
};

void TestObserving::offUntilAsked()
{
    const OtlpReceiver receiver;
    Program program(m_dir->path());
    program.enter("tracingEndpoint", QString::fromStdString(receiver.endpoint())); // an address is no consent
    telemetry::startSpan("work").end();
    QVERIFY(!telemetry::isTracing());
    QVERIFY(!program.part<QCheckBox>("tracingEnabled")->isChecked());
    QVERIFY(program.part<QLabel>("tracingState")->text().startsWith(u"○ Off"_s));
    program.observing.reset();
    QCOMPARE(receiver.connections(), std::uint64_t{0});
    QVERIFY(!QFile::exists(m_dir->filePath(u"state/log"_s)));
}

void TestObserving::switchedOnAndOffAgain()
{
    const OtlpReceiver first;
    const OtlpReceiver second;
    Program program(m_dir->path());
    program.enter("tracingEndpoint", QString::fromStdString(first.endpoint()));
    program.part<QCheckBox>("tracingEnabled")->click();
    QVERIFY(telemetry::isTracing());
    telemetry::startSpan("one").end();
    program.enter("tracingEndpoint", QString::fromStdString(second.endpoint())); // what waits still goes to the first
    QVERIFY(telemetry::isTracing());
    QTRY_COMPARE(first.spans().size(), std::size_t{1});
    telemetry::startSpan("two").end();
    QTRY_COMPARE_WITH_TIMEOUT(second.spans().size(), std::size_t{1}, 10'000);
    QTRY_VERIFY(program.part<QLabel>("tracingState")->text().contains(u"spans: 1 sent"_s));
    telemetry::startSpan("three").end();
    program.part<QCheckBox>("tracingEnabled")->click();
    QVERIFY(!telemetry::isTracing());
    telemetry::startSpan("four").end();
    QTRY_COMPARE(second.spans().size(), std::size_t{2});
    OtlpReceiver mute;
    mute.script({http::Response::text(0, "")}); // takes a request and says nothing: who waits for it, waits for 2 s
    program.part<QCheckBox>("tracingEnabled")->click();
    program.enter("tracingEndpoint", QString::fromStdString(mute.endpoint()));
    telemetry::startSpan("five").end();
    QTRY_COMPARE_WITH_TIMEOUT(mute.requests().size(), std::size_t{1}, 20'000);
    QElapsedTimer clock;
    clock.start();
    program.part<QCheckBox>("tracingEnabled")->click();
    QVERIFY2(clock.elapsed() < 1'500, "switching off waited for the network");
    program.observing.reset();
    QCOMPARE(second.spans().size(), std::size_t{2});
    QCOMPARE(second.faults(), "");
}

void TestObserving::headersAreKeptAsSecrets()
{
    const OtlpReceiver receiver;
    const std::string token = newHexToken(16);
    {
        Program program(m_dir->path());
        program.enter("tracingEndpoint", QString::fromStdString(receiver.endpoint()));
        program.part<QLineEdit>("tracingHeaders")->setText(u"nonsense"_s);
        program.part<QPushButton>("saveTracingHeaders")->click();
        QVERIFY(program.part<QLabel>("tracingHeadersProblem")->isVisibleTo(program.page.get()));
        program.part<QLineEdit>("tracingHeaders")->setText(QString::fromStdString("x-api-token=" + token));
        program.part<QPushButton>("saveTracingHeaders")->click();
        QVERIFY(!program.part<QLabel>("tracingHeadersProblem")->isVisibleTo(program.page.get()));
        QVERIFY(program.part<QLineEdit>("tracingHeaders")->text().isEmpty());
        program.part<QCheckBox>("tracingEnabled")->click();
        program.store.sync();
        QFile plain(m_dir->filePath(u"settings.ini"_s));
        QVERIFY(plain.open(QIODevice::ReadOnly) && !plain.readAll().contains(token.c_str()));
        QCOMPARE(telemetry::redactor().clean("token " + token), "token ***");
    }
    Program program(m_dir->path()); // the next start
    QTRY_VERIFY(telemetry::isTracing());
    QVERIFY(program.part<QPushButton>("forgetTracingHeaders")->isEnabled());
    telemetry::startSpan("one").end();
    QTRY_COMPARE(receiver.spans().size(), std::size_t{1});
    QCOMPARE(receiver.requests().back().header("x-api-token"), token);
    program.part<QPushButton>("forgetTracingHeaders")->click();
    QVERIFY(!program.part<QPushButton>("forgetTracingHeaders")->isEnabled());
    telemetry::startSpan("two").end();
    QTRY_COMPARE_WITH_TIMEOUT(receiver.spans().size(), std::size_t{2}, 10'000);
    QCOMPARE(receiver.requests().back().header("x-api-token"), "");
}

void TestObserving::testSaysWhatIsThere()
{
    OtlpReceiver receiver;
    Program program(m_dir->path());
    program.enter("tracingEndpoint", QString::fromStdString(receiver.endpoint()));
    const auto *result = program.part<QLabel>("tracingTestResult");
    auto *test = program.part<QPushButton>("testTracing");
    const auto ask = [&](const QString &expected) {
        test->click();
        QVERIFY(!test->isEnabled());
        QTRY_VERIFY2(test->isEnabled() && result->text().contains(expected), qPrintable(result->text()));
    };
    ask(u"✓ It takes traces"_s);
    receiver.script(
        {http::Response::text(401, "no"), http::Response::text(404, "no"), http::Response::text(500, "ill")});
    ask(u"✕ It answers, but does not accept the headers (HTTP 401)"_s);
    ask(u"4318"_s);
    ask(u"HTTP 500: ill"_s);
    program.enter("tracingEndpoint", u"http://127.0.0.1:1"_s);
    ask(u"✕ Nobody can be reached there"_s);
    program.enter("tracingEndpoint", u"nonsense"_s);
    ask(u"✕ This is no address to send to"_s);
    QVERIFY(receiver.spans().empty() && !telemetry::isTracing()); // a test switches nothing on
}

void TestObserving::environmentDecides()
{
    const OtlpReceiver receiver;
    qputenv("OTEL_TRACES_EXPORTER", "otlp");
    qputenv("OTEL_EXPORTER_OTLP_ENDPOINT", QByteArray::fromStdString(receiver.endpoint()));
    {
        const Program program(m_dir->path());
        QVERIFY(program.part<QCheckBox>("tracingEnabled")->isChecked());
        QVERIFY(!program.part<QCheckBox>("tracingEnabled")->isEnabled());
        QVERIFY(!program.part<QLineEdit>("tracingEndpoint")->isEnabled());
        telemetry::startSpan("one").end();
        QTRY_COMPARE(receiver.spans().size(), std::size_t{1});
    }
    qputenv("OTEL_TRACES_EXPORTER", "none");
    Program program(m_dir->path());
    program.settings.set(models::Settings::Key::TracingEnabled, true);
    QVERIFY(!telemetry::isTracing());
    QVERIFY(program.part<QLabel>("tracingState")->text().contains(u"by the environment"_s));
}

void TestObserving::logFileOnAndOff()
{
    telemetry::Log::instance().install();
    {
        Program program(m_dir->path());
        auto *logging = program.part<QCheckBox>("logToFile");
        QVERIFY(!program.part<QPushButton>("openLogFolder")->isEnabled());
        logging->click();
        QVERIFY(program.part<QPushButton>("openLogFolder")->isEnabled());
        QVERIFY(program.part<QLabel>("logPlace")->text().endsWith(u"/log"_s));
        program.keys->write("webhook-secret", "a-secret-of-no-special-looks", [](const Result<> &) {});
        const QLoggingCategory category("sandglass.test");
        qCWarning(category, "with a-secret-of-no-special-looks in it");
        qCInfo(category, "an info");
        logging->click();
        qCWarning(category, "unheard");
    }
    telemetry::Log::instance().uninstall();
    QFile file(QString::fromStdString(
        (ProfilePaths::forDirectory(m_dir->path().toStdString()).state / "log/sandglass.jsonl").string()));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray all = file.readAll();
    QVERIFY2(all.contains("with *** in it") && all.contains("an info") && !all.contains("no-special-looks")
                 && !all.contains("unheard"),
             all.constData());
}

void TestObserving::hostsFollowTheSettings()
{
    Program program(m_dir->path());
    QVERIFY(program.hosts().contains(u"https://api.e2b.app\n◌ on demand"_s));
    QVERIFY(program.hosts().contains(u"http://127.0.0.1:4318\n○ off"_s));
    QVERIFY(!program.hosts().contains(u"127.0.0.1:9001"_s));
    program.connections.setLocalEngine(u"http://127.0.0.1:9001"_s, u"http://127.0.0.1:9002"_s, u"e2b_00"_s);
    QVERIFY(program.hosts().contains(u"http://127.0.0.1:9001\n● in use"_s));
    e2b::Connection own;
    own.name = "Team";
    own.kind = e2b::Connection::Kind::SelfHosted;
    own.domain = "e2b.example.org";
    QVERIFY(program.connections.add(own, u"e2b_0123456789abcdef0123456789abcdef01234567"_s));
    QVERIFY(program.hosts().contains(u"https://api.e2b.example.org\n◌ on demand"_s));
    program.connections.setActive(u"team"_s);
    QVERIFY(program.hosts().contains(u"https://api.e2b.example.org\n● in use"_s));
    program.settings.set(models::Settings::Key::Collectors,
                         QVariantList{u"wss://user:secret@collector.example.org:8001/x?token=1"_s});
    QVERIFY(program.hosts().contains(u"wss://collector.example.org:8001\n● in use"_s));
    QVERIFY(!program.hosts().contains(u"secret"_s));
    program.settings.set(models::Settings::Key::TracingEndpoint, u"http://127.0.0.1:1"_s);
    program.settings.set(models::Settings::Key::TracingEnabled, true);
    QVERIFY(program.hosts().contains(u"http://127.0.0.1:1\n● in use"_s));
}

void TestObserving::pictures_data()
{
    QTest::addColumn<QString>("theme");
    QTest::addColumn<QSize>("size");
    for (const char *theme : {"light", "dark"}) {
        QTest::addRow("%s small", theme) << QString::fromLatin1(theme) << QSize(800, 560); // a window of 1024 x 600
        QTest::addRow("%s large", theme) << QString::fromLatin1(theme) << QSize(1300, 900);
    }
}

/// Nothing is cut off; with SANDGLASS_PICTURES=DIR the pictures are left there.
void TestObserving::pictures()
{
    QFETCH(QString, theme);
    QFETCH(QSize, size);
    const OtlpReceiver receiver;
    Program program(m_dir->path());
    program.settings.set(models::Settings::Key::Appearance, theme);
    m_theme->setMode(theme == "dark"_L1 ? ui::Theme::Mode::Dark : ui::Theme::Mode::Light);
    program.connections.setLocalEngine(u"http://127.0.0.1:40001"_s, u"http://127.0.0.1:40002"_s, u"e2b_00"_s);
    program.enter("tracingEndpoint", QString::fromStdString(receiver.endpoint()));
    program.part<QCheckBox>("tracingEnabled")->click();
    program.part<QCheckBox>("logToFile")->click();
    program.part<QPushButton>("testTracing")->click();
    QTRY_VERIFY(program.part<QPushButton>("testTracing")->isEnabled());
    program.page->resize(size);
    auto &section = program.page->diagnostics();
    const QList<QLabel *> labels = section.findChildren<QLabel *>();
    for (const QLabel *label : labels) { // each layout on the way up has its turn
        QTRY_VERIFY2(!label->isVisible() || label->height() >= label->heightForWidth(label->width()),
                     qPrintable(label->text()));
    }
    for (const QPushButton *button : section.findChildren<QPushButton *>())
        QVERIFY2(button->width() >= button->sizeHint().width(), qPrintable(button->text()));
    QVERIFY(section.width() <= size.width());
    if (const QString folder = qEnvironmentVariable("SANDGLASS_PICTURES"); !folder.isEmpty()) {
        auto *scroll = program.page->findChild<QScrollArea *>();
        scroll->ensureWidgetVisible(program.part<QCheckBox>("tracingEnabled"), 0, 120);
        program.page->grab().save(u"%1/diagnostics-%2-%3.png"_s.arg(folder, theme).arg(size.width()));
        section.grab().save(u"%1/section-%2-%3.png"_s.arg(folder, theme).arg(size.width()));
    }
}

QTEST_MAIN(TestObserving)
#include "tst_observing.moc"
