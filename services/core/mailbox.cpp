#include "services/core/mailbox.h"

#include <QElapsedTimer>
#include <QMetaObject>
#include <QPointer>

#include <chrono>
#include <future>
#include <utility>

namespace sandglass {

namespace {

constexpr std::chrono::milliseconds turn{1}; ///< of the event loop: others want theirs

} // namespace

Mailbox::Mailbox(QObject *parent) : QObject(parent) {}

Mailbox::~Mailbox()
{
    const std::lock_guard lock(m_mutex); // whoever posted last has let go of it
    m_calls.clear();
}

void Mailbox::post(Call call)
{
    const std::lock_guard lock(m_mutex);
    m_calls.push_back(std::move(call));
    if (m_calls.size() == 1)
        ring();
}

void Mailbox::ring()
{
    QMetaObject::invokeMethod(this, "open", Qt::QueuedConnection); // by name: a functor would be handed over by Qt
}

void Mailbox::postAndWait(const Call &call)
{
    std::promise<void> promise;
    auto done = promise.get_future();
    post([&call, &promise] {
        call();
        promise.set_value();
    });
    done.wait();
}

/// May find nothing left: an earlier one has had the time for it.
void Mailbox::open()
{
    const QPointer<Mailbox> alive(this); // a call may end it
    bool hasRung = false;
    QElapsedTimer clock;
    clock.start();
    do {
        Call call;
        {
            const std::lock_guard lock(m_mutex);
            if (m_calls.empty())
                return;
            call = std::move(m_calls.front());
            m_calls.pop_front();
            // This call may open a loop of its own, or take all the time there is.
            if (!m_calls.empty() && !std::exchange(hasRung, true))
                ring();
        }
        call();
    } while (alive && std::chrono::nanoseconds(clock.nsecsElapsed()) < turn);
}

} // namespace sandglass
