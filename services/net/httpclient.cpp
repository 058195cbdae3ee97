#include "services/net/httpclient.h"

#include "services/net/httpcall.h"
#include "services/net/replystream.h"

#include <QNetworkAccessManager>

namespace sandglass::net {
namespace {

/// Qt opens at most six connections per host and manager and queues the rest, so a manager carries at most this many
/// streams; short calls have a manager of their own that no stream can block.
constexpr long streamsPerManager = 6;

} // namespace

std::string HttpResponse::header(std::string_view lowerName) const
{
    for (const auto &[name, value] : headers) {
        if (name == lowerName)
            return value;
    }
    return {};
}

HttpClient::HttpClient(QObject *parent) : QObject(parent), m_manager(std::make_shared<QNetworkAccessManager>())
{
    m_manager->setAutoDeleteReplies(false);
}

HttpClient::~HttpClient()
{
    // Calls end before the manager they use.
    const auto calls = findChildren<HttpCall *>(QString(), Qt::FindDirectChildrenOnly);
    qDeleteAll(calls);
}

QFuture<Result<HttpResponse>> HttpClient::send(const HttpRequest &request)
{
    return (new HttpCall(m_manager, request, this))->start();
}

HttpStream *HttpClient::stream(const HttpRequest &request, QObject *parent)
{
    return new ReplyStream(managerForStream(), request, parent);
}

std::shared_ptr<QNetworkAccessManager> HttpClient::managerForStream()
{
    for (const auto &manager : m_streamManagers) {
        if (manager.use_count() <= streamsPerManager) // one reference is ours
            return manager;
    }
    return m_streamManagers.emplace_back(std::make_shared<QNetworkAccessManager>());
}

} // namespace sandglass::net
