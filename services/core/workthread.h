#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace sandglass {

/// A thread that runs what it is given, one after the other; for work that waits for the disk. Answers go back through
/// a Mailbox.
class WorkThread final
{
public:
    using Work = std::function<void()>;

    WorkThread();
    ~WorkThread(); ///< runs what was posted, then ends
    WorkThread(const WorkThread &) = delete;
    WorkThread &operator=(const WorkThread &) = delete;

    void post(Work work); ///< any thread

private:
    void run();

    std::mutex m_mutex;
    std::condition_variable m_wake;
    std::deque<Work> m_works;
    bool m_mustEnd = false;
    std::thread m_thread;
};

} // namespace sandglass
