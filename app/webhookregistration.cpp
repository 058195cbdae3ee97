#include "app/webhookregistration.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/client.h"

namespace sandglass::app {

namespace {

constexpr const char *registrationName = "Sandglass desktop";

} // namespace

WebhookRegistration::WebhookRegistration(e2b::Client &client, QObject *parent) : QObject(parent), m_client(client)
{
    m_spec.name = registrationName;
    for (const char *type : {"created", "updated", "paused", "resumed", "killed"})
        m_spec.events.push_back(std::string("sandbox.lifecycle.") + type);
}

void WebhookRegistration::registerReceiver(const QString &url, const QString &secret)
{
    const int generation = ++m_generation;
    m_webhookId.clear();
    m_spec.url = toUtf8(url);
    m_spec.signatureSecret = toUtf8(secret);
    whenDone(m_client.listWebhooks(), this, [this, generation](Result<std::vector<e2b::WebhookInfo>> answer) {
        if (generation != m_generation)
            return;
        if (!answer)
            Q_EMIT failed(answer.error());
        else
            removeStale(std::move(*answer));
    });
}

void WebhookRegistration::removeStale(std::vector<e2b::WebhookInfo> webhooks)
{
    std::erase_if(webhooks, [](const e2b::WebhookInfo &webhook) { return webhook.name != registrationName; });
    m_pendingRemovals = static_cast<int>(webhooks.size());
    if (m_pendingRemovals == 0)
        return create();
    for (const e2b::WebhookInfo &webhook : webhooks) {
        whenDone(m_client.deleteWebhook(webhook.id), this, [this, generation = m_generation](Result<>) {
            // One that cannot be removed only costs deliveries that the receiver knows already.
            if (generation == m_generation && --m_pendingRemovals == 0)
                create();
        });
    }
}

void WebhookRegistration::create()
{
    whenDone(m_client.createWebhook(m_spec), this, [this, generation = m_generation](Result<e2b::WebhookInfo> answer) {
        if (generation != m_generation)
            return;
        if (!answer) {
            Q_EMIT failed(answer.error());
            return;
        }
        m_webhookId = answer->id;
        Q_EMIT registered();
    });
}

} // namespace sandglass::app
