#include "services/e2b/pacedcall.h"

#include "services/core/whendone.h"
#include "services/net/retry.h"

#include <QRandomGenerator>

#include <algorithm>
#include <utility>

namespace sandglass::e2b {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A 429 that names no time: long enough to be kind, short enough not to be noticed.
constexpr milliseconds unnamedHold{1'000};
constexpr milliseconds longestHold{15 * 60'000}; ///< no header keeps a connection silent for longer

} // namespace

PacedCall::PacedCall(net::HttpClient &http, Pacer &pacer, net::HttpRequest request, CallTrace trace, QObject *parent)
    : QObject(parent)
    , m_http(http)
    , m_pacer(pacer)
    , m_request(std::move(request))
    , m_trace(std::move(trace))
    , m_tries(std::max(1, m_request.tries))
{
    m_request.tries = 1;
    m_trace.mark(m_request);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &PacedCall::attempt);
    connect(&m_watcher, &QFutureWatcherBase::canceled, this, [this] {
        m_timer.stop();
        m_running.cancel();
        m_trace.cancel();
        m_promise.finish();
        deleteLater();
    });
}

PacedCall::~PacedCall()
{
    m_trace.cancel();
    m_running.cancel();
}

QFuture<Result<net::HttpResponse>> PacedCall::start()
{
    m_promise.start();
    auto future = m_promise.future();
    m_watcher.setFuture(future);
    attempt();
    return future;
}

void PacedCall::attempt()
{
    const auto wait = m_pacer.take(steady_clock::now());
    if (wait > net::longestRetryWait) {
        const auto seconds = std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count());
        finish(failure(Error::Kind::Service, "the service asked for no more requests for another " + seconds + " s",
                       429, "resource_exhausted"));
        return;
    }
    if (wait > milliseconds(0)) {
        m_timer.start(wait);
        return;
    }
    ++m_try;
    m_running = m_http.send(m_request);
    whenDone(m_running, this, [this](Result<net::HttpResponse> outcome) { conclude(std::move(outcome)); });
}

void PacedCall::conclude(Result<net::HttpResponse> outcome)
{
    const int status = outcome ? outcome->status : 0;
    const auto asked =
        outcome ? net::parseRetryAfter(outcome->header("retry-after"), systemNow()) : std::optional<milliseconds>{};
    // A create refused without a time is about how many sandboxes there are, not about how often we ask.
    if (status == 429 && (asked || m_request.isIdempotent))
        m_pacer.hold(steady_clock::now() + std::min(asked.value_or(unnamedHold), longestHold));
    const bool mayPass = outcome ? net::isRetryableStatus(status) : outcome.error().isRetryable();
    auto wait = net::backOff(m_try + 1, 0.5 + QRandomGenerator::global()->generateDouble());
    if (asked)
        wait = *asked;
    if (!mayPass || !m_request.isIdempotent || m_try >= m_tries || wait > net::longestRetryWait)
        finish(std::move(outcome));
    else
        m_timer.start(wait);
}

void PacedCall::finish(Result<net::HttpResponse> outcome)
{
    m_watcher.disconnect(this);
    m_trace.end(outcome);
    m_promise.addResult(std::move(outcome));
    m_promise.finish();
    deleteLater();
}

} // namespace sandglass::e2b
