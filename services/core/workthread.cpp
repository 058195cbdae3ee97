#include "services/core/workthread.h"

#include <utility>

namespace sandglass {

WorkThread::WorkThread() : m_thread(&WorkThread::run, this) {}

WorkThread::~WorkThread()
{
    {
        const std::lock_guard lock(m_mutex);
        m_mustEnd = true;
    }
    m_wake.notify_one();
    m_thread.join();
}

void WorkThread::post(Work work)
{
    {
        const std::lock_guard lock(m_mutex);
        m_works.push_back(std::move(work));
    }
    m_wake.notify_one();
}

void WorkThread::run()
{
    std::unique_lock lock(m_mutex);
    while (true) {
        m_wake.wait(lock, [this] { return m_mustEnd || !m_works.empty(); });
        if (m_works.empty())
            return;
        Work work = std::move(m_works.front());
        m_works.pop_front();
        lock.unlock();
        std::exchange(work, nullptr)();
        lock.lock();
    }
}

} // namespace sandglass
