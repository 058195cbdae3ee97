#include "services/engine/api/interpreter.h"

#include "services/core/ids.h"
#include "services/engine/api/executionstream.h"
#include "services/engine/api/members.h"
#include "services/engine/api/router.h"

#include <algorithm>

namespace sandglass::engine {

namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

constexpr const char *kDefaultDirectory = "/home/user";
constexpr std::size_t kMostContexts = 64; ///< each is a process of the sandbox

std::string normalLanguage(const std::string &language)
{
    if (language.empty())
        return "python";
    if (language == "js")
        return "javascript";
    return language == "ts" ? "typescript" : language;
}

void text(const ExchangePtr &exchange, int status, std::string message)
{
    exchange->respond(http::Response::text(status, std::move(message)));
}

std::string notFound(const std::string &id)
{
    return "Context " + id + " not found";
}

} // namespace

Interpreter::Interpreter(boost::asio::io_context &io, std::shared_ptr<Sandbox> sandbox, Environment global,
                         std::shared_ptr<SandboxLog> log)
    : m_io(io), m_sandbox(std::move(sandbox)), m_global(std::move(global)), m_log(std::move(log))
{}

void Interpreter::warmUp()
{
    (void)defaultContext("python");
    const auto javascript = add("javascript", kDefaultDirectory);
    javascript->isAsleep = true;
    m_defaults["javascript"] = javascript->id;
}

void Interpreter::serve(const http::Request &request, const ExchangePtr &exchange)
{
    const auto path = splitPath(request.path);
    const std::string &method = request.method;
    const std::string first = path.empty() ? std::string() : path.front();
    if (m_down)
        return text(exchange, 502, "the sandbox is gone");
    if (path.size() == 1 && first == "health" && method == "GET")
        return text(exchange, 200, "OK");
    if (path.size() == 1 && first == "execute" && method == "POST")
        return execute(request, exchange);
    if (path.size() == 1 && first == "contexts" && method == "GET")
        return exchange->respond(http::Response::json(200, dumpJson(listContexts())));
    if (path.size() == 1 && first == "contexts" && method == "POST")
        return createContext(request, exchange);
    if (path.size() == 2 && first == "contexts" && method == "DELETE")
        return removeContext(path[1], exchange);
    if (path.size() == 3 && first == "contexts" && path[2] == "restart" && method == "POST")
        return restartContext(path[1], exchange);
    text(exchange, 404, "Not Found");
}

void Interpreter::execute(const http::Request &request, const ExchangePtr &exchange)
{
    const auto body = parseJson(request.body);
    if (!body || !memberOr(*body, "code").is_string())
        return text(exchange, 400, "the request is not a JSON object with a text named code");
    const auto wantedId = textMember(*body, "context_id"), wantedLanguage = textMember(*body, "language");
    auto environment = readVariables(*body, "env_vars");
    if (!wantedId || !wantedLanguage)
        return text(exchange, 400, wantedId ? wantedLanguage.error().message : wantedId.error().message);
    if (!environment)
        return text(exchange, 400, environment.error().message);
    const std::string &id = *wantedId, &language = *wantedLanguage;
    if (!id.empty() && !language.empty())
        return text(exchange, 400, "Only one of context_id or language can be provided");
    ExecuteSpec spec;
    spec.code = stringOr(*body, "code");
    spec.environment = std::move(*environment);
    std::shared_ptr<Context> context;
    if (!id.empty()) {
        const auto it = m_contexts.find(id);
        if (it == m_contexts.end())
            return text(exchange, 404, notFound(id));
        context = it->second;
    } else {
        context = defaultContext(normalLanguage(language));
    }
    withKernel(context, [weak = weak_from_this(), exchange, spec = std::move(spec)](Result<KernelPtr> kernel) mutable {
        const auto self = weak.lock();
        if (!kernel || !self)
            return text(exchange, 500, kernel ? "the sandbox is gone" : kernel.error().message);
        auto stream = std::make_shared<ExecutionStream>(self->m_io, exchange, self->m_log);
        std::erase_if(self->m_running, [](const auto &each) { return each.expired(); });
        self->m_running.push_back(stream);
        stream->run(std::move(*kernel), std::move(spec));
    });
}

std::shared_ptr<Interpreter::Context> Interpreter::defaultContext(const std::string &language)
{
    const auto it = m_defaults.find(language);
    if (it != m_defaults.end())
        return m_contexts.at(it->second);
    auto context = open(language, kDefaultDirectory);
    if (m_contexts.contains(context->id))
        m_defaults[language] = context->id;
    return context;
}

std::shared_ptr<Interpreter::Context> Interpreter::add(const std::string &language, const std::string &directory)
{
    auto context = std::make_shared<Context>();
    context->id = newUuid();
    context->language = language;
    context->directory = directory;
    m_contexts[context->id] = context;
    return context;
}

std::shared_ptr<Interpreter::Context> Interpreter::open(const std::string &language, const std::string &directory)
{
    auto context = add(language, directory);
    begin(context);
    return context;
}

