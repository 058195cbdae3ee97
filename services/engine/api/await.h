#pragma once

#include "services/core/result.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace sandglass::engine {

/// `co_await answerOf<T>([](auto then) { call(…, then); })`: goes on once `then` was called with a Result<T>, on the
/// coroutine's own loop. `then` is called once; whoever drops it uncalled leaves the coroutine to end with its loop.
template<typename T, typename Start>
[[nodiscard]] boost::asio::awaitable<Result<T>> answerOf(Start start)
{
    namespace asio = boost::asio;
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<T>)>(
        [](auto handler, Start begin) {
            const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            begin(std::function<void(Result<T>)>([shared](Result<T> result) {
                const auto executor = asio::get_associated_executor(*shared);
                // Moved through a pointer: a Result may hold a descriptor.
                asio::post(executor, [shared, kept = std::make_shared<Result<T>>(std::move(result))] {
                    std::move (*shared)(std::move(*kept));
                });
            }));
        },
        asio::use_awaitable, std::move(start));
}

} // namespace sandglass::engine
