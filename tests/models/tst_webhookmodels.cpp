// The models of the Webhooks page over a fake API with real state, and over a real receiver.

#include "models/webhooks/curlcommand.h"
#include "models/webhooks/deliveriesmodel.h"
#include "models/webhooks/quarantinemodel.h"
#include "models/webhooks/tunnelsession.h"
#include "models/webhooks/webhooklistmodel.h"
#include "tests/models/webhookfixture.h"

#include <QAbstractItemModelTester>
#include <QFile>
#include <QProcess>
#include <QSignalSpy>
#include <QTest>

using namespace sandglass;
using namespace sandglass::models;
using namespace Qt::Literals::StringLiterals;
using testsupport::FakeReply;
using Verb = WebhookListModel::Verb;

class TestWebhookModels final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { m_fixture = std::make_unique<test::WebhookFixture>(); }
    void cleanup() { m_fixture.reset(); }
    void listsWithStatisticsAndOwnMark();
    void actionsChangeTheService();
    void refusedActionLeavesTheRow();
    void failuresAreTyped_data();
    void failuresAreTyped();
    void anotherConnectionForgetsTheOld();
    void testDeliveryReachesTheReceiver();
    void deliveriesComeByPages();
    void deliveriesFailedOnlyAndFailure();
    void refusedDeliveryIsNamedAndTakenLater();
    void forgettingEmptiesTheQuarantine();
    void curlKeepsEveryByte();
    void curlTellsOfACutBody();
    void tunnelRegistersAndRemoves();
    void tunnelFollowsTheConnection();
    void tunnelThatEndsRemovesItsWebhook();
    void leftoversOfACrashAreRemoved();

private:
    /// A program that behaves as cloudflared does.
    lifecycle::TunnelOptions tunnelOptions(const QByteArray &script)
    {
        const QString path = m_fixture->dir.filePath(u"cloudflared"_s);
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly))
            qFatal("no program");
        file.write("#!/bin/sh\n" + script + "\n");
        file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner | QFileDevice::ExeOwner);
        lifecycle::TunnelOptions options;
        options.program = path.toStdString();
        return options;
    }
    const QByteArray m_opens = "echo 'INF | https://quiet-sand.trycloudflare.com |'\nexec sleep 60";
    std::unique_ptr<test::WebhookFixture> m_fixture;
};

void TestWebhookModels::listsWithStatisticsAndOwnMark()
{
    m_fixture->addWebhook(u"w1"_s, u"mine"_s, u"http://127.0.0.1:8000/webhooks/e2b"_s);
    m_fixture->addWebhook(u"w2"_s, u"other"_s, u"https://example.org/hook"_s, false);
    m_fixture->api.statistics.insert(u"w2"_s, {{u"buckets"_s, QJsonArray()}, {u"total"_s, 12}, {u"failed"_s, 5}});
    WebhookListModel model(m_fixture->client);
    QAbstractItemModelTester tester(&model);
    model.setOwnUrls({u"http://127.0.0.1:8000/webhooks/e2b"_s});
    model.refresh();
    QCOMPARE(model.state(), WebhookListModel::State::Loading);
    QTRY_COMPARE(model.state(), WebhookListModel::State::Loaded);
    QCOMPARE(model.rowCount(), 2);
    const int mine = model.rowOf(u"w1"_s);
    const int other = model.rowOf(u"w2"_s);
    QVERIFY(model.index(mine, 0).data(WebhookListModel::OwnRole).toBool());
    QVERIFY(!model.index(other, 0).data(WebhookListModel::OwnRole).toBool());
    QCOMPARE(model.index(other, WebhookListModel::StateColumn).data().toString(), u"off"_s);
    QCOMPARE(model.index(other, WebhookListModel::EventsColumn).data().toString(), u"created"_s);
    QTRY_COMPARE(model.index(other, WebhookListModel::DeliveriesColumn).data().toInt(), 12);
    QCOMPARE(model.index(other, WebhookListModel::FailedColumn).data().toInt(), 5);

    // Deliveries have come here: the figures of the webhook that sends them are asked for, the other's are not.
    for (const QString &id : {u"w1"_s, u"w2"_s})
        m_fixture->api.statistics.insert(id, {{u"buckets"_s, QJsonArray()}, {u"total"_s, 33}, {u"failed"_s, 0}});
    model.refreshOwnStatistics();
    QTRY_COMPARE(model.index(mine, WebhookListModel::DeliveriesColumn).data().toInt(), 33);
    QCOMPARE(model.index(other, WebhookListModel::DeliveriesColumn).data().toInt(), 12);
}

