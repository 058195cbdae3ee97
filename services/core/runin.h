#pragma once

#include "services/core/mailbox.h"
#include "services/core/workthread.h"

#include <QFuture>
#include <QPromise>

#include <memory>
#include <type_traits>
#include <utility>

namespace sandglass {

/// Runs `work()` in `thread`; its result comes by the future in the thread of `answers`, which must live as long as
/// `thread`. Of an owner that goes meanwhile the future is cancelled.
template<typename Work>
[[nodiscard]] auto runIn(WorkThread &thread, Mailbox &answers, Work work) -> QFuture<std::invoke_result_t<Work>>
{
    auto promise = std::make_shared<QPromise<std::invoke_result_t<Work>>>();
    promise->start();
    auto future = promise->future();
    thread.post([promise = std::move(promise), &answers, work = std::move(work)]() mutable {
        // The promise goes with the answer: its last owner has to be that thread.
        answers.post([promise = std::move(promise), value = work()]() mutable {
            promise->addResult(std::move(value));
            promise->finish();
        });
    });
    return future;
}

} // namespace sandglass
