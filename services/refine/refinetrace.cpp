#include "services/refine/refinetrace.h"

#include "services/telemetry/figures.h"
#include "services/telemetry/log.h"

#include <QLoggingCategory>

#include <utility>

namespace sandglass::refine {

namespace {

Q_LOGGING_CATEGORY(logRefine, "sandglass.refine")

std::int64_t wholeMs(std::chrono::nanoseconds time)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

} // namespace

std::string_view toString(Verdict verdict)
{
    switch (verdict) {
    case Verdict::Passed:
        return "passed";
    case Verdict::CheckFailed:
        return "check_failed";
    case Verdict::Raised:
        return "raised";
    case Verdict::TimedOut:
        return "timed_out";
    case Verdict::Stopped:
        return "stopped";
    case Verdict::Broken:
        break;
    }
    return "broken";
}

void RefineTrace::beginAttempt(int number, Attempt::Author author, const std::string &templateId)
{
    if (m_watch)
        return;
    m_watch.emplace();
    if (!telemetry::isTracing())
        return;
    if (!m_session.context().isValid()) {
        m_session = telemetry::startSpan("refine.session");
        m_session.set("sandglass.session.id", m_sessionId);
        m_session.set("sandglass.template", templateId);
    }
    m_attempt = telemetry::startSpan("refine.attempt", telemetry::SpanKind::Internal, m_session.context());
    m_attempt.set("sandglass.attempt.number", number);
    m_attempt.set("sandglass.attempt.author", author == Attempt::Author::Person ? "person" : "generator");
}

void RefineTrace::beginStep(std::string_view name)
{
    endStep();
    if (m_attempt.context().isValid())
        m_step = telemetry::startSpan(name, telemetry::SpanKind::Internal, m_attempt.context());
}

void RefineTrace::endStep(const std::optional<Error> &error)
{
    if (error)
        m_step.fail(*error);
    m_step.end();
    m_step = {};
}

void RefineTrace::describeModel(const ModelUse &use)
{
    m_step.set("gen_ai.operation.name", "chat");
    m_step.set("gen_ai.provider.name", use.protocol);
    m_step.set("gen_ai.request.model", use.model);
    if (use.tokens) {
        m_step.set("gen_ai.usage.input_tokens", use.tokens->question());
        m_step.set("gen_ai.usage.cache_read.input_tokens", use.tokens->cachedInput);
        m_step.set("gen_ai.usage.output_tokens", use.tokens->output);
    }
    if (use.cost)
        m_step.set("sandglass.model.cost_usd", use.cost->toFixed(12));
}

void RefineTrace::endAttempt(const Attempt &attempt)
{
    endStep(attempt.trouble);
    const std::string_view verdict = toString(attempt.verdict);
    const auto took = m_watch ? m_watch->elapsed() : std::chrono::nanoseconds(0);
    m_watch.reset();
    telemetry::figures().attempt.with({verdict}).observe(took);
    {
        const telemetry::Scope scope(m_attempt);
        telemetry::note(logRefine(), QtInfoMsg, "attempt finished",
                        {{"session", m_sessionId},
                         {"attempt", attempt.number},
                         {"verdict", verdict},
                         {"sandbox", attempt.sandboxId},
                         {"duration_ms", wholeMs(took)},
                         {"run_ms", wholeMs(attempt.duration)}});
    }
    if (m_attempt.isRecording())
        describe(attempt);
    m_attempt.end();
    m_attempt = {};
}

void RefineTrace::describe(const Attempt &attempt)
{
    const std::string_view verdict = toString(attempt.verdict);
    m_attempt.set("sandglass.attempt.verdict", verdict);
    m_attempt.set("sandglass.sandbox.id", attempt.sandboxId);
    m_attempt.set("sandglass.run.duration_ms", wholeMs(attempt.duration));
    if (attempt.firstOutputAfter)
        m_attempt.set("sandglass.run.first_output_ms", wholeMs(*attempt.firstOutputAfter));
    if (attempt.cost)
        m_attempt.set("sandglass.attempt.cost_usd", attempt.cost->toFixed(12));
    if (attempt.model && attempt.model->cost)
        m_attempt.set("sandglass.attempt.model_cost_usd", attempt.model->cost->toFixed(12));
    if (attempt.error) // its message is what the code says, and stays here
        m_attempt.addEvent("exception", {{"exception.type", attempt.error->name}});
    if (attempt.trouble)
        m_attempt.fail(*attempt.trouble);
    else if (attempt.verdict == Verdict::Passed)
        m_attempt.setStatus(telemetry::SpanStatus::Ok);
    else if (attempt.verdict != Verdict::Stopped)
        m_attempt.setStatus(telemetry::SpanStatus::Error, verdict);
}

void RefineTrace::dropAttempt(const Error &why)
{
    endStep(why);
    m_watch.reset();
    m_attempt.fail(why);
    m_attempt.end();
    m_attempt = {};
}

void RefineTrace::note(std::string_view what)
{
    m_attempt.addEvent(what);
}

void RefineTrace::endSession()
{
    m_session.end();
    m_session = {};
}

const telemetry::Span &RefineTrace::current() const
{
    return m_step.context().isValid() ? m_step : m_attempt.context().isValid() ? m_attempt : m_session;
}

} // namespace sandglass::refine
