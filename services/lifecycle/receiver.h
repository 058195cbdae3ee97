#pragma once

#include "services/core/result.h"
#include "services/core/time.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace sandglass::lifecycle {

class Journal;

struct ReceiverOptions
{
    std::uint16_t port = 8000; ///< next free one if taken; 0 = any
    int portTries = 20;
    std::string secret; ///< 32+ characters
    Clock clock = systemNow;
};

struct ReceiverStatistics
{
    std::uint64_t accepted = 0, duplicates = 0, badSignature = 0, missingSignature = 0, malformed = 0, tooLarge = 0,
                  wrongPath = 0, wrongMethod = 0, unavailable = 0;
    std::int64_t lastAcceptedUnixMs = 0; ///< 0 = never
    [[nodiscard]] std::uint64_t refused() const
    {
        return badSignature + missingSignature + malformed + tooLarge + wrongPath + wrongMethod;
    }
};

/// POST /webhooks/e2b (and /webhooks/e2b/{session}): verifies the signature over the raw body, decodes, appends to the
/// journal, and answers 200 {"status": "ok", "event_id"} only after the event is durable (a duplicate too).
/// GET /health answers {"status": "healthy", "events_processed"}. Everything else: 401, 400, 413, 404, 405, 503 as
/// {"code", "message"}. Has its own network thread; loopback only.
class Receiver final
{
public:
    Receiver(Journal &journal, ReceiverOptions options);
    ~Receiver(); ///< before the journal
    Receiver(const Receiver &) = delete;
    Receiver &operator=(const Receiver &) = delete;

    /// Call once. Error: no free port among those to try. Takes the journal's batch-end callback.
    [[nodiscard]] Result<> start();
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url() const;               ///< http://127.0.0.1:PORT/webhooks/e2b
    [[nodiscard]] ReceiverStatistics statistics() const; ///< thread-safe

private:
    void stop();

    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace sandglass::lifecycle
