// Answers of the messages API.

#include "services/refine/modelreader.h"

namespace sandglass::refine {

namespace {

using Stop = ModelAnswer::Stop;

class AnthropicReader final : public ModelReader
{
public:
    Result<> takeWhole(const Json &answer) final
    {
        takeHead(answer);
        takeStop(stringOr(answer, "stop_reason"));
        const Json &content = memberOr(answer, "content");
        if (!content.is_array() || m_answer.stop == Stop::None)
            return failure(Error::Kind::Decode, "the answer is no message");
        for (const Json &block : content)
            m_answer.text += stringOr(block, "text");
        m_hasFinalCount = true;
        closeUsage();
        m_isOver = true;
        return {};
    }

protected:
    Result<> takeEvent(const Json &event) final
    {
        const std::string type = stringOr(event, "type");
        if (type == "message_start") {
            takeHead(memberOr(event, "message"));
        } else if (type == "content_block_start") {
            m_answer.text += stringOr(memberOr(event, "content_block"), "text");
        } else if (type == "content_block_delta") {
            if (const Json &delta = memberOr(event, "delta"); stringOr(delta, "type") == "text_delta")
                m_answer.text += stringOr(delta, "text");
        } else if (type == "message_delta") {
            takeStop(stringOr(memberOr(event, "delta"), "stop_reason"));
            takeCounts(memberOr(event, "usage"));
            m_hasFinalCount = m_output.has_value();
            closeUsage();
        } else if (type == "message_stop") {
            m_isOver = true;
        }
        return {};
    }

private:
    void takeHead(const Json &message)
    {
        if (std::string model = stringOr(message, "model"); !model.empty())
            m_answer.model = std::move(model);
        takeCounts(memberOr(message, "usage"));
    }

    /// Sums up to here; those at the beginning have the question, those at the end the answer.
    void takeCounts(const Json &usage)
    {
        const auto take = [&usage](const char *member, std::optional<std::int64_t> &count) {
            if (const auto told = tokensOf(usage, member))
                count = told;
        };
        take("input_tokens", m_input);
        take("cache_read_input_tokens", m_cached);
        take("cache_creation_input_tokens", m_written);
        take("output_tokens", m_output);
    }

    void closeUsage()
    {
        if (m_hasFinalCount && m_input && m_output)
            m_answer.usage = TokenUsage{*m_input, m_cached.value_or(0), m_written.value_or(0), *m_output};
    }

    void takeStop(const std::string &word)
    {
        if (word.empty())
            return;
        m_answer.stopWord = word;
        m_answer.stop = word == "max_tokens" || word == "model_context_window_exceeded" ? Stop::Length
            : word == "refusal"                                                         ? Stop::Refused
                                                                                        : Stop::Complete;
    }

    std::optional<std::int64_t> m_input, m_cached, m_written, m_output;
    bool m_hasFinalCount = false; ///< the output count at the beginning is of the first tokens only
};

} // namespace

std::unique_ptr<ModelReader> makeAnthropicReader()
{
    return std::make_unique<AnthropicReader>();
}

} // namespace sandglass::refine
