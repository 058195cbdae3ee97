#pragma once

#include "services/lifecycle/journal.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <latch>
#include <string>
#include <vector>

/// What the tests of the journal and of what is derived from it share.
namespace sandglass::lifecycle::sample {

/// Appends and waits for the answers.
inline std::vector<Journal::Outcome> appendAll(Journal &journal, const std::vector<Event> &events)
{
    std::vector<Journal::Outcome> outcomes(events.size());
    for (std::size_t next = 0; next < events.size();) {
        const std::size_t count = std::min<std::size_t>(events.size() - next, 10'000); // below the queue's limit
        std::latch answered(static_cast<std::ptrdiff_t>(count));
        for (std::size_t i = next; i < next + count; ++i) {
            journal.append(events[i], [&outcomes, &answered, i](Journal::Outcome outcome) {
                outcomes[i] = outcome;
                answered.count_down();
            });
        }
        answered.wait();
        next += count;
    }
    return outcomes;
}

inline std::vector<StoredEvent> readAll(const Journal &journal, std::int64_t afterSeq = 0)
{
    std::vector<StoredEvent> all;
    const auto done = journal.replay(
        afterSeq, [&all](std::span<const StoredEvent> events) { all.insert(all.end(), events.begin(), events.end()); });
    return done ? all : std::vector<StoredEvent>();
}

inline std::string contentOf(const std::filesystem::path &file)
{
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

inline void writeContent(const std::filesystem::path &file, const std::string &content)
{
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

} // namespace sandglass::lifecycle::sample
