#pragma once

#include <QHash>
#include <QJsonDocument>
#include <QJsonObject>
#include <QList>
#include <QStringList>
#include <QTcpServer>
#include <QTcpSocket>

/// A receiver that keeps what it gets and answers with the next of its statuses (the last one for ever).
class HookReceiver final : public QTcpServer
{
public:
    struct Delivery
    {
        QHash<QByteArray, QByteArray> headers;
        QByteArray body;
        [[nodiscard]] QJsonObject event() const { return QJsonDocument::fromJson(body).object(); }
        [[nodiscard]] QString type() const { return event()[QStringLiteral("type")].toString().section(u'.', 2); }
    };
    QList<Delivery> deliveries;
    QList<int> statuses{200};

    HookReceiver()
    {
        connect(this, &QTcpServer::newConnection, this, [this] {
            while (QTcpSocket *socket = nextPendingConnection()) {
                connect(socket, &QTcpSocket::readyRead, socket, [this, socket] { read(socket); });
                connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
            }
        });
    }
    [[nodiscard]] QByteArray url() const { return "http://127.0.0.1:" + QByteArray::number(serverPort()) + "/hook"; }
    [[nodiscard]] QStringList types() const
    {
        QStringList list;
        for (const Delivery &delivery : deliveries)
            list << delivery.type();
        return list;
    }

private:
    void read(QTcpSocket *socket)
    {
        QByteArray &text = m_text[socket];
        text += socket->readAll();
        const auto end = text.indexOf("\r\n\r\n");
        if (end < 0)
            return;
        Delivery delivery;
        const auto lines = text.left(end).split('\n');
        for (const QByteArray &line : lines.mid(1))
            delivery.headers.insert(line.left(line.indexOf(':')).trimmed().toLower(),
                                    line.mid(line.indexOf(':') + 1).trimmed());
        if (text.size() - end - 4 < delivery.headers["content-length"].toInt())
            return;
        delivery.body = text.mid(end + 4);
        m_text.remove(socket);
        deliveries << delivery;
        const int status = statuses.size() > 1 ? statuses.takeFirst() : statuses.first();
        socket->write("HTTP/1.1 " + QByteArray::number(status) + " X\r\nContent-Length: 2\r\n\r\nok");
        socket->disconnectFromHost();
    }
    QHash<QTcpSocket *, QByteArray> m_text;
};
