#include "services/refine/modelgenerator.h"

#include "services/refine/answercode.h"
#include "services/refine/modelcall.h"

#include <utility>

namespace sandglass::refine {

ModelUse useOf(const ModelConnection &connection, const ModelPrices &prices, const ModelOutcome &outcome)
{
    return {connection.model, toString(connection.protocol), outcome.answer.usage,
            prices.costOf(outcome.answer.usage, systemNow()), outcome.duration};
}

ModelGenerator::ModelGenerator(ModelConnection connection, ModelPrices prices, RefineTask task, ModelLimits limits)
    : m_connection(std::move(connection))
    , m_prices(std::move(prices))
    , m_task(std::move(task))
    , m_limits(limits)
    , m_http(ModelCall::makeClient())
{}

ModelGenerator::~ModelGenerator()
{
    cancel();
}

void ModelGenerator::propose(const std::vector<Attempt> &history, Done done)
{
    cancel();
    m_done = std::move(done);
    m_call = new ModelCall(m_http, m_connection, makeQuestion(m_task, history), m_limits);
    QObject::connect(m_call, &ModelCall::progressed, m_call, [this](const ModelProgress &progress) {
        if (m_told)
            m_told(progress);
    });
    QObject::connect(m_call, &ModelCall::finished, m_call,
                     [this](const ModelOutcome &outcome) { onFinished(outcome); });
    m_call->start();
}

void ModelGenerator::onFinished(const ModelOutcome &outcome)
{
    std::exchange(m_call, nullptr)->deleteLater(); // it is the sender
    Proposal proposal{outcome.error ? Result<std::string>(failure(*outcome.error)) : codeFrom(outcome.answer), {}};
    if (outcome.hasBegun)
        proposal.model = useOf(m_connection, m_prices, outcome);
    const Done done = std::exchange(m_done, {});
    done(std::move(proposal)); // last: it may delete this
}

std::optional<ModelUse> ModelGenerator::cancel()
{
    m_done = {};
    if (m_call == nullptr)
        return {};
    ModelCall *call = std::exchange(m_call, nullptr);
    const ModelOutcome outcome = call->soFar();
    call->disconnect();
    call->cancel();
    call->deleteLater(); // its stream may be speaking
    return outcome.hasBegun ? std::optional(useOf(m_connection, m_prices, outcome)) : std::nullopt;
}

} // namespace sandglass::refine