void TestWebhookModels::actionsChangeTheService()
{
    WebhookListModel model(m_fixture->client);
    QAbstractItemModelTester tester(&model);
    QSignalSpy done(&model, &WebhookListModel::done);
    model.refresh();
    QTRY_COMPARE(model.state(), WebhookListModel::State::Loaded);
    const auto outcome = [&done] {
        if (done.isEmpty() && !done.wait())
            return QString(u"no answer"_s);
        const auto result = done.takeFirst().at(2).value<Result<>>();
        return result ? QString() : QString::fromStdString(result.error().message);
    };

    model.create({"hook", "https://example.org/", {"sandbox.lifecycle.killed"}, true, std::string(32, 'a')});
    QCOMPARE(model.openCount(), 1);
    QCOMPARE(outcome(), QString());
    QCOMPARE(model.openCount(), 0);
    QCOMPARE(model.rowCount(), 1);
    const QString id = model.index(0, 0).data(WebhookListModel::IdRole).toString();
    QCOMPARE(model.knownSecret(id), QString(32, u'a'));

    e2b::WebhookEdit edit;
    edit.name = "renamed";
    model.edit(id, edit);
    QVERIFY(model.at(0).isBusy);
    QCOMPARE(outcome(), QString());
    QCOMPARE(m_fixture->api.webhooks[id].value(u"name"_s).toString(), u"renamed"_s);
    QCOMPARE(model.at(0).info.name, "renamed");
    QVERIFY(!model.at(0).isBusy);

    model.setEnabled(id, false);
    QCOMPARE(outcome(), QString());
    QVERIFY(!m_fixture->api.webhooks[id].value(u"enabled"_s).toBool());

    model.rotateSecret(id, QString(40, u'b'));
    QCOMPARE(outcome(), QString());
    QCOMPARE(m_fixture->api.webhooks[id].value(u"signatureSecret"_s).toString(), QString(40, u'b'));
    QCOMPARE(model.knownSecret(id), QString(40, u'b'));

    model.remove(id);
    QCOMPARE(outcome(), QString());
    QVERIFY(m_fixture->api.webhooks.isEmpty());
    QCOMPARE(model.rowCount(), 0);
}

void TestWebhookModels::refusedActionLeavesTheRow()
{
    m_fixture->addWebhook(u"w1"_s, u"mine"_s, u"https://example.org/"_s);
    WebhookListModel model(m_fixture->client);
    QSignalSpy done(&model, &WebhookListModel::done);
    model.refresh();
    QTRY_COMPARE(model.rowCount(), 1);
    m_fixture->api.failNext("PATCH", FakeReply::error(409, "no more than that"));
    model.setEnabled(u"w1"_s, false);
    QVERIFY(done.wait());
    const auto result = done.first().at(2).value<Result<>>();
    QVERIFY(!result);
    QCOMPARE(result.error().status, 409);
    QVERIFY(model.at(0).info.enabled);
    QVERIFY(!model.at(0).isBusy);

    done.clear();
    model.rotateSecret(u"w1"_s, QString(31, u'x'));
    QVERIFY(!done.isEmpty() || done.wait());
    QCOMPARE(done.first().at(2).value<Result<>>().error().code, "secret_too_short");
}

void TestWebhookModels::failuresAreTyped_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<int>("state");
    QTest::newRow("key refused") << 401 << static_cast<int>(WebhookListModel::State::Failed);
    QTest::newRow("no such route") << 405 << static_cast<int>(WebhookListModel::State::NotSupported);
}

void TestWebhookModels::failuresAreTyped()
{
    QFETCH(int, status);
    QFETCH(int, state);
    m_fixture->addWebhook(u"w1"_s, u"mine"_s, u"https://example.org/"_s);
    WebhookListModel model(m_fixture->client);
    m_fixture->api.failNext("GET /events/webhooks", FakeReply::error(status, "no"), -1);
    model.refresh();
    QTRY_COMPARE(static_cast<int>(model.state()), state);
    QCOMPARE(model.error().status, status);
    QCOMPARE(model.rowCount(), 0);
}

