#include "services/telemetry/figures.h"

namespace sandglass::telemetry {

namespace {

constexpr std::array fast{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5};
constexpr std::array calls{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0};
constexpr std::array runs{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0};
/// From one machine's own engine to a back-fill of the whole week that E2B keeps.
constexpr std::array ages{0.01, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86400.0, 604800.0};

} // namespace

Figures::Figures()
    : delivery("sandglass_delivery_duration_seconds", "From a delivery's body to its answer.", {"outcome"}, fast)
    , eventAge("sandglass_event_age_seconds", "Age of new events at their receipt.", {}, ages)
    , journalCommit("sandglass_journal_commit_duration_seconds", "One transaction of the journal with its fsync.",
                    {"outcome"}, fast)
    , apiCall("sandglass_api_call_duration_seconds", "Calls to E2B APIs, tries and waits included.",
              {"endpoint", "status"}, calls)
    , attempt("sandglass_attempt_duration_seconds", "Attempts of refinements by verdict, making a sandbox included.",
              {"verdict"}, runs)
{}

std::array<const HistogramFamily *, 5> Figures::all() const
{
    return {&delivery, &eventAge, &journalCommit, &apiCall, &attempt};
}

Figures &figures()
{
    static auto *const instance = new Figures; // observed by threads that may outlive the program's statics
    return *instance;
}

} // namespace sandglass::telemetry
