#pragma once

#include "services/http/server.h"
#include "services/lifecycle/receiver.h"
#include "services/lifecycle/receiverclock.h"
#include "services/telemetry/figures.h"

#include <atomic>
#include <limits>

namespace sandglass::lifecycle {

class DeliveryTrace;
class Outbox;
struct Event;
struct Settled;

inline constexpr std::string_view webhookPath = "/webhooks/e2b";

/// Written on the network thread, read by any.
struct ReceiverCounters
{
    std::atomic<std::uint64_t> accepted = 0, duplicates = 0, badSignature = 0, missingSignature = 0, malformed = 0,
                               tooLarge = 0, wrongPath = 0, wrongMethod = 0, unavailable = 0, outsideWindow = 0,
                               unauthorized = 0;
    std::atomic<std::int64_t> lastAcceptedUnixMs = 0;
    std::atomic<std::int64_t> lowestDelayMs = unknownDelay;
    static constexpr std::int64_t unknownDelay = std::numeric_limits<std::int64_t>::min();
};

/// What the receiver says to each request. All on the network thread.
class WebhookHandler final : public http::Handler
{
public:
    WebhookHandler(Journal &journal, ReceiverOptions options, ReceiverCounters &counters,
                   std::shared_ptr<Quarantine> quarantine);

    void setOutbox(std::shared_ptr<Outbox> outbox) { m_outbox = std::move(outbox); }
    void setSecrets(std::vector<SigningSecret> secrets) { m_secrets = std::move(secrets); }
    void nameSession(std::string metadataKey, std::string name)
    {
        m_sessionKey = std::move(metadataKey);
        m_sessionName = std::move(name);
    }

    [[nodiscard]] http::Admission admit(const http::RequestHead &head) override;
    void handle(http::Request request, std::shared_ptr<http::BodySink> sink,
                std::shared_ptr<http::Exchange> exchange) override;
    void refused(const http::RequestHead &head, int status) override;
    void answer(Settled &settled);
    void retry(std::int64_t quarantineId, const std::function<void(Result<bool>)> &done);

private:
    struct Refusal; ///< an answer, and how it is counted and kept

    [[nodiscard]] std::optional<Refusal> refusalOf(const http::RequestHead &head);
    [[nodiscard]] std::optional<Refusal> refusalOfGet(const http::RequestHead &head);
    [[nodiscard]] bool isSignatureAccepted(const http::Request &request) const;
    [[nodiscard]] bool isOutsideWindow(const http::Request &request, const Event &event,
                                       const std::shared_ptr<http::Exchange> &exchange, DeliveryTrace &trace);
    void keep(const http::RequestHead &head, std::string_view body, const Refusal &refusal);
    void refuse(const http::Request &request, Refusal refusal, http::Exchange &exchange, DeliveryTrace &trace);
    void answerHealth(http::Exchange &exchange) const;
    void store(Event event, std::shared_ptr<http::Exchange> exchange, DeliveryTrace trace);

    Journal &m_journal;
    const ReceiverOptions m_options;
    ReceiverCounters &m_counters;
    const std::shared_ptr<Quarantine> m_quarantine;
    std::vector<SigningSecret> m_secrets;
    std::string m_sessionKey; ///< of the metadata of the sandboxes of one session; empty = there is none
    std::string m_sessionName;
    std::shared_ptr<Outbox> m_outbox;
    DeliveryClock m_clock;
    telemetry::Histogram &m_ages = telemetry::figures().eventAge.with({});
};

} // namespace sandglass::lifecycle
