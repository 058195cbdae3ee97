#pragma once

#include <QFuture>
#include <QFutureWatcher>
#include <QObject>

#include <utility>

namespace sandglass {

/// Calls `handler(T)` in `receiver`'s thread once `future` has its result. The answer never reaches a dead receiver,
/// and a cancelled future calls nothing. (QFuture::then(context, …) asserts on Qt 6.4 when the context is gone.)
template<typename T, typename Handler>
void whenDone(QFuture<T> future, QObject *receiver, Handler &&handler)
{
    auto *watcher = new QFutureWatcher<T>(receiver); // dies with the receiver
    QObject::connect(watcher, &QFutureWatcherBase::finished, receiver,
                     [watcher, handle = std::forward<Handler>(handler)]() mutable {
                         watcher->deleteLater();
                         // One cancelled after its result arrived still counts it, but has none to take.
                         if (!watcher->isCanceled() && watcher->future().resultCount() > 0)
                             handle(watcher->future().takeResult());
                     });
    watcher->setFuture(std::move(future));
}

} // namespace sandglass
