#pragma once

#include "services/core/result.h"

#include <QFuture>
#include <QNetworkAccessManager>
#include <QObject>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

class QNetworkReply;

namespace sandglass::net {

struct HttpRequest
{
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::chrono::milliseconds timeout{60'000}; ///< whole request; for streams: until the headers and between two pieces
    bool isIdempotent = false;                 ///< only then it is tried again
    int tries = 3;                             ///< for idempotent calls; waits 0.2 s, 0.8 s … with jitter, or Retry-After
    std::size_t bodyLimit = 64U << 20;         ///< a larger answer is a Decode error
};

struct HttpResponse
{
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
    std::string body;
    [[nodiscard]] std::string header(std::string_view lowerName) const;
};

/// A streamed answer. Deleting it aborts. Signals come on the client's thread.
class HttpStream : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;
    virtual void abort() = 0;

Q_SIGNALS:
    void opened(int status);
    void data(const QByteArray &piece); ///< only after a 2xx status; an error body goes into finished()
    void finished(const sandglass::Result<> &outcome); ///< exactly once, also after abort() (Kind::Cancelled)
};

/// Asynchronous HTTP on Qt's network stack. Cancelling the future aborts the request. Never redirects.
class HttpClient final : public QObject
{
    Q_OBJECT
public:
    explicit HttpClient(QObject *parent = nullptr);

    /// Any status is a response; errors are Transport, Timeout, Decode (too large) and Cancelled.
    [[nodiscard]] QFuture<Result<HttpResponse>> send(const HttpRequest &request);
    /// The caller owns the stream (parent) and connects before the event loop runs again.
    [[nodiscard]] HttpStream *stream(const HttpRequest &request, QObject *parent);

private:
    QNetworkAccessManager m_manager;
};

} // namespace sandglass::net
