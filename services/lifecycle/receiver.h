#pragma once

#include "services/core/result.h"
#include "services/core/time.h"
#include "services/lifecycle/quarantine.h"
#include "services/lifecycle/signature.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

class Journal;
class RestApi;

/// What happens to a correctly signed event whose own time is outside the window.
enum class ReplayPolicy : std::uint8_t {
    Accept,
    Mark,   ///< stored, counted, and noted in the quarantine
    Refuse, ///< 400; it can be taken from the quarantine by hand
};

struct ReceiverOptions
{
    std::uint16_t port = 8000; ///< next free one if taken; 0 = any
    int portTries = 20;
    std::string secret; ///< 32+ characters
    Clock clock = systemNow;

    /// Further secrets: accepted ones while a secret is rotated, others for the doctor.
    std::vector<SigningSecret> moreSecrets;
    bool acceptPadding = false; ///< for servers that pad the base64; E2B does not

    // Signatures carry no time, so an old delivery can be sent again. Known ids change nothing; the window catches the
    // rest. Retries of E2B come within a minute, back-fills of its log within 7 days.
    ReplayPolicy replayPolicy = ReplayPolicy::Mark;
    std::chrono::seconds replayWindow = std::chrono::hours(7 * 24);
    std::chrono::seconds futureLimit = std::chrono::minutes(10);

    int niceness = 0; ///< of its thread; above 0 where a person waits for another thread of the program
    int maxConnections = 1024;
    std::chrono::milliseconds idleLimit{15'000}; ///< for a header, for a body, and between requests
    std::chrono::milliseconds stopGrace{2'000};  ///< for deliveries under way when the receiver ends

    std::filesystem::path quarantineFile; ///< empty: in memory only
    QuarantineLimits quarantine;

    // Anything but a loopback address needs TLS or allowPlainText, and a token.
    std::string address = "127.0.0.1";
    std::filesystem::path certificateFile; ///< PEM, with the chain
    std::filesystem::path keyFile;         ///< PEM
    bool allowPlainText = false;
    /// Demanded of every GET when set ("Authorization: Bearer …"). Without it GETs are answered on loopback only, and
    /// only to clients of this machine: not through a tunnel or a proxy, and not for a page with another host's name.
    std::string bearerToken;

    std::shared_ptr<RestApi> rest; ///< the GET endpoints besides /health; null = none
};

struct ReceiverStatistics
{
    std::uint64_t accepted = 0, duplicates = 0, badSignature = 0, missingSignature = 0, malformed = 0, tooLarge = 0,
                  wrongPath = 0, wrongMethod = 0, unavailable = 0;
    std::int64_t lastAcceptedUnixMs = 0;       ///< 0 = never
    std::uint64_t outsideWindow = 0;           ///< by event time, whatever the policy
    std::uint64_t unauthorized = 0;            ///< GETs without the token
    std::optional<std::int64_t> lowestDelayMs; ///< see DeliveryClock::lowestDelay()
    [[nodiscard]] std::uint64_t refused() const
    {
        return badSignature + missingSignature + malformed + tooLarge + wrongPath + wrongMethod;
    }
};

/// POST /webhooks/e2b (and /webhooks/e2b/{session}, /workflow/{session}, /generation/{session}): verifies the signature
/// over the raw body, decodes, appends to the journal, and answers 200 {"status": "ok", "event_id"} only after the
/// event is durable (a duplicate too). The session goes into the journal with the event (isSessionName() says what is
/// one; else 400). Two webhooks that both bring an event, one with a session and one without, race: the journal only
/// ever appends, so that the first delivery counts. The signature does not cover the path, so that a session is a
/// label, not a proof. GET /health answers {"status": "healthy", "events_processed"}, or 503 with a reason while the
/// journal fails; the other GETs are RestApi's. Everything else: 401, 400, 413, 404, 405, 503 as {"code", "message"}.
/// What is refused is kept in the quarantine. Has its own network thread.
class Receiver final
{
public:
    Receiver(Journal &journal, ReceiverOptions options);
    ~Receiver(); ///< before the journal; lets deliveries under way finish for at most stopGrace
    Receiver(const Receiver &) = delete;
    Receiver &operator=(const Receiver &) = delete;

    /// Call once. Error: no free port among those to try; an address that is not loopback without what it needs; a
    /// certificate or key that cannot be used. Takes the journal's batch-end callback.
    [[nodiscard]] Result<> start();
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url() const;               ///< http://127.0.0.1:PORT/webhooks/e2b
    [[nodiscard]] ReceiverStatistics statistics() const; ///< thread-safe

    /// In place of all secrets there were. Thread-safe; deliveries that come after it are judged by them.
    void setSecrets(std::vector<SigningSecret> secrets);

    /// A delivery to the path without a session has the session `name`, too, when its sandbox's metadata says so under
    /// `metadataKey`: its webhook and another bring the same event, and the first delivery counts. Thread-safe.
    void nameSession(std::string metadataKey, std::string name);

    [[nodiscard]] Quarantine &quarantine();
    /// Why the quarantine could not be read or written, if so.
    [[nodiscard]] std::optional<Error> quarantineFailure() const;
    /// Judges a kept delivery once more, with the secrets of now, and stores it when its digest is right in any
    /// spelling (its age is not held against it). It leaves the quarantine then. `done` runs on another thread: true =
    /// new, false = the journal had it. Error: gone, body kept in part only, still not signed with an accepted secret,
    /// no event, not stored. Before start() and after the end nothing is called.
    void retry(std::int64_t quarantineId, std::function<void(Result<bool>)> done);

private:
    void stop();

    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace sandglass::lifecycle
