#pragma once

#include "services/cost/meter.h"
#include "services/cost/ratecard.h"
#include "tests/services/lifecycle/events.h"

#include <array>
#include <random>
#include <string>
#include <vector>

/// Random lives of sandboxes, and what becomes of their events on the way.
namespace sandglass::lifecycle::sample {

/// Prices that change, and one team of three that has its own, which change at another time.
inline const cost::RateCard card = [] {
    auto all = cost::RateCard::fromJson(R"({"currency": "USD", "rates": [
    {"valid_from": "2026-08-01T00:00:00Z", "usd_per_vcpu_second": "0.000014", "usd_per_gib_second": "0.0000045"},
    {"valid_from": "2026-08-20T10:30:00Z", "usd_per_vcpu_second": "0.00002", "usd_per_gib_second": "0.000005"}]})")
                   .value();
    all.setTeams({{"team-own",
                   cost::RateCard::fromJson(R"({"currency": "USD", "rates": [
    {"valid_from": "2026-08-01T00:00:00Z", "usd_per_vcpu_second": "0.5", "usd_per_gib_second": "0"},
    {"valid_from": "2026-08-20T10:41:07Z", "usd_per_vcpu_second": "0.000003", "usd_per_gib_second": "0.25"}]})")
                       .value()}});
    return all;
}();

/// One sandbox's life as the provider lives it, and the events it sends.
class Life
{
public:
    Life(std::mt19937_64 &random, std::string id) : m_random(random), m_id(std::move(id)) {}

    void live()
    {
        m_team = std::array{"", "team-own", "team-other"}[static_cast<std::size_t>(upTo(2))];
        m_vcpu = 1 + upTo(7);
        m_memoryMb = 256 << upTo(4);
        m_now = upTo(2000) + 0.001 * upTo(999);
        start(EventType::Created);
        for (int step = upTo(6); step > 0; --step) {
            wait();
            happen(upTo(4));
        }
        if (upTo(2) > 0) {
            wait();
            stop(EventType::Killed);
        }
        for (Event &event : events)
            event.teamId = m_team;
    }

    std::vector<Event> events;
    Money price; ///< of what has ended

private:
    int upTo(int last) { return static_cast<int>(m_random() % static_cast<unsigned>(last + 1)); }
    void wait() { m_now += 3 + upTo(900) + 0.001 * upTo(999); }

    void happen(int what)
    {
        if (!m_isRunning) {
            start(EventType::Resumed);
        } else if (what <= 1) {
            stop(EventType::Paused);
        } else if (what == 2) {
            events.push_back(bare(EventType::Updated, m_now, m_execution, m_id));
            events.back().newEnd = at(m_now + upTo(3600));
        } else if (what == 3) {
            events.push_back(observedRunning(m_now, m_started, m_vcpu, m_memoryMb));
            events.back().sandboxId = m_id;
            events.back().id += m_id;
        } else {
            events.push_back(bare(EventType::Checkpointed, m_now, m_execution, m_id));
        }
    }

    void start(EventType type)
    {
        m_isRunning = true;
        m_started = m_now;
        m_execution = m_id + "-" + std::to_string(++m_executions);
        events.push_back(bare(type, m_now, m_execution, m_id));
        events.back().templateId = "tpl";
    }

    void stop(EventType type)
    {
        if (!m_isRunning) {
            events.push_back(bare(type, m_now, m_execution, m_id));
            return;
        }
        m_isRunning = false;
        events.push_back(ended(type, m_now, m_execution, m_started, m_id));
        Execution &execution = *events.back().execution;
        execution.vcpuCount = m_vcpu;
        execution.memoryMb = m_memoryMb;
        price += *cost::priceOf({at(m_started), {}, execution.executionTimeMs, m_vcpu, m_memoryMb}, card.of(m_team));
    }

    std::mt19937_64 &m_random;
    std::string m_id;
    std::string m_team;
    std::string m_execution;
    int m_vcpu = 0, m_memoryMb = 0, m_executions = 0;
    double m_now = 0, m_started = 0;
    bool m_isRunning = false;
};

/// Adds what nobody would send on purpose: a second kill with another reason, a type of tomorrow, a clock far
/// ahead or far behind, an update of before the start.
inline void addOddEvents(std::vector<Event> &events, std::mt19937_64 &random)
{
    if (events.empty())
        return;
    for (auto count = random() % 4; count > 0; --count) {
        Event extra = events[random() % events.size()];
        extra.id += "-odd" + std::to_string(count);
        switch (random() % 5) {
        case 0:
            extra.type = EventType::Killed;
            extra.typeName = typeName(extra.type);
            extra.killReason = random() % 2 == 0 ? "timeout" : "admin";
            extra.timestamp += std::chrono::milliseconds(random() % 900'000);
            break;
        case 1:
            extra.type = EventType::Unknown;
            extra.typeName = "sandbox.lifecycle.teleported";
            break;
        case 2:
            extra.timestamp += std::chrono::hours(24 * 365 * (1 + random() % 60));
            break;
        case 3:
            extra.timestamp -= std::chrono::hours(24 * 365 * (1 + random() % 80));
            break;
        default:
            extra.type = EventType::Updated;
            extra.typeName = typeName(extra.type);
            extra.newEnd = extra.timestamp + std::chrono::milliseconds(random() % 9'000'000);
            extra.metadata = {{"user", std::to_string(random() % 3)}};
        }
        events.push_back(std::move(extra));
    }
}

/// Takes away, blurs and adds, as lost deliveries, old payloads and polling do.
inline void damage(std::vector<Event> &events, std::mt19937_64 &random)
{
    std::vector<Event> left;
    for (Event &e : events) {
        const auto dice = random() % 20;
        if (dice < 4)
            continue;
        if (dice == 4)
            e.executionId.clear();
        if (dice == 5)
            e.execution.reset();
        if (dice == 6 && e.execution)
            e.execution->startedAt.reset();
        if (dice == 7 && e.execution)
            e.execution->executionTimeMs = 0;
        if (dice == 8)
            e.timestamp += std::chrono::milliseconds(static_cast<int>(random() % 5000) - 2500);
        if (dice == 9 || dice == 10) {
            Event extra = dice == 9 ? observedPaused(0) : bare(EventType::Lost, 0);
            extra.timestamp = e.timestamp + std::chrono::seconds(random() % 100);
            extra.sandboxId = e.sandboxId;
            extra.id += e.id;
            left.push_back(std::move(extra));
        }
        left.push_back(std::move(e));
    }
    events = std::move(left);
}

} // namespace sandglass::lifecycle::sample
