#include "services/lifecycle/receiver.h"

#include "services/http/server.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/quarantinekeeper.h"
#include "services/lifecycle/receiveraccess.h"
#include "services/lifecycle/receiverhandler.h"
#include "services/lifecycle/receiveroutbox.h"
#include "services/lifecycle/restapi.h"

#include <future>

namespace sandglass::lifecycle {

struct Receiver::Private
{
    Private(Journal &eventJournal, ReceiverOptions given)
        : journal(eventJournal)
        , options(std::move(given))
        , quarantine(std::make_shared<Quarantine>(options.quarantine, options.clock))
        , handler(std::make_shared<WebhookHandler>(eventJournal, options, *counters, quarantine))
    {}

    [[nodiscard]] http::ServerOptions serverOptions() const;

    Journal &journal;
    const ReceiverOptions options;
    const std::shared_ptr<ReceiverCounters> counters = std::make_shared<ReceiverCounters>();
    const std::shared_ptr<Quarantine> quarantine;
    std::unique_ptr<QuarantineKeeper> keeper;
    std::shared_ptr<WebhookHandler> handler;
    std::shared_ptr<Outbox> outbox;
    std::unique_ptr<http::IoThread> io;
    std::unique_ptr<http::Server> server; // before io: it closes its sockets while the context still exists
};

http::ServerOptions Receiver::Private::serverOptions() const
{
    http::ServerOptions out;
    out.address = options.address;
    out.port = options.port;
    out.portTries = options.portTries;
    out.maxConnections = options.maxConnections;
    out.headerDeadline = options.idleLimit;
    out.certificateFile = options.certificateFile;
    out.keyFile = options.keyFile;
    return out;
}

Receiver::Receiver(Journal &journal, ReceiverOptions options)
    : d(std::make_unique<Private>(journal, std::move(options)))
{}

Receiver::~Receiver()
{
    stop();
}

Result<> Receiver::start()
{
    if (const auto allowed =
            mayListen(d->options.address, !d->options.certificateFile.empty() || d->options.allowPlainText,
                      d->options.bearerToken);
        !allowed)
        return allowed;
    if (!d->options.quarantineFile.empty())
        d->keeper = std::make_unique<QuarantineKeeper>(*d->quarantine, d->options.quarantineFile);
    d->io = std::make_unique<http::IoThread>("receiver", d->options.niceness);
    d->server = std::make_unique<http::Server>(d->io->context(), d->handler, d->serverOptions());
    d->outbox = std::make_shared<Outbox>(*d->io, [handler = d->handler](std::vector<Settled> batch) {
        for (Settled &settled : batch)
            handler->answer(settled);
    });
    // All in place before the first request can come.
    d->handler->setOutbox(d->outbox);
    d->journal.setBatchEnd([outbox = d->outbox] { outbox->flush(); });
    if (d->options.rest) {
        d->options.rest->setDeliveryFigures([counters = d->counters, quarantine = d->quarantine](OpenMetrics &out) {
            appendDeliveryFigures(out, *counters, *quarantine);
        });
    }
    auto listening = d->server->listen();
    if (!listening)
        stop();
    return listening;
}

void Receiver::stop()
{
    if (!d->io)
        return;
    if (d->options.rest) {
        d->options.rest->setDeliveryFigures({});
        d->options.rest->dropWaiting();
    }
    if (d->server->port() != 0) {
        // A delivery that is on its way to the disk gets its answer; the sender need not try again.
        const auto drained = std::make_shared<std::promise<void>>();
        auto isDrained = drained->get_future();
        d->server->stop(d->options.stopGrace, [drained] { drained->set_value(); });
        isDrained.wait_for(d->options.stopGrace + std::chrono::seconds(1));
    }
    d->journal.setBatchEnd({});
    d->outbox->close();
    d->io->stop();
    d->server.reset();
    d->io.reset();
    d->keeper.reset();
}

std::uint16_t Receiver::port() const
{
    return d->server ? d->server->port() : 0;
}

std::string Receiver::url() const
{
    const char *scheme = d->options.certificateFile.empty() ? "http://" : "https://";
    const bool isIpv6 = d->options.address.find(':') != std::string::npos;
    const std::string host = isIpv6 ? "[" + d->options.address + "]" : d->options.address;
    return scheme + host + ":" + std::to_string(port()) + std::string(webhookPath);
}

ReceiverStatistics Receiver::statistics() const
{
    return statisticsOf(*d->counters);
}

void Receiver::nameSession(std::string metadataKey, std::string name)
{
    if (!d->io)
        return d->handler->nameSession(std::move(metadataKey), std::move(name));
    d->io->post([handler = d->handler, key = std::move(metadataKey), value = std::move(name)]() mutable {
        handler->nameSession(std::move(key), std::move(value));
    });
}

void Receiver::setSecrets(std::vector<SigningSecret> secrets)
{
    if (!d->io)
        return d->handler->setSecrets(std::move(secrets));
    d->io->post(
        [handler = d->handler, fresh = std::move(secrets)]() mutable { handler->setSecrets(std::move(fresh)); });
}

Quarantine &Receiver::quarantine()
{
    return *d->quarantine;
}

std::optional<Error> Receiver::quarantineFailure() const
{
    return d->keeper ? d->keeper->lastFailure() : std::nullopt;
}

void Receiver::retry(std::int64_t quarantineId, std::function<void(Result<bool>)> done)
{
    if (d->io)
        d->io->post(
            [handler = d->handler, quarantineId, done = std::move(done)] { handler->retry(quarantineId, done); });
}

} // namespace sandglass::lifecycle
