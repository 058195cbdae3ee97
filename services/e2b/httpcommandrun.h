#pragma once

#include "services/core/json.h"
#include "services/e2b/calltrace.h"
#include "services/e2b/client.h"
#include "services/e2b/urls.h"
#include "services/net/connectreader.h"
#include "services/net/httpclient.h"

#include <QPointer>

namespace sandglass::e2b {

/// process.Process/Start as a Connect stream (e2b-protocol.md 4.3, 4.4). Private to the room.
class HttpCommandRun final : public CommandRun
{
    Q_OBJECT
public:
    HttpCommandRun(net::HttpClient &http, const Connection &connection, const SandboxInfo &sandbox,
                   const std::string &command, QObject *parent);

    void kill() final;
    [[nodiscard]] int pid() const final { return m_pid; }

private:
    void onPiece(const QByteArray &piece);
    void onEvent(const Json &event);
    void onStreamEnd(const Result<> &outcome);
    void conclude(const Result<int> &exitCode);

    QPointer<net::HttpClient> m_http;
    Endpoint m_endpoint;
    SandboxInfo m_sandbox;
    std::shared_ptr<net::ConnectReader> m_reader; ///< shared: a receiver may delete the run between two messages
    net::HttpStream *m_stream = nullptr;
    CallTrace m_trace{"POST", "/process.Process/Start"};
    int m_pid = 0;
    bool m_isDone = false;
};

} // namespace sandglass::e2b
