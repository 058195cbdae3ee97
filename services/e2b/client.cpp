#include "services/e2b/client.h"

#include "services/e2b/answer.h"
#include "services/e2b/caller.h"
#include "services/e2b/decode.h"
#include "services/e2b/httpcoderun.h"
#include "services/e2b/httpcommandrun.h"
#include "services/e2b/pending.h"
#include "services/e2b/sandboxpages.h"

#include <algorithm>

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
Result<WebhookInfo> toWebhook(const Json &value)
{
    return decodeWebhook(value);
}

Result<> goneIsSuccess(const Response &response)
{
    return response && response->status == 404 ? Result<>{} : successOf(response);
}

/// Self-hosted E2B has no events and no webhooks: its 404 and 405 there say "not supported", not "not found".
template<typename T>
Result<T> orUnsupported(Result<T> result)
{
    if (!result && (result.error().status == 404 || result.error().status == 405)) {
        Error error = result.error();
        error.code = "not_supported";
        return failure(std::move(error));
    }
    return result;
}

std::string sandboxPath(const std::string &id, const char *rest = "")
{
    return "/sandboxes/" + percentEncoded(id) + rest;
}

} // namespace

Client::Client(Connection connection, QObject *parent)
    : QObject(parent), m_connection(std::move(connection)), m_http(std::make_unique<net::HttpClient>())
{}

Client::~Client() = default;

void Client::setConnection(Connection connection)
{
    m_connection = std::move(connection);
}

template<typename T, typename Decode>
QFuture<Result<T>> Client::call(const net::HttpRequest &request, Decode decode)
{
    if (const auto key = checkApiKey(m_connection); !key)
        return ready<T>(failure(key.error()));
    return converted<T>(m_http->send(request), this, decode);
}

QFuture<Result<>> Client::health()
{
    net::HttpRequest request = apiRequest(m_connection, "GET", "/health");
    request.timeout = std::chrono::seconds(10);
    request.tries = 1; // asked again and again anyway
    return converted<void>(m_http->send(request), this, successOf);
}

QFuture<Result<SandboxInfo>> Client::createSandbox(const SandboxSpec &spec)
{
    return call<SandboxInfo>(apiRequest(m_connection, "POST", "/sandboxes", dumpJson(encode(spec))),
                             [](const Response &r) { return decoded(r, toSandbox); });
}

QFuture<Result<std::vector<SandboxInfo>>> Client::listSandboxes()
{
    if (const auto key = checkApiKey(m_connection); !key)
        return ready<std::vector<SandboxInfo>>(failure(key.error()));
    return (new SandboxPages(*m_http, m_connection, this))->start();
}

QFuture<Result<SandboxInfo>> Client::sandbox(const std::string &sandboxId)
{
    return call<SandboxInfo>(apiRequest(m_connection, "GET", sandboxPath(sandboxId)),
                             [](const Response &r) { return decoded(r, toSandbox); });
}

QFuture<Result<>> Client::killSandbox(const std::string &sandboxId)
{
    return call<void>(apiRequest(m_connection, "DELETE", sandboxPath(sandboxId)), goneIsSuccess);
}

QFuture<Result<>> Client::pauseSandbox(const std::string &sandboxId)
{
    return call<void>(apiRequest(m_connection, "POST", sandboxPath(sandboxId, "/pause"), R"({"memory":true})"),
                      successOf);
}

QFuture<Result<SandboxInfo>> Client::connectSandbox(const std::string &sandboxId, int timeoutSeconds)
{
    const std::string body = dumpJson({{"timeout", timeoutSeconds}});
    return call<SandboxInfo>(apiRequest(m_connection, "POST", sandboxPath(sandboxId, "/connect"), body),
                             [](const Response &r) { return decoded(r, toSandbox); });
}

QFuture<Result<>> Client::setTimeout(const std::string &sandboxId, int timeoutSeconds)
{
    return call<void>(
        apiRequest(m_connection, "POST", sandboxPath(sandboxId, "/timeout"), dumpJson({{"timeout", timeoutSeconds}})),
        successOf);
}

QFuture<Result<std::vector<TemplateInfo>>> Client::listTemplates()
{
    return call<std::vector<TemplateInfo>>(apiRequest(m_connection, "GET", "/templates"),
                                           [](const Response &r) { return decoded(r, decodeTemplates); });
}

