#pragma once

#include "services/core/result.h"
#include "services/refine/attempt.h"
#include "services/refine/modelconnection.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sandglass::refine {

/// Code for the next attempt, or why there is none.
struct Proposal
{
    Result<std::string> code;
    std::optional<ModelUse> model; ///< a model has answered, with or without code
};

/// Proposes code for the next attempt. Sees everything the attempts before produced: code, error, output.
class Generator
{
public:
    virtual ~Generator() = default;
    using Done = std::function<void(Proposal)>;
    /// Calls `done` exactly once, at once or later on the same thread; not at all after cancel() or destruction.
    /// Error (Local, code "exhausted"): there is nothing left to propose.
    virtual void propose(const std::vector<Attempt> &history, Done done) = 0;
    /// What a model had begun to answer, which costs all the same.
    virtual std::optional<ModelUse> cancel() = 0;
    [[nodiscard]] virtual Attempt::Author author() const = 0;

    using Told = std::function<void(const ModelProgress &)>;
    virtual void onProgress(Told /*told*/) {} ///< told of by those that take their time
};

/// Proposes a fixed list of texts, one per attempt.
class ScriptedGenerator final : public Generator
{
public:
    explicit ScriptedGenerator(std::vector<std::string> texts) : m_texts(std::move(texts)) {}
    void propose(const std::vector<Attempt> &history, Done done) final;
    std::optional<ModelUse> cancel() final { return {}; }
    [[nodiscard]] Attempt::Author author() const final { return Attempt::Author::Scripted; }

    [[nodiscard]] const std::vector<std::string> &texts() const { return m_texts; }

private:
    std::vector<std::string> m_texts;
    std::size_t m_next = 0;
};

/// The classic example of a refinement: a missing colon, an import of a module that does not exist, the right program.
struct ClassicExample
{
    std::string requirement;
    std::vector<std::string> attempts;
    Check check;
};
[[nodiscard]] ClassicExample classicExample();

} // namespace sandglass::refine
