#pragma once

#include "services/e2b/calltrace.h"
#include "services/e2b/pacer.h"
#include "services/net/httpclient.h"

#include <QFutureWatcher>
#include <QObject>
#include <QPromise>
#include <QTimer>

namespace sandglass::e2b {

/// One request with its tries, none of which goes out before the pacer lets it. Idempotent requests are tried again
/// after what may pass. A wait longer than net::longestRetryWait is answered at once with what the service said.
/// Deletes itself. Private to the room.
class PacedCall final : public QObject
{
    Q_OBJECT
public:
    PacedCall(net::HttpClient &http, Pacer &pacer, net::HttpRequest request, CallTrace trace, QObject *parent);
    ~PacedCall() override;

    [[nodiscard]] QFuture<Result<net::HttpResponse>> start();

private:
    void attempt();
    void conclude(Result<net::HttpResponse> outcome);
    void finish(Result<net::HttpResponse> outcome);

    net::HttpClient &m_http;
    Pacer &m_pacer;
    net::HttpRequest m_request;
    CallTrace m_trace;
    int m_tries;
    int m_try = 0;
    QPromise<Result<net::HttpResponse>> m_promise;
    QFutureWatcher<Result<net::HttpResponse>> m_watcher;
    QFuture<Result<net::HttpResponse>> m_running;
    QTimer m_timer;
};

} // namespace sandglass::e2b
