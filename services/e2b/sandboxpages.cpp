#include "services/e2b/sandboxpages.h"

#include "services/core/whendone.h"
#include "services/e2b/answer.h"
#include "services/e2b/apicaller.h"
#include "services/e2b/decode.h"
#include "services/e2b/urls.h"

#include <iterator>

namespace sandglass::e2b {
namespace {

constexpr std::size_t mostPages = 10'000;

} // namespace

SandboxPages::SandboxPages(ApiCaller &api, QObject *parent) : QObject(parent), m_api(api) {}

QFuture<Result<std::vector<SandboxInfo>>> SandboxPages::start()
{
    m_promise.start();
    auto future = m_promise.future();
    connect(&m_watcher, &QFutureWatcherBase::canceled, this, [this] {
        m_page.cancel();
        m_promise.finish();
        deleteLater();
    });
    m_watcher.setFuture(future);
    request("/v2/sandboxes?limit=100");
    return future;
}

void SandboxPages::request(const std::string &path)
{
    m_page = m_api.send("GET", path);
    whenDone(m_page, this, [this](const Result<net::HttpResponse> &page) { onPage(page); });
}

void SandboxPages::onPage(const Result<net::HttpResponse> &page)
{
    if (page && (page->status == 404 || page->status == 405) && m_tokens.empty() && !m_isOldList) {
        m_isOldList = true;
        request("/sandboxes");
        return;
    }
    const auto json = jsonOf(page);
    if (!json) {
        finish(failure(json.error()));
        return;
    }
    auto rows = decodeSandboxes(*json);
    if (!rows) {
        finish(failure(rows.error()));
        return;
    }
    m_rows.insert(m_rows.end(), std::make_move_iterator(rows->begin()), std::make_move_iterator(rows->end()));
    const std::string token = page->header("x-next-token");
    if (token.empty()) {
        finish(std::move(m_rows));
    } else if (!m_tokens.insert(token).second || m_tokens.size() > mostPages) {
        finish(failure(Error::Kind::Decode, "the list of sandboxes does not end: its next page is one already read"));
    } else {
        request("/v2/sandboxes?limit=100&nextToken=" + percentEncoded(token));
    }
}

void SandboxPages::finish(Result<std::vector<SandboxInfo>> outcome)
{
    m_watcher.disconnect(this);
    m_promise.addResult(std::move(outcome));
    m_promise.finish();
    deleteLater();
}

} // namespace sandglass::e2b
