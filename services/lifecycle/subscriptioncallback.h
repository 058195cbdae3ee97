#pragma once

#include "services/core/result.h"
#include "services/lifecycle/event.h"

#include <QFuture>
#include <QObject>
#include <QTimer>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sandglass::lifecycle {

/// Where an HTTP callback sends to, and how patient it is.
struct CallbackTarget
{
    std::string url;
    std::string secret;                         ///< signs as E2B does; empty = unsigned, else 32+ characters
    std::size_t queueLimit = 500;               ///< events waiting; above it the oldest is dropped
    int tries = 5;                              ///< per event
    int lossesUntilStop = 3;                    ///< events lost in a row after which it gives up
    std::chrono::milliseconds firstWait{1'000}; ///< before the second try, then doubled
    std::chrono::milliseconds longestWait{60'000};
    std::chrono::milliseconds timeout{10'000};
};

/// One POST, sent once: no repetition and no redirects. The answer is its HTTP status, whatever it is.
struct CallbackPost
{
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::chrono::milliseconds timeout{0};
};
/// How callbacks reach the network: e2b::callbackPoster(). Cancelling the future aborts.
using CallbackPoster = std::function<QFuture<Result<int>>(const CallbackPost &)>;

struct CallbackStatus
{
    std::int64_t delivered = 0;
    std::int64_t lost = 0;    ///< refused, or all tries failed
    std::int64_t dropped = 0; ///< the queue was full, or it had given up
    std::size_t waiting = 0;
    bool hasGivenUp = false; ///< sends nothing until resume()
    Error lastError;         ///< of the last failure
};

/// Sends events to one URL, in order, one at a time, each with its own retries. Memory is bounded by the queue.
class HttpCallback final : public QObject
{
    Q_OBJECT
public:
    /// Error (Local): no http or https URL, or a secret shorter than 32 characters.
    [[nodiscard]] static Result<> check(const CallbackTarget &target);

    HttpCallback(CallbackTarget target, std::string name, CallbackPoster poster, QObject *parent = nullptr);
    ~HttpCallback() override;

    void enqueue(const Event &event);
    void resume();
    [[nodiscard]] const CallbackStatus &status() const { return m_status; }

Q_SIGNALS:
    void delivered(const std::string &eventId);
    void troubled(const sandglass::lifecycle::CallbackStatus &status); ///< an event was lost or dropped

private:
    struct Item
    {
        std::string eventId;
        std::string body;
    };

    void send();
    void settle(const Error *error);
    void lose();
    void next();

    CallbackTarget m_target;
    std::string m_name;
    CallbackPoster m_poster;
    QFuture<Result<int>> m_running;
    std::deque<Item> m_queue; ///< the first is under way or waits for its next try
    QTimer m_timer;
    bool m_isUnderWay = false;
    int m_try = 0;
    int m_lossesInARow = 0;
    CallbackStatus m_status;
};

} // namespace sandglass::lifecycle
