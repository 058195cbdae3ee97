#include "services/lifecycle/receiverhandler.h"

#include "services/core/json.h"
#include "services/lifecycle/journal.h"
#include "services/lifecycle/receiveraccess.h"
#include "services/lifecycle/receiveroutbox.h"
#include "services/lifecycle/restapi.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <thread>

namespace sandglass::lifecycle {

namespace {

constexpr std::string_view healthPath = "/health";
constexpr std::string_view signatureHeader = "e2b-signature";
constexpr std::uint64_t bodyLimit = 1U << 20;
constexpr std::string_view sessionRule = "A session's name is 1 to 128 letters, digits or any of . _ - ~ : @";

/// The addresses that the monitors before this one registered; they name a session always.
constexpr std::array<std::string_view, 2> olderPaths = {"/workflow", "/generation"};

/// What stands behind the webhook's path: nothing, or the session's name as it was sent. None: of another path.
std::optional<std::string_view> sessionOf(std::string_view path)
{
    if (path == webhookPath)
        return std::string_view();
    const std::size_t slash = path.rfind('/');
    if (slash == path.npos || slash + 1 == path.size())
        return std::nullopt;
    const std::string_view before = path.substr(0, slash);
    if (before != webhookPath && std::ranges::find(olderPaths, before) == olderPaths.end())
        return std::nullopt;
    return path.substr(slash + 1);
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

std::string seconds(std::chrono::seconds outside)
{
    const bool isOld = outside.count() < 0;
    return std::to_string(std::abs(outside.count()))
        + (isOld ? " s older than allowed" : " s further ahead than allowed");
}

} // namespace

struct WebhookHandler::Refusal
{
    std::atomic<std::uint64_t> *counter = nullptr;
    http::Response response;
    std::optional<RefusalKind> kind{};    ///< empty: not kept
    std::optional<Diagnosis> diagnosis{}; ///< empty: ask the doctor
};

WebhookHandler::WebhookHandler(Journal &journal, ReceiverOptions options, ReceiverCounters &counters,
                               std::shared_ptr<Quarantine> quarantine)
    : m_journal(journal), m_options(std::move(options)), m_counters(counters), m_quarantine(std::move(quarantine))
{
    m_secrets = m_options.moreSecrets;
    m_secrets.insert(m_secrets.begin(), SigningSecret{"current", m_options.secret, true});
}

// Everything that can be refused without the body is refused before it is read.
http::Admission WebhookHandler::admit(const http::RequestHead &head)
{
    http::Admission admission;
    admission.bodyLimit = bodyLimit;
    admission.bodyDeadline = m_options.idleLimit;
    if (std::optional<Refusal> refusal = refusalOf(head)) {
        ++*refusal->counter;
        keep(head, {}, *refusal);
        admission.rejection = std::make_unique<http::Response>(std::move(refusal->response));
    }
    return admission;
}

std::optional<WebhookHandler::Refusal> WebhookHandler::refusalOf(const http::RequestHead &head)
{
    using Kind = RefusalKind;
    if (head.path == healthPath || (m_options.rest && m_options.rest->owns(head.path)))
        return refusalOfGet(head);
    const auto session = sessionOf(head.path);
    const bool isBadName = session && !session->empty() && !isSessionName(*session);
    if (!session || isBadName) {
        Refusal refusal{&m_counters.wrongPath,
                        isBadName ? http::Response::error(400, sessionRule) : http::Response::error(404, "Not found")};
        if (head.method == "POST" && head.countHeader(signatureHeader) > 0) { // a delivery gone astray, not a scanner
            refusal.kind = Kind::Path;
            refusal.diagnosis = Diagnosis{Mistake::WrongPath, true, head.path.substr(0, 256)};
        }
        return refusal;
    }
    if (head.method != "POST")
        return Refusal{&m_counters.wrongMethod, notAllowed("POST"), Kind::Method,
                       Diagnosis{Mistake::WrongMethod, true, head.method.substr(0, 32)}};
    if (announcedLength(head) > bodyLimit)
        return std::nullopt; // the server answers 413 and tells refused()
    const int signatures = head.countHeader(signatureHeader);
    if (signatures == 0)
        return Refusal{&m_counters.missingSignature, http::Response::error(401, "Missing signature"),
                       Kind::NoSignature};
    if (signatures > 1)
        return Refusal{&m_counters.badSignature, http::Response::error(401, "More than one signature"),
                       Kind::Signature};
    return std::nullopt;
}

std::optional<WebhookHandler::Refusal> WebhookHandler::refusalOfGet(const http::RequestHead &head)
{
    if (head.method != "GET" && head.method != "HEAD")
        return Refusal{&m_counters.wrongMethod, notAllowed("GET, HEAD")};
    if (mayRead(head, m_options.bearerToken))
        return std::nullopt;
    if (m_options.bearerToken.empty())
        return Refusal{&m_counters.unauthorized,
                       http::Response::error(403, "Answered on this machine only; others need a token to be set")};
    http::Response response = http::Response::error(401, "A bearer token is needed");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return Refusal{&m_counters.unauthorized, std::move(response)};
}

bool WebhookHandler::isSignatureAccepted(const http::Request &request) const
{
    const std::string_view signature = request.header(signatureHeader);
    const bool isSpeltWell = m_options.acceptPadding || signature.find('=') == signature.npos;
    return verifyDelivery(m_secrets, request.body, signature) && isSpeltWell;
}

void WebhookHandler::handle(http::Request request, std::shared_ptr<http::BodySink> /*sink*/,
                            std::shared_ptr<http::Exchange> exchange)
{
    if (request.path == healthPath)
        return answerHealth(*exchange);
    if (m_options.rest && m_options.rest->owns(request.path))
        return m_options.rest->answer(request, std::move(exchange));
    DeliveryTrace trace(request);
    if (!isSignatureAccepted(request))
        return refuse(
            request,
            {&m_counters.badSignature, http::Response::error(401, "Invalid signature"), RefusalKind::Signature},
            *exchange, trace);
    auto event = decodeEvent(request.body, EventSource::Webhook, m_options.clock());
    if (!event) {
        const std::string &why = event.error().message;
        return refuse(request,
                      {&m_counters.malformed, http::Response::error(400, "Not an event: " + why),
                       RefusalKind::Malformed, Diagnosis{Mistake::NotJson, true, why}},
                      *exchange, trace);
    }
    event->session = sessionOf(request.path).value_or(std::string_view()); // admit() let no bad name through
    if (event->session.empty() && !m_sessionKey.empty()) {
        const auto told = event->metadata.find(m_sessionKey);
        if (told != event->metadata.end() && told->second == m_sessionName)
            event->session = m_sessionName;
    }
    trace.describe(*event);
    if (isOutsideWindow(request, *event, exchange, trace))
        return;
    store(std::move(*event), std::move(exchange), std::move(trace));
}

void WebhookHandler::answerHealth(http::Exchange &exchange) const
{
    Json health{{"status", "healthy"}, {"events_processed", m_counters.accepted.load()}};
    const auto failure = m_journal.lastFailure();
    if (failure) {
        health["status"] = "unhealthy";
        health["reason"] = failure->message;
    }
    exchange.respond(http::Response::json(failure ? 503 : 200, dumpJson(health)));
}

/// True when the event was refused, and answered, for its time.
bool WebhookHandler::isOutsideWindow(const http::Request &request, const Event &event,
                                     const std::shared_ptr<http::Exchange> &exchange, DeliveryTrace &trace)
{
    const auto outside =
        m_clock.outside(event.timestamp, event.receivedAt, m_options.replayWindow, m_options.futureLimit);
    if (outside.count() == 0)
        return false;
    const Diagnosis diagnosis{Mistake::ClockDiffers, true, seconds(outside)};
    if (m_options.replayPolicy == ReplayPolicy::Refuse) {
        refuse(request,
               {&m_counters.outsideWindow, http::Response::error(400, "The event's time is " + diagnosis.detail),
                RefusalKind::Clock, diagnosis},
               *exchange, trace);
        return true;
    }
    ++m_counters.outsideWindow;
    if (m_options.replayPolicy == ReplayPolicy::Mark)
        keep(request, request.body, {nullptr, http::Response::text(200, "stored"), RefusalKind::Clock, diagnosis});
    return false;
}

void WebhookHandler::refuse(const http::Request &request, Refusal refusal, http::Exchange &exchange,
                            DeliveryTrace &trace)
{
    ++*refusal.counter;
    keep(request, request.body, refusal);
    trace.end("refused", refusal.response.status);
    exchange.respond(std::move(refusal.response));
}

void WebhookHandler::keep(const http::RequestHead &head, std::string_view body, const Refusal &refusal)
{
    if (!refusal.kind || !m_quarantine->wants(*refusal.kind))
        return;
    QuarantineEntry entry;
    entry.time = m_options.clock();
    entry.kind = *refusal.kind;
    entry.status = refusal.response.status;
    const auto answer = parseJson(refusal.response.body);
    entry.message = answer ? stringOr(*answer, "message") : refusal.response.body;
    entry.diagnosis = refusal.diagnosis ? *refusal.diagnosis : diagnose(head.headers, body, m_secrets);
    entry.remote = head.remoteAddress;
    entry.method = head.method;
    entry.path = head.path;
    entry.headers = safeHeaders(head.headers);
    entry.signature = head.header(signatureHeader);
    entry.body = body.substr(0, m_quarantine->limits().bodyBytes);
    entry.bodySize = body.empty() ? announcedLength(head) : body.size();
    m_quarantine->add(std::move(entry));
}

void WebhookHandler::store(Event event, std::shared_ptr<http::Exchange> exchange, DeliveryTrace trace)
{
    Settled settled{std::move(exchange),      event.id,        event.timestamp, event.receivedAt,
                    Journal::Outcome::Failed, std::move(trace)};
    m_journal.append(std::move(event),
                     [outbox = m_outbox, settled = std::move(settled),
                      networkThread = std::this_thread::get_id()](Journal::Outcome outcome) mutable {
                         settled.outcome = outcome;
                         outbox->add(std::move(settled));
                         if (std::this_thread::get_id() == networkThread)
                             outbox->flush(); // refused at once: no commit will follow
                     });
}

void WebhookHandler::answer(Settled &settled)
{
    switch (settled.outcome) {
    case Journal::Outcome::Stored:
        ++m_counters.accepted;
        m_counters.lastAcceptedUnixMs = toUnixMs(m_options.clock());
        m_clock.add(settled.eventTime, settled.receivedAt);
        if (const auto lowest = m_clock.lowestDelay())
            m_counters.lowestDelayMs = std::chrono::floor<std::chrono::milliseconds>(*lowest).count();
        m_ages.observe(DeliveryClock::delay(settled.eventTime, settled.receivedAt));
        settled.trace.end("accepted", 200);
        return settled.exchange->respond(acknowledgement(settled.eventId));
    case Journal::Outcome::Duplicate:
        ++m_counters.duplicates;
        settled.trace.end("duplicate", 200);
        return settled.exchange->respond(acknowledgement(settled.eventId));
    case Journal::Outcome::Busy:
        ++m_counters.unavailable;
        settled.trace.end("unavailable", 503);
        return settled.exchange->respond(unavailable("Too many events are waiting"));
    case Journal::Outcome::Failed:
        ++m_counters.unavailable;
        settled.trace.end("unavailable", 503);
        return settled.exchange->respond(unavailable("The event could not be stored"));
    }
}

void WebhookHandler::refused(const http::RequestHead &head, int status)
{
    if (status == 413) {
        ++m_counters.tooLarge;
        keep(head, {},
             {nullptr, http::Response::error(status, "the body is too large"), RefusalKind::TooLarge,
              Diagnosis{Mistake::TooLarge, true, {}}});
    } else {
        ++m_counters.malformed;
    }
}

void WebhookHandler::retry(std::int64_t quarantineId, const std::function<void(Result<bool>)> &done)
{
    const auto entry = m_quarantine->find(quarantineId);
    if (!entry)
        return done(failure(Error::Kind::Local, "the delivery is no longer in the quarantine"));
    if (!entry->isBodyWhole() || entry->body.empty())
        return done(failure(Error::Kind::Local, "the body of the delivery was not kept whole"));
    const Diagnosis diagnosis = diagnose({{std::string(signatureHeader), entry->signature}}, entry->body, m_secrets);
    switch (diagnosis.mistake) {
    case Mistake::None:
    case Mistake::UrlSafeAlphabet:
    case Mistake::PaddedBase64:
    case Mistake::HexDigest:
    case Mistake::Base64OfHex:
    case Mistake::PrefixedSignature:
        break; // the digest proves who sent it, however it is spelt
    default:
        return done(failure(Error::Kind::Local, explain(diagnosis)));
    }
    auto event = decodeEvent(entry->body, EventSource::Webhook, entry->time);
    if (!event)
        return done(failure(event.error()));
    if (const auto session = sessionOf(entry->path); session && isSessionName(*session))
        event->session = *session;
    m_journal.append(std::move(*event), [quarantine = m_quarantine, quarantineId, done](Journal::Outcome outcome) {
        if (outcome == Journal::Outcome::Failed || outcome == Journal::Outcome::Busy)
            return done(failure(Error::Kind::Local, "the event could not be stored"));
        quarantine->remove(quarantineId);
        done(outcome == Journal::Outcome::Stored);
    });
}

} // namespace sandglass::lifecycle
