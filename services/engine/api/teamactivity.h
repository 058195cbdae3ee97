#pragma once

#include "services/core/json.h"
#include "services/engine/api/samplehistory.h"

namespace sandglass::engine {

struct TeamSample
{
    Timestamp timestamp;
    int concurrentSandboxes = 0;
    double startRate = 0; ///< sandboxes started per second

    void raise(const TeamSample &other);
};
/// "TeamMetric" of the specification.
[[nodiscard]] Json teamMetricJson(const TeamSample &sample);

/// How many sandboxes run at a time, and how many begin. io thread only.
class TeamActivity final
{
public:
    void noteStart() { ++m_started; }
    /// At every interval.
    void sample(int concurrent, Timestamp now);
    [[nodiscard]] const SampleHistory<TeamSample> &history() const { return m_history; }

private:
    SampleHistory<TeamSample> m_history;
    Timestamp m_last = systemNow();
    int m_started = 0;
};

} // namespace sandglass::engine
