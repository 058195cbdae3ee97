#include "services/e2b/apicaller.h"

#include "services/e2b/caller.h"
#include "services/e2b/pacedcall.h"
#include "services/e2b/pending.h"

#include <utility>

namespace sandglass::e2b {

ApiCaller::ApiCaller(Connection connection, QObject *parent) : QObject(parent), m_connection(std::move(connection)) {}

ApiCaller::~ApiCaller()
{
    // Calls end before the client they use.
    const auto calls = findChildren<PacedCall *>(QString(), Qt::FindDirectChildrenOnly);
    qDeleteAll(calls);
}

void ApiCaller::setConnection(Connection connection)
{
    if (connection.apiKey != m_connection.apiKey || connection.apiUrl != m_connection.apiUrl
        || connection.domain != m_connection.domain)
        m_pacer = Pacer();
    m_connection = std::move(connection);
}

QFuture<Result<net::HttpResponse>> ApiCaller::send(std::string method, const std::string &path, std::string body)
{
    if (const auto key = checkApiKey(m_connection); !key)
        return ready<net::HttpResponse>(failure(key.error()));
    CallTrace trace(method, path);
    auto *call = new PacedCall(m_http, m_pacer, apiRequest(m_connection, std::move(method), path, std::move(body)),
                               std::move(trace), this);
    return call->start();
}

} // namespace sandglass::e2b
