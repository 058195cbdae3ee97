// Answers of the chat completions API.

#include "services/refine/modelreader.h"

#include <algorithm>

namespace sandglass::refine {

namespace {

using Stop = ModelAnswer::Stop;

class OpenAiReader final : public ModelReader
{
public:
    Result<> takeWhole(const Json &answer) final
    {
        if (auto taken = takeEvent(answer); !taken)
            return taken;
        if (m_answer.stop == Stop::None)
            return failure(Error::Kind::Decode, "the answer is no chat completion");
        m_isOver = true;
        return {};
    }

protected:
    Result<> takeEvent(const Json &event) final
    {
        if (std::string model = stringOr(event, "model"); !model.empty())
            m_answer.model = std::move(model);
        takeUsage(memberOr(event, "usage"));
        const Json &choices = memberOr(event, "choices"); // null or missing beside the usage, from some
        if (!choices.is_array() || choices.empty())
            return {};
        const Json &choice = choices.front();
        const Json &delta = memberOr(choice, "delta");
        const Json &said = delta.is_object() ? delta : memberOr(choice, "message");
        m_answer.text += stringOr(said, "content");
        m_refusal += stringOr(said, "refusal");
        if (const std::string word = stringOr(choice, "finish_reason"); !word.empty())
            takeStop(word);
        return {};
    }

private:
    void takeStop(const std::string &word)
    {
        m_answer.stopWord = word;
        m_answer.stop = word == "length" ? Stop::Length : word == "content_filter" ? Stop::Refused : Stop::Complete;
        if (m_answer.text.empty() && !m_refusal.empty()) {
            m_answer.text = m_refusal;
            m_answer.stop = Stop::Refused;
        }
    }

    /// The counts of the question hold those read from the cache. Some servers tell them again and again as they grow:
    /// the last ones count.
    void takeUsage(const Json &usage)
    {
        const auto question = tokensOf(usage, "prompt_tokens");
        const auto output = tokensOf(usage, "completion_tokens");
        if (!question || !output)
            return;
        const std::int64_t cached =
            std::min(*question, tokensOf(memberOr(usage, "prompt_tokens_details"), "cached_tokens").value_or(0));
        m_answer.usage = TokenUsage{*question - cached, cached, 0, *output};
    }

    std::string m_refusal;
};

} // namespace

std::unique_ptr<ModelReader> makeOpenAiReader()
{
    return std::make_unique<OpenAiReader>();
}

} // namespace sandglass::refine
