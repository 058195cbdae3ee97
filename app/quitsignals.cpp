#include "app/quitsignals.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace sandglass::app {

namespace {

constexpr int numbers[] = {SIGTERM, SIGINT, SIGHUP};

volatile std::sig_atomic_t wakeFd = -1;

// A handler and no blocked signals behind a signalfd: children would inherit those, and the engine is ended by SIGTERM.
void wake(int)
{
    const int code = errno;
    (void)::eventfd_write(wakeFd, 1);
    errno = code;
}

} // namespace

QuitSignals::QuitSignals(QObject *parent)
    : QObject(parent)
    , m_event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
    , m_notifier(m_event.get(), QSocketNotifier::Read)
{
    wakeFd = m_event.get();
    connect(&m_notifier, &QSocketNotifier::activated, this, [this] {
        eventfd_t count = 0;
        (void)::eventfd_read(m_event.get(), &count);
        Q_EMIT asked();
    });
    struct sigaction action
    {};
    action.sa_handler = wake;
    action.sa_flags = SA_RESTART | SA_RESETHAND; // the second one finds the default
    for (const int number : numbers)
        ::sigaction(number, &action, nullptr);
}

QuitSignals::~QuitSignals()
{
    for (const int number : numbers)
        std::signal(number, SIG_DFL);
    wakeFd = -1;
}

} // namespace sandglass::app
