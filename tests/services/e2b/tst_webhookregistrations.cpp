#include "services/e2b/webhookregistrations.h"

#include "services/e2b/client.h"
#include "services/e2b/webhookclient.h"
#include "tests/support/fakewebhookapi.h"

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sandglass;
using namespace sandglass::e2b;
using namespace sandglass::testsupport;
using Fault = FakeReply::Fault;

namespace {

const std::string secret(32, 's');
const std::string url = "http://127.0.0.1:8000/webhooks/e2b/1";

} // namespace

class TestWebhookRegistrations final : public QObject
{
    Q_OBJECT

    /// One process of the program.
    struct Process
    {
        Client client;
        RegistrationFile file;
        WebhookRegistrar registrar;
        QSignalSpy registered{&registrar, &WebhookRegistrar::registered};
        QSignalSpy failed{&registrar, &WebhookRegistrar::failed};
        QSignalSpy removed{&registrar, &WebhookRegistrar::removed};
        QSignalSpy swept{&registrar, &WebhookRegistrar::swept};

        Process(const FakeE2bServer &server, const QString &path)
            : client(to(server)), file(path.toStdString()), registrar(client.webhooks(), file, "cloud")
        {}
        static Connection to(const FakeE2bServer &server)
        {
            Connection connection;
            connection.apiUrl = server.url();
            connection.apiKey = "e2b_0123456789abcdef";
            return connection;
        }
    };

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_path = m_dir->filePath(QStringLiteral("registrations.json"));
        m_server = std::make_unique<FakeE2bServer>();
        m_api = std::make_unique<FakeWebhookApi>(*m_server);
    }
    void sessionFromBeginningToEnd();
    void crashIsSweptAtTheNextStart();
    void crashBeforeTheAnswerIsSweptByName();
    void foreignWebhooksStay();
    void removedBeforeItWasMade();
    void removalIsRepeated();
    void sweepThatFailsKeepsItsNotes();
    void notWrittenDownIsNotAskedFor();
    void refusedLeavesNoNote();

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_path;
    std::unique_ptr<FakeE2bServer> m_server;
    std::unique_ptr<FakeWebhookApi> m_api;
};

