#pragma once

#include "services/core/time.h"
#include "services/lifecycle/codeexecution.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace sandglass::models {

/// What statistics need to know of one execution of code.
struct CodeRun
{
    Timestamp at{}; ///< when it ended
    std::uint64_t idHash = 0;
    std::uint64_t sandboxHash = 0;   ///< as Life::idHash
    std::int64_t durationMs = -1;    ///< -1: not known
    std::int64_t costPico = -1;      ///< pico-dollars; -1: not known
    std::uint32_t templateIndex = 0; ///< in its book
    lifecycle::RunOutcome outcome = lifecycle::RunOutcome::Unknown;
};

/// The executions of code of a journal, each once and in order of time, 48 bytes each. Not thread-safe.
class RunBook final
{
public:
    static constexpr std::size_t mostRuns = 300'000;     ///< the oldest leave
    static constexpr std::size_t mostTemplates = 10'000; ///< further ones have no name

    void add(const lifecycle::CodeExecution &execution, const lifecycle::Event &event);
    /// After some have been added: puts them in order, also those that came twice.
    void settle();
    /// Of what ended before, not all is known any more: it leaves.
    void dropBefore(Timestamp time);

    /// Those that ended in [from, to). Settled ones only.
    [[nodiscard]] std::span<const CodeRun> between(Timestamp from, Timestamp to) const;
    [[nodiscard]] const std::string &templateIdOf(const CodeRun &run) const { return m_templates[run.templateIndex]; }
    [[nodiscard]] const std::vector<std::string> &templateIds() const { return m_templates; }
    /// What ended before has left. Empty: nothing has.
    [[nodiscard]] const std::optional<Timestamp> &knownFrom() const { return m_knownFrom; }

private:
    [[nodiscard]] std::uint32_t indexOf(const std::string &templateId);

    std::vector<CodeRun> m_runs;
    std::size_t m_settled = 0; ///< how many of them, at the front, are in order
    std::vector<std::string> m_templates;
    std::unordered_map<std::string, std::uint32_t> m_templateIndices;
    std::optional<Timestamp> m_knownFrom;
};

} // namespace sandglass::models
