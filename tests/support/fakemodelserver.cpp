#include "tests/support/fakemodelserver.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

namespace sandglass::testsupport {
namespace {

using namespace Qt::Literals::StringLiterals;

constexpr qsizetype pieceBytes = 13; // so that events and characters lie across pieces
constexpr int deltaCharacters = 9;

QByteArray compact(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

FakeReply refused(bool isAnthropic, int status, const QByteArray &code, const QByteArray &message)
{
    QJsonObject error{{u"message"_s, QString::fromUtf8(message)}};
    if (isAnthropic) {
        error[u"type"_s] = QString::fromLatin1(code);
        return FakeReply::json(status, compact({{u"type"_s, u"error"_s}, {u"error"_s, error}}));
    }
    error[u"type"_s] = u"invalid_request_error"_s;
    error[u"code"_s] = QString::fromLatin1(code);
    return FakeReply::json(status, compact({{u"error"_s, error}}));
}

QByteArray event(const QByteArray &name, const QJsonObject &data)
{
    return (name.isEmpty() ? QByteArray() : "event: " + name + "\n") + "data: " + compact(data) + "\n\n";
}

QStringList deltasOf(const QByteArray &text)
{
    QStringList deltas;
    const QString all = QString::fromUtf8(text);
    for (qsizetype from = 0; from < all.size(); from += deltaCharacters)
        deltas.append(all.mid(from, deltaCharacters));
    return deltas;
}

QJsonObject openAiUsage(const FakeModelServer::Says &says)
{
    return {{u"prompt_tokens"_s, says.input},
            {u"completion_tokens"_s, says.output},
            {u"total_tokens"_s, says.input + says.output},
            {u"prompt_tokens_details"_s, QJsonObject{{u"cached_tokens"_s, says.cached}}}};
}

QByteArrayList openAiEvents(const FakeModelServer::Says &says, const QByteArray &model, bool isUsageWanted)
{
    const auto chunk = [&model](const QJsonArray &choices, const QJsonValue &usage) {
        return event({},
                     {{u"id"_s, u"chatcmpl-1"_s},
                      {u"object"_s, u"chat.completion.chunk"_s},
                      {u"model"_s, QString::fromUtf8(model)},
                      {u"choices"_s, choices},
                      {u"usage"_s, usage}});
    };
    const auto choice = [](const QJsonObject &delta, const QJsonValue &finish) {
        return QJsonArray{QJsonObject{{u"index"_s, 0}, {u"delta"_s, delta}, {u"finish_reason"_s, finish}}};
    };
    QByteArrayList events{": keep-alive\n\n", chunk(choice({{u"role"_s, u"assistant"_s}}, QJsonValue()), QJsonValue())};
    for (const QString &delta : deltasOf(says.text))
        events.append(chunk(choice({{u"content"_s, delta}}, QJsonValue()), QJsonValue()));
    events.append(chunk(choice({}, QString::fromLatin1(says.stop)), QJsonValue()));
    if (isUsageWanted && says.countsTokens)
        events.append(chunk({}, openAiUsage(says)));
    events.append("data: [DONE]\n\n");
    return events;
}

QString anthropicStop(const QByteArray &stop)
{
    return stop == "length" ? u"max_tokens"_s : stop == "content_filter" ? u"refusal"_s : u"end_turn"_s;
}

QByteArrayList anthropicEvents(const FakeModelServer::Says &says, const QByteArray &model)
{
    QJsonObject usage;
    if (says.countsTokens)
        usage = {{u"input_tokens"_s, says.input - says.cached},
                 {u"cache_read_input_tokens"_s, says.cached},
                 {u"cache_creation_input_tokens"_s, 0},
                 {u"output_tokens"_s, 1}};
    const QJsonObject message{{u"id"_s, u"msg_1"_s},
                              {u"role"_s, u"assistant"_s},
                              {u"model"_s, QString::fromUtf8(model)},
                              {u"content"_s, QJsonArray()},
                              {u"usage"_s, usage}};
    QByteArrayList events{event("message_start", {{u"type"_s, u"message_start"_s}, {u"message"_s, message}}),
                          event("content_block_start",
                                {{u"type"_s, u"content_block_start"_s},
                                 {u"index"_s, 0},
                                 {u"content_block"_s, QJsonObject{{u"type"_s, u"text"_s}, {u"text"_s, QString()}}}}),
                          event("ping", {{u"type"_s, u"ping"_s}})};
    for (const QString &delta : deltasOf(says.text))
        events.append(event("content_block_delta",
                            {{u"type"_s, u"content_block_delta"_s},
                             {u"index"_s, 0},
                             {u"delta"_s, QJsonObject{{u"type"_s, u"text_delta"_s}, {u"text"_s, delta}}}}));
    events.append(event("content_block_stop", {{u"type"_s, u"content_block_stop"_s}, {u"index"_s, 0}}));
    QJsonObject end{{u"type"_s, u"message_delta"_s},
                    {u"delta"_s, QJsonObject{{u"stop_reason"_s, anthropicStop(says.stop)}}}};
    if (says.countsTokens)
        end[u"usage"_s] = QJsonObject{{u"output_tokens"_s, says.output}};
    events.append(event("message_delta", end));
    events.append(event("message_stop", {{u"type"_s, u"message_stop"_s}}));
    return events;
}

QByteArray wholeAnswer(const FakeModelServer::Says &says, const QByteArray &model, bool isAnthropic)
{
    const QString text = QString::fromUtf8(says.text), name = QString::fromUtf8(model);
    if (isAnthropic)
        return compact({{u"model"_s, name},
                        {u"content"_s, QJsonArray{QJsonObject{{u"type"_s, u"text"_s}, {u"text"_s, text}}}},
                        {u"stop_reason"_s, anthropicStop(says.stop)},
                        {u"usage"_s,
                         QJsonObject{{u"input_tokens"_s, says.input - says.cached},
                                     {u"cache_read_input_tokens"_s, says.cached},
                                     {u"output_tokens"_s, says.output}}}});
    const QJsonObject message{{u"role"_s, u"assistant"_s}, {u"content"_s, text}};
    return compact(
        {{u"model"_s, name},
         {u"choices"_s,
          QJsonArray{QJsonObject{{u"message"_s, message}, {u"finish_reason"_s, QString::fromLatin1(says.stop)}}}},
         {u"usage"_s, openAiUsage(says)}});
}

} // namespace

FakeModelServer::FakeModelServer()
{
    m_server.scriptAll("/v1/", [this](const FakeRequest &request) { return reply(request); });
}

void FakeModelServer::says(QList<Says> answers)
{
    m_answers = std::move(answers);
    m_next = 0;
}

FakeModelServer::Says FakeModelServer::code(const QByteArray &python, int input, int output, int cached)
{
    Says says;
    says.text = "Here it is – mind the ü:\n\n```python\n" + python + "\n```\n";
    says.input = input;
    says.output = output;
    says.cached = cached;
    return says;
}

FakeModelServer::Says FakeModelServer::refusal(int status, const QByteArray &code, const QByteArray &retryAfter)
{
    Says says;
    says.status = status;
    says.errorCode = code;
    says.retryAfter = retryAfter;
    return says;
}

FakeReply FakeModelServer::reply(const FakeRequest &request)
{
    const bool isAnthropic = request.target.startsWith("/v1/messages");
    if (request.method != "POST" || (!isAnthropic && !request.target.startsWith("/v1/chat/completions")))
        return FakeReply::error(404, "no such route");
    const QByteArray given =
        isAnthropic ? request.headers.value("x-api-key") : request.headers.value("authorization").mid(7);
    const QJsonObject body = QJsonDocument::fromJson(request.body).object();
    m_asked.append(body);
    if (given != key)
        return refused(isAnthropic, 401, isAnthropic ? "authentication_error" : "invalid_api_key",
                       "Incorrect API key provided: " + given);
    if (isAnthropic && (request.headers.value("anthropic-version").isEmpty() || !body.contains(u"max_tokens"_s)))
        return refused(true, 400, "invalid_request_error", "anthropic-version or max_tokens is missing");
    if (body[u"model"_s].toString().toUtf8() != model)
        return refused(isAnthropic, 404, "model_not_found", "The model does not exist");
    const Says says = m_answers.value(std::min(m_next++, m_answers.size() - 1));
    return answer(says, isAnthropic, body[u"stream_options"_s].toObject()[u"include_usage"_s].toBool());
}

FakeReply FakeModelServer::answer(const Says &says, bool isAnthropic, bool isUsageWanted) const
{
    using Fault = FakeReply::Fault;
    FakeReply reply;
    if (says.status != 200) {
        reply = refused(isAnthropic, says.status, says.errorCode, "not now: " + says.errorCode);
        if (!says.retryAfter.isEmpty())
            reply.headers.append({"Retry-After", says.retryAfter});
    } else if (!says.raw.isEmpty()) {
        reply.body = says.raw;
        reply.fault = says.fault;
        reply.headers = {{"Content-Type", "text/event-stream"}};
    } else if (says.isWhole) {
        reply = FakeReply::json(200, wholeAnswer(says, model, isAnthropic));
    } else {
        QByteArrayList events = isAnthropic ? anthropicEvents(says, model) : openAiEvents(says, model, isUsageWanted);
        if (says.fault != Fault::None)
            events = events.mid(0, events.size() / 2);
        const QByteArray bytes = events.join();
        for (qsizetype from = 0; from < bytes.size(); from += pieceBytes)
            reply.pieces.append(bytes.mid(from, pieceBytes));
        reply.headers = {{"Content-Type", "text/event-stream"}};
        reply.fault = says.fault;
    }
    reply.delayMs = says.delayMs;
    return reply;
}

} // namespace sandglass::testsupport
