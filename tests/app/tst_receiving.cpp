// The receiver as the program runs it: registered at an engine (its API is a fake with real state), rotated, bound
// elsewhere from Settings, guarded by a token.

#include "app/receiving.h"

#include "models/settings/connectionsmodel.h"
#include "models/settings/ratecardmodel.h"
#include "models/settings/settings.h"
#include "services/core/keystore.h"
#include "services/core/qtstring.h"
#include "services/lifecycle/database.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/signature.h"
#include "tests/models/webhookfixture.h"
#include "ui/settings/settingspage.h"
#include "ui/theme/theme.h"
#include "ui/webhooks/webhookspage.h"

#include <QApplication>
#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QTcpSocket>
#include <QTest>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;

namespace {

cost::RateCard listPrices()
{
    return *cost::RateCard::fromJson(R"({"currency":"USD","rates":[{"valid_from":"2026-08-06T00:00:00Z",
        "usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"test"}]})");
}

} // namespace

class TestReceiving final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void registersWhenBothAreThere();
    void leavesNothingBehind();
    void rotationKeepsTheOldSecretForAWhile();
    void otherAddressesDemandTlsAndAToken();
    void wrongCertificateIsTold();
    void tokenGuardsEveryGet();
    void registersOnceItIsThereAgain();

private:
    [[nodiscard]] QString registered(const QString &member) const
    {
        return m_fixture->api.webhooks.isEmpty() ? QString() : m_fixture->api.webhooks.first().value(member).toString();
    }
    template<typename Widget>
    [[nodiscard]] Widget *find(const char *name) const
    {
        return m_page->findChild<Widget *>(QString::fromLatin1(name));
    }
    void apply() { QTest::mouseClick(find<QPushButton>("applyReceiver"), Qt::LeftButton); }
    [[nodiscard]] QString address() const { return find<QLabel>("receiverAddress")->text(); }
    [[nodiscard]] int get(const QString &token) const;
    [[nodiscard]] int deliver(const std::string &id, const QString &secret) const;

    std::unique_ptr<test::WebhookFixture> m_fixture;
    std::unique_ptr<lifecycle::Journal> m_journal;
    std::unique_ptr<QSettings> m_store;
    std::unique_ptr<models::Settings> m_settings;
    std::unique_ptr<FileKeyStore> m_keys;
    std::unique_ptr<models::ConnectionsModel> m_connections;
    std::unique_ptr<models::PriceBook> m_prices;
    std::unique_ptr<models::RateCardModel> m_rates;
    std::unique_ptr<app::Receiving> m_receiving;
    std::unique_ptr<ui::SettingsPage> m_page;
    std::unique_ptr<ui::WebhooksPage> m_webhooksPage;
};

void TestReceiving::initTestCase()
{
    Q_INIT_RESOURCE(resources); // lies in a static library
    new ui::Theme(*qApp);
}

