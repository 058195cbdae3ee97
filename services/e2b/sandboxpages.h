#pragma once

#include "services/e2b/types.h"
#include "services/net/httpclient.h"

#include <QFutureWatcher>
#include <QObject>
#include <QPromise>

#include <set>
#include <string>
#include <vector>

namespace sandglass::e2b {

class ApiCaller;

/// Collects all pages of the sandbox list. Falls back to the first version of the list (running sandboxes only) where
/// an older installation lacks the second. Deletes itself. Private to the room.
class SandboxPages final : public QObject
{
public:
    SandboxPages(ApiCaller &api, QObject *parent);

    [[nodiscard]] QFuture<Result<std::vector<SandboxInfo>>> start();

private:
    void request(const std::string &path);
    void onPage(const Result<net::HttpResponse> &page);
    void finish(Result<std::vector<SandboxInfo>> outcome);

    ApiCaller &m_api;
    QPromise<Result<std::vector<SandboxInfo>>> m_promise;
    QFutureWatcher<Result<std::vector<SandboxInfo>>> m_watcher;
    QFuture<Result<net::HttpResponse>> m_page;
    std::vector<SandboxInfo> m_rows;
    std::set<std::string> m_tokens;
    bool m_isOldList = false;
};

} // namespace sandglass::e2b
