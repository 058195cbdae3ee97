#include "services/lifecycle/signature.h"
#include "tests/services/engine/engine_process.h"
#include "tests/services/engine/hook_receiver.h"

#include <QJsonArray>
#include <QTest>

namespace {

constexpr auto kSecret = "0123456789abcdef0123456789abcdef";

QByteArray webhookBody(const QByteArray &url, const QByteArray &more = {})
{
    return R"({"name":"t","url":")" + url + R"(","signatureSecret":")" + kSecret
        + R"(","events":["sandbox.lifecycle.created","sandbox.lifecycle.updated","sandbox.lifecycle.paused",)"
          R"("sandbox.lifecycle.resumed","sandbox.lifecycle.killed"])"
        + more + "}";
}

const QByteArray kBase = R"({"templateID":"base","timeout":60,"metadata":{"job":"7"}})";
const QString kHooks = QStringLiteral("/events/webhooks");

} // namespace

class TestEngineWebhooks final : public QObject
{
    Q_OBJECT

    std::unique_ptr<EngineProcess> m_engine; ///< shared by the rows of one test

private Q_SLOTS:
    void cleanupTestCase() { m_engine.reset(); }

    void wholeLifeIsDelivered()
    {
        EngineProcess engine;
        HookReceiver receiver;
        QVERIFY(receiver.listen(QHostAddress::LocalHost));
        QVERIFY(engine.start());
        if (!engine.canRunSandboxes())
            QSKIP("no isolation on this machine");
        const auto hook = engine.api("POST", kHooks, webhookBody(receiver.url()));
        QCOMPARE(hook.status, 201);
        QVERIFY(!hook.body.contains(kSecret));
        const auto made = engine.create(kBase);
        const QString path = QStringLiteral("/sandboxes/") + made.id;
        QCOMPARE(engine.api("POST", path + QStringLiteral("/timeout"), R"({"timeout":90})").status, 204);
        QCOMPARE(engine.api("POST", path + QStringLiteral("/pause")).status, 204);
        QCOMPARE(engine.api("POST", path + QStringLiteral("/connect"), R"({"timeout":60})").status, 201);
        QCOMPARE(engine.api("DELETE", path).status, 204);
        QTRY_COMPARE_WITH_TIMEOUT(receiver.deliveries.size(), 5, 10'000);

        QStringList types = receiver.types();
        types.sort();
        QCOMPARE(types,
                 (QStringList{QStringLiteral("created"), QStringLiteral("killed"), QStringLiteral("paused"),
                              QStringLiteral("resumed"), QStringLiteral("updated")}));
        QHash<QString, QJsonObject> events;
        for (const auto &delivery : std::as_const(receiver.deliveries)) {
            events.insert(delivery.type(), delivery.event());
            QCOMPARE(delivery.headers["e2b-webhook-id"], hook.json(QStringLiteral("id")).toString().toLatin1());
            QCOMPARE(delivery.headers["e2b-signature-version"], QByteArray("v1"));
            QVERIFY(sandglass::lifecycle::verifyDelivery(kSecret, delivery.body.toStdString(),
                                                         delivery.headers["e2b-signature"].toStdString()));
        }
        const auto text = [&](const char *type, const char *name) {
            return events[QLatin1StringView(type)][QLatin1StringView(name)].toString();
        };
        QCOMPARE(text("created", "version"), QStringLiteral("v2"));
        QCOMPARE(text("created", "sandbox_id"), made.id);
        QCOMPARE(text("paused", "sandbox_execution_id"), text("created", "sandbox_execution_id"));
        QVERIFY(text("resumed", "sandbox_execution_id") != text("created", "sandbox_execution_id"));
        QCOMPARE(text("killed", "sandbox_execution_id"), text("resumed", "sandbox_execution_id"));
        const QJsonObject data = events[QStringLiteral("killed")][QStringLiteral("event_data")].toObject();
        QCOMPARE(data[QStringLiteral("kill_reason")].toString(), QStringLiteral("request"));
        QCOMPARE(data[QStringLiteral("sandbox_metadata")].toObject()[QStringLiteral("job")].toString(),
                 QStringLiteral("7"));
        const QJsonObject execution = data[QStringLiteral("execution")].toObject();
        QCOMPARE(execution[QStringLiteral("vcpu_count")].toInt(), 2);
        QCOMPARE(execution[QStringLiteral("memory_mb")].toInt(), 512);
        QVERIFY(execution[QStringLiteral("execution_time")].toInt(-1) >= 0);

        const auto polled =
            engine.api("GET", QStringLiteral("/events/sandboxes/") + made.id + QStringLiteral("?orderAsc=true"))
                .json()
                .toArray();
        QCOMPARE(polled.size(), 5);
        QCOMPARE(polled[0].toObject()[QStringLiteral("type")].toString(), QStringLiteral("sandbox.lifecycle.created"));
        QCOMPARE(polled[4].toObject()[QStringLiteral("id")].toString(), text("killed", "id"));
    }

    void failedDeliveriesAreTriedThreeTimes()
    {
        EngineProcess engine;
        HookReceiver receiver;
        QVERIFY(receiver.listen(QHostAddress::LocalHost));
        receiver.statuses = {500, 503, 200};
        QVERIFY(engine.start({QStringLiteral("--webhook-retry-ms"), QStringLiteral("50")}));
        if (!engine.canRunSandboxes())
            QSKIP("no isolation on this machine");
        const QString id =
            engine.api("POST", kHooks, webhookBody(receiver.url())).json(QStringLiteral("id")).toString();
        const auto made = engine.create(kBase);
        QTRY_COMPARE_WITH_TIMEOUT(receiver.deliveries.size(), 3, 10'000);
        QCOMPARE(receiver.deliveries[0].body, receiver.deliveries[2].body);
        QSet<QByteArray> attempts;
        for (const auto &delivery : std::as_const(receiver.deliveries))
            attempts << delivery.headers["e2b-delivery-id"];
        QCOMPARE(attempts.size(), 3);

        receiver.statuses = {500};
        QCOMPARE(engine.api("DELETE", QStringLiteral("/sandboxes/") + made.id).status, 204);
        QTRY_COMPARE_WITH_TIMEOUT(receiver.deliveries.size(), 6, 10'000);
        const QString failedPath =
            kHooks + u'/' + id + QStringLiteral("/deliveries?deliveryStatus=failed&eventType=sandbox.lifecycle.killed");
        const auto attemptsOfKilled = [&] {
            return engine.api("GET", failedPath)
                .json(QStringLiteral("data"))
                .toArray()[0]
                .toObject()[QStringLiteral("attempts")]
                .toArray();
        };
        QTRY_COMPARE(attemptsOfKilled().size(), 3);
        QCOMPARE(attemptsOfKilled()[2].toObject()[QStringLiteral("errorClass")].toString(),
                 QStringLiteral("http_error"));
        QCOMPARE(
            engine.api("GET", kHooks + u'/' + id + QStringLiteral("/stats")).json(QStringLiteral("failed")).toInt(), 5);
        const QJsonObject attempt = attemptsOfKilled()[0].toObject();
        const QString headers = attempt[QStringLiteral("requestHeaders")].toString(); // JSON as text, as E2B's
        QVERIFY(headers.contains(QStringLiteral("e2b-delivery-id")));
        QVERIFY(headers.contains(QStringLiteral("\"e2b-signature\":\"[REDACTED]\"")));
        QVERIFY(
            attempt[QStringLiteral("responseHeaders")].toString().contains(QStringLiteral("\"Content-Length\":\"2\"")));
        const QJsonObject statistics =
            engine.api("GET", kHooks + u'/' + id + QStringLiteral("/stats")).json().toObject();
        QCOMPARE(statistics[QStringLiteral("total")].toInt(), 6);
        for (const QJsonObject &owner : {statistics, statistics[QStringLiteral("buckets")].toArray()[0].toObject()}) {
            const QJsonObject duration = owner[QStringLiteral("durationMs")].toObject();
            QVERIFY(duration[QStringLiteral("minimum")].isDouble() && duration[QStringLiteral("maximum")].isDouble());
        }
        const QString all = kHooks + u'/' + id + QStringLiteral("/deliveries?deliveryStatus=failed,success&limit=1");
        const QString cursor = engine.api("GET", all).json(QStringLiteral("nextCursor")).toString();
        QVERIFY(!cursor.isEmpty());
        const QJsonObject last = engine.api("GET", all + QStringLiteral("&cursor=") + cursor).json().toObject();
        QCOMPARE(last[QStringLiteral("data")].toArray().size(), 1);
        QVERIFY(last[QStringLiteral("nextCursor")].isNull());
        QTest::qWait(300); // long enough for a fourth try, were there one
        QCOMPARE(receiver.deliveries.size(), 6);
    }

    void outboxAndOrphansSurviveKill9()
    {
        QTemporaryDir state;
        HookReceiver receiver;
        QVERIFY(receiver.listen(QHostAddress::LocalHost));
        const quint16 port = receiver.serverPort();
        QString id;
        {
            EngineProcess engine(state.path());
            QVERIFY(engine.start({QStringLiteral("--webhook-retry-ms"), QStringLiteral("2000")}));
            if (!engine.canRunSandboxes())
                QSKIP("no isolation on this machine");
            QCOMPARE(engine.api("POST", kHooks, webhookBody(receiver.url())).status, 201);
            receiver.close(); // nobody listens now
            id = engine.create(kBase).id;
            QVERIFY(!id.isEmpty());
            engine.kill();
        }
        QCOMPARE(receiver.deliveries.size(), 0);
        QVERIFY(receiver.listen(QHostAddress::LocalHost, port));
        EngineProcess engine(state.path());
        QVERIFY(engine.start());
        QTRY_COMPARE_WITH_TIMEOUT(receiver.deliveries.size(), 2, 15'000);
        for (const auto &delivery : std::as_const(receiver.deliveries)) {
            QCOMPARE(delivery.event()[QStringLiteral("sandbox_id")].toString(), id);
            if (delivery.type() != QStringLiteral("killed"))
                continue;
            const QJsonObject data = delivery.event()[QStringLiteral("event_data")].toObject();
            QCOMPARE(data[QStringLiteral("kill_reason")].toString(), QStringLiteral("orphaned"));
            QVERIFY(data.contains(QStringLiteral("execution")));
        }
        QVERIFY(receiver.types().contains(QStringLiteral("created")));
        QVERIFY(receiver.types().contains(QStringLiteral("killed")));
        QCOMPARE(engine.api("GET", QStringLiteral("/sandboxes/") + id).status, 404);
    }

    void killedAtTimeoutSaysSo()
    {
        EngineProcess engine;
        QVERIFY(engine.start());
        if (!engine.canRunSandboxes())
            QSKIP("no isolation on this machine");
        const QString id = engine.create(R"({"templateID":"base","timeout":1})").id;
        const QString path =
            QStringLiteral("/events/sandboxes/") + id + QStringLiteral("?types=sandbox.lifecycle.killed");
        QTRY_COMPARE_WITH_TIMEOUT(engine.api("GET", path).json().toArray().size(), 1, 10'000);
        const QJsonObject event = engine.api("GET", path).json().toArray()[0].toObject();
        QCOMPARE(event[QStringLiteral("eventData")].toObject()[QStringLiteral("kill_reason")].toString(),
                 QStringLiteral("timeout"));
    }

    void badWebhooksAreRefused_data()
    {
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("not JSON") << QByteArray("{") << QByteArray("JSON");
        QTest::newRow("other scheme") << webhookBody("ftp://127.0.0.1/x") << QByteArray("url");
        QTest::newRow("line break in URL") << webhookBody("http://127.0.0.1/\\r\\nX: y") << QByteArray("url");
        QTest::newRow("short secret") << webhookBody("http://127.0.0.1/", R"(,"signatureSecret":"short")")
                                      << QByteArray("32 characters");
        QTest::newRow("no events") << webhookBody("http://127.0.0.1/", R"(,"events":[])") << QByteArray("events");
        QTest::newRow("unknown event") << webhookBody("http://127.0.0.1/", R"(,"events":["x"])")
                                       << QByteArray("events");
        QTest::newRow("enabled is text") << webhookBody("http://127.0.0.1/", R"(,"enabled":"yes")")
                                         << QByteArray("enabled");
    }
    void badWebhooksAreRefused()
    {
        if (!m_engine) {
            m_engine = std::make_unique<EngineProcess>();
            QVERIFY(m_engine->start());
        }
        EngineProcess &engine = *m_engine;
        QFETCH(QByteArray, body);
        QFETCH(QByteArray, says);
        const auto answer = engine.api("POST", kHooks, body);
        QCOMPARE(answer.status, 400);
        QVERIFY2(answer.body.contains(says), answer.body);
        QCOMPARE(engine.api("GET", kHooks).json().toArray().size(), 0);
    }

    void webhooksCanBeChangedAndRemoved()
    {
        EngineProcess engine;
        QVERIFY(engine.start());
        const QString path = kHooks + u'/'
            + engine.api("POST", kHooks, webhookBody("http://127.0.0.1:9/")).json(QStringLiteral("id")).toString();
        QCOMPARE(engine.api("PATCH", path, R"({"enabled":false,"name":"renamed"})").status, 200);
        QCOMPARE(engine.api("GET", path).json(QStringLiteral("name")).toString(), QStringLiteral("renamed"));
        QCOMPARE(engine.api("GET", path).json(QStringLiteral("enabled")).toBool(true), false);
        QCOMPARE(engine.api("PATCH", path, R"({"url":"nonsense"})").status, 400);
        for (const char *query :
             {"/deliveries?cursor=stale", "/deliveries?deliveryStatus=maybe", "/deliveries?limit=101",
              "/stats?start=2026-01-01T00:00:00Z&end=2026-01-09T00:00:00Z", "/stats?start=x"})
            QCOMPARE(engine.api("GET", path + QLatin1StringView(query)).status, 400);
        const auto test = engine.api("POST", path + QStringLiteral("/test"));
        QCOMPARE(test.status, 501);
        QVERIFY(test.body.contains("\"code\":501"));
        QCOMPARE(engine.api("DELETE", path).status, 200);
        QCOMPARE(engine.api("DELETE", path).status, 404);
    }
};

QTEST_GUILESS_MAIN(TestEngineWebhooks)
#include "tst_engine_webhooks.moc"
