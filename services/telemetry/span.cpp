#include "services/telemetry/span.h"

#include <atomic>
#include <mutex>

namespace sandglass::telemetry {

namespace {

using Monotonic = std::chrono::steady_clock;

struct Shared
{
    std::atomic<bool> isTracing = false;
    std::mutex mutex; ///< guards the two below
    std::shared_ptr<SpanSink> sink;
    SpanContext remoteParent;
};

Shared &shared()
{
    static auto *const instance = new Shared; // threads may end spans while the program's statics go
    return *instance;
}

SpanContext &activeOfThread()
{
    thread_local SpanContext active;
    return active;
}

std::string cut(std::string_view text)
{
    std::size_t end = std::min(text.size(), Span::textLimit);
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
        --end; // not inside a character
    return std::string(text.substr(0, end));
}

const char *nameOf(Error::Kind kind)
{
    switch (kind) {
    case Error::Kind::Transport:
        return "transport";
    case Error::Kind::Timeout:
        return "timeout";
    case Error::Kind::Http:
        return "http";
    case Error::Kind::Service:
        return "service";
    case Error::Kind::Decode:
        return "decode";
    case Error::Kind::Local:
        return "local";
    case Error::Kind::Cancelled:
        return "cancelled";
    }
    return "other";
}

} // namespace

struct Span::Recording
{
    ~Recording() { end(); }

    void end()
    {
        if (const auto to = std::exchange(sink, nullptr)) {
            record.end = record.start + (Monotonic::now() - begun);
            to->take(std::move(record));
        }
    }

    SpanContext context;            ///< kept when the record is gone
    std::shared_ptr<SpanSink> sink; ///< null: not recorded, or ended
    SpanRecord record;
    Monotonic::time_point begun;
};

void setSpanSink(std::shared_ptr<SpanSink> sink)
{
    const std::lock_guard lock(shared().mutex);
    shared().isTracing = sink != nullptr;
    shared().sink.swap(sink); // the old one goes after the lock
}

void dropSpanSink(const SpanSink &sink)
{
    std::shared_ptr<SpanSink> old; // goes after the lock
    const std::lock_guard lock(shared().mutex);
    if (shared().sink.get() != &sink)
        return;
    shared().isTracing = false;
    shared().sink.swap(old);
}

bool isTracing()
{
    return shared().isTracing.load(std::memory_order_relaxed);
}

void setRemoteParent(SpanContext parent)
{
    const std::lock_guard lock(shared().mutex);
    shared().remoteParent = std::move(parent);
}

void Span::set(std::string_view name, std::string_view value)
{
    if (isRecording())
        put(name, cut(value));
}

void Span::set(std::string_view name, std::int64_t value)
{
    put(name, value);
}

void Span::set(std::string_view name, double value)
{
    put(name, value);
}

void Span::set(std::string_view name, bool value)
{
    put(name, value);
}

void Span::put(std::string_view name, AttributeValue value)
{
    if (!isRecording())
        return;
    for (auto &[known, old] : d->record.attributes) {
        if (known == name) {
            old = std::move(value);
            return;
        }
    }
    if (d->record.attributes.size() >= attributeLimit)
        ++d->record.droppedAttributes;
    else
        d->record.attributes.emplace_back(name, std::move(value));
}

void Span::addEvent(std::string_view name, Attributes attributes)
{
    if (!isRecording())
        return;
    if (d->record.events.size() >= eventLimit) {
        ++d->record.droppedEvents;
        return;
    }
    for (auto &[key, value] : attributes) {
        if (auto *text = std::get_if<std::string>(&value))
            *text = cut(*text);
    }
    d->record.events.push_back(
        {d->record.start + (Monotonic::now() - d->begun), std::string(name), std::move(attributes)});
}

void Span::setStatus(SpanStatus status, std::string_view message)
{
    if (!isRecording())
        return;
    d->record.status = status;
    d->record.statusMessage = cut(message);
}

void Span::fail(const Error &error)
{
    if (!isRecording())
        return;
    set("error.type", error.code.empty() ? std::string_view(nameOf(error.kind)) : std::string_view(error.code));
    setStatus(SpanStatus::Error, error.message);
}

void Span::end()
{
    if (d)
        d->end();
}

bool Span::isRecording() const
{
    return d && d->sink;
}

SpanContext Span::context() const
{
    return d ? d->context : SpanContext{};
}

Span startSpan(std::string_view name, SpanKind kind, const SpanContext &parent)
{
    if (!isTracing())
        return {};
    auto recording = std::make_shared<Span::Recording>();
    {
        const std::lock_guard lock(shared().mutex);
        recording->sink = shared().sink;
    }
    recording->context = {parent.isValid() ? parent.traceId : newTraceId(), newSpanId(), true, parent.traceState};
    if (parent.isValid() && !parent.isSampled) {
        recording->context.isSampled = false;
        recording->sink = nullptr;
        return Span(std::move(recording));
    }
    recording->begun = Monotonic::now();
    SpanRecord &record = recording->record;
    record.context = recording->context;
    record.parentSpanId = parent.spanId;
    record.name = name;
    record.kind = kind;
    record.start = systemNow();
    return Span(std::move(recording));
}

Span startSpan(std::string_view name, SpanKind kind)
{
    return isTracing() ? startSpan(name, kind, activeContext()) : Span{};
}

SpanContext activeContext()
{
    if (!isTracing())
        return {};
    if (const SpanContext &active = activeOfThread(); active.isValid())
        return active;
    const std::lock_guard lock(shared().mutex);
    return shared().remoteParent;
}

Scope::Scope(const Span &span) : m_before(activeOfThread())
{
    if (const SpanContext context = span.context(); context.isValid())
        activeOfThread() = context;
}

Scope::~Scope()
{
    activeOfThread() = std::move(m_before);
}

void inject(std::vector<std::pair<std::string, std::string>> &headers)
{
    if (!isTracing())
        return;
    const SpanContext context = activeContext();
    if (!context.isValid())
        return;
    headers.emplace_back("traceparent", traceparentOf(context));
    if (!context.traceState.empty())
        headers.emplace_back("tracestate", context.traceState);
}

} // namespace sandglass::telemetry
