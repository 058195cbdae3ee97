#pragma once

#include <QHash>
#include <QStringList>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTimer>

namespace sandglass::test {

/// A loopback E2B of a dozen lines: create, kill, timeout, execute. What an execution answers is scripted.
class MiniApi final : public QTcpServer
{
    Q_OBJECT
public:
    MiniApi() { listen(QHostAddress::LocalHost); }

    QList<QByteArray> executions; ///< NDJSON bodies, one per run, the last one repeats
    bool holdsExecutions = false; ///< sends the body but never ends it
    int createStatus = 201;
    QByteArray sandboxCreated =
        R"({"sandboxID":"i77b0e21abcdefghij","templateID":"t","clientID":"c","envdVersion":"0.4.0","cpuCount":2,"memoryMB":512})";
    QByteArray sandboxDetails; ///< what asking for a sandbox answers; empty: nothing
    int detailsDelayMs = 0;
    int executeStatus = 200;
    QStringList requests; ///< "POST /sandboxes"
    QByteArray lastBody;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(serverPort()); }
    [[nodiscard]] int count(const QString &request) const { return static_cast<int>(requests.count(request)); }

protected:
    void incomingConnection(qintptr handle) override
    {
        auto *socket = new QTcpSocket(this);
        socket->setSocketDescriptor(handle);
        connect(socket, &QTcpSocket::readyRead, this, [this, socket] { read(socket); });
        connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
    }

private:
    void read(QTcpSocket *socket)
    {
        QByteArray &data = m_received[socket];
        data += socket->readAll();
        const qsizetype end = data.indexOf("\r\n\r\n");
        if (end < 0)
            return;
        const QByteArray head = data.left(end).toLower();
        const qsizetype at = head.indexOf("content-length:");
        const qsizetype length = at < 0
            ? 0
            : head.mid(at + 15, head.indexOf('\r', at) < 0 ? -1 : head.indexOf('\r', at) - at - 15)
                  .trimmed()
                  .toLongLong();
        if (data.size() < end + 4 + length)
            return;
        const QString line = QString::fromLatin1(data.left(data.indexOf("\r\n")));
        lastBody = data.mid(end + 4, length);
        m_received.remove(socket);
        const QString request = line.section(u' ', 0, 1);
        requests.append(request);
        answer(socket, request);
    }

    void answer(QTcpSocket *socket, const QString &request)
    {
        const auto send = [socket](int status, const QByteArray &body) {
            socket->write("HTTP/1.1 " + QByteArray::number(status)
                          + " X\r\nContent-Type: application/json\r\nContent-Length: " + QByteArray::number(body.size())
                          + "\r\nConnection: close\r\n\r\n" + body);
            socket->disconnectFromHost();
        };
        if (request == u"POST /sandboxes")
            return send(createStatus, createStatus == 201 ? sandboxCreated : R"({"code":500,"message":"no room"})");
        if (request.startsWith(u"GET /sandboxes/") && !sandboxDetails.isEmpty())
            return QTimer::singleShot(detailsDelayMs, socket, [this, send] { send(200, sandboxDetails); });
        if (!request.startsWith(u"POST /execute"))
            return send(request.startsWith(u"GET /health") ? 200 : 204, {});
        if (executeStatus != 200) {
            const int status = executeStatus;
            executeStatus = 200;
            return send(status,
                        R"({"sandboxId":"i77b0e21abcdefghij","message":"The sandbox was not found","code":502})");
        }
        const QByteArray body = executions.size() > 1 ? executions.takeFirst() : executions.value(0);
        socket->write("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n" + body);
        if (!holdsExecutions)
            socket->disconnectFromHost();
    }

    QHash<QTcpSocket *, QByteArray> m_received;
};

} // namespace sandglass::test