QFuture<Result<std::vector<WebhookInfo>>> Client::listWebhooks()
{
    return call<std::vector<WebhookInfo>>(
        apiRequest(m_connection, "GET", "/events/webhooks"), [](const Response &r) -> Result<std::vector<WebhookInfo>> {
            auto list = orUnsupported(decoded(r, decodeWebhooks));
            // E2B's own service has answered 404 for "none so far", in words that name webhooks.
            if (!list && list.error().kind == Error::Kind::Service && list.error().status == 404
                && list.error().message.find("webhook") != std::string::npos)
                return std::vector<WebhookInfo>{};
            return list;
        });
}

QFuture<Result<WebhookInfo>> Client::createWebhook(const WebhookSpec &spec)
{
    return call<WebhookInfo>(apiRequest(m_connection, "POST", "/events/webhooks", dumpJson(encode(spec))),
                             [](const Response &r) { return orUnsupported(decoded(r, toWebhook)); });
}

QFuture<Result<WebhookInfo>> Client::updateWebhook(const std::string &webhookId, const WebhookSpec &spec)
{
    Json body = encode(spec);
    if (spec.signatureSecret.empty()) // write-only: leaving it out keeps the old one
        body.erase("signatureSecret");
    return call<WebhookInfo>(
        apiRequest(m_connection, "PATCH", "/events/webhooks/" + percentEncoded(webhookId), dumpJson(body)),
        [](const Response &r) { return decoded(r, toWebhook); });
}

QFuture<Result<>> Client::deleteWebhook(const std::string &webhookId)
{
    return call<void>(apiRequest(m_connection, "DELETE", "/events/webhooks/" + percentEncoded(webhookId)),
                      [](const Response &r) { return orUnsupported(goneIsSuccess(r)); });
}

QFuture<Result<std::vector<lifecycle::Event>>> Client::events(int offset, int limit)
{
    using Events = std::vector<lifecycle::Event>;
    const std::string path = "/events/sandboxes?offset=" + std::to_string(std::max(0, offset))
        + "&limit=" + std::to_string(std::clamp(limit, 1, 100));
    return call<Events>(apiRequest(m_connection, "GET", path), [](const Response &r) -> Result<Events> {
        const auto json = orUnsupported(jsonOf(r));
        if (!json)
            return failure(json.error());
        if (!json->is_array())
            return failure(Error::Kind::Decode, "$ is not an array of events", r->status);
        Events result;
        for (const Json &row : *json) {
            auto event = lifecycle::decodeEvent(dumpJson(row), lifecycle::EventSource::Poll, systemNow());
            if (!event)
                return failure(event.error());
            result.push_back(std::move(*event));
        }
        return result;
    });
}

CodeRun *Client::runCode(const SandboxInfo &sandbox, const CodeSpec &spec, QObject *parent)
{
    return new HttpCodeRun(*m_http, m_connection, sandbox, spec, m_patience, parent);
}

CommandRun *Client::runCommand(const SandboxInfo &sandbox, const std::string &command, QObject *parent)
{
    return new HttpCommandRun(*m_http, m_connection, sandbox, command, parent);
}

QFuture<Result<std::string>> Client::readFile(const SandboxInfo &sandbox, const std::string &path)
{
    const auto request =
        sandboxRequest(envdEndpoint(m_connection, sandbox), sandbox, "GET", "/files?path=" + percentEncoded(path));
    return converted<std::string>(m_http->send(request), this, [](Response response) -> Result<std::string> {
        if (!response)
            return failure(response.error());
        if (!response->isSuccess())
            return failure(sandboxErrorOf(response->status, response->body));
        return std::move(response->body);
    });
}

QFuture<Result<>> Client::writeFile(const SandboxInfo &sandbox, const std::string &path, std::string data)
{
    auto request = sandboxRequest(envdEndpoint(m_connection, sandbox), sandbox, "POST",
                                  "/files?path=" + percentEncoded(path), std::move(data));
    request.headers.emplace_back("Content-Type", "application/octet-stream");
    request.isIdempotent = true; // the file is replaced as a whole
    return converted<void>(m_http->send(request), this, [](const Response &response) -> Result<> {
        if (response && !response->isSuccess())
            return failure(sandboxErrorOf(response->status, response->body));
        return successOf(response);
    });
}

} // namespace sandglass::e2b
