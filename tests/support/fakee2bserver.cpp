#include "tests/support/fakee2bserver.h"

#include <QPointer>
#include <QTcpSocket>
#include <QTimer>

#include <algorithm>
#include <memory>

namespace sandglass::testsupport {
namespace {

QByteArray pathOf(const FakeRequest &request)
{
    return request.method + ' ' + request.target.split('?').first();
}

QByteArray headOf(const FakeReply &reply)
{
    QByteArray head = "HTTP/1.1 " + QByteArray::number(reply.status) + " Scripted\r\n";
    for (const auto &[name, value] : reply.headers)
        head += name + ": " + value + "\r\n";
    const bool isChunked = !reply.pieces.isEmpty() || reply.fault == FakeReply::Fault::Endless;
    if (isChunked)
        head += "Transfer-Encoding: chunked\r\n";
    else if (reply.status != 204)
        head += "Content-Length: " + QByteArray::number(reply.body.size()) + "\r\n";
    return head + "\r\n";
}

QByteArray chunk(const QByteArray &piece)
{
    return QByteArray::number(piece.size(), 16) + "\r\n" + piece + "\r\n";
}

void resetConnection(QTcpSocket *socket)
{
    socket->abort();
}

} // namespace

FakeReply FakeReply::json(int status, QByteArray body)
{
    FakeReply reply;
    reply.status = status;
    reply.body = std::move(body);
    reply.headers = {{"Content-Type", "application/json"}};
    return reply;
}

FakeReply FakeReply::error(int status, const QByteArray &message)
{
    return json(status, "{\"code\":" + QByteArray::number(status) + ",\"message\":\"" + message + "\"}");
}

FakeReply FakeReply::stream(QByteArrayList pieces, Fault fault)
{
    FakeReply reply;
    reply.pieces = std::move(pieces);
    reply.fault = fault;
    return reply;
}

FakeReply FakeReply::failing(Fault fault, QByteArray body)
{
    FakeReply reply;
    reply.fault = fault;
    reply.body = std::move(body);
    return reply;
}

FakeE2bServer::FakeE2bServer()
{
    connect(&m_server, &QTcpServer::newConnection, this, &FakeE2bServer::onConnection);
    if (!m_server.listen(QHostAddress::LocalHost))
        qFatal("the fake server cannot listen on loopback");
}

FakeE2bServer::~FakeE2bServer()
{
    const auto sockets = m_server.findChildren<QTcpSocket *>();
    for (QTcpSocket *socket : sockets)
        socket->disconnect(this); // their end would touch members that are gone
}

std::string FakeE2bServer::url() const
{
    return "http://127.0.0.1:" + std::to_string(m_server.serverPort());
}

void FakeE2bServer::script(const QByteArray &methodAndPath, QList<FakeReply> replies)
{
    auto next = std::make_shared<qsizetype>(0);
    m_scripts[methodAndPath] = [replies = std::move(replies), next](const FakeRequest &) {
        return replies.at(std::min((*next)++, replies.size() - 1));
    };
}

void FakeE2bServer::script(const QByteArray &methodAndPath, std::function<FakeReply(const FakeRequest &)> answer)
{
    m_scripts[methodAndPath] = std::move(answer);
}

void FakeE2bServer::scriptAll(const QByteArray &pathPrefix, std::function<FakeReply(const FakeRequest &)> answer)
{
    m_prefixes[pathPrefix] = std::move(answer);
}

int FakeE2bServer::count(const QByteArray &methodAndPath) const
{
    return static_cast<int>(std::ranges::count(m_requests, methodAndPath, pathOf));
}

void FakeE2bServer::close()
{
    m_server.close();
    const auto sockets = m_server.findChildren<QTcpSocket *>();
    for (QTcpSocket *socket : sockets)
        socket->abort();
}

void FakeE2bServer::onConnection()
{
    while (QTcpSocket *socket = m_server.nextPendingConnection()) {
        ++m_open;
        connect(socket, &QTcpSocket::readyRead, this, [this, socket] { onReadable(socket); });
        connect(socket, &QTcpSocket::disconnected, this, [this, socket] {
            --m_open;
            m_input.remove(socket);
            socket->deleteLater();
            Q_EMIT disconnected();
        });
    }
}

void FakeE2bServer::onReadable(QTcpSocket *socket)
{
    QByteArray &input = m_input[socket];
    input += socket->readAll();
    const qsizetype headEnd = input.indexOf("\r\n\r\n");
    if (headEnd < 0)
        return;
    FakeRequest request;
    const QByteArrayList lines = input.left(headEnd).split('\n');
    const QByteArrayList first = lines.first().trimmed().split(' ');
    request.method = first.value(0);
    request.target = first.value(1);
    for (const QByteArray &line : lines.mid(1)) {
        const qsizetype colon = line.indexOf(':');
        request.headers[line.left(colon).toLower()] = line.mid(colon + 1).trimmed();
    }
    const qsizetype length = request.headers.value("content-length").toLongLong();
    if (input.size() < headEnd + 4 + length)
        return;
    request.body = input.mid(headEnd + 4, length);
    input.remove(0, headEnd + 4 + length);
    m_requests.push_back(request);
    answer(socket, request);
}

FakeReply FakeE2bServer::replyTo(const FakeRequest &request) const
{
    if (const auto found = m_scripts.constFind(pathOf(request)); found != m_scripts.cend())
        return (*found)(request);
    auto best = m_prefixes.cend();
    for (auto it = m_prefixes.cbegin(); it != m_prefixes.cend(); ++it) {
        if (request.target.startsWith(it.key()) && (best == m_prefixes.cend() || it.key().size() > best.key().size()))
            best = it;
    }
    return best != m_prefixes.cend() ? (*best)(request) : FakeReply::error(404, "no such route");
}

void FakeE2bServer::answer(QTcpSocket *socket, const FakeRequest &request)
{
    const FakeReply reply = replyTo(request);
    if (reply.delayMs == 0) {
        send(socket, reply);
        return;
    }
    QTimer::singleShot(reply.delayMs, socket, [this, socket, reply] { send(socket, reply); });
}

void FakeE2bServer::send(QTcpSocket *socket, const FakeReply &reply)
{
    using Fault = FakeReply::Fault;
    switch (reply.fault) {
    case Fault::Silent:
        return;
    case Fault::Reset:
        resetConnection(socket);
        return;
    case Fault::HalfBody:
        socket->write(headOf(reply) + reply.body.left(reply.body.size() / 2));
        socket->disconnectFromHost();
        return;
    case Fault::Endless: {
        socket->write(headOf(reply));
        const auto more = [socket, piece = chunk(reply.body)] {
            while (socket->state() == QAbstractSocket::ConnectedState && socket->bytesToWrite() < (1 << 20))
                socket->write(piece);
        };
        connect(socket, &QTcpSocket::bytesWritten, socket, more);
        more();
        return;
    }
    default:
        break;
    }
    QByteArray bytes = headOf(reply);
    for (const QByteArray &piece : reply.pieces)
        bytes += chunk(piece);
    if (reply.pieces.isEmpty() && reply.status != 204)
        bytes += reply.body;
    else if (!reply.pieces.isEmpty() && reply.fault == Fault::None)
        bytes += "0\r\n\r\n";
    socket->write(bytes);
    if (reply.fault == Fault::CutChunks)
        socket->disconnectFromHost();
}

} // namespace sandglass::testsupport
