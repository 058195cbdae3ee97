#pragma once

#include "models/analytics/lifebook.h"
#include "models/analytics/runbook.h"

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace sandglass::models {

/// As which template a run of code counts: that of its sandbox, and where nothing is known of the sandbox, the one that
/// the run itself names. For one analysis: the books must outlive it.
class RunTemplates final
{
public:
    RunTemplates(const RunBook &book, std::span<const CodeRun> runs) : m_book(book)
    {
        for (const CodeRun &run : runs)
            m_bySandbox.try_emplace(run.sandboxHash, nullptr);
    }

    /// All templates before the first run is asked for.
    void learn(const std::vector<LifeBook::Template> &templates)
    {
        for (const LifeBook::Template &one : templates) {
            if (one.name != one.id)
                m_names.try_emplace(one.id, one.name);
        }
    }
    /// The first one that is told of a sandbox counts.
    void learn(const Life &life, const LifeBook::Template &kind)
    {
        if (m_bySandbox.empty())
            return;
        const auto asked = m_bySandbox.find(life.idHash);
        if (asked != m_bySandbox.end() && asked->second == nullptr)
            asked->second = &kind;
    }

    [[nodiscard]] LifeBook::Template of(const CodeRun &run) const
    {
        const auto sandbox = m_bySandbox.find(run.sandboxHash);
        if (sandbox != m_bySandbox.end() && sandbox->second != nullptr)
            return *sandbox->second;
        const std::string &id = m_book.templateIdOf(run);
        const auto name = m_names.find(id);
        return {id, name != m_names.end() ? name->second : id};
    }

private:
    const RunBook &m_book;
    std::unordered_map<std::uint64_t, const LifeBook::Template *> m_bySandbox;
    std::unordered_map<std::string, std::string> m_names; ///< readable ones, by id
};

} // namespace sandglass::models
