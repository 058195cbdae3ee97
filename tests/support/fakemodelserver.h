#pragma once

#include "tests/support/fakee2bserver.h"

#include <QJsonObject>
#include <QList>

#include <string>

namespace sandglass::testsupport {

/// A provider of language models over real HTTP: chat completions at /v1/chat/completions, messages at /v1/messages,
/// both as streams of server-sent events cut at odd places, with the keys, counts and failures of the real ones.
class FakeModelServer final
{
public:
    struct Says
    {
        QByteArray text = {}; ///< UTF-8
        int input = 0;        ///< tokens of the question, with those that are cached
        int cached = 0;       ///< of them
        int output = 0;       ///< tokens
        bool countsTokens = true;
        QByteArray stop = "stop";                        ///< as OpenAI says it: "stop", "length", "content_filter"
        bool isWhole = false;                            ///< one JSON answer: it does not stream
        FakeReply::Fault fault = FakeReply::Fault::None; ///< CutChunks, Hold: in the middle of the answer
        int status = 200;                                ///< else an error in the provider's shape
        QByteArray errorCode = "server_error";
        QByteArray retryAfter = {}; ///< seconds
        QByteArray raw = {};        ///< in place of it all
        int delayMs = 0;
    };

    FakeModelServer();

    [[nodiscard]] std::string openAiUrl() const { return m_server.url() + "/v1"; }
    [[nodiscard]] std::string anthropicUrl() const { return m_server.url(); }
    void says(QList<Says> answers);                                           ///< in turn; the last one repeats
    [[nodiscard]] const QList<QJsonObject> &asked() const { return m_asked; } ///< bodies of the requests
    [[nodiscard]] FakeE2bServer &server() { return m_server; }

    [[nodiscard]] static Says code(const QByteArray &python, int input, int output, int cached = 0);
    [[nodiscard]] static Says refusal(int status, const QByteArray &code = "server_error",
                                      const QByteArray &retryAfter = {});

    QByteArray key = "sk-model-0123456789abcdef0123"; ///< others are refused
    QByteArray model = "tiny-coder";                  ///< others are not there

private:
    [[nodiscard]] FakeReply reply(const FakeRequest &request);
    [[nodiscard]] FakeReply answer(const Says &says, bool isAnthropic, bool isUsageWanted) const;

    FakeE2bServer m_server;
    QList<Says> m_answers;
    qsizetype m_next = 0;
    QList<QJsonObject> m_asked;
};

} // namespace sandglass::testsupport
