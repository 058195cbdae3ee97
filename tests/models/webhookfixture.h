#pragma once

#include "services/e2b/client.h"
#include "services/lifecycle/event.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiver.h"
#include "services/lifecycle/signature.h"
#include "tests/support/fakewebhookapi.h"

#include <QEventLoop>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QTemporaryDir>

#include <memory>
#include <string>

namespace sandglass::test {

inline const std::string receiverSecret(32, 'r');
inline const std::string otherSecret(32, 'o');

/// E2B's webhook API on a fake server with a client of it, and a real receiver with its journal.
struct WebhookFixture
{
    QTemporaryDir dir;
    testsupport::FakeE2bServer server;
    testsupport::FakeWebhookApi api{server};
    e2b::Client client{connection()};
    std::unique_ptr<lifecycle::Journal> journal;
    std::unique_ptr<lifecycle::Receiver> receiver;

    [[nodiscard]] e2b::Connection connection() const
    {
        e2b::Connection connection;
        connection.id = "cloud";
        connection.name = "E2B cloud";
        connection.kind = e2b::Connection::Kind::Cloud;
        connection.apiUrl = server.url();
        connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
        return connection;
    }

    /// False when it does not listen.
    [[nodiscard]] bool startReceiver()
    {
        auto opened = lifecycle::Journal::open(dir.filePath(QStringLiteral("journal.db")).toStdString());
        if (!opened)
            return false;
        journal = std::move(*opened);
        lifecycle::ReceiverOptions options;
        options.port = 0;
        options.secret = receiverSecret;
        receiver = std::make_unique<lifecycle::Receiver>(*journal, options);
        return receiver->start().has_value();
    }

    [[nodiscard]] static std::string deliveryBody(const std::string &id)
    {
        lifecycle::Event event;
        event.id = id;
        event.typeName = "sandbox.lifecycle.created";
        event.type = lifecycle::eventTypeFromName(event.typeName);
        event.sandboxId = "isandbox";
        event.timestamp = systemNow();
        return lifecycle::encodeEvent(event);
    }

    [[nodiscard]] int deliver(const std::string &id, const std::string &secret) const
    {
        return deliverTo(receiver->url(), id, secret);
    }

    /// Delivers an event signed with `secret`; the status of the answer.
    [[nodiscard]] static int deliverTo(const std::string &url, const std::string &id, const std::string &secret)
    {
        const std::string body = deliveryBody(id);
        QNetworkAccessManager network;
        QNetworkRequest request(QUrl(QString::fromStdString(url)));
        request.setHeader(QNetworkRequest::ContentTypeHeader, QStringLiteral("application/json"));
        request.setRawHeader("e2b-signature", QByteArray::fromStdString(lifecycle::signDelivery(secret, body)));
        const std::unique_ptr<QNetworkReply> reply(network.post(request, QByteArray::fromStdString(body)));
        QEventLoop loop;
        QObject::connect(reply.get(), &QNetworkReply::finished, &loop, &QEventLoop::quit);
        loop.exec();
        return reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    }

    void addWebhook(const QString &id, const QString &name, const QString &url, bool isEnabled = true)
    {
        api.webhooks.insert(id,
                            {{QStringLiteral("id"), id},
                             {QStringLiteral("name"), name},
                             {QStringLiteral("url"), url},
                             {QStringLiteral("enabled"), isEnabled},
                             {QStringLiteral("events"), QJsonArray{QStringLiteral("sandbox.lifecycle.created")}}});
    }

    /// `count` deliveries to the webhook, every third failed with a DNS error.
    void addDeliveries(const QString &id, int count)
    {
        QJsonArray groups;
        for (int i = 0; i < count; ++i) {
            const bool isGood = i % 3 != 0;
            QJsonObject attempt{
                {QStringLiteral("id"), QStringLiteral("d%1").arg(i)},
                {QStringLiteral("status"), isGood ? QStringLiteral("success") : QStringLiteral("failed")},
                {QStringLiteral("durationMs"), 12},
                {QStringLiteral("timestamp"), QStringLiteral("2026-08-20T10:15:30Z")}};
            if (isGood)
                attempt.insert(QStringLiteral("responseHttpStatusCode"), 200);
            else
                attempt.insert(QStringLiteral("errorClass"), QStringLiteral("dns_error"));
            groups.append(QJsonObject{{QStringLiteral("eventId"), QStringLiteral("e%1").arg(i)},
                                      {QStringLiteral("eventType"), QStringLiteral("sandbox.lifecycle.created")},
                                      {QStringLiteral("sandboxId"), QStringLiteral("isandbox%1").arg(i)},
                                      {QStringLiteral("attempts"), QJsonArray{attempt}}});
        }
        api.deliveries.insert(id, groups);
    }
};

} // namespace sandglass::test
