#pragma once

#include "tests/support/fakee2bserver.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QMap>

namespace sandglass::testsupport {

/// The events and webhooks of E2B on a FakeE2bServer: real state behind the real routes (e2b-protocol.md 3.1, 3.2).
/// Any route of it can be made to fail, once or for good, with failNext().
class FakeWebhookApi final
{
public:
    explicit FakeWebhookApi(FakeE2bServer &server);

    /// The next `times` requests whose "METHOD /path" begins so get `reply` instead. -1 = all.
    void failNext(const QByteArray &methodAndPath, FakeReply reply, int times = 1);

    /// Newest first, as the events API answers; camelCase members of 3.1.
    QJsonArray events;
    QMap<QString, QJsonObject> webhooks;  ///< by id; with "signatureSecret", which no answer shows
    QMap<QString, QJsonArray> deliveries; ///< by webhook id: groups, newest first
    QMap<QString, QJsonObject> statistics;
    int answerDelayMs = 0; ///< the request has its effect at once

private:
    struct Failure
    {
        QByteArray prefix;
        FakeReply reply;
        int times;
    };

    [[nodiscard]] FakeReply answer(const FakeRequest &request);
    [[nodiscard]] FakeReply answerEvents(const QString &sandboxId, const FakeRequest &request) const;
    [[nodiscard]] FakeReply answerDeliveries(const QString &id, const FakeRequest &request) const;
    [[nodiscard]] FakeReply create(const FakeRequest &request);
    [[nodiscard]] FakeReply change(const QString &id, const FakeRequest &request);

    QList<Failure> m_failures;
    int m_made = 0;
};

} // namespace sandglass::testsupport
