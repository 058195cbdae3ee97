#include "services/e2b/client.h"

#include "services/core/whendone.h"
#include "services/e2b/answer.h"
#include "services/e2b/apicaller.h"
#include "services/e2b/caller.h"
#include "services/e2b/decode.h"
#include "services/e2b/httpcoderun.h"
#include "services/e2b/httpcommandrun.h"
#include "services/e2b/pending.h"
#include "services/e2b/sandboxpages.h"
#include "services/e2b/sandboxreadings.h"
#include "services/e2b/webhookclient.h"
#include "services/lifecycle/createledger.h"

#include <QPromise>

#include <QFutureWatcher>

#include <algorithm>
#include <memory>
#include <utility>

namespace sandglass::e2b {
namespace {

using Response = Result<net::HttpResponse>;

template<typename T>
Result<T> decoded(const Response &response, Result<T> (*decode)(const Json &))
{
    const auto json = jsonOf(response);
    return json ? decode(*json) : Result<T>(failure(json.error()));
}

Result<SandboxInfo> toSandbox(const Json &value)
{
    return decodeSandbox(value);
}

Result<> goneIsSuccess(const Response &response)
{
    return response && response->status == 404 ? Result<>{} : successOf(response);
}

std::string sandboxPath(const std::string &id, const char *rest = "")
{
    return "/sandboxes/" + percentEncoded(id) + rest;
}

} // namespace

Client::Client(Connection connection, QObject *parent)
    : QObject(parent)
    , m_api(std::make_unique<ApiCaller>(std::move(connection)))
    , m_webhooks(std::make_unique<WebhookClient>(*m_api))
    , m_readings(std::make_unique<SandboxReadings>(*m_api))
{}

Client::~Client() = default;

const Connection &Client::connection() const
{
    return m_api->connection();
}

void Client::setConnection(Connection connection)
{
    m_api->setConnection(std::move(connection));
}

QFuture<Result<>> Client::health()
{
    net::HttpRequest request = apiRequest(connection(), "GET", "/health");
    request.timeout = std::chrono::seconds(10);
    request.tries = 1; // asked again and again anyway
    return converted<void>(m_api->http().send(request), this, successOf);
}

QFuture<Result<SandboxInfo>> Client::createSandbox(const SandboxSpec &spec)
{
    if (m_ledger == nullptr)
        return postSandbox(spec);
    auto promise = std::make_shared<QPromise<Result<SandboxInfo>>>();
    promise->start();
    const auto finish = [promise](Result<SandboxInfo> answer) {
        promise->addResult(std::move(answer));
        promise->finish();
    };
    const std::string asked = connection().id;
    whenDone(m_ledger->begin(asked, spec.templateId), this,
             [this, spec = SandboxSpec(spec), asked, finish](Result<lifecycle::CreateIntent> intent) mutable {
                 if (!intent)
                     return finish(failure(intent.error()));
                 if (connection().id != asked) {
                     // Nothing was sent, and the list of the connection says so in time.
                     m_ledger->settle(*intent, failure(Error::Kind::Cancelled, "not sent"));
                     return finish(failure(Error::Kind::Cancelled, "another connection has been chosen"));
                 }
                 for (auto &[key, value] : m_ledger->marksOf(*intent))
                     spec.metadata.insert_or_assign(key, std::move(value));
                 whenDone(postSandbox(spec), this, [this, finish, intent = *intent](Result<SandboxInfo> created) {
                     m_ledger->settle(intent,
                                      created ? Result<std::string>(created->sandboxId) : failure(created.error()));
                     finish(std::move(created));
                 });
             });
    return promise->future();
}

QFuture<Result<SandboxInfo>> Client::postSandbox(const SandboxSpec &spec)
{
    return converted<SandboxInfo>(m_api->send("POST", "/sandboxes", dumpJson(encode(spec))), this,
                                  [](const Response &r) { return decoded(r, toSandbox); });
}

QFuture<Result<std::vector<SandboxInfo>>> Client::listSandboxes()
{
    return (new SandboxPages(*m_api, this))->start();
}

QFuture<Result<SandboxInfo>> Client::sandbox(const std::string &sandboxId)
{
    return converted<SandboxInfo>(m_api->send("GET", sandboxPath(sandboxId)), this,
                                  [](const Response &r) { return decoded(r, toSandbox); });
}

QFuture<Result<>> Client::killSandbox(const std::string &sandboxId)
{
    const auto answer = converted<void>(m_api->send("DELETE", sandboxPath(sandboxId)), this, goneIsSuccess);
    ++m_killsUnderWay;
    auto *watcher = new QFutureWatcher<Result<>>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, sandboxId] {
        watcher->deleteLater();
        --m_killsUnderWay;
        Q_EMIT killAnswered(sandboxId);
    });
    watcher->setFuture(answer);
    return answer;
}