void TestWebhookModels::anotherConnectionForgetsTheOld()
{
    m_fixture->addWebhook(u"w1"_s, u"mine"_s, u"https://example.org/"_s);
    m_fixture->api.answerDelayMs = 100;
    WebhookListModel model(m_fixture->client);
    model.refresh();
    e2b::Connection none = m_fixture->connection();
    none.apiKey.clear();
    m_fixture->client.setConnection(none);
    model.forget();
    QCOMPARE(model.state(), WebhookListModel::State::NotLoaded);
    QTest::qWait(200); // the old answer would be here by now
    QCOMPARE(model.rowCount(), 0);
    model.refresh();
    QCOMPARE(model.state(), WebhookListModel::State::Failed);
    QCOMPARE(model.error().code, "no_key");
}

void TestWebhookModels::testDeliveryReachesTheReceiver()
{
    QVERIFY(m_fixture->startReceiver());
    WebhookListModel model(m_fixture->client);
    QSignalSpy tested(&model, &WebhookListModel::tested);
    const QString url = QString::fromStdString(m_fixture->receiver->url());
    model.sendTest(u"w1"_s, url, QString::fromStdString(test::receiverSecret));
    QVERIFY(tested.wait());
    using Report = Result<e2b::TestDeliveryReport>;
    using Finding = e2b::TestDeliveryReport::Finding;
    QVERIFY(tested.takeFirst().at(1).value<Report>()->finding == Finding::Accepted);
    model.sendTest(u"w1"_s, url, QString::fromStdString(test::otherSecret));
    QVERIFY(tested.wait());
    QVERIFY(tested.takeFirst().at(1).value<Report>()->finding == Finding::Unauthorized);
}

void TestWebhookModels::deliveriesComeByPages()
{
    m_fixture->addWebhook(u"w1"_s, u"mine"_s, u"https://example.org/"_s);
    m_fixture->addDeliveries(u"w1"_s, 120);
    DeliveriesModel model(m_fixture->client);
    QAbstractItemModelTester tester(&model);
    tester.setUseFetchMore(false);
    QCOMPARE(model.state(), DeliveriesModel::State::NothingChosen);
    model.show(u"w1"_s);
    QTRY_COMPARE(model.state(), DeliveriesModel::State::Loaded);
    QCOMPARE(model.rowCount(), DeliveriesModel::pageSize);
    for (int pages = 0; model.canFetchMore({}) && pages < 10; ++pages) {
        const int before = model.rowCount();
        model.fetchMore({});
        QVERIFY(!model.canFetchMore({})); // one page at a time
        QTRY_VERIFY(model.rowCount() > before);
    }
    QCOMPARE(model.rowCount(), 120);
    QCOMPARE(model.index(0, DeliveriesModel::ResultColumn).data().toString(), u"dns_error"_s);
    QCOMPARE(model.index(1, DeliveriesModel::ResultColumn).data().toString(), u"200"_s);
}

void TestWebhookModels::deliveriesFailedOnlyAndFailure()
{
    m_fixture->addWebhook(u"w1"_s, u"mine"_s, u"https://example.org/"_s);
    m_fixture->addDeliveries(u"w1"_s, 9);
    DeliveriesModel model(m_fixture->client);
    model.show(u"w1"_s);
    QTRY_COMPARE(model.rowCount(), 9);
    model.setFailedOnly(true);
    QTRY_COMPARE(model.rowCount(), 3);
    m_fixture->api.failNext("GET /events/webhooks/w1/deliveries", FakeReply::error(403, "not yours"), -1);
    model.refresh();
    QTRY_COMPARE(model.state(), DeliveriesModel::State::Failed);
    QCOMPARE(model.error().status, 403);
    QVERIFY(!model.canFetchMore({}));
}

void TestWebhookModels::refusedDeliveryIsNamedAndTakenLater()
{
    QVERIFY(m_fixture->startReceiver());
    QuarantineModel model;
    QAbstractItemModelTester tester(&model);
    model.setReceiver(m_fixture->receiver.get());
    QCOMPARE(model.rowCount(), 0);
    QCOMPARE(m_fixture->deliver("e1", test::otherSecret), 401);
    QTRY_VERIFY((model.refresh(), model.rowCount() == 1));
    QCOMPARE(model.index(0, QuarantineModel::ReasonColumn).data().toString(), u"wrong signature"_s);
    QVERIFY(!model.lastRefusal().isEmpty());
    QVERIFY(QuarantineModel::canRetry(model.at(0)));

    QSignalSpy retried(&model, &QuarantineModel::retried);
    const std::int64_t id = model.at(0).id;
    model.retry(id);
    QVERIFY(retried.wait());
    QVERIFY(!retried.takeFirst().at(1).value<Result<bool>>()); // the secret is still another one
    QCOMPARE(model.rowCount(), 1);

    m_fixture->receiver->setSecrets({{"current", test::receiverSecret, true}, {"old", test::otherSecret, true}});
    model.retry(id);
    QVERIFY(retried.wait());
    const auto outcome = retried.takeFirst().at(1).value<Result<bool>>();
    QVERIFY(outcome && *outcome);
    QTRY_VERIFY((model.refresh(), model.rowCount() == 0));
    QTRY_COMPARE(m_fixture->journal->count(), 1);
}

