#include "services/e2b/httpcommandrun.h"

#include "services/core/base64.h"
#include "services/core/whendone.h"
#include "services/e2b/answer.h"
#include "services/e2b/caller.h"

namespace sandglass::e2b {
namespace {

constexpr const char *pingSeconds = "10";

QByteArray bytesOf(const Json &data, const char *key)
{
    const auto bytes = base64Decode(stringOr(data, key));
    return bytes ? QByteArray::fromStdString(*bytes) : QByteArray();
}

} // namespace

HttpCommandRun::HttpCommandRun(net::HttpClient &http, const Connection &connection, const SandboxInfo &sandbox,
                               const std::string &command, QObject *parent)
    : CommandRun(parent)
    , m_http(&http)
    , m_endpoint(envdEndpoint(connection, sandbox))
    , m_sandbox(sandbox)
    , m_reader(std::make_shared<net::ConnectReader>())
{
    const Json start{{"process", {{"cmd", "/bin/bash"}, {"args", {"-l", "-c", command}}}}, {"stdin", false}};
    net::HttpRequest request =
        sandboxRequest(m_endpoint, sandbox, "POST", "/process.Process/Start", net::connectEnvelope(dumpJson(start)));
    request.headers.emplace_back("Content-Type", "application/connect+json");
    request.headers.emplace_back("Connect-Protocol-Version", "1");
    request.headers.emplace_back("Keepalive-Ping-Interval", pingSeconds);
    request.silence = std::chrono::seconds(40); // four missing keepalives
    m_trace.mark(request);
    m_stream = http.stream(request, this);
    connect(m_stream, &net::HttpStream::data, this, &HttpCommandRun::onPiece);
    connect(m_stream, &net::HttpStream::finished, this, &HttpCommandRun::onStreamEnd);
}

void HttpCommandRun::kill()
{
    if (m_isDone)
        return;
    if (m_pid == 0 || !m_http) { // not started as far as we know: nothing to signal
        conclude(failure(Error::Kind::Cancelled, "cancelled before the command started"));
        return;
    }
    const Json body{{"process", {{"pid", m_pid}}}, {"signal", "SIGNAL_SIGKILL"}};
    net::HttpRequest request =
        sandboxRequest(m_endpoint, m_sandbox, "POST", "/process.Process/SendSignal", dumpJson(body));
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Connect-Protocol-Version", "1");
    whenDone(m_http->send(request), this, [this](const Result<net::HttpResponse> &response) {
        const auto sent = successOf(response);
        if (!sent && sent.error().status != 404) // 404: it ended meanwhile, its end event is on the way
            conclude(failure(sent.error()));
    });
}

void HttpCommandRun::onPiece(const QByteArray &piece)
{
    const QPointer<HttpCommandRun> self(this);
    const std::string_view bytes(piece.constData(), static_cast<std::size_t>(piece.size()));
    const auto reader = m_reader;
    const auto fed = reader->feed(bytes, [this, &self](const Json &message) {
        if (self && !m_isDone)
            onEvent(memberOr(message, "event"));
    });
    if (self && !fed)
        conclude(failure(fed.error()));
}

void HttpCommandRun::onEvent(const Json &event)
{
    const Json &start = memberOr(event, "start");
    const Json &data = memberOr(event, "data");
    const Json &end = memberOr(event, "end");
    if (start.is_object()) {
        m_pid = static_cast<int>(intOr(start, "pid"));
        Q_EMIT started(m_pid);
    } else if (data.contains("stderr")) {
        Q_EMIT stderrData(bytesOf(data, "stderr"));
    } else if (data.is_object()) {
        Q_EMIT stdoutData(bytesOf(data, data.contains("pty") ? "pty" : "stdout"));
    } else if (end.is_object()) {
        conclude(static_cast<int>(intOr(end, "exitCode")));
    }
}

void HttpCommandRun::onStreamEnd(const Result<> &outcome)
{
    if (m_isDone)
        return;
    if (outcome) {
        conclude(
            failure(Error::Kind::Transport, "the command's stream ended before the command did", 200, "stream_cut"));
        return;
    }
    Error error = outcome.error();
    if (error.kind == Error::Kind::Http)
        error = sandboxErrorOf(error.status, error.message);
    conclude(failure(std::move(error)));
}

void HttpCommandRun::conclude(const Result<int> &exitCode)
{
    if (m_isDone)
        return;
    m_isDone = true;
    if (exitCode)
        m_trace.end(200, *exitCode == 0 ? "completed" : "exit_code");
    else
        m_trace.fail(exitCode.error());
    Q_EMIT finished(exitCode); // last: a receiver may delete this
}

} // namespace sandglass::e2b
