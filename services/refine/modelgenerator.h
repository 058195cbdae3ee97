#pragma once

#include "services/refine/generator.h"
#include "services/refine/modelanswer.h"
#include "services/refine/modelprices.h"
#include "services/refine/prompt.h"

#include <memory>

namespace sandglass::net {
class HttpClient;
}

namespace sandglass::refine {

class ModelCall;

/// Has a model write the code, over HTTP, and tells what that took. One question at a time, on one thread.
class ModelGenerator final : public Generator
{
public:
    /// Without prices the cost is not known, whatever the provider counts.
    ModelGenerator(ModelConnection connection, ModelPrices prices, RefineTask task, ModelLimits limits = {});
    ~ModelGenerator() override;

    /// Errors: those of ModelOutcome and of codeFrom(). Proposal::model is there once an answer had begun.
    void propose(const std::vector<Attempt> &history, Done done) final;
    std::optional<ModelUse> cancel() final;
    [[nodiscard]] Attempt::Author author() const final { return Attempt::Author::Model; }
    void onProgress(Told told) final { m_told = std::move(told); }

private:
    void onFinished(const ModelOutcome &outcome);

    const ModelConnection m_connection;
    const ModelPrices m_prices;
    const RefineTask m_task;
    const ModelLimits m_limits;
    std::shared_ptr<net::HttpClient> m_http;
    ModelCall *m_call = nullptr;
    Done m_done;
    Told m_told;
};

/// What an outcome took, for accounts.
[[nodiscard]] ModelUse useOf(const ModelConnection &connection, const ModelPrices &prices, const ModelOutcome &outcome);

} // namespace sandglass::refine
