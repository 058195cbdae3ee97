#include "services/stream/streamserver.h"

#include "services/lifecycle/receiveraccess.h"
#include "services/stream/streamworker.h"

#include <QThread>

#include <utility>

namespace sandglass::stream {

struct StreamServer::Private
{
    Private(const lifecycle::Journal &given, cost::RateCard prices, StreamServerOptions wishes)
        : journal(given), card(std::move(prices)), options(std::move(wishes))
    {}

    const lifecycle::Journal &journal;
    cost::RateCard card;
    const StreamServerOptions options;
    const std::shared_ptr<StreamCounters> counters = std::make_shared<StreamCounters>();
    QThread thread;
    StreamWorker *worker = nullptr; ///< lives in the thread
    std::uint16_t port = 0;
};

StreamServer::StreamServer(const lifecycle::Journal &journal, cost::RateCard card, StreamServerOptions options)
    : d(std::make_unique<Private>(journal, std::move(card), std::move(options)))
{}

StreamServer::~StreamServer()
{
    if (!d->worker)
        return;
    endWorker(d->worker, d->thread, [this] { d->worker->closeAll(); });
}

Result<> StreamServer::start()
{
    const StreamServerOptions &options = d->options;
    const bool hasTls = !options.certificateFile.empty() || !options.keyFile.empty();
    // On loopback, too: other users of the machine share it.
    if (options.token.size() < lifecycle::shortestToken)
        return failure(Error::Kind::Local, "the live stream needs a token of 16 or more characters", 0, "needs_token");
    if (const auto allowed = lifecycle::mayListen(options.address, hasTls || options.allowPlainText, options.token);
        !allowed)
        return allowed;
    d->worker = new StreamWorker(d->journal, d->card, options, d->counters);
    d->worker->moveToThread(&d->thread);
    d->thread.setObjectName(QStringLiteral("stream"));
    d->thread.start();
    Result<std::uint16_t> listening = std::uint16_t{0};
    d->worker->inbox().postAndWait([this, &listening] { listening = d->worker->listen(); });
    if (!listening)
        return failure(listening.error());
    d->port = *listening;
    return {};
}

std::uint16_t StreamServer::port() const
{
    return d->port;
}

std::string StreamServer::url() const
{
    const bool isIpv6 = d->options.address.find(':') != std::string::npos;
    const std::string host = isIpv6 ? "[" + d->options.address + "]" : d->options.address;
    return (d->options.certificateFile.empty() ? "ws://" : "wss://") + host + ":" + std::to_string(d->port) + "/stream";
}

void StreamServer::eventsArrived()
{
    if (d->worker && !d->counters->isWoken.exchange(true))
        d->worker->inbox().post([worker = d->worker] { worker->eventsArrived(); });
}

void StreamServer::setCost(const CostTick &tick)
{
    if (d->worker)
        d->worker->inbox().post([worker = d->worker, tick] { worker->setCost(tick); });
}

void StreamServer::setRateCard(cost::RateCard card)
{
    if (d->worker)
        d->worker->inbox().post([worker = d->worker, fresh = std::move(card)] { worker->setRateCard(fresh); });
    else
        d->card = std::move(card);
}

void StreamServer::setTemplateName(const std::string &templateId, const std::string &name)
{
    if (d->worker)
        d->worker->inbox().post([worker = d->worker, templateId, name] { worker->setTemplateName(templateId, name); });
}

StreamStatistics StreamServer::statistics() const
{
    const StreamCounters &counters = *d->counters;
    return {counters.clients, counters.accepted, counters.refused, counters.dropped, counters.events};
}

} // namespace sandglass::stream
