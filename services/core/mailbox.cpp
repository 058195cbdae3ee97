#include "services/core/mailbox.h"

#include <QMetaObject>

#include <future>

namespace sandglass {

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

void Mailbox::open()
{
    Call call;
    {
        const std::lock_guard lock(m_mutex);
        call = std::move(m_calls.front());
        m_calls.pop_front();
        // One call for each turn of the event loop: a call may open a loop of its own, or end this object.
        if (!m_calls.empty())
            ring();
    }
    call();
}

} // namespace sandglass
