#include "services/refine/modelreader.h"

#include "services/telemetry/keyshapes.h"
#include "services/telemetry/redactor.h"

#include <algorithm>
#include <string>

namespace sandglass::refine {

namespace {

constexpr std::size_t wordsLimit = 400;

std::string wordsOf(const Json &body)
{
    const Json &error = memberOr(body, "error");
    for (const Json *place : {&error, &body}) {
        if (place->is_string())
            return place->get<std::string>();
        for (const char *member : {"message", "detail", "error"}) {
            if (std::string words = stringOr(*place, member); !words.empty())
                return words;
        }
    }
    return {};
}

/// The provider's name of the error: OpenAI has it in "code" or "type", Anthropic in "type".
std::string nameOf(const Json &body)
{
    const Json &error = memberOr(body, "error");
    const std::string code = stringOr(error, "code");
    return code.empty() ? stringOr(error, "type") : code;
}

std::string shown(std::string words)
{
    int places = 0;
    words = telemetry::withoutKeyShapes(telemetry::redactor().clean(words), places);
    std::ranges::replace_if(
        words, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    if (words.size() > wordsLimit) {
        std::size_t end = wordsLimit;
        while (end > 0 && (static_cast<unsigned char>(words[end]) & 0xC0U) == 0x80U)
            --end;
        words.resize(end);
        words += "…";
    }
    return words;
}

} // namespace

const char *toString(ModelConnection::Protocol protocol)
{
    return protocol == ModelConnection::Protocol::Anthropic ? "anthropic" : "openai";
}

std::unique_ptr<ModelReader> ModelReader::of(ModelConnection::Protocol protocol)
{
    return protocol == ModelConnection::Protocol::Anthropic ? makeAnthropicReader() : makeOpenAiReader();
}

Result<> ModelReader::take(const net::SseEvent &event)
{
    if (m_isOver)
        return {};
    if (event.data == "[DONE]") {
        m_isOver = true;
        return {};
    }
    const auto json = parseJson(event.data);
    if (!json || !json->is_object())
        return failure(Error::Kind::Decode,
                       "an event of the answer is no JSON object: " + shown(event.data.substr(0, 80)));
    if (!memberOr(*json, "error").is_null())
        return failure(providerError(0, event.data));
    return takeEvent(*json);
}

Error providerError(int status, std::string_view body)
{
    const auto json = parseJson(body);
    const std::string words = json ? wordsOf(*json) : std::string();
    if (words.empty()) {
        const bool isPage = body.find('<') != std::string_view::npos;
        std::string text = isPage ? std::string() : shown(std::string(body.substr(0, 4 * wordsLimit)));
        return {Error::Kind::Http, status, text.empty() ? "HTTP status " + std::to_string(status) : text, {}};
    }
    return {Error::Kind::Service, status, shown(words), shown(nameOf(*json))};
}

std::optional<std::int64_t> tokensOf(const Json &object, const char *member)
{
    const Json &value = memberOr(object, member);
    if (!value.is_number_integer())
        return std::nullopt;
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(TokenUsage::most))
        return std::nullopt;
    const auto count = value.get<std::int64_t>();
    return count >= 0 && count <= TokenUsage::most ? std::optional(count) : std::nullopt;
}

} // namespace sandglass::refine
