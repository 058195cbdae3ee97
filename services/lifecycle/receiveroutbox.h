#pragma once

#include "services/http/server.h"
#include "services/lifecycle/deliverytrace.h"
#include "services/lifecycle/journal.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sandglass::lifecycle {

/// A delivery the journal has dealt with.
struct Settled
{
    std::shared_ptr<http::Exchange> exchange;
    std::string eventId;
    Timestamp eventTime{};
    Timestamp receivedAt{};
    Journal::Outcome outcome;
    DeliveryTrace trace;
};

/// Hands what one commit settled to the network thread in one piece: a wake-up per delivery would cost more than the
/// commit. Shared with callbacks inside the journal, which may come after the receiver is gone.
class Outbox final
{
public:
    using Answer = std::function<void(std::vector<Settled>)>;

    Outbox(http::IoThread &io, Answer answer) : m_io(&io), m_answer(std::move(answer)) {}

    void add(Settled settled)
    {
        const std::lock_guard lock(m_mutex);
        m_settled.push_back(std::move(settled));
    }

    void flush()
    {
        std::vector<Settled> batch; // outlives the lock when nobody takes it
        const std::lock_guard lock(m_mutex);
        batch.swap(m_settled);
        m_settled.reserve(batch.size()); // the next commit has as many, mostly
        if (m_io && !batch.empty())
            m_io->post([answer = m_answer, settled = std::move(batch)]() mutable { answer(std::move(settled)); });
    }

    void close()
    {
        std::vector<Settled> dropped; // destroyed after the lock is gone
        Answer answer;
        const std::lock_guard lock(m_mutex);
        m_io = nullptr;
        dropped.swap(m_settled);
        answer.swap(m_answer);
    }

private:
    std::mutex m_mutex;
    http::IoThread *m_io;
    Answer m_answer;
    std::vector<Settled> m_settled;
};

} // namespace sandglass::lifecycle
