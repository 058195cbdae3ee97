#include "services/http/server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace sandglass::http {

struct IoThread::Private
{
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard = make_work_guard(context);
    std::thread thread;
};

IoThread::IoThread(const char *name, int niceness) : d(std::make_unique<Private>())
{
    d->thread = std::thread([this, niceness] {
        if (niceness != 0) // Linux's threads have one each; where it is refused, the thread is as good as any
            ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
        d->context.run();
    });
    ::pthread_setname_np(d->thread.native_handle(), std::string(name).substr(0, 15).c_str());
}

IoThread::~IoThread()
{
    stop();
}

boost::asio::io_context &IoThread::context()
{
    return d->context;
}

void IoThread::post(std::function<void()> work)
{
    boost::asio::post(d->context, std::move(work));
}

void IoThread::stop()
{
    d->context.stop();
    if (d->thread.joinable())
        d->thread.join();
}

} // namespace sandglass::http
