#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace sandglass::refine {

/// A model and where it is asked.
struct ModelConnection
{
    enum class Protocol : std::uint8_t {
        OpenAi,    ///< chat completions, which Ollama, llama.cpp, vLLM and OpenRouter speak as well
        Anthropic, ///< messages
    };

    std::string id;
    std::string name; ///< for people
    Protocol protocol = Protocol::OpenAi;
    std::string baseUrl;    ///< "https://api.openai.com/v1", "http://127.0.0.1:11434/v1", "https://api.anthropic.com"
    std::string model;      ///< "gpt-4o-mini"
    std::string apiKey;     ///< empty: none is sent, as local servers want it
    int mostTokens = 8'192; ///< of an answer
    friend bool operator==(const ModelConnection &, const ModelConnection &) = default;
};

/// "openai", "anthropic"
[[nodiscard]] const char *toString(ModelConnection::Protocol protocol);

/// What is asked: one instruction, one message.
struct ModelQuestion
{
    std::string system;
    std::string user;
};

/// How long is waited, how much is taken in, and how often it is tried.
struct ModelLimits
{
    std::chrono::milliseconds firstAnswer{180'000}; ///< until the head of the answer; models think before it
    std::chrono::milliseconds silence{120'000};     ///< longest pause within the answer
    std::chrono::milliseconds whole{900'000};       ///< one try
    std::chrono::milliseconds longestWait{120'000}; ///< before another try; who asks for more is not asked again
    int tries = 4;                                  ///< where the provider says to come again (429, 500, 502-504, 529)
    std::size_t answerBytes = 1U << 20;             ///< of text
    std::size_t streamBytes = 16U << 20;            ///< of all that arrives
};

/// How far a question is.
struct ModelProgress
{
    enum class Stage : std::uint8_t {
        Asking,    ///< nothing has come yet
        Waiting,   ///< the provider said `status`; it is asked again after `wait`
        Answering, ///< `bytes` of text so far
    };
    Stage stage = Stage::Asking;
    int number = 1; ///< of the try, from 1; while Waiting that of the next one
    int tries = 1;
    int status = 0;
    std::chrono::milliseconds wait{};
    std::size_t bytes = 0;
    friend bool operator==(const ModelProgress &, const ModelProgress &) = default;
};

} // namespace sandglass::refine
