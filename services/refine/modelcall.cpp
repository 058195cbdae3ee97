#include "services/refine/modelcall.h"

#include "services/core/json.h"
#include "services/core/time.h"
#include "services/net/httpclient.h"
#include "services/net/retry.h"
#include "services/net/ssereader.h"
#include "services/refine/modelreader.h"

#include <QRandomGenerator>

#include <algorithm>
#include <utility>

namespace sandglass::refine {

namespace {

constexpr qint64 progressEveryMs = 100;
constexpr int overloaded = 529; // Anthropic's

/// What the provider has not begun to answer, and may answer later.
bool isWorthAnotherTry(int status)
{
    return status == 500 || status == overloaded || net::isRetryableStatus(status);
}

std::string endpoint(const ModelConnection &connection)
{
    std::string url = connection.baseUrl;
    while (url.ends_with('/'))
        url.pop_back();
    if (connection.protocol == ModelConnection::Protocol::OpenAi)
        return url + "/chat/completions";
    return url + (url.ends_with("/v1") ? "/messages" : "/v1/messages");
}

Json body(const ModelConnection &connection, const ModelQuestion &question)
{
    const Json user = {{"role", "user"}, {"content", question.user}};
    Json body = {{"model", connection.model}, {"stream", true}};
    if (connection.protocol == ModelConnection::Protocol::Anthropic) {
        body["system"] = question.system;
        body["messages"] = Json::array({user});
        body["max_tokens"] = connection.mostTokens;
        return body;
    }
    body["messages"] = Json::array({{{"role", "system"}, {"content", question.system}}, user});
    body["stream_options"] = {{"include_usage", true}};
    // OpenAI's newer models refuse the older name, the other servers do not all know the newer one.
    const bool isOpenAi = connection.baseUrl.find("//api.openai.com") != std::string::npos;
    body[isOpenAi ? "max_completion_tokens" : "max_tokens"] = connection.mostTokens;
    return body;
}

} // namespace

net::HttpRequest modelRequest(const ModelConnection &connection, const ModelQuestion &question)
{
    net::HttpRequest request;
    request.method = "POST";
    request.url = endpoint(connection);
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
    const bool isAnthropic = connection.protocol == ModelConnection::Protocol::Anthropic;
    if (isAnthropic)
        request.headers.emplace_back("anthropic-version", "2023-06-01");
    if (!connection.apiKey.empty() && isAnthropic)
        request.headers.emplace_back("x-api-key", connection.apiKey);
    else if (!connection.apiKey.empty())
        request.headers.emplace_back("Authorization", "Bearer " + connection.apiKey);
    request.body = dumpJson(body(connection, question));
    return request;
}

std::shared_ptr<net::HttpClient> ModelCall::makeClient()
{
    return std::make_shared<net::HttpClient>();
}

ModelCall::ModelCall(std::shared_ptr<net::HttpClient> http, ModelConnection connection, ModelQuestion question,
                     ModelLimits limits, QObject *parent)
    : QObject(parent)
    , m_http(std::move(http))
    , m_connection(std::move(connection))
    , m_question(std::move(question))
    , m_limits(limits)
{
    m_limit.setSingleShot(true);
}

ModelCall::~ModelCall()
{
    dropStream();
}

void ModelCall::start()
{
    m_clock.start();
    ask();
}

void ModelCall::ask()
{
    ++m_try;
    m_reader = ModelReader::of(m_connection.protocol);
    m_events = std::make_unique<net::SseReader>(m_limits.answerBytes * 6 + 4096); // JSON may write six for a byte
    m_whole.clear();
    m_isWhole = false;
    m_taken = 0;
    net::HttpRequest request = modelRequest(m_connection, m_question);
    request.timeout = m_limits.firstAnswer;
    request.silence = m_limits.silence;
    m_stream = m_http->stream(request, this);
    connect(m_stream, &net::HttpStream::opened, this, &ModelCall::onOpened);
    connect(m_stream, &net::HttpStream::data, this, &ModelCall::onPiece);
    connect(m_stream, &net::HttpStream::finished, this, &ModelCall::onEnd);
    m_limit.disconnect(this);
    connect(&m_limit, &QTimer::timeout, this, [this] {
        fail({Error::Kind::Timeout,
              0,
              "no whole answer within " + std::to_string(m_limits.whole.count() / 1000) + " s",
              {}});
    });
    m_limit.start(m_limits.whole);
    Q_EMIT progressed({ModelProgress::Stage::Asking, m_try, m_limits.tries, 0, {}, 0});
}

void ModelCall::onOpened(int status)
{
    m_retryAfter = m_stream->header("retry-after");
    const bool isSuccess = status >= 200 && status < 300;
    m_outcome.hasBegun = m_outcome.hasBegun || isSuccess;
    m_isWhole = isSuccess && m_stream->header("content-type").starts_with("application/json");
}

bool ModelCall::isTooLarge()
{
    const bool isText = m_reader->answer().text.size() > m_limits.answerBytes;
    if (!isText && m_taken <= m_limits.streamBytes)
        return false;
    fail(
        {Error::Kind::Decode, 200,
         "the answer is longer than " + std::to_string(isText ? m_limits.answerBytes : m_limits.streamBytes) + " bytes",
         "too_large"});
    return true;
}

void ModelCall::onPiece(const QByteArray &piece)
{
    if (m_isDone)
        return;
    const std::string_view bytes(piece.constData(), static_cast<std::size_t>(piece.size()));
    m_taken += bytes.size();
    if (isTooLarge())
        return;
    if (m_isWhole) {
        m_whole += bytes;
        return;
    }
    Result<> taken;
    const auto fed = m_events->feed(bytes, [this, &taken](const net::SseEvent &event) {
        taken = m_reader->take(event);
        return taken.has_value() && !m_reader->isOver();
    });
    if (!fed)
        return fail(fed.error());
    if (!taken)
        return fail(taken.error());
    if (isTooLarge())
        return;
    if (m_reader->isOver())
        return conclude();
    if (!m_told.isValid() || m_told.hasExpired(progressEveryMs)) {
        m_told.start();
        Q_EMIT progressed(
            {ModelProgress::Stage::Answering, m_try, m_limits.tries, 200, {}, m_reader->answer().text.size()});
    }
}

void ModelCall::onEnd(const Result<> &outcome)
{
    if (m_isDone)
        return;
    if (!outcome) {
        const Error &error = outcome.error();
        if (error.kind == Error::Kind::Http)
            return onRefused(providerError(error.status, error.message));
        Error told = error;
        if (m_outcome.hasBegun && told.kind == Error::Kind::Transport)
            told = {Error::Kind::Transport, error.status, "the answer broke off: " + error.message, "stream_cut"};
        return fail(std::move(told));
    }
    if (m_isWhole)
        return takeWhole();
    Result<> taken;
    m_events->finish([this, &taken](const net::SseEvent &event) {
        taken = m_reader->take(event);
        return taken.has_value();
    });
    if (!taken)
        return fail(taken.error());
    if (m_reader->answer().stop != ModelAnswer::Stop::None) // some end without a last word
        return conclude();
    if (m_reader->answer().text.empty())
        return fail({Error::Kind::Decode, 200, "what answers there is no model: the answer holds none", {}});
    fail({Error::Kind::Transport, 200, "the answer broke off before its end", "stream_cut"});
}

void ModelCall::takeWhole()
{
    const auto json = parseJson(m_whole);
    if (!json)
        return fail(json.error());
    if (!memberOr(*json, "error").is_null())
        return fail(providerError(200, m_whole));
    if (auto taken = m_reader->takeWhole(*json); !taken)
        return fail(taken.error());
    if (!isTooLarge())
        conclude();
}

void ModelCall::onRefused(const Error &refusal)
{
    if (refusal.code == "insufficient_quota")
        return fail({refusal.kind, refusal.status, refusal.message, "quota"});
    if (!isWorthAnotherTry(refusal.status) || m_try >= m_limits.tries)
        return fail(refusal);
    const auto asked = net::parseRetryAfter(m_retryAfter, systemNow());
    const auto wait = asked ? *asked : net::backOff(m_try + 1, 0.5 + QRandomGenerator::global()->generateDouble());
    if (wait > m_limits.longestWait) {
        Error error = refusal;
        error.message += " (it asks to come again after " + std::to_string(wait.count() / 1000) + " s)";
        return fail(std::move(error));
    }
    waitAndAsk(wait, refusal.status);
}

void ModelCall::waitAndAsk(std::chrono::milliseconds wait, int status)
{
    dropStream();
    m_limit.disconnect(this);
    connect(&m_limit, &QTimer::timeout, this, &ModelCall::ask);
    m_limit.start(wait);
    Q_EMIT progressed({ModelProgress::Stage::Waiting, m_try + 1, m_limits.tries, status, wait, 0});
}

void ModelCall::cancel()
{
    m_isDone = true;
    m_limit.stop();
    dropStream();
}

ModelOutcome ModelCall::soFar() const
{
    ModelOutcome outcome = m_outcome;
    if (m_reader)
        outcome.answer = m_reader->answer();
    outcome.duration = std::chrono::nanoseconds(m_clock.isValid() ? m_clock.nsecsElapsed() : 0);
    return outcome;
}

void ModelCall::fail(Error error)
{
    m_outcome.error = std::move(error);
    conclude();
}

void ModelCall::conclude()
{
    if (m_isDone)
        return;
    m_isDone = true;
    m_limit.stop();
    dropStream();
    m_outcome = soFar();
    Q_EMIT finished(m_outcome); // last: a receiver may delete this
}

void ModelCall::dropStream()
{
    if (m_stream == nullptr)
        return;
    m_stream->disconnect(this);
    m_stream->abort();
    std::exchange(m_stream, nullptr)->deleteLater(); // it may be the sender
}

} // namespace sandglass::refine
