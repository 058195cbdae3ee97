#pragma once

#include "services/core/result.h"
#include "services/e2b/types.h"

#include <QObject>
#include <QString>

#include <vector>

namespace sandglass::e2b {
class Client;
}

namespace sandglass::app {

/// Registers this program's receiver at an engine. Registrations of an earlier start that a crash left behind are
/// recognised by their name and removed first.
class WebhookRegistration final : public QObject
{
    Q_OBJECT
public:
    WebhookRegistration(e2b::Client &client, QObject *parent = nullptr);

    /// Starts over; `registered` or `failed` follows.
    void registerReceiver(const QString &url, const QString &secret);
    [[nodiscard]] bool isRegistered() const { return !m_webhookId.empty(); }

Q_SIGNALS:
    void registered();
    void failed(const sandglass::Error &error);

private:
    void removeStale(std::vector<e2b::WebhookInfo> webhooks);
    void create();

    e2b::Client &m_client;
    e2b::WebhookSpec m_spec;
    std::string m_webhookId;
    int m_pendingRemovals = 0;
    int m_generation = 0; ///< answers to an earlier registration are ignored
};

} // namespace sandglass::app
