#pragma once

#include <QByteArray>
#include <QHash>
#include <QList>
#include <QObject>
#include <QTcpServer>

#include <functional>
#include <string>

class QTcpSocket;

namespace sandglass::testsupport {

struct FakeRequest
{
    QByteArray method;
    QByteArray target;                     ///< path and query as sent
    QHash<QByteArray, QByteArray> headers; ///< names in lower case
    QByteArray body;
};

/// One scripted answer and how it goes wrong.
struct FakeReply
{
    enum class Fault {
        None,
        Silent,    ///< takes the request and never answers
        Reset,     ///< takes the request and resets the connection
        HalfBody,  ///< promises the body's length and closes after half of it
        Endless,   ///< sends the body again and again
        CutChunks, ///< streams `pieces` and closes without the last chunk
        Hold,      ///< streams `pieces` and then keeps the connection open
    };

    int status = 200;
    QByteArray body;
    QList<QPair<QByteArray, QByteArray>> headers;
    QByteArrayList pieces; ///< non-empty: the answer is chunked, one chunk per piece
    Fault fault = Fault::None;
    int delayMs = 0; ///< before anything is sent

    [[nodiscard]] static FakeReply json(int status, QByteArray body);
    [[nodiscard]] static FakeReply error(int status, const QByteArray &message);
    [[nodiscard]] static FakeReply stream(QByteArrayList pieces, Fault fault = Fault::None);
    [[nodiscard]] static FakeReply failing(Fault fault, QByteArray body = {});
};

/// A real HTTP server on loopback with scripted replies and recorded requests; lives on the test's thread.
class FakeE2bServer final : public QObject
{
    Q_OBJECT
public:
    FakeE2bServer();
    ~FakeE2bServer() override;

    [[nodiscard]] std::string url() const;
    /// Answers "METHOD /path" (query ignored) with the replies in turn; the last one repeats. Unscripted: 404 as JSON.
    void script(const QByteArray &methodAndPath, QList<FakeReply> replies);
    /// The same for answers that depend on the request.
    void script(const QByteArray &methodAndPath, std::function<FakeReply(const FakeRequest &)> answer);
    /// For every path that begins so and has no script of its own; the longest prefix wins.
    void scriptAll(const QByteArray &pathPrefix, std::function<FakeReply(const FakeRequest &)> answer);

    [[nodiscard]] const QList<FakeRequest> &requests() const { return m_requests; }
    [[nodiscard]] int count(const QByteArray &methodAndPath) const;
    [[nodiscard]] int openConnections() const { return m_open; }
    void close(); ///< from now on connections are refused; open ones are closed

Q_SIGNALS:
    void disconnected(); ///< a client closed its connection

private:
    void onConnection();
    void onReadable(QTcpSocket *socket);
    [[nodiscard]] FakeReply replyTo(const FakeRequest &request) const;
    void answer(QTcpSocket *socket, const FakeRequest &request);
    void send(QTcpSocket *socket, const FakeReply &reply);

    QTcpServer m_server;
    QHash<QByteArray, std::function<FakeReply(const FakeRequest &)>> m_scripts;
    QHash<QByteArray, std::function<FakeReply(const FakeRequest &)>> m_prefixes;
    QHash<QTcpSocket *, QByteArray> m_input;
    QList<FakeRequest> m_requests;
    int m_open = 0;
};

} // namespace sandglass::testsupport
