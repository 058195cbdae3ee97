#include "services/lifecycle/openmetrics.h"
#include "services/lifecycle/quarantine.h"
#include "services/lifecycle/receiverhandler.h"
#include "services/lifecycle/restapi.h"

namespace sandglass::lifecycle {

ReceiverStatistics statisticsOf(const ReceiverCounters &c)
{
    ReceiverStatistics s;
    s.accepted = c.accepted;
    s.duplicates = c.duplicates;
    s.badSignature = c.badSignature;
    s.missingSignature = c.missingSignature;
    s.malformed = c.malformed;
    s.tooLarge = c.tooLarge;
    s.wrongPath = c.wrongPath;
    s.wrongMethod = c.wrongMethod;
    s.unavailable = c.unavailable;
    s.lastAcceptedUnixMs = c.lastAcceptedUnixMs;
    s.outsideWindow = c.outsideWindow;
    s.unauthorized = c.unauthorized;
    if (const std::int64_t lowest = c.lowestDelayMs; lowest != ReceiverCounters::unknownDelay)
        s.lowestDelayMs = lowest;
    return s;
}

void appendDeliveryFigures(OpenMetrics &out, const ReceiverCounters &counters, const Quarantine &quarantine)
{
    const ReceiverStatistics s = statisticsOf(counters);
    out.counter("sandglass_deliveries", "Requests to the receiver by what became of them.");
    const std::pair<std::string_view, std::uint64_t> outcomes[] = {
        {"accepted", s.accepted},          {"duplicate", s.duplicates},
        {"bad_signature", s.badSignature}, {"missing_signature", s.missingSignature},
        {"malformed", s.malformed},        {"too_large", s.tooLarge},
        {"wrong_path", s.wrongPath},       {"wrong_method", s.wrongMethod},
        {"unavailable", s.unavailable},    {"unauthorized", s.unauthorized}};
    for (const auto &[outcome, count] : outcomes)
        out.sample(count, {{"outcome", outcome}});
    out.counter("sandglass_deliveries_outside_window", "Signed events whose own time is too far from ours.");
    out.sample(s.outsideWindow);
    const Quarantine::Counts counts = quarantine.counts();
    out.gauge("sandglass_quarantine_entries", "Refused deliveries that are kept.");
    out.sample(counts.entries);
    out.gauge("sandglass_quarantine_bytes", "Their size.", "bytes");
    out.sample(counts.bytes);
    out.counter("sandglass_quarantine_skipped", "Refused deliveries that were only counted.");
    out.sample(counts.skipped);
}

} // namespace sandglass::lifecycle
