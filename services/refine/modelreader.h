#pragma once

#include "services/core/json.h"
#include "services/core/result.h"
#include "services/net/ssereader.h"
#include "services/refine/modelanswer.h"
#include "services/refine/modelconnection.h"

#include <memory>
#include <string_view>
#include <utility>

namespace sandglass::refine {

/// Puts an answer together out of the events of a provider's stream. Members it does not know are passed over, those of
/// a wrong kind are as good as missing.
class ModelReader
{
public:
    virtual ~ModelReader() = default;
    ModelReader(const ModelReader &) = delete;
    ModelReader &operator=(const ModelReader &) = delete;

    [[nodiscard]] static std::unique_ptr<ModelReader> of(ModelConnection::Protocol protocol);

    /// Error: Decode (not JSON), Service (the provider broke its answer off, in its words).
    [[nodiscard]] Result<> take(const net::SseEvent &event);
    /// An answer in one piece, from a server that does not stream.
    [[nodiscard]] virtual Result<> takeWhole(const Json &answer) = 0;

    [[nodiscard]] const ModelAnswer &answer() const { return m_answer; }
    [[nodiscard]] bool isOver() const { return m_isOver; } ///< nothing more is to come

protected:
    ModelReader() = default;
    [[nodiscard]] virtual Result<> takeEvent(const Json &event) = 0;

    ModelAnswer m_answer;
    bool m_isOver = false;
};

[[nodiscard]] std::unique_ptr<ModelReader> makeOpenAiReader();
[[nodiscard]] std::unique_ptr<ModelReader> makeAnthropicReader();

/// The provider's own words of why not, secrets removed and at most 400 bytes: Service, or Http when there are none.
[[nodiscard]] Error providerError(int status, std::string_view body);

/// A count of tokens; empty unless it is a whole number from 0 to TokenUsage::most.
[[nodiscard]] std::optional<std::int64_t> tokensOf(const Json &object, const char *member);

} // namespace sandglass::refine
