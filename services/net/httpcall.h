#pragma once

#include "services/net/httpclient.h"

#include <QFutureWatcher>
#include <QNetworkRequest>
#include <QPointer>
#include <QPromise>
#include <QTimer>

class QNetworkReply;

namespace sandglass::net {

/// One send(): its tries, its limit of time and size. Owns the promise and deletes itself. Private to the room.
class HttpCall final : public QObject
{
    Q_OBJECT
public:
    HttpCall(std::shared_ptr<QNetworkAccessManager> manager, HttpRequest request, QObject *parent);
    ~HttpCall() override;

    [[nodiscard]] QFuture<Result<HttpResponse>> start();

private:
    void attempt();
    void read();
    void onTimeout();
    void onFinished();
    void conclude(Result<HttpResponse> outcome);
    void finish(Result<HttpResponse> outcome);
    [[nodiscard]] bool isWorthAnotherTry(const Result<HttpResponse> &outcome) const;
    void dropReply();

    std::shared_ptr<QNetworkAccessManager> m_manager;
    HttpRequest m_request;
    QNetworkRequest m_qtRequest;
    QPromise<Result<HttpResponse>> m_promise;
    QFutureWatcher<Result<HttpResponse>> m_watcher;
    QPointer<QNetworkReply> m_reply;
    QTimer m_timer;
    std::string m_body;
    int m_try = 0;
};

} // namespace sandglass::net
