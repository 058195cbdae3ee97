#pragma once

#include "services/core/error.h"
#include "services/core/time.h"
#include "services/telemetry/context.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sandglass::telemetry {

using AttributeValue = std::variant<std::string, std::int64_t, double, bool>;
using Attributes = std::vector<std::pair<std::string, AttributeValue>>;

enum class SpanKind : std::uint8_t { Internal = 1, Server = 2, Client = 3 }; ///< numbered as in OTLP
enum class SpanStatus : std::uint8_t { Unset = 0, Ok = 1, Error = 2 };       ///< numbered as in OTLP

struct SpanEvent
{
    Timestamp time{};
    std::string name;
    Attributes attributes;
};

/// A span that has ended.
struct SpanRecord
{
    SpanContext context;
    std::string parentSpanId; ///< empty: a root
    std::string name;
    SpanKind kind = SpanKind::Internal;
    Timestamp start{};
    Timestamp end{}; ///< start plus what a steady clock measured: a clock that is set does not bend durations
    Attributes attributes;
    std::vector<SpanEvent> events;
    SpanStatus status = SpanStatus::Unset;
    std::string statusMessage;
    std::uint32_t droppedAttributes = 0;
    std::uint32_t droppedEvents = 0;
};

/// Where ended spans go.
class SpanSink
{
public:
    virtual ~SpanSink() = default;
    SpanSink(const SpanSink &) = delete;
    SpanSink &operator=(const SpanSink &) = delete;
    virtual void take(SpanRecord record) = 0; ///< any thread; must not block

protected:
    SpanSink() = default;
};

/// Off (a null sink) is the default: every span is empty then and costs one load of an atomic. Spans keep the sink they
/// began with. Thread-safe, for the whole program.
void setSpanSink(std::shared_ptr<SpanSink> sink);
void dropSpanSink(const SpanSink &sink); ///< off, if it is still this one
[[nodiscard]] bool isTracing();

/// The caller's span, under which everything without a nearer parent hangs (environment TRACEPARENT). Thread-safe.
void setRemoteParent(SpanContext parent);

/// A handle on a span that is being recorded, or on none. Copies share it; it ends with end() or with the last copy.
/// One thread at a time.
class Span final
{
public:
    static constexpr std::size_t attributeLimit = 64;
    static constexpr std::size_t eventLimit = 32;
    static constexpr std::size_t textLimit = 4096; ///< bytes of one value; the rest is cut

    Span() = default;

    void set(std::string_view name, std::string_view value);
    void set(std::string_view name, const char *value) { set(name, std::string_view(value)); }
    void set(std::string_view name, std::int64_t value);
    void set(std::string_view name, int value) { set(name, std::int64_t{value}); }
    void set(std::string_view name, double value);
    void set(std::string_view name, bool value);
    void addEvent(std::string_view name, Attributes attributes = {});
    void setStatus(SpanStatus status, std::string_view message = {});
    void fail(const Error &error); ///< status Error, and attribute error.type
    void end();                    ///< the first call counts

    [[nodiscard]] bool isRecording() const;
    [[nodiscard]] SpanContext context() const; ///< not valid without a span

private:
    struct Recording;
    explicit Span(std::shared_ptr<Recording> recording) : d(std::move(recording)) {}
    void put(std::string_view name, AttributeValue value);
    friend Span startSpan(std::string_view name, SpanKind kind, const SpanContext &parent);

    std::shared_ptr<Recording> d;
};

/// `parent` not valid: a new trace. A parent that is not sampled gives a span that is handed on and not recorded.
[[nodiscard]] Span startSpan(std::string_view name, SpanKind kind, const SpanContext &parent);
/// Under this thread's active span, or the caller's.
[[nodiscard]] Span startSpan(std::string_view name, SpanKind kind = SpanKind::Internal);

/// The innermost Scope's span of this thread, else the caller's; not valid when there is neither, or tracing is off.
[[nodiscard]] SpanContext activeContext();

/// Makes a span the active one of this thread for a block. Calls made in it carry its traceparent.
class Scope final
{
public:
    explicit Scope(const Span &span);
    ~Scope();
    Scope(const Scope &) = delete;
    Scope &operator=(const Scope &) = delete;

private:
    SpanContext m_before;
};

/// Adds traceparent (and tracestate) of the active span, if there is one.
void inject(std::vector<std::pair<std::string, std::string>> &headers);

} // namespace sandglass::telemetry
