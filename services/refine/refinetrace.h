#pragma once

#include "services/refine/attempt.h"
#include "services/telemetry/histogram.h"
#include "services/telemetry/span.h"

#include <optional>
#include <string>
#include <string_view>

namespace sandglass::refine {

std::string_view toString(Verdict verdict); ///< "passed", "check_failed", …

/// A session for those who watch the program: spans session > attempt > generate / create / execute while tracing is
/// on, and the time of each attempt by verdict. Code and output stay out of it.
class RefineTrace final
{
public:
    explicit RefineTrace(std::string sessionId) : m_sessionId(std::move(sessionId)) {}

    /// Opens the session's span when there is none. Nothing when the attempt is open already (its code was generated).
    void beginAttempt(int number, Attempt::Author author, const std::string &templateId);
    void beginStep(std::string_view name); ///< ends the step before
    void endStep(const std::optional<Error> &error = {});
    /// Of the step in which a model was asked, by the names of OpenTelemetry's conventions for generative AI.
    void describeModel(const ModelUse &use);
    void endAttempt(const Attempt &attempt);
    void dropAttempt(const Error &why); ///< no code came: nothing was attempted
    void note(std::string_view what);   ///< an event of the attempt
    void endSession();

    /// Calls made while this is active belong to it: a step, else the attempt, else the session.
    [[nodiscard]] const telemetry::Span &current() const;

private:
    void describe(const Attempt &attempt);

    const std::string m_sessionId;
    telemetry::Span m_session;
    telemetry::Span m_attempt;
    telemetry::Span m_step;
    std::optional<telemetry::Stopwatch> m_watch; ///< of the attempt
};

} // namespace sandglass::refine
