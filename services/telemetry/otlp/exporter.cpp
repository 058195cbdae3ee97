#include "services/telemetry/otlp/exporter.h"

#include "services/core/whendone.h"
#include "services/net/httpclient.h"
#include "services/net/retry.h"
#include "services/telemetry/log.h"
#include "services/telemetry/otlp/otlpjson.h"
#include "services/telemetry/otlp/spanqueue.h"
#include "services/telemetry/redactor.h"

#include <QCoreApplication>
#include <QEvent>
#include <QEventLoop>
#include <QLoggingCategory>
#include <QPromise>
#include <QRandomGenerator>
#include <QTimer>

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <semaphore>
#include <thread>
#include <utility>

namespace sandglass::telemetry {

namespace {

Q_LOGGING_CATEGORY(logExport, "sandglass.telemetry")

using std::chrono::milliseconds;

constexpr milliseconds longestHold{15 * 60'000}; ///< no header keeps the exporter silent for longer
constexpr std::size_t answerLimit = 64U << 10;

net::HttpRequest requestOf(const OtlpOptions &options, std::string body)
{
    net::HttpRequest request;
    request.method = "POST";
    request.url = options.tracesUrl;
    request.headers = options.headers;
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("User-Agent", "sandglass/" SANDGLASS_VERSION);
    request.body = std::move(body);
    request.timeout = options.timeout;
    request.bodyLimit = answerLimit;
    return request;
}

/// What an answer outside 2xx means.
Error refusalOf(const net::HttpResponse &response)
{
    Error error{Error::Kind::Http, response.status, redactor().clean(response.body.substr(0, 300)), {}};
    if (response.status == 401 || response.status == 403)
        error.code = "unauthorized";
    else if (response.status == 404 || response.status == 405 || response.status == 415)
        error.code = "no_otlp";
    if (error.message.empty())
        error.message = "HTTP status " + std::to_string(response.status);
    return error;
}

/// What has become of the spans. Written by the worker, read by any thread.
struct Tally
{
    std::atomic<std::uint64_t> sent = 0;
    std::atomic<std::uint64_t> lost = 0;
    std::atomic<bool> isEnding = false; ///< the exporter's word to the worker
    std::mutex mutex;                   ///< guards the next
    std::optional<Error> lastError;

    void note(std::optional<Error> error)
    {
        const std::lock_guard lock(mutex);
        lastError = std::move(error);
    }
};

} // namespace

/// Made and destroyed on the exporter's thread. One batch is under way at a time. Told by bare events: whatever
/// else goes through Qt's queue is handed over where a thread sanitizer cannot follow it.
class ExportWorker final : public QObject
{
public:
    ExportWorker(const OtlpOptions &options, SpanQueue &queue, Tally &tally, QEventLoop &loop)
        : m_options(options), m_queue(queue), m_tally(tally), m_loop(loop), m_http(this), m_timer(this)
    {
        m_timer.setSingleShot(true);
        connect(&m_timer, &QTimer::timeout, this, &ExportWorker::sendNext);
    }

    /// Spans are waiting: a whole batch goes at once, fewer wait for company.
    void look()
    {
        if (m_isBusy || m_isHeld || m_isEnding)
            return;
        const std::size_t waiting = m_queue.size();
        if (waiting >= m_options.batchLimit)
            sendNext();
        else if (waiting > 0 && !m_timer.isActive())
            m_timer.start(m_options.delay);
    }

    /// Everything that waits goes now, each batch with one try; the thread ends when it is gone or the time is over.
    void finish()
    {
        if (std::exchange(m_isEnding, true))
            return;
        QTimer::singleShot(m_options.shutdownGrace, this, [this] { stop(); });
        if (!m_isBusy)
            sendNext();
        else if (m_timer.isActive()) // waits for another try: that is now
            sendBatch();
    }

protected:
    void customEvent(QEvent *) override
    {
        if (m_tally.isEnding)
            finish();
        else
            look();
    }

private:
    void sendNext()
    {
        m_timer.stop();
        m_isHeld = false;
        if (m_isBusy)
            return sendBatch();
        m_batch = m_queue.next();
        if (m_batch.empty())
            return m_isEnding ? stop() : void();
        m_isBusy = true;
        m_try = 0;
        sendBatch();
    }

    void sendBatch()
    {
        m_timer.stop();
        ++m_try;
        auto future = m_http.send(requestOf(m_options, exportRequest(m_batch, m_options)));
        whenDone(std::move(future), this, [this](const Result<net::HttpResponse> &outcome) { conclude(outcome); });
    }

