#include "services/e2b/httpcoderun.h"

#include "services/core/qtstring.h"
#include "services/core/whendone.h"
#include "services/e2b/answer.h"
#include "services/e2b/caller.h"
#include "services/e2b/decode.h"

namespace sandglass::e2b {

HttpCodeRun::HttpCodeRun(net::HttpClient &http, const Connection &connection, const SandboxInfo &sandbox,
                         const CodeSpec &spec, std::chrono::milliseconds patience, QObject *parent)
    : CodeRun(parent), m_http(&http), m_reader(std::make_shared<net::NdjsonReader>())
{
    const Endpoint endpoint = portEndpoint(connection, sandbox, interpreterPort);
    m_probe = sandboxRequest(endpoint, sandbox, "GET", "/health");
    m_probe.timeout = std::chrono::seconds(10);
    net::HttpRequest request = sandboxRequest(endpoint, sandbox, "POST", "/execute", dumpJson(encode(spec)));
    request.headers.emplace_back("Content-Type", "application/json");
    request.timeout = std::chrono::milliseconds(0); // the watchdog below covers the wait for the headers too
    m_trace.mark(request);
    m_stream = http.stream(request, this);
    connect(m_stream, &net::HttpStream::data, this, &HttpCodeRun::onPiece);
    connect(m_stream, &net::HttpStream::finished, this, &HttpCodeRun::onStreamEnd);
    m_limit.setSingleShot(true);
    connect(&m_limit, &QTimer::timeout, this, [this] { conclude(End::TimedOut); });
    m_limit.setTimerType(Qt::PreciseTimer); // a coarse one may end a run before its time
    if (spec.timeoutSeconds > 0)
        m_limit.start(std::chrono::seconds(spec.timeoutSeconds));
    m_silence.setSingleShot(true);
    m_silence.setInterval(patience);
    connect(&m_silence, &QTimer::timeout, this, &HttpCodeRun::probe);
    m_silence.start();
}

void HttpCodeRun::cancel()
{
    conclude(End::Cancelled);
}

void HttpCodeRun::onPiece(const QByteArray &piece)
{
    m_silence.start();
    const QPointer<HttpCodeRun> self(this);
    const std::string_view bytes(piece.constData(), static_cast<std::size_t>(piece.size()));
    const auto reader = m_reader;
    const auto fed = reader->feed(bytes, [this, &self](const Json &line) { return onLine(line) && self && !m_isDone; });
    if (self && !fed)
        breakOff(fed.error());
}

bool HttpCodeRun::onLine(const Json &line)
{
    const QPointer<HttpCodeRun> self(this);
    const std::string type = stringOr(line, "type");
    if (type == "stdout") {
        Q_EMIT stdoutText(toQString(stringOr(line, "text")));
    } else if (type == "stderr") {
        Q_EMIT stderrText(toQString(stringOr(line, "text")));
    } else if (type == "result") {
        Q_EMIT result(decodeResult(line));
    } else if (type == "error") {
        m_hasRaised = true;
        Q_EMIT raised(decodeError(line));
    } else if (type == "number_of_executions") {
        Q_EMIT executionCount(static_cast<int>(intOr(line, "execution_count")));
    } else if (type == "end_of_execution") {
        conclude(m_hasRaised ? End::Failed : End::Completed);
        return false;
    } else if (type.empty()) {
        breakOff({Error::Kind::Decode, 200, "a line of the execution has no type", {}});
        return false;
    }
    return !self.isNull();
}

void HttpCodeRun::onStreamEnd(const Result<> &outcome)
{
    if (m_isDone)
        return;
    if (outcome) {
        const QPointer<HttpCodeRun> self(this); // a last line may lack its newline
        const auto reader = m_reader;
        const auto last = reader->finish([this](const Json &line) { return onLine(line); });
        if (!self || m_isDone)
            return;
        breakOff(last ? Error{Error::Kind::Transport, 200,
                              "the execution's stream ended before the execution did: the interpreter or the "
                              "sandbox went away",
                              "stream_cut"}
                      : last.error());
        return;
    }
    Error error = outcome.error();
    if (error.kind == Error::Kind::Http)
        error = sandboxErrorOf(error.status, error.message);
    breakOff(std::move(error));
}

void HttpCodeRun::probe()
{
    if (!m_http)
        return;
    m_probing = m_http->send(m_probe);
    whenDone(m_probing, this, [this](const Result<net::HttpResponse> &response) {
        if (m_isDone)
            return;
        if (response && response->isSuccess()) {
            m_silence.start();
            return;
        }
        breakOff(response ? sandboxErrorOf(response->status, response->body)
                          : Error{Error::Kind::Timeout, 0,
                                  "the sandbox gives no sign of life: " + response.error().message, "sandbox_silent"});
    });
}

void HttpCodeRun::breakOff(Error error)
{
    if (m_isDone)
        return;
    m_error = std::move(error);
    conclude(End::Broken);
}

void HttpCodeRun::endTrace(End end)
{
    constexpr int answered = 200; // the code's own error is an answer
    switch (end) {
    case End::Completed:
        return m_trace.end(answered, "completed");
    case End::Failed:
        return m_trace.end(answered, "raised");
    case End::TimedOut:
        return m_trace.end(answered, "timed_out");
    case End::Cancelled:
        return m_trace.cancel();
    case End::Broken:
        return m_trace.fail(m_error);
    }
}

void HttpCodeRun::conclude(End end)
{
    if (m_isDone)
        return;
    m_isDone = true;
    m_limit.stop();
    m_silence.stop();
    m_probing.cancel();
    endTrace(end);
    // After a whole answer the connection may serve the next run; else closing it interrupts the code.
    if (end != End::Completed && end != End::Failed)
        m_stream->abort();
    Q_EMIT finished(end); // last: a receiver may delete this
}

} // namespace sandglass::e2b