void Interpreter::begin(const std::shared_ptr<Context> &context)
{
    const SandboxUser user{kDefaultUser, kDefaultDirectory};
    context->isAsleep = false;
    context->starting =
        startKernel(m_sandbox, m_io, context->language, context->directory, processEnvironment(user, m_global, {}),
                    [weak = weak_from_this(), weakContext = std::weak_ptr(context)](Result<KernelPtr> kernel) {
                        const auto self = weak.lock();
                        const auto opening = weakContext.lock();
                        if (!self || !opening)
                            return;
                        opening->starting.reset();
                        if (kernel)
                            opening->kernel = *kernel;
                        else
                            opening->failure = kernel.error();
                        self->opened(opening->id, kernel);
                        answerWaiting(*opening, kernel);
                    });
}

void Interpreter::answerWaiting(Context &context, const Result<KernelPtr> &kernel)
{
    for (const Ready &ready : std::exchange(context.waiting, {}))
        ready(kernel);
}

void Interpreter::opened(const std::string &id, Result<KernelPtr> kernel)
{
    if (kernel)
        return;
    // A context that could not start is forgotten; the next request tries anew.
    m_contexts.erase(id);
    std::erase_if(m_defaults, [&](const auto &pair) { return pair.second == id; });
}

void Interpreter::withKernel(const std::shared_ptr<Context> &context, Ready ready)
{
    if (context->isAsleep)
        begin(context);
    if (context->kernel)
        ready(context->kernel);
    else if (m_contexts.contains(context->id))
        context->waiting.push_back(std::move(ready));
    else
        ready(failure(context->failure));
}

void Interpreter::createContext(const http::Request &request, const ExchangePtr &exchange)
{
    const auto body = parseJson(request.body.empty() ? "{}" : request.body);
    if (!body || !body->is_object())
        return text(exchange, 400, "the request is not a JSON object");
    const auto wantedLanguage = textMember(*body, "language"), wantedDirectory = textMember(*body, "cwd");
    if (!wantedLanguage || !wantedDirectory)
        return text(exchange, 400, wantedLanguage ? wantedDirectory.error().message : wantedLanguage.error().message);
    if (m_contexts.size() >= kMostContexts)
        return text(exchange, 500, "too many contexts in this sandbox: " + std::to_string(kMostContexts));
    const SandboxUser user{kDefaultUser, kDefaultDirectory};
    const std::string language = normalLanguage(*wantedLanguage);
    const std::string directory = expandPath(*wantedDirectory, user);
    const auto start = [weak = weak_from_this(), language, directory, exchange] {
        const auto self = weak.lock();
        if (!self || self->m_down)
            return text(exchange, 502, "the sandbox is gone");
        const auto context = self->open(language, directory);
        self->withKernel(context, [exchange, id = context->id, language, directory](const Result<KernelPtr> &kernel) {
            if (!kernel)
                return text(exchange, 500, kernel.error().message);
            exchange->respond(
                http::Response::json(200, dumpJson({{"id", id}, {"language", language}, {"cwd", directory}})));
        });
    };
    m_sandbox->stat(directory, user.name, [start, directory, exchange](const Result<FileEntry> &entry) {
        if (entry && entry->type == FileEntry::Type::Directory)
            start();
        else
            text(exchange, 500, "cwd '" + directory + (entry ? "' is not a directory" : "' does not exist"));
    });
}

Json Interpreter::listContexts() const
{
    Json contexts = Json::array();
    for (const auto &[id, context] : m_contexts)
        contexts.push_back({{"id", id}, {"language", context->language}, {"cwd", context->directory}});
    return contexts;
}

void Interpreter::restartContext(const std::string &id, const ExchangePtr &exchange)
{
    const auto it = m_contexts.find(id);
    if (it == m_contexts.end())
        return text(exchange, 404, notFound(id));
    withKernel(it->second, [exchange](const Result<KernelPtr> &kernel) {
        if (!kernel)
            return text(exchange, 500, kernel.error().message);
        (*kernel)->restart([exchange](const Result<> &done) {
            if (done)
                exchange->respond(http::Response::json(200, "null"));
            else
                text(exchange, 500, done.error().message);
        });
    });
}

void Interpreter::removeContext(const std::string &id, const ExchangePtr &exchange)
{
    const auto removed = m_contexts.extract(id);
    if (removed.empty())
        return text(exchange, 404, notFound(id));
    answerWaiting(*removed.mapped(), failure(Error{Error::Kind::Service, 404, "the context was removed", "not_found"}));
    std::erase_if(m_defaults, [&](const auto &pair) { return pair.second == id; });
    exchange->respond(http::Response::json(200, "null"));
}

void Interpreter::setFrozen(bool frozen)
{
    for (const auto &[id, context] : m_contexts) {
        for (const KernelPtr &kernel : {context->kernel, context->starting}) {
            if (kernel)
                kernel->setFrozen(frozen);
        }
    }
    if (!frozen)
        return;
    for (const auto &each : std::exchange(m_running, {})) {
        if (const auto stream = each.lock())
            stream->leave("the sandbox was paused");
    }
    for (const auto &[id, context] : m_contexts)
        answerWaiting(*context, failure(Error{Error::Kind::Service, 502, "the sandbox was paused", "unavailable"}));
}

void Interpreter::shutDown()
{
    m_down = true;
    for (const auto &each : std::exchange(m_running, {})) {
        if (const auto stream = each.lock())
            stream->breakOff("the sandbox was killed");
    }
    const Error gone{Error::Kind::Service, 502, "the sandbox is gone", "unavailable"};
    for (const auto &[id, context] : std::exchange(m_contexts, {})) {
        answerWaiting(*context, failure(gone));
    }
    m_defaults.clear();
}

} // namespace sandglass::engine