void TestWebhookModels::forgettingEmptiesTheQuarantine()
{
    QVERIFY(m_fixture->startReceiver());
    QuarantineModel model;
    model.setReceiver(m_fixture->receiver.get());
    for (const char *id : {"e1", "e2", "e3"})
        QCOMPARE(m_fixture->deliver(id, test::otherSecret), 401);
    QTRY_VERIFY((model.refresh(), model.rowCount() == 3));
    QVERIFY(model.at(0).id > model.at(2).id); // newest first
    model.remove(model.at(1).id);
    QCOMPARE(model.rowCount(), 2);
    model.clear();
    QCOMPARE(model.rowCount(), 0);
    model.setReceiver(nullptr);
    model.refresh();
    model.clear();
    QCOMPARE(model.rowCount(), 0);
}

void TestWebhookModels::curlKeepsEveryByte()
{
    lifecycle::QuarantineEntry entry;
    entry.method = "POST";
    entry.path = "/webhooks/e2b/it's";
    entry.headers = {{"Content-Type", "application/json"}, {"Host", "x"}, {"Authorization", "***"}};
    entry.signature = "abc+/def";
    for (int byte = 1; byte < 256; ++byte) // no shell passes NUL
        entry.body += static_cast<char>(byte);
    entry.body += "7'$(touch x)`\\";
    entry.bodySize = entry.body.size();
    const QString command = curlCommand(entry, u"http://127.0.0.1:8000/webhooks/e2b"_s);

    QProcess shell;
    shell.start(u"bash"_s, {u"-c"_s, u"curl() { printf '%s\\0' \"$@\"; }\n"_s + command});
    QVERIFY(shell.waitForFinished());
    QCOMPARE(shell.exitCode(), 0);
    const QByteArrayList words = shell.readAllStandardOutput().split('\0');
    QVERIFY(words.contains("http://127.0.0.1:8000/webhooks/e2b/it's"));
    QVERIFY(words.contains("e2b-signature: abc+/def"));
    QVERIFY(words.contains("Content-Type: application/json"));
    QVERIFY(words.contains(QByteArray::fromStdString(entry.body)));
    QVERIFY(!command.contains(u"Authorization"_s));
}

void TestWebhookModels::curlTellsOfACutBody()
{
    lifecycle::QuarantineEntry entry;
    entry.body = "{";
    entry.bodySize = 20'000;
    QVERIFY(curlCommand(entry, u"http://127.0.0.1:8000/webhooks/e2b"_s).startsWith(u"# the first 1 of 20000 bytes"_s));
}

void TestWebhookModels::tunnelRegistersAndRemoves()
{
    e2b::RegistrationFile file(m_fixture->dir.filePath(u"r.json"_s).toStdString());
    TunnelSession session(file);
    session.setReceiver(8123, "/webhooks/e2b", test::receiverSecret);
    session.setConnection(m_fixture->connection());
    session.start(tunnelOptions(m_opens));
    QCOMPARE(session.state(), TunnelSession::State::Starting);
    QTRY_COMPARE(session.registration(), TunnelSession::Registration::Done);
    QCOMPARE(session.publicUrl(), u"https://quiet-sand.trycloudflare.com/webhooks/e2b"_s);
    QCOMPARE(m_fixture->api.webhooks.size(), 1);
    QCOMPARE(m_fixture->api.webhooks.first().value(u"url"_s).toString(), session.publicUrl());
    QCOMPARE(m_fixture->api.webhooks.first().value(u"signatureSecret"_s).toString().toStdString(),
             test::receiverSecret);
    QCOMPARE(file.all().size(), std::size_t(1));

    session.setSecret(test::otherSecret); // rotated while it is open
    QTRY_COMPARE(m_fixture->api.webhooks.first().value(u"signatureSecret"_s).toString().toStdString(),
                 test::otherSecret);

    QSignalSpy settled(&session, &TunnelSession::settled);
    session.stop();
    QCOMPARE(session.state(), TunnelSession::State::Idle);
    QVERIFY(!session.isSettled());
    QVERIFY(settled.wait());
    QVERIFY(session.isSettled());
    QVERIFY(m_fixture->api.webhooks.isEmpty());
    QVERIFY(file.all().empty());
}

