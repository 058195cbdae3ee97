#pragma once

#include "services/core/result.h"

#include <QFuture>
#include <QFutureWatcher>
#include <QObject>
#include <QPromise>

#include <memory>
#include <utility>

namespace sandglass::e2b {

/// A future that already holds its result.
template<typename T>
[[nodiscard]] QFuture<Result<T>> ready(Result<T> result)
{
    QPromise<Result<T>> promise;
    promise.start();
    promise.addResult(std::move(result));
    promise.finish();
    return promise.future();
}

/// The future of `convert(source's result)`. Cancelling it cancels `source` (which QFuture::then does not do).
/// When `owner` dies first the future ends without a result.
template<typename T, typename Source, typename Convert>
[[nodiscard]] QFuture<Result<T>> converted(QFuture<Source> source, QObject *owner, Convert convert)
{
    auto promise = std::make_shared<QPromise<Result<T>>>();
    promise->start();
    auto *upstream = new QFutureWatcher<Source>(owner);
    auto *downstream = new QFutureWatcher<Result<T>>(upstream);
    QObject::connect(downstream, &QFutureWatcherBase::canceled, upstream, [upstream] { upstream->cancel(); });
    QObject::connect(upstream, &QFutureWatcherBase::finished, upstream,
                     [upstream, promise, change = std::move(convert)]() mutable {
                         upstream->deleteLater();
                         if (upstream->future().resultCount() > 0)
                             promise->addResult(change(upstream->future().takeResult()));
                         promise->finish();
                     });
    downstream->setFuture(promise->future());
    upstream->setFuture(std::move(source));
    return promise->future();
}

} // namespace sandglass::e2b
