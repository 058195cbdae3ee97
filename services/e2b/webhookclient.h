#pragma once

#include "services/core/result.h"
#include "services/e2b/types.h"
#include "services/e2b/webhooktypes.h"

#include <QFuture>
#include <QObject>

#include <string>
#include <vector>

namespace sandglass::e2b {

class ApiCaller;

/// Webhooks, their delivery log and the lifecycle events of one API: Client::webhooks(). Asynchronous and cancellable.
/// Reads and removals are repeated with back-off, create and edit are not.
/// Errors: code "not_supported" where the installation has no such routes (self-hosted E2B), "secret_too_short" (Local)
/// before anything is sent.
class WebhookClient final : public QObject
{
    Q_OBJECT
public:
    explicit WebhookClient(ApiCaller &api, QObject *parent = nullptr);

    [[nodiscard]] QFuture<Result<std::vector<WebhookInfo>>> list();
    [[nodiscard]] QFuture<Result<WebhookInfo>> create(const WebhookSpec &spec);
    [[nodiscard]] QFuture<Result<WebhookInfo>> webhook(const std::string &id);
    [[nodiscard]] QFuture<Result<WebhookInfo>> edit(const std::string &id, const WebhookEdit &edit);
    [[nodiscard]] QFuture<Result<WebhookInfo>> setEnabled(const std::string &id, bool enabled);
    /// Deliveries signed with the old secret may still be under way: receivers keep both for a while.
    [[nodiscard]] QFuture<Result<WebhookInfo>> rotateSecret(const std::string &id, const std::string &secret);
    [[nodiscard]] QFuture<Result<>> remove(const std::string &id); ///< already gone is success

    [[nodiscard]] QFuture<Result<DeliveryPage>> deliveries(const std::string &id, const DeliveryQuery &query);
    /// Without times: the last 24 hours. E2B refuses more than 7 days.
    [[nodiscard]] QFuture<Result<DeliveryStatistics>>
    statistics(const std::string &id, std::optional<Timestamp> start = {}, std::optional<Timestamp> end = {});

    /// One page of the events API. Pages are by offset: an event that comes in between moves the rest by one, so that
    /// newest first may repeat rows (harmless, ids tell) but leaves none out.
    [[nodiscard]] QFuture<Result<EventPage>> events(const EventQuery &query);

private:
    ApiCaller &m_api;
};

} // namespace sandglass::e2b
