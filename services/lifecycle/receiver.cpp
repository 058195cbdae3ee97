#include "services/lifecycle/receiver.h"

#include "services/core/json.h"
#include "services/http/server.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/signature.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <mutex>
#include <thread>
#include <vector>

namespace sandglass::lifecycle {

namespace {

constexpr std::string_view webhookPath = "/webhooks/e2b";
constexpr std::string_view healthPath = "/health";
constexpr std::string_view signatureHeader = "e2b-signature";
constexpr std::uint64_t bodyLimit = 1U << 20;

struct Counters
{
    std::atomic<std::uint64_t> accepted = 0, duplicates = 0, badSignature = 0, missingSignature = 0, malformed = 0,
                               tooLarge = 0, wrongPath = 0, wrongMethod = 0, unavailable = 0;
    std::atomic<std::int64_t> lastAcceptedUnixMs = 0;
};

/// A delivery the journal has dealt with.
struct Settled
{
    std::shared_ptr<http::Exchange> exchange;
    std::string eventId;
    Journal::Outcome outcome;
};

/// Hands what one commit settled to the network thread in one piece: a wake-up per delivery would cost more than the
/// commit. Shared with callbacks inside the journal, which may come after the receiver is gone.
class Outbox final
{
public:
    using Answer = std::function<void(std::vector<Settled>)>;

    Outbox(http::IoThread &io, Answer answer) : m_io(&io), m_answer(std::move(answer)) {}

    void add(Settled settled)
    {
        const std::lock_guard lock(m_mutex);
        m_settled.push_back(std::move(settled));
    }

    void flush()
    {
        std::vector<Settled> batch; // outlives the lock when nobody takes it
        const std::lock_guard lock(m_mutex);
        batch.swap(m_settled);
        if (m_io && !batch.empty())
            m_io->post([answer = m_answer, settled = std::move(batch)]() mutable { answer(std::move(settled)); });
    }

    void close()
    {
        std::vector<Settled> dropped; // destroyed after the lock is gone
        Answer answer;
        const std::lock_guard lock(m_mutex);
        m_io = nullptr;
        dropped.swap(m_settled);
        answer.swap(m_answer);
    }

private:
    std::mutex m_mutex;
    http::IoThread *m_io;
    Answer m_answer;
    std::vector<Settled> m_settled;
};

bool isWebhookPath(std::string_view path)
{
    if (!path.starts_with(webhookPath))
        return false;
    path.remove_prefix(webhookPath.size());
    return path.empty() || (path.size() > 1 && path.front() == '/' && path.find('/', 1) == path.npos);
}

std::uint64_t announcedLength(const http::RequestHead &head)
{
    const std::string_view text = head.header("content-length");
    std::uint64_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    return length;
}

// {"status":"ok","event_id":…}: ids are nearly always plain, and then need no JSON library.
http::Response acknowledgement(const std::string &eventId)
{
    const bool isPlain = std::ranges::all_of(eventId, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_'
            || c == '.' || c == '/' || c == ':';
    });
    if (!isPlain)
        return http::Response::json(200, dumpJson(Json{{"status", "ok"}, {"event_id", eventId}}));
    std::string body;
    body.reserve(eventId.size() + 40);
    body.append(R"({"status":"ok","event_id":")").append(eventId).append("\"}");
    return http::Response::json(200, std::move(body));
}

http::Response unavailable(std::string_view why)
{
    http::Response response = http::Response::error(503, why);
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

http::Response notAllowed(const char *allowed)
{
    http::Response response = http::Response::error(405, "Method not allowed");
    response.headers.emplace_back("Allow", allowed);
    return response;
}

} // namespace

class WebhookHandler final : public http::Handler
{
public:
    WebhookHandler(Journal &journal, ReceiverOptions options, Counters &counters)
        : m_journal(journal), m_options(std::move(options)), m_counters(counters)
    {}

    void setOutbox(std::shared_ptr<Outbox> outbox) { m_outbox = std::move(outbox); }

    [[nodiscard]] http::Admission admit(const http::RequestHead &head) override;
    void handle(http::Request request, std::shared_ptr<http::BodySink> sink,
                std::shared_ptr<http::Exchange> exchange) override;
    void refused(const http::RequestHead &head, int status) override;
    void answer(const Settled &settled);

private:
    void store(Event event, std::shared_ptr<http::Exchange> exchange);

    Journal &m_journal;
    const ReceiverOptions m_options;
    Counters &m_counters;
    std::shared_ptr<Outbox> m_outbox;
};

// Everything that can be refused without the body is refused before it is read.
http::Admission WebhookHandler::admit(const http::RequestHead &head)
{
    http::Admission admission;
    admission.bodyLimit = bodyLimit;
    const auto reject = [&](std::atomic<std::uint64_t> &counter, http::Response response) {
        ++counter;
        admission.rejection = std::make_unique<http::Response>(std::move(response));
    };
    if (head.path == healthPath) {
        if (head.method != "GET" && head.method != "HEAD")
            reject(m_counters.wrongMethod, notAllowed("GET, HEAD"));
    } else if (!isWebhookPath(head.path)) {
        reject(m_counters.wrongPath, http::Response::error(404, "Not found"));
    } else if (head.method != "POST") {
        reject(m_counters.wrongMethod, notAllowed("POST"));
    } else if (announcedLength(head) > bodyLimit) {
        return admission; // the server answers 413 and tells refused()
    } else if (const int signatures = head.countHeader(signatureHeader); signatures == 0) {
        reject(m_counters.missingSignature, http::Response::error(401, "Missing signature"));
    } else if (signatures > 1) {
        reject(m_counters.badSignature, http::Response::error(401, "More than one signature"));
    }
    return admission;
}

