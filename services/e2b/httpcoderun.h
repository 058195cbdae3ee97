#pragma once

#include "services/core/json.h"
#include "services/e2b/calltrace.h"
#include "services/e2b/client.h"
#include "services/net/httpclient.h"
#include "services/net/ndjsonreader.h"

#include <QPointer>
#include <QTimer>

namespace sandglass::e2b {

/// POST /execute and its stream (e2b-protocol.md 5). Private to the room.
///
/// Silence: servers send a keepalive about every 5 s, older ones none. After `patience` without a byte the
/// interpreter's /health is asked; only when that fails too the run counts as broken.
class HttpCodeRun final : public CodeRun
{
    Q_OBJECT
public:
    HttpCodeRun(net::HttpClient &http, const Connection &connection, const SandboxInfo &sandbox, const CodeSpec &spec,
                std::chrono::milliseconds patience, QObject *parent);

    void cancel() final;
    [[nodiscard]] const Error &error() const final { return m_error; }

private:
    void onPiece(const QByteArray &piece);
    bool onLine(const Json &line);
    void onStreamEnd(const Result<> &outcome);
    void probe();
    void breakOff(Error error);
    void conclude(End end);
    void endTrace(End end);

    QPointer<net::HttpClient> m_http;
    net::HttpRequest m_probe;
    std::shared_ptr<net::NdjsonReader> m_reader; ///< shared: a receiver may delete the run between two lines
    net::HttpStream *m_stream = nullptr;
    QTimer m_limit;
    QTimer m_silence;
    QFuture<Result<net::HttpResponse>> m_probing;
    CallTrace m_trace{"POST", "/execute"};
    Error m_error;
    bool m_hasRaised = false;
    bool m_isDone = false;
};

} // namespace sandglass::e2b
