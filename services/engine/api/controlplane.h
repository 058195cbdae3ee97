#pragma once

#include "services/engine/api/apikeystore.h"
#include "services/engine/api/deliverer.h"
#include "services/engine/api/eventstore.h"
#include "services/engine/api/registry.h"
#include "services/engine/api/router.h"
#include "services/engine/api/snapshots.h"
#include "services/engine/api/templatecatalog.h"
#include "services/engine/api/templateroutes.h"
#include "services/engine/api/webhookstore.h"
#include "services/engine/secrets/secretstore.h"
#include "services/engine/volumes/volumecontent.h"

#include <string>

namespace sandglass::engine {

/// E2B's control plane: sandboxes, templates, events and webhooks (e2b-protocol 2 and 3). Every request but
/// GET /health needs the API key.
class ControlPlane final : public http::Handler
{
public:
    /// What belongs to the team as a whole.
    struct TeamStores
    {
        ApiKeyStore &keys;
        Volumes &volumes;
        VolumeContent &contents;
        SecretStore &secrets;
    };

    /// `apiKey` is always accepted, those of the team's store beside it.
    ControlPlane(std::string apiKey, SandboxRegistry &registry, TemplateCatalog &catalog, EventStore &events,
                 WebhookStore &webhooks, Deliverer &deliverer, Snapshots &snapshots, TemplateBuilds &builds,
                 TeamStores team);

    [[nodiscard]] http::Admission admit(const http::RequestHead &head) override;
    void handle(http::Request request, std::shared_ptr<http::BodySink> sink,
                std::shared_ptr<http::Exchange> exchange) override;

private:
    using ExchangePtr = std::shared_ptr<http::Exchange>;
    [[nodiscard]] std::unique_ptr<http::Response> authenticate(const http::RequestHead &head) const;
    void addSandboxRoutes();
    void addMetricRoutes();
    void addLogRoutes();
    void addEventRoutes();
    void addWebhookRoutes();
    void addSnapshotRoutes();
    void addUnavailableRoutes();

    void createSandbox(const http::Request &request, const ExchangePtr &exchange);
    void listSandboxes(const http::Request &request, bool legacy, const ExchangePtr &exchange);
    void connectSandbox(const http::Request &request, const std::string &id, bool legacy, const ExchangePtr &exchange);
    void takeSnapshot(const http::Request &request, const std::string &id, const ExchangePtr &exchange);
    void listSnapshots(const http::Request &request, const ExchangePtr &exchange);
    void forkSandbox(const http::Request &request, const std::string &id, const ExchangePtr &exchange);
    void changeNetwork(const http::Request &request, const std::string &id, const ExchangePtr &exchange);
    void sandboxMetrics(const http::Request &request, const std::string &id, const ExchangePtr &exchange);
    void bulkMetrics(const http::Request &request, const ExchangePtr &exchange);
    void sandboxLogs(const http::Request &request, const std::string &id, bool legacy, const ExchangePtr &exchange);
    void listEvents(const http::Request &request, const std::string &sandboxId, const ExchangePtr &exchange);
    void createWebhook(const http::Request &request, const ExchangePtr &exchange);
    void changeWebhook(const http::Request &request, const std::string &id, const ExchangePtr &exchange);
    void listDeliveries(const http::Request &request, const std::string &id, const ExchangePtr &exchange);

    std::string m_apiKey;
    SandboxRegistry &m_registry;
    TemplateCatalog &m_catalog;
    EventStore &m_events;
    WebhookStore &m_webhooks;
    Deliverer &m_deliverer;
    Snapshots &m_snapshots;
    TemplateBuilds &m_builds;
    TemplateRoutes m_templates;
    TeamStores m_team;
    Router m_router;
};

} // namespace sandglass::engine