void WebhookHandler::handle(http::Request request, std::shared_ptr<http::BodySink> /*sink*/,
                            std::shared_ptr<http::Exchange> exchange)
{
    if (request.path == healthPath) {
        const Json health{{"status", "healthy"}, {"events_processed", m_counters.accepted.load()}};
        return exchange->respond(http::Response::json(200, dumpJson(health)));
    }
    if (!verifyDelivery(m_options.secret, request.body, request.header(signatureHeader))) {
        ++m_counters.badSignature;
        return exchange->respond(http::Response::error(401, "Invalid signature"));
    }
    auto event = decodeEvent(request.body, EventSource::Webhook, m_options.clock());
    if (!event) {
        ++m_counters.malformed;
        return exchange->respond(http::Response::error(400, "Not an event: " + event.error().message));
    }
    store(std::move(*event), std::move(exchange));
}

void WebhookHandler::store(Event event, std::shared_ptr<http::Exchange> exchange)
{
    std::string id = event.id;
    m_journal.append(std::move(event),
                     [outbox = m_outbox, exchange = std::move(exchange), id = std::move(id),
                      networkThread = std::this_thread::get_id()](Journal::Outcome outcome) mutable {
                         outbox->add({std::move(exchange), std::move(id), outcome});
                         if (std::this_thread::get_id() == networkThread)
                             outbox->flush(); // refused at once: no commit will follow
                     });
}

void WebhookHandler::answer(const Settled &settled)
{
    switch (settled.outcome) {
    case Journal::Outcome::Stored:
        ++m_counters.accepted;
        m_counters.lastAcceptedUnixMs = toUnixMs(m_options.clock());
        return settled.exchange->respond(acknowledgement(settled.eventId));
    case Journal::Outcome::Duplicate:
        ++m_counters.duplicates;
        return settled.exchange->respond(acknowledgement(settled.eventId));
    case Journal::Outcome::Busy:
        ++m_counters.unavailable;
        return settled.exchange->respond(unavailable("Too many events are waiting"));
    case Journal::Outcome::Failed:
        ++m_counters.unavailable;
        return settled.exchange->respond(unavailable("The event could not be stored"));
    }
}

void WebhookHandler::refused(const http::RequestHead & /*head*/, int status)
{
    ++(status == 413 ? m_counters.tooLarge : m_counters.malformed);
}

struct Receiver::Private
{
    Private(Journal &eventJournal, ReceiverOptions options)
        : journal(eventJournal)
        , port(options.port)
        , portTries(options.portTries)
        , handler(std::make_shared<WebhookHandler>(eventJournal, std::move(options), counters))
    {}

    Journal &journal;
    const std::uint16_t port;
    const int portTries;
    Counters counters;
    std::shared_ptr<WebhookHandler> handler;
    std::shared_ptr<Outbox> outbox;
    std::unique_ptr<http::IoThread> io;
    std::unique_ptr<http::Server> server; // before io: it closes its sockets while the context still exists
};

Receiver::Receiver(Journal &journal, ReceiverOptions options)
    : d(std::make_unique<Private>(journal, std::move(options)))
{}

Receiver::~Receiver()
{
    stop();
}

Result<> Receiver::start()
{
    http::ServerOptions options;
    options.port = d->port;
    options.portTries = d->portTries;
    d->io = std::make_unique<http::IoThread>("receiver");
    d->server = std::make_unique<http::Server>(d->io->context(), d->handler, options);
    d->outbox = std::make_shared<Outbox>(*d->io, [handler = d->handler](const std::vector<Settled> &batch) {
        for (const Settled &settled : batch)
            handler->answer(settled);
    });
    // All in place before the first request can come.
    d->handler->setOutbox(d->outbox);
    d->journal.setBatchEnd([outbox = d->outbox] { outbox->flush(); });
    auto listening = d->server->listen();
    if (!listening)
        stop();
    return listening;
}

void Receiver::stop()
{
    if (!d->io)
        return;
    d->journal.setBatchEnd({});
    d->outbox->close();
    d->io->stop();
    d->server.reset();
    d->io.reset();
}

std::uint16_t Receiver::port() const
{
    return d->server ? d->server->port() : 0;
}

std::string Receiver::url() const
{
    return "http://127.0.0.1:" + std::to_string(port()) + std::string(webhookPath);
}

ReceiverStatistics Receiver::statistics() const
{
    const Counters &c = d->counters;
    return {c.accepted, c.duplicates, c.badSignature, c.missingSignature, c.malformed,
            c.tooLarge, c.wrongPath,  c.wrongMethod,  c.unavailable,      c.lastAcceptedUnixMs};
}

} // namespace sandglass::lifecycle
