#pragma once

#include "services/core/result.h"

#include <QFuture>
#include <QObject>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

class QNetworkAccessManager;

namespace sandglass::net {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest
{
    std::string method = "GET";
    std::string url;
    HeaderList headers;
    std::string body;
    std::chrono::milliseconds timeout{60'000}; ///< each try as a whole; for streams: until the headers
    std::chrono::milliseconds silence{0};      ///< streams: longest pause between two pieces; 0 = no limit
    bool isIdempotent = false;                 ///< only then it is tried again, by us or by the network stack
    int tries = 3;                     ///< for idempotent calls; waits 0.2 s, 0.8 s … with jitter, or Retry-After
    std::size_t bodyLimit = 64U << 20; ///< a larger answer is a Decode error
};

struct HttpResponse
{
    int status = 0;
    HeaderList headers; ///< names in lower case
    std::string body;
    [[nodiscard]] std::string header(std::string_view lowerName) const; ///< the first of that name, or empty
    [[nodiscard]] bool isSuccess() const { return status >= 200 && status < 300; }
};

/// A streamed answer. Deleting it aborts. Signals come on the client's thread.
class HttpStream : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;
    virtual void abort() = 0;
    /// Of the answer's head, from opened() on: the first of that name, or empty.
    [[nodiscard]] virtual std::string header(std::string_view lowerName) const = 0;

Q_SIGNALS:
    void opened(int status);
    void data(const QByteArray &piece); ///< only after a 2xx status; an error body goes into finished()
    /// Exactly once, also after abort() (Kind::Cancelled). A status outside 2xx is Kind::Http with the answer's body
    /// (its first 64 KiB, unredacted) as message.
    void finished(const sandglass::Result<> &outcome);
};

/// Asynchronous HTTP/1.1 on Qt's network stack. Cancelling the future aborts the request. Never follows redirects,
/// keeps no cookies and asks for no compression.
class HttpClient final : public QObject
{
    Q_OBJECT
public:
    explicit HttpClient(QObject *parent = nullptr);
    ~HttpClient() override;

    /// Any status is a response; errors are Transport, Timeout, Decode (too large) and Local (not a usable URL).
    /// A cancelled future has no result.
    [[nodiscard]] QFuture<Result<HttpResponse>> send(const HttpRequest &request);
    /// The caller owns the stream (parent) and connects before the event loop runs again.
    [[nodiscard]] HttpStream *stream(const HttpRequest &request, QObject *parent);

private:
    [[nodiscard]] std::shared_ptr<QNetworkAccessManager> managerForStream();

    std::shared_ptr<QNetworkAccessManager> m_manager;
    std::vector<std::shared_ptr<QNetworkAccessManager>> m_streamManagers;
};

} // namespace sandglass::net
