#include "services/lifecycle/restapidesk.h"

namespace sandglass::lifecycle {

RestDesk::RestDesk(std::size_t limit, std::chrono::milliseconds timeout)
    : m_limit(limit), m_timeout(timeout), m_thread([this] { run(); })
{}

RestDesk::~RestDesk()
{
    stop();
}

http::Response RestDesk::unavailable(std::string_view why)
{
    http::Response response = http::Response::error(503, why);
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

std::uint64_t RestDesk::open(std::shared_ptr<http::Exchange> exchange)
{
    {
        const std::lock_guard lock(m_mutex);
        if (!m_isStopping && m_waiting.size() < m_limit) {
            m_waiting.emplace(++m_lastTicket, Waiting{std::move(exchange), Monotonic::now() + m_timeout});
            m_changed.notify_one(); // the first sets the thread's alarm
            return m_lastTicket;
        }
    }
    exchange->respond(unavailable("Too many questions are waiting"));
    return 0;
}

void RestDesk::make(std::uint64_t ticket, std::function<http::Response()> render)
{
    const std::lock_guard lock(m_mutex);
    if (!m_waiting.contains(ticket))
        return;
    m_jobs.push_back({ticket, std::move(render)});
    m_changed.notify_one();
}

void RestDesk::dropWaiting()
{
    std::map<std::uint64_t, Waiting> dropped;
    {
        const std::lock_guard lock(m_mutex);
        dropped.swap(m_waiting);
    }
    for (const auto &[ticket, waiting] : dropped)
        waiting.exchange->respond(unavailable("The server is stopping"));
}

void RestDesk::stop()
{
    {
        const std::lock_guard lock(m_mutex);
        m_isStopping = true;
        m_changed.notify_one();
    }
    dropWaiting();
    if (m_thread.joinable())
        m_thread.join();
}

void RestDesk::run()
{
    Lock lock(m_mutex);
    while (!m_isStopping) {
        if (!m_jobs.empty()) {
            runJob(lock);
        } else if (m_waiting.empty()) {
            m_changed.wait(lock);
        } else {
            const auto deadline = m_waiting.begin()->second.deadline; // a copy: its place may go while we wait
            m_changed.wait_until(lock, deadline);
        }
        expire(lock);
    }
    m_jobs.clear();
}

void RestDesk::runJob(Lock &lock)
{
    const Job job = std::move(m_jobs.front());
    m_jobs.pop_front();
    const auto waiting = m_waiting.find(job.ticket);
    if (waiting == m_waiting.end())
        return;
    // Keeps its place, and so counts, until the answer has been made.
    const std::shared_ptr<http::Exchange> exchange = waiting->second.exchange;
    lock.unlock();
    exchange->respond(job.render());
    lock.lock();
    m_waiting.erase(job.ticket);
}

void RestDesk::expire(Lock &lock)
{
    std::vector<std::shared_ptr<http::Exchange>> late;
    const auto now = Monotonic::now();
    while (!m_waiting.empty() && m_waiting.begin()->second.deadline <= now) {
        late.push_back(std::move(m_waiting.begin()->second.exchange));
        m_waiting.erase(m_waiting.begin());
    }
    if (late.empty())
        return;
    lock.unlock();
    for (const auto &exchange : late)
        exchange->respond(unavailable("No answer in time"));
    lock.lock();
}

} // namespace sandglass::lifecycle
