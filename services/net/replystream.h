#pragma once

#include "services/net/httpclient.h"

#include <QByteArray>
#include <QPointer>
#include <QTimer>

class QNetworkReply;

namespace sandglass::net {

/// HttpStream over a QNetworkReply. Private to the room.
class ReplyStream final : public HttpStream
{
    Q_OBJECT
public:
    ReplyStream(std::shared_ptr<QNetworkAccessManager> manager, const HttpRequest &request, QObject *parent);
    ~ReplyStream() override;

    void abort() final;
    [[nodiscard]] std::string header(std::string_view lowerName) const final { return m_head.header(lowerName); }

private:
    void open(const HttpRequest &request);
    void onHeaders();
    void onReadyRead();
    void onFinished();
    void conclude(Result<> outcome);
    void dropReply();

    std::shared_ptr<QNetworkAccessManager> m_manager;
    QPointer<QNetworkReply> m_reply;
    QTimer m_timer;
    std::chrono::milliseconds m_silence;
    QByteArray m_errorBody;
    HttpResponse m_head; ///< without a body
    int m_status = 0;
    bool m_isDone = false;
};

} // namespace sandglass::net
