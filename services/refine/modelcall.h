#pragma once

#include "services/core/result.h"
#include "services/refine/modelanswer.h"
#include "services/refine/modelconnection.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <memory>
#include <string>

namespace sandglass::net {
class HttpClient;
class HttpStream;
class SseReader;
struct HttpRequest;
} // namespace sandglass::net

namespace sandglass::refine {

class ModelReader;

/// The request for `question`, without times. Its key goes in a header and nowhere else.
[[nodiscard]] net::HttpRequest modelRequest(const ModelConnection &connection, const ModelQuestion &question);

/// One question and its answer, as a stream. Where the provider says that it is too busy or broken just now, the
/// question waits as long as it is told, and is asked again; anything that may have been answered is not asked twice.
/// Deleting it cancels as well. All on one thread.
class ModelCall final : public QObject
{
    Q_OBJECT
public:
    ModelCall(std::shared_ptr<net::HttpClient> http, ModelConnection connection, ModelQuestion question,
              ModelLimits limits = {}, QObject *parent = nullptr);
    ~ModelCall() override;

    void start();  ///< once
    void cancel(); ///< nothing is told any more
    [[nodiscard]] ModelOutcome soFar() const;

    [[nodiscard]] static std::shared_ptr<net::HttpClient> makeClient();

Q_SIGNALS:
    void progressed(const sandglass::refine::ModelProgress &progress); ///< at most ten a second while it answers
    void finished(const sandglass::refine::ModelOutcome &outcome);     ///< once

private:
    void ask();
    void onOpened(int status);
    void onPiece(const QByteArray &piece);
    void onEnd(const Result<> &outcome);
    void takeWhole();
    void onRefused(const Error &refusal);
    void waitAndAsk(std::chrono::milliseconds wait, int status);
    void fail(Error error);
    void conclude();
    void dropStream();
    [[nodiscard]] bool isTooLarge();

    std::shared_ptr<net::HttpClient> m_http;
    const ModelConnection m_connection;
    const ModelQuestion m_question;
    const ModelLimits m_limits;
    net::HttpStream *m_stream = nullptr;
    std::unique_ptr<ModelReader> m_reader;
    std::unique_ptr<net::SseReader> m_events;
    std::string m_whole; ///< of an answer that is no stream
    bool m_isWhole = false;
    std::size_t m_taken = 0;
    int m_try = 0;
    std::string m_retryAfter;
    QTimer m_limit; ///< of a try; then of the wait for the next
    QElapsedTimer m_clock;
    QElapsedTimer m_told;
    ModelOutcome m_outcome;
    bool m_isDone = false;
};

} // namespace sandglass::refine
