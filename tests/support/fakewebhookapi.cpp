#include "tests/support/fakewebhookapi.h"

#include <QJsonDocument>
#include <QUrlQuery>

namespace sandglass::testsupport {
namespace {

FakeReply answerJson(int status, const QJsonObject &object)
{
    return FakeReply::json(status, QJsonDocument(object).toJson(QJsonDocument::Compact));
}

FakeReply answerJson(int status, const QJsonArray &array)
{
    return FakeReply::json(status, QJsonDocument(array).toJson(QJsonDocument::Compact));
}

QUrlQuery queryOf(const FakeRequest &request)
{
    return QUrlQuery(QString::fromLatin1(request.target.mid(request.target.indexOf('?') + 1)));
}

QString valueOf(const QUrlQuery &query, const char *name)
{
    return query.queryItemValue(QLatin1StringView(name), QUrl::FullyDecoded);
}

QJsonObject shown(QJsonObject webhook)
{
    webhook.remove(QStringLiteral("signatureSecret"));
    return webhook;
}

QJsonArray page(const QJsonArray &rows, int offset, int limit)
{
    QJsonArray result;
    for (int i = offset; i < rows.size() && result.size() < limit; ++i)
        result.append(rows.at(i));
    return result;
}

} // namespace

FakeWebhookApi::FakeWebhookApi(FakeE2bServer &server)
{
    server.scriptAll("/events/", [this](const FakeRequest &request) {
        FakeReply reply = answer(request);
        reply.delayMs += answerDelayMs;
        return reply;
    });
}

void FakeWebhookApi::failNext(const QByteArray &methodAndPath, FakeReply reply, int times)
{
    m_failures.append({methodAndPath, std::move(reply), times});
}

FakeReply FakeWebhookApi::answer(const FakeRequest &request)
{
    const QByteArray path = request.target.split('?').first();
    for (Failure &failure : m_failures) {
        if (failure.times != 0 && QByteArray(request.method + ' ' + path).startsWith(failure.prefix)) {
            --failure.times;
            return failure.reply;
        }
    }
    if (request.headers.value("x-api-key").isEmpty())
        return FakeReply::error(401, "no API key");
    const QStringList parts = QString::fromLatin1(path).split(u'/', Qt::SkipEmptyParts);
    if (parts.value(1) == u"sandboxes")
        return answerEvents(parts.value(2), request);
    const QString id = parts.value(2);
    if (id.isEmpty() && request.method == "POST")
        return create(request);
    if (id.isEmpty()) {
        QJsonArray rows;
        for (const QJsonObject &webhook : std::as_const(webhooks))
            rows.append(shown(webhook));
        return answerJson(200, rows);
    }
    if (!webhooks.contains(id))
        return FakeReply::error(404, "webhook not found");
    if (parts.value(3) == u"deliveries")
        return answerDeliveries(id, request);
    if (parts.value(3) == u"stats")
        return answerJson(200, statistics.value(id));
    if (request.method == "PATCH")
        return change(id, request);
    if (request.method == "DELETE")
        webhooks.remove(id);
    return answerJson(200, shown(webhooks.value(id)));
}

FakeReply FakeWebhookApi::answerEvents(const QString &sandboxId, const FakeRequest &request) const
{
    const QUrlQuery query = queryOf(request);
    const QStringList types = query.allQueryItemValues(QStringLiteral("types"), QUrl::FullyDecoded);
    const int limit = valueOf(query, "limit").isEmpty() ? 10 : valueOf(query, "limit").toInt();
    if (limit < 1 || limit > 100)
        return FakeReply::error(400, "limit");
    QJsonArray rows;
    for (const auto &row : events) {
        const QJsonObject event = row.toObject();
        const bool isWanted = types.isEmpty() || types.contains(event[QStringLiteral("type")].toString());
        if (!isWanted || (!sandboxId.isEmpty() && event[QStringLiteral("sandboxId")].toString() != sandboxId))
            continue;
        if (valueOf(query, "orderAsc") == u"true")
            rows.prepend(event);
        else
            rows.append(event);
    }
    return answerJson(200, page(rows, valueOf(query, "offset").toInt(), limit));
}

FakeReply FakeWebhookApi::answerDeliveries(const QString &id, const FakeRequest &request) const
{
    const QUrlQuery query = queryOf(request);
    const QString status = valueOf(query, "deliveryStatus");
    const QStringList types = valueOf(query, "eventType").split(u',', Qt::SkipEmptyParts);
    QJsonArray rows;
    for (const auto &row : deliveries.value(id)) {
        const QJsonObject group = row.toObject();
        const auto attempts = group[QStringLiteral("attempts")].toArray();
        const QString last = attempts.last().toObject()[QStringLiteral("status")].toString();
        if ((status.isEmpty() || last == status)
            && (types.isEmpty() || types.contains(group[QStringLiteral("eventType")].toString())))
            rows.append(group);
    }
    const int offset = valueOf(query, "cursor").toInt();
    const int limit = valueOf(query, "limit").toInt();
    const bool hasMore = offset + limit < rows.size();
    return answerJson(200,
                      QJsonObject{{QStringLiteral("data"), page(rows, offset, limit)},
                                  {QStringLiteral("nextCursor"),
                                   hasMore ? QJsonValue(QString::number(offset + limit)) : QJsonValue()}});
}

FakeReply FakeWebhookApi::create(const FakeRequest &request)
{
    QJsonObject webhook = QJsonDocument::fromJson(request.body).object();
    for (const char *member : {"name", "url", "signatureSecret"}) {
        if (webhook[QLatin1StringView(member)].toString().isEmpty())
            return FakeReply::error(400, QByteArray(member) + " is missing");
    }
    const QString id = QStringLiteral("w%1").arg(++m_made);
    webhook[QStringLiteral("id")] = id;
    webhook[QStringLiteral("createdAt")] = QStringLiteral("2026-08-20T10:00:00Z");
    webhooks[id] = webhook;
    return answerJson(201, shown(webhook));
}

FakeReply FakeWebhookApi::change(const QString &id, const FakeRequest &request)
{
    const QJsonObject body = QJsonDocument::fromJson(request.body).object();
    for (auto member = body.begin(); member != body.end(); ++member)
        webhooks[id][member.key()] = member.value();
    return answerJson(200, shown(webhooks.value(id)));
}

} // namespace sandglass::testsupport
