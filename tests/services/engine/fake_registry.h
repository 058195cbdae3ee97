#pragma once

#include <QCryptographicHash>
#include <QHash>
#include <QTcpServer>
#include <QTcpSocket>

#include <functional>

/// A registry of images with one image in it, that asks for a name and a password.
class FakeRegistry final : public QTcpServer
{
public:
    QByteArray credentials;          ///< "name:password"
    std::function<void()> onRequest; ///< while it waits for its answer
    int refused = 0, served = 0;
    QByteArrayList strange; ///< requests for what it does not have

    FakeRegistry(const QByteArray &layer, const QByteArray &environment)
    {
        const QByteArray config = R"({"architecture":"amd64","os":"linux","config":{"Env":)" + environment
            + R"(},"rootfs":{"type":"layers","diff_ids":[")" + digest(layer) + R"("]}})";
        const QByteArray manifest =
            R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
            R"("config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":)"
            + QByteArray::number(config.size()) + R"(,"digest":")" + digest(config)
            + R"("},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar","size":)"
            + QByteArray::number(layer.size()) + R"(,"digest":")" + digest(layer) + R"("}]})";
        m_answers["/v2/"] = "{}";
        m_answers["/v2/team/mini/manifests/1"] = manifest;
        m_answers["/v2/team/mini/manifests/" + digest(manifest)] = manifest;
        m_answers["/v2/team/mini/blobs/" + digest(config)] = config;
        m_answers["/v2/team/mini/blobs/" + digest(layer)] = layer;
        connect(this, &QTcpServer::newConnection, this, [this] {
            while (QTcpSocket *socket = nextPendingConnection()) {
                m_heads.remove(socket); // one before it may have had its address
                connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
                connect(socket, &QTcpSocket::readyRead, this, [this, socket] { read(socket); });
            }
        });
    }

private:
    [[nodiscard]] static QByteArray digest(const QByteArray &bytes)
    {
        return "sha256:" + QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex();
    }
    void read(QTcpSocket *socket)
    {
        QByteArray &head = m_heads[socket];
        head += socket->readAll();
        if (!head.contains("\r\n\r\n"))
            return;
        const QByteArray request = std::exchange(head, {});
        const QByteArray path = request.split(' ').value(1);
        if (onRequest)
            onRequest();
        const bool isKnown = request.contains(QByteArray("uthorization: Basic " + credentials.toBase64() + "\r\n"));
        const bool isThere = m_answers.contains(path);
        ++(isKnown ? served : refused);
        if (isKnown && !isThere)
            strange << request;
        const QByteArray body = isKnown && isThere ? m_answers[path] : QByteArray("{}");
        const QByteArray type = path.contains("/manifests/") ? "application/vnd.docker.distribution.manifest.v2+json"
                                                             : "application/octet-stream";
        socket->write("HTTP/1.1 "
                      + QByteArray(!isKnown      ? "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"test\""
                                       : isThere ? "200 OK"
                                                 : "404 Not Found")
                      + "\r\nContent-Type: " + type + "\r\nDocker-Content-Digest: " + digest(body)
                      + "\r\nContent-Length: " + QByteArray::number(body.size()) + "\r\n\r\n"
                      + (request.startsWith("HEAD") ? QByteArray() : body));
    }

    QHash<QByteArray, QByteArray> m_answers;
    QHash<QTcpSocket *, QByteArray> m_heads;
};
