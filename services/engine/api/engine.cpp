#include "services/engine/api/engine.h"

#include "services/core/paths.h"
#include "services/engine/api/apikey.h"
#include "services/engine/api/controlplane.h"
#include "services/engine/api/sandboxgateway.h"
#include "services/engine/api/snapshots.h"
#include "services/engine/broker/names.h"
#include "services/engine/builds/templatebuilds.h"

#include <boost/asio/io_context.hpp>

#include <optional>

namespace sandglass::engine {

namespace {

constexpr std::chrono::hours kPruneInterval{1};
constexpr std::chrono::hours kEventsKept{7 * 24};
constexpr std::chrono::milliseconds kFarewell{1500}; ///< for deliveries at the end

http::ServerOptions serverOptions(std::uint16_t port)
{
    http::ServerOptions options;
    options.port = port;
    options.serverName = "sandglass-engine";
    options.headerDeadline = std::chrono::seconds(60); // SDKs keep connections for a while
    return options;
}

} // namespace

struct Engine::Private
{
    Private(boost::asio::io_context &context, std::unique_ptr<SandboxHost> sandboxHost, EngineOptions given)
        : io(context), host(std::move(sandboxHost)), options(std::move(given)), pruning(io), farewell(io)
    {}

    [[nodiscard]] Result<> openStores();
    [[nodiscard]] Result<> listen(const std::string &apiKey);
    void prune();
    void sayFarewell(std::chrono::steady_clock::time_point until, const std::function<void()> &done);

    boost::asio::io_context &io;
    std::unique_ptr<SandboxHost> host;
    EngineOptions options;
    http::IoThread files{"engine-files"};
    TemplateCatalog catalog;
    std::unique_ptr<EventStore> events;
    std::optional<WebhookStore> webhooks;
    std::optional<Deliverer> deliverer;
    std::optional<SandboxRegistry> registry;
    std::unique_ptr<SnapshotStore> snapshotStore;
    std::unique_ptr<ApiKeyStore> keys;
    std::unique_ptr<SecretStore> secrets;
    std::unique_ptr<VolumeStore> volumeStore;
    std::optional<Volumes> volumes;
    std::optional<VolumeContent> volumeContent;
    std::optional<Snapshots> snapshots;
    std::unique_ptr<TemplateBuilds> builds;
    std::optional<http::Server> api, sandboxes;
    boost::asio::steady_timer pruning, farewell;
};

Engine::Engine() = default;
Engine::~Engine() = default;

Result<> Engine::Private::openStores()
{
    const auto path = options.stateDirectory / "engine.db";
    auto database = Database::open(path.string());
    if (!database)
        return failure(database.error());
    std::error_code ignored; // it holds webhook secrets
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                                 ignored);
    const std::shared_ptr<Database> shared = std::move(*database);
    auto store = EventStore::open(shared);
    if (!store)
        return failure(store.error());
    events = std::move(*store);
    webhooks.emplace(shared, events->teamId());
    deliverer.emplace(io, *webhooks, options.deliverer);
    auto saved = SnapshotStore::open(shared);
    if (!saved)
        return failure(saved.error());
    snapshotStore = std::move(*saved);
    auto moreKeys = ApiKeyStore::open(shared);
    if (!moreKeys)
        return failure(moreKeys.error());
    keys = std::move(*moreKeys);
    registry.emplace(io, *host, catalog, *events, options.registry, [this] {
        deliverer->kick();
        if (snapshots)
            snapshots->sweep();
        if (builds)
            builds->sweep();
    });
    auto folders = VolumeStore::open(shared, options.stateDirectory / volumesDirectory);
    if (!folders)
        return failure(folders.error());
    volumeStore = std::move(*folders);
    auto hidden = SecretStore::open(options.stateDirectory / "secrets.json");
    if (!hidden)
        return failure(hidden.error());
    secrets = std::move(*hidden);
    registry->useSecrets([this](const std::string &name) {
        const Secret *secret = secrets->find(name);
        return secret != nullptr ? std::optional(secret->value) : std::nullopt;
    });
    volumes.emplace(io, files, *volumeStore, *registry, options.volumeBytes);
    registry->recordOrphans();
    snapshots.emplace(io, *registry, catalog, *snapshotStore, LayerStore((options.stateDirectory / "layers").string()));
    auto opened = TemplateBuilds::open(
        {io, *host, *registry, catalog, *snapshotStore, options.stateDirectory.string(), options.rootArchives}, shared);
    if (!opened)
        return failure(opened.error());
    builds = std::move(*opened);
    registry->prepareKernels();
    deliverer->kick();
    prune();
    return {};
}

