#pragma once

#include <QObject>
#include <QThread>

#include <deque>
#include <functional>
#include <mutex>
#include <type_traits>
#include <utility>

namespace sandglass {

/// Calls that any thread posts and the thread of this object runs, in their order. What Qt's queued connections do, but
/// what is handed over is locked by the standard library: the locks inside Debian's Qt are hidden from the thread
/// sanitizer, which then reports each queued functor and argument as a race. Needs an event loop in its thread.
class Mailbox final : public QObject
{
    Q_OBJECT
public:
    using Call = std::function<void()>;

    /// Moves with `parent` to its thread.
    explicit Mailbox(QObject *parent = nullptr);
    ~Mailbox() override; ///< calls that wait are dropped

    /// Any thread, as long as the mailbox lives.
    void post(Call call);
    /// Returns when the call has run. Of another thread than the mailbox's alone, and that one must be running.
    void postAndWait(const Call &call);

    /// A queued connection: `signal` of `sender`, which lives in another thread, calls `call` in this one.
    template<typename Sender, typename... Arguments, typename Receiver>
    void subscribe(Sender *sender, void (Sender::*signal)(Arguments...), Receiver call)
    {
        const auto pass = [this, call = std::move(call)](const std::decay_t<Arguments> &...arguments) {
            post([call, ... kept = arguments] { call(kept...); });
        };
        connect(sender, signal, sender, pass, Qt::DirectConnection);
    }

private:
    Q_INVOKABLE void open();
    void ring();

    std::mutex m_mutex;
    std::deque<Call> m_calls; ///< while there is one, an open() is on its way
};

/// Calls `last` in the worker's thread, destroys the worker there, and ends the thread. `worker` has an inbox() that
/// lives with it.
template<typename Worker, typename Last>
void endWorker(Worker *worker, QThread &thread, Last last)
{
    worker->inbox().postAndWait([&] {
        last();
        delete worker;
    });
    thread.quit();
    thread.wait();
}

} // namespace sandglass
