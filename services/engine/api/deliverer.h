#pragma once

#include "services/engine/api/deliveryclient.h"
#include "services/engine/api/webhookstore.h"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <vector>

namespace sandglass::engine {

struct DelivererOptions
{
    int maxTries = 3;
    std::chrono::milliseconds retryInterval{10'000};
    std::chrono::milliseconds timeout{10'000};
    int maxInFlight = 8;
};

/// Sends what the outbox owes, as E2B does: signed, up to three tries ten seconds apart, a delivery id per attempt.
/// io thread only.
class Deliverer final
{
public:
    Deliverer(boost::asio::io_context &io, WebhookStore &store, DelivererOptions options);
    ~Deliverer();
    Deliverer(const Deliverer &) = delete;
    Deliverer &operator=(const Deliverer &) = delete;

    /// Looks into the outbox; call after anything was put there, and once at the start.
    void kick();
    [[nodiscard]] bool idle() const { return m_inFlight.empty(); }

private:
    void start(OwedDelivery owed);
    void finish(const OwedDelivery &owed, DeliveryAttempt attempt);
    void armTimer();

    boost::asio::io_context &m_io;
    WebhookStore &m_store;
    DelivererOptions m_options;
    boost::asio::steady_timer m_timer;
    std::vector<std::int64_t> m_inFlight;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace sandglass::engine
