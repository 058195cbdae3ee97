#pragma once

#include "services/core/result.h"
#include "services/cost/ratecard.h"
#include "services/stream/streammessage.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace sandglass::lifecycle {
class Journal;
}

namespace sandglass::stream {

struct StreamServerOptions
{
    std::string address = "127.0.0.1";     ///< anything but loopback needs TLS or allowPlainText
    std::uint16_t port = 0;                ///< 0 = any free
    std::string token;                     ///< demanded of every client; 16 characters or more
    std::filesystem::path certificateFile; ///< PEM, with the chain; with keyFile: wss only
    std::filesystem::path keyFile;         ///< PEM
    bool allowPlainText = false;

    int maxClients = 64;                             ///< above it 503
    int maxConnections = 96;                         ///< clients and handshakes together; above it closed at once
    std::chrono::milliseconds handshakeLimit{5'000}; ///< for TLS and the request together
    std::int64_t queueLimit = 512 << 10;             ///< bytes waiting for one client, and one message more
    /// A client whose queue stays more than half full for so long, or that falls so many events behind once it has
    /// been up to date, is dropped with a notice.
    std::chrono::milliseconds stallLimit{15'000};
    std::int64_t lagLimit = 20'000;
    std::chrono::milliseconds pingInterval{30'000}; ///< two of them without any sign of life: dropped
};

struct StreamStatistics
{
    int clients = 0;
    std::uint64_t accepted = 0; ///< clients, since the start
    std::uint64_t refused = 0;  ///< requests answered with an error, and connections above the limit
    std::uint64_t dropped = 0;  ///< clients that were too slow or silent
    std::uint64_t events = 0;   ///< sent, each client counted
};

/// The journal as a live stream over WebSocket (messages: streammessage.h):
///   GET /stream?after=SEQ|ID&full=1&types=NAME,NAME&template=PATTERN   (also /ws/sandbox-events)
/// `types` are names or aliases (sandbox.created), `template` an id or a readable name where '*' stands for anything.
/// Without `after` from the next event on; with it, everything behind that event in order of seq, without gap or
/// duplicate, then live. An `after` that this journal does not know starts at its first event, and the hello says so.
/// Works on a thread of its own and reads events from the journal, so that memory does not grow with slow clients.
class StreamServer final
{
public:
    /// `journal` must outlive this.
    StreamServer(const lifecycle::Journal &journal, cost::RateCard card, StreamServerOptions options);
    ~StreamServer(); ///< tells the clients, then closes
    StreamServer(const StreamServer &) = delete;
    StreamServer &operator=(const StreamServer &) = delete;

    /// Call once; waits until the port listens. Error: port taken, no or too short a token, an address that is not
    /// loopback without what it needs, certificate or key unusable.
    [[nodiscard]] Result<> start();
    [[nodiscard]] std::uint16_t port() const; ///< 0 before start()
    [[nodiscard]] std::string url() const;    ///< ws://127.0.0.1:PORT/stream

    /// All below: any thread, return at once.
    /// The journal holds new events: sooner than the 50 ms after which the server finds them by itself.
    void eventsArrived();
    void setCost(const CostTick &tick);
    void setRateCard(cost::RateCard card);
    /// The readable name of a template, for the clients' filters; events that tell it are heard as well.
    void setTemplateName(const std::string &templateId, const std::string &name);
    [[nodiscard]] StreamStatistics statistics() const;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace sandglass::stream
