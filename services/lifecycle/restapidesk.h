#pragma once

#include "services/http/server.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace sandglass::lifecycle {

/// Where questions wait for their answer: bounded in number and time. Answers are made and sent by a thread of its own.
/// Thread-safe.
class RestDesk final
{
public:
    RestDesk(std::size_t limit, std::chrono::milliseconds timeout);
    ~RestDesk();
    RestDesk(const RestDesk &) = delete;
    RestDesk &operator=(const RestDesk &) = delete;

    /// A ticket for the exchange; 0 when it was refused with 503, being one too many.
    [[nodiscard]] std::uint64_t open(std::shared_ptr<http::Exchange> exchange);
    /// `render` makes the answer on the desk's thread. Ignored when the ticket is no longer waiting.
    void make(std::uint64_t ticket, std::function<http::Response()> render);
    void dropWaiting(); ///< 503 to all
    void stop();        ///< the same for good; joins; idempotent

    [[nodiscard]] static http::Response unavailable(std::string_view why);

private:
    using Monotonic = std::chrono::steady_clock;
    using Lock = std::unique_lock<std::mutex>;
    struct Waiting
    {
        std::shared_ptr<http::Exchange> exchange;
        Monotonic::time_point deadline;
    };
    struct Job
    {
        std::uint64_t ticket;
        std::function<http::Response()> render;
    };

    void run();
    void runJob(Lock &lock);
    void expire(Lock &lock);

    const std::size_t m_limit;
    const std::chrono::milliseconds m_timeout;
    std::mutex m_mutex; ///< guards all below
    std::condition_variable m_changed;
    bool m_isStopping = false;
    std::uint64_t m_lastTicket = 0;
    std::map<std::uint64_t, Waiting> m_waiting; ///< by ticket, and so by deadline
    std::deque<Job> m_jobs;
    std::thread m_thread; ///< the last, because it uses the others
};

} // namespace sandglass::lifecycle
