#pragma once

#include "services/telemetry/span.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace sandglass::telemetry {

/// Ended spans on their way to the exporter: bounded, what comes when it is full is dropped and counted. Shared with
/// spans that outlive the exporter. Thread-safe.
class SpanQueue final : public SpanSink
{
public:
    /// `wake` is called, on the thread that ends a span, when the first span waits and when a whole batch does.
    SpanQueue(std::size_t limit, std::size_t batch, std::function<void()> wake);

    void take(SpanRecord record) override;
    [[nodiscard]] std::vector<SpanRecord> next(); ///< at most a batch, oldest first
    void putBack(std::vector<SpanRecord> spans);  ///< in front of all; the newest make room
    void close();                                 ///< what comes from now on is dropped; `wake` is not called any more

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::uint64_t dropped() const;

private:
    const std::size_t m_limit;
    const std::size_t m_batch;
    mutable std::mutex m_mutex; ///< guards all below
    std::function<void()> m_wake;
    std::vector<SpanRecord> m_waiting;
    std::uint64_t m_dropped = 0;
    bool m_isClosed = false;
};

} // namespace sandglass::telemetry
