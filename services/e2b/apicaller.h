#pragma once

#include "services/core/result.h"
#include "services/e2b/pacer.h"
#include "services/e2b/types.h"
#include "services/net/httpclient.h"

#include <QFuture>
#include <QObject>

#include <string>

namespace sandglass::e2b {

/// Sends the requests of one connection: key checked first, the service's wish to wait shared by all calls.
/// Private to the room.
class ApiCaller final : public QObject
{
    Q_OBJECT
public:
    explicit ApiCaller(Connection connection, QObject *parent = nullptr);
    ~ApiCaller() override;

    [[nodiscard]] const Connection &connection() const { return m_connection; }
    void setConnection(Connection connection);

    /// To the control plane. Any status is a response; error (Local) without a usable key.
    [[nodiscard]] QFuture<Result<net::HttpResponse>> send(std::string method, const std::string &path,
                                                          std::string body = {});
    /// For traffic to sandboxes, which other limits govern.
    [[nodiscard]] net::HttpClient &http() { return m_http; }

private:
    Connection m_connection;
    net::HttpClient m_http;
    Pacer m_pacer;
};

} // namespace sandglass::e2b
