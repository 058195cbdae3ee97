#pragma once

#include "services/core/json.h"
#include "services/core/money.h"
#include "services/core/result.h"
#include "services/core/time.h"
#include "services/cost/ratecard.h"
#include "services/lifecycle/journal.h"

#include <cstdint>
#include <string>
#include <string_view>

// What goes over the live stream: one JSON object in each text message. Pure functions, any thread.
//
//   hello   first, once: {"type": "hello", "version": 1, "after": SEQ, "last_seq": SEQ, "resumed": true|false}
//   events  {"type": "sandbox.lifecycle.created", "sandbox_id", "template", "timestamp", "status": "Created", "id",
//           "seq", "cost"}; "session" where it came by one's path; asked for with full=1 also "record": the event as
//           received, as in an exported line
//   live    once all that was missed has been sent: {"type": "live", "seq"}
//   cost    once a second at most, while something changes: {"type": "cost", "timestamp", "cost", "burn_rate",
//           "running", "paused", "unsized"}; running ones of unknown size, "unsized", are not in the burn rate
//   notice  before the server ends the connection: {"type": "notice", "code", "message", "resume_after": SEQ}

namespace sandglass::stream {

inline constexpr int streamVersion = 1;

/// What runs and what it costs at one moment.
struct CostTick
{
    Timestamp at{};
    Money today;    ///< since midnight UTC
    Money burnRate; ///< per hour
    int running = 0;
    int paused = 0;
    int unsized = 0; ///< running ones that the burn rate leaves out: nobody has told their size yet
    friend bool operator==(const CostTick &, const CostTick &) = default;
};

/// "Created", "Terminated", "Paused", "Resumed", "Updated" as in the original dashboard; "Checkpointed", "Observed" and
/// "Lost" besides; for unknown types the last part of the name.
[[nodiscard]] std::string statusWord(const lifecycle::Event &event);

/// "cost" is the price of the stretch of running that the event ended, as decimal dollars; null where the event does
/// not tell it.
[[nodiscard]] std::string eventMessage(const lifecycle::StoredEvent &stored, const cost::RateCard &card, bool isFull);
[[nodiscard]] std::string costMessage(const CostTick &tick);
[[nodiscard]] std::string helloMessage(std::int64_t after, std::int64_t lastSeq, bool isResumed);
[[nodiscard]] std::string liveMessage(std::int64_t seq);
[[nodiscard]] std::string noticeMessage(std::string_view code, std::string_view text, std::int64_t resumeAfter);

/// A message as a client meets it.
struct Incoming
{
    enum class Kind { Hello, Event, Live, Cost, Notice, Other };

    Kind kind = Kind::Other;
    Json fields;             ///< without "record"
    std::string_view record; ///< of a full event; into the message's text
    std::int64_t seq = 0;    ///< of an event
};

/// Error (Decode): not a message of the stream.
[[nodiscard]] Result<Incoming> readMessage(std::string_view text);

} // namespace sandglass::stream