QFuture<Result<>> Client::pauseSandbox(const std::string &sandboxId)
{
    return converted<void>(m_api->send("POST", sandboxPath(sandboxId, "/pause"), R"({"memory":true})"), this,
                           successOf);
}

QFuture<Result<SandboxInfo>> Client::connectSandbox(const std::string &sandboxId, int timeoutSeconds)
{
    const std::string body = dumpJson({{"timeout", timeoutSeconds}});
    return converted<SandboxInfo>(m_api->send("POST", sandboxPath(sandboxId, "/connect"), body), this,
                                  [](const Response &r) { return decoded(r, toSandbox); });
}

QFuture<Result<>> Client::setTimeout(const std::string &sandboxId, int timeoutSeconds)
{
    return converted<void>(
        m_api->send("POST", sandboxPath(sandboxId, "/timeout"), dumpJson({{"timeout", timeoutSeconds}})), this,
        successOf);
}

QFuture<Result<std::vector<TemplateInfo>>> Client::listTemplates()
{
    return converted<std::vector<TemplateInfo>>(m_api->send("GET", "/templates"), this,
                                                [](const Response &r) { return decoded(r, decodeTemplates); });
}

QFuture<Result<std::vector<WebhookInfo>>> Client::listWebhooks()
{
    return m_webhooks->list();
}

QFuture<Result<WebhookInfo>> Client::createWebhook(const WebhookSpec &spec)
{
    return m_webhooks->create(spec);
}

QFuture<Result<WebhookInfo>> Client::updateWebhook(const std::string &webhookId, const WebhookSpec &spec)
{
    WebhookEdit edit{spec.name, spec.url, spec.events, spec.enabled, {}};
    if (!spec.signatureSecret.empty()) // write-only: leaving it out keeps the old one
        edit.signatureSecret = spec.signatureSecret;
    return m_webhooks->edit(webhookId, edit);
}

QFuture<Result<>> Client::deleteWebhook(const std::string &webhookId)
{
    return m_webhooks->remove(webhookId);
}

QFuture<Result<std::vector<lifecycle::Event>>> Client::events(int offset, int limit)
{
    using Events = std::vector<lifecycle::Event>;
    EventQuery query;
    query.offset = offset;
    query.limit = limit;
    return converted<Events>(m_webhooks->events(query), this, [](Result<EventPage> page) -> Result<Events> {
        if (!page)
            return failure(page.error());
        if (page->unreadable > 0)
            return failure(Error::Kind::Decode, page->complaint);
        return std::move(page->events);
    });
}

CodeRun *Client::runCode(const SandboxInfo &sandbox, const CodeSpec &spec, QObject *parent)
{
    return new HttpCodeRun(m_api->http(), connection(), sandbox, spec, m_patience, parent);
}

CommandRun *Client::runCommand(const SandboxInfo &sandbox, const std::string &command, QObject *parent)
{
    return new HttpCommandRun(m_api->http(), connection(), sandbox, command, parent);
}

QFuture<Result<std::string>> Client::readFile(const SandboxInfo &sandbox, const std::string &path)
{
    const auto request =
        sandboxRequest(envdEndpoint(connection(), sandbox), sandbox, "GET", "/files?path=" + percentEncoded(path));
    return converted<std::string>(m_api->http().send(request), this, [](Response response) -> Result<std::string> {
        if (!response)
            return failure(response.error());
        if (!response->isSuccess())
            return failure(sandboxErrorOf(response->status, response->body));
        return std::move(response->body);
    });
}

QFuture<Result<>> Client::writeFile(const SandboxInfo &sandbox, const std::string &path, std::string data)
{
    auto request = sandboxRequest(envdEndpoint(connection(), sandbox), sandbox, "POST",
                                  "/files?path=" + percentEncoded(path), std::move(data));
    request.headers.emplace_back("Content-Type", "application/octet-stream");
    request.isIdempotent = true; // the file is replaced as a whole
    return converted<void>(m_api->http().send(request), this, [](const Response &response) -> Result<> {
        if (response && !response->isSuccess())
            return failure(sandboxErrorOf(response->status, response->body));
        return successOf(response);
    });
}

} // namespace sandglass::e2b