void TestWebhookModels::tunnelFollowsTheConnection()
{
    testsupport::FakeE2bServer otherServer;
    testsupport::FakeWebhookApi otherApi(otherServer);
    e2b::Connection other = m_fixture->connection();
    other.id = "team";
    other.apiUrl = otherServer.url();
    e2b::Connection local;
    local.kind = e2b::Connection::Kind::Local;

    e2b::RegistrationFile file(m_fixture->dir.filePath(u"r.json"_s).toStdString());
    TunnelSession session(file);
    session.setReceiver(8123, "/webhooks/e2b", test::receiverSecret);
    session.setConnection(local);
    session.start(tunnelOptions(m_opens));
    QTRY_COMPARE(session.state(), TunnelSession::State::Open);
    QCOMPARE(session.registration(), TunnelSession::Registration::None);
    session.setConnection(m_fixture->connection());
    QTRY_COMPARE(m_fixture->api.webhooks.size(), 1);
    QTRY_COMPARE(session.registration(), TunnelSession::Registration::Done);
    session.setConnection(other);
    QTRY_COMPARE(otherApi.webhooks.size(), 1);
    QTRY_VERIFY(m_fixture->api.webhooks.isEmpty());
    session.setConnection(local);
    QTRY_VERIFY(otherApi.webhooks.isEmpty());
    QTRY_VERIFY(file.all().empty());
    QCOMPARE(session.state(), TunnelSession::State::Open);
}

void TestWebhookModels::tunnelThatEndsRemovesItsWebhook()
{
    e2b::RegistrationFile file(m_fixture->dir.filePath(u"r.json"_s).toStdString());
    TunnelSession session(file);
    session.setReceiver(8123, "/webhooks/e2b", test::receiverSecret);
    session.setConnection(m_fixture->connection());
    const QByteArray flag = m_fixture->dir.filePath(u"flag"_s).toUtf8();
    session.start(tunnelOptions("echo 'INF https://quiet-sand.trycloudflare.com'\nwhile [ ! -e " + flag
                                + " ]; do sleep 0.05; done\necho 'ERR lost the edge'\nexit 3"));
    QTRY_COMPARE(m_fixture->api.webhooks.size(), 1);
    QTRY_COMPARE(session.registration(), TunnelSession::Registration::Done);
    QFile(QString::fromUtf8(flag)).open(QIODevice::WriteOnly);
    QTRY_COMPARE(session.state(), TunnelSession::State::Ended);
    QVERIFY(session.error().message.find("lost the edge") != std::string::npos);
    QTRY_VERIFY(m_fixture->api.webhooks.isEmpty());

    session.start(tunnelOptions(m_opens)); // and once more
    QTRY_COMPARE(session.registration(), TunnelSession::Registration::Done);
    QCOMPARE(m_fixture->api.webhooks.size(), 1);
}

void TestWebhookModels::leftoversOfACrashAreRemoved()
{
    m_fixture->addWebhook(u"w-left"_s, u"Sandglass tunnel 1234"_s, u"https://gone.trycloudflare.com"_s);
    m_fixture->addWebhook(u"w-other"_s, u"somebody's"_s, u"https://example.org"_s);
    e2b::RegistrationFile file(m_fixture->dir.filePath(u"r.json"_s).toStdString());
    QVERIFY(file.put({"cloud", "Sandglass tunnel 1234", "w-left"}));
    TunnelSession session(file);
    QSignalSpy changed(&session, &TunnelSession::registrationsChanged);
    session.setConnection(m_fixture->connection());
    QVERIFY(changed.wait());
    QCOMPARE(m_fixture->api.webhooks.keys(), QStringList{u"w-other"_s});
    QVERIFY(file.all().empty());
}

QTEST_GUILESS_MAIN(TestWebhookModels)
#include "tst_webhookmodels.moc"