void TestWebhookRegistrations::sessionFromBeginningToEnd()
{
    Process process(*m_server, m_path);
    const std::string name = process.registrar.add("Generation 7", url, secret);
    QVERIFY(name.starts_with("Generation 7 "));
    QVERIFY(name != process.registrar.add("Generation 7", url, secret));
    QTRY_COMPARE(process.registered.size(), 2);
    const QJsonObject webhook = m_api->webhooks.first();
    QCOMPARE(webhook[QStringLiteral("events")].toArray().size(), 2);
    QCOMPARE(webhook[QStringLiteral("signatureSecret")].toString().toStdString(), secret);
    QFile file(m_path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QVERIFY(!file.readAll().contains(QByteArray::fromStdString(secret)));
    process.registrar.removeAll();
    QTRY_COMPARE(process.removed.size(), 2);
    QVERIFY(m_api->webhooks.isEmpty());
    QVERIFY(process.file.all().empty());
}

void TestWebhookRegistrations::crashIsSweptAtTheNextStart()
{
    {
        Process process(*m_server, m_path);
        process.registrar.add("Generation 1", url, secret);
        process.registrar.add("Generation 2", url, secret);
        QTRY_COMPARE(process.registered.size(), 2);
    } // kill -9: nothing is removed
    QCOMPARE(m_api->webhooks.size(), 2);
    m_api->webhooks.remove(m_api->webhooks.firstKey()); // somebody removed one by hand
    Process process(*m_server, m_path);
    process.registrar.add("Generation 3", url, secret);
    QTRY_COMPARE(process.registered.size(), 1);
    process.registrar.sweep();
    QTRY_COMPARE(process.swept.size(), 1);
    QCOMPARE(process.swept.first().at(0).toInt(), 1);
    QCOMPARE(m_api->webhooks.size(), 1); // this process's own
    QCOMPARE(process.file.all().size(), std::size_t{1});
}

void TestWebhookRegistrations::crashBeforeTheAnswerIsSweptByName()
{
    {
        m_api->answerDelayMs = 60'000;
        Process process(*m_server, m_path);
        process.registrar.add("Generation 1", url, secret);
        QTRY_COMPARE(m_api->webhooks.size(), 1);
        QVERIFY(process.registered.isEmpty()); // made there, never heard of here
    }
    m_api->answerDelayMs = 0;
    Process process(*m_server, m_path);
    process.registrar.sweep();
    QTRY_COMPARE(process.swept.size(), 1);
    QVERIFY(m_api->webhooks.isEmpty());
    QVERIFY(process.file.all().empty());
}

void TestWebhookRegistrations::foreignWebhooksStay()
{
    m_api->webhooks[QStringLiteral("x")] = {{QStringLiteral("id"), QStringLiteral("x")},
                                            {QStringLiteral("name"), QStringLiteral("Generation 1")}};
    {
        Process process(*m_server, m_path);
        process.registrar.add("Generation 1", url, secret);
        QTRY_COMPARE(process.registered.size(), 1);
    }
    Process process(*m_server, m_path);
    process.registrar.sweep();
    QTRY_COMPARE(process.swept.size(), 1);
    QCOMPARE(m_api->webhooks.keys(), QStringList{QStringLiteral("x")});
}

void TestWebhookRegistrations::removedBeforeItWasMade()
{
    Process process(*m_server, m_path);
    const std::string name = process.registrar.add("Generation 1", url, secret);
    process.registrar.remove(name);
    process.registrar.remove("never heard of");
    QTRY_COMPARE(process.removed.size(), 1);
    QVERIFY(process.registered.isEmpty());
    QVERIFY(m_api->webhooks.isEmpty());
}

void TestWebhookRegistrations::removalIsRepeated()
{
    Process process(*m_server, m_path);
    const std::string name = process.registrar.add("Generation 1", url, secret);
    QTRY_COMPARE(process.registered.size(), 1);
    m_api->failNext("DELETE", FakeReply::error(503, "busy"), 3); // all tries of one call
    process.registrar.remove(name);
    QTRY_COMPARE_WITH_TIMEOUT(process.removed.size(), 1, 20'000);
    QCOMPARE(m_server->count("DELETE /events/webhooks/w1"), 4);
}

void TestWebhookRegistrations::sweepThatFailsKeepsItsNotes()
{
    {
        Process process(*m_server, m_path);
        process.registrar.add("Generation 1", url, secret);
        QTRY_COMPARE(process.registered.size(), 1);
    }
    Process process(*m_server, m_path);
    m_api->failNext("GET /events/webhooks", FakeReply::error(401, "key revoked"));
    process.registrar.sweep();
    QTRY_COMPARE(process.swept.size(), 1);
    QCOMPARE(process.swept.last().at(1).toInt(), 1);
    m_api->failNext("DELETE", FakeReply::error(403, "not yours"));
    process.registrar.sweep();
    QTRY_COMPARE(process.swept.size(), 2);
    QCOMPARE(process.swept.last().at(1).toInt(), 1);
    QCOMPARE(process.file.all().size(), std::size_t{1});
    process.registrar.sweep();
    QTRY_COMPARE(process.swept.size(), 3);
    QVERIFY(m_api->webhooks.isEmpty());
}

void TestWebhookRegistrations::notWrittenDownIsNotAskedFor()
{
    Process process(*m_server, QStringLiteral("/proc/no/such/folder/registrations.json"));
    process.registrar.add("Generation 1", url, secret);
    QTRY_COMPARE(process.failed.size(), 1);
    QVERIFY(process.failed.first().at(1).value<Error>().kind == Error::Kind::Local);
    QVERIFY(m_server->requests().isEmpty());
}

void TestWebhookRegistrations::refusedLeavesNoNote()
{
    Process process(*m_server, m_path);
    process.registrar.add("short", url, "secret");
    QTRY_COMPARE(process.failed.size(), 1);
    QVERIFY(process.file.all().empty());
    m_api->failNext("POST", FakeReply::failing(Fault::Reset));
    process.registrar.add("lost", url, secret); // whether it was made nobody knows
    QTRY_COMPARE(process.failed.size(), 2);
    QCOMPARE(process.file.all().size(), std::size_t{1});
}

QTEST_GUILESS_MAIN(TestWebhookRegistrations)
#include "tst_webhookregistrations.moc"
