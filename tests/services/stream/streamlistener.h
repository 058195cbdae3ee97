#pragma once

#include "services/core/json.h"

#include <QNetworkRequest>
#include <QSslConfiguration>
#include <QString>
#include <QUrl>
#include <QWebSocket>

#include <optional>
#include <string>
#include <vector>

namespace sandglass::test {

/// A client of the live stream as a stranger would write it, keeping all it is told.
class StreamListener final
{
public:
    StreamListener(const std::string &url, const std::string &token, const QString &query = {},
                   const QByteArray &origin = {})
    {
        QObject::connect(&socket, &QWebSocket::textMessageReceived, &socket, [this](const QString &text) {
            bytes += text.size();
            auto message = Json::parse(text.toStdString(), nullptr, false);
            const std::string type = stringOr(message, "type");
            if (type == "notice")
                notice = message;
            else if (type == "hello")
                hello = message;
            else if (type == "live")
                isLive = true;
            else if (type == "cost")
                costs.push_back(message);
            else
                events.push_back(message);
        });
        QObject::connect(&socket, &QWebSocket::disconnected, &socket, [this] { isClosed = true; });
        QUrl address(QString::fromStdString(url));
        address.setQuery(query);
        QNetworkRequest request(address);
        if (!token.empty())
            request.setRawHeader("Authorization", "Bearer " + QByteArray::fromStdString(token));
        if (!origin.isEmpty())
            request.setRawHeader("Origin", origin);
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setPeerVerifyMode(QSslSocket::VerifyNone);
        socket.setSslConfiguration(tls);
        socket.open(request);
    }
    StreamListener(const StreamListener &) = delete;
    StreamListener &operator=(const StreamListener &) = delete;
    ~StreamListener() { socket.disconnect(); }

    [[nodiscard]] std::vector<std::int64_t> seqs() const
    {
        std::vector<std::int64_t> all;
        for (const Json &event : events)
            all.push_back(intOr(event, "seq"));
        return all;
    }
    [[nodiscard]] std::size_t count() const { return events.size(); }

    QWebSocket socket;
    std::vector<Json> events;
    std::vector<Json> costs;
    Json hello;
    Json notice;
    qsizetype bytes = 0;
    bool isLive = false;
    bool isClosed = false;
};

} // namespace sandglass::test