    void conclude(const Result<net::HttpResponse> &outcome)
    {
        if (outcome && outcome->isSuccess())
            return accepted(rejectionOf(outcome->body));
        const Error error = outcome ? refusalOf(*outcome) : outcome.error();
        const bool mayPass = outcome ? net::isRetryableStatus(outcome->status) : error.isRetryable();
        const auto asked =
            outcome ? net::parseRetryAfter(outcome->header("retry-after"), systemNow()) : std::optional<milliseconds>{};
        if (mayPass && !m_isEnding && asked.value_or(milliseconds(0)) > net::longestRetryWait)
            return hold(error, std::min(*asked, longestHold));
        if (mayPass && !m_isEnding && m_try < m_options.tries) {
            m_tally.note(error);
            const auto wait = net::backOff(m_try + 1, 0.5 + QRandomGenerator::global()->generateDouble());
            return m_timer.start(asked.value_or(wait));
        }
        m_tally.lost += m_batch.size();
        telemetry::note(logExport(), QtWarningMsg, "spans were dropped",
                        {{"spans", m_batch.size()}, {"status", error.status}, {"reason", error.message}});
        m_tally.note(error);
        next();
    }

    void accepted(const Rejection &rejection)
    {
        const std::uint64_t rejected = std::min<std::uint64_t>(rejection.spans, m_batch.size());
        m_tally.sent += m_batch.size() - rejected;
        m_tally.lost += rejected;
        if (rejected > 0)
            m_tally.note(Error{Error::Kind::Service, 200, rejection.message, "partial_success"});
        else
            m_tally.note({});
        next();
    }

    /// The receiver asks for a long silence: the batch goes back to the others.
    void hold(const Error &error, milliseconds wait)
    {
        m_tally.note(error);
        m_queue.putBack(std::exchange(m_batch, {}));
        m_isBusy = false;
        m_isHeld = true;
        m_timer.start(wait);
    }

    void next()
    {
        m_batch.clear();
        m_isBusy = false;
        if (m_isEnding)
            sendNext();
        else
            look();
    }

    void stop()
    {
        if (std::exchange(m_isStopped, true))
            return;
        m_tally.lost += m_batch.size();
        m_batch.clear();
        m_loop.quit();
    }

    const OtlpOptions &m_options;
    SpanQueue &m_queue;
    Tally &m_tally;
    QEventLoop &m_loop; ///< of the thread; it ends with it
    net::HttpClient m_http;
    QTimer m_timer; ///< company for a batch, another try, or the end of a hold
    std::vector<SpanRecord> m_batch;
    int m_try = 0;
    bool m_isBusy = false;
    bool m_isHeld = false;
    bool m_isEnding = false;
    bool m_isStopped = false;
};

class OtlpExporter::Private final
{
public:
    explicit Private(OtlpOptions given)
        : options(std::move(given))
        , queue(std::make_shared<SpanQueue>(options.queueLimit, options.batchLimit, [this] { wake(); }))
    {
        m_thread = std::thread([this] { run(); });
        m_isReady.acquire();
    }
    ~Private()
    {
        queue->close();
        tally.isEnding = true;
        wake();
        m_thread.join(); // its own deadline bounds this
    }

    const OtlpOptions options;
    const std::shared_ptr<SpanQueue> queue;
    Tally tally;

private:
    /// Not after the worker has ended.
    void wake() { QCoreApplication::postEvent(m_worker, new QEvent(QEvent::User)); }

    void run()
    {
        pthread_setname_np(pthread_self(), "telemetry");
        QEventLoop loop;
        ExportWorker worker(options, *queue, tally, loop);
        m_worker = &worker;
        m_isReady.release();
        loop.exec();
    }

    ExportWorker *m_worker = nullptr;
    std::binary_semaphore m_isReady{0};
    std::thread m_thread; ///< the standard library's: QThread's end cannot be followed by a thread sanitizer
};

OtlpExporter::OtlpExporter(OtlpOptions options)
{
    for (const auto &[name, value] : options.headers)
        redactor().learn(value);
    d = std::make_unique<Private>(std::move(options));
    setSpanSink(d->queue);
}

OtlpExporter::~OtlpExporter()
{
    dropSpanSink(*d->queue);
}

const OtlpOptions &OtlpExporter::options() const
{
    return d->options;
}

ExportStatistics OtlpExporter::statistics() const
{
    const std::lock_guard lock(d->tally.mutex);
    return {d->tally.sent, d->tally.lost + d->queue->dropped(), d->queue->size(), d->tally.lastError};
}

QFuture<Result<>> testReceiver(net::HttpClient &http, const OtlpOptions &options, QObject *owner)
{
    auto promise = std::make_shared<QPromise<Result<>>>();
    promise->start();
    auto request = requestOf(options, exportRequest({}, options));
    request.timeout = std::min(request.timeout, milliseconds(5'000));
    whenDone(http.send(request), owner, [promise](const Result<net::HttpResponse> &outcome) {
        if (!outcome)
            promise->addResult(Result<>(failure(outcome.error())));
        else if (!outcome->isSuccess())
            promise->addResult(Result<>(failure(refusalOf(*outcome))));
        else
            promise->addResult(Result<>{});
        promise->finish();
    });
    return promise->future();
}

} // namespace sandglass::telemetry