void TestReceiving::init()
{
    m_fixture = std::make_unique<test::WebhookFixture>();
    e2b::Connection local = m_fixture->connection();
    local.id = "local";
    local.kind = e2b::Connection::Kind::Local;
    m_fixture->client.setConnection(local);
    const auto file = [this](const char *name) { return m_fixture->dir.filePath(QString::fromLatin1(name)); };
    auto journal = lifecycle::Journal::open(file("journal.db").toStdString());
    QVERIFY(journal);
    m_journal = std::move(*journal);
    m_store = std::make_unique<QSettings>(file("settings.ini"), QSettings::IniFormat);
    m_settings = std::make_unique<models::Settings>(*m_store);
    m_keys = std::make_unique<FileKeyStore>(file("keys.json").toStdString());
    m_connections =
        std::make_unique<models::ConnectionsModel>(*m_settings, *m_keys, models::EnvironmentConnection{},
                                                   [](const e2b::Connection &) { return QFuture<Result<>>(); });
    m_prices = std::make_unique<models::PriceBook>(*m_settings, listPrices());
    m_rates = std::make_unique<models::RateCardModel>(*m_prices);
    ProfilePaths paths;
    paths.state = m_fixture->dir.path().toStdString();
    m_receiving = std::make_unique<app::Receiving>(app::Receiving::Surroundings{
        *m_journal, nullptr, *m_settings, *m_keys, paths, 0, m_fixture->client, m_fixture->client});
    m_page = std::make_unique<ui::SettingsPage>(*m_settings, *m_connections, *m_rates);
    m_receiving->attach(*m_page);
    m_webhooksPage.reset(m_receiving->makePage());
    m_page->resize(900, 1'600);
    m_page->show();
    QSignalSpy known(m_receiving.get(), &app::Receiving::known);
    m_receiving->start();
    QTRY_VERIFY(m_receiving->isKnown());
    QVERIFY2(m_receiving->receiver() != nullptr, qPrintable(m_receiving->failure()));
}

void TestReceiving::cleanup()
{
    m_page.reset();
    m_webhooksPage.reset();
    m_receiving.reset();
    m_rates.reset();
    m_connections.reset();
    m_keys.reset();
    m_settings.reset();
    m_store.reset();
    m_journal.reset();
    m_fixture.reset();
}

int TestReceiving::get(const QString &token) const
{
    QUrl url(toQString(m_receiving->receiver()->url()));
    url.setPath(u"/health"_s);
    QNetworkRequest request(url);
    if (!token.isEmpty())
        request.setRawHeader("Authorization", "Bearer " + token.toUtf8());
    QNetworkAccessManager network;
    const std::unique_ptr<QNetworkReply> reply(network.get(request));
    QSignalSpy finished(reply.get(), &QNetworkReply::finished);
    return finished.wait() ? reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt() : 0;
}

int TestReceiving::deliver(const std::string &id, const QString &secret) const
{
    return test::WebhookFixture::deliverTo(m_receiving->receiver()->url(), id, toUtf8(secret));
}

void TestReceiving::registersWhenBothAreThere()
{
    QVERIFY(!m_receiving->isRegistered());
    m_receiving->engineAdopted();
    QTRY_VERIFY(m_receiving->isRegistered());
    QTRY_COMPARE(m_fixture->api.webhooks.size(), 1); // one whose answer came late is taken back
    QCOMPARE(toUtf8(registered(u"url"_s)), m_receiving->receiver()->url());
    m_receiving->engineAdopted(); // restarted with the registration in its database
    QVERIFY(!m_receiving->isRegistered());
    QTRY_VERIFY(m_receiving->isRegistered());
    QTRY_COMPARE(m_fixture->api.webhooks.size(), 1); // one whose answer came late is taken back
}

void TestReceiving::leavesNothingBehind()
{
    m_receiving->engineAdopted();
    QTRY_VERIFY(m_receiving->isRegistered());
    QTRY_COMPARE(m_fixture->api.webhooks.size(), 1);
    QSignalSpy settled(m_receiving.get(), &app::Receiving::settled);
    m_receiving->end();
    QVERIFY(!m_receiving->isSettled());
    QVERIFY(settled.wait());
    QVERIFY(m_receiving->isSettled());
    QVERIFY(m_fixture->api.webhooks.isEmpty());
}

void TestReceiving::rotationKeepsTheOldSecretForAWhile()
{
    m_receiving->engineAdopted();
    QTRY_VERIFY(m_receiving->isRegistered());
    QTRY_COMPARE(m_fixture->api.webhooks.size(), 1);
    const QString old = registered(u"signatureSecret"_s);
    QCOMPARE(deliver("e1", old), 200);
    QTest::mouseClick(m_webhooksPage->findChild<QPushButton *>(u"rotateReceiverSecret"_s), Qt::LeftButton);
    QTRY_VERIFY(registered(u"signatureSecret"_s) != old); // the engine signs with the new one
    const QString fresh = registered(u"signatureSecret"_s);
    QCOMPARE(deliver("e2", fresh), 200);
    QCOMPARE(deliver("e3", old), 200);
    const auto *until = m_webhooksPage->findChild<QLabel *>(u"oldSecretUntil"_s);
    QVERIFY(until->text().startsWith(u"accepted until"_s));
    m_webhooksPage->findChild<QPushButton *>(u"endSecretOverlap"_s)->click();
    QTRY_COMPARE(deliver("e4", old), 401);
    QCOMPARE(deliver("e5", fresh), 200);
}

void TestReceiving::otherAddressesDemandTlsAndAToken()
{
    auto *listen = find<QLineEdit>("listenAddress");
    QVERIFY(!find<QPushButton>("applyReceiver")->isEnabled());
    listen->setText(u"0.0.0.0"_s);
    apply();
    QTRY_VERIFY(m_receiving->receiver() == nullptr && !m_receiving->failure().isEmpty());
    QVERIFY2(address().contains(u"needs a certificate"_s), qPrintable(address()));
    find<QCheckBox>("allowPlainText")->setChecked(true);
    apply();
    QTRY_VERIFY2(address().contains(u"needs a bearer token"_s), qPrintable(address()));
    listen->setText(u"127.0.0.1"_s);
    apply();
    QTRY_VERIFY(m_receiving->receiver() != nullptr);
    QTRY_VERIFY(address().startsWith(u"http://127.0.0.1:"_s));
    QCOMPARE(get({}), 200);
}

void TestReceiving::wrongCertificateIsTold()
{
    find<QLineEdit>("tlsCertificate")->setText(m_fixture->dir.filePath(u"none.pem"_s));
    find<QLineEdit>("tlsKey")->setText(m_fixture->dir.filePath(u"none.key"_s));
    apply();
    QTRY_VERIFY(m_receiving->receiver() == nullptr && !m_receiving->failure().isEmpty());
    QVERIFY2(address().contains(u"none.pem"_s), qPrintable(address()));
    QVERIFY(find<QPushButton>("applyReceiver")->isEnabled()); // once more, when the file is there
}

void TestReceiving::tokenGuardsEveryGet()
{
    QCOMPARE(get({}), 200);
    QTest::mouseClick(find<QPushButton>("newToken"), Qt::LeftButton);
    QTRY_VERIFY(m_receiving->receiver() != nullptr && find<QPushButton>("noToken")->isEnabled());
    QTest::mouseClick(find<QPushButton>("receiverTokenReveal"), Qt::LeftButton);
    const QString token = find<QLabel>("receiverToken")->text();
    QVERIFY(token.size() >= 32);
    QCOMPARE(get({}), 401);
    QCOMPARE(get(token), 200);
    QTest::mouseClick(find<QPushButton>("noToken"), Qt::LeftButton);
    QTRY_VERIFY(m_receiving->receiver() != nullptr && !find<QPushButton>("noToken")->isEnabled());
    QCOMPARE(get({}), 200);
}

/// A delivery on its way to the disk holds up the end of the old receiver, and the answer that lets the new one be
/// registered comes meanwhile.
void TestReceiving::registersOnceItIsThereAgain()
{
    m_receiving->engineAdopted();
    QTRY_VERIFY(m_receiving->isRegistered());
    QTRY_COMPARE(m_fixture->api.webhooks.size(), 1);
    auto held = lifecycle::Database::open(m_journal->file(), lifecycle::Database::Mode::ReadWrite);
    QVERIFY(held && held->execute("BEGIN IMMEDIATE"));
    const std::string body = test::WebhookFixture::deliveryBody("held");
    QTcpSocket sender;
    sender.connectToHost(QHostAddress::LocalHost, m_receiving->receiver()->port());
    QVERIFY(sender.waitForConnected());
    sender.write("POST /webhooks/e2b HTTP/1.1\r\nHost: here\r\nContent-Length: " + QByteArray::number(body.size())
                 + "\r\ne2b-signature: "
                 + QByteArray::fromStdString(lifecycle::signDelivery(toUtf8(registered(u"signatureSecret"_s)), body))
                 + "\r\n\r\n" + QByteArray::fromStdString(body));
    QVERIFY(sender.waitForBytesWritten());
    m_receiving->engineAdopted(); // takes back the former registration first
    QTest::mouseClick(find<QPushButton>("newToken"), Qt::LeftButton);
    QVERIFY(m_receiving->receiver() == nullptr);
    QTRY_VERIFY(m_fixture->api.webhooks.isEmpty());
    QTest::qWait(100); // for the answer
    QVERIFY(m_receiving->receiver() == nullptr);
    QVERIFY(held->execute("ROLLBACK"));
    QTRY_VERIFY_WITH_TIMEOUT(m_receiving->isRegistered(), 15'000);
    QTRY_COMPARE(m_fixture->api.webhooks.size(), 1);
    QCOMPARE(toUtf8(registered(u"url"_s)), m_receiving->receiver()->url());
    QCOMPARE(m_journal->count(), 1); // nothing got lost meanwhile
}

QTEST_MAIN(TestReceiving)
#include "tst_receiving.moc"
