#pragma once

#include "services/core/error.h"
#include "services/core/result.h"
#include "services/stream/intake.h"

#include <QObject>
#include <QTimer>
#include <QUrl>
#include <QWebSocket>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace sandglass::stream {

struct Incoming;

/// Where a collector's stream is.
struct CollectorAddress
{
    std::string url; ///< "wss://host:port", path /stream when it has none; ws on loopback only
    std::string token;
    friend bool operator==(const CollectorAddress &, const CollectorAddress &) = default;
};

enum class CollectorState : std::uint8_t {
    Connecting,
    CatchingUp, ///< what was missed is on its way
    Live,
    Waiting, ///< for the next try; the error says why
    Refused, ///< the address cannot be used; nothing is tried
};

struct CollectorStatus
{
    std::string url;
    CollectorState state = CollectorState::Connecting;
    std::optional<Error> error; ///< of the last try; empty once it works
    Position position;
    std::uint64_t stored = 0;
    std::uint64_t duplicates = 0; ///< known already: from before a break, or by another way
    std::uint64_t unusable = 0;   ///< events that cannot be read: left out
};

struct StreamClientOptions
{
    std::filesystem::path certificateFile;          ///< PEM; trusted besides the system's authorities
    std::chrono::milliseconds answerLimit{15'000};  ///< for the hello, and for the journal to go on
    std::chrono::milliseconds pingInterval{20'000}; ///< two of them without any sign of life: connected anew
    std::size_t inFlight = 4'000;                   ///< events under way to the journal
};

/// ws or wss, a host, the path. Error (Local): anything else; ws to another machine (code "needs_tls": the token and
/// the events would be readable on the way).
[[nodiscard]] Result<QUrl> collectorUrl(const std::string &text);

/// Takes one collector's stream into the journal, from where it stopped on; reconnects with growing waits. A refused
/// token or a wrong path is tried again too, at the longest wait. One thread, which it may hold up while the journal
/// sets the pace: not the window's.
class StreamClient final : public QObject
{
    Q_OBJECT
public:
    /// `journal` must outlive this.
    StreamClient(lifecycle::Journal &journal, CollectorAddress address, Position position, StreamClientOptions options,
                 QObject *parent = nullptr);
    ~StreamClient() override;

    void start();
    [[nodiscard]] const CollectorAddress &address() const { return m_address; }
    [[nodiscard]] CollectorStatus status() const { return m_status; }

Q_SIGNALS:
    void changed(); ///< status()

private:
    void open();
    void readText(const QString &text);
    void readEvent(const Incoming &message);
    void readHello(const Incoming &message);
    Q_INVOKABLE void noteProgress();
    bool readProgress(); ///< false: the journal has refused an event
    void closeIntake();
    void noteSocketError(QAbstractSocket::SocketError code);
    void breakOff(Error error);
    void beat();
    [[nodiscard]] Error journalError() const;
    void setState(CollectorState state);

    lifecycle::Journal &m_journal;
    const CollectorAddress m_address;
    const StreamClientOptions m_options;
    CollectorStatus m_status;
    std::uint64_t m_storedBefore = 0; ///< by intakes that are gone
    std::uint64_t m_duplicatesBefore = 0;
    std::unique_ptr<Intake> m_intake;
    std::unique_ptr<QWebSocket> m_socket;
    std::optional<Error> m_notice; ///< why the server is about to close
    std::chrono::steady_clock::time_point m_heardAt{};
    int m_tries = 0; ///< since it worked last
    QTimer m_retryTimer;
    QTimer m_answerTimer;
    QTimer m_beatTimer;
};

} // namespace sandglass::stream
