#include "services/engine/api/processservice.h"

#include "services/core/base64.h"
#include "services/engine/api/connect.h"
#include "services/engine/api/members.h"
#include "services/engine/api/processstream.h"

#include <csignal>

namespace sandglass::engine {

namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;
using TablePtr = std::shared_ptr<ProcessTable>;

void answer(const ExchangePtr &exchange, const Result<> &result)
{
    exchange->respond(result ? http::Response::json(200, "{}") : connectError(result.error()));
}

Result<std::optional<SpawnSpec::PtySize>> ptySize(const Json &message)
{
    const Json &pty = memberOr(message, "pty");
    if (const auto checked = checkObject(message, "pty"); !checked)
        return failure(checked.error());
    if (const auto checked = checkObject(pty, "size"); !checked)
        return failure(checked.error());
    const Json &size = memberOr(pty, "size");
    if (size.is_null())
        return std::nullopt;
    const auto columns = numberMember(size, "cols", 80), rows = numberMember(size, "rows", 24);
    if (!columns || !rows)
        return failure(columns ? rows.error() : columns.error());
    const auto bounded = [](std::int64_t wanted) {
        return static_cast<int>(std::clamp<std::int64_t>(wanted, 1, 1000));
    };
    return SpawnSpec::PtySize{bounded(*columns), bounded(*rows)};
}

Result<> readTexts(const Json &process, ProcessStart &wish)
{
    for (const auto &[name, into] : {std::pair{"cmd", &wish.command}, {"cwd", &wish.workingDirectory}}) {
        auto text = textMember(process, name);
        if (!text)
            return failure(text.error());
        *into = std::move(*text);
    }
    if (wish.command.empty())
        return rpcFailure("invalid_argument", "process.cmd is missing");
    const Json &arguments = memberOr(process, "args");
    if (!arguments.is_null() && !arguments.is_array())
        return rpcFailure("invalid_argument", "process.args has to be a list of texts");
    for (const Json &argument : arguments) {
        if (!argument.is_string())
            return rpcFailure("invalid_argument", "process.args holds something that is no text");
        auto text = plainText(argument.get<std::string>(), "process.args");
        if (!text)
            return failure(text.error());
        wish.arguments.push_back(std::move(*text));
    }
    return {};
}

Result<ProcessStart> readStart(const http::Request &request)
{
    const auto message = openConnectEnvelope(request.body);
    if (!message)
        return failure(message.error());
    const Json &process = memberOr(*message, "process");
    ProcessStart wish;
    if (const auto read = readTexts(process, wish); !read)
        return failure(read.error());
    auto environment = readVariables(process, "envs");
    const auto wantStdin = flagMember(*message, "stdin", true);
    const auto pty = ptySize(*message);
    auto tag = textMember(*message, "tag");
    if (!environment || !wantStdin)
        return failure(environment ? wantStdin.error() : environment.error());
    if (!pty || !tag)
        return failure(pty ? tag.error() : pty.error());
    wish.environment = std::move(*environment);
    wish.wantStdin = *wantStdin;
    wish.pty = *pty;
    wish.tag = std::move(*tag);
    wish.config = {{"cmd", wish.command}, {"args", wish.arguments}, {"envs", wish.environment}};
    if (!wish.workingDirectory.empty())
        wish.config["cwd"] = wish.workingDirectory;
    const auto user = userOf(request);
    if (!user)
        return failure(user.error());
    wish.user = *user;
    return wish;
}

void serveStart(boost::asio::io_context &io, const TablePtr &table, const http::Request &request,
                const ExchangePtr &exchange)
{
    auto stream = std::make_shared<ProcessStream>(io, request, exchange);
    auto wish = readStart(request);
    if (!wish) {
        stream->refuse(wish.error());
        return;
    }
    table->applyDefaults(*wish, !request.header("authorization").empty());
    table->start(std::move(*wish), [stream, weak = std::weak_ptr(table)](const auto &started) {
        if (!started) {
            stream->refuse(started.error());
            return;
        }
        stream->follow(*started);
        if (stream->limit().count() == 0)
            return;
        (*started)->setDeadline(stream->limit(), [weak, process = std::weak_ptr(*started)] {
            const auto owner = weak.lock();
            const auto target = process.lock();
            if (owner && target)
                owner->signal(target, SIGKILL, [](const Result<> &) {});
        });
    });
}

void serveConnect(boost::asio::io_context &io, const TablePtr &table, const http::Request &request,
                  const ExchangePtr &exchange)
{
    auto stream = std::make_shared<ProcessStream>(io, request, exchange);
    const auto message = openConnectEnvelope(request.body);
    if (!message) {
        stream->refuse(message.error());
        return;
    }
    const auto process = table->select(memberOr(*message, "process"));
    if (process)
        stream->follow(*process);
    else
        stream->refuse(process.error());
}

void serveInput(const std::shared_ptr<RunningProcess> &process, const Json &message, const ExchangePtr &exchange)
{
    const Json &input = memberOr(message, "input");
    const bool toPty = !memberOr(input, "pty").is_null();
    const auto text = textMember(input, toPty ? "pty" : "stdin");
    if (!text || !checkObject(message, "input"))
        return answer(exchange, text ? checkObject(message, "input") : failure(text.error()));
    auto bytes = base64Decode(*text);
    if (!bytes) {
        exchange->respond(connectError({Error::Kind::Service, 0, "input is not base64", "invalid_argument"}));
        return;
    }
    process->write(std::move(*bytes), toPty, [exchange](const Result<> &result) { answer(exchange, result); });
}

int signalNumber(const Json &signal)
{
    if (signal == "SIGNAL_SIGTERM" || signal == SIGTERM)
        return SIGTERM;
    if (signal == "SIGNAL_SIGKILL" || signal == SIGKILL)
        return SIGKILL;
    return 0;
}

void serveSignal(const TablePtr &table, const std::shared_ptr<RunningProcess> &process, const Json &message,
                 const ExchangePtr &exchange)
{
    const int number = signalNumber(memberOr(message, "signal"));
    if (number == 0)
        answer(exchange, rpcFailure("unimplemented", "invalid signal"));
    else
        table->signal(process, number, [exchange](const Result<> &result) { answer(exchange, result); });
}

void serveUpdate(const TablePtr &table, const std::shared_ptr<RunningProcess> &process, const Json &message,
                 const ExchangePtr &exchange)
{
    const auto size = ptySize(message);
    if (!size)
        answer(exchange, failure(size.error()));
    else if (!*size)
        answer(exchange, Result<>());
    else
        table->resize(process, **size, [exchange](const Result<> &result) { answer(exchange, result); });
}

} // namespace

void serveProcess(boost::asio::io_context &io, const TablePtr &table, const std::string &method,
                  const http::Request &request, const ExchangePtr &exchange)
{
    if (method == "Start")
        return serveStart(io, table, request, exchange);
    if (method == "Connect")
        return serveConnect(io, table, request, exchange);
    if (method == "List")
        return exchange->respond(http::Response::json(200, dumpJson({{"processes", table->list()}})));
    const bool known = method == "SendInput" || method == "SendSignal" || method == "CloseStdin" || method == "Update";
    if (!known)
        return answer(exchange, rpcFailure("unimplemented", "process.Process/" + method + " is not available here"));
    const auto message = parseJson(request.body);
    if (!message)
        return answer(exchange, rpcFailure("invalid_argument", "the message is not JSON"));
    const auto process = table->select(memberOr(*message, "process"));
    if (!process)
        return answer(exchange, failure(process.error()));
    if (method == "SendInput")
        serveInput(*process, *message, exchange);
    else if (method == "SendSignal")
        serveSignal(table, *process, *message, exchange);
    else if (method == "CloseStdin")
        answer(exchange, (*process)->closeStdin());
    else
        serveUpdate(table, *process, *message, exchange);
}

} // namespace sandglass::engine