Result<> Engine::Private::listen(const std::string &apiKey)
{
    const auto spool = options.stateDirectory / "spool";
    if (!ensurePrivateDirectory(spool))
        return failure(Error::Kind::Local, "cannot create " + spool.string());
    volumeContent.emplace(io, files, *volumes, spool.string());
    const auto plane =
        std::make_shared<ControlPlane>(apiKey, *registry, catalog, *events, *webhooks, *deliverer, *snapshots, *builds,
                                       ControlPlane::TeamStores{*keys, *volumes, *volumeContent, *secrets});
    const auto gateway = std::make_shared<SandboxGateway>(io, *registry, files, spool.string());
    api.emplace(io, plane, serverOptions(options.apiPort));
    sandboxes.emplace(io, gateway, serverOptions(options.sandboxPort));
    const auto bind = [](http::Server &server, const char *what, const char *option) -> Result<> {
        const auto bound = server.listen();
        if (bound)
            return {};
        return failure(Error::Kind::Local,
                       std::string("cannot listen for ") + what + ": " + bound.error().message
                           + " (choose another with " + option + ", 0 = any free one)");
    };
    if (const auto bound = bind(*api, "the API", "--api-port"); !bound)
        return bound;
    return bind(*sandboxes, "sandbox traffic", "--sandbox-port");
}

void Engine::Private::prune()
{
    events->prune(systemNow() - kEventsKept);
    pruning.expires_after(kPruneInterval);
    pruning.async_wait([this](const boost::system::error_code &error) {
        if (!error)
            prune();
    });
}

void Engine::Private::sayFarewell(std::chrono::steady_clock::time_point until, const std::function<void()> &done)
{
    if ((deliverer->idle() && builds->idle()) || std::chrono::steady_clock::now() > until)
        return done();
    farewell.expires_after(std::chrono::milliseconds(10));
    farewell.async_wait([this, until, done](const boost::system::error_code &error) {
        if (!error)
            sayFarewell(until, done);
    });
}

Result<std::unique_ptr<Engine>> Engine::create(boost::asio::io_context &io, std::unique_ptr<SandboxHost> host,
                                               EngineOptions options)
{
    std::unique_ptr<Engine> engine(new Engine);
    engine->d = std::make_unique<Private>(io, std::move(host), std::move(options));
    Private &d = *engine->d;
    d.host->attach(io);
    const auto key = loadApiKey(engine->apiKeyFile());
    if (!key)
        return failure(key.error());
    if (const auto opened = d.openStores(); !opened)
        return failure(opened.error());
    if (const auto bound = d.listen(*key); !bound)
        return failure(bound.error());
    return engine;
}

std::string Engine::apiUrl() const
{
    return "http://127.0.0.1:" + std::to_string(d->api->port());
}

std::string Engine::sandboxUrl() const
{
    return "http://127.0.0.1:" + std::to_string(d->sandboxes->port());
}

std::string Engine::apiKeyFile() const
{
    return (d->options.stateDirectory / "api-key").string();
}

const IsolationTier &Engine::tier() const
{
    return d->host->tier();
}

void Engine::shutDown(std::function<void()> done)
{
    d->builds->close();
    d->registry->killAll("admin", [this, done = std::move(done)] {
        d->sayFarewell(std::chrono::steady_clock::now() + kFarewell, done);
    });
}

} // namespace sandglass::engine
